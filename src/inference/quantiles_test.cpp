#include "inference/quantiles.hpp"

#include "inference/reference_for_test.hpp"
#include "inference/simulation_for_test.hpp"

#include <numeric>

namespace steno::inference {
namespace {

TEST(Quantiles, AreThoseOfSciPy) {
    int absent = 0, present = 0;
    for (const Json set : reference("quantiles").get_array().value()) {
        const Sample a = sample(numbers(set, "a")), b = sample(numbers(set, "b"));
        for (const Json one : set["cases"].get_array().value()) {
            const double q = number(one, "q"), confidence = number(one, "confidence");
            SCOPED_TRACE(testing::Message() << a.count() << " values, " << q << ", " << confidence);
            const auto of_a = quantile_interval(a, q, confidence).value();
            ASSERT_EQ(of_a.has_value(), has(one, "interval_a"));
            if (of_a) expect_same(*of_a, numbers(one, "interval_a"), "interval");
            const QuantileComparison found = compare_quantiles(a, b, q, confidence).value();
            EXPECT_EQ(found.a, number(one, "at_a"));
            EXPECT_EQ(found.b, number(one, "at_b"));
            EXPECT_EQ(found.interval.has_value(), has(one, "difference"));
            EXPECT_EQ(found.p_value.has_value(), found.interval.has_value());
            (found.interval ? present : absent) += 1;
            if (!found.interval) continue;
            expect_same(*found.interval, numbers(one, "difference"), "difference");
            // The p-value and the interval never contradict each other.
            EXPECT_EQ(*found.p_value < 1 - confidence, !found.interval->contains(0));
        }
    }
    EXPECT_GE(absent, 8);
    EXPECT_GE(present, 15);
}

TEST(Quantiles, AreWhatTheStoreCounts) {
    std::vector<double> hundred(100);
    std::iota(hundred.begin(), hundred.end(), 1.0);
    const Sample one = sample(hundred);
    for (const int percent : {1, 7, 25, 50, 75, 90, 95, 99})
        EXPECT_EQ(quantile(one, percent / 100.0).value(), percent);
    EXPECT_EQ(quantile(sample({1, 2, 3, 4}), 0.5).value(), 2);
    EXPECT_EQ(quantile(sample({9}), 0.001).value(), 9);
    for (const double wrong : {0.0, 1.0, 95.0, std::nan("")})
        EXPECT_EQ(quantile(one, wrong).error().code, Code::InvalidArgument) << wrong;
    EXPECT_EQ(quantile(one, 95).error().remedy, "The 95th percentile is 0.95.");
}

TEST(Quantiles, TooFewValuesHaveNoInterval) {
    std::vector<double> values(71);
    std::iota(values.begin(), values.end(), 0.0);
    EXPECT_FALSE(quantile_interval(sample(values), 0.95).value());
    values.push_back(71);
    EXPECT_TRUE(quantile_interval(sample(values), 0.95).value());
    values.resize(5);
    EXPECT_FALSE(quantile_interval(sample(values), 0.5).value());
    EXPECT_FALSE(compare_quantiles(sample(values), sample(values), 0.5).value().interval);
    values.push_back(5);
    EXPECT_TRUE(quantile_interval(sample(values), 0.5).value());
    EXPECT_FALSE(quantile_interval(sample({1}), 0.5).value());
}

TEST(Quantiles, OfTheSameValuesDoNotDiffer) {
    const Sample same = sample(std::vector<double>(200, 4));
    const QuantileComparison found = compare_quantiles(same, same, 0.9).value();
    EXPECT_EQ(found.interval->low, 0);
    EXPECT_EQ(found.interval->high, 0);
    EXPECT_EQ(found.p_value, 1);
    const QuantileComparison far = compare_quantiles(same, sample(std::vector<double>(200, 5)), 0.9).value();
    EXPECT_LE(*far.p_value, 1e-6);  // as many values as there are do not say more
}

TEST(Quantiles, IntervalsHoldTheTruthAtLeastAsOftenAsTheySay) {
    Draws draws(17);
    const auto skewed = [&] { return std::exp(draws.normal()); };
    struct World {
        double q, truth;
        std::size_t size;
    };
    for (const World& world :
         {World{0.5, 1, 30}, World{0.5, 1, 200}, World{0.9, std::exp(1.2815515655446004), 200},
          World{0.95, std::exp(1.6448536269514722), 400}}) {
        SCOPED_TRACE(testing::Message() << world.q << " of " << world.size);
        int held = 0, refused = 0;
        const int times = 2000;
        const double together = rate("difference_holds_the_truth", times, [&] {
            const Sample a = sample(values(world.size, skewed)), b = sample(values(world.size, skewed));
            held += (*quantile_interval(a, world.q)).value().contains(world.truth);
            const QuantileComparison found = compare_quantiles(a, b, world.q).value();
            refused += *found.p_value <= 0.05;
            return found.interval->contains(0);
        });
        EXPECT_GE(static_cast<double>(held) / times, 0.94);
        EXPECT_GE(together, 0.94);
        EXPECT_LE(static_cast<double>(refused) / times, 0.06);
    }
}

}  // namespace
}  // namespace steno::inference
