#include "client/standard_error.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace steno::client {

namespace {

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

/// Also where it was led into a log meanwhile, or to a terminal. A file of data is neither; nor is one that
/// children do not inherit, as those of the spool.
bool is_standard_error() {
    const struct stat now = facts_of_standard_error();
    if (now.st_ino == 0 || (::fcntl(STDERR_FILENO, F_GETFD) & FD_CLOEXEC) != 0) return false;
    if (S_ISCHR(now.st_mode) || (::fcntl(STDERR_FILENO, F_GETFL) & O_APPEND) != 0) return true;
    return now.st_dev == at_first.st_dev && now.st_ino == at_first.st_ino;
}

}  // namespace

void print_to_standard_error(std::string_view text) noexcept {
    pollfd standard_error{STDERR_FILENO, POLLOUT, 0};
    if (::poll(&standard_error, 1, 0) != 1 || (standard_error.revents & POLLOUT) == 0) return;
    const WithoutSigpipe guard;
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

void warn_once(Warning warning, std::string_view words) noexcept {
    static std::array<std::atomic<bool>, 2> said{};
    if (said[static_cast<std::size_t>(warning)].exchange(true) || !is_standard_error()) return;
    try {
        print_to_standard_error("steno: " + std::string(words) + "\n");
    } catch (...) {
        // no memory to say it
    }
}

}  // namespace steno::client
