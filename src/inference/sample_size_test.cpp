#include "inference/sample_size.hpp"

#include "inference/means.hpp"
#include "inference/reference_for_test.hpp"
#include "inference/shares.hpp"
#include "inference/simulation_for_test.hpp"

namespace steno::inference {
namespace {

TEST(SampleSize, IsThatOfStatsmodels) {
    const Json cases = reference("sample_sizes");
    for (const Json one : cases["means"].get_array().value()) {
        const Plan plan{.power = number(one, "power"), .ratio = number(one, "ratio")};
        const Needed found = needed_for_means(number(one, "d"), plan).value();
        SCOPED_TRACE(testing::Message() << number(one, "d") << " with " << plan.ratio);
        EXPECT_EQ(static_cast<double>(found.a), std::ceil(number(one, "n") - 1e-4));
        EXPECT_EQ(static_cast<double>(found.b), std::ceil(number(one, "n") * plan.ratio - 1e-4));
        EXPECT_EQ(needed_for_means(-number(one, "d"), plan).value().a, found.a);
    }
    for (const Json one : cases["shares"].get_array().value()) {
        const Needed found = needed_for_shares(number(one, "share"), number(one, "difference"),
                                               {.ratio = number(one, "ratio")})
                                 .value();
        EXPECT_EQ(static_cast<double>(found.a), std::ceil(number(one, "n") - 1e-6));
    }
}

TEST(SampleSize, FindsAsOftenAsPlanned) {
    Draws draws(4);
    const Needed of_shares = needed_for_shares(0.3, 0.15).value();
    const double share_found = rate("share_found", 3000, [&] {
        return compare_shares({successes(draws, of_shares.a, 0.3), of_shares.a},
                              {successes(draws, of_shares.b, 0.45), of_shares.b})
                   .value()
                   .p_value <= 0.05;
    });
    EXPECT_NEAR(share_found, 0.8, 0.03);
    const Needed of_means = needed_for_means(0.5, {.power = 0.9, .ratio = 2}).value();
    const double mean_found = rate("mean_found", 3000, [&] {
        const auto a = values(of_means.a, [&] { return draws.normal(); }),
                   b = values(of_means.b, [&] { return 0.5 + draws.normal(); });
        return compare_means(Moments::of(a).value(), Moments::of(b).value()).value().welch->p_value <= 0.05;
    });
    EXPECT_NEAR(mean_found, 0.9, 0.03);
}

TEST(SampleSize, WhatCannotBePlannedIsRefused) {
    for (const auto& [share, difference] :
         {std::pair{0.5, 0.0}, {0.5, 0.6}, {-0.1, 0.2}, {0.5, 1e-12}, {0.5, std::nan("")}})
        EXPECT_EQ(needed_for_shares(share, difference).error().code, Code::InvalidArgument)
            << share << " " << difference;
    for (const double d : {0.0, 1e-9, std::nan(""), HUGE_VAL})
        EXPECT_EQ(needed_for_means(d).error().code, Code::InvalidArgument) << d;
    EXPECT_FALSE(needed_for_means(0.5, {.power = 80}));
    EXPECT_FALSE(needed_for_means(0.5, {.ratio = 0}));
    EXPECT_FALSE(needed_for_shares(0.5, 0.1, {.confidence = 0.1}));
    EXPECT_EQ(needed_for_means(1000).value().a, 2U);
    EXPECT_NEAR(static_cast<double>(needed_for_means(1e-6).value().a), 1.569776e13,
                1e8);  // 2 (1.96 + 0.84)² / d²
    EXPECT_EQ(needed_for_shares(0, 1).value().a, 2U);
}

TEST(SampleSize, WhatIsMissingSettlesIt) {
    // A difference as large as its interval's half needs twice as many values: ((1.96 + 0.84) / 1.96)²
    // = 2.04.
    EXPECT_EQ(more_needed(1000, 1, {0, 2}).value(), 1044U);
    EXPECT_EQ(more_needed(1000, -1, {-2, 0}).value(), 1044U);
    EXPECT_EQ(more_needed(1000, 1, {0.7, 1.3}).value(), 0U);
    EXPECT_FALSE(more_needed(1000, 0, {-1, 1}).value());
    // An interval of 95 %, and a decision at 99 %: ((2.576 + 0.842) / 1.96)² = 3.04.
    EXPECT_EQ(more_needed(1000, 1, {0, 2}, {.confidence = 0.99}, 0.95).value(), 2041U);
    EXPECT_FALSE(more_needed(1000, 1, {0, 2}, {}, 95));
    EXPECT_FALSE(more_needed(1000, 1e-12, {-1, 1}).value());
    EXPECT_FALSE(more_needed(1000, 1, {2, 0}));
    EXPECT_FALSE(more_needed(1000, std::nan(""), {0, 1}));
    EXPECT_FALSE(more_needed(1000, 1, {0, INFINITY}));

    // It agrees with the plan that is made from the same difference beforehand.
    const auto seen = compare_shares({300, 1000}, {330, 1000}).value();
    const double in_all =
        2000.0 + static_cast<double>(more_needed(2000, seen.difference, seen.interval).value().value());
    EXPECT_NEAR(in_all / (2.0 * static_cast<double>(needed_for_shares(0.3, 0.03).value().a)), 1, 0.01);
}

}  // namespace
}  // namespace steno::inference
