#include "base/text.hpp"
#include "base/time.hpp"
#include "providers/http_facts.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

namespace steno::providers {

namespace {

constexpr std::int64_t kMaxResetMs = std::int64_t{366} * 24 * 3600 * 1000;

std::optional<std::int64_t> count_in(std::optional<std::string_view> text) {
    if (!text) return std::nullopt;
    const std::string_view digits = trim(*text);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    if (value < 0) return std::nullopt;  // Azure's word for "does not apply"
    return value;
}

/// Limits of one kind ("requests") in the headers that begin with `prefix`, in either word order.
Limit read_limit(const HeaderLookup& header, std::string_view prefix, std::string_view kind,
                 bool kind_first) {
    const auto look_up = [&](std::string_view what) {
        std::string name(prefix);
        name += kind_first ? kind : what;
        name += '-';
        name += kind_first ? what : kind;
        return header(name);
    };
    Limit limit;
    // Azure's Responses: -1 of 0, where no limit of this kind applies
    if (const auto remaining = look_up("remaining"); remaining && trim(*remaining) == "-1") return limit;
    limit.limit = count_in(look_up("limit"));
    limit.remaining = count_in(look_up("remaining"));
    if (const auto reset = look_up("reset")) {
        limit.reset_ms = parse_reset_ms(trim(*reset));
        const auto moment = Timestamp::parse(trim(*reset));
        const auto date = header("date");
        const auto now = date ? parse_http_date(trim(*date)) : std::nullopt;
        if (!limit.reset_ms && moment && now) {
            limit.reset_ms = std::max<std::int64_t>(0, moment->unix_nanos / 1'000'000 - *now * 1000);
        }
    }
    return limit;
}

}  // namespace

std::optional<std::int64_t> parse_reset_ms(std::string_view text) {
    if (text.empty()) return std::nullopt;
    double total_ms = 0;
    while (!text.empty()) {
        double amount = 0;
        const auto [end, error] =
            std::from_chars(text.data(), text.data() + text.size(), amount, std::chars_format::fixed);
        if (error != std::errc{} || !(amount >= 0)) return std::nullopt;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        struct Unit {
            std::string_view name;
            double ms;
        };
        static constexpr std::array<Unit, 7> kUnits{{{"ms", 1},
                                                     {"us", 0.001},
                                                     {"ns", 0.000001},
                                                     {"s", 1000},
                                                     {"m", 60'000},
                                                     {"h", 3'600'000},
                                                     {"d", 86'400'000}}};
        double unit_ms = 0;
        for (const Unit& unit : kUnits) {
            if (!text.starts_with(unit.name)) continue;
            unit_ms = unit.ms;
            text.remove_prefix(unit.name.size());
            break;
        }
        if (unit_ms == 0) {
            if (!text.empty() || total_ms != 0) return std::nullopt;
            unit_ms = 1000;
        }
        total_ms += amount * unit_ms;
    }
    if (!(total_ms <= static_cast<double>(kMaxResetMs))) return std::nullopt;
    return static_cast<std::int64_t>(std::ceil(total_ms));
}

std::optional<std::int64_t> parse_http_date(std::string_view text) {
    // IMF-fixdate, the only form that a sender may use: "Fri, 20 Nov 2026 10:00:00 GMT"
    if (text.size() != 29 || text.substr(25) != " GMT") return std::nullopt;
    const auto number = [&](std::size_t at, std::size_t size) -> int {
        int value = 0;
        const auto [end, error] = std::from_chars(text.data() + at, text.data() + at + size, value);
        return error == std::errc{} && end == text.data() + at + size ? value : -1;
    };
    static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const std::size_t month = kMonths.find(text.substr(8, 3));
    const int day = number(5, 2);
    const int year = number(12, 4);
    const int hour = number(17, 2);
    const int minute = number(20, 2);
    const int second = number(23, 2);
    if (month == std::string_view::npos || month % 3 != 0 || year < 1970 || hour < 0 || hour > 23 ||
        minute < 0 || minute > 59 || second < 0 || second > 60) {
        return std::nullopt;
    }
    const std::chrono::year_month_day date(std::chrono::year(year),
                                           std::chrono::month(static_cast<unsigned>(month / 3 + 1)),
                                           std::chrono::day(static_cast<unsigned>(day < 0 ? 0 : day)));
    if (!date.ok()) return std::nullopt;
    const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
    return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

RateLimit read_rate_limit(const HeaderLookup& header) {
    RateLimit limits;
    limits.requests = read_limit(header, "x-ratelimit-", "requests", false);
    limits.tokens = read_limit(header, "x-ratelimit-", "tokens", false);
    if (limits.requests == Limit{})
        limits.requests = read_limit(header, "anthropic-ratelimit-", "requests", true);
    if (limits.tokens == Limit{}) limits.tokens = read_limit(header, "anthropic-ratelimit-", "tokens", true);
    return limits;
}

}  // namespace steno::providers
