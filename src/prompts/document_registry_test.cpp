#include "prompts/document_registry.hpp"

#include "templates/rendering.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace steno::prompts {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kVersion =
    R"({"name": "coaching_system", "version": "1.0", "goal": "Coach", "model": "llama3.1:8b", "temperature": 0.7,
        "token_limit": 500, "top_k": 40, "top_p": 0.9, "prompt": "Tasks: {task_context}", "output": "last one",
        "created_at": "2026-01-05T10:00:00.250000"})";

TEST(PromptDocuments, AreReadInEveryFormThatProgramsWrite) {
    const std::string version = kVersion;
    for (const std::string& json :
         {R"({"coaching_system": {"1.0": )" + version + "}}", R"({"coaching_system": [)" + version + "]}",
          R"({"coaching_system": )" + version + "}", "[" + version + "]",
          R"({"prompts": {"coaching_system": [)" + version + "]}}", R"({"prompts": [)" + version + "]}"}) {
        const auto read = read_document_registry(json, Texts::Templates);
        ASSERT_TRUE(read) << json << read.error().message;
        ASSERT_EQ(read->prompts.size(), 1);
        EXPECT_EQ(read->prompts[0].name, "coaching_system");
        const NewVersion& fresh = read->prompts[0].versions.at(0);
        EXPECT_EQ(fresh.number->text(), "1.0");
        EXPECT_EQ(fresh.content.goal, "Coach");
        EXPECT_EQ(fresh.content.model, "llama3.1:8b");
        EXPECT_EQ(fresh.content.temperature, 0.7);
        EXPECT_EQ(fresh.content.token_limit, 500);
        EXPECT_EQ(fresh.content.top_k, 40);
        EXPECT_EQ(fresh.content.top_p, 0.9);
        EXPECT_EQ(fresh.content.text, "Tasks: {task_context}");
        EXPECT_EQ(fresh.created_at->to_string(), "2026-01-05T10:00:00.250000000Z");
        EXPECT_THAT(read->left_out, ElementsAre("output"));
    }
}

TEST(PromptDocuments, TakeVersionsInTheirOrder) {
    const auto read = read_document_registry(
        R"({"a": {"1.10": {"prompt": "c", "temperature": null}, "1.9": {"prompt": "b"}, "1": {"prompt": "a"}}})",
        Texts::Templates);
    ASSERT_TRUE(read);
    std::string order;
    for (const NewVersion& version : read->prompts[0].versions)
        order += version.number->text() + version.content.text + " ";
    EXPECT_EQ(order, "1a 1.9b 1.10c ");
    const auto number =
        read_document_registry(R"({"a": [{"version": 1.0, "prompt": "a"}]})", Texts::Templates);
    EXPECT_EQ(number->prompts[0].versions[0].number->text(), "1.0");
}

TEST(PromptDocuments, SayWhatIsWrong) {
    for (const auto& [json, what] : std::initializer_list<std::pair<const char*, const char*>>{
             {"", "no JSON"},
             {"3", "no prompt registry"},
             {R"([{"prompt": "x"}])", "has no name"},
             {R"({"a": [{"prompt": "x"}]})", "\"a\" : a version without its number"},
             {R"({"a": {"one": {"prompt": "x"}}})", "\"a\" one: \"one\" is no version"},
             {R"({"a": {"1": "x"}})", "\"a\" 1: a version is an object"},
             // One version's own members, where prompts are expected, are no empty prompts.
             {R"({"name": "a", "version": "1.0", "prompt": "x"})", "\"name\": versions, and not \"a\""},
             {R"({"a": 3})", "\"a\": versions, and not 3"},
             {R"({"a": {"1": {"prompt": 3}}})", "\"a\" 1: text: a text"},
             {R"({"a": {"1": {"prompt": "x", "temperature": "hot"}}})", "temperature: a number"},
             {R"({"a": {"1": {"prompt": "x", "created_at": "yesterday"}}})", "created_at"}}) {
        const auto read = read_document_registry(json, Texts::Templates);
        ASSERT_FALSE(read) << json;
        EXPECT_THAT(read.error().message, HasSubstr(what)) << json;
    }
}

TEST(PromptDocuments, MakeTemplatesOfFormatStrings) {
    EXPECT_EQ(*template_of_format_string("Tasks: {task_context}."), "Tasks: {{task_context}}.");
    EXPECT_EQ(*template_of_format_string("no field { here }"), "no field { here }");
    EXPECT_EQ(*template_of_format_string("{x:>8} {a[0]} {}"), "{x:>8} {a[0]} {}");
    // It must not become another text: then it is said.
    const auto all_marks = template_of_format_string("{{{{ <% << [[ {name}");
    ASSERT_FALSE(all_marks);
    EXPECT_THAT(all_marks.error().message, HasSubstr("cannot be told from its text"));
    const auto told =
        read_document_registry(R"({"a": {"1": {"prompt": "{{{{ <% << [[ {x}"}}})", Texts::FormatStrings);
    ASSERT_FALSE(told);
    EXPECT_THAT(told.error().message, HasSubstr("\"a\" 1: its {variables}"));
    // Each is what Python makes of it with name = "N".
    for (const auto& [format, made] : std::initializer_list<std::pair<const char*, const char*>>{
             {"{name}", "N"},
             {"{{name}}", "{name}"},
             {"{{{name}}}", "{N}"},
             {"{{\"a\": \"{name}\", \"b\": {{}}}}", "{\"a\": \"N\", \"b\": {}}"},
             {"{{{{ {name} <% }}}}", "{{ N <% }}"},
             {"\n{{{name}}}\n", "\n{N}\n"},
             {"", ""}}) {
        Content content;
        const auto text = template_of_format_string(format);
        ASSERT_TRUE(text) << format;
        content.text = *text;
        const auto rendering = render(content, *Value::parse(R"({"name": "N"})"), {});
        ASSERT_TRUE(rendering) << format;
        EXPECT_EQ(rendering->text, made) << content.text;
    }
    const auto read = read_document_registry(R"({"a": {"1": {"prompt": "{x}"}}})", Texts::FormatStrings);
    EXPECT_EQ(read->prompts[0].versions[0].content.text, "{{x}}");
}

}  // namespace
}  // namespace steno::prompts
