#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace steno::simulator {

/// A content coding that a stream can be sent in: what went in has come out after every piece.
class BodyEncoder {
  public:
    virtual ~BodyEncoder() = default;
    virtual std::string encode(std::string_view piece) = 0;
    virtual std::string finish() = 0;
};

/// "gzip" or "br".
std::unique_ptr<BodyEncoder> make_body_encoder(std::string_view coding);

}  // namespace steno::simulator
