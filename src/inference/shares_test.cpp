#include "inference/shares.hpp"

#include "inference/distributions.hpp"
#include "inference/reference_for_test.hpp"
#include "inference/simulation_for_test.hpp"

#include <cmath>
#include <utility>

namespace steno::inference {
namespace {

Share share_of(Json pair) {
    const auto counts = pair.get_array().value();
    return {whole(counts.at(0).value()), whole(counts.at(1).value())};
}

TEST(Shares, AreComparedAsBySciPyAndStatsmodels) {
    int fisher = 0, z = 0;
    for (const Json one : reference("shares").get_array().value()) {
        const Share a = share_of(one["a"].value()), b = share_of(one["b"].value());
        SCOPED_TRACE(testing::Message() << a.successes << "/" << a.of << ", " << b.successes << "/" << b.of);
        const double confidence = number(one, "confidence");
        expect_same(wilson(b, confidence).value(), numbers(one, "wilson"), "Wilson");
        const ShareComparison found = compare_shares(a, b, confidence).value();
        EXPECT_DOUBLE_EQ(found.difference, b.value() - a.value());
        expect_same(found.interval, numbers(one, "newcombe"), "Newcombe");
        expect_same(found.cohens_h, number(one, "h"), "Cohen's h");
        expect_same(found.odds_ratio, number(one, "odds_ratio"), "odds ratio");
        expect_same(found.odds_ratio_interval, numbers(one, "odds_ratio_interval"), "odds ratio");
        if (found.test == ShareTest::FisherExact) {
            ++fisher;
            expect_same(found.p_value, number(one, "fisher_p"), "Fisher");
            EXPECT_FALSE(found.z);
        } else {
            ++z;
            expect_same(found.z.value(), number(one, "z"), "z");
            expect_same(found.p_value, number(one, "z_p"), "p");
        }
    }
    EXPECT_GE(fisher, 10);
    EXPECT_GE(z, 6);
}

TEST(Shares, WhatIsExpectedDecidesTheTest) {
    // 5 of 50 and 5 of 50: 5 are expected of either; one less, and 4.5 are.
    EXPECT_EQ(compare_shares({5, 50}, {5, 50}).value().test, ShareTest::TwoProportionZ);
    EXPECT_EQ(compare_shares({4, 50}, {5, 50}).value().test, ShareTest::FisherExact);
    EXPECT_EQ(compare_shares({46, 50}, {45, 50}).value().test, ShareTest::FisherExact);
    // Which of two outcomes is called the success makes no difference.
    for (std::uint64_t of : {50U, 49U, 30U, 1000U})
        for (std::uint64_t seen = 0; seen <= 12; ++seen)
            EXPECT_EQ(compare_shares({seen, of}, {10 - std::min<std::uint64_t>(seen, 10), of}).value().test,
                      compare_shares({of - seen, of}, {of - 10 + std::min<std::uint64_t>(seen, 10), of})
                          .value()
                          .test)
                << seen << " of " << of;
    EXPECT_EQ(to_string(ShareTest::TwoProportionZ), "two_proportion_z");
    EXPECT_EQ(to_string(ShareTest::FisherExact), "fisher_exact");
}

TEST(Shares, OfManyTheExactTestIsQuickToo) {
    // As many as can be counted; few of them succeed.
    const std::uint64_t many = std::uint64_t{1} << 53;
    const ShareComparison found = compare_shares({0, many}, {9, many}).value();
    EXPECT_EQ(found.test, ShareTest::FisherExact);
    EXPECT_NEAR(found.p_value, 2.0 / 512, 1e-9);  // nine coins that all show the same
    EXPECT_LT(compare_shares({0, 400'000'000}, {4, 4}).value().p_value, 1e-30);
}

TEST(Shares, AgainstThemselvesNothingIsFound) {
    for (const Share one : {Share{0, 1}, Share{1, 1}, Share{3, 7}, Share{500'000, 1'000'000}}) {
        const ShareComparison found = compare_shares(one, one).value();
        EXPECT_EQ(found.difference, 0);
        EXPECT_EQ(found.p_value, 1);
        EXPECT_TRUE(found.interval.contains(0));
        EXPECT_EQ(found.cohens_h, 0);
        EXPECT_DOUBLE_EQ(found.odds_ratio, 1);
    }
}

TEST(Shares, SidesExchangedGiveTheOppositeAndTheSameP) {
    const ShareComparison there = compare_shares({3, 9}, {8, 10}).value(),
                          back = compare_shares({8, 10}, {3, 9}).value();
    EXPECT_DOUBLE_EQ(there.p_value, back.p_value);
    EXPECT_DOUBLE_EQ(there.difference, -back.difference);
    EXPECT_NEAR(there.interval.low, -back.interval.high, 1e-15);
    EXPECT_NEAR(there.odds_ratio * back.odds_ratio, 1, 1e-12);
}

TEST(Shares, TheExactIntervalIsClopperAndPearsons) {
    const auto bounds = [](Share share, double confidence) {
        const Interval found = exact_interval(share, confidence).value();
        return std::pair(found.low, found.high);
    };
    // by the sums of binomial probabilities, in 50 digits
    const auto [low, high] = bounds({10, 100}, 0.95);
    EXPECT_NEAR(low, 0.04900468922148596, 1e-12);
    EXPECT_NEAR(high, 0.17622259774002268, 1e-12);
    for (const double confidence : {0.8, 0.95, 0.9999, 0.999995})
        for (const Share share :
             {Share{1, 100}, {5, 100}, {99, 100}, {300, 20'000}, {7'000'000, 10'000'000}}) {
            const auto [least, most] = bounds(share, confidence);
            const double k = static_cast<double>(share.successes), n = static_cast<double>(share.of),
                         tail = (1 - confidence) / 2;
            EXPECT_NEAR((1 - binomial_cdf(k - 1, n, least)) / tail, 1, 1e-4) << k << "/" << n;
            EXPECT_NEAR(binomial_cdf(k, n, most) / tail, 1, 1e-6) << k << "/" << n;
        }
    EXPECT_EQ(bounds({0, 50}, 0.95).first, 0);
    EXPECT_NEAR(bounds({0, 50}, 0.95).second, 1 - std::pow(0.025, 1.0 / 50), 1e-12);
    EXPECT_EQ(bounds({50, 50}, 0.95).second, 1);
    EXPECT_EQ(exact_interval({0, 0}).error().code, Code::FailedPrecondition);
    EXPECT_EQ(exact_interval({1, 2}, 95).error().code, Code::InvalidArgument);
}

TEST(Shares, WhatCannotBeIsRefused) {
    EXPECT_EQ(compare_shares({0, 0}, {1, 2}).error().code, Code::FailedPrecondition);
    EXPECT_EQ(compare_shares({1, 2}, {0, 0}).error().code, Code::FailedPrecondition);
    EXPECT_EQ(compare_shares({3, 2}, {1, 2}).error().code, Code::InvalidArgument);
    EXPECT_EQ(wilson({1, ~std::uint64_t{0}}).error().code, Code::InvalidArgument);
    for (const double wrong : {0.0, 1.0, 95.0, -1.0, std::nan("")})
        EXPECT_EQ(compare_shares({1, 2}, {1, 2}, wrong).error().code, Code::InvalidArgument) << wrong;
    const Error percent = compare_shares({1, 2}, {1, 2}, 95).error();
    EXPECT_EQ(percent.remedy, "95 percent is 0.95.");
}

TEST(Shares, IntervalsAndTestsAreWrongAsOftenAsTheySay) {
    Draws draws(5);
    struct World {
        double share;
        std::uint64_t a, b;
        double difference;
    };
    for (const World& world : {World{0.5, 40, 60, 0}, World{0.05, 100, 150, 0}, World{0.9, 300, 80, 0.05},
                               World{0.02, 60, 60, 0.1}}) {
        SCOPED_TRACE(testing::Message() << world.share << ", " << world.a << " and " << world.b);
        int refused = 0;
        const int times = 4000;
        const double held = rate("newcombe_holds_the_truth", times, [&] {
            const Share a{successes(draws, world.a, world.share), world.a},
                b{successes(draws, world.b, world.share + world.difference), world.b};
            const ShareComparison found = compare_shares(a, b).value();
            refused += found.p_value <= 0.05;
            return found.interval.contains(world.difference);
        });
        // Newcombe's own tables have it between 93 and 98 %.
        EXPECT_GE(held, 0.93);
        if (world.difference == 0) EXPECT_LE(static_cast<double>(refused) / times, 0.06);
    }
}

}  // namespace
}  // namespace steno::inference
