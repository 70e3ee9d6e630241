#include "analysis/experiment_calls.hpp"

#include "store/number_scan.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

namespace steno::analysis {

namespace {

/// Where the numbers and texts stand that are read of each call whatever its metrics are.
enum Number : std::size_t { kAt, kProbability, kComplete };
enum Text : std::size_t { kUnit, kStatus, kVerdict, kCurrency };

store::Field field_of(std::string_view path) {
    return store::make_field(path).value();
}

/// Of the value of a metric: what a call says; NaN: nothing.
double value_of(const ExperimentColumn& asked, const store::NumberBatch& batch, std::size_t row) {
    switch (asked.metric.kind) {
        case MetricKind::Succeeded:
            return batch.texts[kStatus][row] == "success" ? 1 : 0;
        case MetricKind::Accepted: {
            const std::string_view verdict = batch.texts[kVerdict][row];
            if (verdict.empty() || verdict == "none") return std::numeric_limits<double>::quiet_NaN();
            return verdict == "accepted" ? 1 : 0;
        }
        case MetricKind::Complete:
            return batch.numbers[kComplete][row];
        default:
            return batch.numbers[asked.column][row];
    }
}

}  // namespace

ExperimentColumns::ExperimentColumns()
    : numbers{field_of("started_at"), field_of("prompt.experiment.probability"),
              field_of("prompt.all_variables_present")},
      texts{field_of("prompt.experiment.unit"), field_of("status"), field_of("feedback.verdict"),
            field_of("cost.currency")} {}

Result<std::size_t> ExperimentColumns::add(const std::string& name) {
    for (std::size_t i = 0; i < metrics.size(); ++i)
        if (metrics[i].metric.told.name == name) return i;
    STENO_ASSIGN(PromptMetric metric, experiment_metric(name));
    ExperimentColumn& asked = metrics.emplace_back(std::move(metric), 0);
    if (asked.metric.is_of_numbers()) {
        const auto found = std::ranges::find(numbers, asked.metric.field);
        asked.column = static_cast<std::size_t>(found - numbers.begin());
        if (found == numbers.end()) numbers.push_back(asked.metric.field);
    }
    return metrics.size() - 1;
}

Result<ExperimentCalls> read_experiment(store::CallQueries& store, const ExperimentQuestion& question,
                                        const ExperimentColumns& columns, const std::vector<double>& edges,
                                        std::size_t most_units) {
    store::Selection of_experiment;
    of_experiment.from = question.from;
    of_experiment.to = question.to;
    of_experiment.filters.push_back({field_of("prompt.experiment.id"), store::Op::Eq, {question.id}});
    store::Selection selection = of_experiment;
    selection.filters.push_back(store::ai_calls());

    std::vector<bool> shares;
    for (const ExperimentColumn& asked : columns.metrics) shares.push_back(!asked.metric.is_of_numbers());
    ExperimentSums sums(question.weights, question.variants.size(), std::move(shares), edges, most_units);
    ExperimentCalls told;
    told.currencies.resize(columns.metrics.size());
    std::uint64_t counted = 0;
    std::vector<double> values(columns.metrics.size());
    STENO_ASSIGN(store::NumberScanner* const scanner, store::number_scanner_of(store));
    STENO_TRY(scanner->scan_numbers(
        {selection, field_of("prompt.experiment.variant"), question.variants, columns.numbers, columns.texts},
        [&](const store::NumberBatch& batch) {
            for (std::size_t row = 0; row < batch.group.size(); ++row) {
                const std::string_view unit = batch.texts[kUnit][row];
                if (unit.empty() || std::isnan(batch.numbers[kAt][row])) continue;
                ++counted;
                for (std::size_t i = 0; i < columns.metrics.size(); ++i) {
                    values[i] = value_of(columns.metrics[i], batch, row);
                    if (columns.metrics[i].metric.told.unit != Unit::Money || std::isnan(values[i])) continue;
                    const std::string_view currency = batch.texts[kCurrency][row];
                    if (told.currencies[i].empty())
                        told.currencies[i] = currency;
                    else if (told.currencies[i] != currency)
                        told.currencies[i] = "mixed";
                }
                const double probability = batch.numbers[kProbability][row];
                sums.add({batch.group[row], unit, batch.numbers[kAt][row],
                          std::isnan(probability) ? 0 : probability, values});
            }
        }));
    STENO_ASSIGN(told.left_out, left_out_of(store, of_experiment, counted));
    told.totals = sums.totals();
    return told;
}

}  // namespace steno::analysis
