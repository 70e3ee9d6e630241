#pragma once

#include <string>
#include <string_view>

namespace steno {

/// As a shell (POSIX sh, section 2.2) reads it as one word: in single quotes, where it needs them. For
/// commands that are printed, to be copied.
std::string shell_word(std::string_view text);

}  // namespace steno
