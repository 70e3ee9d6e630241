#include "client/standard_error.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <ctime>
#include <poll.h>
#include <string>
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

}  // namespace

void print_to_standard_error(std::string_view text) noexcept {
    pollfd standard_error{STDERR_FILENO, POLLOUT, 0};
    if (::poll(&standard_error, 1, 0) != 1 || (standard_error.revents & POLLOUT) == 0) return;
    const WithoutSigpipe guard;
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

void warn_once(Warning warning, std::string_view words) noexcept {
    static std::array<std::atomic<bool>, 2> said{};
    if (said[static_cast<std::size_t>(warning)].exchange(true)) return;
    try {
        print_to_standard_error("steno: " + std::string(words) + "\n");
    } catch (...) {
        // no memory to say it
    }
}

}  // namespace steno::client
