#include "calendar/zone.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <date/tz.h>
#include <exception>
#include <limits>
#include <map>
#include <mutex>
#include <vector>

namespace steno::calendar {

struct Zone::Rules {
    std::string name;
    std::vector<OffsetSpan> spans;
};

namespace {

/// A Timestamp's last year is 2261.
constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max() / kSecond;

std::string offset_name(std::int64_t minutes) {
    if (minutes == 0) return "UTC";
    const std::int64_t size = minutes < 0 ? -minutes : minutes;
    return fmt::format("{}{:02}:{:02}", minutes < 0 ? '-' : '+', size / 60, size % 60);
}

bool number(std::string_view text, int& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

/// "+01:00", "+0100", and minutes ("60", "-330"), of which no sign and four digits cannot be told from the
/// second form.
std::optional<std::int64_t> fixed_offset(std::string_view text) {
    int minutes = 0;
    const bool sign = text.starts_with('+') || text.starts_with('-');
    const bool colon = text.size() == 6 && sign && text[3] == ':';
    if (colon || (text.size() == 5 && sign)) {
        int hours = 0;
        if (!number(text.substr(1, 2), hours) || !number(text.substr(colon ? 4 : 3), minutes) || hours < 0 ||
            minutes < 0 || minutes > 59)
            return std::nullopt;
        minutes += hours * 60;
        if (text[0] == '-') minutes = -minutes;
    } else if (text.starts_with('+') || !number(text, minutes)) {  // "+5" may mean hours
        return std::nullopt;
    }
    if (minutes < -1439 || minutes > 1439) return std::nullopt;
    return minutes;
}

/// What TZ names (how containers are told), else the machine's.
const date::time_zone* local_zone() {
    const char* name = std::getenv("TZ");
    if (name == nullptr || *name == 0) return date::current_zone();
    return date::locate_zone(*name == ':' ? name + 1 : name);
}

std::vector<OffsetSpan> spans_of(const date::time_zone& zone) {
    std::vector<OffsetSpan> spans;
    for (std::int64_t at = 0; at < kLast;) {
        const date::sys_info info = zone.get_info(date::sys_seconds(std::chrono::seconds(at)));
        const std::int64_t offset = info.offset.count() * kSecond;
        // Names change too, where the offset does not.
        if (spans.empty() || spans.back().offset != offset) spans.push_back({at * kSecond, offset});
        const std::int64_t next = info.end.time_since_epoch().count();
        if (next <= at) break;
        at = next;
    }
    return spans;
}

}  // namespace

Zone::Zone() {
    static const auto utc = std::make_shared<const Rules>(Rules{"UTC", {{0, 0}}});
    rules_ = utc;
}

Result<Zone> Zone::find(std::string_view name) {
    if (name.empty() || name == "UTC" || name == "Z") return Zone();
    if (const auto minutes = fixed_offset(name))
        return Zone(std::make_shared<const Rules>(Rules{offset_name(*minutes), {{0, *minutes * kMinute}}}));

    static std::mutex mutex;
    static std::map<std::string, std::shared_ptr<const Rules>, std::less<>> known;
    const std::scoped_lock lock(mutex);
    if (const auto found = known.find(name); found != known.end()) return Zone(found->second);
    try {
        const date::time_zone* zone = name == "local" ? local_zone() : date::locate_zone(std::string(name));
        auto rules = std::make_shared<const Rules>(Rules{zone->name(), spans_of(*zone)});
        known.emplace(name, rules);
        return Zone(std::move(rules));
    } catch (const std::exception&) {
        try {
            static_cast<void>(date::get_tzdb());
        } catch (const std::exception& error) {
            return fail(Code::Unavailable, fmt::format("this machine has no time zones: {}", error.what()),
                        "install the package tzdata, or give an offset such as +01:00");
        }
    }
    if (name == "local")
        return fail(Code::Unavailable, "this machine's own time zone is not known",
                    "give it a name such as Europe/Berlin, or set TZ to one");
    return fail(Code::InvalidArgument, fmt::format("there is no time zone \"{}\"", utf8_prefix(name, 60)),
                "a name of the IANA database such as Europe/Berlin, UTC, local, an offset such as +01:00, or "
                "minutes such as -330");
}

const std::string& Zone::name() const {
    return rules_->name;
}

std::span<const OffsetSpan> Zone::spans() const {
    return rules_->spans;
}

std::int64_t Zone::offset_at(std::int64_t unix_nanos) const {
    const auto& spans = rules_->spans;
    const auto after = std::ranges::upper_bound(spans, unix_nanos, {}, &OffsetSpan::begin);
    return after == spans.begin() ? after->offset : std::prev(after)->offset;
}

Timestamp Zone::at(std::int64_t unix_nanos) const {
    return {unix_nanos, static_cast<std::int16_t>(offset_at(unix_nanos) / kMinute)};
}

Timestamp Zone::first_moment_of(std::int64_t local_nanos) const {
    const auto& spans = rules_->spans;
    // No zone is a day and more away from UTC.
    auto span = std::ranges::upper_bound(spans, local_nanos - 2 * kDay, {}, &OffsetSpan::begin);
    if (span != spans.begin()) --span;
    const std::int64_t day_end = floor_to(local_nanos, kDay) + kDay;
    std::int64_t moment = local_nanos - span->offset;
    for (; span != spans.end(); ++span) {
        const auto next = std::next(span);
        moment = local_nanos - span->offset;
        if (span != spans.begin()) moment = std::max(moment, span->begin);
        if (next != spans.end() && moment >= next->begin) continue;
        // A zone may leave out a whole day (Samoa, 30 December 2011): then the next one begins.
        if (moment + span->offset < day_end || local_nanos - span->offset < span->begin) break;
    }
    return at(moment);
}

bool operator==(const Zone& a, const Zone& b) {
    return a.rules_ == b.rules_ || a.rules_->spans == b.rules_->spans;
}

std::int64_t week_begin(std::int64_t local_nanos) {
    return floor_to(local_nanos, 7 * kDay, 4 * kDay);  // 1970-01-05 was a Monday
}

std::int64_t month_begin(std::int64_t local_nanos) {
    const std::chrono::sys_days day{std::chrono::days{floor_to(local_nanos, kDay) / kDay}};
    const std::chrono::year_month_day date{day};
    return std::chrono::sys_days{date.year() / date.month() / 1}.time_since_epoch().count() * kDay;
}

std::int64_t add_months(std::int64_t local_nanos, int months) {
    const std::int64_t day_nanos = floor_to(local_nanos, kDay);
    const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day_nanos / kDay}}};
    std::chrono::year_month_day moved = date + std::chrono::months{months};
    if (!moved.ok()) moved = moved.year() / moved.month() / std::chrono::last;
    return std::chrono::sys_days{moved}.time_since_epoch().count() * kDay + (local_nanos - day_nanos);
}

}  // namespace steno::calendar
