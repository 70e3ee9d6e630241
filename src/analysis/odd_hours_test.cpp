#include "analysis/odd_hours.hpp"

#include "analysis/figures.hpp"
#include "analysis/record_for_test.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace steno::analysis {
namespace {

using calendar::kDay;
using calendar::kHour;
using calendar::kMinute;

constexpr std::int64_t kBegin = 1'780'000'000'000'000'000 / kDay * kDay;

Timestamp at(int day, int hour, int minute = 0) {
    return {kBegin + day * kDay + hour * kHour + minute * kMinute, 0};
}
AnomalyQuestion question(const char* measure, Timestamp from, Timestamp to, const char* by = nullptr) {
    AnomalyQuestion asked{.measure = trend_measure(measure).value(),
                          .selection = {},
                          .from = from,
                          .to = to,
                          .zone = {},
                          .by = {}};
    if (by != nullptr) asked.by.push_back(store::make_field(by).value());
    return asked;
}

TEST(OddHours, ASpikeIsFoundInTheRecord) {
    Record record;
    for (int hour = 0; hour < 28 * 24; ++hour)
        for (int i = 0; i < (hour == 27 * 24 + 9 ? 40 : 3 + hour % 3); ++i)
            record.add(at(0, hour, i), [](Call& call) { call.cost.total = Decimal::parse("0.1"); });
    const auto found = find_anomalies(record.store(), question("calls", at(21, 0), at(28, 0))).value();
    ASSERT_EQ(found.groups.size(), 1U);
    ASSERT_EQ(found.groups[0].found.size(), 1U);
    EXPECT_EQ(found.groups[0].found[0].from, at(27, 9));
    EXPECT_EQ(found.groups[0].found[0].value, 40);
    EXPECT_NEAR(found.groups[0].found[0].expected, 4, 1.5);
    EXPECT_EQ(found.groups[0].hours.size(), 7U * 24);
    EXPECT_EQ(found.groups[0].exact.size(), 7U * 24);
    EXPECT_FALSE(find_anomalies(record.store(), question("cache_share", at(0, 0), at(1, 0))));
    EXPECT_FALSE(find_anomalies(record.store(), question("calls", at(0, 0), at(94, 0))));
}

/// What is said of a group is what is said with the group as a filter.
void expect_as_filtered(store::CallStore& store, const AnomalyQuestion& asked, std::size_t least) {
    const auto found = find_anomalies(store, asked).value();
    EXPECT_GE(found.groups.size(), least);
    std::set<std::string> names;
    for (const AnomalyFinding& group : found.groups) {
        EXPECT_TRUE(names.insert(key_text(group.key)).second);
        AnomalyQuestion alone = asked;
        alone.by.clear();
        const auto& value = group.key.front();
        alone.selection.filters.push_back(
            value ? store::Filter{asked.by.front(), store::Op::Eq, {*value}}
                  : store::Filter{asked.by.front(), store::Op::Exists, {store::Value(false)}});
        const AnomalyFinding one = find_anomalies(store, alone).value().groups.front();
        SCOPED_TRACE(asked.measure.name + " of " + key_text(group.key));
        EXPECT_EQ(group.begun, one.begun);
        EXPECT_EQ(group.currency, one.currency);
        ASSERT_EQ(group.exact.size(), one.exact.size());
        for (std::size_t i = 0; i < one.exact.size(); ++i) {
            EXPECT_EQ(group.exact[i].begin, one.exact[i].begin);
            EXPECT_EQ(group.exact[i].calls, one.exact[i].calls);
            EXPECT_EQ(group.exact[i].value, one.exact[i].value);
        }
        ASSERT_EQ(group.hours.size(), one.hours.size());
        for (std::size_t i = 0; i < one.hours.size(); ++i) {
            EXPECT_EQ(group.hours[i].begin, one.hours[i].begin);
            EXPECT_EQ(group.hours[i].verdict, one.hours[i].verdict);
            EXPECT_EQ(group.hours[i].value, one.hours[i].value);
            EXPECT_EQ(group.hours[i].expected, one.hours[i].expected);
            EXPECT_EQ(group.hours[i].far_score, one.hours[i].far_score);
        }
    }
}

TEST(OddHours, OfAGroupAreThoseOfItsCallsAlone) {
    Record record;
    std::uint32_t seed = 7;
    const auto random = [&](std::uint32_t below) {
        seed = seed * 1'664'525 + 1'013'904'223;
        return (seed >> 16) % below;
    };
    const auto add = [&](int hour, const char* agent, bool dear = false) {
        record.add(at(0, hour, static_cast<int>(random(60))), [&](Call& call) {
            if (agent != nullptr) call.trace.agent = agent;
            call.labels.tags = {"all", agent == nullptr ? "nobody" : agent};
            if (random(10) == 0) call.status = Status::Failure;
            call.time.duration = Duration{(1 + random(5)) * std::int64_t{1'000'000'000}};
            if (random(3) != 0) call.usage.output_tokens = 10 + random(100);
            call.cost.total =
                Decimal::from_units((1 + random(1000)) * std::int64_t{1'000'000'001} * (dear ? 50 : 1));
            call.cost.currency = call.trace.agent == "abroad" ? "EUR" : "USD";
        });
    };
    constexpr int kDays = 72;  // more than is learned from
    for (int hour = 0; hour < kDays * 24; ++hour) {
        add(hour, "main", hour == (kDays - 1) * 24 + 9);
        if (hour % 3 == 0) add(hour, nullptr);
        if (hour % 2 == 0) add(hour, "abroad");
        if (hour < 48 || hour > 60 * 24) add(hour, "away");  // was there, and is back
        if (hour > 65 * 24) add(hour, "new");
    }
    for (const char* const measure : {"calls", "cost", "failure_rate", "duration_p95", "tokens_per_second",
                                      "output_tokens", "cost_per_call"}) {
        expect_as_filtered(record.store(), question(measure, at(kDays - 2, 0), at(kDays, 0), "trace.agent"),
                           5);
    }
    expect_as_filtered(record.store(), question("cost", at(kDays - 1, 0), at(kDays, 0), "labels.tags"), 6);
    const auto dear =
        find_anomalies(record.store(), question("cost", at(kDays - 1, 0), at(kDays, 0), "trace.agent"))
            .value();
    const auto main = std::ranges::find_if(dear.groups, [](const AnomalyFinding& group) {
        return group.key.front() == std::optional<store::Value>("main");
    });
    ASSERT_NE(main, dear.groups.end());
    ASSERT_EQ(main->found.size(), 1U);
    EXPECT_EQ(main->found[0].from, at(kDays - 1, 9));
    const auto mixed = find_anomalies(record.store(), question("cost", at(kDays - 1, 0), at(kDays, 0)));
    EXPECT_EQ(mixed->groups.front().currency, "mixed") << "groups each in their own currency are judged";
}

TEST(OddHours, ManyGroupsAreAskedForPieceByPiece) {
    Record record;
    constexpr int kGroups = 120, kDays = 45;  // more hours of groups than a store answers at once
    for (int hour = 0; hour < kDays * 24; ++hour)
        for (int user = hour % 7; user < kGroups; user += 7)
            record.add(at(0, hour, user % 60),
                       [&](Call& call) { call.who.user_id = fmt::format("u{}", user); });
    for (int i = 0; i < 100; ++i) record.add(at(kDays - 1, 23), [](Call& call) { call.who.user_id = "u5"; });
    AnomalyQuestion asked = question("calls", at(kDays - 1, 23), at(kDays, 0), "who.user_id");
    const auto all = find_anomalies(record.store(), asked).value();
    EXPECT_EQ(all.groups.size(), std::size_t{kGroups});
    EXPECT_FALSE(all.truncated);
    std::size_t odd = 0;
    for (const AnomalyFinding& group : all.groups) {
        ASSERT_EQ(group.hours.size(), 1U);
        odd += !group.found.empty();
    }
    EXPECT_EQ(odd, 1U);
    asked.groups = 3;
    const auto few = find_anomalies(record.store(), asked).value();
    ASSERT_EQ(few.groups.size(), 3U);
    EXPECT_TRUE(few.truncated);
    EXPECT_EQ(few.groups.front().key.front(), std::optional<store::Value>("u5")) << "it has the most calls";
    EXPECT_EQ(few.groups.front().found.size(), 1U);

    asked.from = at(kDays - 3, 0);
    asked.most_hours = 30;
    const auto latest = find_anomalies(record.store(), asked).value();
    EXPECT_EQ(latest.from, at(kDays - 1, 14));
    for (const AnomalyFinding& group : latest.groups) EXPECT_EQ(group.hours.size(), 10U);
}

}  // namespace
}  // namespace steno::analysis
