#include "inference/sequential.hpp"

#include "inference/reference_for_test.hpp"
#include "inference/shares.hpp"
#include "inference/simulation_for_test.hpp"

namespace steno::inference {
namespace {

BoundedSum bounded(Json pair) {
    const auto parts = pair.get_array().value();
    return {number(parts.at(0).value()), whole(parts.at(1).value())};
}
Moments moments_of(Json triple) {
    const auto parts = numbers(triple);
    return Moments::of(static_cast<std::uint64_t>(parts[0]), parts[1], parts[2]).value();
}

TEST(Sequential, IsWhatNumericalIntegrationGives) {
    const Json cases = reference("sequences");
    for (const Json one : cases["mean"].get_array().value()) {
        const BoundedSum sample = bounded(one["sample"].value());
        SCOPED_TRACE(testing::Message() << sample.sum << " of " << sample.count);
        expect_same(bounded_mean_sequence(sample, number(one, "confidence")).value(),
                    numbers(one, "interval"), "mean", 6, 1e-8);
    }
    for (const Json one : cases["difference"].get_array().value()) {
        const BoundedSum a = bounded(one["a"].value()), b = bounded(one["b"].value());
        SCOPED_TRACE(testing::Message() << a.sum << " of " << a.count << ", " << b.sum << " of " << b.count);
        const SequentialComparison found = compare_bounded_sequence(a, b).value().value();
        expect_same(found.p_value, number(one, "p"), "p", 6);
        expect_same(found.interval, numbers(one, "interval"), "difference", 5, 1e-7);
    }
    for (const Json one : cases["means"].get_array().value()) {
        const SequentialComparison found =
            compare_means_sequence(moments_of(one["a"].value()), moments_of(one["b"].value()))
                .value()
                .value();
        expect_same(found.interval, numbers(one, "interval"), "means");
        expect_same(found.p_value, number(one, "p"), "p", 6);
    }
}

TEST(Sequential, BeforeAnythingIsSeenAnythingCanBe) {
    const Interval all = bounded_mean_sequence({0, 0}).value();
    EXPECT_EQ(all.low, 0);
    EXPECT_EQ(all.high, 1);
    EXPECT_FALSE(compare_bounded_sequence({0, 0}, {1, 1}).value());
    EXPECT_EQ(same_mean_sequence({0, 0}, {1, 1}).value(), 1);
    const SequentialComparison two = compare_bounded_sequence({0, 1}, {1, 1}).value().value();
    EXPECT_EQ(two.p_value, 1);
    EXPECT_TRUE(two.interval.contains(0));
    EXPECT_EQ(two.interval.high, 1);
    EXPECT_FALSE(
        compare_means_sequence(Moments::of(99, 1, 1).value(), Moments::of(100, 1, 1).value()).value());
    EXPECT_FALSE(
        compare_means_sequence(Moments::of(100, 1, 0).value(), Moments::of(100, 2, 0).value()).value());
    EXPECT_TRUE(
        compare_means_sequence(Moments::of(100, 1, 1).value(), Moments::of(100, 2, 0).value()).value());
}

TEST(Sequential, WhatCannotBeIsRefused) {
    for (const BoundedSum& wrong : {BoundedSum{2, 1}, BoundedSum{-1, 5}, BoundedSum{std::nan(""), 5}}) {
        EXPECT_EQ(bounded_mean_sequence(wrong).error().code, Code::InvalidArgument);
        EXPECT_EQ(compare_bounded_sequence({1, 2}, wrong).error().code, Code::InvalidArgument);
        EXPECT_EQ(compare_bounded_sequence(wrong, {1, 2}).error().code, Code::InvalidArgument);
        EXPECT_EQ(same_mean_sequence(wrong, {1, 2}).error().code, Code::InvalidArgument);
    }
    EXPECT_FALSE(bounded_mean_sequence({1, 2}, 95));
    EXPECT_FALSE(compare_bounded_sequence({1, 2}, {1, 2}, 95));
    const Moments some = Moments::of(1000, 1, 1).value();
    EXPECT_FALSE(compare_means_sequence(some, some, {.planned = 0}));
    EXPECT_FALSE(compare_means_sequence(some, some, {.confidence = 1}));
}

TEST(Sequential, PAndIntervalAgree) {
    for (std::uint64_t more = 0; more <= 200; more += 5) {
        const SequentialComparison found =
            compare_bounded_sequence({300, 1000}, {300 + static_cast<double>(more), 1000}).value().value();
        EXPECT_EQ(found.p_value <= 0.05, found.interval.low >= 0) << more;
        EXPECT_EQ(found.p_value,
                  same_mean_sequence({300, 1000}, {300 + static_cast<double>(more), 1000}).value());
        const Moments a = Moments::of(1000, 1, 1).value(),
                      b = Moments::of(1000, 1 + static_cast<double>(more) / 1000, 1).value();
        const SequentialComparison means = compare_means_sequence(a, b).value().value();
        EXPECT_EQ(means.p_value <= 0.05, means.interval.low >= 0) << more;
    }
}

TEST(Sequential, OfAHundredMillionItIsStillANumber) {
    const SequentialComparison found =
        compare_bounded_sequence({3e7, 100'000'000}, {3.01e7, 100'000'000}).value().value();
    EXPECT_NEAR(found.interval.low, 0.001, 0.001);
    EXPECT_GT(found.interval.low, 0);
    EXPECT_LT(found.p_value, 1e-20);
    EXPECT_LT(found.interval.high - found.interval.low, 0.001);
}

TEST(Sequential, AVerdictIsWhatTheIntervalSays) {
    EXPECT_EQ(verdict({0.01, 0.2}), Verdict::Higher);
    EXPECT_EQ(verdict({-0.2, -0.01}), Verdict::Lower);
    EXPECT_EQ(verdict({-0.2, 0.01}), Verdict::Open);
    EXPECT_EQ(verdict({-0.01, 0.01}, 0.02), Verdict::Negligible);
    EXPECT_EQ(verdict({-0.01, 0.03}, 0.02), Verdict::Open);
    EXPECT_EQ(verdict({0, 0}), Verdict::Open);
    EXPECT_EQ(to_string(Verdict::Open), "open");
    EXPECT_EQ(to_string(Verdict::Higher), "higher");
    EXPECT_EQ(to_string(Verdict::Lower), "lower");
    EXPECT_EQ(to_string(Verdict::Negligible), "negligible");
}

/// Looks after every pair of calls; whether it was ever found that they differ.
constexpr int kExperiments = 400, kPairs = 2000;

TEST(Sequential, LookingAfterEveryCallFindsNothingAsSeldomAsPromised) {
    Draws draws(31);
    for (const double share : {0.5, 0.03}) {
        SCOPED_TRACE(share);
        int fixed_fooled = 0;
        const double fooled = rate("exact_sequence_of_shares", kExperiments, [&] {
            BoundedSum a, b;
            bool found = false, fixed = false;
            for (int i = 0; i < kPairs; ++i) {
                a.sum += uniform(draws) < share, ++a.count;
                b.sum += uniform(draws) < share, ++b.count;
                found = found || same_mean_sequence(a, b).value() <= 0.05;
                // Looked at only every tenth time, and only from 50 on.
                if (!fixed && i >= 50 && i % 10 == 0)
                    fixed = compare_shares({static_cast<std::uint64_t>(a.sum), a.count},
                                           {static_cast<std::uint64_t>(b.sum), b.count})
                                .value()
                                .p_value <= 0.05;
            }
            fixed_fooled += fixed;
            return found;
        });
        EXPECT_LE(fooled, 0.05);
        // What a test for a fixed size does when it is used like this.
        const double fixed = fixed_fooled / static_cast<double>(kExperiments);
        RecordProperty("two_proportion_z_in_the_same_world", std::to_string(fixed));
        EXPECT_GE(fixed, 0.2);
    }
}

/// The interval left out the truth at some look.
double ever_wrong(const char* what, double truth, const std::function<double()>& a,
                  const std::function<double()>& b, const SequentialOptions& options = {}) {
    return rate(what, kExperiments, [&] {
        Moments of_a, of_b;
        for (int i = 0; i < kPairs; ++i) {
            of_a.add(a());
            of_b.add(b());
            if (i + 1 < static_cast<int>(kLeastForMeans)) continue;
            const auto found = compare_means_sequence(of_a, of_b, options);
            if (found.value() && !found.value()->interval.contains(truth)) return true;
        }
        return false;
    });
}

TEST(Sequential, MeansAtEveryLook) {
    Draws draws(32);
    const auto normal = [&] { return draws.normal(); };
    EXPECT_LE(ever_wrong("normal", 0, normal, normal), 0.05);
    EXPECT_LE(ever_wrong("normal_planned_for_500", 0, normal, normal, {.planned = 500}), 0.05);
    EXPECT_LE(ever_wrong(
                  "lognormal_against_more_skewed", std::exp(0.72) - std::exp(0.5),
                  [&] { return std::exp(draws.normal()); }, [&] { return std::exp(1.2 * draws.normal()); }),
              0.08);
    EXPECT_LE(ever_wrong(
                  "shares_of_5_percent", 0, [&] { return uniform(draws) < 0.05 ? 1.0 : 0.0; },
                  [&] { return uniform(draws) < 0.05 ? 1.0 : 0.0; }),
              0.05);
}

TEST(Sequential, BoundedValuesAtEveryLookHoweverCallsAreDivided) {
    // Scores between 0 and 1; more calls go to the side that looks better, as a bandit does it.
    Draws draws(33);
    const auto score = [&](double mean) { return draws.beta(2 * mean, 2 * (1 - mean)); };
    const double wrong = rate("exact_sequence_of_scores_divided_by_results", kExperiments, [&] {
        BoundedSum a, b;
        for (int i = 0; i < kPairs; ++i) {
            const bool to_b = uniform(draws) < (a.count && b.count && b.mean() > a.mean() ? 0.9 : 0.3);
            (to_b ? b : a).sum += score(to_b ? 0.65 : 0.6);
            ++(to_b ? b : a).count;
            if (i % 40) continue;
            const auto found = compare_bounded_sequence(a, b).value();
            if (found && !found->interval.contains(0.05)) return true;
        }
        return false;
    });
    EXPECT_LE(wrong, 0.05);
}

TEST(Sequential, WhatDiffersIsFound) {
    Draws draws(34);
    int exact = 0, means = 0;
    double pairs_exact = 0, pairs_means = 0;
    const int experiments = 100, pairs = 3000;
    for (int e = 0; e < experiments; ++e) {
        BoundedSum a, b;
        bool exact_open = true, means_open = true;
        for (int i = 0; i < pairs && (exact_open || means_open); ++i) {
            a.sum += uniform(draws) < 0.5, ++a.count;
            b.sum += uniform(draws) < 0.6, ++b.count;
            if (i % 10) continue;
            if (exact_open && verdict(compare_bounded_sequence(a, b)->value().interval) == Verdict::Higher)
                ++exact, pairs_exact += i, exact_open = false;
            const auto of = [](const BoundedSum& s) {
                return Moments::of(s.count, s.mean(), s.mean() * (1 - s.mean())).value();
            };
            if (const auto found = compare_means_sequence(of(a), of(b), {.planned = 2000}).value();
                means_open && found && verdict(found->interval) == Verdict::Higher)
                ++means, pairs_means += i, means_open = false;
        }
    }
    RecordProperty("ten_points_found_exactly_after_pairs", std::to_string(pairs_exact / exact));
    RecordProperty("ten_points_found_by_means_after_pairs", std::to_string(pairs_means / means));
    EXPECT_GE(exact, 95);
    EXPECT_GE(means, 95);
}

}  // namespace
}  // namespace steno::inference
