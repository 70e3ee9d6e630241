#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// What is said to whoever runs the program, on its standard error: little, and only what would else be lost
/// unheard. One write without waiting: a standard error that cannot take it at once does without, and one
/// that nobody reads any more does no harm. Any thread.
namespace steno::client {

/// At most PIPE_BUF bytes, in one piece or (to a pipe) not at all. False: it could not be said.
bool print_to_standard_error(std::string_view text) noexcept;

/// Names and words that come from outside: in one line of at most `most_bytes`, in which nothing steers a
/// terminal. Control characters (Unicode's category Cc) and bytes that are no UTF-8 become '?'.
std::string printable(std::string_view text, std::size_t most_bytes);
/// Of such words, not a name: the most that is shown, or kept in `last_tracking_error`.
constexpr std::size_t kLongestWords = 1000;

/// Each of these is said once a process, in a line of its own, which is made printable: `words` behind
/// "steno: ". Not where the program has closed its standard error and another file of its own has that number
/// since: a file of data, a connection, or what its children do not inherit. True: it was said now.
enum class Warning {
    NotRecording,  ///< what was asked for cannot be: an address that is none, a data folder that cannot be
                   ///< written
    NotDelivered,  ///< at the end: calls that have not arrived
};
bool warn_once(Warning warning, std::string_view words) noexcept;

/// In a child after fork(), which is another process: it has said nothing yet.
void forget_warnings() noexcept;

}  // namespace steno::client
