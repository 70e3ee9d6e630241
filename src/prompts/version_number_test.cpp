#include "prompts/version_number.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace steno::prompts {
namespace {

VersionNumber number(std::string_view text) {
    auto parsed = VersionNumber::parse(text);
    EXPECT_TRUE(parsed) << text;
    return parsed ? *parsed : VersionNumber::first();
}

TEST(PromptVersions, AreInTheOrderOfSemanticVersioning) {
    // Its section 11, with what people write besides.
    const std::vector<std::string_view> ascending = {"0",
                                                     "0.1",
                                                     "1.0.0-alpha",
                                                     "1.0.0-alpha.1",
                                                     "1.0.0-alpha.beta",
                                                     "1.0.0-beta",
                                                     "1.0.0-beta.2",
                                                     "1.0.0-beta.11",
                                                     "1.0.0-rc.1",
                                                     "1.0.0",
                                                     "1.0.1",
                                                     "1.2",
                                                     "1.9",
                                                     "1.10",
                                                     "v2",
                                                     "2.1",
                                                     "2.1.1",
                                                     "10",
                                                     "v11",
                                                     "999999999",
                                                     "20260105103000",
                                                     "999999999999999999"};
    for (std::size_t a = 0; a < ascending.size(); ++a)
        for (std::size_t b = 0; b < ascending.size(); ++b)
            EXPECT_EQ(number(ascending[a]) <=> number(ascending[b]), a <=> b) << ascending[a] << ascending[b];
}

TEST(PromptVersions, AreTheSameHoweverManyPartsAreSaid) {
    for (const char* const text : {"1", "v1", "1.0", "v1.0", "1.0.0"}) {
        EXPECT_EQ(number(text), number("1"));
        EXPECT_EQ(number(text).canonical(), "1.0.0");
        EXPECT_EQ(number(text).text(), text);
    }
    EXPECT_EQ(number("v2.0-rc.1").canonical(), "2.0.0-rc.1");
}

TEST(PromptVersions, GoOnAsTheyWereWritten) {
    const auto next = [](std::string_view text) { return number(text).next()->text(); };
    EXPECT_EQ(next("3"), "4");
    EXPECT_EQ(next("v3"), "v4");
    EXPECT_EQ(next("1.9"), "1.10");
    EXPECT_EQ(next("2.1.7"), "2.2.0");
    EXPECT_EQ(next("2.0.0-rc.1"), "2.0.0");
    EXPECT_EQ(next("1.0-20260105103000"), "1.0");
    EXPECT_FALSE(number("999999999999999999").next());
    EXPECT_TRUE(number("999999999999999998").next());
}

TEST(PromptVersions, RefuseWhatIsNone) {
    for (const char* const text : {"",        "v",         "1.",     ".1",    "1..2",
                                   "1.2.3.4", "01",        "1.02",   "-1",    "+1",
                                   "1.0-",    "1.0-rc..1", "1.0-01", "1.0-ü", "1.0+build",
                                   "latest",  "1 ",        " 1",     "1e5",   "1234567890123456789",
                                   "V1",      "1,0",       "٣"}) {
        const auto parsed = VersionNumber::parse(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().code, Code::InvalidArgument);
        EXPECT_FALSE(parsed.error().remedy.empty());
    }
    EXPECT_FALSE(VersionNumber::parse("1.0-" + std::string(61, 'a')));
    EXPECT_TRUE(VersionNumber::parse("1.0-" + std::string(60, 'a')));
    EXPECT_FALSE(VersionNumber::parse(std::string_view("1\0", 2)));
}

}  // namespace
}  // namespace steno::prompts
