#pragma once

#include "base/error.hpp"
#include "net/task.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>

namespace steno::net {

/// The event loops (one thread each) and the pool for blocking work. A connection stays on its loop.
/// Constructed idle; `start` launches the threads, `stop` cancels every task that is left, waits for them to
/// end, and joins. Must outlive everything that was spawned on it.
class Loops {
  public:
    /// `count` loops (0: one a core), `blocking_threads` for `blocking()`.
    explicit Loops(unsigned count = 0, unsigned blocking_threads = 4);
    ~Loops();
    Loops(const Loops&) = delete;
    Loops& operator=(const Loops&) = delete;

    void start();
    /// Idempotent. Tasks see their operations fail as cancelled and unwind.
    void stop();
    [[nodiscard]] unsigned size() const;

    /// Runs a task on a loop (round robin, or the given one). Any thread. The task belongs to this object and
    /// is joined by `stop`. An exception that escapes it is logged, and ends only the task.
    void spawn(std::function<Task<void>()> task, int loop = -1);
    /// The same, and waits for the result. Not from a loop's thread.
    void run(std::function<Task<void>()> task);

    /// Implementation, for src/net alone.
    struct Impl;
    [[nodiscard]] Impl& impl() { return *impl_; }

  private:
    std::unique_ptr<Impl> impl_;
};

/// Runs `work` on the blocking pool and continues on the caller's loop with its result, or with what it
/// threw. The pool's queue is bounded only by the callers: each request waits for its own work.
Task<void> blocking(Loops& loops, std::function<void()> work);

template <class F>
Task<std::invoke_result_t<F>> blocking_value(Loops& loops, F work) {
    std::optional<std::invoke_result_t<F>> value;
    co_await blocking(loops, [&] { value.emplace(work()); });
    co_return std::move(*value);
}

/// False when it was cancelled before the time was over.
Task<bool> sleep_for(std::chrono::nanoseconds duration);

/// Lets a coroutine wait until another one (on any thread) calls notify. A notify before the wait is not
/// lost.
class Event {
  public:
    Event();
    ~Event();
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;
    void notify();  ///< any thread; wakes the one waiter
    /// True when notified (and resets it), false at the time-out or when cancelled. One waiter at a time.
    Task<bool> wait_for(std::chrono::nanoseconds duration);

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace steno::net
