#pragma once

#include <string_view>

/// What is said to whoever runs the program, on its standard error: little, and only what would else be lost
/// unheard. One write without waiting: a standard error that cannot take it at once does without, and one
/// that nobody reads any more does no harm. Any thread.
namespace steno::client {

void print_to_standard_error(std::string_view text) noexcept;

/// Each of these is said once a process, in a line of its own: `words` behind "steno: ". Not where the
/// program has closed its standard error and another file of its own has that number since.
enum class Warning {
    NotRecording,  ///< what was asked for cannot be: an address that is none, a data folder that cannot be
                   ///< written
    NotDelivered,  ///< at the end: calls that have not arrived
};
void warn_once(Warning warning, std::string_view words) noexcept;

}  // namespace steno::client
