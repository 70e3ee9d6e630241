#pragma once

#include "python/python.hpp"
#include "steno/call.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

/// What Python calls numbers, attributes, kinds and levels, as the tracker knows them. Nothing here raises.
namespace steno::python {

/// Of an int, or of a float that is one (12.0).
std::optional<std::int64_t> integer_of(PyObject* value) noexcept;
/// Numbers and booleans as such, integers that a double cannot hold as their digits, all else as its text.
Attribute attribute_of(PyObject* value) noexcept;
/// Not below 0, and not more than a year.
std::chrono::milliseconds milliseconds_of(double seconds) noexcept;
std::optional<CallKind> kind_of(std::string_view name) noexcept;
std::optional<LogLevel> level_of(std::string_view name) noexcept;

}  // namespace steno::python
