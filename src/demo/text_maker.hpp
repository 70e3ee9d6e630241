#pragma once

#include "demo/draws.hpp"
#include "demo/vocabulary.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Text that looks like prompts and answers, and compresses like them: sentences of patterns whose slots are
/// filled with words, names, numbers and references, each drawn anew, so that no long piece comes twice.
///
/// Slots: ~N noun, ~S nouns, ~A adjective, ~V verb (he …s), ~B verb, ~D verb (…ed), ~G verb (…ing),
/// ~R adverb, ~I identifier, ~P person, ~F first name, ~C company, ~L city, ~E mail address, ~J phone number,
/// ~K card number (passes the Luhn check), ~X reference, ~H hex digits, ~U URL, ~# number, ~% percentage,
/// ~$ amount, ~Y date, ~T time of day. A sentence's first letter becomes a capital.
namespace steno::demo {

/// What a text is about: half of its nouns come from a small circle of them. Any number.
using Topic = std::uint32_t;

class TextMaker {
  public:
    explicit TextMaker(Draws& draws);

    /// Each appends at least `bytes` and stops at the next end of a sentence or line.
    void prose(std::string& out, std::size_t bytes, Language language, Topic topic);
    void log(std::string& out, std::size_t bytes, Topic topic) { lines(out, bytes, log_lines_, topic); }
    void code(std::string& out, std::size_t bytes, Topic topic) { lines(out, bytes, code_lines_, topic); }
    void records(std::string& out, std::size_t bytes, Topic topic) {
        lines(out, bytes, record_lines_, topic);
    }
    /// With names, addresses, phone and card numbers.
    void mail(std::string& out, std::size_t bytes, Topic topic) { lines(out, bytes, mail_lines_, topic); }
    void question(std::string& out, Language language, Topic topic);
    /// A first sentence, then prose, sometimes a list or code.
    void answer(std::string& out, std::size_t bytes, Language language, Topic topic);
    void system_prompt(std::string& out, std::size_t bytes, Language language, Topic topic);
    void person(std::string& out) { fill('P', out, 0); }
    void reference(std::string& out) { fill('X', out, 0); }
    /// A value such as an application puts into a prompt's variables.
    void phrase(std::string& out, Topic topic);

  private:
    struct Piece {
        std::string_view literal;
        char slot = 0;  ///< after the literal; 0: none
    };
    using Pattern = std::vector<Piece>;
    struct Book {
        std::vector<Pattern> subjects, verbs, complements, questions;
        std::string_view between, stop;
    };

    static Pattern compile(std::string_view text);
    static std::vector<Pattern> compile_all(std::string_view text, char separator);
    void expand(const Pattern& pattern, std::string& out, Topic topic);
    void fill(char slot, std::string& out, Topic topic);
    void sentence(const std::vector<Pattern>& from, std::string& out, Topic topic);
    void foreign_sentence(const Book& book, std::string& out, Topic topic);
    void lines(std::string& out, std::size_t bytes, const std::vector<Pattern>& from, Topic topic);
    [[nodiscard]] std::size_t noun(std::size_t count, Topic topic);
    void word(std::string& out, std::string_view word);
    void number(std::string& out);
    void card(std::string& out);

    Draws& draws_;
    const EnglishWords& words_;
    std::vector<Pattern> statements_, questions_, answers_, instructions_, log_lines_, code_lines_,
        record_lines_, mail_lines_;
    std::array<Book, kLanguages> books_;
    std::vector<std::string_view> first_names_, last_names_, cities_;
    std::vector<std::string> companies_;
};

}  // namespace steno::demo
