#include "inference/means.hpp"

#include "inference/bootstrap.hpp"
#include "inference/reference_for_test.hpp"
#include "inference/simulation_for_test.hpp"

namespace steno::inference {
namespace {

Moments moments(const std::vector<double>& values) {
    return Moments::of(values).value();
}

TEST(Means, AreComparedAsBySciPyAndStatsmodels) {
    for (const Json one : reference("means").get_array().value()) {
        const Moments a = moments(numbers(one, "a")), b = moments(numbers(one, "b"));
        const double confidence = number(one, "confidence");
        const MeanComparison found = compare_means(a, b, confidence).value();
        SCOPED_TRACE(testing::Message() << a.count() << " and " << b.count() << " around " << a.mean());
        ASSERT_TRUE(found.welch);
        // Around 1e9 the last digits of the values are those of the spread.
        const int digits = a.mean() > 1e6 ? 4 : 9;
        expect_same(found.welch->t, number(one, "t"), "t", digits);
        expect_same(found.welch->degrees, number(one, "degrees"), "degrees", digits);
        expect_same(found.welch->p_value, number(one, "p"), "p", digits);
        expect_same(found.welch->interval, numbers(one, "interval"), "interval", digits, 1e-15);
        expect_same(**mean_interval(b, confidence), numbers(one, "mean_interval"), "interval of one");
        expect_same(found.cohens_d.value(), number(one, "d"), "Cohen's d", digits);
        expect_same(found.hedges_g.value(), number(one, "g"), "Hedges' g", digits);
        EXPECT_EQ(found.relative.has_value(), has(one, "relative"));
        if (found.relative) expect_same(*found.relative, number(one, "relative"), "relative", digits);
        EXPECT_EQ(found.relative_interval.has_value(), has(one, "fieller"));
        if (found.relative_interval)
            expect_same(*found.relative_interval, numbers(one, "fieller"), "Fieller", digits, 1e-11);
    }
}

TEST(Means, OfSumsAreThoseOfValues) {
    const std::vector<double> a = {1, 2, 4, 8}, b = {3, 5, 9};
    const auto of_values = compare_means(moments(a), moments(b)).value();
    const auto of_sums = compare_means(Moments::of(4, 3.75, moments(a).variance()).value(),
                                       Moments::of(3, moments(b).mean(), moments(b).variance()).value())
                             .value();
    EXPECT_NEAR(of_values.welch->p_value, of_sums.welch->p_value, 1e-14);
}

TEST(Means, WhatCannotBeSaidIsAbsent) {
    const Moments one = moments({5}), same = moments({2, 2, 2}), varied = moments({1, 2, 3});
    const auto of_one = compare_means(one, varied).value();
    EXPECT_EQ(of_one.difference, -3);
    EXPECT_FALSE(of_one.welch);
    EXPECT_FALSE(of_one.relative_interval);
    const auto of_same = compare_means(same, moments({3, 3})).value();
    EXPECT_EQ(of_same.difference, 1);
    EXPECT_DOUBLE_EQ(of_same.relative.value(), 0.5);
    EXPECT_FALSE(of_same.welch);
    EXPECT_FALSE(of_same.cohens_d);
    EXPECT_TRUE(compare_means(same, varied).value().welch);  // one varies
    EXPECT_FALSE(compare_means(one, one).value().cohens_d);
    EXPECT_FALSE(compare_means(one, moments({1, 2})).value().hedges_g);
    EXPECT_FALSE(mean_interval(one).value());
    EXPECT_FALSE(mean_interval(same).value());
    // Without a sure mean to divide by there is a ratio, and no interval of it.
    const auto unsure = compare_means(moments({0.001, 9, -8}), moments({1, 2, 3})).value();
    EXPECT_TRUE(unsure.relative);
    EXPECT_FALSE(unsure.relative_interval);
    EXPECT_FALSE(compare_means(moments({-1, -2}), varied).value().relative);
}

TEST(Means, VeryLargeAndVerySmallValuesGiveNumbers) {
    const auto compared = [](double unit) {
        return compare_means(moments({10 * unit, 12 * unit, 14 * unit}),
                             moments({12 * unit, 15 * unit, 17 * unit}))
            .value();
    };
    const MeanComparison plain = compared(1);
    for (const double unit : {1e-150, 1e-100, 1e97}) {
        const MeanComparison found = compared(unit);
        ASSERT_TRUE(found.welch) << unit;
        ASSERT_TRUE(found.relative_interval) << unit;
        EXPECT_NEAR(found.welch->p_value, plain.welch->p_value, 1e-9) << unit;
        EXPECT_NEAR(found.relative_interval->high, plain.relative_interval->high, 1e-9) << unit;
    }
    // Below what a double's square can hold, nothing is said of the spread.
    EXPECT_FALSE(compare_means(moments({1e-170, 2e-170}), moments({3e-170, 4e-170})).value().welch);
}

TEST(Means, OfNothingAreRefused) {
    EXPECT_EQ(compare_means(Moments(), moments({1})).error().code, Code::FailedPrecondition);
    EXPECT_EQ(compare_means(moments({1}), Moments()).error().code, Code::FailedPrecondition);
    EXPECT_EQ(mean_interval(Moments()).error().code, Code::FailedPrecondition);
    EXPECT_EQ(compare_means(moments({1}), moments({1}), 99).error().code, Code::InvalidArgument);
}

TEST(Means, IntervalsHoldTheTruthAsOftenAsTheySay) {
    Draws draws(8);
    const double normal = rate("welch_unequal_spreads_8_and_20", 4000, [&] {
        const auto found = compare_means(moments(values(8, [&] { return 5 + 3 * draws.normal(); })),
                                         moments(values(20, [&] { return 6 + draws.normal(); })))
                               .value();
        return found.welch->interval.contains(1);
    });
    EXPECT_NEAR(normal, 0.95, 0.012);
    // Skewed as money is: e^0.5 is the mean of a lognormal value.
    const double truth = std::exp(0.72) / std::exp(0.5) - 1;
    int ratio_held = 0;
    const double skewed = rate("welch_lognormal_500_and_500", 2000, [&] {
        const auto found = compare_means(moments(values(500, [&] { return std::exp(draws.normal()); })),
                                         moments(values(500, [&] { return std::exp(1.2 * draws.normal()); })))
                               .value();
        ratio_held += found.relative_interval->contains(truth);
        return found.welch->interval.contains(std::exp(0.72) - std::exp(0.5));
    });
    EXPECT_NEAR(skewed, 0.95, 0.02);
    EXPECT_NEAR(ratio_held / 2000.0, 0.95, 0.02);
}

TEST(Means, OfFewSkewedValuesAreAsGoodAsTheBootstrap) {
    Draws draws(18);
    BootstrapOptions options;
    options.resamples = 400;
    for (const double spread : {1.0, 1.4}) {
        SCOPED_TRACE(spread);
        const double truth = std::exp(spread * spread / 2) - std::exp(0.5);
        int bca = 0;
        const double welch = rate("welch_leaves_out_the_truth_of_60_lognormal_values", 600, [&] {
            const auto a = values(60, [&] { return std::exp(draws.normal()); }),
                       b = values(60, [&] { return std::exp(spread * draws.normal()); });
            options.seed = draws();
            bca += !bootstrap_difference(60, mean_of(a), 60, mean_of(b), options)->interval.contains(truth);
            return !compare_means(moments(a), moments(b)).value().welch->interval.contains(truth);
        });
        RecordProperty("bca_in_the_same_world", std::to_string(bca / 600.0));
        EXPECT_LE(welch, spread > 1 ? 0.18 : 0.07);
        EXPECT_LE(welch, bca / 600.0 + 0.04);
    }
}

}  // namespace
}  // namespace steno::inference
