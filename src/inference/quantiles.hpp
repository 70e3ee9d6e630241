#pragma once

#include "inference/interval.hpp"
#include "inference/sample.hpp"

#include <cstdint>
#include <optional>

/// Medians and percentiles, and whether those of two samples differ. From the values in order alone: a sample
/// of ten million costs no more than one of a hundred, and no distribution is taken for granted.
namespace steno::inference {

/// Which of n values in order, counted from 1, is their quantile: ⌈n q⌉, n q rounded as DuckDB rounds it.
std::size_t quantile_rank(std::size_t n, double q);

/// The smallest value that at least the share q of all values do not exceed: the ⌈n q⌉-th in order, as
/// everywhere in Steno (DuckDB's quantile_disc). InvalidArgument unless 0 < q < 1.
Result<double> quantile(const Sample& sample, double q);

/// The interval of a quantile between two order statistics x_(l) and x_(u) (Hahn and Meeker 1991, Statistical
/// Intervals, 5.2): how many values are at or below the true quantile is binomial with n and q, so
///   l the largest with P(B <= l - 1) <= α/2, u the smallest with P(B >= u) <= α/2.
/// It holds the truth at least as often as is asked for, whatever the distribution. Absent: too few values
/// for this confidence (of a median 6, of a 95th percentile 72, for 95 %).
Result<std::optional<Interval>> quantile_interval(const Sample& sample, double q,
                                                  double confidence = kConfidence);

struct QuantileComparison {
    double a = 0, b = 0;
    double difference = 0;  ///< b - a

    /// From the two intervals above by the method of variance estimates recovery (Zou and Donner 2008,
    /// Statistics in Medicine 27): low = d - √((b - l_b)² + (u_a - a)²), high = d + √((u_b - b)² + (a -
    /// l_a)²). Absent: too few values of one of them.
    std::optional<Interval> interval;
    /// The least α for which the interval of confidence 1 - α leaves out 0, so the two never contradict each
    /// other; two-sided. 1 where no interval leaves it out; not below 1e-12. Absent with the interval.
    std::optional<double> p_value;
};
Result<QuantileComparison> compare_quantiles(const Sample& a, const Sample& b, double q,
                                             double confidence = kConfidence);

}  // namespace steno::inference
