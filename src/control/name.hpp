#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// Names that people give (prompts, kinds of prompts): two that look the same are the same, so nothing stands
/// in one that nobody sees. Names that calls bring are another matter: they are recorded as they come.
///
/// Nobody sees, and so what is refused is,
/// - what Unicode has as controls, formats, ends of lines and paragraphs, for private use, surrogates, and
///   what it has not assigned (categories Cc, Cf, Zl, Zp, Co, Cs, Cn; as of the Unicode of GLib);
/// - what is passed over where it cannot be shown (Default_Ignorable_Code_Point) in other categories: U+034F,
///   fillers of Hangul, vowels inherent in Khmer, variation selectors, tags;
/// - what is drawn as nothing: U+2800 and U+1D159.
///
/// Three of these show by what they do to their neighbours, and may stand there alone:
/// - U+200C and U+200D between two letters of a script that joins its letters (Arabic, Devanagari, …);
/// - U+200D between two symbols, as within an emoji;
/// - U+FE0F behind a symbol, and behind the digit of a keycap.
namespace steno::control {

/// The first character that nobody sees.
std::optional<char32_t> unseen_in(std::string_view valid_utf8) noexcept;

/// What is wrong with it, to stand behind "the name": "is missing", "has U+200B, which nobody sees", "begins
/// or ends with a space" (any of Unicode's), "is no UTF-8", "has more than 200 bytes". Empty: nothing is.
std::string wrong_with_name(std::string_view name, std::size_t most_bytes);

}  // namespace steno::control
