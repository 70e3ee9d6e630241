#pragma once

#include "base/decimal.hpp"
#include "base/error.hpp"
#include "base/json_writer.hpp"
#include "store/query.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What rules watch: one number of a set of calls. All amounts are decimals, so that a threshold is compared
/// exactly; milliseconds for durations.
namespace steno::alerts {

enum class Unit : std::uint8_t { Number, Share, Money, Milliseconds };

/// A threshold: "5.25 %", "$1.25" ("1.25 EUR", "1.25" where the currency is not known), "1.2 s", "1,234".
std::string shown(Unit unit, Decimal amount, std::string_view currency = {});
/// What was measured: the same, and a share with the digits that it has everywhere (base/percent.hpp).
std::string measured(Unit unit, Decimal amount, std::string_view currency = {});
/// As JSON: money as text, all else as a number.
void write_amount(JsonWriter& json, Unit unit, Decimal amount);
/// A threshold, as people write it: "0.05" and "5%" of a share, "1500", "1.5s", "250ms" of a duration, "$2"
/// and "2" of money. InvalidArgument.
Result<Decimal> parse_amount(Unit unit, std::string_view what, std::string_view text);

/// Sums of measures of those of the calls that fit the filters.
struct Part {
    std::vector<store::Filter> filters;
    std::vector<store::Measure> measures;  ///< added up; absent ones are left out
};

/// A number of its own, or one divided by another.
struct Metric {
    std::string name;
    Unit unit = Unit::Number;
    Part top;
    std::optional<Part> bottom;
    /// Which calls show it best.
    std::vector<store::Filter> sample_filters;
    std::string sample_order = "-started_at";

    /// Of no calls it is 0, and not unknown: a sum or a number.
    [[nodiscard]] bool zero_without_calls() const;
};

/// calls, failures, failure_rate, success_rate, partial_rate, cost, cost_per_call, tokens,
/// tokens_per_second, cache_hit_rate, missing_variables_rate, accepted_rate, rejected_rate,
/// share(FIELD[.OP]=VALUE), and every measure of GET /api/v1/aggregate that is a number (duration_p95,
/// ttft_p50, output_tokens, avg(quality.score), …). InvalidArgument names the nearest.
Result<Metric> make_metric(std::string_view name);

/// What a metric is; absent where nothing says it. `because`: why it is not known, for people.
struct Reading {
    std::optional<Decimal> value;
    std::string because;
    std::string currency;             ///< of money, where it is known
    std::int64_t unpriced_calls = 0;  ///< of a cost: what it lacks
};
/// From the cells of top and bottom, each with one for every measure; `bottom` empty without one.
Reading read(const Metric& metric, std::span<const store::Cell> top, std::span<const store::Cell> bottom);

/// The nearest decimal; absent where there is none.
std::optional<Decimal> decimal_of(double value);

/// now / before; absent when that says nothing.
std::optional<Decimal> ratio(Decimal top, Decimal bottom);

}  // namespace steno::alerts
