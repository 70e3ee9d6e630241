// What the providers said of their limits, followed call by call.

#include "server/limits.hpp"

#include "store/memory/memory_store.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace steno::server {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kStart = 1'700'000'000 * kSecond;

/// A call that began and was answered `seconds` after the start.
Call call_at(std::int64_t seconds, std::string model = "m", std::string key = "sk:1") {
    Call call;
    call.id = Uuid::random(system_random());
    call.status = Status::Success;
    call.started_at = Timestamp{kStart + seconds * kSecond, 0};
    call.ended_at = call.started_at;
    call.time.duration = Duration{0};
    call.provider.name = "openai";
    call.provider.endpoint.host = "api.openai.com";
    call.model.requested = std::move(model);
    call.who.api_key_id = std::move(key);
    return call;
}

Call told(Call call, std::int64_t limit, std::int64_t remaining, std::int64_t reset_ms) {
    call.provider.rate_limit.requests = {limit, remaining, reset_ms, {}};
    return call;
}

Call refused(Call call, ErrorType type, std::optional<std::int64_t> wait_ms) {
    call.status = Status::Failure;
    call.error.type = type;
    call.error.retry_after_ms = wait_ms;
    return call;
}

struct LimitsTest : ::testing::Test {
    ManualClock clock{kStart};
    Limits limits{clock};

    void at(std::int64_t seconds) { clock.advance(kStart + seconds * kSecond - clock.now().unix_nanos); }
    LimitState only() {
        const auto states = limits.all();
        EXPECT_EQ(states.size(), 1U);
        return states.front();
    }
    bool exhausted() { return only().exhausted(limits.now()); }
};

