#pragma once

#include "inference/interval.hpp"

#include <cstdint>
#include <optional>

/// How many calls a comparison needs.
namespace steno::inference {

inline constexpr double kPower = 0.8;  ///< the chance of finding a difference that is there

struct Plan {
    double confidence = kConfidence;
    double power = kPower;
    double ratio = 1;  ///< calls of b for each of a, 0.001 to 1,000
};

struct Needed {
    std::uint64_t a = 0;
    std::uint64_t b = 0;
};

/// To find that a share is not `share` but `share + difference`, by the two-proportion z test (Fleiss, Levin
/// and Paik 2003, Statistical Methods for Rates and Proportions, 4.2, without continuity correction):
///   n_a = (z_{1-α/2} √(p̄ q̄ (1 + 1/r)) + z_power √(p_a q_a + p_b q_b / r))² / (p_b - p_a)²
/// InvalidArgument: shares that are not from 0 to 1, no difference, or more than 10^15 would be needed.
Result<Needed> needed_for_shares(double share, double difference, const Plan& plan = {});

/// To find a difference of means, in standard deviations of a value (Cohen's d), by a two-sided t test: the
/// least n with P(|T| > t_{1-α/2}) >= power, T being noncentral with d √(n_a n_b / (n_a + n_b)) (Cohen 1988,
/// Statistical Power Analysis, 2.4). At least two of each.
Result<Needed> needed_for_means(double cohens_d, const Plan& plan = {});

/// How many more calls of both together, in the proportion of now, would settle a comparison that `now` calls
/// have left open: as many as find, with this power, a difference that is really as large as it looks now.
/// Standard errors shrink as 1/√n, so n = now × ((z_{1-α/2} + z_power) × standard error / difference)², the
/// standard error being the interval's width over 2 z of its own confidence: that of the plan, unless
/// `interval_confidence` says another. (Where several comparisons are corrected for, the plan's is the higher
/// one.) Any comparison of this module will do. `difference` may also be one that is wished for.
///
/// It is a figure to plan with, no promise: the difference looks larger or smaller than it is. Absent: none
/// was seen, or more than 10^15 would be needed. 0: there are enough.
Result<std::optional<std::uint64_t>> more_needed(std::uint64_t now, double difference,
                                                 const Interval& interval, const Plan& plan = {},
                                                 std::optional<double> interval_confidence = {});

}  // namespace steno::inference
