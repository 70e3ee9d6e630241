#include "inference/shares.hpp"

#include "inference/distributions.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace steno::inference {

namespace {

constexpr std::uint64_t kMostCounted = std::uint64_t{1} << 53;  // beyond, a double skips whole numbers

Interval wilson_bounds(const Share& share, double z) {
    const double n = static_cast<double>(share.of), p = share.value(), square = z * z / n;
    const double middle = (p + square / 2) / (1 + square);
    const double reach = z / (1 + square) * std::sqrt(p * (1 - p) / n + square / (4 * n));
    return {share.successes == 0 ? 0 : std::max(0.0, middle - reach),
            share.successes == share.of ? 1 : std::min(1.0, middle + reach)};
}

/// By the ratio of neighbouring probabilities, outwards from the most probable table, until they vanish. Not
/// Boost's hypergeometric distribution: that counts in 32 bits, and finds each probability anew.
double fisher_two_sided(const Share& a, const Share& b) {
    const double all = static_cast<double>(a.of) + static_cast<double>(b.of),
                 drawn = static_cast<double>(b.of),
                 marked = static_cast<double>(a.successes) + static_cast<double>(b.successes),
                 seen = static_cast<double>(b.successes);
    const double least = std::max(0.0, drawn - (all - marked)), most = std::min(drawn, marked);
    const double mode = std::clamp(std::floor((drawn + 1) * (marked + 1) / (all + 2)), least, most);
    const auto up = [&](double x) {  // P(x + 1) / P(x)
        return (marked - x) / (x + 1) * ((drawn - x) / (all - marked - drawn + x + 1));
    };
    const auto walk = [&](auto&& visit) {  // with probabilities relative to the mode's
        double weight = 1;
        for (double x = mode; weight > 0; weight *= up(x), ++x) {
            visit(x, weight);
            if (x >= most) break;
        }
        weight = 1;
        for (double x = mode; x > least && weight > 0; --x) {
            weight /= up(x - 1);
            visit(x - 1, weight);
        }
    };
    double own = 0;
    walk([&](double x, double weight) {
        if (x == seen) own = weight;
    });
    // Tables that are as probable but for rounding belong to the sum.
    const double as_probable = own * (1 + 1e-7);
    double sum = 0, extreme = 0;
    walk([&](double, double weight) {
        sum += weight;
        if (weight <= as_probable) extreme += weight;
    });
    return std::min(1.0, extreme / sum);
}

}  // namespace

std::string_view to_string(ShareTest test) {
    return test == ShareTest::TwoProportionZ ? "two_proportion_z" : "fisher_exact";
}

Result<void> check(const Share& share) {
    if (share.of == 0)
        return fail(Code::FailedPrecondition, "A share of nothing: none was counted.",
                    "Choose a longer time, or a measure that these calls have.");
    if (share.successes > share.of)
        return fail(Code::InvalidArgument, fmt::format("{} of {} cannot be.", share.successes, share.of));
    if (share.of > kMostCounted)
        return fail(Code::InvalidArgument, fmt::format("{} is more than can be counted exactly.", share.of));
    return {};
}

Result<Interval> wilson(const Share& share, double confidence) {
    STENO_TRY(check(share));
    STENO_TRY(check_confidence(confidence));
    return wilson_bounds(share, normal_reach(confidence));
}

Result<Interval> exact_interval(const Share& share, double confidence) {
    STENO_TRY(check(share));
    STENO_TRY(check_confidence(confidence));
    const double k = static_cast<double>(share.successes), n = static_cast<double>(share.of),
                 tail = (1 - confidence) / 2;
    return Interval{share.successes == 0 ? 0 : binomial_low(k, n, tail),
                    share.successes == share.of ? 1 : binomial_high(k, n, tail)};
}

Result<ShareComparison> compare_shares(const Share& a, const Share& b, double confidence) {
    STENO_TRY(check(a));
    STENO_TRY(check(b));
    STENO_TRY(check_confidence(confidence));
    const double z = normal_reach(confidence);
    const Interval of_a = wilson_bounds(a, z), of_b = wilson_bounds(b, z);

    ShareComparison found;
    found.a = a.value();
    found.b = b.value();
    found.difference = found.b - found.a;
    found.interval = {found.difference - std::hypot(found.b - of_b.low, of_a.high - found.a),
                      found.difference + std::hypot(of_b.high - found.b, found.a - of_a.low)};
    found.cohens_h = 2 * std::asin(std::sqrt(found.b)) - 2 * std::asin(std::sqrt(found.a));

    const double na = static_cast<double>(a.of), nb = static_cast<double>(b.of);
    // From counts: 1 - pooled is rounded, and with it the test would depend on which outcome is the success.
    const double successes = static_cast<double>(a.successes) + static_cast<double>(b.successes);
    if (std::min(na, nb) * std::min(successes, na + nb - successes) >= 5 * (na + nb)) {
        const double pooled = successes / (na + nb);
        found.test = ShareTest::TwoProportionZ;
        found.z = found.difference / std::sqrt(pooled * (1 - pooled) * (1 / na + 1 / nb));
        found.p_value = normal_two_sided(*found.z);
    } else {
        found.test = ShareTest::FisherExact;
        found.p_value = fisher_two_sided(a, b);
    }

    double cells[] = {static_cast<double>(b.successes), static_cast<double>(b.of - b.successes),
                      static_cast<double>(a.successes), static_cast<double>(a.of - a.successes)};
    if (std::ranges::min(cells) == 0)
        for (double& cell : cells) cell += 0.5;
    found.odds_ratio = cells[0] / cells[1] * (cells[3] / cells[2]);
    double variance = 0;
    for (const double cell : cells) variance += 1 / cell;
    const double reach = std::exp(z * std::sqrt(variance));
    found.odds_ratio_interval = {found.odds_ratio / reach, found.odds_ratio * reach};
    return found;
}

}  // namespace steno::inference
