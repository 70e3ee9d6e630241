#pragma once

#include "base/error.hpp"
#include "base/time.hpp"
#include "calendar/zone.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The daily files: what a day's calls were, as JSON files with a day in their names.
namespace steno::daily {

/// A day of a calendar. On the days when clocks change it has 23 or 25 hours.
struct Day {
    std::string date;  ///< "2026-11-20"
    Timestamp from;
    Timestamp to;  ///< half-open
};

/// InvalidArgument: no date, or one that the zone has left out.
Result<Day> day_of(std::string_view date, const calendar::Zone& zone);
Day day_at(Timestamp moment, const calendar::Zone& zone);
/// All that begin before `to` and end after `from`, oldest first.
std::vector<Day> days_between(Timestamp from, Timestamp to, const calendar::Zone& zone);
/// The date so many days later, or earlier.
std::string days_later(std::string_view date, std::int64_t days);

/// What is in a file.
enum class Content : std::uint8_t { Calls, Requests, Stats };
inline constexpr std::array kContents = {Content::Calls, Content::Requests, Content::Stats};

/// "calls-2026-11-20.json"
std::string file_name(Content content, std::string_view date);
struct FileName {
    Content content = Content::Calls;
    std::string date;
};
/// Nothing: it is no daily file's.
std::optional<FileName> parse_file_name(std::string_view name);

}  // namespace steno::daily
