#pragma once

#include "analysis/anomaly.hpp"
#include "analysis/trends.hpp"
#include "base/error.hpp"
#include "base/json_writer.hpp"
#include "store/call_queries.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// The hours of the record that are not like those before them, of all calls or of each group of them.
namespace steno::analysis {

struct AnomalyQuestion {
    TrendMeasure measure;        ///< one that has `anomalies`
    store::Selection selection;  ///< of which from and to are not looked at
    Timestamp from, to;          ///< at most kMaxJudgedDays; hours that are not over by `to` are left out
    calendar::Zone zone;
    double threshold = 4.5;
    std::vector<store::Field> by;  ///< a series for each value; at most store::kMaxGroupBy
    std::uint32_t groups = 200;    ///< of these, those with the most calls in what is looked at
    /// Of hours, in all groups together: where there are more, the earliest are not judged.
    std::size_t most_hours = std::numeric_limits<std::size_t>::max();
};
inline constexpr int kMaxJudgedDays = 93;

/// One series.
struct AnomalyFinding {
    std::vector<std::optional<store::Value>> key;  ///< one a field of `by`
    std::vector<Judgement> hours;
    std::vector<Anomaly> found;
    SeriesKind kind = SeriesKind::Sum;
    std::string currency;            ///< "mixed": it is money in several, and no hour is judged
    std::optional<Timestamp> begun;  ///< the first hour that was looked at; absent: there are no calls
    struct Exact {
        Timestamp begin;
        std::int64_t calls = 0;
        Amount value;
    };
    std::vector<Exact> exact;  ///< what the hours that are asked about are, to the last digit
};

struct AnomalyFindings {
    std::vector<AnomalyFinding> groups;  ///< without `by` exactly one
    Timestamp from;                      ///< of the question, or later: see most_hours
    bool truncated = false;              ///< there are more groups
};

/// What is said of a group is what is said of its calls alone, with the group as a filter. Blocking; any
/// thread. Cancelled by the thread's Cancellation; InvalidArgument.
Result<AnomalyFindings> find_anomalies(store::CallQueries& store, const AnomalyQuestion& question);

/// An array of {from, to, verdict, value, expected, score}.
void write(JsonWriter& json, std::span<const Anomaly> anomalies);

}  // namespace steno::analysis
