#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace steno {

/// Sixteen bytes at once (a vector type of Clang's, on every processor).
using SixteenBytes = unsigned char __attribute__((vector_size(16)));

/// The first byte of [at, end) that `wanted` holds for, or `end`. `wanted` is given an unsigned char, or
/// SixteenBytes of them, and answers each with comparisons joined by `|`. For bytes of several kinds, where
/// memchr would need a pass for each.
template <class Wanted>
const char* first_where(const char* at, const char* end, Wanted wanted) {
    using Mask = bool __attribute__((ext_vector_type(16)));
    for (; end - at >= 16; at += 16) {
        SixteenBytes bytes;
        std::memcpy(&bytes, at, sizeof bytes);
        const auto found = std::bit_cast<std::uint16_t>(__builtin_convertvector(wanted(bytes), Mask));
        if (found != 0) return at + std::countr_zero(found);
    }
    while (at != end && !wanted(static_cast<unsigned char>(*at))) ++at;
    return at;
}

}  // namespace steno
