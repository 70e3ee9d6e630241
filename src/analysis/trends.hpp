#pragma once

#include "analysis/anomaly.hpp"
#include "base/decimal.hpp"
#include "base/error.hpp"
#include "base/json_writer.hpp"
#include "store/call_queries.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// One measure of AI calls over time: a value an hour, day, week or month, and what it was the period before.
namespace steno::analysis {

/// Absent, a whole number, money, or any other number (times in milliseconds).
using Amount = std::variant<std::monostate, std::int64_t, Decimal, double>;
/// For charts and ratios.
std::optional<double> to_double(const Amount& amount);
/// A number, money as a string, null.
void write(JsonWriter& json, const Amount& amount);

enum class Unit : std::uint8_t { Count, Money, Share, Milliseconds, Number };
std::string_view to_string(Unit unit);  ///< "count", "money", "share", "ms", "number"

/// What is told of each bucket.
struct TrendMeasure {
    std::string name;
    Unit unit = Unit::Number;
    /// A sum over nothing is 0; anything else of no calls is absent.
    bool sum = false;
    /// How hours that are not like others are found in it; absent: they are not looked for.
    std::optional<SeriesKind> anomalies;
    std::vector<store::Measure> of;      ///< what it is made of
    std::vector<store::Filter> filters;  ///< of calls that do not say what it is made of, nothing is told
    Amount (*value)(std::span<const store::Cell> cells) = nullptr;
};

/// cost, calls, requests (of AI calls), failures, failure_rate, tokens, input_tokens, output_tokens,
/// cost_per_call, cost_per_request, tokens_per_call, tokens_per_second (output, by the duration of the
/// calls that have some), cache_share (of the input tokens, those read from a cache), or a number that
/// store::make_measure makes: duration_p95, ttft_p50, "p99(usage.output_tokens)". InvalidArgument.
Result<TrendMeasure> trend_measure(std::string_view name);

struct TrendQuestion {
    TrendMeasure measure;
    store::Selection now;     ///< with from and to
    store::Selection before;  ///< what `now` is compared with; without from: with nothing
    store::Bucket bucket;
    std::vector<store::Field> by;  ///< at most store::kMaxGroupBy
    std::uint32_t groups = 10;     ///< the greatest, 0 … kMaxTrendGroups
};
inline constexpr std::uint32_t kMaxTrendGroups = 50;
inline constexpr std::size_t kMaxTrendPoints = 100'000;  ///< of all series together

struct Trend {
    struct Point {
        Timestamp begin;
        Timestamp end;  ///< of the bucket, or of the period where that is earlier
        std::int64_t calls = 0;
        Amount value;
        std::string currency;  ///< of money; "mixed": amounts in several are not added up and absent
        std::map<std::string, Decimal>
            by_currency;  ///< what these come to in each; of the measure "cost" only
    };
    struct Series {
        std::vector<std::optional<store::Value>> key;  ///< one a field of `by`
        std::int64_t calls = 0, calls_before = 0;
        Amount value, before;                   ///< of the period as a whole, not a sum of points
        std::string currency, currency_before;  ///< as of a point
        std::map<std::string, Decimal> by_currency, by_currency_before;  ///< likewise
        std::vector<Point> points;  ///< every bucket of the period, also those without calls

        /// now / before − 1; absent where one of them is, before is 0, or they are in different currencies.
        [[nodiscard]] std::optional<double> change() const;
    };
    std::string currency;  ///< of all money in the answer; "mixed": it is in several
    Series all;
    std::vector<Series> groups;  ///< the greatest first
    bool truncated = false;      ///< there are more
};

/// Of AI calls in the selections. Blocking; any thread. InvalidArgument: more points than kMaxTrendPoints.
Result<Trend> trend(store::CallQueries& store, const TrendQuestion& question);

/// The members measure, unit, currency, all, groups, truncated.
void write_members(JsonWriter& json, const TrendQuestion& question, const Trend& trend);

/// When the first AI call of the selection, whatever its from and to, began.
Result<std::optional<Timestamp>> first_call(store::CallQueries& store, store::Selection selection);

}  // namespace steno::analysis
