// The cases of the Mustache specification (https://github.com/mustache/spec, 9cb20c3d, January 2025; its
// licence stands beside them). What of it is not for prompts is named here, with what is done instead.
#include "templates/rendering.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <string>

namespace steno::prompts {
namespace {

Value cases_of(const std::string& name) {
    std::ifstream file(STENO_MUSTACHE_CASES "/" + name + ".json");
    const std::string json{std::istreambuf_iterator<char>(file), {}};
    auto cases = Value::parse(json);
    EXPECT_TRUE(cases) << name;
    return cases ? *cases->member("tests") : Value{};
}

/// Prompts are not HTML: what the specification escapes stands as it is.
const std::map<std::string, std::string> kUnescaped = {
    {"HTML Escaping", "These characters should be HTML escaped: & \" < >\n"},
    {"Implicit Iterators - HTML Escaping", "These characters should be HTML escaped: & \" < >\n"},
    {"Implicit Iterator - HTML Escaping", "\"(&)(\")(<)(>)\""},
};
/// An include that includes itself is refused, also where the data would end it.
constexpr std::string_view kRecursion = "Recursion";
/// An include that is not there is an error, and no empty text.
constexpr std::string_view kFailedLookup = "Failed Lookup";

void run(const std::string& name, std::size_t wanted) {
    const Value cases = cases_of(name);
    std::size_t ran = 0;
    for (const Value& one : cases.items) {
        const std::string title = one.member("name")->text;
        Content content;
        content.text = one.member("template")->text;
        const Value* partials = one.member("partials");
        const auto rendering =
            render(content, *one.member("data"), [&](const Reference& reference) -> Result<Content> {
                const Value* partial = partials == nullptr ? nullptr : partials->member(reference.name);
                if (partial == nullptr) return fail(Code::NotFound, "no such prompt");
                Content included;
                included.text = partial->text;
                return included;
            });
        ++ran;
        // Variables have names: a text or a list alone is refused.
        const bool named = one.member("data")->type == Value::Type::Object;
        if (title == kRecursion || title == kFailedLookup || !named) {
            EXPECT_FALSE(rendering) << title;
            continue;
        }
        ASSERT_TRUE(rendering) << name << ": " << title << ": " << rendering.error().message;
        const auto unescaped = kUnescaped.find(title);
        std::string expected = one.member("expected")->text;
        if (unescaped != kUnescaped.end()) expected = unescaped->second;
        EXPECT_EQ(rendering->text, expected) << name << ": " << title;
    }
    EXPECT_EQ(ran, wanted) << name;
}

TEST(PromptSpecification, Comments) {
    run("comments", 12);
}
TEST(PromptSpecification, Delimiters) {
    run("delimiters", 14);
}
TEST(PromptSpecification, Interpolation) {
    run("interpolation", 42);
}
TEST(PromptSpecification, Inverted) {
    run("inverted", 22);
}
TEST(PromptSpecification, Partials) {
    run("partials", 12);
}
TEST(PromptSpecification, Sections) {
    run("sections", 34);
}

}  // namespace
}  // namespace steno::prompts
