#include "inference/bootstrap.hpp"

#include "inference/quantiles.hpp"
#include "inference/reference_for_test.hpp"
#include "inference/simulation_for_test.hpp"

namespace steno::inference {
namespace {

Result<Bootstrapped> as_named(std::string_view what, const std::vector<std::vector<double>>& data,
                              const BootstrapOptions& options) {
    if (what == "mean") return bootstrap(data[0].size(), mean_of(data[0]), options);
    if (what == "ratio") return bootstrap(data[0].size(), ratio_of_sums(data[0], data[1]), options);
    return bootstrap_difference(data[0].size(), mean_of(data[0]), data[1].size(), mean_of(data[1]), options);
}

TEST(Bootstrap, IsThatOfSciPyButForChance) {
    for (const Json one : reference("bootstraps").get_array().value()) {
        std::vector<std::vector<double>> data;
        for (const Json column : one["data"].get_array().value()) data.push_back(numbers(column));
        const std::string_view what = one["what"].get_string().value(),
                               kind = one["kind"].get_string().value();
        SCOPED_TRACE(testing::Message() << what << " " << kind);
        BootstrapOptions options;
        options.kind = kind == "bca" ? BootstrapInterval::Bca : BootstrapInterval::Percentile;
        options.resamples = 40'000;
        const Bootstrapped found = as_named(what, data, options).value();
        expect_same(found.estimate, number(one, "estimate"), "estimate");
        EXPECT_EQ(to_string(found.kind), kind);
        EXPECT_EQ(found.resamples, 40'000U);
        const double error = number(one, "standard_error");
        EXPECT_NEAR(found.standard_error, error, 0.02 * error);
        // A 2.5 % quantile of 40,000 draws is itself off by 0.013 standard errors, of the skewed side by
        // more.
        const auto theirs = numbers(one, "interval");
        EXPECT_NEAR(found.interval.low, theirs[0], 0.06 * error);
        EXPECT_NEAR(found.interval.high, theirs[1], 0.09 * error);
    }
}

TEST(Bootstrap, TheSameSeedGivesTheSameInterval) {
    Draws draws(2);
    const auto column = values(50, [&] { return draws.gamma(0.5); });
    BootstrapOptions options;
    options.resamples = 500;
    const auto first = bootstrap(50, mean_of(column), options).value(),
               again = bootstrap(50, mean_of(column), options).value();
    EXPECT_EQ(first.interval.low, again.interval.low);
    EXPECT_EQ(first.interval.high, again.interval.high);
    options.seed = 2;
    EXPECT_NE(bootstrap(50, mean_of(column), options).value().interval.low, first.interval.low);
}

TEST(Bootstrap, OfManyRowsDrawsFewer) {
    Draws draws(3);
    const auto column = values(200'000, [&] { return std::exp(draws.normal()); });
    const Moments moments = Moments::of(column).value();
    const double error = std::sqrt(moments.variance() / 200'000);
    const Bootstrapped found = bootstrap(column.size(), mean_of(column)).value();
    EXPECT_EQ(found.drawn, kMostDrawn);
    EXPECT_EQ(found.kind, BootstrapInterval::Percentile);
    EXPECT_NEAR(found.standard_error / error, 1, 0.06);
    EXPECT_NEAR(found.interval.low, moments.mean() - 1.96 * error, 0.2 * error);
    EXPECT_NEAR(found.interval.high, moments.mean() + 1.96 * error, 0.2 * error);
    // A small sample beside a large one keeps its own size.
    const auto few = values(100, [&] { return std::exp(draws.normal()); });
    const Bootstrapped both =
        bootstrap_difference(few.size(), mean_of(few), column.size(), mean_of(column)).value();
    EXPECT_NEAR(both.standard_error / std::sqrt(Moments::of(few).value().variance() / 100), 1, 0.06);
}

TEST(Bootstrap, WhatSaysNothingIsAnError) {
    const std::vector<double> top = {1, 2, 3, 4}, none = {0, 0, 0, 0}, one = {0, 0, 0, 5};
    EXPECT_EQ(bootstrap(0, mean_of({})).error().code, Code::FailedPrecondition);
    EXPECT_EQ(bootstrap(1, mean_of(top)).error().code, Code::FailedPrecondition);
    EXPECT_EQ(bootstrap(4, ratio_of_sums(top, none)).error().code, Code::FailedPrecondition);
    // A third of the resamples leaves the only divisor out.
    const auto seldom = bootstrap(4, ratio_of_sums(top, one));
    ASSERT_FALSE(seldom);
    EXPECT_NE(seldom.error().message.find("of 2000 resamples"), std::string::npos) << seldom.error().message;
    EXPECT_EQ(bootstrap(std::uint64_t{1} << 40, mean_of(top)).error().code, Code::InvalidArgument);
    BootstrapOptions options;
    options.resamples = 10;
    EXPECT_EQ(bootstrap(4, mean_of(top), options).error().code, Code::InvalidArgument);
    options = {};
    options.confidence = 95;
    EXPECT_EQ(bootstrap(4, mean_of(top), options).error().code, Code::InvalidArgument);
}

TEST(Bootstrap, OfEqualValuesIsThatValue) {
    const std::vector<double> same(30, 2.5);
    const Bootstrapped found = bootstrap(30, mean_of(same)).value();
    EXPECT_EQ(found.interval.low, 2.5);
    EXPECT_EQ(found.interval.high, 2.5);
    EXPECT_EQ(found.standard_error, 0);
}

TEST(Bootstrap, HoldsTheTruthAboutAsOftenAsItSays) {
    // Money of 60 calls: skewed, so that neither is quite as good as it says, and BCa is the better one.
    Draws draws(9);
    int percentile_held = 0;
    BootstrapOptions bca, percentile;
    bca.resamples = percentile.resamples = 500;
    percentile.kind = BootstrapInterval::Percentile;
    const int times = 600;
    const double held = rate("bca_holds_the_mean_of_60_lognormal_values", times, [&] {
        const auto column = values(60, [&] { return std::exp(draws.normal()); });
        bca.seed = percentile.seed = draws();
        percentile_held +=
            bootstrap(60, mean_of(column), percentile).value().interval.contains(std::exp(0.5));
        return bootstrap(60, mean_of(column), bca).value().interval.contains(std::exp(0.5));
    });
    RecordProperty("percentile_in_the_same_world",
                   std::to_string(percentile_held / static_cast<double>(times)));
    EXPECT_GE(held, 0.88);
    EXPECT_GE(percentile_held / static_cast<double>(times), 0.86);
    const double medians = rate("percentile_holds_the_difference_of_medians", times, [&] {
        const auto a = values(80, [&] { return std::exp(draws.normal()); }),
                   b = values(80, [&] { return 2 * std::exp(draws.normal()); });
        percentile.seed = draws();
        return bootstrap_difference(80, quantile_of(a, 0.5), 80, quantile_of(b, 0.5), percentile)
            .value()
            .interval.contains(1);
    });
    EXPECT_GE(medians, 0.92);
}

}  // namespace
}  // namespace steno::inference
