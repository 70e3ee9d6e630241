#include "experiments/experiments.hpp"

#include "base/random.hpp"
#include "base/uuid.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

namespace steno::experiments {
namespace {

constexpr Timestamp kNow{1'790'000'000'000'000'000, 0};
Timestamp after(std::int64_t seconds) {
    return {kNow.unix_nanos + seconds * 1'000'000'000, 0};
}

class ExperimentsTest : public testing::Test {
  protected:
    ExperimentsTest()
        : folder_(std::filesystem::temp_directory_path() /
                  ("steno-" + Uuid::random(system_random()).to_string())) {
        std::filesystem::create_directories(folder_);
        open();
        prompts::NewVersion version;
        version.content.text = "Answer {{question}}";
        version.labels = {"production"};
        EXPECT_TRUE(registry_.create("answer", "", {}, version, kNow));
        version.content.text = "Answer {{question}} in one sentence";
        version.labels.clear();
        Condition any;
        EXPECT_TRUE(registry_.add_version("answer", version, kNow, any));
    }
    ~ExperimentsTest() override { std::filesystem::remove_all(folder_); }

    void open() {
        auto database = control::Database::open((folder_ / "control.sqlite").string());
        ASSERT_TRUE(database) << database.error().message;
        database_ = std::move(*database);
        EXPECT_TRUE(registry_.open(*database_));
        EXPECT_TRUE(experiments_.open(*database_));
    }

    static Definition definition(const std::string& name) {
        Definition made;
        made.name = name;
        made.prompt = "answer";
        made.metric = "acceptance_rate";
        made.variants = {{"control", 1, false, {}}, {"short", 1, false, {"2", {}}}};
        return made;
    }
    Experiment create(const std::string& name) {
        auto made = experiments_.create(definition(name), ann_, kNow);
        EXPECT_TRUE(made) << made.error().message;
        return made.value_or(Experiment());
    }
    Result<Experiment> start(const std::string& name) {
        return experiments_.start(name, ann_, after(1), any_);
    }

    const Author ann_{"ann", "because"};
    Condition any_;
    std::filesystem::path folder_;
    std::unique_ptr<control::Database> database_;
    prompts::Registry registry_;
    PublishedTable table_{std::make_shared<const Table>()};
    Experiments experiments_{registry_, table_};
};

TEST_F(ExperimentsTest, RunsWhatIsStartedAndNothingElse) {
    const Experiment draft = create("tone");
    EXPECT_EQ(draft.state, State::Draft);
    EXPECT_TRUE(table_.now()->empty());
    ASSERT_TRUE(start("tone"));
    const auto running = table_.now()->of_prompt("answer", "");
    ASSERT_TRUE(running);
    EXPECT_EQ(running->plan().id, draft.id);
    EXPECT_EQ(running->plan().revision, 2);
    EXPECT_TRUE(running->assign("ann"));
    EXPECT_TRUE(table_.now()->of_prompt("answer", "production"));
    EXPECT_FALSE(table_.now()->of_prompt("answer", "staging"));  // who asks for that gets that
    EXPECT_FALSE(table_.now()->of_prompt("other", ""));
    ASSERT_TRUE(experiments_.pause("tone", ann_, after(2), any_));
    EXPECT_TRUE(table_.now()->empty());
    ASSERT_TRUE(start("tone"));
    const auto concluded = experiments_.conclude("tone", "short", ann_, after(9), any_);
    ASSERT_TRUE(concluded) << concluded.error().message;
    EXPECT_TRUE(table_.now()->empty());
    EXPECT_EQ(concluded->winner, "short");
    EXPECT_EQ(concluded->started_at, after(1));
    EXPECT_EQ(concluded->concluded_at, after(9));
    EXPECT_EQ(start("tone").error().code, Code::FailedPrecondition);
    EXPECT_EQ(experiments_.pause("tone", ann_, kNow, any_).error().code, Code::FailedPrecondition);
}

TEST_F(ExperimentsTest, CallsMayNameWhatWasEverStarted) {
    const Experiment tone = create("tone");
    using Known = Table::Known;
    EXPECT_EQ(table_.now()->knows(tone.id, "short"), Known::NotTheExperiment) << "a draft assigns nobody";
    ASSERT_TRUE(start("tone"));
    EXPECT_EQ(table_.now()->knows(tone.id, "short"), Known::Both);
    EXPECT_EQ(table_.now()->knows(tone.id, ""), Known::Both);
    EXPECT_EQ(table_.now()->knows(tone.id, "long"), Known::NotTheVariant);
    EXPECT_EQ(table_.now()->knows("other", "short"), Known::NotTheExperiment);
    // Programs have its plan for a while.
    ASSERT_TRUE(experiments_.conclude("tone", "", ann_, after(2), any_));
    EXPECT_EQ(table_.now()->knows(tone.id, "short"), Known::Both);
    EXPECT_TRUE(table_.now()->empty());
}

TEST_F(ExperimentsTest, AnotherProcessFindsThem) {
    create("tone");
    ASSERT_TRUE(start("tone"));
    PublishedTable table{std::make_shared<const Table>()};
    prompts::Registry registry;
    Experiments others(registry, table);
    auto database = control::Database::open((folder_ / "control.sqlite").string());
    ASSERT_TRUE(database && registry.open(**database) && others.open(**database));
    ASSERT_TRUE(table.now()->of_prompt("answer", ""));
    EXPECT_EQ(table.now()->of_prompt("answer", "")->assign("ann"),
              table_.now()->of_prompt("answer", "")->assign("ann"));
    ASSERT_TRUE(others.pause("tone", ann_, kNow, any_));
    EXPECT_FALSE(table_.now()->empty());
    ASSERT_TRUE(experiments_.be_in_force());
    EXPECT_TRUE(table_.now()->empty());
}

TEST_F(ExperimentsTest, OneRunsForAPromptAndForAType) {
    create("tone");
    create("length");
    ASSERT_TRUE(start("tone"));
    const auto second = start("length");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Code::AlreadyExists);
    EXPECT_NE(second.error().message.find("\"tone\" runs for the prompt \"answer\""), std::string::npos);
    Definition typed = definition("typed");
    typed.prompt_type = "support";
    typed.prompt.clear();
    typed.variants[1].changes = {"", {.model = "gpt-5-mini"}};
    ASSERT_TRUE(experiments_.create(typed, ann_, kNow));
    ASSERT_TRUE(start("typed"));
    EXPECT_TRUE(table_.now()->of_type("support"));
    ASSERT_TRUE(experiments_.pause("tone", ann_, kNow, any_));
    EXPECT_TRUE(start("length"));
    EXPECT_FALSE(start("tone"));
}

TEST_F(ExperimentsTest, RefusesWhatItCannotServe) {
    create("tone");
    EXPECT_EQ(experiments_.create(definition("tone"), ann_, kNow).error().code, Code::AlreadyExists);
    Definition unknown = definition("unknown");
    unknown.variants[1].changes.version = "9";
    EXPECT_EQ(experiments_.create(unknown, ann_, kNow).error().code, Code::NotFound);
    unknown.prompt = "nowhere";
    EXPECT_EQ(experiments_.create(unknown, ann_, kNow).error().code, Code::NotFound);
    unknown = definition("unknown");
    unknown.label = "staging";  // stands nowhere: what would the control get?
    EXPECT_EQ(experiments_.create(unknown, ann_, kNow).error().code, Code::NotFound);
    EXPECT_EQ(experiments_.get("tome").error().remedy, "the nearest is \"tone\"");
    EXPECT_EQ(experiments_.conclude("tone", "", ann_, kNow, any_).error().code, Code::FailedPrecondition);
    EXPECT_EQ(experiments_.pause("tone", ann_, kNow, any_).error().code, Code::FailedPrecondition);
    ASSERT_TRUE(start("tone"));
    EXPECT_EQ(experiments_.conclude("tone", "long", ann_, kNow, any_).error().code, Code::InvalidArgument);
    EXPECT_EQ(experiments_.stop_variant("tone", "control", ann_, kNow, any_).error().code,
              Code::InvalidArgument);
    EXPECT_EQ(experiments_.remove("tone", any_).error().code, Code::FailedPrecondition);
}

TEST_F(ExperimentsTest, WhatItAsksStaysOnceItWasStarted) {
    create("tone");
    const auto change = [&](std::string_view json) {
        return experiments_.change(
            "tone", [&](Definition& definition) { return change_from_json(json, definition); }, ann_, kNow,
            any_);
    };
    ASSERT_TRUE(change(R"({"metric": "cost_per_call", "unit": "session"})"));
    ASSERT_TRUE(start("tone"));
    EXPECT_EQ(change(R"({"metric": "success_rate"})").error().code, Code::FailedPrecondition);
    EXPECT_EQ(change(R"({"share": 2})").error().code, Code::InvalidArgument);
    ASSERT_TRUE(change(R"({"share": 0.5, "weights": {"short": 3}})"));
    EXPECT_EQ(table_.now()->of_prompt("answer", "")->plan().share, 0.5);
    EXPECT_EQ(experiments_.get("tone")->revision, 4);
    ASSERT_TRUE(change(R"({"share": 0.5})"));  // is so already
    EXPECT_EQ(experiments_.get("tone")->revision, 4);
}

TEST_F(ExperimentsTest, WhatWasStoppedDoesNotWin) {
    create("tone");
    ASSERT_TRUE(start("tone"));
    ASSERT_TRUE(experiments_.stop_variant("tone", "short", {"steno", "too dear"}, after(20), any_));
    const auto refused = experiments_.conclude("tone", "short", ann_, after(30), any_);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::FailedPrecondition);
    EXPECT_NE(refused.error().message.find("\"short\" was stopped"), std::string::npos);
    EXPECT_NE(refused.error().remedy.find("another winner"), std::string::npos);
    EXPECT_EQ(experiments_.get("tone")->state, State::Running);
    EXPECT_EQ(experiments_.conclude("tone", "control", ann_, after(30), any_)->winner, "control");
    EXPECT_EQ(parse_state("concluded"), State::Concluded);
    EXPECT_FALSE(parse_state("weird"));
}

TEST_F(ExperimentsTest, EachAssignmentCanBeMadeAgain) {
    create("tone");
    ASSERT_TRUE(start("tone"));
    const auto weigh = [&](double weight, std::int64_t at) {
        return experiments_.change(
            "tone", [&](Definition& definition) { return set_weights(definition, {{"short", weight}}); },
            {"steno", "bandit"}, after(at), any_);
    };
    ASSERT_TRUE(weigh(9, 10));
    ASSERT_TRUE(experiments_.stop_variant("tone", "short", {"steno", "too dear"}, after(20), any_));
    const auto history = experiments_.history("tone", 100);
    ASSERT_TRUE(history) << history.error().message;
    ASSERT_EQ(history->size(), 4u);
    const Change& stopped = history->front();
    EXPECT_EQ(stopped.action, "stopped");
    EXPECT_EQ(stopped.author.by, "steno");
    EXPECT_EQ(stopped.author.reason, "too dear");
    EXPECT_EQ(stopped.at, after(20));
    EXPECT_TRUE(stopped.plan.variants[1].stopped);
    EXPECT_EQ((*history)[2].action, "started");
    EXPECT_EQ((*history)[2].before, R"({"state":"draft"})");
    EXPECT_EQ((*history)[2].after, R"({"state":"running"})");
    EXPECT_EQ((*history)[3].action, "created");
    EXPECT_EQ((*history)[3].before, "{}");

    const auto then = [&](Experiments::Then when) { return experiments_.change_before("tone", when); };
    EXPECT_EQ(then({.revision = 2, .at = {}})->plan.variants[1].weight, 1);
    EXPECT_EQ(then({.revision = {}, .at = after(15)})->plan.variants[1].weight, 9);
    EXPECT_EQ(then({})->plan, experiments_.get("tone")->plan());
    EXPECT_EQ(then({.revision = 5, .at = {}}).error().code, Code::NotFound);
    EXPECT_EQ(then({.revision = {}, .at = after(-1)}).error().code, Code::NotFound);
    // By its id, too: that is what calls carry.
    EXPECT_EQ(experiments_.get(experiments_.get("tone")->id)->definition.name, "tone");
}

TEST_F(ExperimentsTest, OfTwoChangesAtTheSameTimeOneIsTold) {
    const Experiment read = create("tone");
    Condition condition{.tag = read.tag()};
    ASSERT_TRUE(experiments_.start("tone", ann_, kNow, condition));
    condition = {.tag = read.tag()};
    EXPECT_EQ(experiments_.pause("tone", ann_, kNow, condition).error().code, Code::FailedPrecondition);
    EXPECT_TRUE(condition.failed);
    EXPECT_EQ(experiments_.get("tone")->state, State::Running);
}

TEST_F(ExperimentsTest, ADraftGoesWithItsTrail) {
    create("tone");
    ASSERT_TRUE(experiments_.remove("tone", any_));
    EXPECT_EQ(experiments_.get("tone").error().code, Code::NotFound);
    EXPECT_TRUE(experiments_.all()->empty());
    EXPECT_EQ(create("tone").revision, 1);
}

TEST(ExperimentsClosed, SayWhy) {
    prompts::Registry registry;
    PublishedTable table{std::make_shared<const Table>()};
    Experiments experiments(registry, table);
    experiments.stay_closed({Code::DataLoss, "control.sqlite is damaged"});
    EXPECT_EQ(experiments.all().error().message, "control.sqlite is damaged");
}

}  // namespace
}  // namespace steno::experiments
