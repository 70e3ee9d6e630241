#include "base/text.hpp"
#include "base/time.hpp"
#include "providers/http_facts.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <string>
#include <vector>

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

enum class Words : unsigned char {
    Usual,      ///< PREFIX-limit-KIND, -remaining-KIND, -reset-KIND
    KindFirst,  ///< PREFIX-KIND-limit, …
    Alone,      ///< PREFIX-limit, …
};

/// A limit as some provider writes it into its headers.
struct Spelling {
    std::string_view name;    ///< in the record: "requests" and "tokens" have fields, the others windows
    std::string_view prefix;  ///< without the last '-'
    std::string_view kind;
    Words words = Words::Usual;
};

constexpr std::string_view kOpenAi = "x-ratelimit";
constexpr std::string_view kAnthropic = "anthropic-ratelimit";

/// Of the same name the first that is there counts. The windows of requests and tokens are named where the
/// header names them; OpenAI's are of a minute, but for small accounts of a day.
constexpr std::array kSpellings{
    Spelling{"requests", kOpenAi, "requests"},
    Spelling{"tokens", kOpenAi, "tokens"},
    Spelling{"project_tokens", kOpenAi, "project-tokens"},
    Spelling{"project_requests", kOpenAi, "project-requests"},
    Spelling{"input_images", kOpenAi, "input-images"},
    Spelling{"requests", kAnthropic, "requests", Words::KindFirst},
    Spelling{"tokens", kAnthropic, "tokens", Words::KindFirst},
    Spelling{"input_tokens", kAnthropic, "input-tokens", Words::KindFirst},
    Spelling{"output_tokens", kAnthropic, "output-tokens", Words::KindFirst},
    Spelling{"priority_input_tokens", "anthropic-priority", "input-tokens", Words::KindFirst},
    Spelling{"priority_output_tokens", "anthropic-priority", "output-tokens", Words::KindFirst},
    // Mistral
    Spelling{"requests_second", kOpenAi, "req-second"},
    Spelling{"requests_10s", kOpenAi, "req-10-second"},
    Spelling{"requests_minute", kOpenAi, "req-minute"},
    Spelling{"tokens_minute", kOpenAi, "tokens-minute"},
    Spelling{"tokens_month", kOpenAi, "tokens-month"},
    // Cerebras, Fireworks
    Spelling{"requests_minute", kOpenAi, "requests-minute"},
    Spelling{"requests_hour", kOpenAi, "requests-hour"},
    Spelling{"requests_day", kOpenAi, "requests-day"},
    Spelling{"tokens_hour", kOpenAi, "tokens-hour"},
    Spelling{"tokens_day", kOpenAi, "tokens-day"},
    Spelling{"input_tokens", kOpenAi, "tokens-prompt"},
    Spelling{"output_tokens", kOpenAi, "tokens-generated"},
    // Cohere's trial keys
    Spelling{"requests_minute", "x-trial-endpoint-call", "", Words::Alone},
    Spelling{"requests_month", "x-endpoint-monthly-call", "", Words::Alone},
    // Together, OpenRouter, and whoever counts requests only
    Spelling{"requests", kOpenAi, "", Words::Alone},
    Spelling{"tokens", "x-tokenlimit", "", Words::Alone},
    Spelling{"requests", "ratelimit", "", Words::Alone},
};

std::string header_name(const Spelling& spelling, std::string_view what) {
    std::string name(spelling.prefix);
    const std::string_view first = spelling.words == Words::KindFirst ? spelling.kind : what;
    const std::string_view second = spelling.words == Words::KindFirst ? what : spelling.kind;
    name += '-';
    name += first;
    if (!second.empty() && spelling.words != Words::Alone) {
        name += '-';
        name += second;
    }
    return name;
}

/// Until the limit is full again. A moment (RFC 3339, or seconds or milliseconds since 1970) counts from the
/// answer's own Date, since there is no clock here.
std::optional<std::int64_t> reset_in_ms(std::string_view text, std::optional<std::int64_t> now_ms) {
    const auto moment_ms = parse_moment_ms(text);
    if (!moment_ms) return parse_reset_ms(text);
    if (!now_ms) return std::nullopt;
    const std::int64_t wait = std::max<std::int64_t>(0, *moment_ms - *now_ms);
    return wait <= kMaxResetMs ? std::optional(wait) : std::nullopt;
}

/// The headers of one spelling, put together once: every answer is asked for all of them.
struct Headers {
    std::string_view name;
    std::string limit, remaining, reset;
    std::string renewal_period;  ///< Azure's
};

const std::vector<Headers>& all_headers() {
    static const auto& kHeaders = *new const auto([] {  // for ever: table.cpp
        std::vector<Headers> headers;
        for (const Spelling& spelling : kSpellings) {
            headers.push_back({spelling.name, header_name(spelling, "limit"),
                               header_name(spelling, "remaining"), header_name(spelling, "reset"),
                               header_name(spelling, "renewalperiod")});
        }
        return headers;
    }());
    return kHeaders;
}

Limit read_limit(const HeaderLookup& header, const Headers& names, std::optional<std::int64_t> now_ms) {
    const auto most = header(names.limit);
    const auto left = header(names.remaining);
    Limit limit;
    if (!most && !left) return limit;
    // Azure's Responses: -1 of 0, where no limit of this kind applies
    if (left && trim(*left) == "-1") return limit;
    limit.limit = count_in(most);
    limit.remaining = count_in(left);
    const auto field = header(names.reset);
    if (!field) return limit;
    const std::string_view reset = trim(*field);
    // Azure, beside a renewal period: a bare number is milliseconds until what this request took is free
    // again (limit 120 in 60 s: 500).
    const auto bare = count_in(reset);
    limit.reset_ms = bare && header(names.renewal_period) ? bare : reset_in_ms(reset, now_ms);
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

std::optional<std::int64_t> parse_moment_ms(std::string_view text) {
    constexpr std::int64_t kSecondsOf2001 = 1'000'000'000;
    constexpr std::int64_t kSecondsOf9999 = 253'402'300'799;
    if (const auto moment = Timestamp::parse(text)) return moment->unix_nanos / 1'000'000;
    const auto number = count_in(text);
    if (!number || *number < kSecondsOf2001 || *number / 1000 > kSecondsOf9999) return std::nullopt;
    return *number >= kSecondsOf2001 * 1000 ? *number : *number * 1000;
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
    const auto date = header("date");
    auto now = date ? parse_http_date(trim(*date)) : std::nullopt;
    if (now) *now *= 1000;
    RateLimit limits;
    for (const Headers& names : all_headers()) {
        const Limit limit = read_limit(header, names, now);
        if (limit == Limit{}) continue;
        if (names.name == "requests" || names.name == "tokens") {
            Limit& known = names.name == "requests" ? limits.requests : limits.tokens;
            if (known == Limit{}) known = limit;
        } else {
            limits.windows.emplace(names.name, limit);
        }
    }
    return limits;
}

}  // namespace steno::providers
