#pragma once

#include "base/error.hpp"

#include <csignal>
#include <functional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace steno::intercept {

/// What this process inherited and has changed for itself since; its program gets it as it was.
struct Inherited {
    bool ignores_broken_pipe = false;  ///< SIGPIPE
    bool ignores_file_size = false;    ///< SIGXFSZ
    mode_t file_mask = 022;            ///< umask
};

/// How a program ended.
struct Ending {
    int code = 0;
    int signal = 0;  ///< not 0: it was ended by this signal, and has no code
};

/// A program that runs as if it had been started without us: in our process group and on our terminal, with
/// our standard streams, which we do not touch. One thread uses it, the one that made it.
class Child {
  public:
    /// Makes its process, which then waits: before there are threads and files of ours that it could inherit.
    /// From here on the signals that are passed on (all but SIGKILL and SIGSTOP, which nobody can, and
    /// SIGSEGV, SIGBUS, SIGFPE, SIGILL) are blocked in this process, in threads that begin later too.
    static Result<Child> make(std::vector<std::string> command, const Inherited& inherited);
    Child(Child&& other) noexcept;
    Child& operator=(Child&&) = delete;
    /// A program that has not been started will not be.
    ~Child();

    /// Starts the program.
    void start(const std::vector<std::string>& environment);
    /// Waits for its end. Meanwhile signals to this process are passed on to it, except those that the
    /// terminal has given it already; when it stops, this process stops in the same way, and lets it go on
    /// afterwards. NotFound or PermissionDenied when the program could not be started.
    Result<Ending> wait();
    /// For those that the program has left behind: waits until `over` says so, which is asked every now and
    /// then, or until somebody wants this process to end: by SIGINT, SIGTERM, SIGHUP, SIGQUIT. This process
    /// can be stopped meanwhile.
    static void wait_on(const std::function<bool()>& over);
    /// Whether somebody has wanted this process to end, by one of these, since the last question.
    static bool told_to_end();
    /// `wait` failed because of the program.
    [[nodiscard]] bool was_refused() const { return refused_; }

  private:
    Child() = default;
    [[nodiscard]] bool look_at_it(Ending& ending);

    std::vector<std::string> command_;
    pid_t pid_ = -1;
    int environment_ = -1;  ///< to the child: its environment, and then its end
    bool refused_ = false;
    int outcome_ = -1;  ///< from the child: errno of an exec that failed
    sigset_t passed_on_{};
    sigset_t blocked_before_{};
};

/// Ends this process as the program was ended, so that whoever waits for us sees the same. Returns the exit
/// code where there was no signal, or it cannot be repeated.
int end_likewise(const Ending& ending);

}  // namespace steno::intercept
