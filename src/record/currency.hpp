#pragma once

#include <algorithm>
#include <string_view>

namespace steno {

/// What a cost may be counted in: 3 to 8 letters of ASCII, "USD" or "credits". Sums are grouped by it, and it
/// stands behind amounts in tables and files.
inline bool names_currency(std::string_view text) {
    return text.size() >= 3 && text.size() <= 8 &&
           std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
}

}  // namespace steno
