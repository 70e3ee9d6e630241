#include "analysis/same_request.hpp"

#include "record/json.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace steno::analysis {

std::optional<Sha256> request_digest(const Call& call) {
    static const std::array<std::string, 5> kFields = {"request.messages", "request.system", "request.tools",
                                                       "request.parameters", "request.input"};
    if (call.request.messages.empty() && call.request.system.empty() && call.request.input.text.empty())
        return std::nullopt;
    std::string text;
    append_json(text, call, {.only = kFields});
    // The id stands first, and is another's each time.
    const std::string given = text.substr(std::min(text.size(), text.find("\"request\"")));
    return sha256(to_string(call.kind), call.model.requested, call.trace.function, given);
}

}  // namespace steno::analysis
