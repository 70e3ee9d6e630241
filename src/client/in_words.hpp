#pragma once

#include "base/error.hpp"

#include <string>

namespace steno::client {

/// What is wrong and what to try, in one line, for the program that asked.
inline std::string in_words(const Error& error) {
    return error.remedy.empty() ? error.message : error.message + "; " + error.remedy;
}

}  // namespace steno::client
