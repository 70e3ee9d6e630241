#pragma once

#include "base/error.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// Where a series (a mean, share or percentile a day) changed its level for good.
namespace steno::inference {

struct ChangePointOptions {
    /// The probability that a change is found in a series that has none.
    double false_alarms = 0.01;   ///< 0.001 to 0.2
    std::size_t least_apart = 5;  ///< points between changes, and before the first and after the last; from 2
    std::uint64_t seed = 1;
};

struct ChangePoint {
    std::size_t at = 0;  ///< index of the first point of the new level
    double p_value = 1;  ///< of this change among the points up to the neighbouring ones
    double before = 0;   ///< median between the change before it and this one
    double after = 0;    ///< median from here to the next
};

/// The longest series, and the most changes that are looked for in one.
inline constexpr std::size_t kLongestSeries = 10'000;
inline constexpr std::size_t kMostChanges = 50;

/// Ascending. By binary segmentation (Scott and Knott 1974, Biometrics 30): the split at which the rank sums
/// of both sides differ most (in standard deviations, the greatest of all splits: Pettitt 1979, Applied
/// Statistics 28, standardised so that early and late changes count as much) is a change if a permutation
/// test says so; then both sides are looked at for themselves. At the end each change is tested once more
/// between its neighbours.
///
/// The permutation test is exact: whatever the values are distributed as, in a series whose points could as
/// well have come in any other order a change is found with the probability `false_alarms` at most. Points
/// that depend on the one before, or on the weekday, could not: where each was half the one before, 47 of 100
/// series gave an alarm instead of 5 (change_points_test.cpp). Take such a pattern out before, or read
/// changes as hints. By ranks, so one wild point is no change; short bumps, which return to the level of
/// before, are found only if they are large. 999 to 9,999 permutations, of the seed.
///
/// Fewer than 2 × least_apart points: none. InvalidArgument: options out of bounds, a longer series, NaN or
/// infinity.
Result<std::vector<ChangePoint>> change_points(std::span<const double> series,
                                               const ChangePointOptions& options = {});

}  // namespace steno::inference
