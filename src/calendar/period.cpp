#include "calendar/period.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>

namespace steno::calendar {

namespace {

constexpr std::int64_t kMostDays = 36'500;

std::optional<int> number(std::string_view text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || text.front() == '-' || error != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

std::int64_t local_nanos(std::chrono::sys_days day) {
    return day.time_since_epoch().count() * kDay;
}

bool in_range(int year) {
    return year >= 1970 && year <= 2261;
}

/// "2026-11-20", as the local time of its beginning.
std::optional<std::int64_t> day_named(std::string_view text) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
    const auto year = number(text.substr(0, 4)), month = number(text.substr(5, 2)),
               day = number(text.substr(8));
    if (!year || !month || !day || !in_range(*year)) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year{*year},
                                           std::chrono::month{static_cast<unsigned>(*month)},
                                           std::chrono::day{static_cast<unsigned>(*day)}};
    return date.ok() ? std::optional(local_nanos(date)) : std::nullopt;
}

/// ISO 8601: week 1 is the one with the year's first Thursday.
std::int64_t week_one(int year) {
    return week_begin(local_nanos(std::chrono::sys_days{std::chrono::year{year} / 1 / 4}));
}

/// A period in local times, with what it moves by.
struct Civil {
    std::int64_t from = 0;
    std::int64_t to = 0;
    int months = 0;
    int days = 0;
};

std::optional<Civil> named(std::string_view text, std::int64_t now) {
    const std::int64_t today = floor_to(now, kDay), week = week_begin(now), month = month_begin(now);
    if (text == "today") return Civil{today, today + kDay, 0, 1};
    if (text == "yesterday") return Civil{today - kDay, today, 0, 1};
    if (text == "this-week") return Civil{week, week + 7 * kDay, 0, 7};
    if (text == "last-week") return Civil{week - 7 * kDay, week, 0, 7};
    if (text == "this-month") return Civil{month, add_months(month, 1), 1, 0};
    if (text == "last-month") return Civil{add_months(month, -1), month, 1, 0};
    return std::nullopt;
}

std::optional<Civil> dated(std::string_view text) {
    if (const auto day = day_named(text)) return Civil{*day, *day + kDay, 0, 1};
    const auto year = number(text.substr(0, 4));
    if (!year || text.size() < 4 || !in_range(*year)) return std::nullopt;
    const std::int64_t january = local_nanos(std::chrono::sys_days{std::chrono::year{*year} / 1 / 1});
    if (text.size() == 4) return Civil{january, add_months(january, 12), 12, 0};
    if (text.size() == 7 && text[4] == '-') {
        const auto month = number(text.substr(5));
        if (!month || *month < 1 || *month > 12) return std::nullopt;
        const std::int64_t first = add_months(january, *month - 1);
        return Civil{first, add_months(first, 1), 1, 0};
    }
    if (text.size() == 8 && text.substr(4, 2) == "-W") {
        const auto week = number(text.substr(6));
        if (!week || *week < 1) return std::nullopt;
        const std::int64_t first = week_one(*year) + (*week - 1) * 7 * kDay;
        if (first >= week_one(*year + 1)) return std::nullopt;
        return Civil{first, first + 7 * kDay, 0, 7};
    }
    return std::nullopt;
}

std::unexpected<Error> no_period(std::string_view text) {
    return fail(
        Code::InvalidArgument, fmt::format("\"{}\" is no period", utf8_prefix(text, 60)),
        "today, yesterday, this-week, last-week, this-month, last-month, 24h, 7d, 4w, 3mo, 2026, 2026-11, "
        "2026-W47 or 2026-11-20");
}

void end_by(Period& period, Timestamp now) {
    period.unfinished = period.to > now;
    period.to = std::min(period.to, now);
}

Result<Period> made(const Civil& civil, const Zone& zone, Timestamp now, std::string_view text) {
    Period period{zone.first_moment_of(civil.from), zone.first_moment_of(civil.to), civil.months, civil.days,
                  0};
    if (period.from > now)
        return fail(Code::InvalidArgument, fmt::format("\"{}\" has not begun yet", utf8_prefix(text, 60)),
                    "one that has, such as this-month");
    end_by(period, zone.at(now.unix_nanos));
    return period;
}

}  // namespace

Result<Period> last_days(std::int64_t days, const Zone& zone, Timestamp now) {
    if (days < 1 || days > kMostDays)
        return fail(Code::InvalidArgument, fmt::format("{} days were asked for", days),
                    fmt::format("1 (today) to {}", kMostDays));
    const std::int64_t today = floor_to(zone.local(now.unix_nanos), kDay);
    const std::int64_t first = std::max<std::int64_t>(0, today - (days - 1) * kDay);
    return made({first, today + kDay, 0, static_cast<int>(days)}, zone, now, "");
}

