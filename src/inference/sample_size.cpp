#include "inference/sample_size.hpp"

#include "inference/distributions.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace steno::inference {

namespace {

constexpr double kMost = 1e15;
constexpr double kMostExactly = 1e7;  // degrees of freedom, beyond which Student's distribution is normal

Result<void> check(const Plan& plan) {
    STENO_TRY(check_confidence(plan.confidence));
    STENO_TRY(check_power(plan.power));
    if (plan.ratio >= 0.001 && plan.ratio <= 1000) return {};
    return fail(Code::InvalidArgument,
                fmt::format("For each call of the one 0.001 to 1,000 of the other, not {}.", plan.ratio));
}

Result<Needed> whole(double n, double ratio) {
    const double a = std::ceil(n), b = std::ceil(n * ratio);
    if (a <= kMost && b <= kMost) return Needed{static_cast<std::uint64_t>(a), static_cast<std::uint64_t>(b)};
    return fail(Code::InvalidArgument, "A difference so small cannot be found.", "Ask for a larger one.");
}

}  // namespace

Result<Needed> needed_for_shares(double share, double difference, const Plan& plan) {
    STENO_TRY(check(plan));
    const double pa = share, pb = share + difference, r = plan.ratio;
    if (!(pa >= 0 && pa <= 1 && pb >= 0 && pb <= 1))
        return fail(Code::InvalidArgument, fmt::format("Shares are from 0 to 1, not {} and {}.", pa, pb));
    if (difference == 0)
        return fail(Code::InvalidArgument, "No number of calls finds a difference of nothing.",
                    "Say which difference would matter.");
    const double pooled = (pa + r * pb) / (1 + r);
    const double null = std::sqrt(pooled * (1 - pooled) * (1 + 1 / r)),
                 there = std::sqrt(pa * (1 - pa) + pb * (1 - pb) / r);
    const double root =
        (normal_reach(plan.confidence) * null + normal_quantile(plan.power) * there) / difference;
    return whole(std::max(1.0, root * root), r);
}

Result<Needed> needed_for_means(double cohens_d, const Plan& plan) {
    STENO_TRY(check(plan));
    const double d = std::abs(cohens_d), r = plan.ratio;
    if (!(d > 0 && d <= kMost))
        return fail(Code::InvalidArgument,
                    fmt::format("A difference of {} standard deviations cannot be looked for.", cohens_d),
                    "Say which difference would matter.");
    const auto power = [&](double n) {
        const double degrees = n * (1 + r) - 2, noncentrality = d * std::sqrt(n * r / (1 + r));
        // So far out that it is certain; the noncentral distribution is not made for it.
        if (noncentrality > 35) return 1.0;
        if (degrees > kMostExactly) {
            const double z = normal_reach(plan.confidence);
            return normal_cdf(noncentrality - z) + normal_cdf(-noncentrality - z);
        }
        return student_power(student_reach(plan.confidence, degrees), degrees, noncentrality);
    };
    const double least = std::max(2.0, 2 / r);
    if (power(least) >= plan.power) return whole(least, r);
    double low = least, high = least;  // too few; enough
    while (power(high) < plan.power) {
        low = high;
        high *= 2;
        if (high > kMost) return whole(high, r);
    }
    // To a fraction: statsmodels' own answer is one, and its ceiling is ours.
    while (high - low > 1e-9 * high) {
        const double middle = (low + high) / 2;
        (power(middle) < plan.power ? low : high) = middle;
    }
    return whole(high, r);
}

Result<std::optional<std::uint64_t>> more_needed(std::uint64_t now, double difference,
                                                 const Interval& interval, const Plan& plan,
                                                 std::optional<double> interval_confidence) {
    STENO_TRY(check(plan));
    STENO_TRY(check_confidence(interval_confidence.value_or(plan.confidence)));
    if (!(interval.low <= interval.high) || !std::isfinite(interval.high - interval.low) ||
        !std::isfinite(difference))
        return fail(Code::InvalidArgument,
                    fmt::format("{} to {} is no interval.", interval.low, interval.high));
    if (difference == 0) return std::nullopt;
    const double z = normal_reach(plan.confidence),
                 of_interval = normal_reach(interval_confidence.value_or(plan.confidence)),
                 error = (interval.high - interval.low) / (2 * of_interval);
    const double root = (z + normal_quantile(plan.power)) * error / difference;
    const double all = static_cast<double>(now) * root * root;
    if (all > kMost) return std::nullopt;
    return static_cast<std::uint64_t>(std::max(0.0, std::ceil(all - static_cast<double>(now))));
}

}  // namespace steno::inference
