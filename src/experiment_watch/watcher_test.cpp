#include "experiment_watch/watcher.hpp"

#include "analysis/experiment_result.hpp"
#include "analysis/experiment_verdict.hpp"
#include "base/random.hpp"
#include "base/uuid.hpp"
#include "experiment_watch/question.hpp"
#include "store/memory/memory_store.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <thread>

namespace steno::experiment_watch {
namespace {

using experiments::Definition;
using experiments::Experiment;
using experiments::Rule;
using experiments::State;

constexpr std::int64_t kMinute = 60'000'000'000;
constexpr Timestamp kNow{1'790'000'000'000'000'000, 0};

class WatcherTest : public testing::Test {
  protected:
    WatcherTest()
        : folder_(std::filesystem::temp_directory_path() /
                  ("steno-" + Uuid::random(system_random()).to_string())) {
        std::filesystem::create_directories(folder_);
        open();
        prompts::NewVersion version;
        version.content.text = "Answer {{question}}";
        version.labels = {"production"};
        EXPECT_TRUE(registry_->create("answer", "", {}, version, kNow));
    }
    ~WatcherTest() override {
        watcher_.reset();
        std::filesystem::remove_all(folder_);
    }

    /// As a start of the program does.
    void open() {
        watcher_.reset();
        database_ = control::Database::open((folder_ / "control.sqlite").string()).value();
        registry_ = std::make_unique<prompts::Registry>();
        experiments_ = std::make_unique<experiments::Experiments>(*registry_, table_);
        EXPECT_TRUE(registry_->open(*database_));
        EXPECT_TRUE(experiments_->open(*database_));
        watcher_ = std::make_unique<Watcher>(
            Watcher::Parts{*experiments_, *store_, clock_, [this] { return ready_; }});
    }

    static Definition definition(Rule rule) {
        Definition made;
        made.name = "shorter";
        made.prompt = "answer";
        made.unit = experiments::UnitKind::User;
        made.metric = "acceptance_rate";
        made.variants = {{"control", 1, false, {}}, {"short", 1, false, {"1", {}}}};
        made.guards = {{"success_rate", experiments::Better::Higher, 0.05, false}};
        made.rule = rule;
        return made;
    }
    Experiment started(const Definition& definition) {
        control::Condition any;
        EXPECT_TRUE(experiments_->create(definition, {"ann", ""}, kNow));
        auto running = experiments_->start(definition.name, {"ann", ""}, kNow, any);
        EXPECT_TRUE(running) << running.error().message;
        return running.value_or(Experiment());
    }
    Experiment now_is() { return experiments_->get("shorter").value(); }
    void pass(std::int64_t minutes) { clock_.advance(minutes * kMinute); }

    /// Calls of so many more users, five each, within the last minutes.
    void calls(const Experiment& experiment, int users, double accepted_a, double accepted_b,
               double fails_b = 0.01) {
        const assignment::Assigner assigner(experiment.plan());
        std::vector<store::Change> changes;
        for (int i = 0; i < users; ++i) {
            const std::string unit = fmt::format("u{}", users_++);
            const auto assigned = *assigner.assign(unit);
            const bool of_b = assigned.variant == 1;
            for (int n = 0; n < 5; ++n) {
                store::Upsert upsert;
                Call& call = upsert.row.call;
                call.id = Uuid::random(ids_);
                call.kind = Kind::Chat;
                call.status = unit_(of_b) < (of_b ? fails_b : 0.01) ? Status::Failure : Status::Success;
                call.started_at = Timestamp{clock_.now().unix_nanos - 1'000'000 * (n + 1), 0};
                call.feedback.verdict =
                    unit_(of_b) < (of_b ? accepted_b : accepted_a) ? "accepted" : "rejected";
                call.prompt.experiment = {
                    experiment.id, of_b ? "short" : "control", unit, assigned.probability, {}, {}, {}};
                upsert.row.closed_at.sequence = ++sequence_;
                changes.emplace_back(std::move(upsert));
            }
        }
        const store::Watermark mark{{}, sequence_};
        EXPECT_TRUE(store_->apply(changes, std::span(&mark, 1)));
    }
    double unit_(bool of_b) { return static_cast<double>(random_[of_b]() >> 11) * 0x1p-53; }

