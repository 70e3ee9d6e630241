#include "alerts/metric.hpp"

#include "base/money.hpp"
#include "base/nearest.hpp"
#include "base/percent.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace steno::alerts {

namespace {

using store::Filter;
using store::Measure;
using Function = store::Measure::Function;

struct Named {
    std::string_view name;
    Unit unit;
    std::string_view top, top_filter;
    std::string_view bottom, bottom_filter;  ///< none: no division
    std::string_view sample_filter, sample_order;
};

constexpr std::string_view kNewest = "-started_at", kDearest = "-cost.total";

/// Measures with "+" between them; filters with "&".
constexpr std::array kNamed{
    Named{"calls", Unit::Number, "calls", "", "", "", "", kNewest},
    Named{"failures", Unit::Number, "errors", "", "", "", "status=failure", kNewest},
    Named{"failure_rate", Unit::Share, "errors", "", "calls", "", "status=failure", kNewest},
    Named{"success_rate", Unit::Share, "calls", "status=success", "calls", "", "status.ne=success", kNewest},
    Named{"partial_rate", Unit::Share, "calls", "status=partial", "calls", "", "status=partial", kNewest},
    Named{"cost", Unit::Money, "cost", "", "", "", "cost.total.exists=true", kDearest},
    Named{"cost_per_call", Unit::Money, "cost", "", "calls", "", "cost.total.exists=true", kDearest},
    Named{"tokens", Unit::Number, "input_tokens+output_tokens", "", "", "", "usage.input_tokens.exists=true",
          "-usage.input_tokens"},
    Named{"tokens_per_second", Unit::Number, "output_tokens",
          "time.duration_ms.gt=0&usage.output_tokens.gt=0", "duration_sum",
          "time.duration_ms.gt=0&usage.output_tokens.gt=0", "time.duration_ms.gt=0", "-time.duration_ms"},
    Named{"cache_hit_rate", Unit::Share, "cache_read_tokens", "", "input_tokens", "", "", kNewest},
    Named{"missing_variables_rate", Unit::Share, "calls", "prompt.missing_variables.exists=true", "calls", "",
          "prompt.missing_variables.exists=true", kNewest},
    Named{"accepted_rate", Unit::Share, "calls", "feedback.verdict=accepted", "calls",
          "feedback.verdict.in=accepted,rejected,modified", "feedback.verdict.in=rejected,modified", kNewest},
    Named{"rejected_rate", Unit::Share, "calls", "feedback.verdict=rejected", "calls",
          "feedback.verdict.in=accepted,rejected,modified", "feedback.verdict=rejected", kNewest},
};

Result<std::vector<Filter>> filters_of(std::string_view text) {
    std::vector<Filter> filters;
    for (const std::string_view one : split(text, '&')) {
        const std::size_t equals = one.find('=');
        if (equals == std::string_view::npos)
            return fail(Code::InvalidArgument, fmt::format("\"{}\" is no filter", utf8_prefix(one, 80)),
                        "FIELD[.OP]=VALUE, such as status=partial");
        STENO_ASSIGN(Filter filter, store::make_filter(one.substr(0, equals), one.substr(equals + 1)));
        filters.push_back(std::move(filter));
    }
    return filters;
}

Result<Part> part_of(std::string_view measures, std::string_view filters) {
    Part part;
    STENO_ASSIGN(part.filters, filters_of(filters));
    for (const std::string_view name : split(measures, '+')) {
        STENO_ASSIGN(Measure measure, store::make_measure(name));
        part.measures.push_back(std::move(measure));
    }
    return part;
}

Result<Metric> made(const Named& named) {
    Metric metric;
    metric.name = named.name;
    metric.unit = named.unit;
    STENO_ASSIGN(metric.top, part_of(named.top, named.top_filter));
    if (!named.bottom.empty()) {
        STENO_ASSIGN(metric.bottom, part_of(named.bottom, named.bottom_filter));
    }
    STENO_ASSIGN(metric.sample_filters, filters_of(named.sample_filter));
    metric.sample_order = named.sample_order;
    return metric;
}

/// share(FILTER): of all calls, those that fit.
Result<Metric> share_of(std::string_view name) {
    const std::string_view filter = name.substr(6, name.size() - 7);
    Metric metric;
    metric.name = name;
    metric.unit = Unit::Share;
    STENO_ASSIGN(metric.top, part_of("calls", filter));
    if (metric.top.filters.empty())
        return fail(Code::InvalidArgument, "share() of what?", "share(status=partial)");
    STENO_ASSIGN(metric.bottom, part_of("calls", ""));
    metric.sample_filters = metric.top.filters;
    return metric;
}

/// What a measure of the store counts in; nothing if it is no number.
std::optional<Unit> unit_of(const Measure& measure) {
    switch (measure.function) {
        case Function::Calls:
        case Function::Errors:
        case Function::Count:
        case Function::Distinct:
            return Unit::Number;
        case Function::ErrorRate:
            return Unit::Share;
        case Function::Cost:
            return Unit::Money;
        default:
            break;
    }
    switch (measure.field.type()) {
        case FieldType::Integer:
        case FieldType::Number:
            return Unit::Number;
        case FieldType::Duration:
            return Unit::Milliseconds;
        case FieldType::Decimal:
            return Unit::Money;
        default:
            return std::nullopt;
    }
}

/// One of the store's; what is dear or slow shows a sum, average, percentile or greatest value best.
Result<Metric> measured(std::string_view name) {
    auto measure = store::make_measure(name);
    if (!measure) {
        Error error = std::move(measure).error();
        std::vector<std::string_view> names;
        for (const Named& named : kNamed) names.push_back(named.name);
        for (const std::string_view more : {"duration_avg", "duration_p50", "duration_p95", "duration_p99",
                                            "ttft_p50", "ttft_p95", "input_tokens", "output_tokens"})
            names.push_back(more);
        if (const std::string_view meant = nearest(name, names); !meant.empty())
            error.remedy = fmt::format("did you mean {}?", meant);
        else
            error.remedy =
                fmt::format("{}, share(FILTER), or a measure: {}", fmt::join(names, ", "), error.remedy);
        error.message = fmt::format("there is no metric \"{}\"", utf8_prefix(name, 80));
        return std::unexpected(std::move(error));
    }
    const auto unit = unit_of(*measure);
    if (!unit)
        return fail(Code::InvalidArgument, fmt::format("{} is no number", utf8_prefix(name, 80)),
                    "a threshold needs one");
    Metric metric;
    metric.name = name;
    metric.unit = *unit;
    const bool of_values = measure->function == Function::Sum || measure->function == Function::Average ||
                           measure->function == Function::Maximum ||
                           measure->function == Function::Percentile;
    if (of_values && measure->field.is_scalar()) {
        STENO_ASSIGN(Filter there, store::make_filter(measure->field.path(), store::Op::Exists, "true"));
        metric.sample_filters.push_back(std::move(there));
        metric.sample_order = "-" + measure->field.path();
    }
    metric.top.measures.push_back(std::move(*measure));
    return metric;
}

std::optional<Decimal> decimal_of(const store::Value& value) {
    if (const auto* integer = std::get_if<std::int64_t>(&value))
        return Decimal::from_units(*integer * Decimal::kOne);
    if (const auto* money = std::get_if<Decimal>(&value)) return *money;
    if (const auto* duration = std::get_if<Duration>(&value))
        return Decimal::from_units(static_cast<__int128>(duration->nanos) * 1'000'000);
    if (const auto* number = std::get_if<double>(&value)) return decimal_of(*number);
    return std::nullopt;
}

/// The sum of a part's cells; absent where none has a value.
Reading sum_of(std::span<const store::Cell> cells) {
    Reading sum;
    for (const store::Cell& cell : cells) {
        std::optional<Decimal> value;
        if (const auto* cost = std::get_if<store::CostSum>(&cell)) {
            value = cost->total;
            sum.unpriced_calls += cost->unpriced_calls;
            if (cost->currency == "mixed") {
                Reading mixed;
                mixed.because = "the calls cost money in different currencies";
                mixed.unpriced_calls = cost->unpriced_calls;
                return mixed;
            }
            if (value) sum.currency = cost->currency;
        } else if (const auto* some = std::get_if<store::Value>(&cell)) {
            value = decimal_of(*some);
        }
        if (value) sum.value = sum.value.value_or(Decimal()) + *value;
    }
    return sum;
}

std::string grouped(std::string digits) {
    const std::size_t whole = std::min(digits.find('.'), digits.size());
    const std::size_t first = digits.starts_with('-') ? 1 : 0;
    for (std::size_t at = whole; at > first + 3; at -= 3) digits.insert(at - 3, ",");
    return digits;
}

/// At most so many places, without trailing zeros.
std::string rounded(double value, int places) {
    std::string text = fmt::format("{:.{}f}", value, places);
    if (text.contains('.')) {
        while (text.ends_with('0')) text.pop_back();
        if (text.ends_with('.')) text.pop_back();
    }
    return text;
}

}  // namespace

