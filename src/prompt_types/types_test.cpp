#include "prompt_types/types.hpp"

#include "base/random.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace steno::prompt_types {
namespace {

class TypesTest : public testing::Test {
  protected:
    TypesTest()
        : folder_(std::filesystem::temp_directory_path() /
                  ("steno-" + Uuid::random(system_random()).to_string())) {
        std::filesystem::create_directories(folder_);
        reopen();
    }
    ~TypesTest() override {
        types_.reset();
        database_.reset();
        std::filesystem::remove_all(folder_);
    }

    void reopen() {
        types_.reset();
        database_.reset();
        auto database = control::Database::open((folder_ / "control.sqlite").string());
        ASSERT_TRUE(database) << database.error().message;
        database_ = std::move(*database);
        types_ = std::make_unique<Types>(rules_, io::posix_file_system(), folder_.string(), Defaults{});
        const auto opened = types_->open(*database_);
        ASSERT_TRUE(opened) << opened.error().message;
    }

    Result<std::vector<Entry>> set(const std::vector<std::string>& types, const std::string& json,
                                   std::optional<std::int64_t> revision = {}) {
        return types_->change(
            types, [&](Settings& settings) { return from_json(json, settings); }, {"ann", "because"}, now_,
            revision);
    }

    std::optional<bool> decided(const std::string& type) {
        Call call;
        call.id = Uuid::random(system_random());
        call.prompt.type = type;
        rules_.admit(call);
        return call.privacy.full_data;
    }

    std::filesystem::path folder_;
    Rules rules_;
    std::unique_ptr<control::Database> database_;
    std::unique_ptr<Types> types_;
    const Timestamp now_{1'800'000'000'000'000'000};
};

TEST_F(TypesTest, AChangeHoldsForTheNextCallAndAfterAStart) {
    EXPECT_EQ(types_->get("page")->revision, 0);
    const auto set_one = set({"page"}, R"({"track_full_data": false, "description": "reads pages"})");
    ASSERT_TRUE(set_one) << set_one.error().message;
    EXPECT_GT(set_one->front().revision, 0);
    EXPECT_EQ(decided("page"), false);
    EXPECT_EQ(decided("another"), std::nullopt);
    rules_.use(std::make_shared<const Table>(Defaults{}));
    reopen();
    EXPECT_EQ(decided("page"), false);
    const auto entry = types_->get("page");
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->settings.description, "reads pages");
    EXPECT_EQ(entry->changed_by, "ann");
    EXPECT_EQ(entry->changed_at, now_);
    ASSERT_TRUE(set({"page"}, R"({"track_full_data": null})"));
    EXPECT_EQ(decided("page"), std::nullopt);
    EXPECT_EQ(types_->get("page")->settings.description, "reads pages") << "what is not named stays";
}

TEST_F(TypesTest, EveryChangeIsInTheTrailWithBeforeAndAfter) {
    ASSERT_TRUE(set({"page"}, R"({"sample_rate": 0.5})"));
    ASSERT_TRUE(set({"page"}, R"({"sample_rate": 0.5})"));  // changes nothing
    ASSERT_TRUE(set({"page"}, R"({"is_active": false})"));
    ASSERT_TRUE(set({"other"}, R"({"retention": "short"})"));
    ASSERT_TRUE(types_->reset("page", {"bob", ""}, now_));
    const auto changes = types_->changes("page", 10);
    ASSERT_TRUE(changes);
    ASSERT_EQ(changes->size(), 3u);
    EXPECT_EQ(changes->at(0).author.by, "bob");
    EXPECT_EQ(changes->at(0).after, "");
    EXPECT_EQ(changes->at(0).before, changes->at(1).after);
    EXPECT_EQ(changes->at(1).author.reason, "because");
    EXPECT_NE(changes->at(1).after.find(R"("is_active":false)"), std::string::npos) << changes->at(1).after;
    EXPECT_EQ(changes->at(2).before, to_json(Settings{}));
    EXPECT_EQ(types_->changes("", 10)->size(), 4u);
    EXPECT_EQ(types_->changes("", 2)->size(), 2u);
}

TEST_F(TypesTest, OfTwoWhoChangeTheSameAtOnceOneIsTold) {
    const auto seen = set({"page"}, R"({"sample_rate": 0.5})")->front().revision;
    ASSERT_TRUE(set({"page"}, R"({"sample_rate": 0.25})", seen));
    const auto second = set({"page"}, R"({"sample_rate": 0.1})", seen);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Code::FailedPrecondition);
    EXPECT_EQ(types_->get("page")->settings.sample_rate, 0.25);
    EXPECT_FALSE(types_->reset("page", {}, now_, seen));
    // What was taken back and set again has another revision than ever before.
    const auto last = types_->get("page")->revision;
    ASSERT_TRUE(types_->reset("page", {}, now_, last));
    EXPECT_EQ(types_->get("page")->revision, 0);
    EXPECT_GT(set({"page"}, R"({"sample_rate": 0.25})")->front().revision, last);
}

TEST_F(TypesTest, SeveralAtOnceAreAllChangedOrNone) {
    ASSERT_TRUE(set({"a", "b", "c"}, R"({"track_full_data": false})"));
    EXPECT_EQ(types_->all()->size(), 3u);
    EXPECT_FALSE(set({"a", "", "c"}, R"({"is_active": false})"));
    EXPECT_TRUE(types_->get("a")->settings.is_active);
    EXPECT_FALSE(set({"a", "b"}, R"({"sample_rate": 2})"));
    EXPECT_EQ(types_->get("a")->settings.sample_rate, 1);
}

TEST_F(TypesTest, WhatCannotBeIsRefusedWithAWordOnWhatCan) {
    for (const char* bad :
         {R"({"sample_rate": 1.01})", R"({"sample_rate": -0.1})", R"({"sample_rate": "half"})",
          R"({"text_limit": -1})", R"({"text_limit": 1.5})", R"({"is_active": "yes"})",
          R"({"colour": "red"})", R"({"description": 5})", R"({"retention": "a\nb"})", "[]", "", "{"}) {
        const auto refused = set({"page"}, bad);
        ASSERT_FALSE(refused) << bad;
        EXPECT_EQ(refused.error().code, Code::InvalidArgument) << bad;
    }
    EXPECT_EQ(types_->get("page")->revision, 0);
    EXPECT_FALSE(set({std::string(kMaxType + 1, 'x')}, R"({"sample_rate": 0.5})"));
    EXPECT_FALSE(set({"a\tb"}, R"({"sample_rate": 0.5})"));
    EXPECT_TRUE(set({"Überschrift / 見出し"}, R"({"sample_rate": 0.5})"));
}

TEST_F(TypesTest, WithoutADatabaseTheDefaultsHoldAndTheReasonIsTold) {
    Types closed(rules_, io::posix_file_system(), folder_.string(), Defaults{.track_full_data = false});
    closed.stay_closed(Error(Code::DataLoss, "the file is damaged"));
    EXPECT_EQ(decided("page"), false);
    EXPECT_EQ(closed.all().error().message, "the file is damaged");
}

}  // namespace
}  // namespace steno::prompt_types
