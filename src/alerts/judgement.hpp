#pragma once

#include "alerts/observation.hpp"
#include "alerts/rule.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// From what was measured to levels, and from levels to what is told. Pure: the same for the present and for
/// a preview of the past.
namespace steno::alerts {

/// How one group of a rule stands; what is kept over restarts.
struct Standing {
    std::string group;
    Level level = Level::NoData;
    std::optional<Timestamp> since;      ///< absent: it was never judged
    Level leaning = Level::NoData;       ///< what the last evaluations said, if they said something else
    std::int64_t leaned = 0;             ///< so many in a row
    std::optional<Timestamp> leaned_at;  ///< the last that was counted
    Level told = Level::Ok;              ///< what the channels know
    std::optional<Timestamp> told_at;
    std::optional<Timestamp> period;  ///< of a budget: when the one began that it was last judged in
    int step = 0;                     ///< of a budget: the percentage that was reached in it
    int told_step = 0;                ///< and what the channels know of that

    friend bool operator==(const Standing&, const Standing&) = default;
};

struct Transition {
    Level from = Level::NoData;
    Level to = Level::NoData;
};

enum class Telling : std::uint8_t {
    Nothing,
    Fired,
    Changed,  ///< from warning to critical, or back; to another step of a budget
    Recovered,
    Reminder,
};

struct Step {
    std::optional<Transition> transition;
    Telling telling = Telling::Nothing;
};

/// The level that the observation alone speaks for; `present`: for the recovery threshold.
Level level_of(const Rule& rule, const Observation& observation, Level present);

/// One evaluation of one group. `muted`: nothing is told; what still holds when that is over is told then.
Step advance(const Rule& rule, Standing& standing, Level level, Timestamp now, bool muted);

/// The same of a budget's group: each step is told once in a period, and a new period begins with nothing.
Step advance_budget(const Rule& rule, Standing& standing, const Observation& observation, Timestamp now,
                    bool muted);

/// What the observed value is beyond when it stands so.
std::optional<Decimal> threshold_of(const Rule& rule, const Observation& observation,
                                    const Standing& standing);

using Standings = std::map<std::string, Standing>;  ///< by group

/// One evaluation of all groups of a rule.
struct Judged {
    Observation observation;
    Standing standing;  ///< now
    Level was = Level::NoData;
    bool changed = false;  ///< the standing is not as it was
    Step step;
};
struct Judgement {
    std::vector<Judged> groups;
    /// Groups without calls, of which there is nothing to remember, or which nobody has seen for a month:
    /// they are new when they come back.
    std::vector<std::string> gone;
};
/// `silent`: it is too early to say that calls are missing.
Judgement judge(const Rule& rule, Observations seen, const Standings& before, Timestamp now, bool muted,
                bool silent);

}  // namespace steno::alerts
