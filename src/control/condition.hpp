#pragma once

#include "base/error.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace steno::control {

/// A change is made only if what it changes is as it was when it had this tag (If-Match). Absent or "*":
/// however it is.
struct Condition {
    std::optional<std::string> tag = {};
    bool failed = false;  ///< it was not, and nothing is changed: the error is of that

    /// `is`: the tag that it has now; `what` it is, for people. FailedPrecondition.
    Result<void> check(std::string_view is, std::string_view what);
};

}  // namespace steno::control
