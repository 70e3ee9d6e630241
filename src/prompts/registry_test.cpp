#include "prompts/registry.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace steno::prompts {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

class PromptRegistryTest : public testing::Test {
  protected:
    void SetUp() override {
        folder_ = std::filesystem::temp_directory_path() / ("prompts_test." + std::to_string(::getpid()));
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
        open();
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    void open() {
        registry_.reset();
        database_.reset();
        auto database = control::Database::open((folder_ / "control.sqlite").string());
        ASSERT_TRUE(database) << database.error().message;
        database_ = std::move(*database);
        registry_.emplace();
        const auto opened = registry_->open(*database_);
        ASSERT_TRUE(opened) << opened.error().message;
    }
    static NewVersion version(const std::string& text, const std::string& number = "") {
        NewVersion version;
        version.content.text = text;
        if (!number.empty()) version.number = *VersionNumber::parse(number);
        return version;
    }
    Result<Added> create(const std::string& name, const NewVersion& first) {
        return registry_->create(name, "", {}, first, {1, 0});
    }
    Result<Added> add(const std::string& name, const NewVersion& next) {
        Condition any;
        return registry_->add_version(name, next, {2, 0}, any);
    }
    Result<Prompt> move(const std::string& name, const std::string& label, std::optional<std::string> to,
                        bool force = false) {
        Condition any;
        MoveLabel wanted;
        wanted.label = label;
        wanted.version = std::move(to);
        wanted.force = force;
        wanted.by = "ann";
        wanted.reason = "because";
        return registry_->move_label(name, wanted, {3, 0}, any);
    }
    std::string text_at(const std::string& name, const std::string& which = "") {
        const auto found = registry_->find(name, which);
        return found ? found->content.text : "error: " + found.error().message;
    }
    template <class T>
    static std::string problem(const Result<T>& result, Code code) {
        EXPECT_FALSE(result);
        if (result) return "";
        EXPECT_EQ(result.error().code, code) << result.error().message;
        return result.error().message;
    }

    std::filesystem::path folder_;
    std::unique_ptr<control::Database> database_;
    std::optional<Registry> registry_;
};

TEST_F(PromptRegistryTest, KeepsAllThatItIsTold) {
    NewVersion first = version("Answer {{question}}", "1.2");
    first.content.model = "gpt-4o-mini";
    first.content.goal = "Answers";
    first.author = "ann";
    first.notes = "the first";
    first.labels = {"production", "staging"};
    ASSERT_TRUE(registry_->create("support/antwort 🙂", "for customers", {"a", "b"}, first, {5, 0}));
    open();
    const auto prompt = registry_->get("support/antwort 🙂");
    ASSERT_TRUE(prompt) << prompt.error().message;
    EXPECT_EQ(prompt->description, "for customers");
    EXPECT_THAT(prompt->tags, ElementsAre("a", "b"));
    EXPECT_EQ(prompt->created_at, (Timestamp{5, 0}));
    ASSERT_EQ(prompt->versions.size(), 1);
    EXPECT_EQ(prompt->versions[0].model, "gpt-4o-mini");
    EXPECT_EQ(prompt->versions[0].author, "ann");
    EXPECT_EQ(prompt->versions[0].notes, "the first");
    EXPECT_EQ(prompt->versions[0].sha256, sha256_of(first.content));
    const auto found = registry_->find("support/antwort 🙂", "production");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->content, first.content);
    EXPECT_THAT(found->labels, UnorderedElementsAre("production", "staging", "latest"));
    EXPECT_EQ(registry_->all()->size(), 1);
}

TEST_F(PromptRegistryTest, NumbersVersionsAndPutsThemInOrder) {
    ASSERT_TRUE(create("p", version("a")));
    EXPECT_EQ(add("p", version("b"))->version.facts.number.text(), "2");
    ASSERT_TRUE(add("p", version("c", "2.9")));
    EXPECT_EQ(add("p", version("d"))->version.facts.number.text(), "2.10");
    EXPECT_EQ(text_at("p", "latest"), "d");
    EXPECT_THAT(problem(add("p", version("e", "2.9.5")), Code::AlreadyExists),
                HasSubstr("higher version 2.10"));
    NewVersion lower = version("e", "2.9.5");
    lower.allow_lower = true;
    ASSERT_TRUE(add("p", lower));
    EXPECT_EQ(text_at("p"), "d");  // still the highest
    std::string order;
    for (const VersionFacts& facts : registry_->get("p")->versions) order += facts.number.text() + " ";
    EXPECT_EQ(order, "2.10 2.9.5 2.9 2 1 ");
    EXPECT_THAT(problem(add("p", version("x", "2.10.0")), Code::AlreadyExists),
                HasSubstr("a version 2.10 already, which says something else"));
    EXPECT_THAT(problem(add("p", version("x", "v2.10")), Code::AlreadyExists), HasSubstr("version 2.10"));
    EXPECT_EQ(text_at("p", "2.9.0"), "c");
    EXPECT_THAT(text_at("p", "7"), HasSubstr("has no version 7"));
}

