#pragma once

#include "record/json_reader.hpp"

#include <charconv>
#include <string_view>
#include <system_error>

namespace steno {

/// The next value as a number of that type, which holds it whole: false for 1.5 as an integer, for 1e999 as a
/// double, and for all that is no number.
template <class Number>
bool read_number(JsonReader& json, Number& value) {
    std::string_view token;
    if (json.peek() != JsonReader::Type::Number || !json.number(token)) return false;
    const char* const last = token.data() + token.size();
    const auto [end, error] = std::from_chars(token.data(), last, value);
    return error == std::errc() && end == last;
}

}  // namespace steno
