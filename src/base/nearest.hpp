#pragma once

#include <cstddef>
#include <span>
#include <string_view>

/// For those who mistyped a name.
namespace steno {

/// How many characters must be added, removed or replaced to make one of the other. Takes the product of
/// their lengths: bound them first.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The name that `wanted` was most likely meant for: one that begins so, or the nearest, if no more than a
/// third of it is wrong; else "".
std::string_view nearest(std::string_view wanted, std::span<const std::string_view> names);

}  // namespace steno
