#pragma once

#include <cstdint>
#include <cstdlib>
#include <string_view>

/// What fuzz targets share: the input as text, and a check that holds in every build.
namespace steno::fuzz {

inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

/// Aborts, which libFuzzer reports with the input that led here.
inline void expect(bool holds) {
    if (!holds) std::abort();
}

}  // namespace steno::fuzz