    std::filesystem::path folder_;
    std::unique_ptr<control::Database> database_;
    std::unique_ptr<prompts::Registry> registry_;
    experiments::PublishedTable table_{std::make_shared<const experiments::Table>()};
    std::unique_ptr<experiments::Experiments> experiments_;
    std::unique_ptr<store::CallStore> store_ = store::make_memory_store();
    ManualClock clock_{kNow.unix_nanos};
    Result<void> ready_;
    std::unique_ptr<Watcher> watcher_;
    /// Of each variant, the same: whose users they are follows from the experiment's id, another one each
    /// time, and variants that are equal must not differ by that chance.
    std::array<std::mt19937_64, 2> random_{std::mt19937_64(7), std::mt19937_64(7)};
    SeededRandom ids_{7};
    std::uint64_t sequence_ = 0;
    int users_ = 0;
};

TEST_F(WatcherTest, AGuardStopsAVariantOnceAndSaysWhy) {
    const Experiment running = started(definition(Rule::None));
    pass(60);
    calls(running, 300, 0.5, 0.5, 0.5);
    watcher_->look();
    const Experiment after = now_is();
    EXPECT_EQ(after.state, State::Running);
    EXPECT_TRUE(after.definition.variants[1].stopped);
    const auto trail = experiments_->history("shorter", 10).value();
    EXPECT_EQ(trail.front().action, "stopped");
    EXPECT_EQ(trail.front().author.by, "steno");
    EXPECT_NE(trail.front().author.reason.find("short is worse than control in success_rate by more than 5"),
              std::string::npos)
        << trail.front().author.reason;
    ASSERT_EQ(watcher_->last(running.id)->done.size(), 1u);
    // Everybody gets the control from now on.
    const assignment::Assigner assigner(after.plan());
    for (int i = 0; i < 50; ++i) EXPECT_EQ(assigner.assign(fmt::format("u{}", i))->variant, 0u);
    // Nothing twice, also after a start.
    pass(1);
    watcher_->look();
    open();
    pass(1);
    watcher_->look();
    EXPECT_TRUE(watcher_->last(running.id)->done.empty());
    EXPECT_EQ(now_is().revision, after.revision);
}

TEST_F(WatcherTest, WhatAlwaysFailsIsStoppedAndTheRuleSaysThatItIsWhy) {
    started(definition(Rule::ConcludeWinner));
    pass(60);
    calls(now_is(), 150, 0.5, 0.5, 1);
    ASSERT_TRUE(watcher_->look_at("shorter"));
    ASSERT_TRUE(now_is().definition.variants[1].stopped);
    EXPECT_EQ(now_is().state, State::Running);
    pass(1);
    ASSERT_TRUE(watcher_->look_at("shorter"));
    EXPECT_EQ(now_is().state, State::Concluded);
    EXPECT_EQ(now_is().winner, "control");
    const std::string reason = experiments_->history("shorter", 1)->front().author.reason;
    EXPECT_TRUE(reason.ends_with(" short was stopped; of those left: control.")) << reason;
}

TEST_F(WatcherTest, ARuleConcludesWithTheBetterOne) {
    const Experiment running = started(definition(Rule::ConcludeWinner));
    pass(60);
    calls(running, 40, 0.4, 0.7);
    EXPECT_TRUE(watcher_->look_at("shorter")->done.empty());  // too few to tell
    for (int hour = 0; hour < 20 && now_is().state == State::Running; ++hour) {
        pass(60);
        calls(running, 200, 0.4, 0.7);
        watcher_->look();
    }
    const Experiment after = now_is();
    EXPECT_EQ(after.state, State::Concluded);
    EXPECT_EQ(after.winner, "short");
    EXPECT_NE(experiments_->history("shorter", 1)->front().author.reason.find("short is accepted more often"),
              std::string::npos);
    EXPECT_EQ(watcher_->look_at("shorter").error().code, Code::FailedPrecondition);
    // Its result stands as it was, whatever comes later.
    const auto then =
        analysis::experiment_result(*store_, question_of(*experiments_, after, clock_.now()).value());
    pass(600);
    calls(running, 500, 0.9, 0.1);
    const auto later =
        analysis::experiment_result(*store_, question_of(*experiments_, after, clock_.now()).value());
    EXPECT_EQ(then->sentence, later->sentence);
}

TEST_F(WatcherTest, WithoutADifferenceNothingIsDone) {
    const Experiment running = started(definition(Rule::ConcludeWinner));
    for (int hour = 0; hour < 10; ++hour) {
        pass(60);
        calls(running, 100, 0.5, 0.5);
        watcher_->look();
    }
    EXPECT_EQ(now_is().revision, running.revision);
}

TEST_F(WatcherTest, ABanditMovesUsersToTheBetterOneNowAndThenAndReproducibly) {
    const Experiment running = started(definition(Rule::Bandit));
    pass(30);
    calls(running, 200, 0.4, 0.6);
    watcher_->look();
    EXPECT_EQ(now_is().revision, running.revision);  // before its hour has come
    pass(31);
    watcher_->look();
    const Experiment after = now_is();
    EXPECT_GT(after.definition.variants[1].weight, 0.8);
    EXPECT_GT(after.definition.variants[0].weight, 0.04);
    const auto trail = experiments_->history("shorter", 1).value();
    EXPECT_NE(trail.front().author.reason.find("weights by what was seen: control "), std::string::npos);
    // What was drawn can be drawn again: from the record, and the experiment as it was.
    const auto question = question_of(*experiments_, running, clock_.now()).value();
    const auto weights = analysis::bandit_weights(analysis::experiment_result(*store_, question).value(), {});
    EXPECT_EQ(weights->at(1), after.definition.variants[1].weight);
    pass(10);
    calls(after, 100, 0.4, 0.6);
    watcher_->look();
    EXPECT_EQ(now_is().revision, after.revision);
    // Calls tell with which probability they came, and units are divided as they should be.
    const auto told =
        analysis::experiment_result(*store_, question_of(*experiments_, now_is(), clock_.now()).value());
    EXPECT_TRUE(told->reweighted);
    EXPECT_FALSE(told->ratio.mismatch);
}

TEST_F(WatcherTest, WhatSomebodyChangedMeanwhileIsNotActedOn) {
    const Experiment running = started(definition(Rule::ConcludeWinner));
    pass(60);
    calls(running, 1500, 0.3, 0.8);
    // Paused between what is read and what is done: by whoever brings the store up to date.
    control::Condition any;
    ASSERT_TRUE(experiments_->pause("shorter", {"ann", "wait"}, clock_.now(), any));
    watcher_->look();
    EXPECT_EQ(now_is().state, State::Paused);
    EXPECT_FALSE(watcher_->last(running.id));
    ASSERT_TRUE(experiments_->start("shorter", {"ann", ""}, clock_.now(), any));
    // Without the newest calls one waits.
    ready_ = fail(Code::Unavailable, "not yet");
    watcher_->look();
    EXPECT_EQ(now_is().state, State::Running);
    EXPECT_EQ(watcher_->look_at("shorter").error().code, Code::Unavailable);
    ready_ = {};
    watcher_->look();
    EXPECT_EQ(now_is().winner, "short");
    EXPECT_EQ(watcher_->look_at("nobody").error().code, Code::NotFound);
}

TEST_F(WatcherTest, ItsThreadLooksAndEnds) {
    const Experiment running = started(definition(Rule::None));
    pass(60);
    calls(running, 300, 0.5, 0.5, 0.5);
    watcher_->start();
    while (!watcher_->last(running.id)) std::this_thread::yield();
    watcher_->stop();
    watcher_->stop();
    EXPECT_TRUE(now_is().definition.variants[1].stopped);
}

TEST_F(WatcherTest, AnExperimentWithoutAWayToActIsLeftAlone) {
    Definition quiet = definition(Rule::None);
    quiet.guards.clear();
    const Experiment running = started(quiet);
    watcher_->look();
    EXPECT_FALSE(watcher_->last(running.id));
    const auto draft = [&] {
        Definition another = quiet;
        another.name = "another";
        return experiments_->create(another, {"ann", ""}, kNow).value();
    }();
    EXPECT_EQ(question_of(*experiments_, draft, kNow).error().code, Code::FailedPrecondition);
}

}  // namespace
}  // namespace steno::experiment_watch
