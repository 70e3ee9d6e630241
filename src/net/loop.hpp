#pragma once

// Private to src/net: what one event loop is made of.

#include "net/loops.hpp"
#include "net/takeover.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/intrusive/list.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace steno::net {

namespace asio = boost::asio;

/// Where one coroutine sleeps until something wakes it. Waking runs the coroutine inside `wake`, so `wake`
/// must be the last thing that its caller does, and everything that may be called by a user (cancel, close)
/// must post it. Wakes may be spurious: whoever waits looks at what it waits for, in a loop. Loop's thread
/// only.
class Waiter {
  public:
    [[nodiscard]] bool waiting() const { return static_cast<bool>(resume_); }
    Task<void> wait() {
        return asio::async_initiate<const asio::use_awaitable_t<>, void()>(
            [this](auto resume) { resume_ = std::move(resume); }, asio::use_awaitable);
    }
    void wake() {
        if (auto resume = std::exchange(resume_, nullptr)) resume();
    }

  private:
    std::move_only_function<void()> resume_;
};

/// Something with a coarse deadline that must end when its loop stops. Lives and dies on its loop's thread.
class Watched
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  public:
    virtual ~Watched() = default;

  protected:
    friend struct Loop;
    /// The two may release what they are called on, but must not run anybody's coroutine: they close and
    /// post.
    virtual void on_deadline() = 0;
    virtual void on_stop() = 0;
    std::int64_t deadline_ = 0;  ///< on Loop::now()'s clock; 0: none
};

struct Loop {
    /// Sockets and timers are touched by the loop's thread alone, so Asio need not lock them; posting is any
    /// thread's.
    asio::io_context context{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
    asio::steady_timer sweep{context};
    asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
    boost::intrusive::list<Watched, boost::intrusive::constant_time_size<false>> watched;
    std::thread thread;
    bool stopping = false;  ///< new waits fail at once
    unsigned index = 0;
    Takeover takeover{[this] { run_one(); }, [this] { asio::post(context, [] {}); }};

    /// Deadlines are looked at this often: one timer a loop costs less than one an operation.
    static constexpr std::chrono::milliseconds kSweep{250};

    /// The loop whose thread this is; null elsewhere.
    static Loop* current();
    /// Nanoseconds, some milliseconds coarse.
    static std::int64_t now();
    /// The moment `after` from now, never 0.
    static std::int64_t in(std::chrono::nanoseconds after);

    /// The value of a Date field (RFC 9110, section 5.6.7), made once a second. Valid until the next call.
    std::string_view date();

    void watch(Watched& node) { watched.push_back(node); }
    void run();
    void begin_stop();

  private:
    void arm_sweep();
    /// For a thread that stands in.
    void run_one();

    std::int64_t date_second_ = -1;  ///< of the Unix epoch
    std::string date_;
};

struct Loops::Impl {
    std::vector<std::unique_ptr<Loop>> loops;
    TakeoverWatch watch;
    std::optional<asio::thread_pool> pool;
    std::atomic<unsigned> next{0};

    std::mutex mutex;  ///< the members below
    std::condition_variable changed;
    std::size_t tasks = 0;
    bool started = false;
    bool stopped = false;

    Loop& pick(int loop) {
        return *loops[loop >= 0 ? static_cast<unsigned>(loop) % loops.size()
                                : next.fetch_add(1, std::memory_order_relaxed) % loops.size()];
    }
    /// Runs `task` on `loop`, calls `done` when it has ended. From any thread.
    void spawn(Loop& loop, std::function<Task<void>()> task, std::function<void()> done = {});
    void task_ended();
    [[nodiscard]] bool running() {
        const std::lock_guard lock(mutex);
        return started && !stopped;
    }
};

}  // namespace steno::net
