#include "analysis/trends.hpp"

#include "analysis/cells.hpp"
#include "analysis/figures.hpp"
#include "analysis/measure_inquiry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

namespace steno::analysis {

namespace {

using store::Cell;
using Cells = std::span<const Cell>;

Amount plain(Cells cells) {
    if (const auto* cost = std::get_if<store::CostSum>(&cells[0]))
        return cost->total ? Amount(*cost->total) : Amount();
    const auto* value = std::get_if<store::Value>(&cells[0]);
    if (value == nullptr) return {};
    if (const auto* whole = std::get_if<std::int64_t>(value)) return *whole;
    if (const auto* number = std::get_if<double>(value)) return *number;
    if (const auto* money = std::get_if<Decimal>(value)) return *money;
    if (const auto* time = std::get_if<Duration>(value)) return static_cast<double>(time->nanos) / 1e6;
    return {};
}

Amount sum_of_two(Cells cells) {
    const auto one = number_in(cells[0]), other = number_in(cells[1]);
    if (!one && !other) return {};
    const auto* a = std::get_if<store::Value>(&cells[0]);
    const auto* b = std::get_if<store::Value>(&cells[1]);
    const auto* whole_a = a == nullptr ? nullptr : std::get_if<std::int64_t>(a);
    const auto* whole_b = b == nullptr ? nullptr : std::get_if<std::int64_t>(b);
    std::int64_t sum = 0;
    const bool exact =
        (whole_a != nullptr || !one) && (whole_b != nullptr || !other) &&
        !__builtin_add_overflow(whole_a != nullptr ? *whole_a : 0, whole_b != nullptr ? *whole_b : 0, &sum);
    if (exact) return sum;
    return one.value_or(0) + other.value_or(0);  // beyond 64 bits, as the store answers it
}

Amount ratio(Cells cells) {
    const auto above = number_in(cells[0]), below = number_in(cells[1]);
    if (!above || !below || *below == 0) return {};
    return *above / *below;
}

Amount per_second(Cells cells) {
    const auto tokens = number_in(cells[0]);
    const Amount ms = plain(cells.subspan(1));
    const auto* time = std::get_if<double>(&ms);
    if (!tokens || time == nullptr || *time <= 0) return {};
    return *tokens / *time * 1000;
}

Amount tokens_per_call(Cells cells) {
    const auto tokens = to_double(sum_of_two(cells)), calls = number_in(cells[2]);
    if (!tokens || !calls || *calls == 0) return {};
    return *tokens / *calls;
}

/// AI calls: those without a request are one each.
std::int64_t requests_in(Cells cells) {
    const auto count = [&](std::size_t i) {
        return static_cast<std::int64_t>(number_in(cells[i]).value_or(0));
    };
    return count(0) + count(1) - count(2);
}
Amount requests(Cells cells) {
    return requests_in(cells);
}

Amount money_per(Cells cells, std::int64_t count) {
    const auto* cost = std::get_if<store::CostSum>(&cells[0]);
    if (cost == nullptr || !cost->total || count <= 0) return {};
    return cost->total->times(1, count);  // rounded once, at the twelfth place
}
Amount cost_per_call(Cells cells) {
    return money_per(cells, static_cast<std::int64_t>(number_in(cells[1]).value_or(0)));
}
Amount cost_per_request(Cells cells) {
    return money_per(cells, requests_in(cells.subspan(1)));
}

struct Named {
    std::string_view name;
    Unit unit;
    bool sum;
    std::optional<SeriesKind> anomalies;
    std::array<std::string_view, 4> of;
    Amount (*value)(Cells);
};
constexpr std::array kNamed = {
    Named{"cost", Unit::Money, true, SeriesKind::Sum, {"cost"}, plain},
    Named{"calls", Unit::Count, true, SeriesKind::Sum, {"calls"}, plain},
    Named{"requests",
          Unit::Count,
          true,
          SeriesKind::Sum,
          {"distinct(trace.request_id)", "calls", "count(trace.request_id)"},
          requests},
    Named{"failures", Unit::Count, true, SeriesKind::Sum, {"errors"}, plain},
    Named{"failure_rate", Unit::Share, false, SeriesKind::Share, {"errors", "calls"}, ratio},
    Named{"tokens", Unit::Count, true, SeriesKind::Sum, {"input_tokens", "output_tokens"}, sum_of_two},
    Named{"input_tokens", Unit::Count, true, SeriesKind::Sum, {"input_tokens"}, plain},
    Named{"output_tokens", Unit::Count, true, SeriesKind::Sum, {"output_tokens"}, plain},
    Named{"cost_per_call", Unit::Money, false, SeriesKind::Typical, {"cost", "calls"}, cost_per_call},
    Named{"cost_per_request",
          Unit::Money,
          false,
          SeriesKind::Typical,
          {"cost", "distinct(trace.request_id)", "calls", "count(trace.request_id)"},
          cost_per_request},
    Named{"tokens_per_call",
          Unit::Number,
          false,
          SeriesKind::Typical,
          {"input_tokens", "output_tokens", "calls"},
          tokens_per_call},
    Named{"tokens_per_second",
          Unit::Number,
          false,
          SeriesKind::Typical,
          {"output_tokens", "duration_sum"},
          per_second},
    Named{"cache_share", Unit::Share, false, std::nullopt, {"cache_read_tokens", "input_tokens"}, ratio},
};

Result<Trend::Series> series(MeasureInquiry& ask, const TrendQuestion& question, const GroupKey& group,
                             std::span<const std::pair<std::int64_t, Timestamp>> buckets) {
    const store::Selection within = group_of(question.now, question.by, group);
    const auto told = [&](const Measured& found) {
        if (found.calls > 0 || !question.measure.sum) return found.value;
        return question.measure.unit == Unit::Money ? Amount(Decimal()) : Amount(std::int64_t{0});
    };
    Trend::Series series;
    STENO_ASSIGN(auto whole, ask.ask(within, false));
    series.calls = whole[std::nullopt].calls;
    series.value = told(whole[std::nullopt]);
    series.currency = whole[std::nullopt].currency;
    series.by_currency = std::move(whole[std::nullopt].by_currency);
    if (question.before.from) {
        STENO_ASSIGN(auto before, ask.ask(group_of(question.before, question.by, group), false));
        series.calls_before = before[std::nullopt].calls;
        series.before = told(before[std::nullopt]);
        series.currency_before = before[std::nullopt].currency;
        series.by_currency_before = std::move(before[std::nullopt].by_currency);
    }
    STENO_ASSIGN(auto found, ask.ask(within, true));
    for (std::size_t i = 0; i < buckets.size(); ++i) {
        Measured& one = found[buckets[i].first];
        const Timestamp end = i + 1 < buckets.size() ? buckets[i + 1].second : *question.now.to;
        series.points.push_back(
            {buckets[i].second, end, one.calls, told(one), one.currency, std::move(one.by_currency)});
    }
    return series;
}

}  // namespace

std::optional<double> to_double(const Amount& amount) {
    if (const auto* whole = std::get_if<std::int64_t>(&amount)) return static_cast<double>(*whole);
    if (const auto* money = std::get_if<Decimal>(&amount)) return money->to_double();
    if (const auto* number = std::get_if<double>(&amount)) return *number;
    return std::nullopt;
}

void write(JsonWriter& json, const Amount& amount) {
    if (const auto* whole = std::get_if<std::int64_t>(&amount))
        json.number(*whole);
    else if (const auto* money = std::get_if<Decimal>(&amount))
        json.string(money->to_string());
    else if (const auto* number = std::get_if<double>(&amount))
        json.number(*number);
    else
        json.null();
}

std::string_view to_string(Unit unit) {
    static constexpr std::array<std::string_view, 5> kNames = {"count", "money", "share", "ms", "number"};
    return kNames[static_cast<std::size_t>(unit)];
}

Result<TrendMeasure> trend_measure(std::string_view name) {
    TrendMeasure measure;
    measure.name = name;
    if (const auto* named = std::ranges::find(kNamed, name, &Named::name); named != kNamed.end()) {
        measure.unit = named->unit;
        measure.sum = named->sum;
        measure.anomalies = named->anomalies;
        measure.value = named->value;
        for (const std::string_view part : named->of)
            if (!part.empty()) measure.of.push_back(store::make_measure(part).value());
        if (name == "tokens_per_second")
            for (const char* field : {"usage.output_tokens", "time.duration_ms"})
                measure.filters.push_back(store::make_filter(field, store::Op::Gt, "0").value());
        return measure;
    }
    auto made = store::make_measure(name);
    if (!made) {
        Error error = std::move(made).error();
        error.remedy =
            "cost, requests, failures, failure_rate, tokens, cost_per_call, cost_per_request, "
            "tokens_per_call, tokens_per_second, cache_share; or " +
            error.remedy;
        return std::unexpected(std::move(error));
    }
    using Function = store::Measure::Function;
    const bool of_field = made->function != Function::Calls && made->function != Function::Errors &&
                          made->function != Function::ErrorRate && made->function != Function::Cost &&
                          made->function != Function::Count && made->function != Function::Distinct;
    if (of_field) {
        const FieldType type = made->field.type();
        if (type == FieldType::Duration)
            measure.unit = Unit::Milliseconds;
        else if (type != FieldType::Integer && type != FieldType::Number)
            return fail(Code::InvalidArgument, fmt::format("{} is no number over time", name),
                        "cost, calls, failure_rate, duration_p95, ttft_p50, p95(usage.output_tokens), …");
        const bool typical = made->function == Function::Percentile || made->function == Function::Average;
        if (typical) measure.anomalies = SeriesKind::Typical;
    } else {
        measure.unit = made->function == Function::ErrorRate ? Unit::Share : Unit::Count;
        measure.sum = made->function != Function::ErrorRate;
        measure.anomalies = made->function == Function::ErrorRate ? SeriesKind::Share : SeriesKind::Sum;
    }
    measure.value = plain;
    measure.of.push_back(*std::move(made));
    return measure;
}

std::optional<double> Trend::Series::change() const {
    if (!currency.empty() && !currency_before.empty() && currency != currency_before) return std::nullopt;
    const auto is = to_double(value), was = to_double(before);
    if (!is || !was || *was == 0) return std::nullopt;
    return *is / *was - 1;
}

Result<Trend> trend(store::CallQueries& store, const TrendQuestion& question) {
    if (question.groups > kMaxTrendGroups || question.by.size() > store::kMaxGroupBy || !question.now.from ||
        !question.now.to)
        return fail(Code::InvalidArgument,
                    fmt::format("a trend is of a period, by up to {} fields, of up to {} groups",
                                store::kMaxGroupBy, kMaxTrendGroups));
    const std::size_t lines = 1 + (question.by.empty() ? 0 : question.groups);
    STENO_ASSIGN(const auto buckets,
                 buckets_of(question.bucket, *question.now.from, *question.now.to, kMaxTrendPoints / lines));
    Trend trend;
    MeasureInquiry ask(store, question.measure, question.bucket);
    STENO_ASSIGN(trend.all, series(ask, question, {}, buckets));
    trend.currency = ask.currency();
    if (question.by.empty() || question.groups == 0) return trend;
    STENO_ASSIGN(const auto groups,
                 ask.greatest(question.now, question.by, question.groups, trend.truncated));
    for (const auto& key : groups) {
        STENO_ASSIGN(Trend::Series one, series(ask, question, key, buckets));
        one.key = key;
        trend.groups.push_back(std::move(one));
    }
    return trend;
}

namespace {

void write_amounts(JsonWriter& json, std::string_view key, const std::map<std::string, Decimal>& amounts) {
    if (amounts.empty()) return;
    json.key(key);
    json.begin_object();
    for (const auto& [currency, amount] : amounts) json.member(currency, amount.to_string());
    json.end_object();
}

void write_series(JsonWriter& json, const Trend::Series& series, bool several_currencies) {
    json.member("calls", series.calls);
    json.member("calls_before", series.calls_before);
    json.key("value");
    write(json, series.value);
    json.key("before");
    write(json, series.before);
    if (several_currencies) {
        write_name(json, "currency", series.currency);
        write_name(json, "currency_before", series.currency_before);
        write_amounts(json, "totals", series.by_currency);
        write_amounts(json, "totals_before", series.by_currency_before);
    }
    json.key("change");
    if (const auto changed = series.change())
        json.number(*changed);
    else
        json.null();
    json.key("points");
    json.begin_array();
    for (const Trend::Point& point : series.points) {
        json.begin_object();
        json.member("begin", point.begin.to_string());
        json.member("end", point.end.to_string());
        json.member("calls", point.calls);
        json.key("value");
        write(json, point.value);
        if (several_currencies) {
            write_name(json, "currency", point.currency);
            write_amounts(json, "totals", point.by_currency);
        }
        json.end_object();
    }
    json.end_array();
}

}  // namespace

void write_members(JsonWriter& json, const TrendQuestion& question, const Trend& trend) {
    json.member("measure", question.measure.name);
    json.member("unit", to_string(question.measure.unit));
    write_name(json, "currency", trend.currency);
    const bool several_currencies = trend.currency == "mixed";
    json.key("all");
    json.begin_object();
    write_series(json, trend.all, several_currencies);
    json.end_object();
    json.key("groups");
    json.begin_array();
    for (const Trend::Series& series : trend.groups) {
        json.begin_object();
        json.key("key");
        json.begin_object();
        for (std::size_t i = 0; i < question.by.size(); ++i) {
            json.key(question.by[i].path());
            if (i < series.key.size() && series.key[i]) {
                std::string text;
                store::append_json(text, *series.key[i]);
                json.raw(text);
            } else {
                json.null();
            }
        }
        json.end_object();
        write_series(json, series, several_currencies);
        json.end_object();
    }
    json.end_array();
    json.member("truncated", trend.truncated);
}

Result<std::optional<Timestamp>> first_call(store::CallQueries& store, store::Selection selection) {
    selection.from.reset();
    selection.to.reset();
    store::CallQuery query;
    query.selection = ai_calls_of(std::move(selection));
    query.limit = 1;
    query.fields = {"id"};
    STENO_TRY(store::set_order(query, "started_at"));
    STENO_ASSIGN(const store::Page page, store.find(query));
    if (page.rows.empty()) return std::nullopt;
    return page.rows.front().call.started_at;
}

}  // namespace steno::analysis