TEST_F(PromptRegistryTest, MakesNoVersionThatSaysTheSame) {
    ASSERT_TRUE(create("p", version("a", "1.0")));
    const std::string tag = registry_->get("p")->tag();
    auto again = add("p", version("a"));
    ASSERT_TRUE(again);
    EXPECT_FALSE(again->created);
    EXPECT_EQ(again->version.facts.number.text(), "1.0");
    EXPECT_FALSE(add("p", version("a", "1"))->created);  // the same number, too
    EXPECT_EQ(registry_->get("p")->tag(), tag);
    // Back to what an older one says, or under a number of its own: that is meant.
    ASSERT_TRUE(add("p", version("b")));
    EXPECT_TRUE(add("p", version("a"))->created);
    EXPECT_TRUE(add("p", version("a", "5"))->created);
    EXPECT_EQ(registry_->get("p")->versions.size(), 4);
}

TEST_F(PromptRegistryTest, MovesLabelsAndRollsBack) {
    ASSERT_TRUE(create("p", version("a")));
    EXPECT_EQ(text_at("p"), "a");
    ASSERT_TRUE(add("p", version("b")));
    EXPECT_EQ(text_at("p"), "b");  // the latest, as nothing is in production
    ASSERT_TRUE(move("p", "production", "1"));
    EXPECT_EQ(text_at("p"), "a");
    ASSERT_TRUE(move("p", "production", "latest"));
    EXPECT_EQ(text_at("p"), "b");
    ASSERT_TRUE(move("p", "production", "2"));  // where it stands: no move
    Condition any;
    MoveLabel back;
    back.label = "production";
    back.by = "ben";
    ASSERT_TRUE(registry_->roll_back("p", back, {9, 0}, any));
    EXPECT_EQ(text_at("p"), "a");
    const auto history = registry_->history("p", "production");
    ASSERT_TRUE(history);
    std::string moves;
    for (const Move& one : *history)
        moves += one.by + " " + one.from.value_or("-") + ">" + one.to.value_or("-") +
                 (one.is_rollback ? " back; " : "; ");
    EXPECT_EQ(moves, "ben 2>1 back; ann 1>2; ann ->1; ");
    EXPECT_EQ(history->at(1).reason, "because");

    ASSERT_TRUE(move("p", "mine", "1"));
    back.label = "mine";
    EXPECT_THAT(problem(registry_->roll_back("p", back, {9, 0}, any), Code::FailedPrecondition),
                HasSubstr("stood nowhere before"));
    ASSERT_TRUE(registry_->remove_label("p", back, {9, 0}, any));
    EXPECT_THAT(text_at("p", "mine"), HasSubstr("has no label \"mine\""));
    EXPECT_THAT(problem(registry_->remove_label("p", back, {9, 0}, any), Code::NotFound), HasSubstr("mine"));
    ASSERT_TRUE(registry_->roll_back("p", back, {9, 0}, any));
    EXPECT_EQ(text_at("p", "mine"), "a");
    EXPECT_THAT(problem(move("p", "production", "9"), Code::NotFound), HasSubstr("has no version 9"));
    EXPECT_THAT(problem(move("p", "production", "nowhere"), Code::NotFound),
                HasSubstr("has no label \"nowhere\""));
}

