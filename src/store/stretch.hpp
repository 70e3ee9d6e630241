#pragma once

#include "calendar/zone.hpp"

#include <compare>
#include <cstdint>
#include <vector>

/// Time as answers over long ranges are cut into: days and hours of UTC, whatever zone people look from.
namespace steno::store {

using calendar::kDay;
using calendar::kHour;

/// From `begin` to before `end`, nanoseconds since 1970.
struct Stretch {
    std::int64_t begin = 0;
    std::int64_t end = 0;
    friend auto operator<=>(const Stretch&, const Stretch&) = default;
};

struct CutTime {
    /// In the order of time, without gaps: whole hours up to the first midnight, whole days, whole hours.
    std::vector<Stretch> whole;
    std::vector<Stretch> rest;  ///< what is left over at both ends: two at most, each less than an hour
};

/// Of a stretch that is not empty, and of no more than 100 years.
CutTime cut(const Stretch& time);

}  // namespace steno::store
