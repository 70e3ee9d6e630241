#pragma once

#include "base/error.hpp"
#include "base/time.hpp"
#include "calendar/zone.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace steno::calendar {

/// A stretch of time, half-open, and by how much it moves to be the one before: so many months, days and
/// nanoseconds of civil time.
struct Period {
    Timestamp from;
    Timestamp to;
    int months = 0;
    int days = 0;
    std::int64_t nanos = 0;
    bool unfinished = false;  ///< it would end later, and ends now

    [[nodiscard]] bool holds(std::int64_t unix_nanos) const {
        return unix_nanos >= from.unix_nanos && unix_nanos < to.unix_nanos;
    }
};

/// What people call a period, as a wall clock of the zone shows it:
///   today, yesterday, this-week, last-week, this-month, last-month (weeks begin on Monday),
///   2026, 2026-11, 2026-W47, 2026-11-20: that year, month, ISO week or day, whole,
///   24h, 90m: so long until now,   7d, 4w, 3mo: the last so many days, weeks or months, today's included.
/// What is not over yet ends now. InvalidArgument says what it takes, or that it has not begun.
Result<Period> parse_period(std::string_view text, const Zone& zone, Timestamp now);

/// The last `days` days of the calendar, today's included and up to now; 1: today. 1 … 36,500.
Result<Period> last_days(std::int64_t days, const Zone& zone, Timestamp now);

/// As people and programs write it: an RFC 3339 moment, or a day of the zone ("2026-11-20"): its beginning,
/// or, as the end of a period, its end, so that it is part of it. InvalidArgument.
Result<Timestamp> parse_moment(std::string_view text, const Zone& zone, bool as_end);

/// From one moment to another (see parse_moment). `to` empty, or in the future: until now.
/// InvalidArgument: no moment, or nothing between the two.
Result<Period> between(std::string_view from, std::string_view to, const Zone& zone, Timestamp now);

/// The period before, of exactly the same shape on the wall clock: of a Wednesday afternoon's "this week",
/// last week's until Wednesday at that time of day, whatever clocks did in between.
Period before(const Period& period, const Zone& zone);

/// A period of another time, only as far as this one has come if it is unfinished: of August until the 21st
/// at this time of day, when November is compared with it then.
Period as_far_as(Period other, const Period& period, const Zone& zone);

}  // namespace steno::calendar
