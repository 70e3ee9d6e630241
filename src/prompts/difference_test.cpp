#include "prompts/difference.hpp"

#include "prompts/check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
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
    EXPECT_EQ(hunks[0].lines.size(), kMaxLinesShown);
    EXPECT_EQ(hunks[0].more_removed, 300'000 - kMaxLinesShown);
    EXPECT_EQ(hunks[0].more_added, 300'000);
    // One line of ten megabytes.
    EXPECT_EQ(compare_texts(std::string(10'000'000, 'a'), std::string(10'000'000, 'b')).size(), 1);
}

TEST(PromptDifference, IsBoundedForTextsOfShortLines) {
    std::string from = "1\n2\n3\n4\n5\n";
    std::string to = from;
    for (int i = 0; i < 5'000'000; ++i) {
        from += "a\n";
        to += "b\n";
    }
    from += "6\n7\n8\n9\n";
    to += "6\n7\n8\n9\n";
    const auto hunks = compare_texts(from, to);
    ASSERT_EQ(hunks.size(), 1);
    EXPECT_EQ(hunks[0].from_line, 3);
    EXPECT_EQ(hunks[0].lines.size(), kMaxLinesShown);
    EXPECT_EQ(hunks[0].lines[2].change, Change::Same);
    EXPECT_EQ(hunks[0].lines[3].change, Change::Removed);
    EXPECT_EQ(hunks[0].more_removed, 5'000'000 - (kMaxLinesShown - 3));
    EXPECT_EQ(hunks[0].more_added, 5'000'000);
    // Where little changed, nothing is left out: what is the same around it is not looked at by lines.
    std::string almost = from;
    almost.replace(almost.find("3\n"), 1, "three");
    almost.replace(almost.find("7\n"), 1, "seven");
    std::string one = from;
    one.insert(one.find("6\n"), "new\n");
    EXPECT_EQ(shown(compare_texts(from, one)), "@5000003,5000003\n a\n a\n a\n+[new]\n 6\n 7\n 8\n");
    const auto apart = compare_texts(from, almost);
    ASSERT_EQ(apart.size(), 1);  // too many lines between the two
    EXPECT_EQ(apart[0].from_line, 1);
}

TEST(PromptDifference, IsBoundedAcrossAllTexts) {
    Content from;
    Content to;
    for (int message = 0; message < 20; ++message) {
        std::string lines;
        for (int i = 0; i < 20'000; ++i) lines += "a\n";
        from.messages.push_back({"user", lines});
        std::ranges::replace(lines, 'a', 'b');
        to.messages.push_back({"user", lines});
    }
    std::size_t lines = 0;
    std::size_t more = 0;
    const Difference difference = compare(from, to);
    EXPECT_EQ(difference.texts.size(), 20);
    for (const TextChange& text : difference.texts)
        for (const Hunk& hunk : text.hunks) {
            lines += hunk.lines.size();
            more += hunk.more_removed + hunk.more_added;
        }
    EXPECT_EQ(lines, kMaxLinesShown);
    EXPECT_EQ(lines + more, 20 * 2 * 20'000);
}

TEST(PromptDifference, EndsWhereAlmostAllIsTheSameAndNothingStandsInItsPlace) {
    // Marks of each text's own among lines that are the same: the most work for the algorithm.
    std::string from;
    std::string to;
    for (int i = 0; i < 400'000; ++i) {
        from += i % 300 == 7 ? "p" + std::to_string(i) + "\n" : "x\n";
        to += i % 300 == 160 ? "q" + std::to_string(i) + "\n" : "x\n";
    }
    EXPECT_FALSE(compare_texts(from, to).empty());
}

TEST(PromptDifference, TellsCharactersOfScriptsWithoutSpaces) {
    EXPECT_EQ(shown(compare_texts("簡潔に答えてください\n", "丁寧に答えてください\n")),
              "@1,1\n-[簡潔]に答えてください\n+[丁寧]に答えてください\n");
}

TEST(PromptDifference, ShowsSettingsOfAsManyValuesAsTheyMayHave) {
    Content from;
    from.text = "x";
    from.tools = "[0";
    while (from.tools.size() + 3 <= kMaxSettings) from.tools += ",0";
    from.tools += "]";
    ASSERT_TRUE(check(from));
    Content to = from;
    to.tools[1] = '1';
    const Difference difference = compare(from, to);
    ASSERT_EQ(difference.texts.size(), 1);
    EXPECT_EQ(difference.texts[0].field, "tools");
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
