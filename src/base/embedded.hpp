#pragma once

#include <span>
#include <string_view>

namespace steno {

/// A file that was put into the program by cmake/embed.cmake. Lives as long as the program.
struct Embedded {
    std::string_view path;
    std::string_view bytes;
};

}  // namespace steno
