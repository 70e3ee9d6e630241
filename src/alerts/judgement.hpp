#pragma once

#include "alerts/observation.hpp"
#include "alerts/rule.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>

/// From what was measured to levels, and from levels to what is told. Pure: the same for the present and for
/// a preview of the past.
namespace steno::alerts {

/// How one group of a rule stands; what is kept over restarts.
struct Standing {
    std::string group;
    Level level = Level::NoData;
    std::optional<Timestamp> since;  ///< absent: it was never judged
    Level leaning = Level::NoData;   ///< what the last evaluations said, if they said something else
    std::int64_t leaned = 0;         ///< so many in a row
    Level told = Level::Ok;          ///< what the channels know
    std::optional<Timestamp> told_at;

    friend bool operator==(const Standing&, const Standing&) = default;
};

struct Transition {
    Level from = Level::NoData;
    Level to = Level::NoData;
};

enum class Telling : std::uint8_t {
    Nothing,
    Fired,
    Changed,  ///< from warning to critical, or back
    Recovered,
    Reminder,
};

struct Step {
    std::optional<Transition> transition;
    Telling telling = Telling::Nothing;
};

/// The level that the observation alone speaks for; `present`: for the recovery threshold.
Level level_of(const Rule& rule, const Observation& observation, Level present);

/// One evaluation. `muted`: nothing is told; what still holds when that is over is told then.
Step advance(const Rule& rule, Standing& standing, Level level, Timestamp now, bool muted);

}  // namespace steno::alerts
