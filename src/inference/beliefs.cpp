#include "inference/beliefs.hpp"

#include "inference/draws.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace steno::inference {

namespace {

constexpr std::uint64_t kMostDraws = 100'000'000;
constexpr double kLeastBeta = 0.1;

bool above_0(double value) {
    return value > 0 && std::isfinite(value);
}

double drawn(const BetaBelief& belief, Draws& draws) {
    return draws.beta(belief.a, belief.b);
}

double drawn(const NormalBelief& belief, Draws& draws) {
    const double variance = belief.scale / draws.gamma(belief.shape);
    return belief.mean + std::sqrt(variance / belief.weight) * draws.normal();
}

Result<void> check(const Belief& belief) {
    const auto* share = std::get_if<BetaBelief>(&belief);
    const auto* mean = std::get_if<NormalBelief>(&belief);
    if (share ? share->a >= kLeastBeta && share->b >= kLeastBeta && above_0(share->a) && above_0(share->b)
              : above_0(mean->weight) && above_0(mean->shape) && mean->shape > 0.5 && above_0(mean->scale) &&
                    std::isfinite(mean->mean))
        return {};
    return fail(
        Code::InvalidArgument,
        share ? fmt::format("Beta({}, {}) is no belief: both are {} or more.", share->a, share->b, kLeastBeta)
              : fmt::format(
                    "Normal–inverse-gamma({}, {}, {}, {}) is no belief: weight and scale are above 0, the "
                    "shape above ½.",
                    mean->mean, mean->weight, mean->shape, mean->scale));
}

Result<void> check(std::span<const Belief> arms) {
    if (arms.empty() || arms.size() > kMostArms)
        return fail(Code::InvalidArgument, fmt::format("1 to {} arms, not {}.", kMostArms, arms.size()));
    for (const Belief& arm : arms) STENO_TRY(check(arm));
    return {};
}

/// One draw of each arm; the index of the best. Lower is better: of what is drawn, the negative.
std::size_t best_of(std::span<const Belief> arms, Better better, Draws& draws, std::span<double> values) {
    std::size_t best = 0;
    for (std::size_t i = 0; i < arms.size(); ++i) {
        const double value = std::visit([&](const auto& arm) { return drawn(arm, draws); }, arms[i]);
        values[i] = better == Better::Higher ? value : -value;
        if (values[i] > values[best]) best = i;
    }
    return best;
}

}  // namespace

Result<BetaBelief> updated(const BetaBelief& prior, const Share& seen) {
    STENO_TRY(check(Belief(prior)));
    if (seen.of > 0) STENO_TRY(check(seen));
    return BetaBelief{prior.a + static_cast<double>(seen.successes),
                      prior.b + static_cast<double>(seen.of - seen.successes)};
}

Result<NormalBelief> updated(const NormalBelief& prior, const Moments& seen) {
    STENO_TRY(check(Belief(prior)));
    const double n = static_cast<double>(seen.count()), apart = seen.mean() - prior.mean;
    NormalBelief belief;
    belief.weight = prior.weight + n;
    belief.mean = prior.mean + apart * (n / belief.weight);
    belief.shape = prior.shape + n / 2;
    belief.scale =
        prior.scale + seen.squared_deviations() / 2 + apart * apart * prior.weight * (n / belief.weight) / 2;
    return belief;
}

Result<NormalBelief> prior_of(const Moments& all_arms) {
    NormalBelief prior;
    prior.mean = all_arms.mean();
    prior.scale = std::max(all_arms.variance(), std::numeric_limits<double>::min());
    STENO_TRY(check(Belief(prior)));
    return prior;
}

Result<std::size_t> thompson_choice(std::span<const Belief> arms, Better better, std::uint64_t seed) {
    STENO_TRY(check(arms));
    Draws draws(seed);
    std::vector<double> values(arms.size());
    return best_of(arms, better, draws, values);
}

Result<std::vector<ArmChance>> chances(std::span<const Belief> arms, Better better, std::uint64_t seed,
                                       std::uint32_t draws) {
    STENO_TRY(check(arms));
    if (draws < 100 || draws > 1'000'000 || draws * arms.size() > kMostDraws)
        return fail(Code::InvalidArgument,
                    fmt::format("100 to 1,000,000 draws, and {} of all arms, not {} of {} arms.", kMostDraws,
                                draws, arms.size()));
    Draws random(seed);
    std::vector<double> values(arms.size());
    std::vector<ArmChance> found(arms.size());
    for (std::uint32_t i = 0; i < draws; ++i) {
        const std::size_t best = best_of(arms, better, random, values);
        found[best].best += 1;
        for (std::size_t arm = 0; arm < arms.size(); ++arm)
            found[arm].expected_loss += values[best] - values[arm];
    }
    for (ArmChance& arm : found) {
        arm.best /= draws;
        arm.expected_loss /= draws;
    }
    return found;
}

}  // namespace steno::inference