bool Metric::zero_without_calls() const {
    if (bottom) return false;
    return std::ranges::all_of(top.measures, [](const Measure& measure) {
        return measure.function == Function::Calls || measure.function == Function::Errors ||
               measure.function == Function::Cost || measure.function == Function::Count ||
               measure.function == Function::Distinct || measure.function == Function::Sum;
    });
}

std::string shown(Unit unit, Decimal amount, std::string_view currency) {
    const double value = amount.to_double();
    switch (unit) {
        case Unit::Share:
            return rounded(value * 100, 2) + " %";
        case Unit::Money: {
            if (value < 1 && value > -1) return money_text(amount, currency);
            const std::string text = grouped(fmt::format("{:.2f}", value));
            if (currency == "USD") return "$" + text;
            return currency.empty() ? text : fmt::format("{} {}", text, currency);
        }
        case Unit::Milliseconds:
            return value >= 1000 ? grouped(rounded(value / 1000, 2)) + " s" : rounded(value, 1) + " ms";
        case Unit::Number:
            break;
    }
    return grouped(rounded(value, value < 10 ? 3 : 1));
}

std::string measured(Unit unit, Decimal amount, std::string_view currency) {
    return unit == Unit::Share ? percent_text(amount.to_double()) : shown(unit, amount, currency);
}

