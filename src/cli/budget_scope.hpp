#pragma once

#include <simdjson.h>

#include <array>
#include <string>
#include <string_view>

namespace steno::cli {

/// The parts of a budget's scope, as the API and the flags call them.
inline constexpr std::array<std::string_view, 7> kScope = {"project",       "user",        "api_key", "agent",
                                                           "agent_subtree", "prompt_type", "model"};

/// Of a budget as the API tells it: "project shop, model gpt-4o", or "all calls".
std::string budget_scope(simdjson::dom::element budget);

}  // namespace steno::cli
