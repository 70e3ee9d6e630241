#pragma once

#include "alerts/metric.hpp"
#include "analysis/trends.hpp"
#include "base/decimal.hpp"
#include "base/error.hpp"
#include "base/json_writer.hpp"
#include "base/time.hpp"
#include "calendar/period.hpp"
#include "calendar/zone.hpp"
#include "store/query.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace steno::alerts {

/// How a rule, or one group of it, stands; the worse, the later.
enum class Level : std::uint8_t { NoData, Ok, Warning, Critical };
std::string_view to_string(Level level);
std::optional<Level> parse_level(std::string_view text);
/// Warning or critical: somebody should know.
constexpr bool firing(Level level) {
    return level == Level::Warning || level == Level::Critical;
}

/// What is watched, when it is worth an alert, and who is told. Made by rule_from_json, so that one that
/// exists can be evaluated.
struct Rule {
    enum class Kind : std::uint8_t {
        Threshold,    ///< a metric of a window is beyond a threshold
        MissingData,  ///< no calls in the window
        Calls,        ///< single calls whose `field` is `over` so much
        Budget,       ///< so much of a budget is spent, or will be
        Anomaly,      ///< the last whole hour of a metric is not like the hours before it
    };
    enum class Side : std::uint8_t { Either, Above, Below };
    std::string name;
    std::string description;
    Kind kind = Kind::Threshold;
    Metric metric;                     ///< of MissingData and Calls: calls; of Budget: spent
    std::vector<std::string> filters;  ///< as given: FIELD[.OP]=VALUE
    std::vector<store::Filter> parsed_filters;
    std::vector<store::Field> group_by;
    std::string window = "15m";  ///< a period that ends now, in the words of calendar/period.hpp
    calendar::Zone zone;
    Duration delay{0};  ///< the window ends so long before now: calls appear when they end
    bool above = true;
    std::optional<Decimal> warning, critical;  ///< of Anomaly: scores, see analysis/anomaly.hpp
    std::optional<Decimal> recovery;           ///< back to ok only at this value or a better one
    bool against_before = false;  ///< what is compared is the ratio to the window of the same shape before
    std::optional<Decimal> at_least;     ///< of the metric itself: what is less is ok
    std::optional<store::Field> field;   ///< of Calls
    std::optional<Decimal> over;         ///< of Calls; milliseconds of a duration
    Level severity = Level::Warning;     ///< of MissingData and Calls
    std::string budget;                  ///< of Budget: its name; empty: every budget
    std::optional<std::vector<int>> at;  ///< of Budget: percentages, ascending; absent: the budget's own
    bool projected = false;              ///< of Budget: also when it will be used up before its period ends
    std::optional<analysis::TrendMeasure> measure;  ///< of Anomaly
    Side side = Side::Either;                       ///< of Anomaly: which hours count
    std::int64_t min_calls = 0;                     ///< with fewer in the window it is not judged
    std::int64_t evaluations = 1;                   ///< so many in a row must say so before the level changes
    Duration every{60'000'000'000};
    Duration renotify{0};  ///< while it fires; 0: told once
    bool tell_recovery = true;
    std::vector<std::string> channels;  ///< none: all that there are

    /// What is compared with the thresholds counts in.
    [[nodiscard]] Unit unit() const {
        return against_before || kind == Kind::Anomaly ? Unit::Number : metric.unit;
    }
    /// The threshold of a level; absent where there is none.
    [[nodiscard]] std::optional<Decimal> threshold(Level level) const;
};

/// What its values count in, for programs: "number", "share", "money", "milliseconds", "ratio", "score".
std::string_view unit_name(const Rule& rule);

inline constexpr std::size_t kMaxGroups = 200;  ///< of a rule, those with the most calls
inline constexpr std::size_t kMaxRules = 200;

/// InvalidArgument says what to change: an unknown member, metric or field (with the nearest), thresholds
/// that contradict each other, a window that does not end now.
Result<Rule> rule_from_json(std::string_view name, std::string_view json);
/// The members of the JSON object that rule_from_json reads, without the name.
void write_members(JsonWriter& json, const Rule& rule);
std::string to_json(const Rule& rule);
/// Do both watch the same thing, so that the level of one says something about the other?
bool same_watched(const Rule& a, const Rule& b);

/// "30s", "5m", "2h", "1d", "0" … 366 days. InvalidArgument.
Result<Duration> parse_span(std::string_view what, std::string_view text);
std::string span_text(Duration span);

/// The rules that nearly everybody wants: dear hours, budgets, failures, slow calls, calls with many tokens,
/// prompts with missing variables, no calls at all.
std::vector<Rule> default_rules();

}  // namespace steno::alerts
