#pragma once

#include "base/error.hpp"
#include "inference/interval.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace steno::inference {

/// Holm's correction (Holm 1979, Scandinavian Journal of Statistics 6): p-values of a family of comparisons,
/// so adjusted that whoever acts on those at or below α acts on one or more that are chance with probability
/// α at most, however the comparisons depend on each other. The i-th smallest of m becomes the greatest of
/// (m - j + 1) p_(j), j <= i, and 1 at most. In the order given.
///
/// InvalidArgument: one of them is not from 0 to 1. None of them: none.
Result<std::vector<double>> holm(std::span<const double> p_values);

/// The confidence of each interval of a family of so many (Bonferroni), so that all of them hold the truth
/// together with `confidence`, however they depend on each other; at most what check_confidence takes, which
/// 50,000 intervals of 95 % need. A family of none is one of 1.
double confidence_of_family(std::size_t intervals, double confidence = kConfidence);

}  // namespace steno::inference
