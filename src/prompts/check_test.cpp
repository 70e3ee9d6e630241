#include "prompts/check.hpp"

#include "templates/template.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace steno::prompts {
namespace {

using testing::HasSubstr;

constexpr std::string_view kWhole =
    R"({"goal":"Answers questions","model":"gpt-4o-mini","temperature":0.7,"top_p":0.9,"top_k":40,"token_limit":500,)"
    R"("parameters":{"stop":["\n"],"seed":12345678901234567890},"tools":[{"name":"search"}],)"
    R"("response_schema":{"type":"object","properties":{"b":{},"a":{}}},"text":"Answer {{question}} {{tone}}",)"
    R"("variables":[{"name":"tone","type":"string","default":"friendly","required":true,"description":"how"},)"
    R"({"name":"facts","type":"list","required":false}]})";

Result<void> checked(std::string_view json) {
    auto content = content_from_json(json);
    if (!content) return std::unexpected(std::move(content).error());
    return check(*content);
}

std::string problem(std::string_view json) {
    const auto good = checked(json);
    return good ? "" : good.error().message;
}

TEST(PromptContent, ComesBackAsItWasGiven) {
    const auto content = content_from_json(kWhole);
    ASSERT_TRUE(content) << content.error().message;
    EXPECT_TRUE(check(*content));
    EXPECT_EQ(to_json(*content), kWhole);  // digits, and the order of a schema's members, too
    EXPECT_EQ(content->temperature, 0.7);
    EXPECT_EQ(content->variables[0].default_value, "\"friendly\"");
}

TEST(PromptContent, HasTheHashOfWhatItSays) {
    const auto hash = [](std::string_view json) { return sha256_of(*content_from_json(json)); };
    EXPECT_EQ(hash(R"({"text": "a", "temperature": 0.70})"),
              hash(R"({"temperature":7e-1,"text":"a","model":""})"));
    EXPECT_EQ(hash(R"({"text": "a"})"),
              hash(R"({"text": "a", "tools": [], "parameters": {}, "top_k": null})"));
    EXPECT_NE(hash(R"({"text": "a"})"), hash(R"({"text": "a "})"));
    EXPECT_NE(hash(R"({"text": "a"})"), hash(R"({"messages": [{"role": "user", "content": "a"}]})"));
    EXPECT_EQ(hash(R"({"text": "a"})").size(), 64);
}

TEST(PromptContent, SaysWhatIsWrongWithIt) {
    for (const auto& [json, what] : std::initializer_list<std::pair<const char*, const char*>>{
             {"{}", "needs a text or messages"},
             {R"({"text": ""})", "needs a text or messages"},
             {R"({"text": "a", "messages": [{"role": "user", "content": "a"}]})", "not both"},
             {R"({"text": "{{#a}}"})", "line 1, column 1: {{#a}} is not closed"},
             {R"({"messages": [{"role": "user", "content": "ok"}, {"role": "user", "content": "\n{{"}]})",
              "messages[1]: line 2, column 1"},
             {R"({"text": "a\n{{\u00a0name\u00a0}}"})", "line 2, column 3: "},  // pasted with its spaces
             {R"({"text": "{{> a@b@c}}"})", "line 1, column 5: an include names a prompt: "},
             {R"({"text": "{{> a//b}}"})", "an include names a prompt: "},
             {R"({"text": "{{> a\nb}}"})", "an include names a prompt: "},
             {R"({"messages": [{"content": "a"}]})", "has no role"},
             {R"({"messages": [{"role": "user", "text": "a"}]})", "a message has no \"text\""},
             {R"({"messages": {"role": "user"}})", "messages: a list"},
             {R"({"text": "a", "temperature": "0.7"})", "temperature: a number"},
             {R"({"text": "a", "temperature": -0.1})", "temperature: a number from 0 to 100"},
             {R"({"text": "a", "temperature": 1e999})", "temperature: a number"},
             {R"({"text": "a", "temperature": -0})", "temperature: a number from 0"},
             {R"({"text": "a", "model": "a\nb"})", "model: ends of lines"},
             {R"({"text": "a", "variables": [{"name": "a", "type": "integer", "default": 1.0}]})",
              "the default of a is no integer"},
             {R"({"text": "a", "top_p": 1.01})", "top_p: a number from 0 to 1"},
             {R"({"text": "a", "top_k": 0})", "top_k: a whole number from 1"},
             {R"({"text": "a", "top_k": 1.5})", "top_k: a whole number from 1"},
             {R"({"text": "a", "token_limit": 99999999999999999999})", "token_limit: a whole number from 1"},
             {R"({"text": "a", "tools": {}})", "tools: a JSON array"},
             {R"({"text": "a", "parameters": "{}"})", "parameters: a JSON object"},
             {R"({"text": "a", "variables": [{"name": "a b"}]})", "\"a b\" is no name"},
             {R"({"text": "a", "variables": [{"name": "a"}, {"name": "a"}]})", "a is declared twice"},
             {R"({"text": "a", "variables": [{"name": "a", "type": "text"}]})",
              "string, number, integer, boolean, list, object"},
             {R"({"text": "a", "variables": [{"name": "a", "type": "number", "default": "1"}]})",
              "the default of a is no number"},
             {R"({"text": "a", "variables": [{"name": "a", "kind": "x"}]})", "a variable has no \"kind\""},
             {R"({"text": "a", "goal": "\u0007"})", "goal: control characters"},
             {R"({"text": "a", "sprache": "de"})", "a prompt has no \"sprache\""},
             {R"({"text": "a")", "no JSON object"},
             {R"({"text": "a"} x)", "no JSON object"},
             {"[]", "no JSON object"},
             {"", "no JSON object"}})
        EXPECT_THAT(problem(json), HasSubstr(what)) << json;
    EXPECT_THAT(problem("{\"text\": \"\xff\"}"), HasSubstr("not UTF-8"));
}

TEST(PromptContent, MayHaveTenMegabytes) {
    Content content;
    content.text = std::string(kMaxContent, 'x');
    EXPECT_TRUE(check(content));
    content.text += 'x';
    EXPECT_FALSE(check(content));
    content.text.clear();
    content.messages = {{"user", std::string(kMaxContent / 2, 'x')},
                        {"user", std::string(kMaxContent / 2, 'x')}};
    EXPECT_TRUE(check(content));
    content.messages.push_back({"user", "x"});
    EXPECT_THAT(check(content).error().message, HasSubstr("the messages have more than"));
    Content deep;
    deep.text = "x";
    deep.parameters = "{\"a\":\"" + std::string(kMaxSettings, 'x') + "\"}";
    EXPECT_THAT(check(deep).error().message, HasSubstr("parameters: more than"));
}

TEST(PromptContent, IsBoundedInAllThatItSays) {
    Content content;
    content.text = "x";
    for (int i = 0; i < 11; ++i)
        content.variables.push_back({"v" + std::to_string(i), VariableType::String,
                                     "\"" + std::string(100'000, 'x') + "\"", true, ""});
    EXPECT_THAT(check(content).error().message, HasSubstr("variables: more than 1048576 bytes"));
    content.variables.pop_back();
    EXPECT_TRUE(check(content));
    content.variables.clear();
    content.text = "\xff";
    EXPECT_EQ(check(content).error().message, "line 1, column 1: no UTF-8");
    content.text.clear();
    content.messages = {{"user", "a\xc3"}};
    EXPECT_EQ(check(content).error().message, "messages[0]: line 1, column 2: no UTF-8");
}

TEST(PromptContent, TakesTheLastOfMembersOfTheSameName) {
    const auto content = content_from_json(
        R"({"text": "a", "text": "b", "variables": [{"name": "a", "default": 1, "default": null}]})");
    ASSERT_TRUE(content);
    EXPECT_EQ(content->text, "b");
    EXPECT_EQ(content->variables[0].default_value, std::nullopt);
}

TEST(PromptContent, KnowsAsManyVariablesAsCanBeDeclared) {
    Content content;
    for (int message = 0; message < 20; ++message) {
        std::string text;
        for (int i = 0; i < 50'000; ++i) text += "{{" + std::to_string(message * 50'000 + i) + "}}";
        content.messages.push_back({"user", text});
    }
    ASSERT_TRUE(check(content));
    EXPECT_EQ(variables_of(content).size(), kMaxVariables);
}

TEST(PromptContent, KnowsItsVariables) {
    const auto content = content_from_json(
        R"({"text": "{{a}}{{#b}}{{c}}{{#d}}{{a}}{{/d}}{{/b}}{{e.f}}{{#g}}{{.}}{{/g}}{{c}}", "variables": [{"name": "z"}]})");
    std::string words;
    for (const KnownVariable& known : variables_of(*content))
        words +=
            known.variable.name + (known.variable.required ? "!" : "") + (known.declared ? "+" : "") + " ";
    EXPECT_EQ(words, "z!+ a! b c! d e! g ");
    const auto chat = content_from_json(
        R"({"messages": [{"role": "system", "content": "{{> tone@2}}"}, {"role": "user", "content": "{{> b}}{{> b}}"}]})");
    EXPECT_THAT(includes_of(*chat), testing::ElementsAre("b", "tone@2"));
}

RC_GTEST_PROP(PromptContentProperties, AnyTextComesBack, ()) {
    const auto points = *rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127));
    Content content;
    content.text = "x" + points;
    content.messages = {};
    const auto again = content_from_json(to_json(content));
    RC_ASSERT(again && *again == content);
}

}  // namespace
}  // namespace steno::prompts