TEST_F(PromptRegistryTest, ProtectedLabelsMoveOnlyByForce) {
    ASSERT_TRUE(create("p", version("a")));
    ASSERT_TRUE(add("p", version("b")));
    ASSERT_TRUE(move("p", "production", "1"));
    Condition any;
    MoveLabel protect;
    protect.label = "production";
    protect.is_protected = true;
    ASSERT_TRUE(registry_->move_label("p", protect, {4, 0}, any));
    EXPECT_THAT(problem(move("p", "production", "2"), Code::FailedPrecondition), HasSubstr("is protected"));
    EXPECT_TRUE(move("p", "production", "1"));  // it does not move
    NewVersion labelled = version("c");
    labelled.labels = {"production"};
    EXPECT_THAT(problem(add("p", labelled), Code::FailedPrecondition), HasSubstr("is protected"));
    EXPECT_EQ(registry_->get("p")->versions.size(), 2);  // nothing half done
    protect.is_protected.reset();
    EXPECT_THAT(problem(registry_->roll_back("p", protect, {4, 0}, any), Code::FailedPrecondition),
                HasSubstr("nowhere"));
    EXPECT_THAT(problem(registry_->remove_label("p", protect, {4, 0}, any), Code::FailedPrecondition),
                HasSubstr("is protected"));
    ASSERT_TRUE(move("p", "production", "2", true));
    EXPECT_TRUE(registry_->get("p")->labels.at(0).is_protected);
    EXPECT_EQ(text_at("p"), "b");
}

TEST_F(PromptRegistryTest, ArchivesAndRemoves) {
    ASSERT_TRUE(create("p", version("a")));
    ASSERT_TRUE(move("p", "production", "1"));
    Condition any;
    Facts facts;
    facts.archived = true;
    ASSERT_TRUE(registry_->change("p", facts, {7, 0}, any));
    EXPECT_EQ(registry_->get("p")->archived_at, (Timestamp{7, 0}));
    EXPECT_EQ(text_at("p", "1"), "a");
    EXPECT_THAT(text_at("p"), HasSubstr("is archived"));
    EXPECT_THAT(text_at("p", "production"), HasSubstr("is archived"));
    EXPECT_THAT(problem(add("p", version("b")), Code::FailedPrecondition), HasSubstr("is archived"));
    EXPECT_THAT(problem(create("p", version("b")), Code::AlreadyExists), HasSubstr("which is archived"));
    EXPECT_THAT(problem(registry_->remove("p", false, any), Code::FailedPrecondition),
                HasSubstr("production"));
    facts.archived = false;
    ASSERT_TRUE(registry_->change("p", facts, {8, 0}, any));
    EXPECT_EQ(text_at("p"), "a");
    ASSERT_TRUE(registry_->remove("p", true, any));
    EXPECT_THAT(text_at("p", "1"), HasSubstr("there is no prompt named \"p\""));
    // Of the former one nothing is left in a new one of the name.
    ASSERT_TRUE(create("p", version("new")));
    EXPECT_TRUE(registry_->history("p", "production")->empty());
    EXPECT_EQ(text_at("p"), "new");
}

TEST_F(PromptRegistryTest, TellsTheOneWhoComesSecond) {
    ASSERT_TRUE(create("p", version("a")));
    const std::string read = registry_->get("p")->tag();
    Condition mine{read};
    ASSERT_TRUE(registry_->add_version("p", version("b"), {2, 0}, mine));
    EXPECT_FALSE(mine.failed);
    Condition theirs{read};
    EXPECT_THAT(problem(registry_->add_version("p", version("c"), {2, 0}, theirs), Code::FailedPrecondition),
                HasSubstr("has changed since it was read"));
    EXPECT_TRUE(theirs.failed);
    EXPECT_EQ(registry_->get("p")->versions.size(), 2);
    Condition list{"\"other\", " + registry_->get("p")->tag()};
    EXPECT_TRUE(registry_->add_version("p", version("c"), {2, 0}, list));
    Condition whatever{"*"};
    EXPECT_TRUE(registry_->add_version("p", version("d"), {2, 0}, whatever));
    // A prompt of the same name is another one.
    const std::string before = registry_->get("p")->tag();
    Condition any;
    ASSERT_TRUE(registry_->remove("p", false, any));
    ASSERT_TRUE(create("p", version("a")));
    EXPECT_NE(registry_->get("p")->tag(), before);
}

TEST_F(PromptRegistryTest, GivesEachOfManyWritersAVersionOfItsOwn) {
    ASSERT_TRUE(create("p", version("0")));
    std::atomic<int> same_number{0};
    std::vector<std::thread> writers;
    for (int writer = 0; writer < 4; ++writer)
        writers.emplace_back([&, writer] {
            for (int i = 0; i < 10; ++i)
                EXPECT_TRUE(add("p", version(std::to_string(writer) + "-" + std::to_string(i))));
            if (add("p", version("mine " + std::to_string(writer), "1000"))) ++same_number;
        });
    for (std::thread& writer : writers) writer.join();
    EXPECT_EQ(same_number, 1);
    // Those that came behind the thousandth went on from it.
    const auto prompt = registry_->get("p");
    EXPECT_EQ(prompt->versions.size(), 1 + 4 * 10 + 1);
}

