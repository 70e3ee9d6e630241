#include "inference/sample.hpp"

#include "inference/correction.hpp"
#include "inference/reference_for_test.hpp"
#include "inference/simulation_for_test.hpp"

#include <rapidcheck/gtest.h>

#include <algorithm>
#include <limits>

namespace steno::inference {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(Sample, WhatCannotBeComparedIsRefusedOnce) {
    EXPECT_EQ(Sample::of({}).error().code, Code::FailedPrecondition);
    for (const double wrong : {kNan, kInfinity, -kInfinity, 1e101, -1e101}) {
        const auto refused = Sample::of({1, 2, wrong});
        ASSERT_FALSE(refused) << wrong;
        EXPECT_EQ(refused.error().code, Code::InvalidArgument);
        EXPECT_NE(refused.error().message.find("Value 3 of 3"), std::string::npos) << refused.error().message;
        EXPECT_FALSE(Moments::of(std::vector{wrong}));
        EXPECT_FALSE(Moments::of(3, wrong, 1));
        EXPECT_FALSE(Moments::of(3, 1, kNan));
    }
    EXPECT_EQ(Moments::of(0, 1, 1).error().code, Code::FailedPrecondition);
    EXPECT_EQ(Moments::of(2, 1, -1).error().code, Code::InvalidArgument);
    EXPECT_EQ(check(Moments()).error().code, Code::FailedPrecondition);
}

TEST(Sample, IsInOrderAndKnowsItsMoments) {
    const Sample made = sample({3, -0.0, 1, 0, 2});
    EXPECT_TRUE(std::ranges::equal(made.sorted(), std::vector<double>{0, 0, 1, 2, 3}));
    EXPECT_FALSE(std::signbit(made.sorted()[0]));
    EXPECT_DOUBLE_EQ(made.moments().mean(), 1.2);
    EXPECT_DOUBLE_EQ(made.moments().variance(), 1.7);
    EXPECT_EQ(sample({7}).moments().variance(), 0);
}

TEST(Sample, ASmallSpreadFarFromZeroIsNotLost) {
    Draws draws(3);
    std::vector<double> near = values(100'000, [&] { return std::round(draws.normal() * 1024) / 1024; }),
                        far = near;
    for (double& value : far) value += 0x1p33;
    const Moments a = Moments::of(near).value(), b = Moments::of(far).value();
    EXPECT_NEAR(b.variance() / a.variance(), 1, 1e-7);
    EXPECT_NEAR(b.mean() - 0x1p33, a.mean(), 1e-5);
    // Equal values have none, although 0.1 cannot be added up exactly.
    EXPECT_EQ(Moments::of(std::vector<double>(12'345, 0.1)).value().variance(), 0);
    EXPECT_EQ(Moments::of(std::vector<double>(12'345, 0.1)).value().mean(), 0.1);
}

RC_GTEST_PROP(Moments, PartsMakeTheWhole,
              (std::vector<std::int16_t> first, std::vector<std::int16_t> second)) {
    RC_PRE(!first.empty() && !second.empty());
    std::vector<double> a(first.begin(), first.end()), b(second.begin(), second.end()), both = a;
    both.insert(both.end(), b.begin(), b.end());
    Moments parts = Moments::of(a).value();
    parts.add(Moments::of(b).value());
    Moments one_by_one;
    for (const double value : both) one_by_one.add(value);
    const Moments whole = Moments::of(both).value();
    for (const Moments& made : {parts, one_by_one}) {
        RC_ASSERT(made.count() == whole.count());
        RC_ASSERT(std::abs(made.mean() - whole.mean()) < 1e-8);
        RC_ASSERT(std::abs(made.variance() - whole.variance()) <= 1e-9 * whole.variance() + 1e-9);
    }
}

TEST(Holm, IsThatOfStatsmodels) {
    for (const Json one : reference("holm").get_array().value()) {
        const auto ours = holm(numbers(one, "p")).value(), theirs = numbers(one, "adjusted");
        ASSERT_EQ(ours.size(), theirs.size());
        for (std::size_t i = 0; i < ours.size(); ++i) expect_same(ours[i], theirs[i], "adjusted");
    }
    EXPECT_TRUE(holm({}).value().empty());
    for (const double wrong : {-0.1, 1.1, kNan})
        EXPECT_EQ(holm(std::vector{0.5, wrong}).error().code, Code::InvalidArgument);
}

TEST(Holm, FindsOneAmongManyByChanceAsSeldomAsPromised) {
    Draws draws(11);
    const double wrong = rate("any_of_20_by_chance", 20'000, [&] {
        const auto adjusted = holm(values(20, [&] { return uniform(draws); })).value();
        return std::ranges::min(adjusted) <= 0.05;
    });
    EXPECT_NEAR(wrong, 0.05, 0.006);
}

}  // namespace
}  // namespace steno::inference
