#include "analysis/figures.hpp"

#include <algorithm>
#include <array>
#include <concepts>
#include <limits>
#include <string>

namespace steno::analysis {

namespace {

constexpr std::array<std::string_view, kFiguresMeasures> kMeasures = {
    "calls",        "errors",       "input_tokens", "output_tokens", "cost",
    "duration_sum", "duration_avg", "duration_p95", "ttft_p50"};

template <class T>
std::optional<T> value_in(const store::Cell& cell) {
    const auto* value = std::get_if<store::Value>(&cell);
    if (value == nullptr) return std::nullopt;
    const T* found = std::get_if<T>(value);
    return found == nullptr ? std::nullopt : std::optional(*found);
}

/// The store answers a sum beyond 64 bits as the nearest double.
std::optional<std::int64_t> sum_in(const store::Cell& cell) {
    if (const auto whole = value_in<std::int64_t>(cell)) return whole;
    const auto beyond = value_in<double>(cell);
    if (!beyond) return std::nullopt;
    using Limits = std::numeric_limits<std::int64_t>;
    return *beyond < 0 ? Limits::min() : Limits::max();
}

template <class T>
void member(JsonWriter& json, std::string_view name, const std::optional<T>& value) {
    json.key(name);
    if (!value)
        json.null();
    else if constexpr (std::same_as<T, Duration>)
        json.number(static_cast<double>(value->nanos) / 1e6);
    else
        json.number(*value);
}

}  // namespace

std::optional<std::int64_t> Figures::tokens() const {
    if (!input_tokens && !output_tokens) return std::nullopt;
    std::int64_t sum = 0;
    if (__builtin_add_overflow(input_tokens.value_or(0), output_tokens.value_or(0), &sum))
        return input_tokens.value_or(0) < 0 ? std::numeric_limits<std::int64_t>::min()
                                            : std::numeric_limits<std::int64_t>::max();
    return sum;
}

std::optional<double> Figures::failure_rate() const {
    if (calls == 0) return std::nullopt;
    return static_cast<double>(failures) / static_cast<double>(calls);
}

std::vector<store::Measure> figures_measures() {
    std::vector<store::Measure> measures;
    for (const std::string_view name : kMeasures) measures.push_back(store::make_measure(name).value());
    return measures;
}

Figures figures_of(std::span<const store::Cell> cells) {
    Figures figures;
    figures.calls = value_in<std::int64_t>(cells[0]).value_or(0);
    figures.failures = value_in<std::int64_t>(cells[1]).value_or(0);
    figures.input_tokens = sum_in(cells[2]);
    figures.output_tokens = sum_in(cells[3]);
    if (const auto* cost = std::get_if<store::CostSum>(&cells[4])) figures.cost = *cost;
    figures.duration = value_in<Duration>(cells[5]);
    figures.duration_average = value_in<Duration>(cells[6]);
    figures.duration_p95 = value_in<Duration>(cells[7]);
    figures.first_token_p50 = value_in<Duration>(cells[8]);
    return figures;
}

void write(JsonWriter& json, const store::CostSum& cost) {
    json.begin_object();
    if (cost.total) json.member("total", cost.total->to_string());
    if (!cost.currency.empty()) json.member("currency", cost.currency);
    json.member("unpriced_calls", cost.unpriced_calls);
    json.member("estimated_calls", cost.estimated_calls);
    json.end_object();
}

void write_members(JsonWriter& json, const Figures& figures) {
    json.member("calls", figures.calls);
    json.member("failures", figures.failures);
    const auto rate = figures.failure_rate();
    member(json, "failure_rate", rate);
    member(json, "success_rate", rate ? std::optional(1 - *rate) : std::nullopt);
    member(json, "input_tokens", figures.input_tokens);
    member(json, "output_tokens", figures.output_tokens);
    const auto tokens = figures.tokens();
    member(json, "total_tokens", tokens);
    member(json, "average_tokens",
           tokens && figures.calls > 0
               ? std::optional(static_cast<double>(*tokens) / static_cast<double>(figures.calls))
               : std::nullopt);
    json.key("cost");
    write(json, figures.cost);
    member(json, "duration_ms", figures.duration);
    member(json, "average_duration_ms", figures.duration_average);
    member(json, "p95_duration_ms", figures.duration_p95);
    member(json, "p50_first_token_ms", figures.first_token_p50);
}

void write_figures(JsonWriter& json, std::string_view key, const Figures& figures) {
    json.key(key);
    json.begin_object();
    write_members(json, figures);
    json.end_object();
}

}  // namespace steno::analysis
