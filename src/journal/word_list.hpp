#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Which words stand in a block of payloads: what lets a text search skip it without reading it.
///
/// A word is a longest run of letters, digits and bytes of other scripts, in ASCII lower case. The list may
/// say that a text could be there which is not (words are looked at one by one, and bytes of the encoding may
/// stick to a word); it never denies one that is.
namespace steno::journal {

/// The different words of the bytes, sorted, each followed by '\n'. Nothing if there are too many (media
/// written as text): then everything may be there.
std::optional<std::string> list_words(std::string_view bytes);

/// The parts of a text that are worth looking up: its words of at least three bytes, cut to what a list
/// holds.
std::vector<std::string> fragments_of(std::string_view text);

/// Whether each fragment stands within some word of the list.
bool may_contain(std::string_view words, std::span<const std::string> fragments);

}  // namespace steno::journal
