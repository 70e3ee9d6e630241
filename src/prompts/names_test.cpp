#include "prompts/names.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace steno::prompts {
namespace {

using testing::HasSubstr;

std::string problem(const Result<void>& good) {
    if (good) return "";
    EXPECT_EQ(good.error().code, Code::InvalidArgument);
    return good.error().message;
}

TEST(PromptNames, AreOfAnyScript) {
    for (const char* const name : {"a", "A b", "größe", "名前/日本語", "مطالب", "می\u200cخواهم",
                                   "👩\u200d🚀 start", "{{x}}", "..a", "%2F", "ﬁ"})
        EXPECT_EQ(problem(check_name(name)), "") << name;
    // As many bytes as a call carries: a longer one would be cut there, and be another's.
    std::string wide;
    for (int i = 0; i < 66; ++i) wide += "名";
    EXPECT_EQ(problem(check_name(wide + "xy")), "");
    EXPECT_THAT(problem(check_name(wide + "xyz")), HasSubstr("more than 200 bytes"));
}

TEST(PromptNames, HaveNothingThatNobodySees) {
    for (const char* const name : {"a\nb", "a\x7f", "a\u0080", "a\u200b",
                                   "\ufeff"
                                   "a",
                                   "a\u00ad"
                                   "b",
                                   "\u202e"
                                   "a",
                                   "\u2066x", "a\u2028", "a\u2060", "a\u200e", "a\U000e0041"})
        EXPECT_THAT(problem(check_name(name)), HasSubstr("nobody sees")) << name;
    for (const char* const name : {" a", "a ",
                                   "\u00a0"
                                   "a",
                                   "a\u3000"})
        EXPECT_THAT(problem(check_name(name)), HasSubstr("begins or ends with a space")) << name;
    EXPECT_THAT(problem(check_name(std::string("a\0b", 3))), HasSubstr("nobody sees"));
    for (const char* const name : {"\xff", "a\xc3", "\xed\xa0\x80"})
        EXPECT_THAT(problem(check_name(name)), HasSubstr("no UTF-8"));
}

TEST(PromptNames, AreTheSameWhereTheyLookTheSame) {
    EXPECT_EQ(problem(check_name("caf\u00e9")), "");
    const auto decomposed = check_name("cafe\u0301");
    EXPECT_THAT(problem(decomposed), HasSubstr("put together of several"));
    EXPECT_THAT(decomposed.error().remedy, HasSubstr("\"caf\u00e9\""));
    EXPECT_THAT(problem(check_name("\u212b")), HasSubstr("put together"));  // the sign for Ångström
}

TEST(PromptNames, OfVariablesHaveNoSpaces) {
    for (const char* const name : {"a", "größe", "名前", "🙂", "a-b_C9", "می\u200cخواهم"})
        EXPECT_TRUE(is_variable_name(name)) << name;
    for (const char* const name : {"", " ", "a b", "\u00a0name", "name\u00a0", "a\u200b",
                                   "a\u3000"
                                   "b",
                                   "a.b", "a\u2028", "\xff"})
        EXPECT_FALSE(is_variable_name(name)) << name;
}

TEST(PromptNames, OfModelsRolesAndPeopleStandOnOneLine) {
    EXPECT_EQ(problem(check_word("author", "Zoë 名")), "");
    EXPECT_EQ(problem(check_word("author", "")), "");
    EXPECT_THAT(problem(check_word("author", "a\nb")), HasSubstr("author: ends of lines"));
    EXPECT_THAT(problem(check_word("author", std::string(201, 'a'))), HasSubstr("longer than 200 bytes"));
    EXPECT_THAT(problem(check_word("author", "\xff")), HasSubstr("author: no UTF-8"));
    EXPECT_EQ(problem(check_text("goal", "a\n\tb\u200b", 10)), "");
    EXPECT_THAT(problem(check_text("goal", "\x01", 10)), HasSubstr("goal: control characters"));
    EXPECT_THAT(problem(check_text("goal", "\xc3", 10)), HasSubstr("no UTF-8"));
}

}  // namespace
}  // namespace steno::prompts
