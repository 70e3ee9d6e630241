#pragma once

#include "simulator/dice.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Small plausible texts about what was asked, and a count of tokens that is the same everywhere in the
/// simulator.
namespace steno::simulator {

/// Four bytes a token, rounded up; an empty text has none.
std::int64_t count_tokens(std::string_view text);
/// The words of a prompt that it seems to be about, longest first, at most `most`.
std::vector<std::string> topics_of(std::string_view prompt, std::size_t most);
/// A few sentences that answer the prompt; a list where one was asked for, code where code was.
std::string compose_answer(Dice& dice, std::string_view prompt);
/// The same, going on until it has at least so many bytes, then cut there.
std::string compose_bytes(Dice& dice, std::string_view prompt, std::size_t bytes);
/// What a reasoning model thinks before it answers.
std::string compose_thought(Dice& dice, std::string_view prompt);
/// Cuts a text into `count` pieces (0: words, one to three each) without splitting UTF-8 sequences. Joined
/// they are the text again. More pieces than bytes: the rest are empty.
std::vector<std::string> cut_into_pieces(Dice& dice, std::string_view text, std::size_t count);

}  // namespace steno::simulator
