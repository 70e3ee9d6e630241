#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

/// The log of the program: one line an event, to standard error. Never given a key, a header of a client or a
/// body. Any thread.
namespace steno::log {

enum class Level : std::uint8_t { Debug, Info, Warning, Error, Off };

/// Before the first thread starts. `json`: one JSON object a line for programs that collect logs.
void configure(Level level, bool json);
bool enabled(Level level) noexcept;
void write(Level level, std::string_view message);

template <class... A>
void debug(fmt::format_string<A...> format, A&&... args) {
    if (enabled(Level::Debug)) write(Level::Debug, fmt::format(format, std::forward<A>(args)...));
}
template <class... A>
void info(fmt::format_string<A...> format, A&&... args) {
    if (enabled(Level::Info)) write(Level::Info, fmt::format(format, std::forward<A>(args)...));
}
template <class... A>
void warning(fmt::format_string<A...> format, A&&... args) {
    if (enabled(Level::Warning)) write(Level::Warning, fmt::format(format, std::forward<A>(args)...));
}
template <class... A>
void error(fmt::format_string<A...> format, A&&... args) {
    if (enabled(Level::Error)) write(Level::Error, fmt::format(format, std::forward<A>(args)...));
}

}  // namespace steno::log
