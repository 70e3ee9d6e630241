#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace steno::cli {

/// The whole terminal, for a view that updates: another screen, no echo, no cursor. The terminal is as it was
/// before when this is destroyed, while the program is stopped (Ctrl-Z), and when SIGINT, SIGTERM, SIGHUP or
/// SIGQUIT ends it. One at a time, on one thread.
class FullScreen {
  public:
    /// Whether standard input and output are a terminal that can do this.
    static bool possible();

    FullScreen();
    ~FullScreen();
    FullScreen(const FullScreen&) = delete;
    FullScreen& operator=(const FullScreen&) = delete;

    struct Size {
        std::size_t width = 80;
        std::size_t height = 24;
    };
    /// As it is now.
    [[nodiscard]] static Size size();

    /// Shows these lines from the top; what is longer than the terminal is wide is cut there. Escapes are
    /// sent as they are: what was recorded must have been made printable before.
    static void show(const std::vector<std::string>& lines);

    enum class Key { None, Character, Up, Down, PageUp, PageDown, Resized, Closed };
    struct Pressed {
        Key key = Key::None;
        char character = 0;  ///< of Character
    };
    /// Waits so long for a key. None: nobody pressed one. Closed: the terminal has gone.
    static Pressed wait(std::chrono::milliseconds time);
};

}  // namespace steno::cli
