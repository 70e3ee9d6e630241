#include "templates/rendering.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace steno::prompts {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Shelf = std::map<std::string, Content, std::less<>>;

Content text(std::string of) {
    Content content;
    content.text = std::move(of);
    return content;
}

Result<Rendering> rendered(const Content& content, std::string_view variables, const Shelf& shelf = {}) {
    return render(content, *Value::parse(variables), [&](const Reference& reference) -> Result<Content> {
        std::string key(reference.name);
        if (!reference.which.empty()) key.append("@").append(reference.which);
        const auto found = shelf.find(key);
        if (found == shelf.end()) return fail(Code::NotFound, "there is no prompt named " + key);
        return found->second;
    });
}

std::string said(std::string of, std::string_view variables, const Shelf& shelf = {}) {
    const auto rendering = rendered(text(std::move(of)), variables, shelf);
    return rendering ? rendering->text : "error: " + rendering.error().message;
}

TEST(PromptRendering, FillsInWhatIsGivenAsItWasWritten) {
    EXPECT_EQ(said("{{a}} {{{a}}} {{&a}}", R"({"a": "<b> & \"c\""})"), R"(<b> & "c" <b> & "c" <b> & "c")");
    EXPECT_EQ(said("{{n}}", R"({"n": 1.10})"), "1.10");
    EXPECT_EQ(said("{{n}}", R"({"n": 123456789012345678901234567890})"), "123456789012345678901234567890");
    EXPECT_EQ(said("{{b}}{{o}}{{l}}", R"({"b": true, "o": {"z": 1, "a": [null]}, "l": [1, "x"]})"),
              R"(true{"z":1,"a":[null]}[1,"x"])");
}

TEST(PromptRendering, NeverReadsAValueAsATemplate) {
    EXPECT_EQ(said("{{a}}", R"({"a": "{{b}} {{> c}}", "b": "secret"})"), "{{b}} {{> c}}");
    // Nor is an include looked for among the values, where a library's would be.
    EXPECT_THAT(said("{{> a}}", R"({"a": "{{b}}", "b": "secret"})"), HasSubstr("there is no prompt named a"));
}

TEST(PromptRendering, LeavesOutWhatIsFalseNullEmptyOrMissing) {
    for (const char* const value : {"false", "null", "\"\"", "[]"}) {
        const std::string variables = std::string(R"({"x": )") + value + "}";
        EXPECT_EQ(said("{{#x}}yes{{/x}}{{^x}}no{{/x}}", variables), "no") << value;
    }
    EXPECT_EQ(said("{{#x}}yes{{/x}}{{^x}}no{{/x}}", "{}"), "no");
    for (const char* const value : {"true", "0", "\"a\"", "{}", "[0]"}) {
        const std::string variables = std::string(R"({"x": )") + value + "}";
        EXPECT_EQ(said("{{#x}}yes{{/x}}{{^x}}no{{/x}}", variables), "yes") << value;
    }
    EXPECT_EQ(said("a\n  {{#x}}\nb\n  {{/x}}\nc\n", "{}"), "a\nc\n");
}

TEST(PromptRendering, TellsWhatIsMissingUnusedAndUsed) {
    const auto rendering = rendered(
        text("{{name}} {{tone}} {{#history}}{{who}}: {{said}}{{/history}} {{#extra}}{{extra}}{{/extra}}"
             "{{user.age}} {{#never}}{{inside}}{{/never}}"),
        R"({"name": "Ann", "history": [{"who": "a"}], "user": {"name": "x"}, "typo": 1})");
    ASSERT_TRUE(rendering);
    EXPECT_THAT(rendering->missing, ElementsAre("said", "tone", "user.age"));
    EXPECT_THAT(rendering->unused, ElementsAre("typo"));
    EXPECT_THAT(rendering->used, ElementsAre("history", "name", "user"));
}

TEST(PromptRendering, KeepsToWhatIsDeclared) {
    Content content = text("{{tone}}|{{note}}|{{who}}|{{#list}}{{.}}{{/list}}");
    content.variables = {{"tone", VariableType::String, R"("friendly")", true, ""},
                         {"note", VariableType::String, {}, false, ""},
                         {"who", VariableType::String, {}, true, ""},
                         {"list", VariableType::List, "[1, 2]", true, ""},
                         {"count", VariableType::Integer, {}, true, ""}};
    auto rendering = rendered(content, "{}");
    ASSERT_TRUE(rendering);
    EXPECT_EQ(rendering->text, "friendly|||12");
    EXPECT_THAT(rendering->missing, ElementsAre("count", "who"));
    EXPECT_THAT(rendering->used, ElementsAre("list", "tone"));
    // null is as if nothing were given.
    rendering = rendered(content, R"({"tone": null, "who": "x", "count": 2})");
    ASSERT_TRUE(rendering);
    EXPECT_EQ(rendering->text, "friendly||x|12");
    EXPECT_THAT(rendering->missing, IsEmpty());
    EXPECT_THAT(rendering->unused, ElementsAre("count"));
    for (const auto& [variables, what] : {std::pair(R"({"count": 1.5})", "the value of count is no integer"),
                                          std::pair(R"({"count": "1"})", "the value of count is no integer"),
                                          std::pair(R"({"list": "a"})", "the value of list is no list"),
                                          std::pair(R"({"tone": []})", "the value of tone is no string")}) {
        rendering = rendered(content, variables);
        ASSERT_FALSE(rendering) << variables;
        EXPECT_EQ(rendering.error().message, what);
    }
    EXPECT_EQ(rendered(content, R"({"tone": 3, "note": true})")->text, "3|true||12");
    EXPECT_FALSE(rendered(content, "[1]"));
}

