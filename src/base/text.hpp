#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What text needs everywhere: UTF-8, ASCII case, splitting, hex and base64.
namespace steno {

/// Length (1 … 4) of the valid UTF-8 sequence that the text begins with, 0 if it begins with none.
std::size_t utf8_sequence_length(std::string_view text) noexcept;
bool is_valid_utf8(std::string_view text) noexcept;
/// The longest prefix of at most `max_bytes` that does not cut a UTF-8 sequence.
std::string_view utf8_prefix(std::string_view text, std::size_t max_bytes) noexcept;
/// Number of code points; bytes that are no UTF-8 count one each.
std::size_t utf8_length(std::string_view text) noexcept;

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept;  ///< ASCII
std::string lower_case(std::string_view text);                               ///< ASCII
/// Without spaces and tabs at its ends. Always a part of `text`, also when nothing is left: C libraries that
/// the result is handed to, with its length of 0, are not given a null pointer.
std::string_view trim(std::string_view text) noexcept;
/// The pieces between separators, trimmed, without empty ones.
std::vector<std::string_view> split(std::string_view text, char separator);

std::string to_hex(std::string_view bytes);
std::optional<std::string> from_hex(std::string_view hex);
std::string to_base64(std::string_view bytes);
/// RFC 4648, padded; nullopt on anything else.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace steno
