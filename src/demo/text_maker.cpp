#include "demo/text_maker.hpp"

#include "base/text.hpp"

#include <charconv>

namespace steno::demo {

namespace {

void append_number(std::string& out, std::uint64_t value) {
    char digits[24];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void append_two(std::string& out, std::uint32_t value) {
    out.push_back(static_cast<char>('0' + value / 10));
    out.push_back(static_cast<char>('0' + value % 10));
}

/// Names of companies that do not exist, the same in every record.
std::vector<std::string> make_companies() {
    constexpr std::array<std::string_view, 24> kBegin{
        "Al",  "Bra", "Cor", "Del", "Er",   "Fen", "Gal", "Hol", "Im", "Jun", "Kel", "Lum",
        "Mar", "Nor", "Or",  "Pel", "Quin", "Ros", "Sol", "Tam", "Ul", "Ver", "Win", "Zen"};
    constexpr std::array<std::string_view, 16> kMiddle{"a", "bri", "co", "da", "e", "fi", "go", "hal",
                                                       "i", "lo",  "mi", "na", "o", "ri", "ta", "u"};
    constexpr std::array<std::string_view, 10> kEnd{"dis", "lex", "mont", "nia", "ra",
                                                    "sys", "tec", "tron", "va",  "wick"};
    std::vector<std::string> names;
    names.reserve(kBegin.size() * kMiddle.size() * kEnd.size());
    for (const auto begin : kBegin)
        for (const auto middle : kMiddle)
            for (const auto end : kEnd)
                names.push_back(std::string(begin) + std::string(middle) + std::string(end));
    return names;
}

/// Makes the first letter of an ASCII sentence a capital.
void capitalise(std::string& text, std::size_t at) {
    if (at < text.size() && text[at] >= 'a' && text[at] <= 'z') text[at] = static_cast<char>(text[at] - 32);
}

}  // namespace

TextMaker::TextMaker(Draws& draws)
    : draws_(draws),
      words_(english_words()),
      statements_(compile_all(english_patterns().statements, '\n')),
      questions_(compile_all(english_patterns().questions, '\n')),
      answers_(compile_all(english_patterns().answers, '\n')),
      instructions_(compile_all(english_patterns().instructions, '\n')),
      log_lines_(compile_all(english_patterns().log_lines, '\n')),
      code_lines_(compile_all(english_patterns().code_lines, '\n')),
      record_lines_(compile_all(english_patterns().record_lines, '\n')),
      mail_lines_(compile_all(english_patterns().mail_lines, '\n')),
      first_names_(first_names()),
      last_names_(last_names()),
      cities_(cities()),
      companies_(make_companies()) {
    for (std::size_t i = 1; i < kLanguages; ++i) {
        const PhraseBook& from = phrase_book(static_cast<Language>(i));
        books_[i] = {compile_all(from.subjects, '|'),
                     compile_all(from.verbs, '|'),
                     compile_all(from.complements, '|'),
                     compile_all(from.questions, '|'),
                     from.between,
                     from.stop};
    }
}

TextMaker::Pattern TextMaker::compile(std::string_view text) {
    Pattern pattern;
    for (;;) {
        const std::size_t mark = text.find('~');
        if (mark == std::string_view::npos) {
            if (!text.empty()) pattern.push_back({text, 0});
            return pattern;
        }
        pattern.push_back({text.substr(0, mark), text[mark + 1]});
        text.remove_prefix(mark + 2);
    }
}

std::vector<TextMaker::Pattern> TextMaker::compile_all(std::string_view text, char separator) {
    std::vector<Pattern> patterns;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(separator), text.size());
        if (end > 0) patterns.push_back(compile(text.substr(0, end)));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return patterns;
}

void TextMaker::expand(const Pattern& pattern, std::string& out, Topic topic) {
    for (const Piece& piece : pattern) {
        out.append(piece.literal);
        if (piece.slot != 0) fill(piece.slot, out, topic);
    }
}

void TextMaker::word(std::string& out, std::string_view word) {
    // "a" becomes "an" where the word wants it.
    const std::size_t end = out.size();
    const bool after_a = end >= 2 && out[end - 1] == ' ' && (out[end - 2] == 'a' || out[end - 2] == 'A') &&
                         (end == 2 || out[end - 3] == ' ' || out[end - 3] == '\n');
    if (after_a && std::string_view("aeiou").find(word.front()) != std::string_view::npos) {
        out.back() = 'n';
        out.push_back(' ');
    }
    out.append(word);
}

std::size_t TextMaker::noun(std::size_t count, Topic topic) {
    const std::uint32_t bits = draws_.bits16();
    if ((bits & 1) == 0) return draws_.skewed(count);
    const std::uint32_t circle = topic * 2654435761U + (bits >> 1 & 15) * 40503U;
    return (circle >> 8) % count;
}

void TextMaker::number(std::string& out) {
    const std::uint32_t bits = draws_.bits16();
    const std::uint32_t size = bits & 15;
    append_number(out, size < 8 ? 2 + bits / 16 % 9 : size < 13 ? 11 + bits / 16 % 89 : 100 + bits / 16 * 7);
}

void TextMaker::card(std::string& out) {
    // ISO/IEC 7812-1, annex B: from the right, every second digit doubled; the sum's last digit is 0.
    std::array<std::uint32_t, 16> digits{4};
    for (std::size_t i = 1; i < 15; ++i) digits[i] = draws_.below(10);
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < 15; ++i) {
        const std::uint32_t doubled = digits[i] * 2;
        sum += i % 2 == 0 ? doubled / 10 + doubled % 10 : digits[i];
    }
    digits[15] = (10 - sum % 10) % 10;
    for (std::size_t i = 0; i < 16; ++i) {
        if (i > 0 && i % 4 == 0) out.push_back(' ');
        out.push_back(static_cast<char>('0' + digits[i]));
    }
}