TEST_F(LimitsTest, NothingLeftUntilTheReset) {
    limits.note(told(call_at(0), 3, 1, 60'000));
    EXPECT_FALSE(exhausted());
    limits.note(told(call_at(1), 3, 0, 60'000));
    at(2);
    EXPECT_TRUE(exhausted());
    EXPECT_EQ(only().exhausted_until(limits.now()), kStart + 61 * kSecond);
    at(60);
    EXPECT_TRUE(exhausted());
    at(61);
    EXPECT_FALSE(exhausted());
    EXPECT_EQ(only().windows.at("requests").remaining, 0) << "what was told stays what was told";
}

TEST_F(LimitsTest, AWindowWithoutAResetLastsAsLongAsItsNameSays) {
    Call call = call_at(0);
    call.provider.rate_limit.windows["tokens_minute"] = {1000, 0, {}, {}};
    limits.note(call);
    at(59);
    EXPECT_TRUE(exhausted());
    at(60);
    EXPECT_FALSE(exhausted());
    EXPECT_EQ(only().least_left(limits.now()), 1) << "what is left of a new minute nobody has said";
    EXPECT_EQ(full_again_at("tokens_minute", only().windows.at("tokens_minute")), kStart + 60 * kSecond);
    EXPECT_EQ(full_again_at("tokens", only().windows.at("tokens_minute")), std::nullopt);
    call.provider.rate_limit.windows = {{"input_tokens", {1000, 0, {}, {}}}};
    call.started_at = Timestamp{kStart + 60 * kSecond, 0};
    limits.note(call);
    at(100'000);
    EXPECT_TRUE(exhausted());
    EXPECT_EQ(only().exhausted_until(limits.now()), std::nullopt) << "nobody said until when";
}

TEST_F(LimitsTest, ARefusalHoldsForItsWaitOrUntilACallGetsThrough) {
    limits.note(refused(call_at(0), ErrorType::RateLimit, 30'000));
    at(29);
    EXPECT_TRUE(exhausted());
    at(30);
    EXPECT_FALSE(exhausted());
    limits.note(refused(call_at(40), ErrorType::RateLimit, 30'000));
    at(41);
    EXPECT_TRUE(exhausted());
    limits.note(call_at(39));  // began before it: says nothing
    EXPECT_TRUE(exhausted());
    limits.note(call_at(41));
    EXPECT_FALSE(exhausted());
}

TEST_F(LimitsTest, AQuotaIsUsedUpUntilACallGetsThrough) {
    limits.note(refused(call_at(0), ErrorType::Quota, {}));
    at(1'000'000);
    EXPECT_TRUE(exhausted());
    limits.note(refused(call_at(5), ErrorType::Server, {}));
    EXPECT_TRUE(exhausted());
    limits.note(call_at(6));
    EXPECT_FALSE(exhausted());
}

TEST_F(LimitsTest, KeysModelsAndHostsCountApart) {
    limits.note(told(call_at(0, "a", "sk:1"), 3, 0, 60'000));
    limits.note(told(call_at(0, "b", "sk:1"), 3, 3, 60'000));
    limits.note(told(call_at(0, "a", "sk:2"), 3, 2, 60'000));
    Call elsewhere = told(call_at(0, "a", "sk:1"), 3, 1, 60'000);
    elsewhere.provider.endpoint.host = "eu.api.openai.com";
    limits.note(elsewhere);
    const auto states = limits.all();
    ASSERT_EQ(states.size(), 4U);
    std::vector<std::int64_t> left;
    for (const LimitState& state : states) left.push_back(*state.windows.at("requests").remaining);
    EXPECT_EQ(left, (std::vector<std::int64_t>{0, 1, 2, 3})) << "the most pressing first";
}

TEST_F(LimitsTest, WhoTellsNothingIsNotKept) {
    limits.note(call_at(0));
    limits.note(refused(call_at(0), ErrorType::Server, {}));
    EXPECT_TRUE(limits.all().empty());
}

TEST_F(LimitsTest, TheOrderInWhichCallsAreNotedDoesNotMatter) {
    std::vector<Call> calls{told(call_at(0), 9, 8, 60'000), told(call_at(1), 9, 7, 60'000),
                            refused(told(call_at(2), 9, 0, 60'000), ErrorType::RateLimit, 58'000),
                            told(call_at(70), 9, 8, 60'000)};
    std::mt19937 dice(7);  // NOLINT: the same each time
    for (int round = 0; round < 24; ++round) {
        std::ranges::shuffle(calls, dice);
        Limits shuffled(clock);
        for (const Call& call : calls) shuffled.note(call);
        at(71);
        ASSERT_EQ(shuffled.all().size(), 1U);
        const LimitState state = shuffled.all().front();
        EXPECT_EQ(state.windows.at("requests").remaining, 8);
        EXPECT_FALSE(state.exhausted(shuffled.now()));
        EXPECT_EQ(state.refusal->at, kStart + 2 * kSecond);
        EXPECT_EQ(state.last_seen, kStart + 70 * kSecond);
    }
}

TEST_F(LimitsTest, TheLeastRecentlySeenMakesRoom) {
    for (std::size_t i = 0; i < Limits::kMaxStates; ++i)
        limits.note(told(call_at(static_cast<std::int64_t>(i), "m" + std::to_string(i)), 9, 1, 1));
    limits.note(told(call_at(20'000, "m0"), 9, 1, 1));  // seen again
    limits.note(told(call_at(20'001, "new"), 9, 1, 1));
    const auto states = limits.all();
    EXPECT_EQ(states.size(), Limits::kMaxStates);
    EXPECT_EQ(limits.forgotten(), 1U);
    EXPECT_EQ(std::ranges::count(states, "m0", &LimitState::model), 1);
    EXPECT_EQ(std::ranges::count(states, "m1", &LimitState::model), 0);
    EXPECT_EQ(limits.latest(2).front().model, "new");
    EXPECT_EQ(limits.latest(2).size(), 2U);
}

TEST_F(LimitsTest, TheStoreRemembersOnce) {
    const auto store = store::make_memory_store();
    std::vector<store::Change> changes;
    std::uint64_t sequence = 0;
    for (Call call :
         {told(call_at(0), 9, 8, 60'000), refused(call_at(1), ErrorType::Quota, {}), call_at(2)}) {
        store::Row row;
        row.call = std::move(call);
        row.closed_at = {Uuid::random(system_random()), ++sequence};
        changes.emplace_back(store::Upsert{std::move(row), false});
    }
    ASSERT_TRUE(store->apply(changes, {}));
    ASSERT_TRUE(limits.remember(*store));
    EXPECT_EQ(only().windows.at("requests").remaining, 8);
    EXPECT_FALSE(exhausted());
    limits.note(told(call_at(3), 9, 5, 60'000));
    ASSERT_TRUE(limits.remember(*store));
    EXPECT_EQ(only().windows.at("requests").remaining, 5);
}

}  // namespace
}  // namespace steno::server
