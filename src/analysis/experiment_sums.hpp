#pragma once

#include "analysis/experiment_result.hpp"
#include "inference/units.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

/// From the calls of an experiment, one after the other in any order, to sums by variant, unit and time.
namespace steno::analysis {

/// One call, as an experiment sees it.
struct ExperimentCall {
    std::size_t variant = 0;
    std::string_view unit;
    double at = 0;                   ///< milliseconds since 1970
    double probability = 0;          ///< with which the unit got the variant; not above 0: as the weights say
    std::span<const double> values;  ///< one a metric; NaN: it does not say it
};

/// Of a metric and a variant.
struct ExperimentValues {
    inference::UnitSample sample;   ///< of the units that are held; less the metric's origin
    inference::BoundedSum counted;  ///< of shares: all calls, each as one
};

struct ExperimentTotals {
    struct Variant {
        std::uint64_t calls = 0, units = 0;
        std::vector<ExperimentValues> metrics;
    };
    std::vector<Variant> variants;
    std::vector<double> origins;     ///< of each metric: taken off its values, against loss by rounding
    std::vector<bool> out_of_range;  ///< of each metric: a value cannot be counted with (1e300)
    /// Of the first metric, after each moment that was asked for, by variant.
    std::vector<std::vector<ExperimentValues>> course;
    std::vector<std::uint64_t> first;  ///< units by the variant of their first call
    std::vector<double> expected;      ///< of these, by the weights
    double log_probability = 0;        ///< of what they got
    std::uint64_t crossed = 0;
    double sampled = 1;
    bool alone = true;        ///< each unit has one call
    bool reweighted = false;  ///< calls of a variant have different probabilities

    /// Of the calls that say it, each as one.
    [[nodiscard]] std::optional<double> value(std::size_t variant, std::size_t metric) const;
};

class ExperimentSums {
  public:
    /// `shares`: of each metric, whether it is of 0 and 1. `edges`: moments in order of time, in
    /// milliseconds; calls behind the last are in no point of the course.
    ExperimentSums(std::vector<ExperimentQuestion::Weights> weights, std::size_t variants,
                   std::vector<bool> shares, std::vector<double> edges, std::size_t most_units);

    /// `variant` is one, and the unit is not empty.
    void add(const ExperimentCall& call);
    /// Once, at the end.
    ExperimentTotals totals();

  private:
    static constexpr std::uint32_t kNone = ~0u;
    /// What a unit did with a variant.
    struct Cell {
        std::uint64_t unit;  ///< its hash
        double first;        ///< when
        double probability;  ///< of its first call
        std::uint32_t variant;
        std::uint32_t calls = 0;
        std::uint32_t course = kNone;  ///< its last part
    };
    /// What a cell has of the first metric between two edges.
    struct Part {
        inference::UnitValue value;
        std::uint32_t edge;
        std::uint32_t before;  ///< another part of the cell
    };

    [[nodiscard]] const std::vector<double>& probabilities_at(double at) const;
    [[nodiscard]] bool held(std::uint64_t unit) const { return (unit & mask_) == 0; }
    Cell& cell_of(std::uint64_t unit, const ExperimentCall& call, double probability);
    /// Half of the units go.
    void halve();
    void tell_units(ExperimentTotals& totals) const;
    void tell_course(ExperimentTotals& totals) const;

    std::vector<ExperimentQuestion::Weights> weights_;
    std::vector<bool> shares_;
    std::vector<double> edges_;
    std::size_t most_units_;
    std::uint64_t mask_ = 0;
    std::unordered_map<std::uint64_t, std::uint32_t> places_;  ///< by unit and variant
    std::vector<Cell> cells_;
    std::vector<inference::UnitValue> values_;  ///< of each cell, one a metric
    std::vector<Part> parts_;
    std::vector<std::pair<double, double>> probabilities_;  ///< of each variant: the least and the greatest
    std::vector<bool> has_origin_;
    /// By edge and variant: of the calls between two edges.
    std::vector<std::vector<ExperimentValues>> between_;
    ExperimentTotals totals_;
};

}  // namespace steno::analysis
