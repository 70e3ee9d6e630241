#pragma once

#include "analysis/experiment_sums.hpp"
#include "base/error.hpp"
#include "inference/interval.hpp"
#include "inference/sequential.hpp"

#include <cstdint>
#include <optional>

/// What the calls of two variants say of each other, at every look: which of the methods of src/inference are
/// asked, and what they come to together. experiment_result.hpp says why these.
namespace steno::analysis {

/// Whether an exact method is asked besides the linearised one. It never is for numbers.
enum class Exactly : std::uint8_t {
    Never,
    WhereNothingVaries,  ///< of shares of units with several calls
    Always,              ///< of shares where each unit is one call
};

struct ExperimentSequence {
    inference::Interval interval;
    double p_value = 1;
    double error = 0;       ///< standard error, of the linearised method
    double effective = 0;   ///< independent calls that say as much
    bool of_units = false;  ///< the linearised method has told it
};

/// Of b - `times` × a. `origin` was taken off the values of both. Absent: nothing can be said.
Result<std::optional<ExperimentSequence>> sequence(const ExperimentValues& a, const ExperimentValues& b,
                                                   double origin, Exactly exactly, double confidence,
                                                   double times = 1);

/// Each unit as one value, its mean: of a share of which no unit differs from the others, this is also the
/// mean over their calls, however many each has and whatever they weigh. Absent: units differ, or there are
/// fewer than two.
std::optional<inference::BoundedSum> each_as_one(const ExperimentValues& values);

}  // namespace steno::analysis
