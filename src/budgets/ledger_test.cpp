#include "budgets/ledger.hpp"

#include "base/random.hpp"
#include "store/answers.hpp"
#include "store/memory/memory_store.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <deque>
#include <map>
#include <set>
#include <thread>
#include <vector>

namespace steno::budgets {
namespace {

constexpr std::int64_t kHour = 3'600'000'000'000;

Decimal amount(std::string_view text) {
    return *Decimal::parse(text);
}

/// One currency unit a token, in and out: costs that can be counted on fingers.
std::shared_ptr<const pricing::Catalogue> prices() {
    pricing::Price price;
    price.provider = "openai";
    price.model = "house";
    price.input = Decimal{};
    price.output = amount("1000");  // a thousandth each
    price.source = "custom";
    return pricing::Catalogue::with({price});
}

class LedgerTest : public testing::Test {
  protected:
    LedgerTest() {
        ledger.set_prices([this] { return catalogue; });
        store->follow(ledger);
    }

    static Budget budget(const std::string& name, std::string_view limit, bool hard = true) {
        Budget budget;
        budget.name = name;
        budget.limit = amount(limit);
        budget.hard = hard;
        return budget;
    }
    /// May cost `most_output` thousandths.
    Call call(int most_output = 1000) {
        Call call;
        call.id = Uuid::random(random);
        call.kind = Kind::Chat;
        call.project = "shop";
        call.provider.name = "openai";
        call.model.requested = "house";
        call.started_at = clock.now();
        call.request.parameters.text = R"({"max_tokens":)" + std::to_string(most_output) + "}";
        return call;
    }
    void cost(Call& call, std::string_view total, const std::string& currency = "USD") {
        call.status = Status::Success;
        call.ended_at = clock.now();
        call.cost.total = amount(total);
        call.cost.currency = currency;
    }
    /// What the feeder does with the end of a call.
    void feed(const Call& call, bool may_exist = false) {
        const store::Change change =
            store::Upsert{{call, {{}, ++sequence}, std::nullopt}, may_exist, false, true};
        ASSERT_TRUE(store->apply(std::span(&change, 1), {}));
    }
    State state(std::size_t at = 0) { return ledger.states().at(at); }
    std::string spent(std::size_t at = 0) { return state(at).total().to_short_string(); }

