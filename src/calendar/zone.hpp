#pragma once

#include "base/error.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

/// Civil time: what clocks on a wall show, somewhere, at a moment; and stretches of it.
namespace steno::calendar {

inline constexpr std::int64_t kSecond = 1'000'000'000;
inline constexpr std::int64_t kMinute = 60 * kSecond;
inline constexpr std::int64_t kHour = 60 * kMinute;
inline constexpr std::int64_t kDay =
    24 * kHour;  ///< of a calendar, not of a clock: with a change of clocks a day has 23 or 25 hours

/// From `begin` (nanoseconds since 1970, UTC) to the next span's begin, clocks are `offset` ahead of UTC
/// (nanoseconds, negative in the west).
struct OffsetSpan {
    std::int64_t begin = 0;
    std::int64_t offset = 0;
    friend bool operator==(const OffsetSpan&, const OffsetSpan&) = default;
};

/// The rules of a time zone. A value: copies share what is behind it. Any thread.
///
/// "Local" times are nanoseconds since 1970-01-01T00:00 on the zone's wall clock: (local / kDay) is a day of
/// the calendar.
class Zone {
  public:
    /// UTC.
    Zone();
    /// "Europe/Berlin" and all other names of the IANA database, as the machine has it (Debian: the package
    /// tzdata); "UTC", "Z" or "" ; "local", what TZ names, or the machine's own; "+05:30" or minutes
    /// ("-330"), the same all year. InvalidArgument names what was not understood; Unavailable: the machine
    /// has no database.
    static Result<Zone> find(std::string_view name);

    /// As it can be found by again: "Europe/Berlin", "UTC", "+05:30".
    [[nodiscard]] const std::string& name() const;

    [[nodiscard]] std::int64_t offset_at(std::int64_t unix_nanos) const;
    [[nodiscard]] std::int64_t local(std::int64_t unix_nanos) const {
        return unix_nanos + offset_at(unix_nanos);
    }
    /// The moment, with the zone's offset then.
    [[nodiscard]] Timestamp at(std::int64_t unix_nanos) const;

    /// What clocks do over all times that a record can have, in order; the first span also holds before.
    [[nodiscard]] std::span<const OffsetSpan> spans() const;

    /// The first moment at which the wall shows this local time or a later one of the same day. Where clocks
    /// skip it: the moment of the skip. Where they show it twice: the first time.
    [[nodiscard]] Timestamp first_moment_of(std::int64_t local_nanos) const;

    friend bool operator==(const Zone& a, const Zone& b);

  private:
    struct Rules;
    explicit Zone(std::shared_ptr<const Rules> rules) : rules_(std::move(rules)) {}
    std::shared_ptr<const Rules> rules_;
};

/// `value` rounded down to origin + n * width; also below zero.
constexpr std::int64_t floor_to(std::int64_t value, std::int64_t width, std::int64_t origin = 0) {
    const std::int64_t over = (value - origin) % width;
    return value - over - (over < 0 ? width : 0);
}

/// The local time at which the month, or the week (they begin on Monday), of a local time began.
std::int64_t month_begin(std::int64_t local_nanos);
std::int64_t week_begin(std::int64_t local_nanos);
/// The same day and time of day `months` later; where that month has no such day, its last.
std::int64_t add_months(std::int64_t local_nanos, int months);

}  // namespace steno::calendar
