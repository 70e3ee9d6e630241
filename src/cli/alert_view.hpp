#pragma once

#include "cli/terminal.hpp"

#include <simdjson.h>

#include <string>
#include <string_view>
#include <vector>

/// Alert rules and what became of them, in the JSON form of the API, as a person wants to see them.
namespace steno::cli {

/// How all rules stand: a row each, with the worst of its groups.
Table rule_table(simdjson::dom::element answer);
/// One rule: all that it says, and a row for each of its groups.
void print_rule(simdjson::dom::element rule);

/// What changed when: "events" of an answer. `with_told`: of a preview, which line would have been a message.
Table event_table(simdjson::dom::element answer, bool with_told = false);

/// Pairs of rules that tell the same channel of the same budget: a line each, at most 5. `rule`: only pairs
/// with it.
std::vector<std::string> told_twice(simdjson::dom::element answer, std::string_view rule = {});

/// "2026-11-22 14:05" of a moment; a dash where there is none.
std::string minute(const std::string& moment);

}  // namespace steno::cli