    ManualClock clock{Timestamp::parse("2026-11-20T12:00:00Z")->unix_nanos};
    SeededRandom random{11};
    std::shared_ptr<const pricing::Catalogue> catalogue = prices();
    Ledger ledger{clock};
    std::unique_ptr<store::CallStore> store = store::make_memory_store();
    std::uint64_t sequence = 0;
};

TEST_F(LedgerTest, ACallIsSetAsideThenSpentThenStored) {
    ledger.define({budget("all", "10")});
    ledger.rest(*store);
    EXPECT_TRUE(state().known);
    Call one = call(2000);
    ASSERT_FALSE(ledger.reserve(one));
    EXPECT_EQ(state().reserved.to_short_string(), "2");
    EXPECT_EQ(state().under_way, 1);
    EXPECT_EQ(spent(), "0");
    cost(one, "0.5");
    ledger.call_ended(one);
    EXPECT_EQ(state().reserved, Decimal{});
    EXPECT_EQ(state().under_way, 0);
    EXPECT_EQ(spent(), "0.5");
    EXPECT_EQ(ledger.stats().pending, 1U);
    feed(one);
    EXPECT_EQ(spent(), "0.5");
    EXPECT_EQ(ledger.stats().pending, 0U);
}

TEST_F(LedgerTest, AiCallsAloneCountAsInTheCostOfTheRecord) {
    ledger.define({budget("all", "10")});
    Call chat = call(), function = call();
    function.kind = Kind::Function;
    cost(chat, "0.5");
    cost(function, "0.25");  // somebody delivered it so: the sum of its parts
    ledger.call_ended(chat);
    ledger.call_ended(function);
    feed(chat);
    feed(function);
    EXPECT_EQ(spent(), "0.5");
    EXPECT_EQ(state().spent.calls, 1);
    ledger.define({});
    ledger.define({budget("all", "10")});
    ledger.rest(*store);  // asks the store
    EXPECT_TRUE(state().known);
    EXPECT_EQ(spent(), "0.5");
    EXPECT_EQ(state().spent.calls, 1);
}

TEST_F(LedgerTest, WhatDoesNotFitIsRefusedAndSaysWhy) {
    Budget limited = budget("shop-day", "3");
    limited.per = Per::Day;
    limited.scope.project = "shop";
    ledger.define({limited});
    Call first = call(2000);
    ASSERT_FALSE(ledger.reserve(first));
    const auto over = ledger.reserve(call(2000));
    ASSERT_TRUE(over);
    EXPECT_EQ(over->status, 402);
    EXPECT_EQ(over->budget, "shop-day");
    EXPECT_FALSE(over->retry_after_s);
    EXPECT_EQ(over->message,
              "the budget shop-day of $3.00 a day does not have room for this call: $0.00 spent, $2.00 set "
              "aside for calls under way, and this one may cost $2.00");
    Call other = call(2000);
    other.project = "elsewhere";
    EXPECT_FALSE(ledger.reserve(other));       // another's money
    EXPECT_FALSE(ledger.reserve(call(1000)));  // exactly what is left
    cost(first, "3.25");
    ledger.call_ended(first);
    const auto used_up = ledger.reserve(call(1));
    ASSERT_TRUE(used_up);
    EXPECT_EQ(used_up->message, "the budget shop-day is used up: $3.25 spent of $3.00 a day");
    EXPECT_EQ(state().refused, 2U);
    clock.advance(12 * kHour);
    EXPECT_FALSE(ledger.reserve(call(3000)));  // a new day
}

TEST_F(LedgerTest, RetryAfterIsTheEndOfThePeriodOrOfCallsUnderWay) {
    Budget patient = budget("day", "3");
    patient.per = Per::Day;
    patient.answer = Refusing::TooManyRequests;
    ledger.define({patient});
    Call first = call(2000);
    ASSERT_FALSE(ledger.reserve(first));
    const auto soon = ledger.reserve(call(2000));
    ASSERT_TRUE(soon);
    EXPECT_EQ(soon->status, 429);
    EXPECT_EQ(soon->retry_after_s, 1);
    cost(first, "2");
    ledger.call_ended(first);
    const auto tomorrow = ledger.reserve(call(2000));
    ASSERT_TRUE(tomorrow);
    EXPECT_EQ(tomorrow->retry_after_s, 12 * 3600);
}

TEST_F(LedgerTest, ASoftBudgetRefusesNothing) {
    ledger.define({budget("soft", "1", false)});
    for (int n = 0; n < 5; ++n) {
        Call one = call(1000);
        ASSERT_FALSE(ledger.reserve(one));
        cost(one, "1");
        ledger.call_ended(one);
    }
    EXPECT_EQ(spent(), "5");
    EXPECT_EQ(state().crossed(), (std::vector<int>{50, 80, 100}));
}

TEST_F(LedgerTest, WhatNobodyKnowsThePriceOfPassesWhileSomethingIsLeft) {
    ledger.define({budget("all", "1")});
    Call unknown = call();
    unknown.model.requested = "never-heard-of";
    ASSERT_FALSE(ledger.reserve(unknown));
    unknown.status = Status::Success;
    unknown.usage.input_tokens = 5;
    ledger.call_ended(unknown);
    EXPECT_EQ(state().spent.unpriced, 1);
    EXPECT_EQ(spent(), "0");
    Call dear = call(1000);
    ASSERT_FALSE(ledger.reserve(dear));
    cost(dear, "1");
    ledger.call_ended(dear);
    unknown.id = Uuid::random(random);
    EXPECT_TRUE(ledger.reserve(unknown));
}

TEST_F(LedgerTest, OtherMoneyIsCountedApart) {
    ledger.define({budget("all", "1")});
    Call euros = call(10);
    ASSERT_FALSE(ledger.reserve(euros));
    cost(euros, "7", "EUR");
    ledger.call_ended(euros);
    EXPECT_EQ(spent(), "0");
    EXPECT_EQ(state().spent.in("EUR"), amount("7"));
    EXPECT_FALSE(ledger.reserve(call(1000)));
}

TEST_F(LedgerTest, TheEndMayBeToldAfterTheStoreHasIt) {
    ledger.define({budget("all", "10")});
    ledger.rest(*store);
    Call one = call();
    cost(one, "1");
    feed(one);
    EXPECT_EQ(spent(), "1");
    ledger.call_ended(one);
    EXPECT_EQ(spent(), "1");
    ledger.call_ended(one);  // delivered once more
    EXPECT_EQ(spent(), "1");
    feed(one, true);
    EXPECT_EQ(spent(), "1");
}

TEST_F(LedgerTest, AnAmendmentReplacesWhatWasSpent) {
    ledger.define({budget("all", "10")});
    ledger.rest(*store);
    Call one = call();
    ASSERT_FALSE(ledger.reserve(one));
    cost(one, "1");
    ledger.call_ended(one);
    cost(one, "3");
    ledger.call_ended(one);  // before the store has it
    EXPECT_EQ(spent(), "3");
    feed(one);
    cost(one, "4");
    feed(one, true);
    EXPECT_EQ(spent(), "4");
    one.project = "elsewhere";  // another call, by its project
    feed(one, true);
    EXPECT_EQ(spent(), "8");
}

TEST_F(LedgerTest, WhatIsDeliveredOfACallUnderWayDoesNotEndIt) {
    ledger.define({budget("all", "10")});
    ledger.rest(*store);
    Call one = call(2000);
    ASSERT_FALSE(ledger.reserve(one));
    Call delivered = one;
    delivered.source = Source::Import;
    delivered.status = Status::Success;
    ledger.call_ended(delivered);
    feed(delivered);
    EXPECT_EQ(state().reserved.to_short_string(), "2");
    cost(one, "1.5");
    ledger.call_ended(one);
    EXPECT_EQ(spent(), "1.5");
    feed(one, true);
    EXPECT_EQ(spent(), "1.5");
    EXPECT_EQ(state().under_way, 0);
    EXPECT_EQ(ledger.stats().pending, 0U);
}

TEST_F(LedgerTest, DeliveriesCountWhenTheStoreHasThem) {
    ledger.define({budget("all", "10")});
    ledger.rest(*store);
    Call one = call();
    one.source = Source::Python;
    one.cost.total = amount("2");  // and nobody says when it ended
    one.cost.currency = "USD";
    ledger.call_ended(one);
    EXPECT_EQ(spent(), "0");
    feed(one, true);
    EXPECT_EQ(spent(), "2");
    ledger.call_ended(one);
    feed(one, true);
    EXPECT_EQ(spent(), "2");
}

TEST_F(LedgerTest, ACallThatComesLateIsHeldToThePresentPeriod) {
    Budget day = budget("day", "3");
    day.per = Per::Day;
    ledger.define({day});
    Call late = call(2000), later = call(2000);  // of today, and sent tomorrow
    clock.advance(24 * kHour);
    ASSERT_FALSE(ledger.reserve(late));
    EXPECT_EQ(state().reserved.to_short_string(), "2");
    EXPECT_TRUE(ledger.reserve(later));
    cost(late, "2");
    ledger.call_ended(late);
    EXPECT_EQ(state().reserved, Decimal{});
    EXPECT_EQ(spent(), "0");  // it counts in the day in which it began
}

TEST_F(LedgerTest, WhatCostsNothingDoesNotPassBeyondTheLimitEither) {
    pricing::Price free;
    free.provider = "openai";
    free.model = "house";
    free.input = free.output = Decimal{};
    free.source = "custom";
    catalogue = pricing::Catalogue::with({free});
    ledger.define({budget("none", "0")});
    EXPECT_TRUE(ledger.reserve(call()));
}

TEST_F(LedgerTest, ANewBudgetKnowsWhatWasSpentBefore) {
    Call before = call();
    cost(before, "1");
    feed(before);
    Call old = call();
    old.started_at = Timestamp::parse("2026-10-31T23:59:59Z");
    cost(old, "100");
    feed(old);
    ledger.define({budget("all", "10")});
    EXPECT_FALSE(state().known);
    ledger.rest(*store);
    EXPECT_TRUE(state().known);
    EXPECT_EQ(spent(), "1");
    // Another limit is the same budget; another scope is not.
    ledger.define({budget("all", "20")});
    EXPECT_TRUE(state().known);
    Budget narrower = budget("all", "20");
    narrower.scope.user = "ann";
    ledger.define({narrower});
    EXPECT_FALSE(state().known);
    ledger.rest(*store);
    EXPECT_EQ(spent(), "0");
}

TEST_F(LedgerTest, WhatRetentionRemovedIsNotCountedAnyMore) {
    ledger.define({budget("all", "10")});
    Call one = call(), two = call();
    cost(one, "1");
    cost(two, "2");
    feed(one);
    feed(two);
    ledger.rest(*store);
    EXPECT_EQ(spent(), "3");
    const store::Position first{{}, 1};
    ASSERT_TRUE(store->forget(std::span(&first, 1)));
    ledger.rest(*store);
    EXPECT_EQ(spent(), "2");
}

TEST_F(LedgerTest, NothingIsFollowedWithoutBudgets) {
    Call one = call();
    EXPECT_TRUE(ledger.idle());
    EXPECT_FALSE(ledger.reserve(one));
    cost(one, "1");
    ledger.call_ended(one);
    EXPECT_EQ(ledger.stats().pending, 0U);
    ledger.define({budget("all", "10")});
    ledger.define({});
    EXPECT_TRUE(ledger.idle());
}

TEST_F(LedgerTest, AReservationOfAPeriodThatIsOverHarmsNoOther) {
    Budget day = budget("day", "3");
    day.per = Per::Day;
    ledger.define({day});
    Call late = call(2000);
    ASSERT_FALSE(ledger.reserve(late));
    clock.advance(24 * kHour);
    EXPECT_EQ(state().reserved, Decimal{});
    cost(late, "2");
    ledger.call_ended(late);  // it began yesterday, and counts there
    EXPECT_EQ(spent(), "0");
    EXPECT_EQ(state().reserved, Decimal{});
    EXPECT_EQ(ledger.stats().reservations, 0U);
}

// However many ask at once: what is let pass fits, and every reservation ends.
TEST_F(LedgerTest, ManyAtOnceOverspendByNoMoreThanReservationsErr) {
    constexpr int kThreads = 16, kCalls = 500;
    ledger.define({budget("all", "1000")});
    std::vector<Call> calls;
    for (int n = 0; n < kThreads * kCalls; ++n) calls.push_back(call(1000));
    std::atomic<int> passed{0};
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back([&, thread] {
            for (int n = 0; n < kCalls; ++n) {
                Call& one = calls[static_cast<std::size_t>(thread * kCalls + n)];
                if (ledger.reserve(one)) continue;
                if (n % 7 == 3) {
                    ledger.release(one.id);
                    continue;
                }
                one.status = Status::Success;
                one.ended_at = one.started_at;
                one.cost.total = amount("0.999");
                one.cost.currency = "USD";
                ledger.call_ended(one);
                ++passed;
            }
        });
    }
    threads.clear();
    EXPECT_EQ(ledger.stats().reservations, 0U);
    EXPECT_EQ(state().reserved, Decimal{});
    EXPECT_EQ(state().under_way, 0);
    EXPECT_EQ(state().total(), amount("0.999").times(passed, 1));
    EXPECT_LE(state().total(), amount("1000"));
    EXPECT_GT(state().total(), amount("998"));
}

/// Any history of calls, amendments, feeding, questions, definitions and clocks.
class History {
  public:
    explicit History(std::vector<std::uint32_t> choices) : choices_(std::move(choices)) {
        ledger_.set_prices([this] { return catalogue_; });
        store_->follow(ledger_);
        define();
    }

