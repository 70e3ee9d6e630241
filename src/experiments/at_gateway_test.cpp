#include "experiments/at_gateway.hpp"

#include "base/random.hpp"
#include "base/uuid.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>

namespace steno::experiments {
namespace {

using Standing = gateway::ExperimentControl::Standing;

constexpr Timestamp kNow{1'790'000'000'000'000'000, 0};
constexpr std::string_view kType = "faq";

Changes with_model(std::string model) {
    Changes changes;
    changes.settings.model = std::move(model);
    return changes;
}

class AtGatewayTest : public testing::Test {
  protected:
    AtGatewayTest()
        : folder_(std::filesystem::temp_directory_path() /
                  ("steno-" + Uuid::random(system_random()).to_string())) {
        std::filesystem::create_directories(folder_);
        auto database = control::Database::open((folder_ / "control.sqlite").string());
        EXPECT_TRUE(database);
        database_ = std::move(*database);
        EXPECT_TRUE(registry_.open(*database_));
        prompts::NewVersion tone;
        tone.content.text = "Be {{mood}}.";
        EXPECT_TRUE(registry_.create("tone", "", {}, tone, kNow));
        prompts::NewVersion version;
        version.content.text = "Answer {{question}}";
        version.content.temperature = 0.5;
        EXPECT_TRUE(registry_.create("answer", "", {}, version, kNow));
        prompts::NewVersion second;
        second.content.messages = {{"system", "{{> tone}}"}, {"user", "{{question}}?"}};
        second.content.model = "gpt-4o";
        control::Condition any;
        EXPECT_TRUE(registry_.add_version("answer", second, kNow, any));
    }
    ~AtGatewayTest() override { std::filesystem::remove_all(folder_); }

    static Definition definition(std::vector<Variant> variants, UnitKind unit = UnitKind::User) {
        Definition made;
        made.name = "tone";
        made.prompt = "answer";
        made.prompt_type = kType;
        made.unit = unit;
        made.variants = std::move(variants);
        return made;
    }
    void run(const Definition& definition, std::int64_t revision = 1) {
        table_.use(std::make_shared<const Table>(std::vector<std::shared_ptr<const Running>>{
            std::make_shared<const Running>("0199a000", revision, definition)}));
        control_.read(kType);
    }
    /// A call with such variables, as its headers told.
    static Call call(std::string user, std::string variables = {}) {
        Call made;
        made.id = Uuid::random(system_random());
        made.prompt.type = kType;
        made.who.user_id = std::move(user);
        made.prompt.variables.text = std::move(variables);
        return made;
    }

