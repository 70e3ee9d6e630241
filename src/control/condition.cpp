#include "control/condition.hpp"

#include <fmt/format.h>

namespace steno::control {

Result<void> Condition::check(std::string_view is, std::string_view what) {
    if (!tag || *tag == "*" || tag->find(is) != std::string::npos) return {};
    failed = true;
    return fail(Code::FailedPrecondition, fmt::format("{} has changed since it was read", what),
                "read it again, and decide by what it is now");
}

}  // namespace steno::control
