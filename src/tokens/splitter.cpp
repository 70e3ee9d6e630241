#include "tokens/splitter.hpp"

#include "base/text.hpp"
#include "tokens/unicode_classes.hpp"

/// In the functions below a place is an offset in bytes, and `begin` itself means "this alternative does not
/// match here".
namespace steno::tokens {

namespace {

bool is_newline(char32_t c) {
    return c == '\r' || c == '\n';
}
bool is_letter(CharClass c) {
    return c == CharClass::Upper || c == CharClass::Lower || c == CharClass::Letter;
}
/// [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]
bool may_be_capital(CharClass c) {
    return c == CharClass::Upper || c == CharClass::Letter || c == CharClass::Mark;
}
/// [\p{Ll}\p{Lm}\p{Lo}\p{M}]
bool may_be_small(CharClass c) {
    return c == CharClass::Lower || c == CharClass::Letter || c == CharClass::Mark;
}

}  // namespace

struct Splitter::Char {
    char32_t code;
    CharClass of;
    std::size_t end;  ///< the place behind it; its own place at the end of the text
};

Splitter::Char Splitter::at(std::size_t place) const {
    if (place >= text_.size()) return {0, CharClass::Other, place};
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text_[place + i]); };
    if (byte(0) < 0x80) return {byte(0), class_of(byte(0)), place + 1};
    const std::size_t length = utf8_sequence_length(text_.substr(place, 4));
    if (length == 0) return {0xFFFD, CharClass::Other, place + 1};
    char32_t code = byte(0) & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) code = code << 6 | (byte(i) & 0x3F);
    return {code, class_of(code), place + length};
}

template <class Accepts>
std::size_t Splitter::skip(std::size_t place, Accepts accepts) const {
    for (Char c = at(place); c.end != place && accepts(c); c = at(place)) place = c.end;
    return place;
}

std::string_view Splitter::next() {
    const std::size_t begin = place_;
    if (begin < text_.size()) place_ = end_of_piece(begin);
    return text_.substr(begin, place_ - begin);
}

std::size_t Splitter::end_of_piece(std::size_t begin) const {
    std::size_t end = rule_ == Rule::Cl100k ? word_cl100k(begin) : word_o200k(begin);
    if (end == begin) end = digits(begin);
    if (end == begin) end = punctuation(begin);
    if (end == begin) end = blanks(begin);
    return end;
}

/// '(?i:[sdmt]|ll|ve|re) | [^\r\n\p{L}\p{N}]?\p{L}+
std::size_t Splitter::word_cl100k(std::size_t begin) const {
    if (const std::size_t end = contraction(begin); end != begin) return end;
    const Char first = at(begin);
    const auto letters = [this](std::size_t from) {
        return skip(from, [](const Char& c) { return is_letter(c.of); });
    };
    if (is_letter(first.of)) return letters(first.end);
    if (is_newline(first.code) || first.of == CharClass::Number) return begin;
    const std::size_t end = letters(first.end);
    return end == first.end ? begin : end;
}

/// [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?
/// and, if that does not match, the same with + in place of * and * in place of +.
std::size_t Splitter::word_o200k(std::size_t begin) const {
    const Char first = at(begin);
    const bool may_lead = !is_newline(first.code) && !is_letter(first.of) && first.of != CharClass::Number;
    for (const auto form : {&Splitter::capitals_then_small, &Splitter::capitals}) {
        if (may_lead) {
            if (const std::size_t end = (this->*form)(first.end); end != first.end) return contraction(end);
        }
        if (const std::size_t end = (this->*form)(begin); end != begin) return contraction(end);
    }
    return begin;
}

std::size_t Splitter::capitals_then_small(std::size_t begin) const {
    std::size_t last_small = begin;  // what a match that takes back capitals ends with
    const std::size_t end = skip(begin, [&](const Char& c) {
        if (!may_be_capital(c.of)) return false;
        if (may_be_small(c.of)) last_small = c.end;
        return true;
    });
    const std::size_t small = skip(end, [](const Char& c) { return may_be_small(c.of); });
    return small == end ? last_small : small;
}

std::size_t Splitter::capitals(std::size_t begin) const {
    const std::size_t end = skip(begin, [](const Char& c) { return may_be_capital(c.of); });
    if (end == begin) return begin;
    return skip(end, [](const Char& c) { return may_be_small(c.of); });
}

std::size_t Splitter::contraction(std::size_t begin) const {
    if (at(begin).code != '\'') return begin;
    const auto folded = [](char32_t c) -> char32_t {
        constexpr char32_t kLongS = 0x17F;  // the one other letter that folds to one of these
        return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c == kLongS ? U's' : c;
    };
    const Char first = at(begin + 1);
    const Char second = at(first.end);
    const char32_t a = folded(first.code);
    const char32_t b = folded(second.code);
    if (a == 's' || a == 'd' || a == 'm' || a == 't') return first.end;
    const bool two = (a == 'l' && b == 'l') || (a == 'v' && b == 'e') || (a == 'r' && b == 'e');
    return two ? second.end : begin;
}

/// \p{N}{1,3}
std::size_t Splitter::digits(std::size_t begin) const {
    int count = 0;
    return skip(begin, [&](const Char& c) { return c.of == CharClass::Number && ++count <= 3; });
}

///  ?[^\s\p{L}\p{N}]+[\r\n]*, of o200k_base [\r\n/]*
std::size_t Splitter::punctuation(std::size_t begin) const {
    const std::size_t from = begin + (text_[begin] == ' ' ? 1 : 0);
    const std::size_t end =
        skip(from, [](const Char& c) { return c.of == CharClass::Other || c.of == CharClass::Mark; });
    if (end == from) return begin;
    const bool slash = rule_ == Rule::O200k;
    return skip(end, [&](const Char& c) { return is_newline(c.code) || (slash && c.code == '/'); });
}

/// o200k_base: \s*[\r\n]+ | \s+(?!\S) | \s+; cl100k_base: \s+$ | \s*[\r\n] | \s+(?!\S) | \s
std::size_t Splitter::blanks(std::size_t begin) const {
    std::size_t behind_newline = begin;
    std::size_t before_last = begin;
    const std::size_t end = skip(begin, [&, last = begin](const Char& c) mutable {
        if (c.of != CharClass::Space) return false;
        if (is_newline(c.code)) behind_newline = c.end;
        before_last = last;
        last = c.end;
        return true;
    });
    if (end == text_.size() && rule_ == Rule::Cl100k) return end;
    if (behind_newline != begin) return behind_newline;
    if (end == text_.size()) return end;
    return before_last == begin ? end : before_last;  // the last blank belongs to the word that follows
}

}  // namespace steno::tokens
