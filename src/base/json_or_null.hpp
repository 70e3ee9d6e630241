#pragma once

#include "base/json_writer.hpp"

#include <optional>
#include <string_view>

/// Members of an answer that always has them, also where nothing is known: that is null, never 0 and never
/// "".
namespace steno {

template <class Number>
void number_or_null(JsonWriter& json, std::string_view name, const std::optional<Number>& value) {
    json.key(name);
    if (value)
        json.number(*value);
    else
        json.null();
}

/// Empty: nothing is known.
inline void text_or_null(JsonWriter& json, std::string_view name, std::string_view value) {
    json.key(name);
    if (value.empty())
        json.null();
    else
        json.string(value);
}

}  // namespace steno
