#include "templates/template.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace steno::prompts {
namespace {

std::string problem(std::string text) {
    const auto parsed = Template::parse(std::move(text));
    if (parsed) return "";
    EXPECT_EQ(parsed.error().code, Code::InvalidArgument);
    return parsed.error().message;
}

TEST(PromptTemplates, SayWhereTheyAreWrong) {
    using testing::HasSubstr;
    EXPECT_EQ(problem("one\ntwo {{name"), "line 2, column 5: a tag begins and does not end: }} is missing");
    EXPECT_EQ(problem("{{{name}}"), "line 1, column 1: a tag begins and does not end: }}} is missing");
    EXPECT_EQ(problem("{{#a}}\n  {{^b}}\n{{/b}}"), "line 1, column 1: {{#a}} is not closed");
    EXPECT_EQ(problem("{{#a}}{{#b}}{{/a}}{{/b}}"),
              "line 1, column 13: {{/a}} where {{#b}} of line 1, column 7 is still open");
    EXPECT_EQ(problem("x\r\n\r\n{{/a}}"), "line 3, column 1: {{/a}} closes nothing");
    EXPECT_EQ(problem("{{}}"), "line 1, column 1: a tag without a name");
    EXPECT_EQ(problem("äöü {{ }}"), "line 1, column 5: a tag without a name");  // columns count characters
    EXPECT_EQ(problem("{{#}}{{/}}"), "line 1, column 1: a tag without a name");
    for (const char* const text :
         {"{{a..b}}", "{{.a}}", "{{a.}}", "{{a b}}", "{{#if x}}{{/if}}", "{{x | upper}}", "{{\"a\": 1}}",
          "{{x()}}", "{{a/b}}", "{{../a}}", "{{a\n}}{{b c}}"})
        EXPECT_THAT(problem(text), HasSubstr("is no name")) << text;
    for (const char* const text :
         {"{{==}}", "{{=x=}}", "{{=a b c=}}", "{{=a= b=}}", "{{= =}}", "{{=aaaaaaaaaaaaaaaaaaaaaaaa b=}}"})
        EXPECT_THAT(problem(text), HasSubstr("no two marks")) << text;
    EXPECT_EQ(problem("ä\nö\xff"), "line 2, column 2: no UTF-8");
    for (const char* const text : {"{{>}}", "{{> @production}}", "{{> tone@}}"})
        EXPECT_THAT(problem(text), HasSubstr("an include names a prompt")) << text;
}

TEST(PromptTemplates, TakeWhatIsNoTag) {
    for (const char* const text :
         {"", "{", "}", "}}", "{\"a\": {\"b\": 1}}", "{ {x} }", "{{=<% %>=}}{{ 1 }} and {{#", "{{! {{ }} }}"})
        EXPECT_EQ(problem(text), "") << text;
}

TEST(PromptTemplates, KnowNamesOfAnyScript) {
    const auto parsed = Template::parse("{{größe}} {{名前.姓}} {{🙂}} {{a-b_C9}}");
    ASSERT_TRUE(parsed);
    std::vector<std::string> names;
    for (const auto& node : parsed->nodes())
        if (node.kind == Template::Kind::Variable) names.emplace_back(parsed->text_of(node));
    EXPECT_THAT(names, testing::ElementsAre("größe", "名前.姓", "🙂", "a-b_C9"));
}

TEST(PromptTemplates, AreBounded) {
    const auto nested = [](std::size_t depth) {
        std::string text;
        for (std::size_t i = 0; i < depth; ++i) text += "{{#a}}";
        for (std::size_t i = 0; i < depth; ++i) text += "{{/a}}";
        return problem(text);
    };
    EXPECT_EQ(nested(Template::kMaxDepth), "");
    EXPECT_EQ(nested(Template::kMaxDepth + 1), "line 1, column 385: more than 64 sections in each other");
    EXPECT_THAT(nested(30'000), testing::HasSubstr("more than 64 sections"));

    std::string tags;
    for (std::size_t i = 0; i < Template::kMaxTags; ++i) tags += "{{a}}";
    EXPECT_EQ(problem(tags), "");
    EXPECT_THAT(problem(tags + "{{a}}"), testing::HasSubstr("more than 100000 tags"));

    EXPECT_EQ(problem(std::string(Template::kMaxText, '{')).substr(0, 17), "line 1, column 1:");
    EXPECT_EQ(problem(std::string(Template::kMaxText, 'x')), "");
    EXPECT_THAT(problem(std::string(Template::kMaxText + 1, 'x')), testing::HasSubstr("10485760 at most"));
    EXPECT_EQ(problem("{{" + std::string(Template::kMaxName, 'n') + "}}"), "");
    EXPECT_THAT(problem("{{" + std::string(Template::kMaxName + 1, 'n') + "}}"),
                testing::HasSubstr("is no name"));
}

TEST(PromptTemplates, ReadReferences) {
    const auto is = [](std::string_view include, std::string_view name, std::string_view which) {
        const Reference reference = reference_of(include);
        return reference.name == name && reference.which == which;
    };
    EXPECT_TRUE(is("tone", "tone", ""));
    EXPECT_TRUE(is("support/tone@production", "support/tone", "production"));
    EXPECT_TRUE(is("tone@1.2.0-rc.1", "tone", "1.2.0-rc.1"));
    EXPECT_TRUE(is("tone @ production", "tone", "production"));
    // The longest name, in characters of four bytes, and the longest label.
    std::string name;
    for (int i = 0; i < 200; ++i) name += "🙂";
    EXPECT_EQ(problem("{{> " + name + "@" + std::string(100, 'x') + "}}"), "");
}

}  // namespace
}  // namespace steno::prompts
