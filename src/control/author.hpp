#pragma once

#include "base/error.hpp"

#include <cstddef>
#include <string>

namespace steno::control {

/// Who changes something, and why.
struct Author {
    std::string by;      ///< at most kMaxBy bytes; empty: nobody said
    std::string reason;  ///< at most kMaxReason bytes
};
inline constexpr std::size_t kMaxBy = 200;
inline constexpr std::size_t kMaxReason = 2000;
/// InvalidArgument: too long.
Result<void> check(const Author& author);

}  // namespace steno::control
