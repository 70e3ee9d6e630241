#pragma once

#include "base/error.hpp"

/// What every estimate of this module comes with: between which bounds the truth is, and how sure that is.
namespace steno::inference {

/// Both bounds belong to it.
struct Interval {
    double low = 0;
    double high = 0;

    [[nodiscard]] bool contains(double value) const { return low <= value && value <= high; }
};

/// How often, in the long run, intervals made like this one hold the truth.
inline constexpr double kConfidence = 0.95;

/// InvalidArgument unless it is from 0.5 to 0.999999: 95 for 0.95 is the usual mistake, and is told as that.
Result<void> check_confidence(double confidence);

/// The same for the chance of finding a difference that is there: from 0.01 to 0.999999.
Result<void> check_power(double power);

}  // namespace steno::inference
