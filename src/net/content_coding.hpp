#pragma once

#include "base/error.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace steno::net {

/// Undoes a Content-Encoding piece by piece, for reading a copy of what is passed on unchanged.
class Decoder {
  public:
    virtual ~Decoder() = default;
    /// Appends what can be decoded so far. InvalidArgument on bytes that are not of this coding;
    /// ResourceExhausted once more than `max_output` bytes have come out (a decompression bomb).
    virtual Result<void> feed(std::string_view coded, std::string& plain) = 0;
    /// Nothing is missing: what was fed ends where the coding does, or nothing was fed at all.
    [[nodiscard]] virtual bool whole() const = 0;
};

/// "" and "identity", "gzip", "x-gzip", "deflate", "br", "zstd"; several, separated by commas, are undone in
/// reverse order. Unimplemented for anything else.
Result<std::unique_ptr<Decoder>> make_decoder(std::string_view content_encoding, std::uint64_t max_output);

/// gzip, for our own answers and assets.
std::string gzip(std::string_view plain);

}  // namespace steno::net