    std::filesystem::path folder_;
    std::unique_ptr<control::Database> database_;
    prompts::Registry registry_;
    PublishedTable table_{std::make_shared<const Table>()};
    AtGateway control_{table_, registry_};
};

TEST_F(AtGatewayTest, IsAskedOnlyWhereOneRuns) {
    EXPECT_EQ(control_.standing(kType), Standing::None);
    const Definition one = definition({{"a", 1, false, {}}, {"b", 1, false, with_model("m")}});
    table_.use(std::make_shared<const Table>(
        std::vector<std::shared_ptr<const Running>>{std::make_shared<const Running>("0199a000", 1, one)}));
    EXPECT_EQ(control_.standing("other"), Standing::None);
    EXPECT_EQ(control_.standing(kType), Standing::Unread);
    control_.read(kType);
    EXPECT_EQ(control_.standing(kType), Standing::Ready);
    // What was read is of before.
    table_.use(std::make_shared<const Table>(
        std::vector<std::shared_ptr<const Running>>{std::make_shared<const Running>("0199a000", 2, one)}));
    EXPECT_EQ(control_.standing(kType), Standing::Unread);
    table_.use(std::make_shared<const Table>());
    EXPECT_EQ(control_.standing(kType), Standing::None);
}

TEST_F(AtGatewayTest, OneOfThoseWhoAskAtOnceReads) {
    EXPECT_FALSE(control_.claim_read(kType)) << "none runs";
    const Definition one = definition({{"a", 1, false, {}}, {"b", 1, false, with_model("m")}});
    table_.use(std::make_shared<const Table>(
        std::vector<std::shared_ptr<const Running>>{std::make_shared<const Running>("0199a000", 1, one)}));
    EXPECT_TRUE(control_.claim_read(kType));
    EXPECT_FALSE(control_.claim_read(kType)) << "the one before does";
    control_.read(kType);
    EXPECT_FALSE(control_.claim_read(kType)) << "it is new";
    table_.use(std::make_shared<const Table>(
        std::vector<std::shared_ptr<const Running>>{std::make_shared<const Running>("0199a000", 2, one)}));
    EXPECT_TRUE(control_.claim_read(kType));
}

TEST_F(AtGatewayTest, WhatWasReadOfAnotherStateOfItAssignsNobody) {
    const Definition one = definition({{"a", 1, false, {}}, {"b", 1, false, with_model("m")}});
    run(one);
    table_.use(std::make_shared<const Table>(
        std::vector<std::shared_ptr<const Running>>{std::make_shared<const Running>("0199a000", 2, one)}));
    Call asked = call("ann");
    EXPECT_FALSE(control_.assign(asked));
    EXPECT_EQ(asked.prompt.experiment.id, "0199a000");
    EXPECT_EQ(asked.prompt.experiment.left_out, "what the experiment asks is not read yet");
    table_.use(std::make_shared<const Table>());
    asked.prompt.experiment = {};
    EXPECT_FALSE(control_.assign(asked));
    EXPECT_EQ(asked.prompt.experiment, Experiment()) << "it is paused";
}

TEST_F(AtGatewayTest, AUnitGetsTheVariantOfThePlan) {
    const Definition one = definition({{"a", 3, false, {}}, {"b", 1, false, with_model("m")}});
    run(one, 7);
    const assignment::Assigner plan(plan_of("0199a000", 7, one));
    std::map<std::string, int> seen;
    for (int n = 0; n < 200; ++n) {
        const std::string user = "user-" + std::to_string(n);
        Call asked = call(user);
        const auto trial = control_.assign(asked);
        ASSERT_TRUE(trial);
        const std::string variant = plan.assign(user)->variant == 0 ? "a" : "b";
        const Experiment& part = asked.prompt.experiment;
        EXPECT_EQ(part.id, "0199a000");
        EXPECT_EQ(part.variant, variant);
        EXPECT_EQ(part.unit, user);
        EXPECT_EQ(part.probability, variant == "a" ? 0.75 : 0.25);
        EXPECT_EQ(part.revision, 7);
        EXPECT_EQ(trial->edit.model, variant == "a" ? "" : "m");
        EXPECT_TRUE(trial->edit.texts.empty());
        EXPECT_TRUE(asked.prompt.version.empty()) << "of which nothing was sent";
        ++seen[variant];
    }
    EXPECT_EQ(seen.size(), 2U);
}

TEST_F(AtGatewayTest, UnitsAreUsersSessionsOrRequests) {
    const std::vector<Variant> variants = {{"a", 1, false, {}}, {"b", 1, false, with_model("m")}};
    run(definition(variants, UnitKind::Session));
    Call asked = call("ann");
    EXPECT_FALSE(control_.assign(asked));
    EXPECT_EQ(asked.prompt.experiment.id, "0199a000");
    EXPECT_EQ(asked.prompt.experiment.variant, "");
    EXPECT_EQ(asked.prompt.experiment.left_out, "the call says no session, by which the experiment divides");
    asked.prompt.experiment = {};
    asked.trace.session_id = "s";
    EXPECT_TRUE(control_.assign(asked));
    EXPECT_EQ(asked.prompt.experiment.unit, "s");
    EXPECT_EQ(asked.prompt.experiment.left_out, "");

    run(definition(variants, UnitKind::Request), 2);
    Call alone = call("ann");
    EXPECT_TRUE(control_.assign(alone));
    EXPECT_EQ(alone.prompt.experiment.unit, alone.id.to_string());
    alone.trace.request_id = "r";
    EXPECT_TRUE(control_.assign(alone));
    EXPECT_EQ(alone.prompt.experiment.unit, "r");
}

TEST_F(AtGatewayTest, AVersionIsFilledInWithTheCallsVariables) {
    run(definition({{"chat", 1, false, {"2", {}}}, {"text", 1, true, {"1", {}}}}));  // so all get the control
    Call asked = call("ann", R"({"question":"Why","mood":"kind"})");
    asked.prompt.name = "mine";
    const auto trial = control_.assign(asked);
    ASSERT_TRUE(trial) << asked.prompt.experiment.left_out;
    ASSERT_EQ(trial->edit.texts.size(), 2U);
    EXPECT_EQ(trial->edit.texts[0].role, "system");
    EXPECT_EQ(trial->edit.texts[0].text, "Be kind.");
    EXPECT_EQ(trial->edit.texts[1].role, "user");
    EXPECT_EQ(trial->edit.texts[1].text, "Why?");
    EXPECT_EQ(trial->edit.model, "gpt-4o") << "what a version says of the model is part of it";
    EXPECT_EQ(asked.prompt.name, "answer");
    EXPECT_EQ(asked.prompt.version, "2");
    EXPECT_EQ(asked.prompt.all_variables_present, true);
}

TEST_F(AtGatewayTest, WhoLacksAVariableOfAnyVariantTakesNoPart) {
    run(definition({{"text", 1, false, {"1", {}}}, {"chat", 1, false, {"2", {}}}}));
    for (int n = 0; n < 20; ++n) {
        Call asked = call("user-" + std::to_string(n), R"({"question":"Why"})");
        EXPECT_FALSE(control_.assign(asked));
        EXPECT_EQ(asked.prompt.experiment.left_out, "the call brings no value for the variable mood");
        EXPECT_EQ(asked.prompt.experiment.variant, "");
        Call with_all = call("user-" + std::to_string(n), R"({"question":"Why","mood":"kind"})");
        const auto trial = control_.assign(with_all);
        ASSERT_TRUE(trial);
        EXPECT_EQ(trial->others->size(), 1U) << "the other one, whose texts are others";
    }
}

TEST_F(AtGatewayTest, TellsTheMostThatTheTextsOfAVariantHave) {
    EXPECT_EQ(control_.text_bytes(kType), 0U);
    run(definition({{"a", 1, false, {}}, {"b", 1, false, with_model("m")}}));
    EXPECT_EQ(control_.text_bytes(kType), 0U);
    run(definition({{"text", 1, false, {"1", {}}}, {"chat", 1, false, {"2", {}}}}), 2);
    EXPECT_EQ(control_.text_bytes(kType), std::string_view("{{> tone}}{{question}}?Be {{mood}}.").size());
    EXPECT_EQ(control_.text_bytes("other"), 0U);
    // Of the other one only the shape is tried.
    Call asked = call("ann", R"({"question":"Why","mood":"kind"})");
    const auto trial = control_.assign(asked);
    ASSERT_TRUE(trial);
    for (const auto& other : *trial->others)
        for (const auto& text : other.texts) EXPECT_EQ(text.text, "");
}

TEST_F(AtGatewayTest, AListThatIsGoneThroughAgainAndAgainTakesNoPart) {
    prompts::NewVersion version;
    version.content.text = "{{#all}}{{#all}}{{#all}}x{{/all}}{{/all}}{{/all}}";
    ASSERT_TRUE(registry_.create("loops", "", {}, version, kNow));
    Definition loops = definition({{"a", 1, false, {"1", {}}}, {"b", 1, false, {"1", {}}}});
    loops.prompt = "loops";
    run(loops);
    const auto list_of = [](int items) {
        std::string list = R"({"all":[1)";
        for (int n = 1; n < items; ++n) list += ",1";
        return list + "]}";
    };
    Call asked = call("ann", list_of(20));
    const auto trial = control_.assign(asked);
    ASSERT_TRUE(trial) << asked.prompt.experiment.left_out;
    EXPECT_EQ(trial->edit.texts.front().text.size(), 8'000U);
    Call longer = call("ann", list_of(100));
    EXPECT_FALSE(control_.assign(longer));
    EXPECT_EQ(longer.prompt.experiment.left_out.substr(0, 18), "it takes more than")
        << longer.prompt.experiment.left_out;
}

TEST_F(AtGatewayTest, SaysWhatIsNotKnownHere) {
    const auto unknown = [&](std::string id, std::string variant) {
        steno::Experiment part;
        part.id = std::move(id);
        part.variant = std::move(variant);
        return control_.what_is_unknown(part);
    };
    EXPECT_EQ(unknown("x", "y"), "") << "nothing was read yet";
    table_.use(std::make_shared<const Table>(std::vector<std::shared_ptr<const Running>>{},
                                             Table::Variants{{"x", {"a", "b"}}}));
    EXPECT_EQ(unknown("", ""), "") << "the call says nothing";
    EXPECT_EQ(unknown("x", "b"), "");
    EXPECT_EQ(unknown("x", ""), "") << "it is left out";
    EXPECT_EQ(unknown("x", "c"), "the experiment has no such variant");
    EXPECT_EQ(unknown("y", "a"), "no experiment that was ever started here has this id");
}

TEST_F(AtGatewayTest, WhoWantsNoPartHasNone) {
    run(definition({{"a", 1, false, {}}, {"b", 1, false, with_model("m")}}));
    Call asked = call("ann");
    asked.prompt.experiment.left_out = gateway::kOptedOut;
    EXPECT_FALSE(control_.assign(asked));
    EXPECT_EQ(asked.prompt.experiment.id, "0199a000");
    EXPECT_EQ(asked.prompt.experiment.left_out, gateway::kOptedOut);
}

TEST_F(AtGatewayTest, WhatIsNotOfTheShareLeavesNothingOnTheCall) {
    Definition few = definition({{"a", 1, false, {}}, {"b", 1, false, with_model("m")}});
    few.share = 0.1;
    run(few);
    int part = 0;
    for (int n = 0; n < 300; ++n) {
        Call asked = call("user-" + std::to_string(n));
        if (control_.assign(asked))
            ++part;
        else
            EXPECT_EQ(asked.prompt.experiment, Experiment());
    }
    EXPECT_GT(part, 0);
    EXPECT_LT(part, 100);
}

TEST_F(AtGatewayTest, NobodyTakesPartWhileAVersionCannotBeHad) {
    run(definition({{"a", 1, false, {}}, {"b", 1, false, {"9", {}}}}));
    Call asked = call("ann", "{}");
    EXPECT_FALSE(control_.assign(asked));
    EXPECT_NE(asked.prompt.experiment.left_out.find("9"), std::string::npos)
        << asked.prompt.experiment.left_out;

    prompts::NewVersion version;
    version.content.text = "x";
    version.content.parameters = R"({"stop":")" + std::string(kMaxParameters, 'x') + "\"}";
    ASSERT_TRUE(registry_.create("long", "", {}, version, kNow));
    Definition of_long = definition({{"a", 1, false, {}}, {"b", 1, false, {"1", {}}}});
    of_long.prompt = "long";
    run(of_long, 2);
    Call other = call("ann", "{}");
    EXPECT_FALSE(control_.assign(other));
    EXPECT_EQ(other.prompt.experiment.left_out,
              "version 1 of the prompt has parameters of more than 10000 bytes");
}

}  // namespace
}  // namespace steno::experiments