    void run() {
        while (at_ < choices_.size()) {
            switch (choose(12)) {
                case 0:
                case 1:
                case 2:
                    begin();
                    break;
                case 3:
                case 4:
                    end();
                    break;
                case 5:
                    tell();
                    break;
                case 6:
                    cancel();
                    break;
                case 7:
                    amend();
                    break;
                case 8:
                    feed(1 + choose(4));
                    break;
                case 9:
                    ledger_.rest(*store_);
                    break;
                case 10:
                    clock_.advance(static_cast<std::int64_t>(choose(30)) * kHour);
                    break;
                default:
                    define();
            }
        }
    }

    /// All is over, told and fed.
    void settle() {
        while (!running_.empty()) {
            ledger_.release(running_.back().id);
            running_.pop_back();
        }
        while (!untold_.empty()) tell();
        feed(journal_.size());
        ledger_.rest(*store_);
    }

    /// The ledger against sums made call by call.
    void check() {
        std::vector<Call> calls;
        store::CallQuery query;
        query.limit = store::kMaxPage;
        for (;;) {
            const auto page = store_->find(query);
            RC_ASSERT(page.has_value());
            for (const store::Row& row : page->rows) calls.push_back(row.call);
            if (!page->next_cursor) break;
            query.cursor = *page->next_cursor;
        }
        const std::vector<State> states = ledger_.states();
        RC_ASSERT(states.size() == budgets_.size());
        for (const State& state : states) {
            Spent naive;
            for (const Call& call : calls) {
                if (reaches_a_model(call.kind) && state.period.holds(call.started_at->unix_nanos) &&
                    state.budget.scope.holds(call))
                    naive.add(share_of(call));
            }
            RC_ASSERT(state.known);
            RC_ASSERT(state.spent == naive);
            RC_ASSERT(state.reserved == Decimal{});
            RC_ASSERT(state.under_way == 0);
        }
        RC_ASSERT(ledger_.stats().pending == 0U);
        RC_ASSERT(ledger_.stats().reservations == 0U);
    }

