#include "base/error.hpp"

#include <array>

namespace steno {

const CodeFacts& facts_of(Code code) noexcept {
    static constexpr std::array<CodeFacts, 14> kFacts{{
        {"invalid_argument", 400, false, 2},
        {"not_found", 404, false, 3},
        {"already_exists", 409, false, 4},
        {"permission_denied", 403, false, 5},
        {"unauthenticated", 401, false, 5},
        {"failed_precondition", 409, false, 6},
        {"out_of_range", 400, false, 2},
        {"resource_exhausted", 413, false, 7},
        {"unavailable", 503, true, 8},
        {"deadline_exceeded", 504, true, 9},
        {"cancelled", 499, false, 10},
        {"data_loss", 500, false, 11},
        {"unimplemented", 501, false, 12},
        {"internal", 500, false, 1},
    }};
    return kFacts[static_cast<std::size_t>(code)];
}

Error Error::with_context(std::string_view where) && {
    message = std::string(where) + ": " + message;
    return std::move(*this);
}

}  // namespace steno