/// Two processes are two connections: what one does, the other sees, and of two changes one comes first.
TEST_F(PromptRegistryTest, SeesWhatAnotherConnectionDoes) {
    const auto database = control::Database::open((folder_ / "control.sqlite").string());
    ASSERT_TRUE(database);
    Registry other;
    ASSERT_TRUE(other.open(**database));
    ASSERT_TRUE(create("p", version("a")));
    EXPECT_EQ(text_at("p"), "a");
    EXPECT_EQ(other.find("p", "")->content.text, "a");
    Condition any;
    ASSERT_TRUE(other.add_version("p", version("b"), {2, 0}, any));
    EXPECT_EQ(text_at("p"), "b");
    ASSERT_TRUE(move("p", "production", "1"));
    EXPECT_EQ(other.find("p", "")->content.text, "a");
    EXPECT_EQ(text_at("p"), "a");
    ASSERT_TRUE(other.remove("p", true, any));
    EXPECT_THAT(text_at("p", "1"), HasSubstr("there is no prompt named \"p\""));

    ASSERT_TRUE(create("q", version("0")));
    std::vector<std::thread> writers;
    for (Registry* const registry : {&*registry_, &other})
        for (int writer = 0; writer < 2; ++writer)
            writers.emplace_back([registry, writer] {
                for (int i = 0; i < 10; ++i) {
                    NewVersion next = version(fmt::format("{} {} {}", fmt::ptr(registry), writer, i));
                    next.labels = {"production"};
                    Condition whenever;
                    const auto added = registry->add_version("q", next, {2, 0}, whenever);
                    EXPECT_TRUE(added);
                    // What was answered is there for whoever asks after it, here at once.
                    const auto found = registry->find("q", "production");
                    EXPECT_TRUE(added && found && !(found->facts.number < added->version.facts.number));
                }
            });
    for (std::thread& writer : writers) writer.join();
    EXPECT_EQ(registry_->get("q")->versions.size(), 1 + 4 * 10);
    EXPECT_EQ(text_at("q"), other.find("q", "")->content.text);
    EXPECT_EQ(registry_->history("q", "production")->size(), 40);
    const std::string tag = registry_->get("q")->tag();
    EXPECT_EQ(other.get("q")->tag(), tag);
    Condition mine{tag};
    ASSERT_TRUE(registry_->add_version("q", version("mine"), {3, 0}, mine));
    Condition theirs{tag};
    EXPECT_FALSE(other.add_version("q", version("theirs"), {3, 0}, theirs));
    EXPECT_TRUE(theirs.failed);
}

TEST_F(PromptRegistryTest, FindsWhatItFoundBeforeWhileSomebodyWrites) {
    ASSERT_TRUE(create("p", version("a")));
    EXPECT_EQ(text_at("p"), "a");
    ASSERT_TRUE(database_->write([&](control::Statements&) -> Result<void> {
        // Who had to read the database would wait until this is over.
        std::thread reader([&] { EXPECT_EQ(text_at("p"), "a"); });
        reader.join();
        return {};
    }));
}

TEST_F(PromptRegistryTest, ChangesNothingWhereThereIsNothingToChange) {
    ASSERT_TRUE(create("p", version("a")));
    ASSERT_TRUE(move("p", "production", "1"));
    const auto before = registry_->get("p");
    Condition any;
    ASSERT_TRUE(move("p", "production", "1"));
    ASSERT_TRUE(registry_->change("p", {}, {9, 0}, any));
    Facts same;
    same.description = "";
    same.archived = false;
    ASSERT_TRUE(registry_->change("p", same, {9, 0}, any));
    MoveLabel unprotect;
    unprotect.label = "nowhere";
    unprotect.is_protected = false;
    ASSERT_TRUE(registry_->move_label("p", unprotect, {9, 0}, any));
    const auto then = registry_->get("p");
    EXPECT_EQ(then->tag(), before->tag());
    EXPECT_EQ(then->changed_at, before->changed_at);
    EXPECT_EQ(then->labels.size(), 1);
}

