#include "tokens/encoder.hpp"
#include "tokens/family.hpp"
#include "tokens/splitter.hpp"
#include "tokens/unicode_classes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

// That the encoders make the same tokens as tiktoken is shown by tests/tokens, against js-tiktoken itself.
namespace steno::tokens {
namespace {

using testing::ElementsAre;

std::vector<std::string> pieces(Rule rule, std::string_view text) {
    std::vector<std::string> out;
    Splitter splitter(rule, text);
    for (auto piece = splitter.next(); !piece.empty(); piece = splitter.next()) out.emplace_back(piece);
    return out;
}

TEST(UnicodeClasses, TellCategoriesApart) {
    EXPECT_EQ(class_of('A'), CharClass::Upper);
    EXPECT_EQ(class_of(U'ǅ'), CharClass::Upper);  // Lt
    EXPECT_EQ(class_of(U'ß'), CharClass::Lower);
    EXPECT_EQ(class_of(U'字'), CharClass::Letter);
    EXPECT_EQ(class_of(U'ʰ'), CharClass::Letter);  // Lm
    EXPECT_EQ(class_of(0x301), CharClass::Mark);
    EXPECT_EQ(class_of(U'½'), CharClass::Number);
    EXPECT_EQ(class_of(0x85), CharClass::Space);
    EXPECT_EQ(class_of(0x3000), CharClass::Space);
    EXPECT_EQ(class_of(0xFEFF), CharClass::Other);
    EXPECT_EQ(class_of(U'🙂'), CharClass::Other);
    EXPECT_EQ(class_of(0x10FFFF), CharClass::Other);
    EXPECT_EQ(class_of(0xFFFFFFFF), CharClass::Other);
}

TEST(Splitter, CutsAsTheRulesSay) {
    EXPECT_THAT(pieces(Rule::Cl100k, "I'll pay 12345 don'T"),
                ElementsAre("I", "'ll", " pay", " ", "123", "45", " don", "'T"));
    EXPECT_THAT(pieces(Rule::O200k, "I'll pay camelCaseHTTP don'T"),
                ElementsAre("I'll", " pay", " camel", "Case", "HTTP", " don'T"));
    EXPECT_THAT(pieces(Rule::O200k, "a  \n  b \t"), ElementsAre("a", "  \n", " ", " b", " \t"));
    EXPECT_THAT(pieces(Rule::Cl100k, "a \n "), ElementsAre("a", " \n "));
    EXPECT_THAT(pieces(Rule::O200k, "a \n "), ElementsAre("a", " \n", " "));
    EXPECT_THAT(pieces(Rule::O200k, "http://x//\n"), ElementsAre("http", "://", "x", "//\n"));
    EXPECT_THAT(pieces(Rule::O200k, "\xCC\x81\x41\x42"), ElementsAre("\xCC\x81", "AB"));
}

RC_GTEST_PROP(Splitter, LosesNothing, (const std::string& text)) {
    for (const Rule rule : {Rule::Cl100k, Rule::O200k}) {
        std::string joined;
        for (const std::string& piece : pieces(rule, text)) joined += piece;
        RC_ASSERT(joined == text);
    }
}

TEST(Encoder, MakesTheTokensOfTiktoken) {
    const Encoder& older = Encoder::of(Encoding::Cl100k);
    const Encoder& newer = Encoder::of(Encoding::O200k);
    // The values of OpenAI's own README and tests.
    EXPECT_THAT(older.encode("hello world"), ElementsAre(15339, 1917));
    EXPECT_THAT(newer.encode("hello world"), ElementsAre(24912, 2375));
    EXPECT_THAT(older.encode("tiktoken is great!"), ElementsAre(83, 1609, 5963, 374, 2294, 0));
    EXPECT_EQ(older.count("<|endoftext|>"), older.encode("<|endoftext|>").size());
    EXPECT_GT(older.count("<|endoftext|>"), 1U);
    EXPECT_EQ(newer.count(""), 0U);
}

RC_GTEST_PROP(Encoder, CountsWhatItEncodes, (const std::string& text)) {
    for (const Encoding encoding : {Encoding::Cl100k, Encoding::O200k}) {
        const Encoder& encoder = Encoder::of(encoding);
        const auto tokens = encoder.encode(text);
        RC_ASSERT(encoder.count(text) == tokens.size());
        RC_ASSERT(tokens.size() <= text.size());
    }
}

TEST(Encoder, OneLongWordTakesNoLongerThanItsLengthSays) {
    const Encoder& encoder = Encoder::of(Encoding::O200k);
    std::string word;
    std::uint32_t state = 1;
    while (word.size() < 400'000) {
        state = state * 1664525 + 1013904223;
        word.push_back(static_cast<char>('a' + (state >> 24) % 26));
    }
    EXPECT_GT(encoder.count(word), 100'000U);  // with quadratic merging this would take many minutes
    EXPECT_GT(encoder.count(std::string(400'000, 'a')), 1000U);
}

TEST(Family, IsFoundByTheModelsName) {
    const auto name = [](std::string_view model) { return family_of(model).name; };
    EXPECT_EQ(name("gpt-4o-mini-2024-07-18"), "openai");
    EXPECT_EQ(name("gpt-4.1"), "openai");
    EXPECT_EQ(name("openai/o3-mini"), "openai");
    EXPECT_EQ(name("o1"), "openai");
    EXPECT_EQ(name("gpt-5-nano-2025-08-07"), "gpt-5");
    EXPECT_EQ(name("gpt-4-0613"), "openai, older");
    EXPECT_EQ(name("gpt-35-turbo"), "openai, older");
    EXPECT_EQ(name("us.anthropic.claude-3-7-sonnet-20250219-v1:0"), "claude");
    EXPECT_EQ(name("meta.llama3-1-70b-instruct-v1:0"), "llama 3");
    EXPECT_EQ(name("meta-llama/Llama-3.2-1B-Instruct"), "llama 3");
    EXPECT_EQ(name("mistral-large-latest"), "mistral");
    EXPECT_EQ(name("mistralai/Mixtral-8x7B-Instruct-v0.1"), "mistral, older");
    EXPECT_EQ(name("gemini-2.5-pro"), "gemini");
    EXPECT_EQ(name("olmo-7b"), "other");
    EXPECT_EQ(name(""), "other");
}

TEST(TokenCount, TakesTheRestOfALongTextAtTheSameRate) {
    TokenCount exact(family_of("gpt-4o"));
    exact.add("hello world");
    exact.add_framing(3);
    EXPECT_EQ(exact.total(), 5);

    std::string text;
    while (text.size() < 4 * TokenCount::kMaxCounted) text += "All happy families are alike. ";
    TokenCount bounded(family_of("gpt-4o"));
    bounded.add(text);
    const auto truth = static_cast<double>(Encoder::of(Encoding::O200k).count(text));
    EXPECT_NEAR(static_cast<double>(bounded.total()), truth, truth / 1000);
}

}  // namespace
}  // namespace steno::tokens
