#include "analysis/forecast.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

/// Series with fixed seeds. The numbers of docs/trends.md are these.
namespace steno::analysis {
namespace {

struct Kind {
    const char* name;
    double noise;   ///< of a day, in logarithms
    double growth;  ///< a day
    double walk;    ///< a day's step of a random walk
};

constexpr double kOfToday = 0.4;

std::vector<double> days(const Kind& kind, int count, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::normal_distribution<double> normal;
    std::vector<double> sums;
    double level = 4;
    for (int i = 0; i < count; ++i) {
        level += kind.growth + kind.walk * normal(random);
        sums.push_back(std::exp(level + kind.noise * normal(random)) * (i % 7 >= 5 ? 0.5 : 1));
    }
    return sums;
}

TEST(Forecast, AnIntervalOf80PercentHoldsAbout80Percent) {
    double all = 0, kinds = 0;
    for (const Kind& kind :
         {Kind{"steady", 0.1, 0, 0}, Kind{"noisy", 0.5, 0, 0}, Kind{"heavy tails", 1, 0, 0},
          Kind{"growing 1 % a day", 0.2, 0.01, 0}, Kind{"wandering", 0.2, 0, 0.03}}) {
        for (const int history : {35, 90, 180}) {
            for (const int ahead : {3, 14, 28}) {
                int held = 0;
                constexpr int kSeries = 200;
                for (int seed = 0; seed < kSeries; ++seed) {
                    const auto sums =
                        days(kind, history + ahead + 1, static_cast<std::uint64_t>(seed * 77 + history));
                    const auto told = forecast({std::span(sums).first(static_cast<std::size_t>(history)),
                                                history % 7, ahead, kOfToday, 0.8});
                    ASSERT_TRUE(told);
                    double came = sums[static_cast<std::size_t>(history)] * kOfToday;
                    for (int i = 1; i <= ahead; ++i) came += sums[static_cast<std::size_t>(history + i)];
                    held += came >= told->low && came <= told->high;
                }
                const double coverage = static_cast<double>(held) / kSeries;
                RecordProperty(std::string(kind.name) + std::to_string(history) + "_" + std::to_string(ahead),
                               std::to_string(coverage));
                EXPECT_GE(coverage, 0.7) << kind.name << ", " << history << " days, " << ahead << " ahead";
                all += coverage, kinds += 1;
            }
        }
    }
    EXPECT_GE(all / kinds, 0.78);
    EXPECT_LE(all / kinds, 0.9);
}

TEST(Forecast, WeekdaysAndGrowthAreFollowed) {
    const auto sums = days({"", 0, 0.01, 0}, 200, 1);
    const auto told = forecast({std::span(sums).first(180), 180 % 7, 13, 1, 0.8});
    ASSERT_TRUE(told);
    double came = 0;
    for (int i = 180; i < 194; ++i) came += sums[static_cast<std::size_t>(i)];
    EXPECT_NEAR(told->sum / came, 1, 0.05);
    EXPECT_LE(told->low, told->sum);
    EXPECT_GE(told->high, told->sum);
    std::vector<double> week(7);
    forecast_days(std::span(sums).first(182), 0, week);
    EXPECT_LT(week[5], week[4] * 0.7);
    EXPECT_GT(week[1], week[0]);
}

TEST(Forecast, OneOddDayHardlyMovesIt) {
    auto sums = days({"", 0.1, 0, 0}, 100, 3);
    const auto plain = forecast({sums, 100 % 7, 20, 0.5, 0.8});
    sums[96] *= 50;
    const auto odd = forecast({sums, 100 % 7, 20, 0.5, 0.8});
    ASSERT_TRUE(plain && odd);
    EXPECT_LT(odd->sum / plain->sum, 1.6);
}

TEST(Forecast, TooLittleHistoryIsNoForecast) {
    const std::vector<double> short_history(kForecastDays - 1, 5.0), nothing(60, 0.0);
    EXPECT_FALSE(forecast({short_history, 0, 10, 0.5, 0.8}));
    EXPECT_FALSE(forecast({nothing, 0, 10, 0.5, 0.8}));
    const std::vector<double> enough(kForecastDays, 5.0);
    const auto told = forecast({enough, 0, 10, 0.5, 0.8});
    ASSERT_TRUE(told);
    EXPECT_NEAR(told->sum, 52.5, 1e-6);
    EXPECT_NEAR(told->high, 52.5, 0.5);
}

}  // namespace
}  // namespace steno::analysis
