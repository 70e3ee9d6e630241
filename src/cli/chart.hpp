#pragma once

#include <span>
#include <string>

/// Small pictures in lines of text. Nothing where standard output is no terminal: what programs read stays
/// plain.
namespace steno::cli {

bool charts();

/// "▇▇▇▇▌   ": `share` (0 … 1) of `width` columns.
std::string bar(double share, std::size_t width);

/// "▁▂▅█": a column each, as high as its part of the greatest; blank for 0 and less.
std::string sparkline(std::span<const double> values);

}  // namespace steno::cli
