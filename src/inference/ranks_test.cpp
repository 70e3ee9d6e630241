#include "inference/ranks.hpp"

#include "inference/reference_for_test.hpp"
#include "inference/simulation_for_test.hpp"

#include <rapidcheck/gtest.h>

#include <algorithm>

namespace steno::inference {
namespace {

TEST(Ranks, AreComparedAsBySciPy) {
    int exact = 0, free = 0;
    for (const Json one : reference("ranks").get_array().value()) {
        const Sample a = sample(numbers(one, "a")), b = sample(numbers(one, "b"));
        const double confidence = number(one, "confidence");
        SCOPED_TRACE(testing::Message() << a.count() << " and " << b.count());
        const RankComparison found = compare_ranks(a, b, confidence).value();
        EXPECT_EQ(found.u, number(one, "u"));
        EXPECT_EQ(found.test == RankTest::Exact, one["exact"].get_bool().value());
        expect_same(found.p_value, number(one, "p"), "p");
        EXPECT_EQ(found.brunner_munzel.has_value(), has(one, "brunner_munzel"));
        if (found.brunner_munzel) {
            const auto theirs = numbers(one, "brunner_munzel");
            expect_same(found.brunner_munzel->t, theirs[0], "Brunner and Munzel");
            expect_same(found.brunner_munzel->p_value, theirs[1], "Brunner and Munzel");
            EXPECT_TRUE(found.brunner_munzel->superiority.contains(found.superiority));
            ++free;
        }
        exact += found.test == RankTest::Exact;

        const Shift by = shift(a, b, confidence).value();
        EXPECT_NEAR(by.estimate, number(one, "shift"), 1e-12);
        EXPECT_EQ(by.interval.has_value(), has(one, "shift_interval"));
        if (by.interval) expect_same(*by.interval, numbers(one, "shift_interval"), "shift");
    }
    EXPECT_GE(exact, 6);
    EXPECT_GE(free, 6);
}

TEST(Ranks, AgainstThemselvesNothingIsFound) {
    for (const auto& values : {std::vector<double>{1}, {2, 2, 2, 2}, {1, 2, 3, 4, 5, 6}}) {
        const Sample one = sample(values);
        const RankComparison found = compare_ranks(one, one).value();
        EXPECT_EQ(found.p_value, 1);
        EXPECT_EQ(found.superiority, 0.5);
        EXPECT_EQ(found.rank_biserial, 0);
        EXPECT_EQ(shift(one, one).value().estimate, 0);
    }
    EXPECT_EQ(to_string(RankTest::Exact), "mann_whitney_exact");
    EXPECT_EQ(to_string(RankTest::Normal), "mann_whitney_normal");
    EXPECT_FALSE(compare_ranks(sample({1}), sample({1}), 2));
    EXPECT_FALSE(shift(sample({1}), sample({1}), 2));
}

TEST(Ranks, OneValueAgainstMany) {
    const Sample many = sample({1, 2, 3, 4, 5, 6, 7, 8, 9});
    const RankComparison found = compare_ranks(many, sample({20})).value();
    EXPECT_EQ(found.superiority, 1);
    EXPECT_NEAR(found.p_value, 0.2, 1e-12);
    EXPECT_FALSE(found.brunner_munzel);
    const Shift by = shift(many, sample({20})).value();
    EXPECT_EQ(by.estimate, 15);
    EXPECT_FALSE(by.interval);  // ten values cannot say it with this confidence
}

/// As the definition says: all of them in a list.
std::vector<double> differences(const Sample& a, const Sample& b) {
    std::vector<double> all;
    for (const double x : a.sorted())
        for (const double y : b.sorted()) all.push_back(y - x);
    std::ranges::sort(all);
    return all;
}

void expect_shift_of_list(const Sample& a, const Sample& b) {
    const auto all = differences(a, b);
    const double m = static_cast<double>(a.count()), n = static_cast<double>(b.count());
    const auto c = static_cast<std::size_t>(
        std::floor(m * n / 2 - 1.959963984540054 * std::sqrt(m * n / 12 * (m + n + 1))));
    const Shift found = shift(a, b).value();
    const double left = all[(all.size() - 1) / 2], right = all[all.size() / 2];
    EXPECT_EQ(found.estimate, left + (right - left) / 2);
    ASSERT_TRUE(found.interval);
    EXPECT_EQ(found.interval->low, all[c - 1]);
    EXPECT_EQ(found.interval->high, all[all.size() - c]);
}

TEST(Shift, OfManyValuesIsThatOfTheWholeList) {
    // More differences than are listed at the end, so that they are searched: 1500 × 1400 = 2.1 million.
    Draws draws(21);
    const auto make = [&](const std::function<double()>& a, const std::function<double()>& b) {
        expect_shift_of_list(sample(values(1500, a)), sample(values(1400, b)));
    };
    {
        SCOPED_TRACE("skewed");
        make([&] { return std::exp(draws.normal()); }, [&] { return 1.1 * std::exp(1.5 * draws.normal()); });
    }
    {
        SCOPED_TRACE("few different values");
        make([&] { return static_cast<double>(draws.below(3)); },
             [&] { return static_cast<double>(draws.below(4)); });
    }
    {
        SCOPED_TRACE("all the same");
        make([] { return 3; }, [] { return 5; });
    }
    {
        SCOPED_TRACE("far apart, most of them in one place");
        make([&] { return draws.below(10) ? 0 : std::pow(10, 50 * draws.normal() / 3); },
             [&] { return draws.below(10) ? 1e-300 : -std::pow(10, 50 * draws.normal() / 3); });
    }
    {
        SCOPED_TRACE("neighbouring doubles");
        make([&] { return draws.below(2) ? 1 : std::nextafter(1.0, 2.0); },
             [&] { return draws.below(2) ? 2 : std::nextafter(2.0, 3.0); });
    }
}

RC_GTEST_PROP(Ranks, UCountsPairs, (std::vector<std::int8_t> first, std::vector<std::int8_t> second)) {
    RC_PRE(!first.empty() && !second.empty());
    const Sample a = sample({first.begin(), first.end()}), b = sample({second.begin(), second.end()});
    double pairs = 0;
    for (const double x : a.sorted())
        for (const double y : b.sorted()) pairs += y > x ? 1 : y == x ? 0.5 : 0;
    const RankComparison there = compare_ranks(a, b).value(), back = compare_ranks(b, a).value();
    RC_ASSERT(there.u == pairs);
    RC_ASSERT(there.u + back.u == static_cast<double>(first.size() * second.size()));
    RC_ASSERT(std::abs(there.p_value - back.p_value) < 1e-12);
    RC_ASSERT(there.p_value >= 0 && there.p_value <= 1);
}

TEST(Ranks, AreWrongAsOftenAsTheySay) {
    Draws draws(6);
    int shift_held = 0;
    const double same = rate("mann_whitney_finds_nothing_in_6_and_9", 4000, [&] {
        const Sample a = sample(values(6, [&] { return draws.normal(); })),
                     b = sample(values(9, [&] { return draws.normal(); }));
        shift_held += shift(a, b).value().interval->contains(0);
        return compare_ranks(a, b).value().p_value <= 0.05;
    });
    EXPECT_LE(same, 0.055);
    EXPECT_GE(shift_held / 4000.0, 0.94);

    // Equal medians and unequal spreads: here Mann and Whitney's test is not what it says, and the other is.
    int fooled = 0, held = 0;
    const double free = rate("brunner_munzel_finds_nothing_with_unequal_spreads", 3000, [&] {
        const RankComparison found = compare_ranks(sample(values(30, [&] { return 6 * draws.normal(); })),
                                                   sample(values(90, [&] { return draws.normal(); })))
                                         .value();
        fooled += found.p_value <= 0.05;
        held += found.brunner_munzel->superiority.contains(0.5);
        return found.brunner_munzel->p_value <= 0.05;
    });
    RecordProperty("mann_whitney_in_the_same_world", std::to_string(fooled / 3000.0));
    EXPECT_GE(fooled / 3000.0, 0.1);
    EXPECT_NEAR(free, 0.05, 0.02);
    EXPECT_NEAR(held / 3000.0, 0.95, 0.02);
}

}  // namespace
}  // namespace steno::inference
