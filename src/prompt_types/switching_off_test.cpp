#include "prompt_types/switching_off.hpp"

#include "prompt_types/record_for_test.hpp"
#include "store/memory/memory_store.hpp"

#include <gtest/gtest.h>

namespace steno::prompt_types {
namespace {

constexpr std::int64_t kMinute = 60'000'000'000;

class SwitchingOffTest : public testing::Test {
  protected:
    SwitchingOffTest() { reopen(); }

    void reopen() {
        types_.reset();
        database_ = file_.open();
        types_ = std::make_unique<Types>(rules_, io::posix_file_system(), file_.folder().string(),
                                         Types::Options{});
        ASSERT_TRUE(types_->open(*database_));
        switching_ = std::make_unique<SwitchingOff>(*types_, *store_, [this] { return used_up_; });
    }
    void set(const std::string& type, const std::string& json) { set(std::vector{type}, json); }
    void set(const std::vector<std::string>& types, const std::string& json) {
        const auto changed = types_->change(
            types, [&](Settings& settings) { return from_json(json, settings); }, {"ann", ""}, now_);
        ASSERT_TRUE(changed) << changed.error().message;
    }
    /// `failed` of so many calls of the type, that began so long ago.
    void calls(const std::string& type, int count, int failed, std::int64_t minutes_ago,
               bool refused = false) {
        std::vector<store::Change> changes;
        for (int i = 0; i < count; ++i) {
            Call call;
            call.id = Uuid::random(random_);
            call.kind = Kind::Chat;
            call.status = i < failed ? Status::Failure : Status::Success;
            if (refused && i < failed) call.error.provider_type = "steno_budget";
            call.prompt.type = type;
            call.started_at = Timestamp{now_.unix_nanos - minutes_ago * kMinute};
            store::Upsert upsert;
            upsert.row.call = std::move(call);
            upsert.row.closed_at.sequence = ++sequence_;
            changes.emplace_back(std::move(upsert));
        }
        const store::Watermark mark{{}, sequence_};
        ASSERT_TRUE(store_->apply(changes, std::span(&mark, 1)));
    }
    void look() {
        const auto looked = switching_->look(now_);
        ASSERT_TRUE(looked) << looked.error().message;
    }
    Settings settings(const std::string& type) { return types_->get(type)->settings; }
    void later(std::int64_t minutes) { now_.unix_nanos += minutes * kMinute; }

    ControlFile file_;
    Random& random_ = system_random();
    std::uint64_t sequence_ = 0;
    std::unique_ptr<store::CallStore> store_ = store::make_memory_store();
    std::unique_ptr<control::Database> database_;
    Rules rules_;
    std::unique_ptr<Types> types_;
    std::vector<SwitchingOff::UsedUp> used_up_;
    std::unique_ptr<SwitchingOff> switching_;
    Timestamp now_ = system_clock().now();
};

TEST_F(SwitchingOffTest, ABudgetThatIsUsedUpSwitchesOffOnceAndPeopleSwitchOnAgain) {
    set("dear", R"({"disable_over_budget": true})");
    set("other", R"({"disable_over_budget": true})");
    set("careless", R"({"description": "nobody asked for that"})");
    look();
    EXPECT_TRUE(settings("dear").is_active);
    const SwitchingOff::UsedUp gone{"dear", {"budget a 10 USD 1", "the budget a is used up"}};
    used_up_ = {gone, {"careless", {"budget b 10 USD 1", "the budget b is used up"}}};
    look();
    EXPECT_FALSE(settings("dear").is_active);
    EXPECT_TRUE(settings("other").is_active);
    EXPECT_TRUE(settings("careless").is_active);
    const auto trail = types_->changes("dear", 10);
    ASSERT_TRUE(trail);
    ASSERT_EQ(trail->size(), 2u);
    EXPECT_EQ(trail->front().author.by, "steno");
    EXPECT_EQ(trail->front().author.reason, "the budget a is used up");
    Call call;
    call.prompt.type = "dear";
    rules_.admit(call);
    EXPECT_EQ(call.privacy.listed, false) << "it holds for the next call";

    look();
    EXPECT_EQ(types_->changes("dear", 10)->size(), 2u);
    set("dear", R"({"is_active": true})");
    reopen();  // and across a restart
    look();
    EXPECT_TRUE(settings("dear").is_active) << "somebody wants it in spite of the budget";
    used_up_ = {{"dear", {"budget a 20 USD 1", "the budget a is used up once more"}}};
    look();
    EXPECT_FALSE(settings("dear").is_active) << "of another limit nobody has said that";
}

TEST_F(SwitchingOffTest, TooManyFailuresSwitchOffWhatIsNamed) {
    set("flaky", R"({"disable_failure_rate": 0.5, "disable_least_calls": 10, "disable_window_minutes": 30,
                     "disable_switches": "track_full_data"})");
    later(60);
    calls("flaky", 9, 9, 1);
    look();
    EXPECT_FALSE(settings("flaky").track_full_data) << "too few calls";
    calls("flaky", 9, 0, 1);
    look();
    EXPECT_FALSE(settings("flaky").track_full_data) << "half of them is not more than half";
    calls("flaky", 50, 50, 31);       // before the window
    calls("flaky", 50, 50, 1, true);  // of a budget's doing
    look();
    EXPECT_FALSE(settings("flaky").track_full_data);
    calls("flaky", 1, 1, 0);
    look();
    EXPECT_EQ(settings("flaky").track_full_data, false);
    EXPECT_TRUE(settings("flaky").is_active);
    const auto trail = types_->changes("flaky", 1);
    ASSERT_EQ(trail->size(), 1u);
    EXPECT_TRUE(trail->front().author.reason.starts_with("10 of 19 calls since "))
        << trail->front().author.reason;
    EXPECT_TRUE(trail->front().author.reason.ends_with(" failed (52.63 %), more than 50 %"))
        << trail->front().author.reason;

    later(1);
    set("flaky", R"({"track_full_data": true})");
    look();
    EXPECT_EQ(settings("flaky").track_full_data, true) << "who switches it on begins anew";
    later(1);
    calls("flaky", 10, 10, 0);
    look();
    EXPECT_EQ(settings("flaky").track_full_data, false);
}

TEST_F(SwitchingOffTest, WhoWasFasterIsNotOverruled) {
    set("dear", R"({"disable_over_budget": true})");
    const std::int64_t seen = types_->get("dear")->revision;
    set("dear", R"({"disable_over_budget": false})");
    const auto done = types_->switch_off("dear", seen, {"budget a", "used up"}, now_);
    ASSERT_TRUE(done);
    EXPECT_FALSE(*done);
    EXPECT_TRUE(settings("dear").is_active);
    const auto unknown = types_->switch_off("never", 1, {"budget a", "used up"}, now_);
    ASSERT_TRUE(unknown);
    EXPECT_FALSE(*unknown);
}

TEST_F(SwitchingOffTest, OfManyTypesEachHasItsOwnFailures) {
    std::vector<std::string> types;
    for (int i = 0; i < 1100; ++i) types.push_back("type-" + std::to_string(i));
    set(types, R"({"disable_failure_rate": 0.2})");
    later(1);
    for (int i = 0; i < 1100; i += 100) calls("type-" + std::to_string(i), 20, i % 200 == 0 ? 5 : 4, 0);
    look();
    const auto all = types_->all();
    ASSERT_TRUE(all);
    for (int i = 0; i < 1100; ++i) EXPECT_EQ(all->at(types[i]).settings.is_active, i % 200 != 0) << i;
}

}  // namespace
}  // namespace steno::prompt_types
