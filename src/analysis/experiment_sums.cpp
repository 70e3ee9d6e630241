#include "analysis/experiment_sums.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

namespace steno::analysis {

namespace {

using inference::UnitSums;
using inference::UnitValue;

constexpr double kLeastProbability = 1e-6;

/// All bits of it depend on all of the text.
std::uint64_t hash_of(std::string_view text) {
    std::uint64_t hash = std::hash<std::string_view>{}(text);
    hash = (hash ^ (hash >> 31)) * 0x9e3779b97f4a7c15ULL;
    return hash ^ (hash >> 29);
}

}  // namespace

std::optional<double> ExperimentTotals::value(std::size_t variant, std::size_t metric) const {
    const inference::Moments& values = variants[variant].metrics[metric].sample.values;
    if (values.count() == 0 || out_of_range[metric]) return std::nullopt;
    return values.mean() + origins[metric];
}

ExperimentSums::ExperimentSums(std::vector<ExperimentQuestion::Weights> weights, std::size_t variants,
                               std::vector<bool> shares, std::vector<double> edges, std::size_t most_units)
    : weights_(std::move(weights)),
      shares_(std::move(shares)),
      edges_(std::move(edges)),
      most_units_(most_units),
      probabilities_(variants, {2, 0}),
      has_origin_(shares_),
      between_(edges_.size(), std::vector<ExperimentValues>(variants)) {
    totals_.variants.resize(variants);
    for (auto& variant : totals_.variants) variant.metrics.resize(shares_.size());
    totals_.origins.resize(shares_.size());
    totals_.out_of_range.resize(shares_.size());
    totals_.first.resize(variants);
    totals_.expected.resize(variants);
}

const std::vector<double>& ExperimentSums::probabilities_at(double at) const {
    const auto after = std::ranges::upper_bound(weights_, at, {}, [](const auto& weights) {
        return static_cast<double>(weights.from.unix_nanos) / 1e6;
    });
    // Before the first they were those of the first.
    const auto found = after == weights_.begin() ? after : after - 1;
    return found->probabilities;
}

ExperimentSums::Cell& ExperimentSums::cell_of(std::uint64_t unit, const ExperimentCall& call,
                                              double probability) {
    const std::uint64_t key = unit + call.variant * 0xd6e8feb86659fd93ULL;
    const auto [place, is_new] = places_.try_emplace(key, static_cast<std::uint32_t>(cells_.size()));
    if (is_new) {
        cells_.push_back({unit, call.at, probability, static_cast<std::uint32_t>(call.variant)});
        values_.resize(values_.size() + shares_.size());
    }
    Cell& cell = cells_[place->second];
    if (call.at < cell.first) {
        cell.first = call.at;
        cell.probability = probability;
    }
    return cell;
}

void ExperimentSums::add(const ExperimentCall& call) {
    const double probability =
        std::clamp(call.probability > 0 ? call.probability : probabilities_at(call.at)[call.variant],
                   kLeastProbability, 1.0);
    auto& [least, greatest] = probabilities_[call.variant];
    least = std::min(least, probability);
    greatest = std::max(greatest, probability);
    auto& variant = totals_.variants[call.variant];
    ++variant.calls;
    const auto edge = static_cast<std::size_t>(std::ranges::upper_bound(edges_, call.at) - edges_.begin());

    const std::uint64_t unit = hash_of(call.unit);
    Cell* cell = nullptr;
    if (held(unit)) {
        cell = &cell_of(unit, call, probability);
        ++cell->calls;
    }
    const std::size_t row =
        cell == nullptr ? 0 : static_cast<std::size_t>(cell - cells_.data()) * shares_.size();
    for (std::size_t i = 0; i < shares_.size(); ++i) {
        if (std::isnan(call.values[i])) continue;
        if (!(std::abs(call.values[i]) <= inference::kLargestValue)) {
            totals_.out_of_range[i] = true;
            continue;
        }
        if (!has_origin_[i]) {
            has_origin_[i] = true;
            totals_.origins[i] = call.values[i];
        }
        const double value = call.values[i] - totals_.origins[i];
        const auto count = [&](ExperimentValues& values) {
            values.sample.values.add(value);
            if (!shares_[i]) return;
            values.counted.sum += value;
            ++values.counted.count;
        };
        count(variant.metrics[i]);
        const bool in_course = i == 0 && edge < edges_.size();
        if (in_course) count(between_[edge][call.variant]);
        if (cell == nullptr) continue;
        const UnitValue weighted{value / probability, 1 / probability};
        values_[row + i].sum += weighted.sum;
        values_[row + i].weight += weighted.weight;
        if (!in_course) continue;
        if (cell->course == kNone || parts_[cell->course].edge != edge) {
            parts_.push_back({{}, static_cast<std::uint32_t>(edge), cell->course});
            cell->course = static_cast<std::uint32_t>(parts_.size() - 1);
        }
        parts_[cell->course].value.sum += weighted.sum;
        parts_[cell->course].value.weight += weighted.weight;
    }
    if (cells_.size() > most_units_ || parts_.size() > 4 * most_units_) halve();
}

void ExperimentSums::halve() {
    mask_ = mask_ << 1 | 1;
    totals_.sampled /= 2;
    std::vector<Cell> cells;
    std::vector<UnitValue> values;
    std::vector<Part> parts;
    for (std::size_t i = 0; i < cells_.size(); ++i) {
        Cell& cell = cells_[i];
        if (!held(cell.unit)) continue;
        std::uint32_t last = kNone;
        for (std::uint32_t at = cell.course; at != kNone; at = parts_[at].before) {
            parts.push_back({parts_[at].value, parts_[at].edge, last});
            last = static_cast<std::uint32_t>(parts.size() - 1);
        }
        cell.course = last;
        cells.push_back(cell);
        const auto row = values_.begin() + static_cast<std::ptrdiff_t>(i * shares_.size());
        values.insert(values.end(), row, row + static_cast<std::ptrdiff_t>(shares_.size()));
    }
    cells_ = std::move(cells);
    values_ = std::move(values);
    parts_ = std::move(parts);
    places_.clear();
    for (std::size_t i = 0; i < cells_.size(); ++i)
        places_.emplace(cells_[i].unit + cells_[i].variant * 0xd6e8feb86659fd93ULL,
                        static_cast<std::uint32_t>(i));
}

void ExperimentSums::tell_units(ExperimentTotals& totals) const {
    std::vector<std::uint32_t> order(cells_.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::sort(order, {}, [&](std::uint32_t i) {
        return std::tuple(cells_[i].unit, cells_[i].first, cells_[i].variant);
    });
    for (std::size_t i = 0; i < order.size(); ++i) {
        const Cell& cell = cells_[order[i]];
        auto& variant = totals.variants[cell.variant];
        ++variant.units;
        totals.alone = totals.alone && cell.calls == 1;
        for (std::size_t m = 0; m < shares_.size(); ++m)
            if (const UnitValue& value = values_[order[i] * shares_.size() + m]; value.weight > 0)
                variant.metrics[m].sample.units.add(value);
        if (i > 0 && cells_[order[i - 1]].unit == cell.unit) {
            const bool second = i < 2 || cells_[order[i - 2]].unit != cell.unit;
            totals.crossed += second;
            totals.alone = false;
            continue;
        }
        ++totals.first[cell.variant];
        const auto& meant = probabilities_at(cell.first);
        for (std::size_t v = 0; v < meant.size(); ++v) totals.expected[v] += meant[v];
        // By a plan that a program had kept, of weights that have gone since.
        const double probability = meant[cell.variant] > 0 ? meant[cell.variant] : cell.probability;
        totals.log_probability += std::log(probability);
    }
    for (auto& variant : totals.variants)
        variant.units = static_cast<std::uint64_t>(static_cast<double>(variant.units) / totals.sampled);
}

void ExperimentSums::tell_course(ExperimentTotals& totals) const {
    totals.course = between_;
    std::vector<Part> parts;
    for (const Cell& cell : cells_) {
        parts.clear();
        for (std::uint32_t at = cell.course; at != kNone; at = parts_[at].before) parts.push_back(parts_[at]);
        std::ranges::sort(parts, {}, &Part::edge);
        UnitValue value;
        for (const Part& part : parts) {
            UnitSums& units = totals.course[part.edge][cell.variant].sample.units;
            if (value.weight > 0) units.remove(value);
            value.sum += part.value.sum;
            value.weight += part.value.weight;
            units.add(value);
        }
    }
    for (std::size_t edge = 1; edge < totals.course.size(); ++edge) {
        for (std::size_t v = 0; v < totals.course[edge].size(); ++v) {
            ExperimentValues& values = totals.course[edge][v];
            const ExperimentValues& before = totals.course[edge - 1][v];
            values.sample.units += before.sample.units;
            values.sample.values.add(before.sample.values);
            values.counted.sum += before.counted.sum;
            values.counted.count += before.counted.count;
        }
    }
}

ExperimentTotals ExperimentSums::totals() {
    ExperimentTotals totals = std::move(totals_);
    for (const auto& [least, greatest] : probabilities_)
        totals.reweighted = totals.reweighted || greatest > least * (1 + 1e-9);
    tell_units(totals);
    tell_course(totals);
    return totals;
}

}  // namespace steno::analysis
