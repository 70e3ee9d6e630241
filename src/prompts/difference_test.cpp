#include "prompts/difference.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace steno::prompts {
namespace {

/// " same", "-gone", "+come", with [changed] words in brackets.
std::string shown(const std::vector<Hunk>& hunks) {
    std::string out;
    for (const Hunk& hunk : hunks) {
        out += "@" + std::to_string(hunk.from_line) + "," + std::to_string(hunk.to_line) + "\n";
        for (const DiffLine& line : hunk.lines) {
            out += line.change == Change::Same ? ' ' : line.change == Change::Removed ? '-' : '+';
            for (const Piece& piece : line.pieces) out += piece.changed ? "[" + piece.text + "]" : piece.text;
            out += '\n';
        }
    }
    return out;
}

TEST(PromptDifference, MarksTheWordsThatChanged) {
    EXPECT_EQ(
        shown(compare_texts("Be kind.\nAnswer briefly.\nEnd.\n", "Be kind.\nAnswer at length.\nEnd.\n")),
        "@1,1\n Be kind.\n-Answer [briefly].\n+Answer [at length].\n End.\n");
    EXPECT_EQ(shown(compare_texts("a\nb\n", "a\nnew\nb\n")), "@1,1\n a\n+[new]\n b\n");
    EXPECT_EQ(shown(compare_texts("größe eins\n", "größe zwei\n")), "@1,1\n-größe [eins]\n+größe [zwei]\n");
    EXPECT_EQ(shown(compare_texts("", "a\n")), "@1,1\n+[a]\n");
    EXPECT_EQ(shown(compare_texts("a\n", "")), "@1,1\n-[a]\n");
    EXPECT_TRUE(compare_texts("a\n", "a\n").empty());
    EXPECT_FALSE(compare_texts("a", "a\n").empty());
}

TEST(PromptDifference, ShowsThreeLinesAround) {
    std::string from;
    for (int i = 1; i <= 30; ++i) from += "line " + std::to_string(i) + "\n";
    std::string to = from;
    to.replace(to.find("line 5\n"), 6, "LINE 5");
    to.replace(to.find("line 20\n"), 7, "LINE 20");
    EXPECT_EQ(shown(compare_texts(from, to)),
              "@2,2\n line 2\n line 3\n line 4\n-[line] 5\n+[LINE] 5\n line 6\n line 7\n line 8\n"
              "@17,17\n line 17\n line 18\n line 19\n-[line] 20\n+[LINE] 20\n line 21\n line 22\n line 23\n");
}

TEST(PromptDifference, IsBoundedForTextsThatHaveNothingInCommon) {
    std::string from;
    std::string to;
    for (int i = 0; i < 300'000; ++i) {
        from += "a" + std::to_string(i) + "\n";
        to += "b" + std::to_string(i) + "\n";
    }
    const auto hunks = compare_texts(from, to);
    ASSERT_EQ(hunks.size(), 1);
    EXPECT_EQ(hunks[0].lines.size(), 600'000);
    // One line of ten megabytes.
    EXPECT_EQ(compare_texts(std::string(10'000'000, 'a'), std::string(10'000'000, 'b')).size(), 1);
}

TEST(PromptDifference, TellsEachMember) {
    const auto content = [](const char* json) { return *content_from_json(json); };
    const Difference difference = compare(
        content(R"({"text": "a", "model": "x", "temperature": 0.5, "parameters": {"stop": "a", "n": 1},
            "tools": [{"name": "t"}], "variables": [{"name": "a"}, {"name": "b"}]})"),
        content(R"({"messages": [{"role": "user", "content": "a"}], "model": "y", "temperature": 0.50,
            "parameters": {"n": 2, "stop": "a", "k": true}, "variables": [{"name": "b", "required": false}, {"name": "c"}]})"));
    std::string fields;
    for (const FieldChange& change : difference.fields)
        fields += change.field + " " + change.from.value_or("-") + " " + change.to.value_or("-") + "; ";
    EXPECT_EQ(fields,
              "model \"x\" \"y\"; parameters.n 1 2; parameters.k - true; messages[0].role - \"user\"; ");
    std::string texts;
    for (const TextChange& change : difference.texts) texts += change.field + " ";
    EXPECT_EQ(texts, "tools text messages[0] ");
    std::string variables;
    for (const VariableChange& change : difference.variables)
        variables += change.name + (change.from ? " -" : "") + (change.to ? " +" : "") + "; ";
    EXPECT_EQ(variables, "a -; b - +; c +; ");
    EXPECT_TRUE(compare(content(R"({"text": "a"})"), content(R"({"text": "a"})")).none());
}

/// Taking what is said as removed out, and what is said as added in, makes of one text the other.
RC_GTEST_PROP(PromptDifferenceProperties, LeadsFromOneToTheOther, ()) {
    const auto lines = rc::gen::container<std::vector<std::string>>(
        rc::gen::elementOf(std::vector<std::string>{"a", "b", "c d", "c e", ""}));
    const auto join = [](const std::vector<std::string>& parts) {
        std::string text;
        for (const std::string& part : parts) text += part + "\n";
        return text;
    };
    const std::vector<std::string> from = *lines;
    const std::vector<std::string> to = *lines;
    std::vector<std::string> made;
    std::size_t next = 0;
    for (const Hunk& hunk : compare_texts(join(from), join(to))) {
        while (next < hunk.from_line - 1) made.push_back(from[next++]);
        RC_ASSERT(made.size() == hunk.to_line - 1);
        for (const DiffLine& line : hunk.lines) {
            std::string text;
            for (const Piece& piece : line.pieces) text += piece.text;
            if (line.change != Change::Added) RC_ASSERT(text == from[next++]);
            if (line.change != Change::Removed) made.push_back(text);
        }
    }
    while (next < from.size()) made.push_back(from[next++]);
    RC_ASSERT(made == to);
}

}  // namespace
}  // namespace steno::prompts