TEST(PromptRendering, RendersEachMessage) {
    Content content;
    content.messages = {{"system", "You are {{persona}}."}, {"user", "{{question}}"}};
    const auto rendering = rendered(content, R"({"persona": "kind", "question": "Why?"})");
    ASSERT_TRUE(rendering);
    EXPECT_THAT(rendering->messages,
                ElementsAre(Message{"system", "You are kind."}, Message{"user", "Why?"}));
    EXPECT_EQ(rendering->text, "");
}

TEST(PromptRendering, IncludesOthersWithTheirVariables) {
    Shelf shelf;
    shelf["tone"] = text("Be {{tone}}.");
    shelf["tone"].variables = {{"tone", VariableType::String, R"("brief")", true, ""}};
    shelf["tone@2"] = text("Never be {{tone}}.");
    shelf["both"] = text("{{> tone}} {{> tone@2}}");
    EXPECT_EQ(said("{{> both}}", "{}", shelf), "Be brief. Never be brief.");
    EXPECT_EQ(said("{{#l}}{{> tone}}{{/l}}", R"({"l": [{"tone": "a"}, {"tone": "b"}]})", shelf),
              "Be a.Be b.");
    shelf["chat"].messages = {{"user", "x"}};
    EXPECT_THAT(said("{{> chat}}", "{}", shelf), HasSubstr("only texts can be included"));
    EXPECT_THAT(said("{{> nobody@1}}", "{}", shelf), HasSubstr("{{> nobody@1}}: there is no prompt"));
    shelf["broken"] = text("x\n{{");
    EXPECT_THAT(said("{{> broken}}", "{}", shelf), HasSubstr("{{> broken}}: line 2, column 1"));
}

TEST(PromptRendering, AsksForAnIncludeOnce) {
    int asked = 0;
    const auto rendering =
        render(text("{{> a}}\n  {{> a}}\n\t{{> a}}\n"), {}, [&](const Reference&) -> Result<Content> {
            return text("as it was asked for the first time " + std::to_string(++asked) + "\n");
        });
    ASSERT_TRUE(rendering) << rendering.error().message;
    EXPECT_EQ(asked, 1);
    EXPECT_THAT(rendering->text, HasSubstr("\tas it was asked for the first time 1\n"));
}

TEST(PromptRendering, RefusesCirclesAndDepth) {
    Shelf shelf;
    shelf["a"] = text("{{> b}}");
    shelf["b"] = text("{{#never}}{{> a}}{{/never}}");
    EXPECT_THAT(said("{{> a}}", "{}", shelf), HasSubstr("{{> a}} includes itself: a > b > a"));
    shelf["c"] = text("{{> c@2}}");
    shelf["c@2"] = text("{{> c@1}}");
    EXPECT_THAT(said("{{> c}}", "{}", shelf), HasSubstr("includes itself: c > c@2"));

    for (int i = 0; i < 9; ++i) shelf["d" + std::to_string(i)] = text("{{> d" + std::to_string(i + 1) + "}}");
    shelf["d9"] = text("end");
    EXPECT_EQ(said("{{> d2}}", "{}", shelf), "end");  // eight
    EXPECT_THAT(said("{{> d1}}", "{}", shelf), HasSubstr("more than 8 deep"));
    // Known already by a short way, and too deep by another.
    EXPECT_THAT(said("{{> d2}}{{> d1}}", "{}", shelf), HasSubstr("more than 8 deep"));
}

