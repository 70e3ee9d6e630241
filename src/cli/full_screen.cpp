#include "cli/full_screen.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <poll.h>
#include <string_view>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

namespace steno::cli {

namespace {

// Every terminal of the last decades knows these. Lines do not wrap: a line with wide characters is cut, not
// broken.
constexpr std::string_view kEnter = "\033[?1049h\033[?25l\033[?7l\033[2J";
constexpr std::string_view kLeave = "\033[?7h\033[?25h\033[?1049l";

constexpr std::array kEnding = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

// Of the one screen: signal handlers have nothing else.
termios before;
volatile std::sig_atomic_t resized = 0;

void send(std::string_view text) {
    while (!text.empty()) {
        const ssize_t sent = ::write(STDOUT_FILENO, text.data(), text.size());
        if (sent < 0 && errno != EINTR && errno != EAGAIN) return;
        if (sent > 0) text.remove_prefix(static_cast<std::size_t>(sent));
    }
}

void enter() {
    termios raw = before;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    send(kEnter);
}

/// Of calls that a signal handler may make.
void leave() {
    send(kLeave);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

void on_size(int) {
    resized = 1;
}

/// The signal does what it does without us, on a terminal as it was.
void as_without_us(int signal) {
    const int saved = errno;
    leave();
    struct sigaction ours{};
    struct sigaction theirs{};
    theirs.sa_handler = SIG_DFL;
    ::sigaction(signal, &theirs, &ours);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, signal);
    ::raise(signal);
    ::sigprocmask(SIG_UNBLOCK, &only, nullptr);
    // Only a stopped program comes here, once it goes on.
    ::sigaction(signal, &ours, nullptr);
    enter();
    resized = 1;
    errno = saved;
}

void on_signal(int signal, void (*handler)(int)) {
    struct sigaction action{};
    action.sa_handler = handler;
    ::sigaction(signal, &action, nullptr);
}

FullScreen::Pressed key_of(std::string_view bytes) {
    using Key = FullScreen::Key;
    if (bytes == "\033[A" || bytes == "\033OA") return {Key::Up, 0};
    if (bytes == "\033[B" || bytes == "\033OB") return {Key::Down, 0};
    if (bytes == "\033[5~") return {Key::PageUp, 0};
    if (bytes == "\033[6~") return {Key::PageDown, 0};
    if (bytes.front() == '\033' && bytes.size() > 1) return {};
    return {Key::Character, bytes.front()};
}

}  // namespace

bool FullScreen::possible() {
    const char* term = std::getenv("TERM");
    return ::isatty(STDIN_FILENO) != 0 && ::isatty(STDOUT_FILENO) != 0 && term != nullptr &&
           std::string_view(term) != "dumb" && !std::string_view(term).empty();
}

FullScreen::FullScreen() {
    ::tcgetattr(STDIN_FILENO, &before);
    for (const int signal : kEnding) on_signal(signal, as_without_us);
    on_signal(SIGTSTP, as_without_us);
    on_signal(SIGWINCH, on_size);
    enter();
}

FullScreen::~FullScreen() {
    leave();
    for (const int signal : kEnding) on_signal(signal, SIG_DFL);
    on_signal(SIGTSTP, SIG_DFL);
    on_signal(SIGWINCH, SIG_DFL);
}

FullScreen::Size FullScreen::size() {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
    return {size.ws_col, size.ws_row};
}

void FullScreen::show(const std::vector<std::string>& lines) {
    std::string frame = "\033[H";
    const std::size_t height = size().height;
    for (std::size_t i = 0; i < std::min(lines.size(), height); ++i) {
        if (i > 0) frame += "\r\n";
        frame += lines[i] + "\033[0m\033[K";
    }
    send(frame + "\033[J");
}

FullScreen::Pressed FullScreen::wait(std::chrono::milliseconds time) {
    const auto until = std::chrono::steady_clock::now() + time;
    for (;;) {
        if (resized != 0) {
            resized = 0;
            return {Key::Resized, 0};
        }
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
        pollfd input{STDIN_FILENO, POLLIN, 0};
        const int ready = ::poll(&input, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) return {};
        std::array<char, 16> bytes;
        const ssize_t got = ::read(STDIN_FILENO, bytes.data(), bytes.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return {Key::Closed, 0};
        return key_of({bytes.data(), static_cast<std::size_t>(got)});
    }
}

}  // namespace steno::cli
