#include "suggestions/suggestion.hpp"

#include "base/json_or_null.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace steno::suggestions {

namespace {

constexpr std::array<std::string_view, kKinds> kNames = {
    "cheaper_model", "uncached_prefix", "repeated_request", "paid_failure",
    "cut_answer",    "high_limit",      "temperature",      "missing_variables"};

constexpr std::int64_t kSecond = 1'000'000'000, kDaySeconds = 86'400;

void money_or_null(JsonWriter& json, std::string_view name, const std::optional<Decimal>& amount) {
    text_or_null(json, name, amount ? amount->to_string() : std::string());
}

void write(JsonWriter& json, const Saving& saving) {
    json.begin_object();
    json.member("currency", saving.currency);
    json.member("amount", saving.amount.to_string());
    money_or_null(json, "per_month", saving.month);
    json.key("per_month_interval");
    if (saving.month_low && saving.month_high) {
        json.begin_array();
        json.string(saving.month_low->to_string());
        json.string(saving.month_high->to_string());
        json.end_array();
    } else {
        json.null();
    }
    json.member("basis", to_string(saving.basis));
    json.member("how", saving.how);
    json.end_object();
}

}  // namespace

std::string_view to_string(Kind kind) {
    return kNames[static_cast<std::size_t>(kind)];
}

Result<Kind> parse_kind(std::string_view name) {
    const auto found = std::ranges::find(kNames, name);
    if (found == kNames.end())
        return fail(Code::InvalidArgument, fmt::format("there are no suggestions of the kind \"{}\"", name),
                    fmt::format("{}", fmt::join(kNames, ", ")));
    return static_cast<Kind>(found - kNames.begin());
}

std::string_view to_string(Basis basis) {
    static constexpr std::array<std::string_view, 3> kBases = {"spent", "computed", "estimated"};
    return kBases[static_cast<std::size_t>(basis)];
}

std::string_view to_string(Confidence confidence) {
    static constexpr std::array<std::string_view, 3> kLevels = {"low", "medium", "high"};
    return kLevels[static_cast<std::size_t>(confidence)];
}

std::optional<Decimal> Span::month_of(Decimal amount) const {
    const std::int64_t seconds = (to.unix_nanos - from.unix_nanos) / kSecond;
    if (seconds < kDaySeconds) return std::nullopt;
    return amount.times(30 * kDaySeconds, seconds);
}

std::string about(Decimal amount, std::string_view currency) {
    const double value = amount.to_double();
    std::string number;
    if (value == 0 || std::abs(value) >= 1)
        number = fmt::format("{:.2f}", value);
    else  // two digits that say something, and no exponent
        number =
            fmt::format("{:.{}f}", value,
                        std::clamp(1 - static_cast<int>(std::floor(std::log10(std::abs(value)))), 2, 12));
    return currency == "USD" ? "$" + number : fmt::format("{} {}", number, currency);
}

std::string grouped(std::int64_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t at = digits.size(); at > 3 + (number < 0 ? 1U : 0U);) digits.insert(at -= 3, ",");
    return digits;
}

void write(JsonWriter& json, const Suggestion& suggestion) {
    json.member("kind", to_string(suggestion.kind));
    json.member("sentence", suggestion.sentence);
    json.key("task");
    json.begin_object();
    text_or_null(json, "prompt_type", suggestion.task.type);
    text_or_null(json, "prompt", suggestion.task.prompt);
    text_or_null(json, "version", suggestion.task.version);
    text_or_null(json, "agent", suggestion.task.agent);
    text_or_null(json, "function", suggestion.task.function);
    json.end_object();
    text_or_null(json, "provider", suggestion.model.provider);
    text_or_null(json, "model", suggestion.model.name);
    json.key("saving");
    if (suggestion.saving)
        write(json, *suggestion.saving);
    else
        json.null();
    json.member("confidence", to_string(suggestion.confidence));
    json.key("caveats");
    json.begin_array();
    for (const std::string& caveat : suggestion.caveats) json.string(caveat);
    json.end_array();
    json.member("affected_calls", suggestion.affected);
    json.key("evidence");
    json.begin_object();
    for (const auto& [name, value] : suggestion.evidence) {
        json.key(name);
        if (const auto* whole = std::get_if<std::int64_t>(&value)) json.number(*whole);
        if (const auto* number = std::get_if<double>(&value)) json.number(*number);
        if (const auto* money = std::get_if<Decimal>(&value)) json.string(money->to_string());
        if (const auto* text = std::get_if<std::string>(&value)) json.string(*text);
    }
    json.end_object();
    json.key("calls");
    json.begin_array();
    for (const Uuid& id : suggestion.calls) json.string(id.to_string());
    json.end_array();
    json.member("from", suggestion.from.to_string());
    json.member("to", suggestion.to.to_string());
    json.member("command", suggestion.command);
}

}  // namespace steno::suggestions
