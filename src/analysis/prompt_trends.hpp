#pragma once

#include "analysis/prompt_comparison.hpp"
#include "base/error.hpp"
#include "base/json_writer.hpp"
#include "calendar/zone.hpp"
#include "store/call_queries.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// A prompt day by day: what its executions were like, where that changed for good, and whether it became
/// worse.
///
/// A change is found by ranks (inference/change_points.hpp), so one wild day is none. Where a period has four
/// weeks or more, what is usual on a weekday is taken out first. Days that depend on the days before give
/// more changes than `false_alarms` promises: read them as where to look.
namespace steno::analysis {

struct PromptTrendQuestion {
    std::string prompt;
    store::Selection selection;        ///< with from and to
    calendar::Zone zone;               ///< whose days
    std::vector<std::string> metrics;  ///< as of PromptComparisonQuestion; none: all that the calls have
    double false_alarms = 0.01;        ///< of each metric, see inference::ChangePointOptions
};
inline constexpr int kMostTrendDays = 1100;
/// Days between changes, and before the first and after the last. Only days with calls count.
inline constexpr std::size_t kLeastDays = 5;
/// What a day's percentile is told of: with fewer values p95 would be the greatest. 20 of p95, 1 of p50.
std::int64_t least_values(double quantile);
/// A change of less is none that anybody should look at: half a point of a share, 2 % of anything else.
inline constexpr double kLeastPoints = 0.005, kLeastRelative = 0.02;

struct PromptTrend {
    struct Day {
        Timestamp begin;
        std::int64_t calls = 0;
    };
    struct Change {
        Timestamp at;                       ///< the beginning of the first day of the new level
        double before = 0, after = 0;       ///< medians of the days
        double p_value = 1;                 ///< of a change among the days between its neighbours
        std::optional<bool> worse;          ///< absent of what is neither
        bool lasts = false;                 ///< nothing has changed since
        std::vector<std::string> versions;  ///< that were first called within a day of it
        std::vector<std::string> again;     ///< the same, but they had been called before the period
        std::string sentence;
    };
    struct Series {
        ComparedMetric metric;
        std::string currency;                       ///< of money; "mixed": there are several, and no values
        std::vector<std::optional<double>> values;  ///< one a day; see least_values
        std::vector<Change> changes;                ///< ascending
    };
    /// A metric that is worse now than it was: its last change, and a command that makes an alert of it.
    struct Degradation {
        std::string metric;
        Change change;
        std::string alert;  ///< "" where no rule watches that
        std::string why;    ///< there is no alert
    };
    std::vector<Day> days;  ///< all of the period, also those without calls
    std::vector<Series> series;
    std::vector<VersionUse> versions;  ///< by their first call
    std::vector<Degradation> degradations;
};

/// Blocking; any thread. InvalidArgument: a period without bounds or longer than kMostTrendDays, an unknown
/// metric.
Result<PromptTrend> prompt_trend(store::CallQueries& store, const PromptTrendQuestion& question);

/// The members of GET /api/v1/prompts/{name}/trends, but for name and period.
void write_members(JsonWriter& json, const PromptTrend& trend);

}  // namespace steno::analysis
