#include "alerts/watcher.hpp"

#include "alerts/record_for_test.hpp"
#include "notify/outbox_for_test.hpp"

#include <simdjson.h>

#include <algorithm>
#include <atomic>
#include <new>

namespace steno::alerts {
namespace {

class WatcherTest : public notify::OutboxTest {
  protected:
    void SetUp() override {
        OutboxTest::SetUp();
        begin();
    }
    void TearDown() override {
        watcher_.reset();
        book_.reset();
        OutboxTest::TearDown();
    }
    /// As a start of the server does, on what is on disk.
    void begin() {
        watcher_.reset();
        book_.reset();
        reopen();
        book_ = RuleBook::open(*database_, *outbox_).value();
        watcher_ = std::make_unique<Watcher>(Watcher::Parts{
            *book_, record_.store(), clock_, [this] { return ready_; }, [this] { ++told_; }, &budgets_});
    }
    void set(const char* name, const char* json) {
        auto rule = rule_from_json(name, json);
        ASSERT_TRUE(rule) << rule.error().message;
        const auto done = book_->set(*rule);
        ASSERT_TRUE(done) << done.error().message;
    }
    /// A minute passes, with so many calls, of which so many fail.
    void minute(int calls, int failures) {
        for (int i = 0; i < calls; ++i)
            record_.add(clock_.now(), i < failures ? Status::Failure : Status::Success);
        advance(60);
        watcher_->evaluate_due();
    }
    std::vector<std::string> titles() {
        std::vector<std::string> titles;
        for (const notify::Delivery& delivery : outbox_->deliveries({}).value())
            titles.insert(titles.begin(), delivery.message.title);
        return titles;
    }
    /// One budget of 100 USD a month, of which so much is spent.
    class OneBudget : public budgets::States {
      public:
        explicit OneBudget(Clock& clock) : clock_(clock) {}
        std::vector<budgets::State> states() override {
            if (!readable) return {};
            budgets::State state;
            state.budget.name = "shop";
            state.budget.limit = *Decimal::parse("100");
            state.at = clock_.now().unix_nanos;
            state.period = budgets::period_at(state.budget, state.at);
            state.known = known;
            state.spent.by_currency["USD"] = *Decimal::parse(spent);
            return {state};
        }
        const char* spent = "0";
        [[nodiscard]] bool complete() const override { return readable; }
        bool known = true;
        bool readable = true;

      private:
        Clock& clock_;
    };
    Record record_;
    OneBudget budgets_{clock_};
    Result<void> ready_;
    int told_ = 0;
    std::unique_ptr<RuleBook> book_;
    std::unique_ptr<Watcher> watcher_;
};

constexpr const char* kFailures =
    R"({"metric": "failure_rate", "window": "1m", "warning": 0.1, "critical": 0.5,
                                      "min_calls": 4})";

TEST_F(WatcherTest, ATransitionItsHistoryAndItsNotificationAreOne) {
    set("failures", kFailures);
    minute(10, 0);
    minute(10, 2);
    ASSERT_EQ(titles().size(), 1U);
    EXPECT_EQ(titles().front(), "WARNING: failures: failure_rate in 1m is 20.0 %, not below 10 %");
    EXPECT_EQ(told_, 1);
    const auto events = book_->history("failures", 10).value();
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events.front().from, Level::Ok);
    EXPECT_EQ(events.front().to, Level::Warning);
    EXPECT_EQ(events.front().value, Decimal::parse("0.2"));
    EXPECT_EQ(events.front().threshold, Decimal::parse("0.1"));
    EXPECT_EQ(events.front().samples.size(), 2U);
    simdjson::dom::parser parser;
    const auto data = outbox_->deliveries({})->front().message.data;
    EXPECT_EQ(parser.parse(data)["value"].get_double().value(), 0.2);
    EXPECT_EQ(parser.parse(data)["samples"].get_array().value().size(), 2U);
}

