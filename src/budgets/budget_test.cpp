#include "budgets/budget.hpp"

#include "budgets/states.hpp"

#include <gtest/gtest.h>

namespace steno::budgets {
namespace {

Budget budget(Per per = Per::Month, std::string_view zone = "UTC") {
    Budget budget;
    budget.name = "shop";
    budget.per = per;
    budget.zone = *calendar::Zone::find(zone);
    budget.limit = *Decimal::parse("50");
    return budget;
}

std::int64_t moment(std::string_view text) {
    return Timestamp::parse(text)->unix_nanos;
}

TEST(BudgetTest, PeriodsAreThoseOfItsZone) {
    // Clocks go forward on the 29th of March 2026 in Berlin: that day has 23 hours.
    const Span day = period_at(budget(Per::Day, "Europe/Berlin"), moment("2026-03-29T12:00:00Z"));
    EXPECT_EQ(day.begin, moment("2026-03-28T23:00:00Z"));
    EXPECT_EQ(day.end, moment("2026-03-29T22:00:00Z"));
    const Span week = period_at(budget(Per::Week, "Europe/Berlin"), moment("2026-03-29T12:00:00Z"));
    EXPECT_EQ(week.begin, moment("2026-03-22T23:00:00Z"));
    EXPECT_EQ(week.end, moment("2026-03-29T22:00:00Z"));
    const Span month = period_at(budget(Per::Month, "America/New_York"), moment("2026-03-01T04:59:59Z"));
    EXPECT_EQ(month.begin, moment("2026-02-01T05:00:00Z"));
    EXPECT_EQ(month.end, moment("2026-03-01T05:00:00Z"));
    // The end is the begin of the next, whatever the moment.
    for (const Per per : {Per::Day, Per::Week, Per::Month}) {
        const Budget any = budget(per, "Australia/Lord_Howe");
        std::int64_t at = moment("2025-12-31T23:59:59Z");
        for (int n = 0; n < 400; ++n) {
            const Span span = period_at(any, at);
            EXPECT_TRUE(span.holds(at));
            EXPECT_EQ(period_at(any, span.end).begin, span.end);
            EXPECT_EQ(period_at(any, span.end - 1), span);
            at += 29 * calendar::kHour;
        }
    }
}

TEST(BudgetTest, ASubtreeHoldsWhatAgentsWithinDo) {
    Call own, nested, other;
    own.trace.agent = "planner";
    nested.trace.agent = "writer";
    nested.trace.outer_agents = {"director", "planner"};
    other.trace.agent = "writer";
    const Scope agent{.agent = "planner"}, subtree{.agent_subtree = "planner"};
    EXPECT_TRUE(agent.holds(own) && !agent.holds(nested) && !agent.holds(other));
    EXPECT_TRUE(subtree.holds(own) && subtree.holds(nested) && !subtree.holds(other));
    const Scope of_writer{.agent = "writer", .agent_subtree = "director"};
    EXPECT_TRUE(of_writer.holds(nested) && !of_writer.holds(other));
}

TEST(BudgetTest, WhatIsAbsurdIsRefusedWithWhatToDo) {
    EXPECT_TRUE(check(budget()));
    const auto refused = [](auto&& change) {
        Budget wrong = budget();
        change(wrong);
        const auto checked = check(wrong);
        return !checked && checked.error().code == Code::InvalidArgument;
    };
    EXPECT_TRUE(refused([](Budget& b) { b.name = ""; }));
    EXPECT_TRUE(refused([](Budget& b) { b.name = "a/b"; }));
    EXPECT_TRUE(refused([](Budget& b) { b.name = ".."; }));
    EXPECT_TRUE(refused([](Budget& b) { b.name = std::string(101, 'a'); }));
    EXPECT_TRUE(refused([](Budget& b) { b.limit = *Decimal::parse("-1"); }));
    EXPECT_TRUE(refused([](Budget& b) { b.limit = *Decimal::parse("1e13"); }));
    EXPECT_TRUE(refused([](Budget& b) { b.currency = "usd"; }));
    EXPECT_TRUE(refused([](Budget& b) { b.currency = "XYZ"; }));
    EXPECT_TRUE(refused([](Budget& b) { b.currency = "USD EUR"; }));
    EXPECT_TRUE(refused([](Budget& b) { b.soft = {80, 50}; }));
    EXPECT_TRUE(refused([](Budget& b) { b.soft = {0}; }));
    EXPECT_TRUE(refused([](Budget& b) { b.soft = {50, 50}; }));
    EXPECT_TRUE(refused([](Budget& b) { b.scope.user = "\xff"; }));
    EXPECT_TRUE(refused([](Budget& b) { b.scope.user = std::string(501, 'u'); }));
    EXPECT_EQ(*parse_soft("80, 50,100%,50"), (std::vector<int>{50, 80, 100}));
    EXPECT_EQ(*parse_soft(""), std::vector<int>{});
    EXPECT_FALSE(parse_soft("half"));
    EXPECT_EQ(*parse_soft("50,,80,"), (std::vector<int>{50, 80}));
}

TEST(BudgetTest, AStateTellsWhatIsReached) {
    State state;
    state.budget = budget();
    state.budget.soft = {50, 80, 100};
    state.period = {moment("2026-11-01T00:00:00Z"), moment("2026-12-01T00:00:00Z")};
    state.at = moment("2026-11-11T00:00:00Z");
    const auto spend = [&](std::string_view amount) {
        state.spent = {};
        state.spent.by_currency["USD"] = *Decimal::parse(amount);
    };
    EXPECT_FALSE(state.used_up_at());  // nothing was spent
    spend("24.999999999999");
    EXPECT_TRUE(state.crossed().empty());
    EXPECT_EQ(state.remaining().to_string(), "25.000000000001");
    spend("25");
    EXPECT_EQ(state.crossed(), (std::vector<int>{50}));
    // Half of it in 10 days: all of it in 20.
    EXPECT_EQ(state.used_up_at(), Timestamp::parse("2026-11-21T00:00:00Z"));
    spend("16");  // would be 48 after 30 days
    EXPECT_FALSE(state.used_up_at());
    spend("50");
    EXPECT_TRUE(state.used_up());
    EXPECT_FALSE(state.used_up_at());
    EXPECT_EQ(state.crossed(), (std::vector<int>{50, 80, 100}));
    spend("60");
    EXPECT_EQ(state.remaining().to_short_string(), "-10");
    state.budget.limit = {};
    EXPECT_FALSE(state.percent());
    EXPECT_TRUE(state.used_up());
}

}  // namespace
}  // namespace steno::budgets
