#include "experiments/definition.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace steno::experiments {
namespace {

constexpr std::string_view kShort =
    R"({"name": "tone", "prompt": "answer", "metric": "acceptance_rate",)"
    R"( "variants": [{"name": "control"}, {"name": "short", "version": "1.2"}]})";

/// The short one with these members more, or in their place.
std::string with(std::string_view members) {
    return std::string(kShort.substr(0, kShort.size() - 1)).append(", ").append(members).append("}");
}

Error error_of(const std::string& json) {
    auto definition = definition_from_json(json);
    EXPECT_FALSE(definition) << json;
    return definition ? Error() : definition.error();
}

TEST(Definition, HasGoodDefaults) {
    const auto read = definition_from_json(kShort);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->label, "production");
    EXPECT_EQ(read->unit, UnitKind::User);
    EXPECT_EQ(read->share, 1);
    EXPECT_EQ(read->better, Better::Higher);
    EXPECT_EQ(read->rule, Rule::None);
    EXPECT_EQ(read->variants[0].weight, 1);
    EXPECT_EQ(read->variants[1].changes.version, "1.2");
}

TEST(Definition, ComesBackFromItsJson) {
    const auto read = definition_from_json(
        with(R"("prompt_type": "support", "unit": "session", "share": 0.5, "metric": "cost_per_call",)"
             R"( "margin": 0.001, "guards": [{"metric": "success_rate", "worse_by": 0.02},)"
             R"( {"metric": "output_tokens", "better": "lower", "worse_by": 0.2, "relative": true}],)"
             R"( "rule": "bandit", "every_minutes": 30, "description": "Do \"short\" answers do?",)"
             R"( "variants": [{"name": "a", "weight": 2}, {"name": "b", "model": "gpt-5-mini",)"
             R"( "temperature": 0.2, "token_limit": 300, "parameters": {"seed": 18446744073709551616}}])"));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->better, Better::Lower);  // as everybody has it of costs
    EXPECT_EQ(read->guards[0].better, Better::Higher);
    const auto again = definition_from_stored(to_json(*read));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(*again, *read);
    EXPECT_EQ(to_json(*again), to_json(*read));
}

TEST(Definition, NamesWhatIsWrong) {
    const auto says = [](const std::string& json, std::string_view words) {
        const Error error = error_of(json);
        EXPECT_EQ(error.code, Code::InvalidArgument);
        EXPECT_NE((error.message + " " + error.remedy).find(words), std::string::npos)
            << json << "\n"
            << error.message << " | " << error.remedy;
    };
    says("", "JSON object");
    says("[]", "JSON object");
    says("{}", "name");
    says(with(R"("colour": "red")"), "an experiment has no \"colour\"");
    says(with(R"("variants": [{"name": "a"}])"), "2 to 20 variants");
    says(with(R"("variants": [{"name": "a"}, {"name": "a"}])"), "two variants are named \"a\"");
    says(with(R"("variants": [{"name": "a"}, {"name": "b", "weight": 0}])"), "the weight of \"b\"");
    says(with(R"("variants": [{"name": "a"}, {"name": "b", "weight": -1}])"), "the weight of \"b\"");
    says(with(R"("variants": [{"name": "a"}, {"name": "b", "weight": "NaN"}])"), "weight: a number");
    says(with(R"("variants": [{"name": "a"}, {"name": "b", "weight": 1e999}])"), "weight: a number");
    says(with(R"("variants": [{"name": "a"}, {"name": "b", "stopped": true}])"), "has no \"stopped\"");
    says(with(R"("variants": [{"name": "a"}, {"name": "b", "text": "Hi"}])"), "has no \"text\"");
    says(with(R"("variants": [{"name": "a"}, {"name": "b", "version": "one"}])"), "the variant \"b\"");
    says(with(R"("variants": [{"name": "a"}, {"name": "b", "temperature": -1}])"), "temperature");
    says(with(R"("prompt": "", "prompt_type": "x")"), "a version of which prompt?");
    says(with(R"("prompt": "")"), "a prompt, or a prompt_type");
    says(with(R"("metric": "happiness")"), "not decided by \"happiness\"");
    says(with(R"("metric": "duration_p95")"), "duration and first_token are the averages");
    says(with(R"("metric": "score.toxicity")"), "better: higher or lower");
    says(with(R"("share": 0)"), "share");
    says(with(R"("share": "half")"), "share: a number");
    says(with(R"("unit": "planet")"), "user, session or request");
    says(with(R"("margin": -1)"), "margin");
    says(with(R"("guards": [{"metric": "success_rate", "worse_by": -1}])"), "worse_by");
    says(with(R"("guards": [{"metric": "output_tokens"}])"), "guards: better");
    says(with(R"("margin": 3)"), "margin: acceptance_rate is a share, from 0 to 1: 3 would be 300 %");
    says(with(R"("margin": 1)"), "three points are 0.03");
    says(with(R"("guards": [{"metric": "success_rate", "worse_by": 3}])"), "worse_by 0.03");
    says(with(R"("guards": [{"metric": "success_rate", "worse_by": 1, "relative": true}])"), "worse_by=3%");
    for (const std::string_view name : {"messages", "stream", "model", "input", "system", "contents"})
        says(with(fmt::format(
                 R"("variants": [{{"name": "a"}}, {{"name": "b", "parameters": {{"seed": 1, "{}": 2}}}}])",
                 name)),
             fmt::format("the variant \"b\": parameters: \"{}\"", name));
    says(with(R"("rule": "bandit", "every_minutes": 1)"), "every_minutes");
    says(with(R"("rule": "best")"), "conclude_winner");
    says(with(R"("label": "Not A Label")"), "label");
    says(with(R"("prompt": "answer\u200b")"), "has U+200B, which nobody sees");
    says(with(R"("prompt_type": "faq\u3164")"), "prompt_type: the name has U+3164");
    says(with(R"("prompt_type": "faq ")"), "prompt_type: the name begins or ends with a space");
}

