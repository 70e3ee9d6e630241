#include "alerts/judgement.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace steno::alerts {
namespace {

/// One group, evaluated once a minute.
class OneGroup {
  public:
    explicit OneGroup(const char* json) : rule(rule_from_json("r", json).value()) {}

    Step step(std::optional<const char*> value, std::int64_t calls = 100, bool muted = false) {
        Observation observation;
        if (value) observation.value = Decimal::parse(*value);
        observation.calls = calls;
        now.unix_nanos += 60'000'000'000;
        return advance(rule, standing, level_of(rule, observation, standing.level), now, muted);
    }
    Rule rule;
    Standing standing;
    Timestamp now{1'780'000'000'000'000'000, 0};
};

TEST(Judgement, ThresholdsHoldExactlyAtTheirValue) {
    OneGroup above(R"({"metric": "failure_rate", "warning": 0.05, "critical": 0.2})");
    EXPECT_EQ(above.step("0.049999999999").telling, Telling::Nothing);
    EXPECT_EQ(above.standing.level, Level::Ok);
    EXPECT_EQ(above.step("0.05").telling, Telling::Fired);
    EXPECT_EQ(above.standing.level, Level::Warning);
    EXPECT_EQ(above.step("0.2").telling, Telling::Changed);
    EXPECT_EQ(above.standing.level, Level::Critical);
    EXPECT_EQ(above.step("0.5").telling, Telling::Nothing);
    EXPECT_EQ(above.step("0.1").telling, Telling::Changed);
    EXPECT_EQ(above.step("0").telling, Telling::Recovered);
    EXPECT_EQ(above.step("0").telling, Telling::Nothing);

    OneGroup below(R"({"metric": "calls", "when": "below", "warning": 10, "critical": 5})");
    EXPECT_EQ(below.step("11").transition, std::nullopt);
    below.step("10");
    EXPECT_EQ(below.standing.level, Level::Warning);
    below.step("5");
    EXPECT_EQ(below.standing.level, Level::Critical);
}

TEST(Judgement, ARecoveryThresholdKeepsItFromFlapping) {
    OneGroup one(R"({"metric": "cost", "warning": 10, "recover": 8})");
    one.step("11");
    for (const char* value : {"9.9", "10.1", "9.9", "8.1"}) {
        EXPECT_EQ(one.step(value).telling, Telling::Nothing) << value;
        EXPECT_EQ(one.standing.level, Level::Warning) << value;
    }
    EXPECT_EQ(one.step("8").telling, Telling::Recovered);
    EXPECT_EQ(one.step("9.9").transition, std::nullopt);  // from below, the threshold itself counts
    EXPECT_EQ(one.standing.level, Level::Ok);
}

TEST(Judgement, SoManyEvaluationsInARowMustSaySo) {
    OneGroup one(R"({"metric": "cost", "warning": 10, "critical": 20, "for": 3})");
    one.step("1");
    one.step("11");
    one.step("11");
    one.step("1");  // not in a row
    one.step("11");
    one.step("21");
    EXPECT_EQ(one.standing.level, Level::Ok);
    EXPECT_EQ(one.step("11").telling, Telling::Fired);  // beyond three times, in turn
    EXPECT_EQ(one.standing.level, Level::Warning);
    one.step("1");
    one.step("1");
    EXPECT_EQ(one.standing.level, Level::Warning);
    EXPECT_EQ(one.step("1").telling, Telling::Recovered);
}

TEST(Judgement, EvaluationsThatComeTooSoonDoNotCount) {
    OneGroup one(R"({"metric": "cost", "warning": 10, "for": 3})");
    one.step("1");
    one.step("11");
    for (int i = 0; i < 5; ++i) {  // the server is started again and again
        one.now.unix_nanos -= 59'000'000'000;
        EXPECT_EQ(one.step("11").telling, Telling::Nothing);
    }
    one.step("11");
    EXPECT_EQ(one.step("11").telling, Telling::Fired);
}

TEST(Judgement, OneOfOneIsNoRate) {
    OneGroup one(R"({"metric": "failure_rate", "warning": 0.5, "min_calls": 20})");
    EXPECT_EQ(one.step("1", 1).telling, Telling::Nothing);
    EXPECT_EQ(one.standing.level, Level::NoData);
    EXPECT_EQ(one.step("1", 20).telling, Telling::Fired);
}

TEST(Judgement, WhatIsNotKnownIsNotOver) {
    OneGroup one(R"({"metric": "failure_rate", "warning": 0.5, "min_calls": 20})");
    EXPECT_EQ(one.step("1", 20).telling, Telling::Fired);
    EXPECT_EQ(one.step(std::nullopt, 0).telling, Telling::Nothing);
    EXPECT_EQ(one.standing.level, Level::NoData);
    EXPECT_EQ(one.step("0", 5).telling, Telling::Nothing);
    EXPECT_EQ(one.step("1", 20).telling, Telling::Nothing);  // they know
    EXPECT_EQ(one.step(std::nullopt, 0).telling, Telling::Nothing);
    EXPECT_EQ(one.step("0", 20).telling, Telling::Recovered);
}

TEST(Judgement, AGroupThatIsNotSeenIsJudgedOnlyIfItsCallsAreMissing) {
    Timestamp now{1'780'000'000'000'000'000, 0};
    const Standings before{
        {"[\"a\"]", {"[\"a\"]", Level::Warning, now, Level::Warning, 0, {}, Level::Warning, now}}};
    const Rule calls =
        rule_from_json("r", R"({"metric": "calls", "group_by": ["project"], "warning": 2})").value();
    Observations some;
    some.truncated = true;
    const Judgement unseen = judge(calls, some, before, now, false, false);
    ASSERT_EQ(unseen.groups.size(), 1U);
    EXPECT_EQ(unseen.groups.front().step.telling, Telling::Nothing);
    EXPECT_EQ(unseen.groups.front().standing.level, Level::Warning);
    EXPECT_FALSE(unseen.groups.front().changed);
    some.truncated = false;
    EXPECT_EQ(judge(calls, some, before, now, false, false).groups.front().step.telling, Telling::Recovered);

    const Rule silence =
        rule_from_json("r", R"({"kind": "missing_data", "group_by": ["project"], "window": "1h"})").value();
    now.unix_nanos += 29 * 86'400 * std::int64_t{1'000'000'000};
    const Judgement still = judge(silence, some, before, now, false, false);
    ASSERT_EQ(still.groups.size(), 1U);
    EXPECT_EQ(still.groups.front().standing.level, Level::Warning);
    now.unix_nanos += 2 * 86'400 * std::int64_t{1'000'000'000};
    const Judgement later = judge(silence, some, before, now, false, false);
    EXPECT_TRUE(later.groups.empty());
    EXPECT_EQ(later.gone, std::vector<std::string>{"[\"a\"]"});
}

