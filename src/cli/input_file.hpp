#pragma once

#include "base/error.hpp"

#include <cstdint>
#include <string>

namespace steno::cli {

/// What a file that a person names holds, or standard input ("-"). ResourceExhausted: more than `most` bytes.
Result<std::string> read_input(const std::string& file, std::uint64_t most);

}  // namespace steno::cli
