#pragma once

#include "record/call.hpp"

#include <string>
#include <string_view>

namespace steno {

/// What a person would read of a message: its texts, and results of tools, one below the other.
std::string text_of(const Message& message);
/// Of all messages of the answer, with an empty line between them. Empty: it has no text.
std::string answer_text(const Call& call);
/// Appends a JSON value without its line ends: in JSON they stand between tokens only and mean nothing.
void append_on_one_line(std::string& out, std::string_view json);

}  // namespace steno
