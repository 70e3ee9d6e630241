#include "cli/budget_scope.hpp"

#include "cli/call_view.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace steno::cli {

std::string budget_scope(simdjson::dom::element budget) {
    std::string text;
    for (const std::string_view part : kScope) {
        const std::string value = text_at(budget, fmt::format("/scope/{}", part).c_str());
        if (value.empty()) continue;
        std::string name(part);
        std::ranges::replace(name, '_', ' ');
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, value);
    }
    return text.empty() ? "all calls" : text;
}

}  // namespace steno::cli