TEST(Definition, WhatWasSaidBeforeItWasRefusedIsLeft) {
    EXPECT_TRUE(definition_from_json(
        with(R"("metric": "duration", "margin": 20, "guards": [{"metric": "duration", "worse_by": 3}])")));
    Definition before = definition_from_json(kShort).value();
    before.margin = 3;
    before.guards = {{"success_rate", Better::Higher, 3, false}};
    before.variants[1].changes.settings.parameters = R"({"stream":true})";
    before.prompt = "answer\u3164";
    before.prompt_type = "faq ";
    Definition stored = definition_from_stored(to_json(before)).value();
    EXPECT_EQ(stored, before);
    EXPECT_TRUE(change_from_json(R"({"share": 0.5})", stored));
    EXPECT_FALSE(change_from_json(R"({"margin": 2})", stored));
    EXPECT_FALSE(change_from_json(R"({"prompt_type": "faq "})", stored));
    EXPECT_FALSE(change_from_json(R"({"metric": "success_rate"})", stored));
    EXPECT_FALSE(change_from_json(R"({"guards": [{"metric": "success_rate", "worse_by": 3}]})", stored));
    EXPECT_TRUE(change_from_json(R"({"guards": [{"metric": "success_rate", "worse_by": 0.03}]})", stored));
}

TEST(Definition, LaysSettingsOverThoseOfAVersion) {
    prompts::Content content;
    content.text = "Answer {{question}}";
    content.model = "gpt-5";
    content.temperature = 1;
    content.parameters = R"({"seed":7,"stop":["x"]})";
    Changes changes;
    EXPECT_EQ(changed(content, changes), content);
    changes.settings.model = "gpt-5-mini";
    changes.settings.token_limit = 100;
    changes.settings.parameters = R"({"stop":[],"user":"u"})";
    const prompts::Content after = changed(content, changes);
    EXPECT_EQ(after.model, "gpt-5-mini");
    EXPECT_EQ(after.temperature, 1);
    EXPECT_EQ(after.token_limit, 100);
    EXPECT_EQ(after.parameters, R"({"seed":7,"stop":[],"user":"u"})");
    EXPECT_EQ(after.text, content.text);
}

TEST(Definition, ChangesByName) {
    Definition definition = definition_from_json(kShort).value();
    const Definition before = definition;
    EXPECT_FALSE(change_from_json(R"({"name": "other"})", definition));
    EXPECT_FALSE(change_from_json(R"({"weights": {"long": 1}})", definition));
    EXPECT_FALSE(change_from_json(R"({"weights": {"short": 0}})", definition));
    EXPECT_EQ(definition, before);
    ASSERT_TRUE(change_from_json(R"({"weights": {"short": 3}, "share": 0.5})", definition));
    EXPECT_EQ(definition.variants[1].weight, 3);
    EXPECT_TRUE(same_question(before, definition));
    ASSERT_TRUE(change_from_json(R"({"margin": 0.5})", definition));
    EXPECT_FALSE(same_question(before, definition));
}

TEST(Definition, WhatIsStoppedStaysSo) {
    Definition definition = definition_from_json(kShort).value();
    EXPECT_FALSE(stop(definition, "control"));
    EXPECT_FALSE(stop(definition, "long"));
    ASSERT_TRUE(stop(definition, "short"));
    EXPECT_EQ(definition.variants[1].weight, 1);  // who had it gets the control
    EXPECT_FALSE(set_weights(definition, {{"short", 1}}));
    ASSERT_TRUE(set_weights(definition, {{"control", 2}}));
    EXPECT_EQ(definition.variants[1].weight, 0);
    EXPECT_TRUE(check(definition));
    EXPECT_EQ(definition_from_stored(to_json(definition)).value(), definition);
}

}  // namespace
}  // namespace steno::experiments