void TextMaker::fill(char slot, std::string& out, Topic topic) {
    switch (slot) {
        case 'N':
            word(out, words_.nouns[noun(words_.nouns.size(), topic)]);
            return;
        case 'S':
            out.append(words_.plurals[noun(words_.plurals.size(), topic)]);
            return;
        case 'A':
            word(out, words_.adjectives[draws_.skewed(words_.adjectives.size())]);
            return;
        case 'R':
            out.append(words_.adverbs[draws_.skewed(words_.adverbs.size())]);
            return;
        case 'V':
            out.append(words_.verbs_s[draws_.skewed(words_.verbs_s.size())]);
            return;
        case 'B':
            out.append(words_.verbs[draws_.skewed(words_.verbs.size())]);
            return;
        case 'D':
            out.append(words_.verbs_ed[draws_.skewed(words_.verbs_ed.size())]);
            return;
        case 'G':
            out.append(words_.verbs_ing[draws_.skewed(words_.verbs_ing.size())]);
            return;
        case 'I':
            out.append(words_.verbs[draws_.skewed(words_.verbs.size())]).push_back('_');
            out.append(words_.nouns[noun(words_.nouns.size(), topic)]);
            return;
        case 'F':
            out.append(first_names_[draws_.skewed(first_names_.size())]);
            return;
        case 'P':
            fill('F', out, topic);
            out.push_back(' ');
            out.append(last_names_[draws_.skewed(last_names_.size())]);
            return;
        case 'C':
            out.append(companies_[draws_.skewed(companies_.size())]);
            return;
        case 'L':
            out.append(cities_[draws_.skewed(cities_.size())]);
            return;
        case 'E': {
            const std::size_t from = out.size();
            fill('F', out, topic);
            out.push_back('.');
            out.append(last_names_[draws_.below(last_names_.size())]);
            for (std::size_t i = from; i < out.size(); ++i)
                if (out[i] >= 'A' && out[i] <= 'Z') out[i] = static_cast<char>(out[i] + 32);
            out.append(draws_.bits16() % 2 == 0 ? "@example.com" : "@mail.example.org");
            return;
        }
        case 'J':
            out.append(draws_.bits16() % 2 == 0 ? "+43 316 " : "+1 202 555 01");
            draws_.append_digits(out, out.back() == '1' ? 2 : 6);
            return;
        case 'K':
            card(out);
            return;
        case 'X': {
            constexpr std::array<std::string_view, 5> kBegin{"ORD-", "INV-", "T", "A-", "REF "};
            out.append(draws_.pick(kBegin));
            draws_.append_digits(out, 6);
            return;
        }
        case 'H':
            draws_.append_hex(out, 8);
            return;
        case 'U':
            out.append("https://docs.example.com/").append(words_.nouns[noun(words_.nouns.size(), topic)]);
            out.push_back('/');
            append_number(out, draws_.bits16());
            return;
        case '#':
            number(out);
            return;
        case '%':
            append_number(out, draws_.below(99) + 1);
            out.push_back('.');
            append_number(out, draws_.below(10));
            out.append(" %");
            return;
        case '$':
            append_number(out, draws_.skewed(3000) + 1);
            out.push_back('.');
            append_two(out, draws_.below(100));
            out.append(draws_.bits16() % 3 == 0 ? " USD" : " EUR");
            return;
        case 'Y':
            out.append("202");
            append_number(out, 4 + draws_.below(3));
            out.push_back('-');
            append_two(out, 1 + draws_.below(12));
            out.push_back('-');
            append_two(out, 1 + draws_.below(28));
            return;
        case 'T':
            append_two(out, draws_.below(24));
            out.push_back(':');
            append_two(out, draws_.below(60));
            return;
        default:
            out.push_back(slot);
    }
}