  private:
    std::uint32_t choose(std::uint32_t of) { return at_ < choices_.size() ? choices_[at_++] % of : 0; }

    void define() {
        static constexpr std::array<const char*, 3> kZones = {"UTC", "Europe/Berlin", "Asia/Kathmandu"};
        budgets_.clear();
        const std::uint32_t number = choose(4);
        for (std::uint32_t n = 0; n < number; ++n) {
            Budget budget;
            budget.name = "b" + std::to_string(n);
            budget.per = static_cast<Per>(choose(3));
            budget.zone = *calendar::Zone::find(kZones[choose(3)]);
            budget.limit = amount("5");
            budget.hard = choose(2) == 1;
            if (choose(2) == 1) budget.scope.project = project();
            if (choose(3) == 1) budget.scope.model = "house";
            if (choose(3) == 1) budget.currency = "EUR";
            if (choose(3) == 1) budget.scope.agent_subtree = "planner";
            budgets_.push_back(budget);
        }
        ledger_.define(budgets_);
    }
    std::string project() { return choose(2) == 1 ? "shop" : "desk"; }

    void begin() {
        Call call;
        call.id = Uuid::random(random_);
        call.kind = choose(4) == 1 ? Kind::Function : Kind::Chat;
        call.project = project();
        call.provider.name = "openai";
        call.model.requested = choose(4) == 1 ? "other" : "house";
        call.started_at = clock_.now();
        call.trace.agent = choose(2) == 1 ? "planner" : "writer";
        if (choose(2) == 1) call.trace.outer_agents = {"director", "planner"};
        call.request.parameters.text = R"({"max_tokens":1000})";
        if (!ledger_.reserve(call)) running_.push_back(std::move(call));
    }
    void set_cost(Call& call) {
        call.cost = {};
        switch (choose(4)) {
            case 0:
                break;
            case 1:
                call.cost.total = amount("0.7");
                call.cost.currency = "EUR";
                break;
            default:
                call.cost.total = amount("0.1").times(1 + choose(20), 1);
                call.cost.currency = "USD";
        }
        call.usage.estimated = choose(2) == 1;
    }
    /// Into the journal; that it is told of comes later.
    void end() {
        if (running_.empty()) return;
        const std::uint32_t which = choose(static_cast<std::uint32_t>(running_.size()));
        Call call = running_[which];
        running_.erase(running_.begin() + which);
        call.status = choose(5) == 1 ? Status::Failure : Status::Success;
        call.ended_at = clock_.now();
        set_cost(call);
        journal_.push_back({call, false});
        untold_.push_back(call);
        over_.push_back(std::move(call));
    }
    void tell() {
        if (untold_.empty()) return;
        ledger_.call_ended(untold_.front());
        untold_.pop_front();
    }
    void cancel() {
        if (running_.empty()) return;
        ledger_.release(running_.front().id);
        running_.erase(running_.begin());
    }
    void amend() {
        if (over_.empty()) return;
        Call& call = over_[choose(static_cast<std::uint32_t>(over_.size()))];
        set_cost(call);
        if (choose(3) == 1) call.trace.outer_agents = {"planner"};
        journal_.push_back({call, true});
        untold_.push_back(call);
    }
    void feed(std::size_t most) {
        std::vector<store::Change> changes;
        while (!journal_.empty() && changes.size() < most) {
            auto& [call, may_exist] = journal_.front();
            changes.emplace_back(
                store::Upsert{{call, {{}, ++sequence_}, std::nullopt}, may_exist, false, true});
            journal_.pop_front();
        }
        RC_ASSERT(store_->apply(changes, {}).has_value());
    }

    std::vector<std::uint32_t> choices_;
    std::size_t at_ = 0;
    ManualClock clock_{Timestamp::parse("2026-11-20T12:00:00Z")->unix_nanos};
    SeededRandom random_{3};
    std::shared_ptr<const pricing::Catalogue> catalogue_ = prices();
    Ledger ledger_{clock_};
    std::unique_ptr<store::CallStore> store_ = store::make_memory_store();
    std::uint64_t sequence_ = 0;
    std::vector<Budget> budgets_;
    std::vector<Call> running_, over_;
    std::deque<std::pair<Call, bool>> journal_;
    std::deque<Call> untold_;
};

RC_GTEST_PROP(LedgerProperties, IsTheSumCallByCallAfterAnyHistory, ()) {
    const auto choices = *rc::gen::scale(
        8, rc::gen::container<std::vector<std::uint32_t>>(rc::gen::inRange<std::uint32_t>(0, 1'000'000)));
    History history(choices);
    history.run();
    history.settle();
    history.check();
}

}  // namespace
}  // namespace steno::budgets
