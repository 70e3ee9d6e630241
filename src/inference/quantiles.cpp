#include "inference/quantiles.hpp"

#include "inference/distributions.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace steno::inference {

namespace {

constexpr double kLeastP = 1e-12;

Result<void> check_fraction(double q) {
    if (q > 0 && q < 1) return {};
    return fail(
        Code::InvalidArgument, fmt::format("A quantile is a share between 0 and 1, and this is {}.", q),
        q >= 1 && q < 100 ? fmt::format("The {}th percentile is {}.", q, q / 100) : "The median is 0.5.");
}

/// The least k with P(B <= k) > bound. Found from where the normal approximation puts it, since Boost's own
/// search begins further away.
double least_above(double n, double q, double bound) {
    const double sd = std::sqrt(n * q * (1 - q));
    double low = -1, high = n;  // P(B <= low) <= bound < P(B <= high)
    double probe = std::floor(n * q + normal_quantile(bound) * sd);
    for (double step = 1 + std::floor(sd / 64); high - low > 1;) {
        if (!(probe > low && probe < high)) probe = std::floor((low + high) / 2);
        const bool above = binomial_cdf(probe, n, q) > bound;
        (above ? high : low) = probe;
        probe += above ? -step : step;
        step *= 2;
    }
    return high;
}

std::optional<Interval> order_interval(std::span<const double> sorted, double q, double alpha) {
    const double n = static_cast<double>(sorted.size());
    const double lower = least_above(n, q, alpha / 2);
    // P(B >= u) <= α/2 is P(n - B <= n - u) <= α/2, and n - B is binomial with 1 - q.
    const double upper = n + 1 - least_above(n, 1 - q, alpha / 2);
    if (lower < 1 || upper > n) return std::nullopt;
    return Interval{sorted[static_cast<std::size_t>(lower) - 1], sorted[static_cast<std::size_t>(upper) - 1]};
}

std::optional<Interval> difference_interval(const Sample& a, const Sample& b, double at_a, double at_b,
                                            double q, double alpha) {
    const auto of_a = order_interval(a.sorted(), q, alpha), of_b = order_interval(b.sorted(), q, alpha);
    if (!of_a || !of_b) return std::nullopt;
    const double difference = at_b - at_a;
    return Interval{difference - std::hypot(at_b - of_b->low, of_a->high - at_a),
                    difference + std::hypot(of_b->high - at_b, at_a - of_a->low)};
}

}  // namespace

std::size_t quantile_rank(std::size_t n, double q) {
    const double count = static_cast<double>(n);
    return std::max<std::size_t>(
        1, n - static_cast<std::size_t>(std::floor(count - count * std::clamp(q, 0.0, 1.0))));
}

Result<double> quantile(const Sample& sample, double q) {
    STENO_TRY(check_fraction(q));
    return sample.sorted()[quantile_rank(sample.count(), q) - 1];
}

Result<std::optional<Interval>> quantile_interval(const Sample& sample, double q, double confidence) {
    STENO_TRY(check_fraction(q));
    STENO_TRY(check_confidence(confidence));
    return order_interval(sample.sorted(), q, 1 - confidence);
}

Result<QuantileComparison> compare_quantiles(const Sample& a, const Sample& b, double q, double confidence) {
    STENO_TRY(check_confidence(confidence));
    QuantileComparison found;
    STENO_ASSIGN(found.a, quantile(a, q));
    STENO_ASSIGN(found.b, quantile(b, q));
    found.difference = found.b - found.a;
    found.interval = difference_interval(a, b, found.a, found.b, q, 1 - confidence);
    if (!found.interval) return found;

    // Where there are too few values for an interval, it is as if it had no bounds.
    const auto leaves_out_0 = [&](double alpha) {
        const auto interval = difference_interval(a, b, found.a, found.b, q, alpha);
        return interval && !interval->contains(0);
    };
    double holds = std::log(kLeastP), leaves_out = 0;
    if (!leaves_out_0(0.999)) {
        found.p_value = 1;
    } else if (leaves_out_0(kLeastP)) {
        found.p_value = kLeastP;
    } else {
        while (leaves_out - holds > 1e-4) {
            const double middle = (holds + leaves_out) / 2;
            (leaves_out_0(std::exp(middle)) ? leaves_out : holds) = middle;
        }
        found.p_value = std::exp(leaves_out);
    }
    return found;
}

}  // namespace steno::inference
