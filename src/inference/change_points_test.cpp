#include "inference/change_points.hpp"

#include "inference/reference_for_test.hpp"
#include "inference/simulation_for_test.hpp"

#include <algorithm>

namespace steno::inference {
namespace {

TEST(ChangePoints, TheNileFell) {
    // The yearly flow from 1871 on; that it fell after 1898 is the textbook's change point (Cobb 1978).
    const Json reference_case = reference("change_points");
    const auto nile = numbers(reference_case, "nile");
    const auto found = change_points(nile).value();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].at, whole(reference_case["at"].value()));
    EXPECT_EQ(found[0].at, 1899U - 1871U);
    EXPECT_EQ(found[0].p_value, 0.001);
    EXPECT_EQ(found[0].before, 1120);
    EXPECT_EQ(found[0].after, 840);
}

TEST(ChangePoints, SeveralAreFoundWhereTheyAre) {
    Draws draws(41);
    int hit = 0, more = 0;
    for (int world = 0; world < 50; ++world) {
        std::vector<double> series;
        for (const double level : {10.0, 13.0, 9.0})
            for (int i = 0; i < 40; ++i) series.push_back(level + draws.normal());
        const auto found = change_points(series).value();
        more += found.size() > 2;
        hit += found.size() == 2 && std::abs(static_cast<int>(found[0].at) - 40) <= 2 &&
               std::abs(static_cast<int>(found[1].at) - 80) <= 2;
        if (found.size() == 2) {
            EXPECT_EQ(found[0].after, found[1].before);
            EXPECT_LE(found[0].p_value, 0.01);
        }
    }
    EXPECT_GE(hit, 46);
    EXPECT_LE(more, 3);
}

TEST(ChangePoints, FalseAlarmsAreAsRareAsAsked) {
    Draws draws(42);
    std::uint64_t seed = 0;
    const auto alarms = [&](const char* what, double asked, int size, const std::function<double()>& draw) {
        return rate(what, 1500, [&] {
            ChangePointOptions options;
            options.false_alarms = asked;
            options.seed = ++seed;
            return !change_points(values(static_cast<std::size_t>(size), draw), options).value().empty();
        });
    };
    EXPECT_NEAR(alarms("normal_60_points_5_percent", 0.05, 60, [&] { return draws.normal(); }), 0.05, 0.02);
    EXPECT_LE(
        alarms("heavy_tails_30_points_1_percent", 0.01, 30, [&] { return std::exp(3 * draws.normal()); }),
        0.018);
    EXPECT_LE(alarms("few_values_90_points_1_percent", 0.01, 90,
                     [&] { return static_cast<double>(draws.below(3)); }),
              0.018);

    // What the header warns of: each point is half the one before.
    double last = 0;
    const double dependent = alarms("each_half_the_one_before_60_points_5_percent", 0.05, 60,
                                    [&] { return last = last / 2 + draws.normal(); });
    EXPECT_GE(dependent, 0.1);
}

TEST(ChangePoints, OneWildPointIsNoChange) {
    std::vector<double> series(40);
    Draws draws(43);
    for (double& value : series) value = draws.normal();
    series[20] = 1e9;
    EXPECT_TRUE(change_points(series).value().empty());
}

TEST(ChangePoints, WhereNothingCanChange) {
    EXPECT_TRUE(change_points({}).value().empty());
    EXPECT_TRUE(change_points(std::vector<double>(9, 1)).value().empty());
    EXPECT_TRUE(change_points(std::vector<double>(kLongestSeries, 3)).value().empty());
    // All on one side before, all on the other after: as soon as there are points enough.
    std::vector<double> step(5, 1);
    step.resize(10, 2);
    EXPECT_EQ(change_points(step).value().size(), 1U);
}

TEST(ChangePoints, TheSameSeedFindsTheSame) {
    Draws draws(44);
    std::vector<double> series = values(60, [&] { return draws.normal(); });
    for (std::size_t i = 30; i < 60; ++i) series[i] += 1;
    const auto first = change_points(series).value(), again = change_points(series).value();
    ASSERT_EQ(first.size(), again.size());
    for (std::size_t i = 0; i < first.size(); ++i) EXPECT_EQ(first[i].p_value, again[i].p_value);
}

TEST(ChangePoints, WhatCannotBeIsRefused) {
    const auto code = [](std::vector<double> series, ChangePointOptions options) {
        return change_points(series, options).error().code;
    };
    EXPECT_EQ(code({1, std::nan("")}, {}), Code::InvalidArgument);
    EXPECT_EQ(code({1, INFINITY}, {}), Code::InvalidArgument);
    EXPECT_EQ(code(std::vector<double>(kLongestSeries + 1), {}), Code::InvalidArgument);
    EXPECT_EQ(code({1}, {.false_alarms = 0}), Code::InvalidArgument);
    EXPECT_EQ(code({1}, {.false_alarms = 5}), Code::InvalidArgument);
    EXPECT_EQ(code({1}, {.least_apart = 1}), Code::InvalidArgument);
}

}  // namespace
}  // namespace steno::inference