void write_amount(JsonWriter& json, Unit unit, Decimal amount) {
    if (unit == Unit::Money)
        json.string(amount.to_short_string());
    else
        json.number(amount.to_double());
}

Result<Decimal> parse_amount(Unit unit, std::string_view what, std::string_view text) {
    const auto wrong = [&](std::string_view remedy) {
        return fail(Code::InvalidArgument,
                    fmt::format("{}: \"{}\" cannot be read", what, utf8_prefix(text, 40)),
                    std::string(remedy));
    };
    std::string_view number = trim(text);
    std::int64_t times = 1, per = 1;
    const auto ends = [&number](std::string_view suffix) {
        if (!number.ends_with(suffix)) return false;
        number = trim(number.substr(0, number.size() - suffix.size()));
        return true;
    };
    switch (unit) {
        case Unit::Share:
            if (ends("%")) per = 100;
            break;
        case Unit::Money:
            if (number.starts_with('$')) number.remove_prefix(1);
            break;
        case Unit::Milliseconds:
            if (ends("ms")) break;
            if (ends("s"))
                times = 1000;
            else if (ends("m"))
                times = 60'000;
            break;
        case Unit::Number:
            break;
    }
    const auto parsed = Decimal::parse(number);
    if (!parsed) {
        switch (unit) {
            case Unit::Share:
                return wrong("a share, such as 0.05 or 5%");
            case Unit::Money:
                return wrong("money, such as 12.50");
            case Unit::Milliseconds:
                return wrong("milliseconds, or such as 1.5s");
            case Unit::Number:
                return wrong("a number");
        }
    }
    return Decimal::from_units(parsed->units() * times / per);
}

Result<Metric> make_metric(std::string_view name) {
    const auto named = std::ranges::find(kNamed, name, &Named::name);
    if (named != kNamed.end()) return made(*named);
    if (name.starts_with("share(") && name.ends_with(')')) return share_of(name);
    return measured(name);
}

std::optional<Decimal> decimal_of(double value) {
    const double units = value * 1e12;
    if (!std::isfinite(units) || std::abs(units) > 1e27) return std::nullopt;
    return Decimal::from_units(static_cast<__int128>(std::nearbyint(units)));
}

std::optional<Decimal> ratio(Decimal top, Decimal bottom) {
    if (bottom == Decimal()) return std::nullopt;
    constexpr __int128 kMost = static_cast<__int128>(1) << 86;  // times 1e12 still fits
    if (top.units() > -kMost && top.units() < kMost) {
        const __int128 scaled = top.units() * Decimal::kOne;
        return Decimal::from_units(scaled / bottom.units());
    }
    return decimal_of(top.to_double() / bottom.to_double());
}

Reading read(const Metric& metric, std::span<const store::Cell> top, std::span<const store::Cell> bottom) {
    Reading reading = sum_of(top);
    if (!reading.value && reading.because.empty() && metric.zero_without_calls() &&
        reading.unpriced_calls == 0)
        reading.value = Decimal();
    if (metric.bottom && reading.value) {
        const Reading below = sum_of(bottom);
        reading.value = below.value ? ratio(*reading.value, *below.value) : std::nullopt;
        // Durations are in milliseconds, and people think in seconds.
        if (reading.value && metric.name == "tokens_per_second")
            reading.value = Decimal::from_units(reading.value->units() * 1000);
    }
    if (!reading.value && reading.because.empty()) reading.because = "no call says it";
    return reading;
}

}  // namespace steno::alerts