void TextMaker::sentence(const std::vector<Pattern>& from, std::string& out, Topic topic) {
    const std::size_t begin = out.size();
    expand(from[draws_.below(from.size())], out, topic);
    capitalise(out, begin);
}

void TextMaker::foreign_sentence(const Book& book, std::string& out, Topic topic) {
    const std::size_t begin = out.size();
    expand(book.subjects[draws_.below(book.subjects.size())], out, topic);
    out.append(book.between);
    expand(book.verbs[draws_.below(book.verbs.size())], out, topic);
    out.append(book.between);
    expand(book.complements[draws_.below(book.complements.size())], out, topic);
    out.append(book.stop);
    capitalise(out, begin);
}

void TextMaker::prose(std::string& out, std::size_t bytes, Language language, Topic topic) {
    const std::size_t end = out.size() + bytes;
    std::uint32_t until_paragraph = 3 + draws_.below(6);
    while (out.size() < end) {
        if (language == Language::English) {
            sentence(statements_, out, topic);
            out.push_back(' ');
        } else {
            foreign_sentence(books_[static_cast<std::size_t>(language)], out, topic);
        }
        if (--until_paragraph == 0 && out.size() < end) {
            if (out.back() == ' ') out.pop_back();
            out.append("\n\n");
            until_paragraph = 3 + draws_.below(6);
        }
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
}

void TextMaker::lines(std::string& out, std::size_t bytes, const std::vector<Pattern>& from, Topic topic) {
    const std::size_t end = out.size() + bytes;
    std::size_t at = draws_.below(from.size());
    while (out.size() < end) {
        expand(from[at], out, topic);
        out.push_back('\n');
        // Mostly in the patterns' own order, as code and mails have one.
        at = draws_.bits16() % 4 == 0 ? draws_.below(from.size()) : (at + 1) % from.size();
    }
}

void TextMaker::question(std::string& out, Language language, Topic topic) {
    if (language == Language::English)
        sentence(questions_, out, topic);
    else
        sentence(books_[static_cast<std::size_t>(language)].questions, out, topic);
}

void TextMaker::answer(std::string& out, std::size_t bytes, Language language, Topic topic) {
    const std::size_t end = out.size() + bytes;
    if (language == Language::English) {
        sentence(answers_, out, topic);
        out.push_back(' ');
    }
    if (bytes > 600 && draws_.bits16() % 3 == 0) {
        prose(out, bytes / 3, language, topic);
        out.append("\n\n");
        while (out.size() + 200 < end) {
            out.append(draws_.bits16() % 8 == 0 ? "\n**" : "- ");
            if (out.back() == '*') {
                phrase(out, topic);
                out.append("**\n");
                continue;
            }
            prose(out, 40, language, topic);
            out.push_back('\n');
        }
    }
    if (out.size() < end) prose(out, end - out.size(), language, topic);
    while (!out.empty() && (out.back() == ' ' || out.back() == '\n')) out.pop_back();
}

void TextMaker::system_prompt(std::string& out, std::size_t bytes, Language language, Topic topic) {
    const std::size_t end = out.size() + bytes;
    expand(instructions_.front(), out, topic);
    while (out.size() < end) {
        out.push_back('\n');
        const std::size_t begin = out.size();
        if (draws_.bits16() % 4 == 0)
            prose(out, 60, language, topic);
        else
            expand(instructions_[1 + draws_.below(instructions_.size() - 1)], out, topic);
        capitalise(out, begin);
    }
}

void TextMaker::phrase(std::string& out, Topic topic) {
    fill('A', out, topic);
    out.push_back(' ');
    fill('N', out, topic);
}

}  // namespace steno::demo
