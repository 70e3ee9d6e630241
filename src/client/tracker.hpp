#pragma once

#include "client/delivery.hpp"
#include "client/draft.hpp"
#include "steno/tracking.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace steno::client {

/// Runs `work`, which may run out of memory: then a call is not recorded whole, and the program goes on.
template <class Work>
void guarded(Work&& work) noexcept {
    try {
        work();
    } catch (...) {
        // what was said last is missing; nothing else can be done here
    }
}

/// The one tracker of a process: gives out drafts, and takes them back when their calls have ended. Lives as
/// long as the process, so that no call can outlive it. Any thread.
class Tracker {
  public:
    /// The process's, made and started with the defaults if there is none; null while recording is off. After
    /// fork() the child has its own, with the same options and nothing waiting.
    static Tracker* current() noexcept;
    static void start(TrackingOptions options) noexcept;
    static void stop(std::chrono::milliseconds patience) noexcept;
    static Flushed flush(std::chrono::milliseconds patience) noexcept;
    static TrackingStats stats() noexcept;
    static std::string last_error() noexcept;
    /// In the place of http://127.0.0.1:8787, where a developer's own record may be. Before anything else.
    static void set_default_server_for_test(const char* url) noexcept;

    /// Null: the call is not recorded (by its level, or for want of memory).
    CallScope::Draft* begin(const Context& context) noexcept;
    /// Takes it back.
    void end(CallScope::Draft* draft) noexcept;

    /// Fields of the header that all calls have: project, environment, release.
    [[nodiscard]] const std::string& common_fields() const { return common_; }
    /// Where calls are delivered.
    [[nodiscard]] const std::string& server() const { return options_.server; }
    /// Where the calls go, as a command in a shell takes it, printable: "--server URL" or "--data DIR".
    [[nodiscard]] std::string record() const;
    /// Where they would be, were recording not off by its level; empty: it is not.
    static const char* server_while_off() noexcept;
    /// With what the environment says: what recording was last started with, or would be.
    static TrackingOptions options();
    /// Another number whenever recording was started, perhaps with other options.
    static std::uint64_t starts() noexcept;

  private:
    Tracker(TrackingOptions options, LogLevel most);
    static Tracker* make(const TrackingOptions& wanted) noexcept;
    static void before_fork() noexcept;
    static void after_fork_in_parent() noexcept;
    static void make_anew_after_fork() noexcept;
    static void stop_at_exit() noexcept;

    TrackingOptions options_;
    const LogLevel most_;  ///< that the environment allows
    std::string common_;
    std::unique_ptr<Delivery> delivery_;
    const Tracker* before_ = nullptr;  ///< none is ever freed, as a call may still hold it; all can be found
};

}  // namespace steno::client