TEST_F(PromptRegistryTest, HasRoomForLabelsAgainWhenSomeAreTakenAway) {
    ASSERT_TRUE(create("p", version("a")));
    Condition any;
    for (int round = 0; round < 3; ++round) {
        NewVersion next = version("round " + std::to_string(round));
        for (std::size_t i = 0; i < kMaxLabels; ++i)
            next.labels.push_back("branch-" + std::to_string(round) + "-" + std::to_string(i));
        ASSERT_TRUE(add("p", next));
        NewVersion one_more = version("x");
        one_more.labels = {"one-more"};
        problem(add("p", one_more), Code::ResourceExhausted);
        for (const std::string& label : next.labels) {
            MoveLabel away;
            away.label = label;
            ASSERT_TRUE(registry_->remove_label("p", away, {9, 0}, any));
        }
    }
    EXPECT_TRUE(registry_->get("p")->labels.empty());
    EXPECT_EQ(registry_->history("p", "branch-0-7")->size(), 2);
    NewVersion too_many = version("y");
    for (std::size_t i = 0; i <= kMaxLabels; ++i) too_many.labels.push_back("l" + std::to_string(i));
    problem(add("p", too_many), Code::ResourceExhausted);
    EXPECT_EQ(registry_->get("p")->versions.size(), 1 + 3);  // nothing half done
}

TEST_F(PromptRegistryTest, KeepsTheProtectionOfALabelThatStandsNowhere) {
    ASSERT_TRUE(create("p", version("a")));
    Condition any;
    MoveLabel label;
    label.label = "production";
    label.is_protected = true;
    ASSERT_TRUE(registry_->move_label("p", label, {4, 0}, any));
    problem(move("p", "production", "1"), Code::FailedPrecondition);
    ASSERT_TRUE(move("p", "production", "1", true));
    label.is_protected.reset();
    label.force = true;
    ASSERT_TRUE(registry_->remove_label("p", label, {5, 0}, any));
    problem(move("p", "production", "1"), Code::FailedPrecondition);
}

TEST_F(PromptRegistryTest, RollsBackAndForth) {
    ASSERT_TRUE(create("p", version("a")));
    ASSERT_TRUE(add("p", version("b")));
    ASSERT_TRUE(add("p", version("c")));
    for (const char* const number : {"1", "2", "3"}) ASSERT_TRUE(move("p", "production", number));
    Condition any;
    MoveLabel back;
    back.label = "production";
    ASSERT_TRUE(registry_->roll_back("p", back, {9, 0}, any));
    EXPECT_EQ(text_at("p"), "b");
    ASSERT_TRUE(registry_->roll_back("p", back, {9, 0}, any));  // one step, which undoes the first
    EXPECT_EQ(text_at("p"), "c");
}

