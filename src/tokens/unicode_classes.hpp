#pragma once

#include <cstdint>

namespace steno::tokens {

/// What the splitting rules of the tokenizers tell apart: groups of Unicode's general categories. The numbers
/// stand in unicode_classes.cpp.
enum class CharClass : std::uint8_t {
    Other,   ///< punctuation, symbols, control characters, whatever is not assigned
    Space,   ///< the property White_Space: \s
    Upper,   ///< Lu, Lt
    Lower,   ///< Ll
    Letter,  ///< Lm, Lo: letters without case
    Mark,    ///< M
    Number,  ///< N
};

/// Any code point; beyond U+10FFFF Other. Any thread.
CharClass class_of(char32_t c);

}  // namespace steno::tokens
