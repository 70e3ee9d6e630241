#pragma once

#include <string>

/// Small pictures in lines of text. Nothing where standard output is no terminal: what programs read stays
/// plain.
namespace steno::cli {

bool charts();

/// "▇▇▇▇▌   ": `share` (0 … 1) of `width` columns.
std::string bar(double share, std::size_t width);

}  // namespace steno::cli
