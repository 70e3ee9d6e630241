#pragma once

#include "net/http.hpp"

#include <charconv>
#include <cstdint>
#include <optional>
#include <system_error>

namespace steno::net {

/// The length that a head announces (Content-Length): of the body, or, in an answer without one, of what GET
/// would bring (RFC 9110, section 8.6). Absent: none, or no number.
inline std::optional<std::uint64_t> announced_length(const Headers& headers) {
    const auto text = headers.get("content-length");
    std::uint64_t length = 0;
    if (!text) return std::nullopt;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), length);
    if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
    return length;
}

}  // namespace steno::net
