#include "journal/word_list.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace steno::journal {
namespace {

TEST(WordList, HoldsEachWordOnceInLowerCase) {
    EXPECT_EQ(list_words("The cat saw THE other cat; it purred."), "cat\nother\npurred\nsaw\nthe\n");
    EXPECT_EQ(list_words(""), "");
    EXPECT_EQ(list_words("a, b; c"), "");
}

TEST(WordList, FindsPartsOfWords) {
    const auto words = list_words("Order A-10293 has not arrived in Zürich");
    ASSERT_TRUE(words);
    for (const char* text : {"order", "ORDER a-10293", "rrive", "Zürich", "1029", "x", "in zü", "..."})
        EXPECT_TRUE(may_contain(*words, fragments_of(text))) << text;
    for (const char* text : {"orders", "order 10294", "zurich", "parcel"})
        EXPECT_FALSE(may_contain(*words, fragments_of(text))) << text;
}

TEST(WordList, ALongRunIsFoundByAnyOfItsParts) {
    std::string run;
    for (int i = 0; i < 300; ++i) run += std::to_string(i * 7919);
    const auto words = list_words("data:" + run + ";");
    ASSERT_TRUE(words);
    for (std::size_t at = 0; at < run.size(); at += 13)
        EXPECT_TRUE(may_contain(*words, fragments_of(run.substr(at, 500)))) << at;
    EXPECT_FALSE(may_contain(*words, fragments_of("00000000000000000000")));
}

TEST(WordList, GivesUpOnMediaWrittenAsText) {
    std::string media;
    std::uint64_t state = 1;
    for (int i = 0; i < 400'000; ++i) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        media.push_back("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"[(state >> 33) % 62]);
    }
    EXPECT_EQ(list_words(media), std::nullopt);
}

RC_GTEST_PROP(WordListProperties, NeverDeniesWhatIsThere, ()) {
    const auto text = *rc::gen::container<std::string>(rc::gen::oneOf(
        rc::gen::inRange<char>('a', 'f'), rc::gen::element(' ', 'Q', '7', '\xc3', '\xa4', '\0')));
    const auto words = list_words(text);
    RC_ASSERT(words.has_value());
    const auto from = *rc::gen::inRange<std::size_t>(0, text.size() + 1);
    const auto size = *rc::gen::inRange<std::size_t>(0, text.size() - from + 1);
    RC_ASSERT(may_contain(*words, fragments_of(std::string_view(text).substr(from, size))));
}

}  // namespace
}  // namespace steno::journal