Result<Period> parse_period(std::string_view text, const Zone& zone, Timestamp now) {
    const std::int64_t local_now = zone.local(now.unix_nanos);
    if (const auto civil = named(text, local_now)) return made(*civil, zone, now, text);
    if (const auto civil = dated(text)) return made(*civil, zone, now, text);
    const std::size_t unit_at = std::min(text.find_first_not_of("0123456789"), text.size());
    const std::string_view unit = text.substr(unit_at);
    const auto count = number(text.substr(0, unit_at));
    if (!count || *count < 1) return no_period(text);
    if (unit == "h" || unit == "m") {
        const std::int64_t width = unit == "h" ? kHour : kMinute;
        if (*count > now.unix_nanos / width) return no_period(text);  // before 1970
        const std::int64_t nanos = *count * width;
        return Period{zone.at(now.unix_nanos - nanos), zone.at(now.unix_nanos), 0, 0, nanos};
    }
    if (unit == "d" || unit == "w") {
        if (*count > (unit == "d" ? kMostDays : kMostDays / 7)) return no_period(text);
        return last_days(unit == "d" ? *count : *count * std::int64_t{7}, zone, now);
    }
    if (unit == "mo") {
        if (*count > 1200) return no_period(text);
        const std::int64_t month = month_begin(local_now);
        return made(
            {std::max<std::int64_t>(0, add_months(month, 1 - *count)), add_months(month, 1), *count, 0}, zone,
            now, text);
    }
    return no_period(text);
}

Result<Timestamp> parse_moment(std::string_view text, const Zone& zone, bool as_end) {
    if (const auto day = day_named(text)) return zone.first_moment_of(*day + (as_end ? kDay : 0));
    if (const auto time = Timestamp::parse(text)) return *time;
    return fail(Code::InvalidArgument, fmt::format("\"{}\" is no time", utf8_prefix(text, 60)),
                "a day such as 2026-11-20, or RFC 3339 with the zone, such as 2026-11-20T10:00:00Z or "
                "2026-11-20T11:00:00+01:00 (in a URL '+' is written %2B)");
}

Result<Period> between(std::string_view from, std::string_view to, const Zone& zone, Timestamp now) {
    Period period;
    STENO_ASSIGN(period.from, parse_moment(from, zone, false));
    if (to.empty()) {
        period.to = zone.at(now.unix_nanos);
    } else {
        STENO_ASSIGN(period.to, parse_moment(to, zone, true));
    }
    if (period.to <= period.from)
        return fail(
            Code::InvalidArgument,
            fmt::format("nothing lies between {} and {}", period.from.to_string(), period.to.to_string()),
            "the end is the later one");
    const std::int64_t first = zone.local(period.from.unix_nanos), last = zone.local(period.to.unix_nanos);
    if (floor_to(first, kDay) == first && floor_to(last, kDay) == last) {
        if (month_begin(first) == first && month_begin(last) == last) {
            while (add_months(first, period.months) < last) ++period.months;
        } else {
            period.days = static_cast<int>((last - first) / kDay);
        }
    } else {
        period.nanos = period.to.unix_nanos - period.from.unix_nanos;
    }
    if (period.from > now)
        return fail(Code::InvalidArgument, fmt::format("{} has not come yet", period.from.to_string()),
                    "a beginning in the past");
    end_by(period, zone.at(now.unix_nanos));
    return period;
}

Period before(const Period& period, const Zone& zone) {
    if (period.months == 0 && period.days == 0) {
        Period moved = period;
        moved.from = zone.at(period.from.unix_nanos - period.nanos);
        moved.to = zone.at(period.to.unix_nanos - period.nanos);
        return moved;
    }
    const auto moved = [&](Timestamp moment) {
        std::int64_t local = zone.local(moment.unix_nanos);
        // Where clocks skip midnight, the day's first moment shows one o'clock.
        const std::int64_t day = floor_to(local, kDay);
        if (zone.first_moment_of(day) == moment) local = day;
        return zone.first_moment_of(add_months(local, -period.months) - period.days * kDay);
    };
    Period previous = period;
    previous.from = moved(period.from);
    previous.to = std::min(moved(period.to), period.from);
    return previous;
}

Period as_far_as(Period other, const Period& period, const Zone& zone) {
    if (!period.unfinished) return other;
    const std::int64_t come = zone.local(period.to.unix_nanos) - zone.local(period.from.unix_nanos);
    other.to = std::min(other.to, zone.first_moment_of(zone.local(other.from.unix_nanos) + come));
    return other;
}

}  // namespace steno::calendar
