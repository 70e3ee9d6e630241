#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// The words and sentence patterns that demo texts are made of.
namespace steno::demo {

enum class Language : std::uint8_t {
    English,
    German,
    Spanish,
    French,
    Portuguese,
    Russian,
    Japanese,
    Chinese,
    Arabic,
    Hindi
};
inline constexpr std::size_t kLanguages = 10;

/// A language other than English: whole sentences of subject, verb and complement, which agree with each
/// other. Each list is separated by '|'.
struct PhraseBook {
    std::string_view subjects;
    std::string_view verbs;
    std::string_view complements;
    std::string_view questions;  ///< whole, as users ask
    std::string_view between;    ///< "": a script without spaces
    std::string_view stop;
};
/// Not of English.
const PhraseBook& phrase_book(Language language);
/// "en", "de", …
std::string_view locale_of(Language language);

/// English words, most frequent ones first. Verbs are regular in all their forms.
struct EnglishWords {
    std::vector<std::string> nouns, plurals, verbs, verbs_s, verbs_ed, verbs_ing, adjectives, adverbs;
};
const EnglishWords& english_words();

/// Patterns with slots ("~N": see TextMaker), one a line.
struct Patterns {
    std::string_view statements;
    std::string_view questions;
    std::string_view answers;       ///< first sentences of an answer
    std::string_view instructions;  ///< of system prompts
    std::string_view log_lines;
    std::string_view code_lines;
    std::string_view record_lines;  ///< JSON, a record a line
    std::string_view mail_lines;
};
const Patterns& english_patterns();

std::vector<std::string_view> first_names();
std::vector<std::string_view> last_names();
std::vector<std::string_view> cities();

}  // namespace steno::demo