TEST_F(PromptRegistryTest, TakesOverThousandsOfVersions) {
    NewPrompt prompt{"p"};
    for (int i = 0; i < 10'000; ++i) prompt.versions.push_back(version(std::to_string(i), std::to_string(i)));
    const auto taken = registry_->take_over({prompt}, {9, 0});
    ASSERT_TRUE(taken) << taken.error().message;
    EXPECT_EQ(taken->versions, 10'000);
    EXPECT_EQ(text_at("p"), "9999");
    EXPECT_EQ(text_at("p", "77"), "77");
    problem(add("p", version("x")), Code::ResourceExhausted);
}

TEST_F(PromptRegistryTest, RefusesBadNamesLabelsAndTexts) {
    for (const std::string& name :
         {std::string(), std::string(" a"), std::string("a "), std::string("a@b"), std::string("a\nb"),
          std::string("a\0b", 3), std::string("/a"), std::string("a/"), std::string("a//b"),
          std::string(".."), std::string("a/./b"), std::string("\xff"), std::string("a\xe2\x80\xa8"),
          std::string("\xe2\x81\xa6x"), std::string("a\xc2\x80"), std::string("a\x7f"),
          std::string(201, 'a')})
        problem(create(name, version("x")), Code::InvalidArgument);
    std::string wide;
    for (int i = 0; i < 66; ++i) wide += "名";
    EXPECT_TRUE(create(wide, version("x")));
    for (const char* const name :
         {"a", "A", "a b", "ä/ö", "'; DROP TABLE prompts; --", "..a", "%2F", "{{x}}"}) {
        EXPECT_TRUE(create(name, version(name[0] == '{' ? "x" : name))) << name;
        EXPECT_EQ(registry_->get(name)->name, name);
    }
    for (const char* const label : {"", "latest", "1", "v1.2", "Production", "a b", "ä", "a@b"})
        problem(move("a", label, "1"), Code::InvalidArgument);
    problem(create("x", version("{{#a}}")), Code::InvalidArgument);
    problem(create("x", version("\xff")), Code::InvalidArgument);
    NewVersion by_nobody = version("x");
    by_nobody.author = "\xff";
    problem(create("x", by_nobody), Code::InvalidArgument);
    EXPECT_THAT(problem(registry_->get("x"), Code::NotFound), HasSubstr("\"x\""));
    NewVersion twice = version("x");
    twice.labels = {"a", "a"};
    EXPECT_THAT(problem(create("x", twice), Code::InvalidArgument), HasSubstr("\"a\" twice"));
    const auto near = registry_->find("'; DROP TABEL prompts; --", "");
    EXPECT_THAT(near.error().remedy, HasSubstr("the nearest is \"'; DROP TABLE"));
}

TEST_F(PromptRegistryTest, KeepsTenMegabytes) {
    const std::string large(kMaxContent, 'x');
    ASSERT_TRUE(create("large", version(large)));
    EXPECT_EQ(text_at("large"), large);
    problem(create("larger", version(large + "x")), Code::InvalidArgument);
}

TEST_F(PromptRegistryTest, IncludesOthersAsTheirLabelsHaveThem) {
    ASSERT_TRUE(create("tone", version("Be brief.")));
    ASSERT_TRUE(create("answer", version("{{> tone}} {{> tone@mine}} {{> tone@1}} {{question}}")));
    ASSERT_TRUE(add("tone", version("Be long.")));
    ASSERT_TRUE(move("tone", "mine", "2"));
    const auto said = [&] {
        const auto rendering =
            registry_->render(*registry_->find("answer", ""), *Value::parse(R"({"question": "Why?"})"));
        return rendering ? rendering->text : rendering.error().message;
    };
    EXPECT_EQ(said(), "Be long. Be long. Be brief. Why?");
    ASSERT_TRUE(move("tone", "production", "1"));
    EXPECT_EQ(said(), "Be brief. Be long. Be brief. Why?");
    ASSERT_TRUE(add("tone", version("{{> answer}}")));
    ASSERT_TRUE(move("tone", "mine", "3"));
    EXPECT_THAT(said(), HasSubstr("includes itself: tone@mine > answer > tone"));
}

TEST_F(PromptRegistryTest, TakesOverAllOrNothing) {
    NewPrompt one{"one"};
    one.versions = {version("a", "1.0"), version("b", "1.1")};
    one.versions[0].created_at = Timestamp{77, 0};
    NewPrompt two{"two"};
    two.versions = {version("c", "3")};
    auto taken = registry_->take_over({one, two}, {9, 0});
    ASSERT_TRUE(taken) << taken.error().message;
    EXPECT_EQ(taken->prompts, 2);
    EXPECT_EQ(taken->versions, 3);
    EXPECT_EQ(registry_->find("one", "1.0")->facts.created_at, (Timestamp{77, 0}));
    taken = registry_->take_over({one, two}, {9, 0});
    EXPECT_EQ(taken->versions, 0);
    EXPECT_EQ(taken->known, 3);

    NewPrompt three{"three"};
    three.versions = {version("x", "1")};
    two.versions = {version("c", "4"), version("other", "3")};
    EXPECT_THAT(problem(registry_->take_over({three, two}, {9, 0}), Code::AlreadyExists),
                HasSubstr("\"two\" has a version 3"));
    EXPECT_EQ(registry_->all()->size(), 2);
    EXPECT_EQ(registry_->get("two")->versions.size(), 1);
    three.versions = {version("{{", "1")};
    EXPECT_THAT(problem(registry_->take_over({three}, {9, 0}), Code::InvalidArgument),
                HasSubstr("\"three\" 1: line 1"));
}

TEST_F(PromptRegistryTest, SaysWhyItIsClosed) {
    Registry closed;
    EXPECT_THAT(problem(closed.all(), Code::Unavailable), HasSubstr("not open"));
    closed.stay_closed({Code::DataLoss, "control.sqlite is damaged"});
    EXPECT_EQ(problem(closed.get("a"), Code::DataLoss), "control.sqlite is damaged");
}

TEST_F(PromptRegistryTest, NamesAVersionThatIsDamaged) {
    ASSERT_TRUE(create("p", version("a")));
    ASSERT_TRUE(create("q", version("b")));
    ASSERT_TRUE(database_->write([](control::Statements& statements) {
        return statements.run("UPDATE prompt_versions SET content = '{' WHERE goal = '' AND sha256 = ?",
                              {sha256_of(version("a").content)});
    }));
    EXPECT_THAT(text_at("p"), HasSubstr("version 1 of the prompt \"p\" cannot be understood"));
    EXPECT_EQ(text_at("q"), "b");
}

}  // namespace
}  // namespace steno::prompts
