#include "inference/beliefs.hpp"

#include "inference/reference_for_test.hpp"
#include "inference/simulation_for_test.hpp"

#include <numeric>

namespace steno::inference {
namespace {

void expect_chances(const std::vector<Belief>& arms, Json one) {
    const auto best = numbers(one, "best"), loss = numbers(one, "loss");
    const auto found = chances(arms, Better::Higher, 7, 200'000).value();
    double all = 0;
    for (std::size_t i = 0; i < arms.size(); ++i) {
        EXPECT_NEAR(found[i].best, best[i], 0.005) << i;
        EXPECT_NEAR(found[i].expected_loss, loss[i], 0.02 * loss[i] + 1e-4) << i;
        all += found[i].best;
    }
    EXPECT_NEAR(all, 1, 1e-12);
}

TEST(Beliefs, ChancesAreThoseOfNumericalIntegration) {
    for (const Json one : reference("beliefs").get_array().value()) {
        std::vector<Belief> arms;
        if (has(one, "beta")) {
            for (const Json arm : one["beta"].get_array().value()) {
                const auto parts = numbers(arm);
                arms.emplace_back(BetaBelief{parts[0], parts[1]});
            }
        } else {
            for (const Json arm : one["normal"].get_array().value()) {
                const auto parts = numbers(arm);
                arms.emplace_back(NormalBelief{parts[0], parts[1], parts[2], parts[3]});
            }
        }
        expect_chances(arms, one);
    }
}

TEST(Beliefs, LowerIsTheOppositeOfHigher) {
    const std::vector<Belief> arms = {NormalBelief{1, 10, 5, 2}, NormalBelief{1.2, 10, 5, 2}};
    const auto higher = chances(arms, Better::Higher, 3).value(),
               lower = chances(arms, Better::Lower, 3).value();
    EXPECT_DOUBLE_EQ(higher[0].best, lower[1].best);
    EXPECT_NEAR(higher[0].expected_loss - higher[1].expected_loss,
                lower[1].expected_loss - lower[0].expected_loss, 1e-12);
}

TEST(Beliefs, LearnInPartsAsAtOnce) {
    const auto beta = updated(BetaBelief{1, 1}, Share{7, 10}).value();
    EXPECT_EQ(beta.a, 8);
    EXPECT_EQ(beta.b, 4);
    EXPECT_EQ(updated(BetaBelief{2, 3}, Share{0, 0}).value().b, 3);
    const std::vector<double> first = {1, 4, 2}, second = {9, 3, 3, 8};
    std::vector<double> both = first;
    both.insert(both.end(), second.begin(), second.end());
    const NormalBelief prior{2, 0.5, 1.5, 3};
    const NormalBelief at_once = updated(prior, Moments::of(both).value()).value();
    const NormalBelief in_parts =
        updated(updated(prior, Moments::of(first).value()).value(), Moments::of(second).value()).value();
    EXPECT_NEAR(at_once.mean, in_parts.mean, 1e-12);
    EXPECT_NEAR(at_once.weight, in_parts.weight, 1e-12);
    EXPECT_NEAR(at_once.shape, in_parts.shape, 1e-12);
    EXPECT_NEAR(at_once.scale, in_parts.scale, 1e-12);
    EXPECT_EQ(updated(prior, Moments()).value().mean, 2);
}

TEST(Beliefs, APriorOfWhatWasSeenIsWorthOneValue) {
    const NormalBelief prior = prior_of(Moments::of(std::vector<double>{1, 2, 3}).value()).value();
    EXPECT_EQ(prior.mean, 2);
    EXPECT_EQ(prior.weight, 1);
    EXPECT_EQ(prior.scale, 1);
    EXPECT_TRUE(updated(prior_of(Moments::of(std::vector<double>{5, 5}).value()).value(),
                        Moments::of(10, 5, 0).value()));
    EXPECT_TRUE(chances(std::vector<Belief>{prior_of(Moments()).value()}, Better::Lower, 1));
}

TEST(Beliefs, WhatIsNoneIsRefused) {
    EXPECT_EQ(updated(BetaBelief{0, 1}, Share{1, 2}).error().code, Code::InvalidArgument);
    EXPECT_EQ(updated(BetaBelief{1, 1}, Share{3, 2}).error().code, Code::InvalidArgument);
    // Of Beta(0.001, 0.001) most draws are 0 / 0, and of a shape of ½ the mean is infinite.
    EXPECT_EQ(updated(BetaBelief{0.001, 0.001}, Share{1, 2}).error().code, Code::InvalidArgument);
    EXPECT_EQ(updated(NormalBelief{0, 1, 0.5, 1}, Moments()).error().code, Code::InvalidArgument);
    for (const ArmChance& arm :
         chances(std::vector<Belief>{BetaBelief{0.1, 0.1}, NormalBelief{0, 1, 0.51, 1}}, Better::Higher, 1)
             .value())
        EXPECT_TRUE(std::isfinite(arm.expected_loss));
    EXPECT_EQ(updated(NormalBelief{0, 0, 1, 1}, Moments()).error().code, Code::InvalidArgument);
    EXPECT_EQ(updated(NormalBelief{std::nan(""), 1, 1, 1}, Moments()).error().code, Code::InvalidArgument);
    EXPECT_EQ(thompson_choice({}, Better::Higher, 1).error().code, Code::InvalidArgument);
    const std::vector<Belief> wrong = {BetaBelief{1, -1}}, many(1001), two(2);
    EXPECT_FALSE(thompson_choice(wrong, Better::Higher, 1));
    EXPECT_FALSE(thompson_choice(many, Better::Higher, 1));
    EXPECT_FALSE(chances(wrong, Better::Higher, 1));
    EXPECT_FALSE(chances(two, Better::Higher, 1, 99));
    EXPECT_FALSE(chances(std::vector<Belief>(1000), Better::Higher, 1, 1'000'000));
    EXPECT_EQ(chances(std::vector<Belief>(1), Better::Higher, 1).value()[0].best, 1);
}

TEST(Thompson, AChoiceCanBeMadeAgain) {
    const std::vector<Belief> arms = {BetaBelief{30, 70}, BetaBelief{35, 65}, BetaBelief{20, 80}};
    std::vector<int> chosen(3);
    for (std::uint64_t seed = 0; seed < 4000; ++seed) {
        const std::size_t arm = thompson_choice(arms, Better::Higher, seed).value();
        EXPECT_EQ(thompson_choice(arms, Better::Higher, seed).value(), arm);
        ++chosen[arm];
    }
    // Seeds that follow each other choose as independent ones: each arm as often as it is the best.
    const auto best = chances(arms, Better::Higher, 1, 100'000).value();
    for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(chosen[i] / 4000.0, best[i].best, 0.025);
}

TEST(Thompson, LosesLittleAgainstTheBestArm) {
    Draws draws(12);
    const double shares[] = {0.2, 0.25, 0.35};
    double regret = 0;
    const int worlds = 20, calls = 3000;
    for (int world = 0; world < worlds; ++world) {
        std::vector<Belief> arms(3);
        for (int call = 0; call < calls; ++call) {
            const std::size_t arm = thompson_choice(arms, Better::Higher, draws()).value();
            regret += 0.35 - shares[arm];
            auto& belief = std::get<BetaBelief>(arms[arm]);
            (uniform(draws) < shares[arm] ? belief.a : belief.b) += 1;
        }
    }
    regret /= worlds;
    RecordProperty("successes_lost_of_3000_calls", std::to_string(regret));
    // Calls divided evenly lose 250.
    EXPECT_LT(regret, 50);
}

}  // namespace
}  // namespace steno::inference