TEST(Judgement, WhileItFiresItIsToldAgainAfterAWhile) {
    OneGroup one(R"({"metric": "cost", "warning": 10, "renotify": "10m"})");
    EXPECT_EQ(one.step("11").telling, Telling::Fired);
    int reminders = 0;
    for (int minute = 0; minute < 30; ++minute) reminders += one.step("11").telling == Telling::Reminder;
    EXPECT_EQ(reminders, 3);
}

TEST(Judgement, WhatIsMutedIsToldWhenThatIsOverIfItStillHolds) {
    OneGroup one(R"({"metric": "cost", "warning": 10})");
    EXPECT_TRUE(one.step("11", 100, true).transition);
    EXPECT_EQ(one.step("11", 100, true).telling, Telling::Nothing);
    EXPECT_EQ(one.step("11").telling, Telling::Fired);
    EXPECT_EQ(one.step("1", 100, true).telling, Telling::Nothing);
    EXPECT_EQ(one.step("1").telling, Telling::Recovered);
    EXPECT_TRUE(one.step("11", 100, true).transition);
    EXPECT_TRUE(one.step("1", 100, true).transition);
    EXPECT_EQ(one.step("1").telling, Telling::Nothing);  // nobody knew of it
}

}  // namespace
}  // namespace steno::alerts
