#include "providers/prose.hpp"

#include "base/text.hpp"
#include "base/time.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace steno::providers {

namespace {

constexpr std::string_view kDigits = "0123456789";

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// The whole number at the front of `text`, which loses it: "1,048,576". A fraction is dropped.
std::optional<std::int64_t> take_number(std::string_view& text) {
    std::int64_t number = 0;
    std::size_t at = 0;
    int digits = 0;
    for (; at < text.size(); ++at) {
        const bool grouped = text[at] == ',' && digits > 0 && at + 1 < text.size() && is_digit(text[at + 1]);
        if (grouped) continue;
        if (!is_digit(text[at])) break;
        if (++digits > 15) return std::nullopt;
        number = number * 10 + (text[at] - '0');
    }
    if (digits == 0) return std::nullopt;
    text.remove_prefix(at);
    if (text.starts_with('.') && text.size() > 1 && is_digit(text[1]))
        text.remove_prefix(std::min(text.find_first_not_of(kDigits, 1), text.size()));
    return number;
}

/// "188240 + 21333" is one size.
std::optional<std::int64_t> take_sum(std::string_view& text) {
    auto sum = take_number(text);
    while (sum && text.starts_with(" + ")) {
        std::string_view rest = text.substr(3);
        const auto more = take_number(rest);
        if (!more) break;
        *sum += *more;
        text = rest;
    }
    return sum;
}

/// The number that stands right before position `at`.
std::optional<std::int64_t> number_before(std::string_view text, std::size_t at) {
    while (at > 0 && text[at - 1] == ' ') --at;
    std::size_t from = at;
    while (from > 0 && (is_digit(text[from - 1]) || text[from - 1] == ',' || text[from - 1] == '.')) --from;
    std::string_view number = text.substr(from, at - from);
    return take_number(number);
}

/// The number behind the first of these texts that has one behind it.
template <std::size_t n>
std::optional<std::int64_t> number_after(const std::array<std::string_view, n>& texts,
                                         std::string_view message) {
    for (const std::string_view text : texts) {
        for (std::size_t at = message.find(text); at != std::string_view::npos;
             at = message.find(text, at + text.size())) {
            std::string_view rest = message.substr(at + text.size());
            if (const auto number = take_sum(rest)) return number;
        }
    }
    return std::nullopt;
}

struct Unit {
    std::string_view name;
    double ms;
};
/// The longer names first.
constexpr std::array kUnits{Unit{"milliseconds", 1},  Unit{"ms", 1},           Unit{"seconds", 1000},
                            Unit{"second", 1000},     Unit{"secs", 1000},      Unit{"sec", 1000},
                            Unit{"s", 1000},          Unit{"minutes", 60'000}, Unit{"minute", 60'000},
                            Unit{"mins", 60'000},     Unit{"min", 60'000},     Unit{"m", 60'000},
                            Unit{"hours", 3'600'000}, Unit{"hour", 3'600'000}, Unit{"h", 3'600'000},
                            Unit{"days", 86'400'000}, Unit{"day", 86'400'000}, Unit{"d", 86'400'000}};

constexpr std::array<std::string_view, 9> kBeforeWait{
    "try again in ",   "retry in ",           "retry after ", "try again after ", "retrying after ",
    "replenished in ", "available again in ", "wait for ",    "please wait "};

constexpr double kLongestWait = 366.0 * 86'400'000;

/// "20:08:55"
std::optional<double> clock_ms(std::string_view text) {
    if (text.size() < 8 || text[2] != ':' || text[5] != ':') return std::nullopt;
    double ms = 0;
    for (const std::size_t at : {0, 3, 6}) {
        if (!is_digit(text[at]) || !is_digit(text[at + 1])) return std::nullopt;
        ms = ms * 60 + (text[at] - '0') * 10 + (text[at + 1] - '0');
    }
    return ms * 1000;
}

std::optional<double> duration_ms(std::string_view text) {
    if (const auto clock = clock_ms(text)) return clock;
    std::optional<double> total;
    for (;;) {
        double amount = 0;
        const auto [end, error] =
            std::from_chars(text.data(), text.data() + text.size(), amount, std::chars_format::fixed);
        if (error != std::errc{} || !(amount >= 0)) return total;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        while (text.starts_with(' ')) text.remove_prefix(1);
        const Unit* unit = nullptr;
        for (const Unit& known : kUnits) {
            if (unit == nullptr && text.starts_with(known.name)) unit = &known;
        }
        if (unit == nullptr) return total;
        total = total.value_or(0) + amount * unit->ms;
        text.remove_prefix(unit->name.size());
        for (const std::string_view between : {" and ", ", ", " "}) {
            if (!text.starts_with(between)) continue;
            text.remove_prefix(between.size());
            break;
        }
    }
}

/// What stands before the size of a request, and before what its model takes.
constexpr std::array<std::string_view, 18> kBeforeTokens{
    "resulted in ",            // OpenAI
    "requested about ",        // OpenRouter
    "you requested ",          // OpenAI, DeepSeek, vLLM
    "your request has ",       // vLLM
    "prompt is too long: ",    // Anthropic, Fireworks
    "exceed context limit: ",  // Anthropic, with the output that was asked for
    "input token count (",     // Gemini
    "input token count is ",   // Gemini
    "prompt contains ",        // Mistral
    "request contains ",       // xAI
    "received ",               // Cohere
    "token count: ",           // Bedrock
    "current length is ",      // Cerebras
    "given: ",                 // Together
    "input length (",          // vLLM
    "has input token length of ",
    "input length: ",
    "prompt token count of "};
constexpr std::array<std::string_view, 16> kBeforeMaximum{
    "maximum context length is ",      // OpenAI, DeepSeek, vLLM, OpenRouter
    "maximum context length of ",      //
    "maximum prompt length is ",       // xAI
    "tokens > ",                       // Anthropic
    "number of tokens allowed (",      // Gemini
    "number of tokens allowed ",       // Gemini
    "only supports up to ",            // Gemini
    "cannot exceed ",                  // Cohere v1
    "limit for this model is ",        // Cohere v2
    "max input tokens: ",              // Bedrock
    "while limit is ",                 // Cerebras
    "must be <= ",                     // Together
    "too large for model with ",       // Mistral
    "model maximum context length: ",  // Fireworks
    "exceeds the limit of ",           // Copilot
    "model's context length is only "};
constexpr std::array<std::string_view, 1> kBeforeExcess{"size limit exceeded by "};  // Cohere v2

struct LimitName {
    std::string_view text;  ///< lower case
    std::string_view name;
};
/// The more particular first. Google's quotaId has no spaces.
constexpr std::array kLimitNames{
    LimitName{"input tokens per minute", "input tokens per minute"},
    LimitName{"output tokens per minute", "output tokens per minute"},
    LimitName{"inputtokenspermodelperminute", "input tokens per minute"},
    LimitName{"inputtokenspermodelperday", "input tokens per day"},
    LimitName{"requestsperminute", "requests per minute"},
    LimitName{"requestsperday", "requests per day"},
    LimitName{"bymodelbyday", "requests per day"},        // GitHub
    LimitName{"bymodelbyminute", "requests per minute"},  // GitHub
    LimitName{"input_token_count", "input tokens"},
    LimitName{"requests_per_minute", "requests per minute"},
    LimitName{"tokens per day", "tokens per day"},
    LimitName{"(tpd)", "tokens per day"},
    LimitName{"requests per day", "requests per day"},
    LimitName{"(rpd)", "requests per day"},
    LimitName{"free-models-per-day", "requests per day to free models"},
    LimitName{"free-models-per-min", "requests per minute to free models"},
    LimitName{"tokens per min", "tokens per minute"},
    LimitName{"tokens/min", "tokens per minute"},
    LimitName{"requests per min", "requests per minute"},
    LimitName{"queries per minute", "requests per minute"},
    LimitName{"requests/min", "requests per minute"},
    LimitName{"images per min", "images per minute"},
    LimitName{"audio seconds per hour", "seconds of audio per hour"},
    LimitName{"audio seconds per day", "seconds of audio per day"},
    LimitName{"requests per second", "requests per second"},
    LimitName{"queries per second", "requests per second"},
    LimitName{"api calls / minute", "requests per minute"},
    LimitName{"api calls / month", "requests per month"},
    LimitName{"monthly spending limit", "spending per month"},
    LimitName{"weekly usage limit", "usage per week"},
    LimitName{"hourly usage limit", "usage per hour"},
    LimitName{"concurrent", "concurrent requests"},
    LimitName{"token rate limit", "tokens per minute"},
    LimitName{"call rate limit", "requests per minute"},
    LimitName{"call volume quota", "calls"},
    LimitName{"requests rate limit", "requests"},
    LimitName{"request rate limit", "requests"},
    LimitName{"too many tokens", "tokens"},
    LimitName{"too many requests", "requests"},
};
constexpr std::array<std::string_view, 5> kBeforeLimit{"limit ", "limit: ", "limit of ", "limited to ",
                                                       "rate limit for this model is "};
constexpr std::array<std::string_view, 2> kBeforeRequested{"requested ", "requested: "};

std::string looked_at(std::string_view message) {
    return lower_case(message.substr(0, kLookedAt));
}

}  // namespace

std::optional<std::int64_t> wait_in(std::string_view message) {
    const std::string text = looked_at(message);
    for (const std::string_view before : kBeforeWait) {
        for (std::size_t at = text.find(before); at != std::string::npos;
             at = text.find(before, at + before.size())) {
            const auto ms = duration_ms(std::string_view(text).substr(at + before.size()));
            if (ms && *ms <= kLongestWait) return static_cast<std::int64_t>(std::ceil(*ms));
        }
    }
    return std::nullopt;
}

std::optional<std::int64_t> moment_in(std::string_view message) {
    // Anthropic: "You will regain access on 2026-12-01 at 00:00 UTC."
    constexpr std::string_view kBefore = "regain access on ";
    constexpr std::string_view kForm = "2026-12-01 at 00:00 UTC";
    const std::string_view text = message.substr(0, kLookedAt);
    const std::size_t at = text.find(kBefore);
    if (at == std::string_view::npos) return std::nullopt;
    const std::string_view told = text.substr(at + kBefore.size(), kForm.size());
    if (told.size() != kForm.size() || told.substr(10, 4) != " at " || !told.ends_with(" UTC"))
        return std::nullopt;
    const auto moment = Timestamp::parse(fmt::format("{}T{}:00Z", told.substr(0, 10), told.substr(14, 5)));
    return moment ? std::optional(moment->unix_nanos / 1'000'000) : std::nullopt;
}

TooLong too_long_in(std::string_view message) {
    const std::string text = looked_at(message);
    TooLong found{number_after(kBeforeTokens, text), number_after(kBeforeMaximum, text)};
    if (!found.maximum && text.contains("exceed context limit")) {
        found.maximum = number_after(std::array<std::string_view, 1>{" > "}, text);
    }
    const auto excess = number_after(kBeforeExcess, text);
    if (!found.tokens && found.maximum && excess) found.tokens = *found.maximum + *excess;
    if (found.tokens && found.maximum && *found.tokens <= *found.maximum) found.tokens.reset();
    return found;
}

LimitHit limit_hit_in(const ProviderError& error) {
    LimitHit hit;
    const std::string details = looked_at(error.limit);
    const std::string text = looked_at(error.message);
    for (const std::string* const told : {&details, &text}) {
        for (const LimitName& known : kLimitNames) {
            const std::size_t at = told->find(known.text);
            if (at == std::string::npos) continue;
            hit.name = known.name;
            hit.limit = number_before(*told, at);
            break;
        }
        if (!hit.name.empty()) break;
    }
    if (const auto limit = number_after(kBeforeLimit, text)) hit.limit = limit;
    hit.requested = number_after(kBeforeRequested, text);
    return hit;
}

}  // namespace steno::providers
