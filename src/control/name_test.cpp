#include "control/name.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace steno::control {
namespace {

std::string utf8(char32_t c) {
    std::string text;
    const auto put = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
    const auto rest = [&](int shift) { put(0x80 | ((c >> shift) & 0x3f)); };
    if (c < 0x80) {
        put(c);
    } else if (c < 0x800) {
        put(0xc0 | (c >> 6)), rest(0);
    } else if (c < 0x10000) {
        put(0xe0 | (c >> 12)), rest(6), rest(0);
    } else {
        put(0xf0 | (c >> 18)), rest(12), rest(6), rest(0);
    }
    return text;
}

TEST(Name, OfAnyScriptIsFine) {
    for (const char* const name : {"a", "A b", "größe", "名前/日本語", "مطالب", "한글", "ខ្មែរ", "a\u00a0b",
                                   "{{x}}", "🙂", "¹²", "e\u0301"})
        EXPECT_EQ(wrong_with_name(name, 200), "") << name;
}

TEST(Name, HasNothingThatNobodySees) {
    // Unicode 15.0, DerivedCoreProperties.txt: Default_Ignorable_Code_Point, whole.
    const std::vector<std::pair<char32_t, char32_t>> ignorable = {
        {0xad, 0xad},       {0x34f, 0x34f},    {0x61c, 0x61c},   {0x115f, 0x1160}, {0x17b4, 0x17b5},
        {0x180b, 0x180f},   {0x200b, 0x200f},  {0x202a, 0x202e}, {0x2060, 0x206f}, {0x3164, 0x3164},
        {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},  {0xffa0, 0xffa0}, {0xfff0, 0xfff8}, {0x1bca0, 0x1bca3},
        {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}};
    const std::vector<std::pair<char32_t, char32_t>> others = {
        {0x0, 0x1f},        {0x7f, 0x9f},     {0x2028, 0x2029}, {0x2800, 0x2800},
        {0x1d159, 0x1d159}, {0xe000, 0xe001}, {0xf8ff, 0xf8ff}, {0x10fffd, 0x10ffff},
        {0x378, 0x379},     {0xfdd0, 0xfdd0}, {0xfffe, 0xffff}, {0x600, 0x600}};
    for (const auto* const list : {&ignorable, &others})
        for (const auto& [first, last] : *list)
            for (char32_t c = first; c <= last; ++c) {
                const std::string told =
                    fmt::format("has U+{:04X}, which nobody sees", static_cast<std::uint32_t>(c));
                for (const std::string& name : {"a" + utf8(c) + "b", "a" + utf8(c), utf8(c) + "a", utf8(c)})
                    ASSERT_EQ(wrong_with_name(name, 200), told) << name;
            }
}

TEST(Name, MayHaveWhatShowsByItsNeighbours) {
    for (const char* const name :
         {"می\u200cخواهم", "क्\u200dष", "क्\u200cष", "👩\u200d🚀 start", "🏳\ufe0f\u200d🌈", "❤\ufe0f",
          "🙂\u200d↔\ufe0f", "👩🏽\u200d💻", "1\ufe0f\u20e3", "#\ufe0f\u20e3", "ℹ\ufe0f", "‼\ufe0f"})
        EXPECT_EQ(wrong_with_name(name, 200), "") << name;
    for (const char* const name :
         {"a\u200db", "é\u200dé", "名\u200c前", "م\u200c", "\u200cم", "می\u200c\u200cخ", "می\u200c b",
          "👩\u200c🚀", "👩\u200d", "\u200d🚀", "👩\u200d\u200d🚀", "👩\u200dx", "a\ufe0f", "1\ufe0f",
          "1\ufe0f2", "\ufe0f", "❤\ufe0f\ufe0f", "❤\ufe0e", "⠀\ufe0f"})
        EXPECT_TRUE(wrong_with_name(name, 200).ends_with("which nobody sees")) << name;
}

TEST(Name, HasNoSpaceAroundItself) {
    for (const char32_t space : {0x20, 0xa0, 0x1680, 0x2000, 0x2009, 0x200a, 0x202f, 0x205f, 0x3000}) {
        for (const std::string& name : {utf8(space) + "a", "a" + utf8(space), utf8(space)})
            EXPECT_EQ(wrong_with_name(name, 200), "begins or ends with a space") << name;
        EXPECT_EQ(wrong_with_name("a" + utf8(space) + "b", 200), "");
    }
}

TEST(Name, IsBoundInBytes) {
    EXPECT_EQ(wrong_with_name("", 200), "is missing");
    EXPECT_EQ(wrong_with_name(std::string(200, 'a'), 200), "");
    EXPECT_EQ(wrong_with_name(std::string(201, 'a'), 200), "has more than 200 bytes");
    for (const char* const name : {"\xff", "a\xc3", "\xed\xa0\x80"})
        EXPECT_EQ(wrong_with_name(name, 200), "is no UTF-8");
}

}  // namespace
}  // namespace steno::control