TEST(PromptRendering, EndsWhateverItIsGiven) {
    // Loops in loops: 10^10 rounds of nothing.
    std::string loops;
    for (int i = 0; i < 10; ++i) loops += "{{#a}}";
    for (int i = 0; i < 10; ++i) loops += "{{/a}}";
    EXPECT_THAT(said(loops, R"({"a": [1,2,3,4,5,6,7,8,9,10]})"), HasSubstr("steps to render"));
    // Includes in includes: 4^8 of them.
    Shelf shelf;
    for (int i = 0; i < 8; ++i) {
        const std::string next = "{{> e" + std::to_string(i + 1) + "}}";
        shelf["e" + std::to_string(i)] = text(next + next + next + next);
    }
    shelf["e8"] = text("x");
    EXPECT_THAT(said("{{> e1}}", "{}", shelf), HasSubstr("more than 10000 includes"));
    // A large value many times.
    const std::string variables =
        R"({"l": [1,2,3,4,5,6,7,8,9,10,11], "x": ")" + std::string(1'000'000, 'x') + "\"}";
    EXPECT_THAT(said("{{#l}}{{x}}{{/l}}", variables), HasSubstr("more than 10485760 bytes"));
    // Large includes.
    for (int i = 0; i < 3; ++i) shelf["big" + std::to_string(i)] = text(std::string(4'000'000, 'x'));
    EXPECT_THAT(said("{{#no}}{{> big0}}{{> big1}}{{> big2}}{{/no}}", "{}", shelf),
                HasSubstr("the includes have more than"));
    // What includes declare.
    Shelf declaring;
    std::string all;
    for (int i = 0; i < 3; ++i) {
        const std::string name = "d" + std::to_string(i);
        declaring[name] = text("x");
        declaring[name].variables = {
            {name, VariableType::String, "\"" + std::string(400'000, 'x') + "\"", true, ""}};
        all += "{{> " + name + "}}";
    }
    EXPECT_THAT(said(all, "{}", declaring), HasSubstr("declare variables of more than"));
    // Short lines and a wide indent.
    shelf["lines"] = text(std::string(100'000, '\n'));
    EXPECT_THAT(said(std::string(1000, ' ') + "{{> lines}}", "{}", shelf), HasSubstr("more than"));
    // A prompt of ten megabytes as such is none too large.
    EXPECT_EQ(said(std::string(kMaxContent, 'x'), "{}").size(), kMaxContent);
}

TEST(PromptRendering, KeepsNumbersToTheDigit) {
    for (const char* const number :
         {"1", "1.0", "-0", "0.10", "1E400", "1e-9", "123456789012345678901234567890"})
        EXPECT_EQ(said("{{n}}", std::string(R"({"n": )") + number + "}"), number);
    Content content = text("{{n}} {{i}}");
    content.variables = {{"n", VariableType::Number, "1.50", true, ""},
                         {"i", VariableType::Integer, "12345678901234567890", true, ""}};
    EXPECT_EQ(rendered(content, "{}")->text, "1.50 12345678901234567890");
    EXPECT_EQ(rendered(content, R"({"n": 1.0})")->text, "1.0 12345678901234567890");
    EXPECT_FALSE(rendered(content, R"({"i": 1.0})"));
}

TEST(PromptRendering, IsTheSameWithAllThatIsIncludedAtHand) {
    Shelf shelf = {{"a", text("a {{> b@production}}")}, {"b@production", text("b {{mood}}")}};
    shelf["b@production"].variables = {{"mood", VariableType::String, "\"good\"", true, "how"}};
    shelf["b@production"].goal = "is not needed";
    const Content content = text("{{> a}} {{> b @ production}} {{question}}");
    const Includes from_shelf = [&](const Reference& reference) -> Result<Content> {
        const auto found = shelf.find(std::string(reference.name) +
                                      (reference.which.empty() ? "" : "@" + std::string(reference.which)));
        if (found == shelf.end()) return fail(Code::NotFound, "there is none");
        return found->second;
    };
    const auto included = included_in(content, from_shelf);
    ASSERT_TRUE(included) << included.error().message;
    ASSERT_EQ(included->size(), 2U);
    EXPECT_EQ(included->at("b@production").goal, "");
    const Value variables = *Value::parse(R"({"question": "why"})");
    EXPECT_EQ(render(content, variables, from(*included))->text, "a b good b good why");
    EXPECT_EQ(render(text("{{> c}}"), variables, from(*included)).error().code, Code::NotFound);
    // What could not be rendered is not given away in parts.
    EXPECT_FALSE(included_in(text("{{> a}} {{> c}}"), from_shelf));
    shelf["a"] = text("{{> a}}");
    EXPECT_THAT(included_in(content, from_shelf).error().message, HasSubstr("includes itself"));
}

TEST(PromptRendering, RefusesTreesThatAreTooLarge) {
    std::string list = "[0";
    for (std::size_t i = 0; i < Value::kMaxValues; ++i) list += ",0";
    const auto value = Value::parse(list + "]");
    ASSERT_FALSE(value);
    EXPECT_EQ(value.error().code, Code::ResourceExhausted);
    EXPECT_FALSE(Value::parse(std::string(100'000, '[')));
    EXPECT_FALSE(Value::parse("{"));
    EXPECT_FALSE(Value::parse("1 2"));
    // As many as there may be, and what is wrong is something else.
    list.resize(1);
    for (std::size_t i = 2; i < Value::kMaxValues; ++i) list += "0,";
    EXPECT_TRUE(Value::parse(list + "0]"));
    EXPECT_EQ(Value::parse(list + "0] x").error().code, Code::InvalidArgument);
    EXPECT_EQ(Value::parse(R"({"b": 1, "a": 2, "b": [3]})")->to_json(), R"({"b":[3],"a":2})");
    EXPECT_EQ(Value::parse(R"({"b": {}, "a": [1, {"x": null}]})")->to_lines(),
              "{\n  \"b\": {},\n  \"a\": [\n    1,\n    {\n      \"x\": null\n    }\n  ]\n}");
}

}  // namespace
}  // namespace steno::prompts
