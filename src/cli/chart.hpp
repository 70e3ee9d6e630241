#pragma once

#include <cstddef>
#include <span>
#include <string>

/// Small pictures in lines of text. Nothing where standard output is no terminal: what programs read stays
/// plain.
namespace steno::cli {

bool charts();

/// "▇▇▇▇▌   ": `share` (0 … 1) of `width` columns.
std::string bar(double share, std::size_t width);

/// "▁▂▅█": a column a value, each as high as it is beside the greatest; a value of 0 has none.
std::string sparkline(std::span<const double> values);

}  // namespace steno::cli
