#include "daily/day.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace steno::daily {

namespace {

using calendar::kDay;

constexpr std::array<std::string_view, 3> kNames = {"calls", "requests", "stats"};

/// Midnight of that date on a wall; nothing: it is no date.
std::optional<std::int64_t> midnight(std::string_view date) {
    if (date.size() != 10) return std::nullopt;
    const auto moment = Timestamp::parse(std::string(date) + "T00:00:00Z");
    return moment ? std::optional(moment->unix_nanos) : std::nullopt;
}

std::string date_of(std::int64_t local) {
    return Timestamp{local, 0}.to_string().substr(0, 10);
}

Day day_from(std::int64_t local, const calendar::Zone& zone) {
    return {date_of(local), zone.first_moment_of(local), zone.first_moment_of(local + kDay)};
}

}  // namespace

Result<Day> day_of(std::string_view date, const calendar::Zone& zone) {
    const auto local = midnight(date);
    if (!local)
        return fail(Code::InvalidArgument, fmt::format("\"{}\" is no day", utf8_prefix(date, 40)),
                    "such as 2026-11-20");
    Day day = day_from(*local, zone);
    if (day.from < day.to) return day;
    return fail(Code::InvalidArgument, fmt::format("{} was left out in {}", date, zone.name()));
}

Day day_at(Timestamp moment, const calendar::Zone& zone) {
    return day_from(calendar::floor_to(zone.local(moment.unix_nanos), kDay), zone);
}

std::vector<Day> days_between(Timestamp from, Timestamp to, const calendar::Zone& zone) {
    std::vector<Day> days;
    if (to <= from) return days;
    for (std::int64_t local = calendar::floor_to(zone.local(from.unix_nanos), kDay);; local += kDay) {
        Day day = day_from(local, zone);
        if (day.from >= to) return days;
        if (day.from < day.to) days.push_back(std::move(day));
    }
}

std::string days_later(std::string_view date, std::int64_t days) {
    return date_of(midnight(date).value_or(0) + days * kDay);
}

std::string file_name(Content content, std::string_view date) {
    return fmt::format("{}-{}.json", kNames[static_cast<std::size_t>(content)], date);
}

std::optional<FileName> parse_file_name(std::string_view name) {
    for (const Content content : kContents) {
        const std::string_view kind = kNames[static_cast<std::size_t>(content)];
        if (!name.starts_with(kind) || name.size() != kind.size() + 16) continue;
        const std::string_view date = name.substr(kind.size() + 1, 10);
        if (midnight(date) && name == file_name(content, date)) return FileName{content, std::string(date)};
    }
    return std::nullopt;
}

}  // namespace steno::daily
