#pragma once

#include "base/error.hpp"
#include "exports/output.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace steno::exports {

/// A ZIP archive (PKWARE APPNOTE 6.3.3) of deflated entries, written one after the other into a file. Without
/// ZIP64, which not every spreadsheet reads: what is larger than 4 GB is ResourceExhausted.
class Zip {
  public:
    /// The output must outlive it.
    explicit Zip(Output& output);
    ~Zip();

    Result<void> begin(std::string_view name);
    Result<void> write(std::string_view bytes);
    Result<void> end();
    /// begin, write, end.
    Result<void> add(std::string_view name, std::string_view bytes);
    /// Bytes of the entry so far, before they are deflated.
    [[nodiscard]] std::uint64_t entry_size() const;
    /// The directory behind the last entry.
    Result<void> finish();

    static constexpr std::uint64_t kMost = 0xffff'fffe;  ///< bytes of an entry, and of the archive

  private:
    struct Entry {
        std::string name;
        std::uint64_t at = 0, size = 0, packed = 0;
        std::uint32_t crc = 0;
    };
    struct Deflate;

    Result<void> deflate(std::string_view bytes, int flush);

    Output& output_;
    std::unique_ptr<Deflate> deflate_;
    std::vector<Entry> entries_;
};

}  // namespace steno::exports
