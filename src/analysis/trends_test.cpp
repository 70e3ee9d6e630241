#include "analysis/trends.hpp"

#include "analysis/month_forecast.hpp"
#include "analysis/record_for_test.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace steno::analysis {
namespace {

using calendar::kDay;
using calendar::kHour;

const calendar::Zone& berlin() {
    static const calendar::Zone zone = calendar::Zone::find("Europe/Berlin").value();
    return zone;
}
Timestamp at(const char* text) {
    return *Timestamp::parse(text);
}

class TrendsTest : public testing::Test {
  protected:
    void add(Timestamp when, const char* cost, const char* agent = "main", Status status = Status::Success,
             const char* currency = "USD") {
        record_.add(when, [&](Call& call) {
            call.status = status;
            call.trace.agent = agent;
            if (cost != nullptr) {
                call.cost.total = Decimal::parse(cost);
                call.cost.currency = currency;
            }
        });
    }
    store::CallStore& store() { return record_.store(); }
    static TrendQuestion question(const char* measure, const char* unit, const char* from, const char* to) {
        TrendQuestion asked{trend_measure(measure).value(),
                            {},
                            {},
                            {store::make_bucket(unit, "Europe/Berlin").value()},
                            {},
                            10};
        asked.now.from = at(from);
        asked.now.to = at(to);
        return asked;
    }

