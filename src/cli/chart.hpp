#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

/// Small pictures in lines of text. Nothing where standard output is no terminal: what programs read stays
/// plain.
namespace steno::cli {

bool charts();

/// "▇▇▇▇▌   ": `share` (0 … 1) of `width` columns.
std::string bar(double share, std::size_t width);

/// "  ┊ ├──●───┤ ": an interval and the value in it, on a line from `least` to `most`, on which 0 is marked.
std::string interval_bar(double low, double value, double high, double least, double most, std::size_t width);

/// "▂▃▅█ ▃": a column a value, absent ones blank; neighbours share a column where there are more than
/// `width`.
std::string sparkline(std::span<const std::optional<double>> values, std::size_t width);
/// Of counts: a column each, blank where there is none.
std::string sparkline(std::span<const double> counts);

}  // namespace steno::cli
