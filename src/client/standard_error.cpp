#include "client/standard_error.hpp"

#include "base/text.hpp"

#include <climits>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace steno::client {

namespace {

constexpr std::size_t kLongestLine = 2 * kLongestWords;  // what has not arrived, where it is, and why

/// Whoever reads standard error may be gone: that is no reason for the program to die of a signal.
class WithoutSigpipe {
  public:
    WithoutSigpipe() {
        sigset_t pending;
        ::sigemptyset(&pipe_);
        ::sigaddset(&pipe_, SIGPIPE);
        ::sigpending(&pending);
        was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
        ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    }
    ~WithoutSigpipe() {
        const timespec none{};
        if (!was_pending_) ::sigtimedwait(&pipe_, nullptr, &none);
        ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    WithoutSigpipe(const WithoutSigpipe&) = delete;
    WithoutSigpipe& operator=(const WithoutSigpipe&) = delete;

  private:
    sigset_t pipe_;
    sigset_t before_;
    bool was_pending_;
};

struct stat facts_of_standard_error() {
    struct stat facts{};
    if (::fstat(STDERR_FILENO, &facts) != 0) facts = {};
    return facts;
}

/// What it was when this was loaded.
const struct stat at_first = facts_of_standard_error();

/// One end of a socketpair(): a connection has a name at one end at least, and its other end reads another
/// language.
bool is_of_a_pair() {
    const auto has_no_name = [](auto* name_of) {
        sockaddr_un name{};
        socklen_t size = sizeof name;
        return name_of(STDERR_FILENO, reinterpret_cast<sockaddr*>(&name), &size) == 0 &&
               name.sun_family == AF_UNIX && size <= sizeof name.sun_family;
    };
    return has_no_name(&::getsockname) && has_no_name(&::getpeername);
}

/// Also where it was led elsewhere meanwhile: into a log, a pipe, to a terminal. A file of data is none of
/// these; nor is what children do not inherit, as the files of the spool.
bool is_standard_error() {
    const struct stat now = facts_of_standard_error();
    if (now.st_ino == 0 || (::fcntl(STDERR_FILENO, F_GETFD) & FD_CLOEXEC) != 0) return false;
    if (now.st_dev == at_first.st_dev && now.st_ino == at_first.st_ino) return true;
    if (S_ISSOCK(now.st_mode)) return is_of_a_pair();
    const int flags = ::fcntl(STDERR_FILENO, F_GETFL);
    if (S_ISFIFO(now.st_mode)) return (flags & O_ACCMODE) != O_RDONLY;
    return S_ISCHR(now.st_mode) || (flags & O_APPEND) != 0;
}

/// The same pipe or terminal, opened once more, so that waiting or not is ours to say: the flag of the one
/// that is there belongs also to others who write to it. Negative: it cannot be had (a file of another user).
class WithoutWaiting {
  public:
    WithoutWaiting() : file_(::open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)) {}
    ~WithoutWaiting() {
        if (file_ >= 0) ::close(file_);
    }
    WithoutWaiting(const WithoutWaiting&) = delete;
    WithoutWaiting& operator=(const WithoutWaiting&) = delete;
    [[nodiscard]] int file() const { return file_; }

  private:
    const int file_;
};

ssize_t write_without_waiting(std::string_view text) {
    const mode_t kind = facts_of_standard_error().st_mode;
    if (S_ISSOCK(kind)) return ::send(STDERR_FILENO, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    pollfd standard_error{STDERR_FILENO, POLLOUT, 0};
    if (::poll(&standard_error, 1, 0) != 1 || (standard_error.revents & POLLOUT) == 0) return -1;
    const WithoutSigpipe guard;
    if (S_ISFIFO(kind) || S_ISCHR(kind)) {
        const WithoutWaiting again;
        if (again.file() >= 0) return ::write(again.file(), text.data(), text.size());
    }
    return ::write(STDERR_FILENO, text.data(), text.size());
}

std::array<std::atomic<bool>, 2> said{};

}  // namespace

bool print_to_standard_error(std::string_view text) noexcept {
    return write_without_waiting(utf8_prefix(text, PIPE_BUF)) > 0;
}

std::string printable(std::string_view text, std::size_t most_bytes) {
    std::string line;
    for (text = utf8_prefix(text, most_bytes); !text.empty();) {
        const std::size_t length = utf8_sequence_length(text);
        const auto first = static_cast<unsigned char>(text[0]);
        const bool is_c1 = length == 2 && first == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0;
        if (length == 0 || first < 0x20 || first == 0x7f || is_c1) {
            line.push_back('?');
        } else {
            line.append(text, 0, length);
        }
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return line;
}

bool warn_once(Warning warning, std::string_view words) noexcept {
    std::atomic<bool>& was_said = said[static_cast<std::size_t>(warning)];
    if (!is_standard_error() || was_said.exchange(true)) return false;
    try {
        if (print_to_standard_error("steno: " + printable(words, kLongestLine) + "\n")) return true;
    } catch (...) {
        // no memory to say it
    }
    was_said = false;
    return false;
}

void forget_warnings() noexcept {
    for (std::atomic<bool>& warning : said) warning = false;
}

}  // namespace steno::client
