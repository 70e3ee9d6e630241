#pragma once

#include "base/error.hpp"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// An alert rule in the words of flags: what `steno alerts set` makes, and `steno alerts preview` tries.
namespace steno::cli {

/// Empty, false and 0 (of `min_calls` -1): not said, so it is the server's default.
struct RuleFlags {
    std::string file;  ///< the rule as JSON; the flags are not looked at
    // What is watched: one of these five.
    std::string metric, calls_over, budget;
    bool missing_data = false, any_budget = false;
    // Of which calls, when, and when not.
    std::vector<std::string> filters;
    std::string by, window, delay, warning, critical, recover, at_least, severity;
    bool above = false, below = false, against_before = false, anomaly = false;
    std::int64_t evaluations = 0, min_calls = -1;
    std::string at;  ///< of budgets, as is `projected`
    bool projected = false;
    // Who is told, and how often.
    std::string every, renotify, description;
    std::vector<std::string> channels;
    bool no_recovery = false;
};

/// The flags that say when a rule fires: of both commands.
void add_rule_flags(CLI::App& command, RuleFlags& flags);
/// --renotify, which a preview needs, too, to count messages.
void add_renotify_flag(CLI::App& command, RuleFlags& flags);

/// The rule as the API takes it. `tz`: whose days its window means. InvalidArgument: what is watched is not
/// said, or twice, or with a flag that is of another kind of rule.
Result<std::string> rule_json(const RuleFlags& flags, std::string_view tz);

}  // namespace steno::cli
