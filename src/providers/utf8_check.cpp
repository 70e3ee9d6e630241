#include "providers/utf8_check.hpp"

#include "base/text.hpp"

#include <simdjson.h>

#include <new>

namespace steno::providers {

namespace {

/// simdjson's code for this machine; null: none that is known here. An object of our own, that is never
/// destroyed: simdjson's (3.0.1) is destroyed when the program exits, while the calls that end then, and
/// those of threads that run on, still have bodies to be looked at.
const simdjson::implementation* lasting_implementation() noexcept {
    const std::string best = simdjson::get_active_implementation()->name();
#if SIMDJSON_IMPLEMENTATION_ICELAKE
    if (best == "icelake") return new (std::nothrow) simdjson::icelake::implementation;
#endif
#if SIMDJSON_IMPLEMENTATION_HASWELL
    if (best == "haswell") return new (std::nothrow) simdjson::haswell::implementation;
#endif
#if SIMDJSON_IMPLEMENTATION_WESTMERE
    if (best == "westmere") return new (std::nothrow) simdjson::westmere::implementation;
#endif
#if SIMDJSON_IMPLEMENTATION_ARM64
    if (best == "arm64") return new (std::nothrow) simdjson::arm64::implementation;
#endif
    return nullptr;
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
    static const simdjson::implementation* const simd = lasting_implementation();
    return simd != nullptr ? simd->validate_utf8(text.data(), text.size()) : is_valid_utf8(text);
}

}  // namespace steno::providers
