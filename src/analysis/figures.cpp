#include "analysis/figures.hpp"

#include "base/json_or_null.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <string>

namespace steno::analysis {

namespace {

constexpr std::size_t kSumsMeasures = 5;
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

/// Absent only where both are; the nearest number to what exceeds 64 bits.
std::optional<std::int64_t> added(std::optional<std::int64_t> a, std::optional<std::int64_t> b) {
    if (!a || !b) return a ? a : b;
    using Limits = std::numeric_limits<std::int64_t>;
    std::int64_t sum = 0;
    if (__builtin_add_overflow(*a, *b, &sum)) return *a < 0 ? Limits::min() : Limits::max();
    return sum;
}

/// What the cost comes to in each currency.
Amounts amounts_of(const Sums& sums) {
    Amounts amounts = sums.by_currency;
    if (sums.cost.total) amounts[sums.cost.currency] = *sums.cost.total;
    return amounts;
}

/// False where there were too many groups to tell: the amounts of some calls are then not those of all.
bool amounts_known(const Sums& sums) {
    return sums.cost.currency != "mixed" || !sums.by_currency.empty();
}

/// As the store adds up the cost of the calls of both.
void add(store::CostSum& sum, const store::CostSum& other) {
    if (sum.currency.empty()) sum.currency = other.currency;
    const bool mixed = !other.currency.empty() && sum.currency != other.currency;
    if (mixed) sum.currency = "mixed";
    if (other.total) sum.total = sum.total.value_or(Decimal()) + *other.total;
    if (sum.currency == "mixed") sum.total.reset();
    sum.unpriced_calls += other.unpriced_calls;
    sum.estimated_calls += other.estimated_calls;
}

std::optional<double> milliseconds(const std::optional<Duration>& duration) {
    return duration ? std::optional(static_cast<double>(duration->nanos) / 1e6) : std::nullopt;
}

}  // namespace

Sums& Sums::operator+=(const Sums& other) {
    calls += other.calls;
    failures += other.failures;
    input_tokens = added(input_tokens, other.input_tokens);
    output_tokens = added(output_tokens, other.output_tokens);
    const bool known = amounts_known(*this) && amounts_known(other);
    auto amounts = amounts_of(*this);
    for (const auto& [currency, amount] : amounts_of(other)) amounts[currency] += amount;
    add(cost, other.cost);
    by_currency.clear();
    if (cost.currency == "mixed" && known) by_currency = std::move(amounts);
    return *this;
}

std::optional<std::int64_t> Sums::tokens() const {
    return added(input_tokens, output_tokens);
}

std::optional<double> Sums::failure_rate() const {
    if (calls == 0) return std::nullopt;
    return static_cast<double>(failures) / static_cast<double>(calls);
}

std::vector<store::Measure> figures_measures() {
    std::vector<store::Measure> measures;
    for (const std::string_view name : kMeasures) measures.push_back(store::make_measure(name).value());
    return measures;
}

std::vector<store::Measure> sums_measures() {
    std::vector<store::Measure> measures = figures_measures();
    measures.erase(measures.begin() + kSumsMeasures, measures.end());
    return measures;
}

Figures figures_of(std::span<const store::Cell> cells) {
    Figures figures;
    figures.calls = value_in<std::int64_t>(cells[0]).value_or(0);
    figures.failures = value_in<std::int64_t>(cells[1]).value_or(0);
    figures.input_tokens = sum_in(cells[2]);
    figures.output_tokens = sum_in(cells[3]);
    if (const auto* cost = std::get_if<store::CostSum>(&cells[4])) figures.cost = *cost;
    if (cells.size() < kFiguresMeasures) return figures;
    figures.duration = value_in<Duration>(cells[5]);
    figures.duration_average = value_in<Duration>(cells[6]);
    figures.duration_p95 = value_in<Duration>(cells[7]);
    figures.first_token_p50 = value_in<Duration>(cells[8]);
    return figures;
}

Result<FiguresTable> figures(store::CallQueries& store, const store::AggregateQuery& query) {
    STENO_ASSIGN(store::AggregateTable found, store.aggregate(query));
    STENO_ASSIGN(std::vector<Amounts> amounts, amounts_by_currency(store, query, found));
    FiguresTable table;
    table.truncated = found.truncated;
    for (std::size_t i = 0; i < found.groups.size(); ++i) {
        auto& group = found.groups[i];
        table.groups.push_back({std::move(group.key), group.bucket, figures_of(group.cells)});
        table.groups.back().figures.by_currency = std::move(amounts[i]);
    }
    return table;
}

void write(JsonWriter& json, const store::CostSum& cost, const Amounts& by_currency) {
    json.begin_object();
    if (cost.total) json.member("total", cost.total->to_string());
    if (!cost.currency.empty()) json.member("currency", cost.currency);
    if (!by_currency.empty()) {
        json.key("totals");
        json.begin_object();
        for (const auto& [currency, amount] : by_currency) json.member(currency, amount.to_string());
        json.end_object();
    }
    json.member("unpriced_calls", cost.unpriced_calls);
    json.member("estimated_calls", cost.estimated_calls);
    json.end_object();
}

void write_members(JsonWriter& json, const Sums& sums) {
    json.member("calls", sums.calls);
    json.member("failures", sums.failures);
    const auto rate = sums.failure_rate();
    number_or_null(json, "failure_rate", rate);
    number_or_null(json, "success_rate", rate ? std::optional(1 - *rate) : std::nullopt);
    number_or_null(json, "input_tokens", sums.input_tokens);
    number_or_null(json, "output_tokens", sums.output_tokens);
    const auto tokens = sums.tokens();
    number_or_null(json, "total_tokens", tokens);
    number_or_null(json, "average_tokens",
                   tokens && sums.calls > 0
                       ? std::optional(static_cast<double>(*tokens) / static_cast<double>(sums.calls))
                       : std::nullopt);
    json.key("cost");
    write(json, sums.cost, sums.by_currency);
}

void write_members(JsonWriter& json, const Figures& figures) {
    write_members(json, static_cast<const Sums&>(figures));
    number_or_null(json, "duration_ms", milliseconds(figures.duration));
    number_or_null(json, "average_duration_ms", milliseconds(figures.duration_average));
    number_or_null(json, "p95_duration_ms", milliseconds(figures.duration_p95));
    number_or_null(json, "p50_first_token_ms", milliseconds(figures.first_token_p50));
}

void write_figures(JsonWriter& json, std::string_view key, const Figures& figures) {
    json.key(key);
    json.begin_object();
    write_members(json, figures);
    json.end_object();
}

void write_sums(JsonWriter& json, std::string_view key, const Sums& sums) {
    json.key(key);
    json.begin_object();
    write_members(json, sums);
    json.end_object();
}

void write_name(JsonWriter& json, std::string_view key, const std::string& name) {
    json.key(key);
    if (name.empty())
        json.null();
    else
        json.string(name);
}

std::string key_text(const std::vector<std::optional<store::Value>>& key) {
    std::string text;
    for (const auto& value : key) {
        if (value)
            store::append_json(text, *value);
        else
            text += "null";
        text += ',';
    }
    return text;
}

void write_key(JsonWriter& json, const std::vector<store::Field>& by,
               const std::vector<std::optional<store::Value>>& key) {
    json.key("key");
    json.begin_object();
    for (std::size_t i = 0; i < by.size(); ++i) {
        std::string value = "null";
        if (key[i]) {
            value.clear();
            store::append_json(value, *key[i]);
        }
        json.member_raw(by[i].path(), value);
    }
    json.end_object();
}

}  // namespace steno::analysis
