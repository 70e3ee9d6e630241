#include "analysis/anomaly.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <random>
#include <string>

/// Synthetic series with fixed seeds: how often an hour is called odd where none was planted, and how often
/// one that was is found. The numbers of docs/trends.md are these.
namespace steno::analysis {
namespace {

using calendar::kHour;
using Random = std::mt19937_64;
using Noise = std::function<double(Random&, double mean)>;

const calendar::Zone& berlin() {
    static const calendar::Zone zone = calendar::Zone::find("Europe/Berlin").value();
    return zone;
}
/// A Sunday of August: clocks change in the tenth week.
constexpr std::int64_t kBegin = calendar::floor_to(1'755'990'000'000'000'000, kHour);
constexpr int kWeek = 168, kWeeks = 14;

double poisson(Random& random, double mean) {
    return mean > 0 ? static_cast<double>(std::poisson_distribution<long>(mean)(random)) : 0;
}
/// Counts whose rate itself changes from hour to hour by a quarter or more (a negative binomial of shape 8).
double uneven(Random& random, double mean) {
    return mean > 0 ? poisson(random, std::gamma_distribution<double>(8, mean / 8)(random)) : 0;
}
/// Money: each call costs about 1, few of them ten.
double money(Random& random, double mean) {
    std::lognormal_distribution<double> cost(-0.72, 1.2);
    double sum = 0;
    for (int i = static_cast<int>(poisson(random, mean)); i > 0; --i) sum += cost(random);
    return sum;
}
/// Calls come five together.
double bursts(Random& random, double mean) {
    double sum = 0;
    for (int i = static_cast<int>(poisson(random, mean / 5)); i > 0; --i) sum += 1 + poisson(random, 4);
    return sum;
}

struct Load {
    double level = 0;     ///< calls an hour, on average over a workday
    double growth = 0;    ///< a day
    bool office = false;  ///< nothing at night and at weekends
};

double mean_of(const Load& load, int i) {
    const std::int64_t local = calendar::floor_to(berlin().local(kBegin + i * kHour), kHour) / kHour;
    const auto hour = static_cast<int>(local % 24), weekday = static_cast<int>((local / 24 + 3) % 7);
    if (load.office && (weekday >= 5 || hour < 6 || hour > 20)) return 0;
    return load.level * (1 + 0.9 * std::sin((hour - 9) * std::numbers::pi / 12)) * (weekday >= 5 ? 0.5 : 1) *
           std::exp(load.growth * i / 24.0);
}

std::vector<Hour> series(const Load& load, const Noise& noise, std::uint64_t seed, int weeks = kWeeks) {
    Random random(seed);
    std::vector<Hour> hours;
    for (int i = 0; i < weeks * kWeek; ++i)
        hours.push_back({berlin().at(kBegin + i * kHour), noise(random, mean_of(load, i)), 1});
    return hours;
}

struct Case {
    const char* name;
    Load load;
    Noise noise;
    double unit = 1;
    double false_alarms = 0;  ///< a week, at most
};

std::vector<Case> cases() {
    return {{"quiet", {0.3}, poisson, 1, 0.1},
            {"small", {3}, poisson, 1, 0.1},
            {"busy", {1000}, poisson, 1, 0.1},
            {"growth of 2 % a day", {30, 0.02}, poisson, 1, 0.1},
            {"office hours", {30, 0, true}, poisson, 1, 0.1},
            {"uneven", {30}, uneven, 1, 0.2},
            {"uneven, office hours", {1000, 0, true}, uneven, 1, 0.7},
            {"money", {3}, money, 3.5, 0.7},
            {"much money", {100, 0.02}, money, 3.5, 0.3},
            {"rare bursts", {0.3}, bursts, 1, 0.7},
            {"bursts", {30}, bursts, 1, 0.3}};
}

TEST(Anomaly, FalseAlarmsAreRarerThanOneAWeek) {
    for (const Case& one : cases()) {
        double alarms = 0, weeks = 0;
        for (std::uint64_t seed = 1; seed <= 4; ++seed) {
            const auto hours = series(one.load, one.noise, seed);
            AnomalyOptions options;
            options.unit = one.unit;
            alarms += static_cast<double>(anomalies(judge(hours, berlin(), options), SeriesKind::Sum).size());
            weeks += kWeeks - 2;
        }
        RecordProperty(one.name, std::to_string(alarms / weeks));
        EXPECT_LE(alarms / weeks, one.false_alarms) << one.name;
    }
}

struct Planted {
    const char* name;
    int hours;
    double factor;
    Verdict verdict;
};

TEST(Anomaly, WhatIsPlantedIsFound) {
    const std::vector<Planted> planted = {{"ten times as much for an hour", 1, 10, Verdict::High},
                                          {"three times as much for an hour", 1, 3, Verdict::High},
                                          {"nothing for six hours", 6, 0, Verdict::Low},
                                          {"twice as much from now on", 24, 2, Verdict::High},
                                          {"40 % from now on", 48, 0.4, Verdict::Low}};
    const int at = 12 * kWeek + 24 * 2 + 13;  // a Tuesday's afternoon
    for (const Planted& one : planted) {
        int found = 0;
        for (std::uint64_t seed = 1; seed <= 10; ++seed) {
            auto hours = series({30}, poisson, seed);
            Random random(seed + 100);
            hours.resize(static_cast<std::size_t>(at + one.hours));
            for (int i = at; i < at + one.hours; ++i)
                hours[static_cast<std::size_t>(i)].value = poisson(random, mean_of({30}, i) * one.factor);
            const auto judged = judge(hours, berlin(), {}, hours[static_cast<std::size_t>(at)].begin);
            ASSERT_EQ(judged.size(), static_cast<std::size_t>(one.hours));
            found +=
                std::ranges::any_of(judged, [&](const Judgement& j) { return j.verdict == one.verdict; });
        }
        EXPECT_GE(found, 9) << one.name;
    }
}

TEST(Anomaly, SmallCountsThatStayAwayAreMissedOnlyInTime) {
    // Three calls an hour: one hour without is nothing; two days without are.
    auto hours = series({3}, poisson, 5);
    const int at = 12 * kWeek + 24 + 13;
    hours.resize(static_cast<std::size_t>(at + 48));
    for (int i = at; i < at + 48; ++i) hours[static_cast<std::size_t>(i)].value = 0;
    const auto judged = judge(hours, berlin(), {}, hours[static_cast<std::size_t>(at)].begin);
    EXPECT_EQ(judged[0].verdict, Verdict::Usual);
    EXPECT_TRUE(std::ranges::any_of(judged, [](const Judgement& j) { return j.verdict == Verdict::Low; }));
}

TEST(Anomaly, TwoWeeksAreLearnedFirst) {
    auto hours = series({30}, poisson, 1, 2);
    for (const Judgement& judged : judge(hours, berlin(), {})) {
        EXPECT_EQ(judged.verdict, Verdict::Learning);
        EXPECT_FALSE(judged.expected);
        EXPECT_TRUE(judged.value);
    }
    EXPECT_TRUE(judge({}, berlin(), {}).empty());
}

TEST(Anomaly, AChangeOfClocksIsNoAnomaly) {
    // The day of 25 hours and that of 23, in a series without any noise.
    for (const char* zone : {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe"}) {
        const calendar::Zone here = calendar::Zone::find(zone).value();
        std::vector<Hour> hours;
        for (int i = 0; i < 366 * 24; ++i) {
            const std::int64_t at = kBegin + i * kHour;
            const auto hour = (calendar::floor_to(here.local(at), kHour) / kHour) % 24;
            hours.push_back({here.at(at), hour >= 8 && hour < 20 ? 500.0 : 40.0, 1});
        }
        EXPECT_TRUE(anomalies(judge(hours, here, {}), SeriesKind::Sum).empty()) << zone;
    }
}

TEST(Anomaly, HoursThatAreNotThereAreNothing) {
    auto hours = series({30}, poisson, 3);
    const auto whole = judge(hours, berlin(), {});
    std::vector<Hour> sparse;
    for (const Hour& hour : hours)
        if (hour.value > 0 || &hour == &hours.front() || &hour == &hours.back()) sparse.push_back(hour);
    const auto told = judge(sparse, berlin(), {});
    ASSERT_EQ(told.size(), whole.size());
    for (std::size_t i = 0; i < told.size(); ++i) {
        EXPECT_EQ(told[i].value, whole[i].value);
        EXPECT_EQ(told[i].score, whole[i].score);
    }
}

TEST(Anomaly, TheNewestHourAloneIsJudgedAsWithAllOthers) {
    auto hours = series({30}, poisson, 9, 9);
    hours.back().value = 900;
    const auto all = judge(hours, berlin(), {});
    const auto newest = judge(hours, berlin(), {}, hours.back().begin);
    ASSERT_EQ(newest.size(), 1U);
    EXPECT_EQ(newest[0].verdict, Verdict::High);
    EXPECT_EQ(newest[0].expected, all.back().expected);
    EXPECT_NEAR(newest[0].score, all.back().score, 0.5);
    EXPECT_LT(newest[0].low, *newest[0].expected);
    EXPECT_GT(newest[0].high, *newest[0].expected);
    EXPECT_LT(newest[0].high, 900);
}

TEST(Anomaly, FailureRatesAreJudgedByHowManyCallsThereWere) {
    Random random(4);
    std::vector<Hour> hours;
    for (int i = 0; i < 8 * kWeek; ++i) {
        const double calls = poisson(random, mean_of({40}, i));
        hours.push_back(
            {berlin().at(kBegin + i * kHour), std::min(calls, poisson(random, calls * 0.03)), calls});
    }
    AnomalyOptions options;
    options.kind = SeriesKind::Share;
    EXPECT_LE(anomalies(judge(hours, berlin(), options), SeriesKind::Share).size(), 1U);
    hours.back().of = 2, hours.back().value = 1;  // half of two
    EXPECT_EQ(judge(hours, berlin(), options, hours.back().begin)[0].verdict, Verdict::Usual);
    hours.back().of = 60, hours.back().value = 30;  // half of sixty
    const auto high = judge(hours, berlin(), options, hours.back().begin)[0];
    EXPECT_EQ(high.verdict, Verdict::High);
    EXPECT_DOUBLE_EQ(*high.value, 0.5);
    EXPECT_NEAR(*high.expected, 0.03, 0.01);
    hours.back().of = 0;
    EXPECT_EQ(judge(hours, berlin(), options, hours.back().begin)[0].verdict, Verdict::Learning);
}

TEST(Anomaly, TimesAreJudgedByHowTheyVaryWithAsManyCalls) {
    Random random(4);
    std::vector<Hour> hours;
    for (int i = 0; i < 8 * kWeek; ++i) {
        const double calls = poisson(random, mean_of({5}, i));
        const double ms = 900 * std::exp(std::normal_distribution<double>(
                                    0, 0.6 / std::sqrt(std::max(1.0, calls)))(random));
        hours.push_back({berlin().at(kBegin + i * kHour), calls > 0 ? ms : 0, calls});
    }
    AnomalyOptions options;
    options.kind = SeriesKind::Typical;
    EXPECT_LE(anomalies(judge(hours, berlin(), options), SeriesKind::Typical).size(), 3U);
    hours.back().of = 12, hours.back().value = 9000;
    EXPECT_EQ(judge(hours, berlin(), options, hours.back().begin)[0].verdict, Verdict::High);
    hours.back().of = 1, hours.back().value = 1500;
    EXPECT_EQ(judge(hours, berlin(), options, hours.back().begin)[0].verdict, Verdict::Usual);
}

}  // namespace
}  // namespace steno::analysis
