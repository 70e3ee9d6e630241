#include "intercept/child.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <string_view>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

extern char** environ;

namespace steno::intercept {

namespace {

/// All that can be caught, real-time ones too, but for those by which a fault of this process ends it.
sigset_t signals_passed_on() {
    sigset_t all;
    sigfillset(&all);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) sigdelset(&all, fault);
    return all;
}

bool is_stop(int signal) {
    return signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

void close_one(int& descriptor) {
    if (descriptor >= 0) ::close(std::exchange(descriptor, -1));
}

bool write_all(int to, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(to, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

std::string read_all(int from) {
    std::string all;
    char piece[16 * 1024];
    for (;;) {
        const ssize_t got = ::read(from, piece, sizeof piece);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return all;
        all.append(piece, static_cast<std::size_t>(got));
    }
}

/// The child's way from its making to its program. Its process has one thread. The signals that are passed on
/// stay blocked while it waits: what the terminal says meanwhile it hears when there is somebody to see it
/// stop.
[[noreturn]] void become_program(const std::vector<std::string>& command, int environment, int outcome,
                                 const Inherited& inherited, const sigset_t& signals, bool ignores_children) {
    if (ignores_children) std::signal(SIGCHLD, SIG_IGN);
    std::signal(SIGPIPE, inherited.ignores_broken_pipe ? SIG_IGN : SIG_DFL);
    std::signal(SIGXFSZ, inherited.ignores_file_size ? SIG_IGN : SIG_DFL);
    umask(inherited.file_mask);
    std::string variables = read_all(environment);
    if (!variables.ends_with('\n')) _exit(0);  // the other side gave up before the word to start
    sigprocmask(SIG_SETMASK, &signals, nullptr);
    variables.pop_back();
    std::vector<char*> names;
    for (std::size_t at = 0; at < variables.size(); at += std::strlen(variables.data() + at) + 1)
        names.push_back(variables.data() + at);
    names.push_back(nullptr);
    std::vector<char*> words;
    for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    environ = names.data();
    ::execvp(words[0], words.data());
    const std::int32_t why = errno;
    (void)write_all(outcome, {reinterpret_cast<const char*>(&why), sizeof why});
    _exit(127);
}

/// A shell that controls jobs is our parent: it sees us stop and can let us go on.
bool somebody_lets_us_go_on() {
    const pid_t parent = getppid();
    return getsid(parent) == getsid(0) && getpgid(parent) != getpgrp();
}

/// Stops this process as `how` would, until it is let go on.
void stop_likewise(int how) {
    sigset_t just_it;
    sigemptyset(&just_it);
    sigaddset(&just_it, how);
    // Sent while it is blocked it becomes one with what the terminal has sent to us, so we stop once.
    ::kill(getpid(), how);
    pthread_sigmask(SIG_UNBLOCK, &just_it, nullptr);
    pthread_sigmask(SIG_BLOCK, &just_it, nullptr);
    sigemptyset(&just_it);
    sigaddset(&just_it, SIGCONT);
    const timespec at_once{};
    ::sigtimedwait(&just_it, nullptr, &at_once);  // it was for us
}

/// Whether one of the signals that ask for an end comes within this time.
bool wanted_to_end(std::chrono::nanoseconds within) {
    sigset_t ends;
    sigemptyset(&ends);
    for (const int end : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) sigaddset(&ends, end);
    const timespec patience{.tv_sec = 0, .tv_nsec = static_cast<long>(within.count())};
    return ::sigtimedwait(&ends, nullptr, &patience) > 0;
}

}  // namespace

Result<Child> Child::make(std::vector<std::string> command, const Inherited& inherited) {
    Child child;
    child.command_ = std::move(command);
    child.passed_on_ = signals_passed_on();
    int environment[2];
    int outcome[2];
    if (::pipe2(environment, O_CLOEXEC) != 0 || ::pipe2(outcome, O_CLOEXEC) != 0)
        return fail(Code::Unavailable, std::string("no pipe: ") + std::strerror(errno));
    child.environment_ = environment[1];
    child.outcome_ = outcome[0];
    pthread_sigmask(SIG_BLOCK, &child.passed_on_, &child.blocked_before_);
    // Ignored, as some parents leave it, it would take the program's end away before we see it.
    const bool ignores_children = std::signal(SIGCHLD, SIG_DFL) == SIG_IGN;
    child.pid_ = ::fork();
    if (child.pid_ == 0) {
        ::close(environment[1]);
        ::close(outcome[0]);
        become_program(child.command_, environment[0], outcome[1], inherited, child.blocked_before_,
                       ignores_children);
    }
    const int why = errno;
    ::close(environment[0]);
    ::close(outcome[1]);
    if (child.pid_ < 0) return fail(Code::Unavailable, std::string("no process: ") + std::strerror(why));
    return child;
}

Child::Child(Child&& other) noexcept
    : command_(std::move(other.command_)),
      pid_(std::exchange(other.pid_, -1)),
      environment_(std::exchange(other.environment_, -1)),
      outcome_(std::exchange(other.outcome_, -1)),
      passed_on_(other.passed_on_),
      blocked_before_(other.blocked_before_) {}

Child::~Child() {
    const bool not_started = environment_ >= 0;
    close_one(environment_);
    close_one(outcome_);
    if (not_started && pid_ > 0) ::waitpid(pid_, nullptr, 0);
}

void Child::start(const std::vector<std::string>& environment) {
    std::string bytes;
    for (const std::string& variable : environment) bytes.append(variable).push_back('\0');
    bytes.push_back('\n');
    // A child that a signal has ended meanwhile does not read it: `wait` will tell.
    (void)write_all(environment_, bytes);
    close_one(environment_);
}

bool Child::look_at_it(Ending& ending) {
    int status = 0;
    while (::waitpid(pid_, &status, WNOHANG | WUNTRACED | WCONTINUED) > 0) {
        if (WIFEXITED(status)) {
            ending.code = WEXITSTATUS(status);
            return true;
        }
        if (WIFSIGNALED(status)) {
            ending.signal = WTERMSIG(status);
            return true;
        }
        if (!WIFSTOPPED(status) || !somebody_lets_us_go_on()) continue;
        stop_likewise(is_stop(WSTOPSIG(status)) ? WSTOPSIG(status) : SIGSTOP);
        // A shell lets the whole group go on. Said once more, it could undo the next stop.
        siginfo_t since{};
        ::waitid(P_PID, static_cast<id_t>(pid_), &since, WEXITED | WSTOPPED | WCONTINUED | WNOHANG | WNOWAIT);
        if (since.si_pid == 0) ::kill(pid_, SIGCONT);
    }
    return false;
}

Result<Ending> Child::wait() {
    Ending ending;
    while (!look_at_it(ending)) {
        siginfo_t info{};
        const int signal = ::sigwaitinfo(&passed_on_, &info);
        // What the terminal says it says to the whole group; and whether we stop is the program's to decide.
        // A pipe that breaks under our own hands is our own affair.
        const bool for_it = signal > 0 && signal != SIGCHLD && info.si_code != SI_KERNEL &&
                            !(info.si_code == SI_USER && info.si_pid == getpid());
        if (!for_it) continue;
        if (info.si_code == SI_QUEUE) {
            ::sigqueue(pid_, signal, info.si_value);
        } else {
            ::kill(pid_, signal);
        }
    }
    pid_ = -1;
    const std::string why = read_all(outcome_);
    close_one(outcome_);
    std::int32_t number = 0;
    if (why.size() != sizeof number) return ending;
    std::memcpy(&number, why.data(), sizeof number);
    refused_ = true;
    const bool missing = number == ENOENT || number == ENOTDIR;
    return fail(missing ? Code::NotFound : Code::PermissionDenied,
                fmt::format("{}: {}", command_.front(), std::strerror(number)));
}

void Child::wait_on(const std::function<bool()>& over) {
    sigset_t stops;
    sigemptyset(&stops);
    for (const int stop : {SIGTSTP, SIGTTIN, SIGTTOU}) sigaddset(&stops, stop);
    pthread_sigmask(SIG_UNBLOCK, &stops, nullptr);
    while (!over() && !wanted_to_end(std::chrono::milliseconds(100))) {
    }
    pthread_sigmask(SIG_BLOCK, &stops, nullptr);
}

bool Child::told_to_end() {
    bool told = false;
    while (wanted_to_end({})) told = true;
    return told;
}

int end_likewise(const Ending& ending) {
    if (ending.signal == 0) return ending.code;
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);  // the program has left its own
    std::signal(ending.signal, SIG_DFL);
    sigset_t just_it;
    sigemptyset(&just_it);
    sigaddset(&just_it, ending.signal);
    pthread_sigmask(SIG_UNBLOCK, &just_it, nullptr);
    ::kill(getpid(), ending.signal);
    return 128 + ending.signal;
}

}  // namespace steno::intercept
