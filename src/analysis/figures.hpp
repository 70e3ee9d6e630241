#pragma once

#include "analysis/currencies.hpp"
#include "base/error.hpp"
#include "base/json_writer.hpp"
#include "store/call_queries.hpp"
#include "store/query.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace steno::analysis {

/// What groups of calls without a call in common add up to. Absent where no call says it: never 0 instead.
struct Sums {
    std::int64_t calls = 0;
    std::int64_t failures = 0;  ///< status failure
    /// Exact; what exceeds 64 bits (calls can say anything) is told as the greatest number.
    std::optional<std::int64_t> input_tokens;
    std::optional<std::int64_t> output_tokens;
    store::CostSum cost;
    /// Where cost is "mixed": the sum in each currency. They are not added up. Empty: there were too many
    /// groups to tell; nor is it then of any sum that these are part of.
    Amounts by_currency;

    Sums& operator+=(const Sums& other);
    /// Input and output; absent when neither is known.
    [[nodiscard]] std::optional<std::int64_t> tokens() const;
    /// failures / calls; absent without calls.
    [[nodiscard]] std::optional<double> failure_rate() const;
};

/// What every group of calls is told by.
struct Figures : Sums {
    std::optional<Duration> duration;  ///< of all calls together; those side by side count each
    std::optional<Duration> duration_average;
    std::optional<Duration> duration_p95;
    std::optional<Duration> first_token_p50;
};

/// The measures that Sums, and with those behind them Figures, are made of.
std::vector<store::Measure> sums_measures();
std::vector<store::Measure> figures_measures();
inline constexpr std::size_t kFiguresMeasures = 9;

/// From the cells of a group whose measures begin with one of the two; by_currency is not in them.
Figures figures_of(std::span<const store::Cell> cells);

struct FiguresTable {
    struct Group {
        std::vector<std::optional<store::Value>>
            key;                          ///< one a group_by; absent: the calls without the field
        std::optional<Timestamp> bucket;  ///< its beginning
        Figures figures;
    };
    std::vector<Group> groups;
    bool truncated = false;  ///< there are more groups than the query's limit
};
/// The groups of this query, whose measures are one of the two above. Each by_currency is what
/// amounts_by_currency tells. Blocking; any thread.
Result<FiguresTable> figures(store::CallQueries& store, const store::AggregateQuery& query);

/// The members of a JSON object: calls, failures, failure_rate, success_rate, input_tokens, output_tokens,
/// total_tokens, average_tokens, cost; null where absent.
void write_members(JsonWriter& json, const Sums& sums);
/// Those, and duration_ms, average_duration_ms, p95_duration_ms, p50_first_token_ms.
void write_members(JsonWriter& json, const Figures& figures);
/// The same as an object of its own.
void write_figures(JsonWriter& json, std::string_view key, const Figures& figures);
void write_sums(JsonWriter& json, std::string_view key, const Sums& sums);
/// An empty text is what has no name: null.
void write_name(JsonWriter& json, std::string_view key, const std::string& name);

/// What a group is called: different keys have different texts.
std::string key_text(const std::vector<std::optional<store::Value>>& key);
/// The member "key": {field: value or null, …}.
void write_key(JsonWriter& json, const std::vector<store::Field>& by,
               const std::vector<std::optional<store::Value>>& key);

/// {"total", "currency", "totals", "unpriced_calls", "estimated_calls"}; the first two only where they are
/// known, "totals" ({"EUR": "0.087", …}) only where it is given.
void write(JsonWriter& json, const store::CostSum& cost, const Amounts& by_currency = {});

}  // namespace steno::analysis
