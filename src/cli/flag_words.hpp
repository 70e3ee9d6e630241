#pragma once

#include "base/error.hpp"

#include <span>
#include <string_view>

namespace steno::cli {

/// A member of the API's JSON, and the flag that says it: {"prompt_type", "--prompt-type"}.
struct FlagWord {
    std::string_view member, flag;
};

/// The API's error as whoever wrote flags understands it. Members are told by where they stand: before a
/// colon or in a list that begins a message or a remedy ("share, weights and guards may change"), in quotes
/// before a colon, or with an underscore, which no other word has. What is quoted otherwise stays.
Error in_flags(Error error, std::span<const FlagWord> words);

}  // namespace steno::cli