TEST_F(WatcherTest, ARestartForgetsNothingAndRepeatsNothing) {
    set("failures", kFailures);
    minute(10, 10);
    begin();
    minute(10, 10);
    begin();
    EXPECT_EQ(titles().size(), 1U);
    minute(10, 0);
    ASSERT_EQ(titles().size(), 2U);
    EXPECT_EQ(titles()[1], "OK AGAIN: failures: failure_rate in 1m is 0.0 %");
    EXPECT_EQ(book_->history("", 10)->size(), 2U);
}

TEST_F(WatcherTest, NothingIsConcludedWhileTheStoreLacksCalls) {
    set("silence", R"({"kind": "missing_data", "window": "1m"})");
    minute(1, 0);
    advance(3600);
    ready_ = fail(Code::Unavailable, "behind");
    EXPECT_EQ(watcher_->evaluate_due().unix_nanos - clock_.now().unix_nanos, 5'000'000'000);
    EXPECT_TRUE(titles().empty());
    EXPECT_EQ(watcher_->stats().postponed, 1U);
    EXPECT_EQ(watcher_->last("silence")->error->message, "behind");
    ready_ = {};
    watcher_->evaluate_due();
    EXPECT_EQ(titles().size(), 1U);
    EXPECT_FALSE(watcher_->last("silence")->error);
}

TEST_F(WatcherTest, SilenceIsNotToldRightAfterAStart) {
    set("silence", R"({"kind": "missing_data", "window": "5m"})");
    for (int i = 0; i < 4; ++i) minute(0, 0);
    EXPECT_TRUE(titles().empty());
    minute(0, 0);
    ASSERT_EQ(titles().size(), 1U);
    EXPECT_EQ(titles().front(), "WARNING: silence: no calls in 5m");
}

TEST_F(WatcherTest, SingleCallsAreToldInADigest) {
    set("slow",
        R"({"kind": "calls", "field": "time.duration_ms", "over": "30s", "window": "1h", "renotify": "1h"})");
    for (int i = 0; i < 180; ++i) {
        record_.add(clock_.now(), [](Call& call) { call.time.duration = Duration{45'000'000'000}; });
        minute(1, 0);
    }
    ASSERT_EQ(titles().size(), 3U);
    EXPECT_EQ(titles()[0], "WARNING: slow: 1 calls in 1h with time.duration_ms over 30 s");
    EXPECT_EQ(titles()[1], "STILL WARNING: slow: 60 calls in 1h with time.duration_ms over 30 s");
}

TEST_F(WatcherTest, AMutedRuleIsSilentAndItsHistoryIsNot) {
    set("failures", kFailures);
    ASSERT_TRUE(book_->mute("failures", Timestamp{clock_.now().unix_nanos + 150'000'000'000, 0}, "planned"));
    minute(10, 10);
    minute(10, 10);
    EXPECT_TRUE(titles().empty());
    ASSERT_EQ(book_->history("failures", 10)->size(), 1U);
    EXPECT_TRUE(book_->history("failures", 10)->front().muted);
    minute(10, 10);  // it is over, and still holds
    EXPECT_EQ(titles().size(), 1U);
}

TEST_F(WatcherTest, ARestartKnowsWhichStepsOfABudgetWereTold) {
    set("budgets", R"({"kind": "budget"})");
    const auto look = [&](const char* spent) {
        budgets_.spent = spent;
        begin();
        minute(0, 0);
    };
    look("60");
    look("61");
    ASSERT_EQ(titles().size(), 1U);
    EXPECT_TRUE(titles()[0].starts_with(
        "WARNING: budgets · shop: 50 % is reached: $60.00 of $100.00 this month is spent (60.0 %)"))
        << titles()[0];
    look("85");
    look("86");
    ASSERT_EQ(titles().size(), 2U);
    look("101");
    ASSERT_EQ(titles().size(), 3U);
    EXPECT_TRUE(titles()[2].starts_with("CRITICAL: budgets · shop: the limit is reached: $101.00"))
        << titles()[2];
    const auto events = book_->history("budgets", 10).value();
    ASSERT_EQ(events.size(), 3U);
    EXPECT_EQ(events[1].from, Level::Warning);
    EXPECT_EQ(events[1].to, Level::Warning);
    EXPECT_EQ(events[1].threshold, Decimal::parse("0.8"));
    simdjson::dom::parser parser;
    const auto data = outbox_->deliveries({})->front().message.data;
    const auto parsed = parser.parse(data);
    EXPECT_EQ(parsed["budget"]["spent"].get_string().value(), "101.000000000000");
    EXPECT_EQ(parsed["budget"]["step"].get_int64().value(), 100);
    EXPECT_EQ(parsed["threshold"].get_double().value(), 1.0);
    advance(32 * 86'400);
    budgets_.known = false;
    budgets_.spent = "0";
    begin();
    const Timestamp next = watcher_->evaluate_due();
    EXPECT_LE(next.unix_nanos - clock_.now().unix_nanos, 5'000'000'000);  // soon, not after a minute
    EXPECT_EQ(titles().size(), 3U);
    budgets_.known = true;
    look("0");
    ASSERT_EQ(titles().size(), 4U);
    EXPECT_EQ(titles()[3], "OK AGAIN: budgets · shop: $0.00 of $100.00 this month is spent (0.0 %)");
}

TEST_F(WatcherTest, ABudgetThatCouldNotBeReadForAWhileIsNotToldOfAnew) {
    set("any", R"({"kind": "budget"})");
    set("one", R"({"kind": "budget", "budget": "shop", "projected": true})");
    budgets_.spent = "85";
    begin();
    minute(0, 0);
    const std::size_t told = titles().size();
    ASSERT_GE(told, 2U);
    budgets_.readable = false;
    for (int i = 0; i < 3; ++i) minute(0, 0);
    begin();
    minute(0, 0);
    EXPECT_EQ(watcher_->last("one")->groups.begin()->second.because, "not all budgets can be read");
    budgets_.readable = true;
    for (int i = 0; i < 3; ++i) minute(0, 0);
    EXPECT_EQ(titles().size(), told);
}

TEST_F(WatcherTest, AnHourInWhichNobodyWasHereIsNotTooQuiet) {
    set("quiet", R"({"kind": "anomaly", "metric": "calls"})");
    // Four weeks of fifty calls an hour.
    constexpr std::int64_t kHour = 3600 * std::int64_t{1'000'000'000};
    const std::int64_t whole = clock_.now().unix_nanos / kHour * kHour;
    for (int hour = 28 * 24; hour > 0; --hour)
        for (int i = 0; i < 50; ++i) record_.add({whole - hour * kHour + i * 60'000'000'000, 0});
    advance((whole + kHour - clock_.now().unix_nanos) / 1'000'000'000 + 360);
    begin();  // after an hour without calls
    watcher_->evaluate_due();
    EXPECT_TRUE(titles().empty());
    EXPECT_NE(watcher_->last("quiet")->groups.at("").what.find("is 0; expected 5"), std::string::npos)
        << watcher_->last("quiet")->groups.at("").what;
    advance(3600);
    watcher_->evaluate_due();
    EXPECT_TRUE(titles().empty());  // it was there for a part of this one
    advance(3600);
    watcher_->evaluate_due();
    ASSERT_EQ(titles().size(), 1U);
    EXPECT_TRUE(titles()[0].starts_with("CRITICAL: quiet: calls from ")) << titles()[0];
}

TEST_F(WatcherTest, OddHoursOfEachGroupStandByThemselves) {
    set("odd", R"({"kind": "anomaly", "metric": "calls", "group_by": ["trace.agent"]})");
    constexpr std::int64_t kHour = 3600 * std::int64_t{1'000'000'000};
    const std::int64_t whole = clock_.now().unix_nanos / kHour * kHour;
    // Four weeks; in the last hour one has ten times as many, and one has none.
    for (int hour = 28 * 24; hour > 0; --hour) {
        for (const char* const agent : {"loud", "quiet", "usual"}) {
            const int calls = hour > 1 || agent == std::string_view("usual") ? 20 : *agent == 'l' ? 200 : 0;
            for (int i = 0; i < calls; ++i)
                record_.add({whole - hour * kHour + i * 1'000'000'000, 0},
                            [&](Call& call) { call.trace.agent = agent; });
        }
    }
    // Steno ran in that hour.
    advance((whole - clock_.now().unix_nanos) / 1'000'000'000 - 3700);
    begin();
    advance(3700 + 360);
    watcher_->evaluate_due();
    ASSERT_EQ(titles().size(), 2U);
    EXPECT_TRUE(titles()[0].starts_with("CRITICAL: odd · loud: calls from ")) << titles()[0];
    EXPECT_TRUE(titles()[1].starts_with("WARNING: odd · quiet: calls from ")) << titles()[1];
    EXPECT_NE(titles()[1].find("is 0; expected 20"), std::string::npos) << titles()[1];
    const auto events = book_->history("odd", 10).value();
    ASSERT_EQ(events.size(), 2U);
    EXPECT_NE(events[0].group, events[1].group);
    EXPECT_EQ(book_->standings("odd")->at(R"(["usual"])").level, Level::Ok);
    begin();  // it is told once
    advance(60);
    watcher_->evaluate_due();
    EXPECT_EQ(titles().size(), 2U);
}

TEST_F(WatcherTest, EachGroupStandsByItself) {
    set("agents", R"({"metric": "calls", "group_by": ["trace.agent"], "window": "1m", "warning": 2})");
    const auto call = [&](const char* agent) {
        record_.add(clock_.now(), [&](Call& c) { c.trace.agent = agent; });
    };
    call("a"), call("a"), call("b");
    minute(0, 0);
    ASSERT_EQ(titles().size(), 1U);
    EXPECT_EQ(titles().front(), "WARNING: agents · a: calls in 1m is 2, not below 2");
    minute(0, 0);  // the group has no calls any more: that ends it
    ASSERT_EQ(titles().size(), 2U);
    EXPECT_EQ(titles()[1], "OK AGAIN: agents · a: calls in 1m is 0");
    for (int day = 0; day < 8; ++day) {
        advance(86'400);
        watcher_->evaluate_due();
    }
    EXPECT_TRUE(book_->standings("agents")->empty());
}

TEST_F(WatcherTest, ANameThatWasRecordedMakesNoSecondLine) {
    set("agents", R"({"metric": "calls", "group_by": ["trace.agent"], "window": "1m", "warning": 1})");
    record_.add(clock_.now(),
                [](Call& c) { c.trace.agent = "x\nalert: CRITICAL: \x1b[2J" + std::string(5000, 'y'); });
    minute(0, 0);
    ASSERT_EQ(titles().size(), 1U);
    EXPECT_LT(titles().front().size(), 400U);
    EXPECT_TRUE(std::ranges::none_of(titles().front(), [](unsigned char c) { return c < 0x20; }));
}

TEST_F(WatcherTest, ManyGroupsAreToldInOneMessage) {
    set("agents", R"({"metric": "calls", "group_by": ["trace.agent"], "window": "1m", "warning": 1,
                      "critical": 2})");
    for (int i = 0; i < 12; ++i)
        record_.add(clock_.now(), [&](Call& c) { c.trace.agent = "a" + std::to_string(i % 11); });
    minute(0, 0);
    ASSERT_EQ(titles(), std::vector<std::string>{"11 groups of agents: 1 critical, 10 warning, 0 ok again"});
    const notify::Message digest = outbox_->deliveries({})->front().message;
    EXPECT_EQ(digest.tone, notify::Tone::Critical);
    EXPECT_EQ(digest.facts.front().second, "CRITICAL: agents · a0: calls in 1m is 2, not below 2");
    simdjson::dom::parser parser;
    const auto data = parser.parse(digest.data);
    EXPECT_EQ(data["alerts"].get_array().value().size(), 11U);
    EXPECT_EQ(data["alerts"].at(0)["data"]["level"].get_string().value(), "critical");
    const auto events = book_->history("agents", 100).value();
    EXPECT_EQ(events.size(), 11U);
    EXPECT_EQ(std::ranges::count_if(events, [](const Event& event) { return !event.samples.empty(); }), 10);
}

TEST_F(WatcherTest, WhatCouldNotBeEvaluatedIsTriedAgainSoon) {
    set("failures", R"({"metric": "calls", "window": "1h", "warning": 1, "every": "1h"})");
    const auto run = [&](std::string_view sql) {
        ASSERT_TRUE(database_->write([&](control::Statements& statements) { return statements.run(sql); }));
    };
    run("CREATE TRIGGER full BEFORE INSERT ON alert_standings BEGIN SELECT RAISE(ABORT, 'disk full'); END");
    record_.add(clock_.now());
    advance(10);
    const Timestamp next = watcher_->evaluate_due();
    EXPECT_TRUE(watcher_->last("failures")->error);
    EXPECT_LE(next.unix_nanos - clock_.now().unix_nanos, 5'000'000'000);
    EXPECT_TRUE(titles().empty());
    run("DROP TRIGGER full");
    advance(5);
    watcher_->evaluate_due();
    EXPECT_EQ(titles().size(), 1U);
}

TEST_F(WatcherTest, ARuleThatIsChangedMeanwhileIsNotOverwritten) {
    set("failures", kFailures);
    const KeptRule old = book_->rule("failures").value();
    set("failures", R"({"metric": "failures", "window": "1m", "warning": 1})");
    Outcome outcome;
    outcome.messages.emplace_back();
    EXPECT_FALSE(book_->keep(old, outcome).value());
    EXPECT_TRUE(titles().empty());
    ASSERT_TRUE(book_->remove("failures"));
    EXPECT_FALSE(book_->keep(old, outcome).value());
    EXPECT_EQ(book_->rule("failures").error().code, Code::NotFound);
}

TEST_F(WatcherTest, OnlyTheChannelsThatARuleNamesAreTold) {
    ASSERT_TRUE(outbox_->set(
        notify::channel_from_json("ops", R"({"kind":"webhook","url":"http://127.0.0.1:9"})", nullptr)
            .value()));
    set("all", R"({"metric": "calls", "window": "1m", "warning": 1})");
    set("some", R"({"metric": "calls", "window": "1m", "warning": 1, "channels": ["ops"]})");
    minute(1, 0);
    EXPECT_EQ(outbox_->deliveries({.state = {}, .channel = "ops", .about = {}})->size(), 2U);
    EXPECT_EQ(outbox_->deliveries({.state = {}, .channel = "log", .about = {}})->size(), 1U);
    EXPECT_EQ(book_->who_uses("ops").value(), std::vector<std::string>{"some"});
    const auto unknown =
        book_->set(rule_from_json("x", R"({"metric": "calls", "warning": 1, "channels": ["oops"]})").value());
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().remedy, "did you mean ops?");
}

TEST_F(WatcherTest, AnExceptionIsNoEndOfTheProgram) {
    set("failures", kFailures);
    std::atomic<int> asked = 0;
    Watcher watcher(Watcher::Parts{*book_, record_.store(), clock_,
                                   [&]() -> Result<void> {
                                       ++asked;
                                       asked.notify_all();
                                       throw std::bad_alloc();
                                   },
                                   [] {}});
    watcher.start();
    asked.wait(0);
    watcher.rules_changed();  // it is still there
    asked.wait(1);
    watcher.stop();
    EXPECT_GE(watcher.stats().failures, 2U);
}

TEST_F(WatcherTest, HistoryIsBounded) {
    set("failures", kFailures);
    Outcome outcome;
    for (int i = 0; i < 1100; ++i)
        outcome.events.push_back({clock_.now(),
                                  "failures",
                                  "",
                                  Level::Ok,
                                  Level::Warning,
                                  std::to_string(i),
                                  std::nullopt,
                                  std::nullopt,
                                  {},
                                  false});
    ASSERT_TRUE(book_->keep(book_->rule("failures").value(), outcome).value());
    const auto events = book_->history("failures", 5000).value();
    ASSERT_EQ(events.size(), 1000U);
    EXPECT_EQ(events.front().what, "1099");
    EXPECT_EQ(book_->history("failures", 5)->size(), 5U);
}

}  // namespace
}  // namespace steno::alerts
