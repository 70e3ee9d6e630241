#pragma once

#include <csignal>

namespace steno::client {

/// While it lives, the calling thread blocks all signals, and so do the threads that it starts, for good: the
/// program's signals are for the program's own threads, which may block them and wait for them.
class NoSignals {
  public:
    NoSignals() {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~NoSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    NoSignals(const NoSignals&) = delete;
    NoSignals& operator=(const NoSignals&) = delete;

  private:
    sigset_t before_{};
};

}  // namespace steno::client
