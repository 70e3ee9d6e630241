#include "control/author.hpp"

#include <fmt/format.h>

namespace steno::control {

Result<void> check(const Author& author) {
    if (author.by.size() > kMaxBy)
        return fail(Code::InvalidArgument, fmt::format("by: longer than {} bytes", kMaxBy),
                    "a name or an address");
    if (author.reason.size() > kMaxReason)
        return fail(Code::InvalidArgument, fmt::format("reason: longer than {} bytes", kMaxReason),
                    "in short, with the address of what says more");
    return {};
}

}  // namespace steno::control
