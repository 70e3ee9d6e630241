#pragma once

#include "inference/sample.hpp"
#include "inference/shares.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

/// What to think of each of several arms after what was seen of it, and which to use next: Thompson sampling
/// (Thompson 1933, Biometrika 25; Russo and others 2018, A Tutorial on Thompson Sampling). Each arm gets a
/// draw from what is believed of its mean, and the best draw the call: arms that may be the best are used as
/// often as they are it, and the others less and less.
namespace steno::inference {

/// Of a share: Beta(a, b). The prior Beta(1, 1) takes every share to be as likely as any other. From 0.1 on:
/// what is drawn of less is often nothing but rounding.
struct BetaBelief {
    double a = 1;
    double b = 1;
};

/// Of a mean whose spread is not known either: normal–inverse-gamma (Murphy 2007, Conjugate Bayesian analysis
/// of the Gaussian distribution, 4): the variance is inverse-gamma(shape, scale), the mean normal around
/// `mean` with variance / weight.
struct NormalBelief {
    double mean = 0;
    double weight = 1;  ///< as many values as it counts
    double shape = 1;   ///< above ½: below, its mean has no expectation, and no loss can be told
    double scale = 1;
};

using Belief = std::variant<BetaBelief, NormalBelief>;

/// Beta(a + successes, b + failures). InvalidArgument: the prior's numbers are too small, or more successes
/// than there are; of nothing the prior stays.
Result<BetaBelief> updated(const BetaBelief& prior, const Share& seen);

/// weight' = weight + n, mean' = (weight mean + n x̄) / weight', shape' = shape + n/2,
/// scale' = scale + ½ Σ(x - x̄)² + weight n (x̄ - mean)² / (2 weight'). InvalidArgument: weight or scale are
/// not above 0, or shape is not above ½.
Result<NormalBelief> updated(const NormalBelief& prior, const Moments& seen);

/// A prior that says as much as one value, taken from what was seen of all arms together (unit information:
/// Kass and Wasserman 1995, JASA 90): their mean, and their variance as the scale. Values that are all the
/// same get the least scale that a prior can have.
Result<NormalBelief> prior_of(const Moments& all_arms);

enum class Better : std::uint8_t { Higher, Lower };

inline constexpr std::size_t kMostArms = 1000;

/// Which arm gets the call of this seed: the same for the same beliefs and seed, so an assignment can be made
/// again from the record. InvalidArgument: no arm, or more than kMostArms.
Result<std::size_t> thompson_choice(std::span<const Belief> arms, Better better, std::uint64_t seed);

struct ArmChance {
    /// Of being the best of all, by draws: off by √(p (1 - p) / draws), which is 0.005 at most for 10,000.
    double best = 0;
    /// What is lost on average, per call, by using this arm from now on if another should be better, in the
    /// unit of the mean: 0.001 of a share is a thousandth. Small for the best, and for its equals.
    double expected_loss = 0;
};

/// Of each arm; `best` sums up to 1. InvalidArgument: no arm or too many, draws not from 100 to 1,000,000, or
/// more than 10^8 draws of all arms.
Result<std::vector<ArmChance>> chances(std::span<const Belief> arms, Better better, std::uint64_t seed,
                                       std::uint32_t draws = 10'000);

}  // namespace steno::inference
