#include "prompt_types/types.hpp"

#include "base/random.hpp"
#include "io/faulty_file_system.hpp"
#include "record/bounded.hpp"

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
        EXPECT_TRUE(files_.make_directories(folder_.string()));
        reopen();
    }
    ~TypesTest() override {
        types_.reset();
        database_.reset();
        std::filesystem::remove_all(folder_);
    }

    void reopen(const Types::Options& options = {}) {
        types_.reset();
        database_.reset();
        auto database = control::Database::open((folder_ / "control.sqlite").string());
        ASSERT_TRUE(database) << database.error().message;
        database_ = std::move(*database);
        types_ = std::make_unique<Types>(rules_, files_, folder_.string(), options);
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

    /// What programs that write to the folder themselves are told.
    Published published() {
        auto read = read_published(files_, folder_.string());
        EXPECT_TRUE(read) << read.error().message;
        return read.value_or(Published{});
    }

    /// In the database, past everything that checks it.
    void damage(const std::string& type, const std::string& settings) {
        ASSERT_TRUE(database_->write([&](control::Statements& statements) {
            return statements.run("UPDATE prompt_types SET settings = ? WHERE type = ?", {settings, type});
        }));
    }

    std::filesystem::path folder_;
    io::FaultyFileSystem files_;  ///< what is published; the database has a real file
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

TEST_F(TypesTest, EverySettingIsReadAsItIsWrittenAndNullIsItsDefault) {
    const std::string all =
        R"({"description":"Pages","track_full_data":false,"is_active":false,"sample_rate":0.5,"text_limit":100,)"
        R"("retention":"short","masking":"strict","log_level":"summary","disable_over_budget":true,)"
        R"("disable_failure_rate":0.25,"disable_window_minutes":5,"disable_least_calls":7,)"
        R"("disable_switches":"track_full_data"})";
    Settings settings;
    ASSERT_TRUE(from_json(all, settings));
    EXPECT_EQ(to_json(settings), all);
    EXPECT_EQ(settings.log_level, LogLevel::Summary);
    EXPECT_EQ(settings.disable_switches, Switch::TrackFullData);
    ASSERT_TRUE(
        from_json(R"({"description":null,"track_full_data":null,"is_active":null,"sample_rate":null,)"
                  R"("text_limit":null,"retention":null,"masking":null,"log_level":null,)"
                  R"("disable_over_budget":null,"disable_failure_rate":null,"disable_window_minutes":null,)"
                  R"("disable_least_calls":null,"disable_switches":null})",
                  settings));
    EXPECT_EQ(settings, Settings{});
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
    for (const char* bad : {R"({"sample_rate": 1.01})",
                            R"({"sample_rate": -0.1})",
                            R"({"sample_rate": "half"})",
                            R"({"text_limit": -1})",
                            R"({"text_limit": 1.5})",
                            R"({"is_active": "yes"})",
                            R"({"masking": "none"})",
                            R"({"masking": 1})",
                            R"({"log_level": "info"})",
                            R"({"disable_over_budget": 1})",
                            R"({"disable_failure_rate": 50})",
                            R"({"disable_window_minutes": 0})",
                            R"({"disable_least_calls": 0})",
                            R"({"disable_switches": "calls"})",
                            R"({"colour": "red"})",
                            R"({"description": 5})",
                            R"({"retention": "a\nb"})",
                            "[]",
                            "",
                            "{"}) {
        const auto refused = set({"page"}, bad);
        ASSERT_FALSE(refused) << bad;
        EXPECT_EQ(refused.error().code, Code::InvalidArgument) << bad;
    }
    EXPECT_EQ(types_->get("page")->revision, 0);
    EXPECT_FALSE(set({std::string(kLongestId + 1, 'x')}, R"({"sample_rate": 0.5})"));
    for (const char* const name : {"a\tb", "a\u200b", "\u3164", "a\ufe0f", "page\u00a0", "\u3000page", ""})
        EXPECT_EQ(set({"page", name}, R"({"sample_rate": 0.5})").error().code, Code::InvalidArgument) << name;
    EXPECT_EQ(types_->get("page")->revision, 0);
    EXPECT_EQ(types_->reset("a\u200b", {}, now_).error().message,
              "the name of a prompt type has U+200B, which nobody sees");
    EXPECT_TRUE(set({"Überschrift / 見出し"}, R"({"sample_rate": 0.5})"));
}

TEST_F(TypesTest, WithoutADatabaseTheDefaultsHoldAndTheReasonIsTold) {
    Types closed(rules_, files_, folder_.string(), {.defaults = {.track_full_data = false}});
    closed.stay_closed(Error(Code::DataLoss, "the file is damaged"));
    EXPECT_EQ(decided("page"), false);
    EXPECT_EQ(closed.all().error().message, "the file is damaged");
    EXPECT_EQ(closed.be_in_force().error().message, "the file is damaged");
}

TEST_F(TypesTest, WithoutADatabaseWhatWasPublishedLastHoldsUntilThereIsOne) {
    ASSERT_TRUE(set({"page"}, R"({"track_full_data": false, "text_limit": 20})"));
    Types closed(rules_, files_, folder_.string(), {});
    EXPECT_EQ(decided("page"), std::nullopt);
    closed.stay_closed(Error(Code::DataLoss, "the file is damaged"));
    EXPECT_EQ(decided("page"), false);
    EXPECT_EQ(decided("another"), std::nullopt);
    ASSERT_TRUE(set({"page"}, R"({"track_full_data": null})"));
    ASSERT_TRUE(closed.open(*database_));
    EXPECT_EQ(decided("page"), std::nullopt);
    EXPECT_TRUE(closed.be_in_force());
}

TEST_F(TypesTest, ADatabaseThatWasLostTakesBackWhatWasPublished) {
    ASSERT_TRUE(set({"page"}, R"({"track_full_data": false, "retention": "short"})"));
    ASSERT_TRUE(set({"gone"}, R"({"is_active": false})"));
    ASSERT_TRUE(types_->reset("gone", {"ann", ""}, now_));
    types_.reset();
    database_.reset();
    for (const char* name : {"control.sqlite", "control.sqlite-wal", "control.sqlite-shm"})
        std::filesystem::remove(folder_ / name);
    reopen();
    EXPECT_EQ(decided("page"), false);
    const auto all = types_->all();
    ASSERT_TRUE(all);
    ASSERT_EQ(all->size(), 1u);
    EXPECT_EQ(all->begin()->second.settings.retention, "short");
    const auto trail = types_->changes("", 10);
    ASSERT_TRUE(trail);
    ASSERT_EQ(trail->size(), 1u);
    EXPECT_EQ(trail->front().author.by, "steno");
    EXPECT_EQ(published().types.size(), 1u);
    // One that heard of settings has none because somebody took them away.
    ASSERT_TRUE(types_->reset("page", {"ann", ""}, now_));
    reopen();
    EXPECT_EQ(decided("page"), std::nullopt);
}

TEST_F(TypesTest, ADatabaseThatCannotBeReadYetIsReadWhenItCan) {
    ASSERT_TRUE(set({"page"}, R"({"track_full_data": false})"));
    ASSERT_TRUE(database_->write([](control::Statements& statements) {
        return statements.run("ALTER TABLE prompt_types RENAME TO elsewhere");
    }));
    Types types(rules_, files_, folder_.string(), {});
    EXPECT_FALSE(types.open(*database_));
    EXPECT_EQ(decided("page"), false) << "what was published last holds";
    EXPECT_FALSE(types.be_in_force());
    ASSERT_TRUE(database_->write([](control::Statements& statements) -> Result<void> {
        STENO_TRY(statements.run("ALTER TABLE elsewhere RENAME TO prompt_types"));
        return statements.run("UPDATE prompt_types SET settings = '{\"sample_rate\":0}'");
    }));
    EXPECT_TRUE(types.be_in_force()) << "without anybody asking for anything";
    Call call;
    call.prompt.type = "page";
    rules_.admit(call);
    EXPECT_EQ(call.privacy.withheld_by, "sample_rate");
}

TEST_F(TypesTest, InThePlaceOfADamagedRowIsWhatWasPublishedLast) {
    ASSERT_TRUE(set({"page", "image"}, R"({"track_full_data": false, "description": "as before"})"));
    damage("page", R"({"description":"as before","track_full_da)");
    reopen();
    EXPECT_EQ(decided("page"), false);
    EXPECT_EQ(decided("image"), false);
    EXPECT_TRUE(types_->get("page")->is_damaged);
    EXPECT_EQ(types_->get("page")->settings.description, "as before") << "what can be read of it";
    const auto in_force = types_->be_in_force();
    ASSERT_FALSE(in_force);
    EXPECT_NE(in_force.error().message.find("page"), std::string::npos) << in_force.error().message;
    EXPECT_EQ(published().types.at("page").track_full_data, false) << "others are told the same";
    // It is whole again with the next change of it, and the trail has what held before.
    ASSERT_TRUE(set({"page"}, R"({"track_full_data": false})"));
    EXPECT_TRUE(types_->be_in_force());
    damage("page", "no settings at all");
    ASSERT_TRUE(types_->reset("page", {}, now_));
    EXPECT_NE(types_->changes("page", 1)->front().before.find(R"("track_full_data":false)"),
              std::string::npos);
    EXPECT_EQ(decided("page"), std::nullopt);
}

TEST_F(TypesTest, WhatANewerStenoHasSetIsPassedOver) {
    ASSERT_TRUE(set({"page"}, R"({"track_full_data": false})"));
    damage("page", R"({"track_full_data":false,"colour":{"level":[3]},"is_active":true})");
    reopen();
    EXPECT_EQ(decided("page"), false);
    EXPECT_TRUE(types_->be_in_force());
    EXPECT_FALSE(set({"page"}, R"({"colour": 3})")) << "who sets it is told";
}

TEST_F(TypesTest, WhoUsesTheFolderForAMomentDoesNotChangeTheDefaultsOfOthers) {
    reopen({.defaults = {.track_full_data = false}});
    ASSERT_TRUE(set({"page"}, R"({"sample_rate": 0.5})"));
    EXPECT_FALSE(published().defaults.track_full_data);
    reopen({.defaults = {.track_full_data = true}, .announces = false});
    EXPECT_FALSE(published().defaults.track_full_data);
    ASSERT_TRUE(set({"image"}, R"({"sample_rate": 0.1})"));
    EXPECT_FALSE(published().defaults.track_full_data);
    EXPECT_EQ(published().types.at("image").sample_rate, 0.1);
    EXPECT_FALSE(types_->defaults().track_full_data) << "what was announced holds here, too";
    EXPECT_EQ(decided("another"), false);
    reopen({.defaults = {.track_full_data = true}});
    EXPECT_TRUE(published().defaults.track_full_data);
    reopen({.defaults = {.track_full_data = false}, .announces = false});
    EXPECT_TRUE(published().defaults.track_full_data);
    EXPECT_EQ(decided("another"), false) << "its own word, where it keeps less";
}

TEST_F(TypesTest, WhoeverWasNeverToldAnythingKeepsToWhatIsShipped) {
    reopen({.defaults = {.track_full_data = false}, .announces = false});
    ASSERT_TRUE(set({"page"}, R"({"sample_rate": 0.5})"));
    EXPECT_TRUE(published().defaults.track_full_data);
}

TEST_F(TypesTest, WhatOthersCannotBeToldYetHoldsHereAndTheyAreToldLater) {
    files_.set_free_bytes(0);
    const auto changed = set({"page"}, R"({"track_full_data": false})");
    ASSERT_TRUE(changed) << "it is on disk: " << changed.error().message;
    EXPECT_EQ(decided("page"), false);
    const auto in_force = types_->be_in_force();
    ASSERT_FALSE(in_force);
    EXPECT_NE(in_force.error().message.find("not yet for programs"), std::string::npos);
    reopen();
    EXPECT_EQ(types_->all()->size(), 1u) << "and can be read";
    EXPECT_EQ(decided("page"), false);
    EXPECT_EQ(read_published(files_, folder_.string()).error().code, Code::NotFound);
    files_.set_free_bytes(std::nullopt);
    EXPECT_TRUE(types_->be_in_force());
    EXPECT_EQ(published().types.at("page").track_full_data, false);
}

TEST_F(TypesTest, WhatNoCallIsAskedAboutIsNotPublished) {
    ASSERT_TRUE(set({"page"}, R"({"track_full_data": false, "description": "reads pages"})"));
    EXPECT_EQ(published().types.at("page").description, "");
    files_.set_free_bytes(0);
    ASSERT_TRUE(set({"page", "other"}, R"({"description": "another word"})"));
    EXPECT_TRUE(types_->be_in_force()) << "there was nothing to write";
    EXPECT_FALSE(published().types.contains("other"));
}

TEST_F(TypesTest, NamesThatCannotBeSetCanBeAskedFor) {
    const auto entry = types_->get("a\tb");
    ASSERT_TRUE(entry) << "calls may carry it";
    EXPECT_EQ(entry->revision, 0);
    EXPECT_FALSE(set({"a\tb"}, R"({"is_active": false})"));
}

TEST_F(TypesTest, ARetentionClassWithoutARuleIsWarnedOf) {
    reopen({.retention_classes = {"short", "legal"}});
    Settings settings;
    EXPECT_EQ(types_->warning(settings), "");
    settings.retention = "short";
    EXPECT_EQ(types_->warning(settings), "");
    settings.retention = "shrt";
    EXPECT_NE(types_->warning(settings).find("legal, short"), std::string::npos) << types_->warning(settings);
}

}  // namespace
}  // namespace steno::prompt_types
