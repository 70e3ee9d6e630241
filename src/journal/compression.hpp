#pragma once

#include "base/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// zstd (RFC 8878), for the blocks of sealed segments.
namespace steno::journal {

/// The window spans the whole block, so that what is said again anywhere in it costs next to nothing. `level`
/// as zstd's, 1 to 19. Any thread; uses about twice the block's size in memory.
Result<std::string> compress(std::string_view raw, int level);
/// DataLoss if it is not one block of exactly `raw_size` bytes. Any thread.
Result<std::string> decompress(std::string_view stored, std::uint64_t raw_size);

}  // namespace steno::journal
