#pragma once

#include "base/error.hpp"

#include <cstddef>
#include <string>

namespace steno::exports {

/// A text that is made piece by piece, so that memory does not grow with it. One thread at a time.
class Pieces {
  public:
    virtual ~Pieces() = default;
    /// Appends the next piece. False: it was the last.
    virtual Result<bool> next(std::string& out) = 0;
};
inline constexpr std::size_t kPiece = 256u << 10;  ///< bytes of one, about

}  // namespace steno::exports
