#include "alerts/judgement.hpp"

#include "budgets/states.hpp"

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
    Standing fired;
    fired.group = "[\"a\"]";
    fired.level = fired.told = Level::Warning;
    fired.since = fired.told_at = now;
    const Standings before{{fired.group, fired}};
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

/// A budget of 100 USD a day, looked at when so much is spent.
class OneBudget {
  public:
    explicit OneBudget(const char* json) : rule(rule_from_json("r", json).value()) {
        budget.name = "shop";
        budget.per = budgets::Per::Day;
        budget.limit = *Decimal::parse("100");
    }
    /// What is told at that hour of the present day; of the last group: what is spent, or will be.
    Telling at(int hour, const char* spent, bool muted = false) {
        const Timestamp now{kMidnight + (day * 24 + hour) * kHour, 0};
        budgets::State state;
        state.budget = budget;
        state.period = budgets::period_at(budget, now.unix_nanos);
        state.at = now.unix_nanos;
        state.known = known;
        state.spent.by_currency["USD"] = *Decimal::parse(spent);
        const Judgement judgement =
            judge(rule, observe_budgets(rule, std::span(&state, 1)), standings, now, muted, false);
        for (const Judged& judged : judgement.groups) {
            standings[judged.standing.group] = judged.standing;
            last = judged;
        }
        return last.step.telling;
    }
    static constexpr std::int64_t kHour = 3600 * std::int64_t{1'000'000'000};
    static constexpr std::int64_t kMidnight = 1'780'012'800'000'000'000 / (24 * kHour) * (24 * kHour);
    Rule rule;
    budgets::Budget budget;
    Standings standings;
    Judged last;
    int day = 0;
    bool known = true;
};

constexpr const char* kAnyBudget = R"({"kind": "budget"})";

TEST(Judgement, EachStepOfABudgetIsToldOnceAPeriod) {
    OneBudget one(kAnyBudget);
    EXPECT_EQ(one.at(1, "49.999999999999"), Telling::Nothing);
    EXPECT_EQ(one.at(2, "50"), Telling::Fired);
    EXPECT_EQ(one.last.standing.level, Level::Warning);
    EXPECT_EQ(threshold_of(one.rule, one.last.observation, one.last.standing), Decimal::parse("0.5"));
    EXPECT_EQ(one.at(3, "79.99"), Telling::Nothing);
    EXPECT_EQ(one.at(4, "80"), Telling::Changed);
    ASSERT_TRUE(one.last.step.transition);  // the history has each step
    EXPECT_EQ(one.last.step.transition->from, Level::Warning);
    EXPECT_EQ(one.last.step.transition->to, Level::Warning);
    EXPECT_EQ(one.at(5, "79.9"), Telling::Nothing);  // a cost was corrected
    EXPECT_EQ(one.last.standing.step, 80);
    EXPECT_EQ(one.at(6, "80.1"), Telling::Nothing);
    EXPECT_EQ(one.at(7, "130"), Telling::Changed);
    EXPECT_EQ(one.last.standing.level, Level::Critical);
    EXPECT_EQ(one.at(8, "140"), Telling::Nothing);
    one.day = 1;
    EXPECT_EQ(one.at(0, "0"), Telling::Recovered);
    EXPECT_EQ(one.at(1, "55"), Telling::Fired);
    EXPECT_EQ(one.last.standing.step, 50);
}

TEST(Judgement, APeriodWhoseEndNobodySawIsOverAllTheSame) {
    OneBudget one(kAnyBudget);
    EXPECT_EQ(one.at(20, "90"), Telling::Fired);
    one.day = 2;
    EXPECT_EQ(one.at(20, "85"), Telling::Fired);  // the same level, in another period
    ASSERT_TRUE(one.last.step.transition);
    EXPECT_EQ(one.last.step.transition->from, Level::Ok);
    EXPECT_EQ(one.at(21, "86"), Telling::Nothing);
    one.day = 3;
    one.known = false;  // after a start
    EXPECT_EQ(one.at(0, "0"), Telling::Nothing);
    EXPECT_EQ(one.last.standing.level, Level::Warning);
    one.known = true;
    EXPECT_EQ(one.at(1, "81"), Telling::Fired);
}

TEST(Judgement, AHigherLimitBeginsTheStepsAnew) {
    OneBudget one(kAnyBudget);
    EXPECT_EQ(one.at(1, "85"), Telling::Fired);
    one.budget.limit = *Decimal::parse("200");
    EXPECT_EQ(one.at(2, "86"), Telling::Recovered);
    EXPECT_EQ(one.at(3, "120"), Telling::Fired);
    EXPECT_EQ(one.at(4, "160"), Telling::Changed);
    one.budget.limit = *Decimal::parse("300");
    EXPECT_EQ(one.at(5, "160"), Telling::Nothing);  // still a warning, of a lower step
    EXPECT_EQ(one.last.standing.step, 50);
    EXPECT_EQ(one.at(6, "240"), Telling::Changed);
}

TEST(Judgement, AStepThatIsReachedWhileMutedIsToldAfterwards) {
    OneBudget one(kAnyBudget);
    EXPECT_EQ(one.at(1, "60"), Telling::Fired);
    EXPECT_EQ(one.at(2, "90", true), Telling::Nothing);
    EXPECT_TRUE(one.last.step.transition);
    EXPECT_EQ(one.at(3, "91"), Telling::Changed);
    EXPECT_EQ(one.at(4, "92"), Telling::Nothing);
}

TEST(Judgement, ABudgetIsRemindedOfAndForgottenWithItsEnd) {
    OneBudget one(R"({"kind": "budget", "budget": "shop", "at": [90], "renotify": "2h"})");
    EXPECT_EQ(one.at(1, "89"), Telling::Nothing);
    EXPECT_EQ(one.at(2, "90"), Telling::Fired);
    EXPECT_EQ(one.at(3, "91"), Telling::Nothing);
    EXPECT_EQ(one.at(4, "92"), Telling::Reminder);
    const Rule any = rule_from_json("r", kAnyBudget).value();
    const Judgement none = judge(any, observe_budgets(any, {}), one.standings, {}, false, false);
    EXPECT_TRUE(none.groups.empty());
    EXPECT_EQ(none.gone.size(), 1U);
    const Observations missing = observe_budgets(one.rule, {});
    ASSERT_EQ(missing.groups.size(), 1U);
    EXPECT_EQ(missing.groups.front().because, "there is no such budget");
}

TEST(Judgement, AProjectionIsToldOnceItCanBeBelieved) {
    OneBudget one(R"({"kind": "budget", "at": [], "projected": true})");
    EXPECT_EQ(one.at(2, "20"), Telling::Nothing);  // of the day's first tenth nothing follows
    EXPECT_EQ(one.last.standing.level, Level::NoData);
    EXPECT_EQ(one.last.observation.group, R"(["shop","projected"])");
    EXPECT_EQ(one.at(6, "24"), Telling::Nothing);  // 96 by midnight
    EXPECT_EQ(one.at(8, "34"), Telling::Fired);
    EXPECT_EQ(one.last.observation.value, Decimal::parse("1.02"));
    EXPECT_EQ(one.at(9, "37"), Telling::Nothing);  // 98.7: not far enough below
    EXPECT_EQ(one.at(12, "44"), Telling::Recovered);
    EXPECT_EQ(one.at(18, "101"), Telling::Nothing);  // used up at once: that is another group's to tell
    EXPECT_EQ(one.last.standing.level, Level::Ok);
    one.day = 1;
    EXPECT_EQ(one.at(8, "50"), Telling::Fired);
    one.day = 2;
    EXPECT_EQ(one.at(1, "10"), Telling::Nothing);
    EXPECT_EQ(one.at(8, "50"), Telling::Fired);  // in another period
}

}  // namespace
}  // namespace steno::alerts
