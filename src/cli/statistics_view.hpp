#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

namespace steno::cli {

/// What GET /api/v1/statistics answered, as a page for people: totals, a line a bucket if there are any,
/// tables by model, agent and function, the dearest and the slowest calls; how much failed stands in each.
/// `bucket`: the unit that was asked for, or "". `prices`: which made the cost (price_origins).
void print_statistics(simdjson::dom::element statistics, std::string_view bucket, const std::string& prices);

/// Only the totals and the tables by model, agent and function.
void print_summary(simdjson::dom::element statistics);

/// Of an answer with "slow": how many there are, and the slowest with their reasons.
void print_slow(simdjson::dom::element answer);

}  // namespace steno::cli