  private:
    Record record_;
};

TEST_F(TrendsTest, ADayWithoutCallsIsARowAndItsAveragesAreAbsent) {
    add(at("2026-10-24T10:00:00+02:00"), "0.5");
    add(at("2026-10-26T10:00:00+01:00"), "0.25", "main", Status::Failure);
    add(at("2026-10-26T11:00:00+01:00"), nullptr);
    auto asked = question("cost", "day", "2026-10-24T00:00:00+02:00", "2026-10-28T00:00:00+01:00");
    const Trend cost = trend(store(), asked).value();
    ASSERT_EQ(cost.all.points.size(), 4U);
    EXPECT_EQ(cost.all.points[1].end.unix_nanos - cost.all.points[1].begin.unix_nanos, 25 * kHour);
    EXPECT_EQ(cost.all.points[1].value, Amount(Decimal()));
    EXPECT_EQ(cost.all.points[1].calls, 0);
    EXPECT_EQ(cost.all.points[2].value, Amount(*Decimal::parse("0.25")));
    EXPECT_EQ(cost.all.value, Amount(*Decimal::parse("0.75")));
    EXPECT_EQ(cost.currency, "USD");
    asked = question("failure_rate", "day", "2026-10-24T00:00:00+02:00", "2026-10-28T00:00:00+01:00");
    const Trend rate = trend(store(), asked).value();
    EXPECT_EQ(rate.all.points[1].value, Amount());
    EXPECT_EQ(rate.all.points[2].value, Amount(0.5));
    asked = question("cost_per_call", "day", "2026-10-24T00:00:00+02:00", "2026-10-28T00:00:00+01:00");
    EXPECT_EQ(trend(store(), asked)->all.value, Amount(*Decimal::parse("0.25")));
}

TEST_F(TrendsTest, BucketsFollowEachOtherWhateverClocksDo) {
    for (const char* zone : {"UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns",
                             "Africa/Cairo", "Pacific/Apia"}) {
        for (const char* unit : {"hour", "day", "week", "month"}) {
            TrendQuestion asked{trend_measure("calls").value(),         {}, {},
                                store::make_bucket(unit, zone).value(), {}, 0};
            asked.now.from = at("2025-12-30T07:13:00Z");
            asked.now.to = at("2027-01-03T00:00:00Z");
            const Trend found = trend(store(), asked).value();
            ASSERT_FALSE(found.all.points.empty());
            for (std::size_t i = 1; i < found.all.points.size(); ++i) {
                const auto& point = found.all.points[i];
                ASSERT_EQ(found.all.points[i - 1].end, point.begin);
                ASSERT_LT(point.begin, point.end) << zone << " " << unit << " " << point.begin.to_string();
                ASSERT_EQ(store::bucket_begin(asked.bucket,
                                              store::bucket_key(asked.bucket, point.begin.unix_nanos)),
                          point.begin);
            }
            EXPECT_EQ(found.all.points.back().end, *asked.now.to);
        }
    }
}

TEST_F(TrendsTest, GroupsAreTheGreatestFirstAndKnowTheTimeBefore) {
    add(at("2026-11-02T10:00:00Z"), "1", "small");
    add(at("2026-11-02T11:00:00Z"), "5", "great");
    add(at("2026-11-02T12:00:00Z"), "2", "");
    add(at("2026-11-01T12:00:00Z"), "4", "small");
    auto asked = question("cost", "hour", "2026-11-02T00:00:00Z", "2026-11-03T00:00:00Z");
    asked.before.from = at("2026-11-01T00:00:00Z");
    asked.before.to = at("2026-11-02T00:00:00Z");
    asked.by = {store::make_field("trace.agent").value()};
    asked.groups = 2;
    const Trend found = trend(store(), asked).value();
    ASSERT_EQ(found.groups.size(), 2U);
    EXPECT_TRUE(found.truncated);
    EXPECT_EQ(found.groups[0].key[0], std::optional<store::Value>("great"));
    EXPECT_FALSE(found.groups[1].key[0]);
    EXPECT_EQ(found.groups[1].value, Amount(*Decimal::parse("2")));
    EXPECT_EQ(found.all.change(), std::optional(1.0));
    EXPECT_FALSE(found.groups[0].change());
    EXPECT_EQ(found.groups[0].points.size(), 24U);
}

TEST_F(TrendsTest, EachSeriesHasTheCurrencyOfItsOwn) {
    const auto euro = [&](const char* when, const char* cost, const char* agent) {
        add(at(when), cost, agent, Status::Success, "EUR");
    };
    add(at("2026-11-01T12:00:00Z"), "4", "moves");
    add(at("2026-11-01T12:00:00Z"), "1", "stays");
    euro("2026-11-02T10:00:00Z", "5", "moves");
    euro("2026-11-02T11:00:00Z", "6", "both");
    add(at("2026-11-02T11:00:00Z"), "0.5", "both");
    add(at("2026-11-02T12:00:00Z"), "2", "stays");
    add(at("2026-11-02T13:00:00Z"), "2", "stays");
    add(at("2026-11-02T14:00:00Z"), "2", "stays");
    auto asked = question("cost", "hour", "2026-11-02T00:00:00Z", "2026-11-03T00:00:00Z");
    asked.before.from = at("2026-11-01T00:00:00Z");
    asked.before.to = at("2026-11-02T00:00:00Z");
    asked.by = {store::make_field("trace.agent").value()};
    const Trend found = trend(store(), asked).value();
    EXPECT_EQ(found.currency, "mixed");
    EXPECT_EQ(found.all.value, Amount());
    EXPECT_EQ(found.all.by_currency, (std::map<std::string, Decimal>{{"EUR", *Decimal::parse("11")},
                                                                     {"USD", *Decimal::parse("6.5")}}));
    EXPECT_FALSE(found.all.change());
    EXPECT_EQ(found.all.points[10].currency, "EUR");
    EXPECT_EQ(found.all.points[11].currency, "mixed");
    ASSERT_EQ(found.groups.size(), 3U);  // those with the most calls first: no amount is more than another
    EXPECT_EQ(found.groups[0].key[0], std::optional<store::Value>("stays"));
    EXPECT_EQ(found.groups[0].currency, "USD");
    EXPECT_EQ(found.groups[0].change(), std::optional(5.0));
    EXPECT_EQ(found.groups[1].currency, "mixed");
    EXPECT_EQ(found.groups[1].by_currency.size(), 2U);
    EXPECT_EQ(found.groups[2].currency, "EUR");
    EXPECT_EQ(found.groups[2].currency_before, "USD");
    EXPECT_FALSE(found.groups[2].change());  // 5 EUR are not a quarter more than $4
}

TEST_F(TrendsTest, TheMonthIsWhatWasSpentAndWhatIsExpected) {
    const std::int64_t begin = at("2026-09-01T00:00:00+02:00").unix_nanos;
    for (int day = 0; day < 80; ++day) add({begin + day * kDay + 10 * kHour, 0}, "0.100000000001");
    const auto told = forecast_month(store(), {}, berlin(), at("2026-11-10T09:00:00+01:00"), 0.8).value();
    EXPECT_EQ(told.spent.total->to_string(), "0.900000000009");
    EXPECT_EQ(told.from, at("2026-11-01T00:00:00+01:00"));
    ASSERT_EQ(told.days.size(), 30U);
    EXPECT_EQ(told.days[0].cost->to_string(), "0.100000000001");
    EXPECT_FALSE(told.days[8].to_come);
    EXPECT_TRUE(told.days[9].to_come && !told.days[10].cost);
    ASSERT_TRUE(told.total);
    const auto later = forecast_month(store(), {}, berlin(), at("2026-11-10T10:45:00+01:00"), 0.8).value();
    double sum = later.spent.total->to_double();
    for (const auto& day : later.days) sum += day.to_come.value_or(0);
    EXPECT_NEAR(sum, later.total->to_double(), 0.000001);
    EXPECT_LT(*later.days[9].to_come, *later.days[10].to_come / 2);
    EXPECT_NEAR(told.total->to_double(), 3.0, 0.1);
    EXPECT_LE(*told.low, *told.total);
    EXPECT_GE(*told.high, *told.total);
    const auto early = forecast_month(store(), {}, berlin(), at("2026-09-10T09:00:00+02:00"), 0.8).value();
    EXPECT_FALSE(early.total);
    EXPECT_NE(early.reason.find("28 whole days"), std::string::npos);
}

TEST_F(TrendsTest, WhatIsNoNumberIsRefused) {
    EXPECT_FALSE(trend_measure("beauty"));
    EXPECT_FALSE(trend_measure("max(started_at)"));
    EXPECT_FALSE(trend(store(), question("calls", "minute", "1990-01-01T00:00:00Z", "2026-01-01T00:00:00Z")));
}

}  // namespace
}  // namespace steno::analysis
