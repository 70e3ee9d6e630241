#pragma once

#include <string_view>

namespace steno::providers {

/// As is_valid_utf8 (base/text.hpp), with the vector instructions of this machine: for whole bodies, which
/// may be large. Any thread, until the very end of the process.
bool is_utf8(std::string_view text) noexcept;

}  // namespace steno::providers
