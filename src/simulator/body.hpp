#pragma once

#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Looking into a request's JSON body; nothing here fails: what is absent or of another type is nothing.
namespace steno::simulator {

std::optional<boost::json::value> parse_body(std::string_view body);
const boost::json::value* find(const boost::json::value& value, std::string_view name);
/// The first of the two names that is there: Google takes camelCase and snake_case.
const boost::json::value* find(const boost::json::value& value, std::string_view name,
                               std::string_view or_name);
std::string string_at(const boost::json::value& value, std::string_view name);
std::optional<std::int64_t> integer_at(const boost::json::value& value, std::string_view name);
bool flag_at(const boost::json::value& value, std::string_view name);
/// The members of an array, or nothing.
const boost::json::array& elements(const boost::json::value* value);
std::string_view view(const boost::json::string& text);
/// The text in a message's content: a string, or the `text` members of its parts.
std::string text_of_content(const boost::json::value* content);
/// Appends what a model would read of the strings below, for counting; media counts as a fixed number of
/// tokens.
void append_all_text(const boost::json::value& value, std::string& out);

}  // namespace steno::simulator
