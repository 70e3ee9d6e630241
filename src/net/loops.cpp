#include "net/loops.hpp"

#include "base/log.hpp"
#include "net/http.hpp"
#include "net/loop.hpp"
#include "net/run_on.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include <exception>
#include <thread>
#include <time.h>

namespace steno::net {
namespace {

thread_local Loop* this_loop = nullptr;

constexpr std::chrono::nanoseconds kForever = std::chrono::hours(24 * 365);
/// How long `stop` waits for tasks that do not heed that their operations fail.
constexpr std::chrono::seconds kStopPatience{10};

Task<void> run_task(std::function<Task<void>()> task) {
    try {
        co_await task();
    } catch (const std::exception& e) {
        log::error("a task ended by an exception: {}", e.what());
    } catch (...) {
        log::error("a task ended by an unknown exception");
    }
}

}  // namespace

Loop* Loop::current() {
    return this_loop;
}

std::int64_t Loop::now() {
    timespec t{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    return t.tv_sec * std::int64_t{1'000'000'000} + t.tv_nsec;
}

std::int64_t Loop::in(std::chrono::nanoseconds after) {
    return now() + std::max<std::int64_t>(std::min(after, kForever).count(), 1);
}

std::string_view Loop::date() {
    timespec t{};
    ::clock_gettime(CLOCK_REALTIME_COARSE, &t);
    if (t.tv_sec != date_second_) {
        date_second_ = t.tv_sec;
        date_ = http_date(t.tv_sec);
    }
    return date_;
}

void Loop::run_one() {
    this_loop = this;
    try {
        // Nothing is left to do once it is stopped; its own thread will see to that.
        if (context.run_one() == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    } catch (const std::exception& e) {
        log::error("an event loop went on after an exception: {}", e.what());
    }
    this_loop = nullptr;
}

void Loop::run() {
    this_loop = this;
    StandIn::of_this_thread = &takeover;
    arm_sweep();
    for (;;) {
        try {
            context.run();
            break;
        } catch (const std::exception& e) {
            log::error("an event loop went on after an exception: {}", e.what());
        }
    }
    StandIn::of_this_thread = nullptr;
    this_loop = nullptr;
}

void Loop::arm_sweep() {
    sweep.expires_after(kSweep);
    sweep.async_wait([this](boost::system::error_code error) {
        if (error) return;
        const std::int64_t moment = now();
        for (auto node = watched.begin(); node != watched.end();) {
            Watched& one = *node++;
            if (one.deadline_ != 0 && one.deadline_ <= moment) {
                one.deadline_ = 0;
                one.on_deadline();
            }
        }
        arm_sweep();
    });
}

void Loop::begin_stop() {
    stopping = true;
    for (auto node = watched.begin(); node != watched.end();) {
        Watched& one = *node++;
        one.on_stop();
    }
}

void Loops::Impl::spawn(Loop& loop, std::function<Task<void>()> task, std::function<void()> done) {
    {
        const std::lock_guard lock(mutex);
        if (stopped) {
            if (done) done();
            return;
        }
        ++tasks;
    }
    asio::co_spawn(loop.context, run_task(std::move(task)),
                   [this, done = std::move(done)](std::exception_ptr) {
                       if (done) done();
                       task_ended();
                   });
}

void Loops::Impl::task_ended() {
    const std::lock_guard lock(mutex);
    --tasks;
    changed.notify_all();
}

Loops::Loops(unsigned count, unsigned blocking_threads) : impl_(std::make_unique<Impl>()) {
    if (count == 0) count = std::max(1u, std::thread::hardware_concurrency());
    for (unsigned i = 0; i < count; ++i) {
        impl_->loops.push_back(std::make_unique<Loop>());
        impl_->loops.back()->index = i;
    }
    if (blocking_threads > 0) impl_->pool.emplace(blocking_threads);
}

Loops::~Loops() {
    stop();
}

void Loops::start() {
    {
        const std::lock_guard lock(impl_->mutex);
        if (impl_->started || impl_->stopped) return;
        impl_->started = true;
    }
    std::vector<Takeover*> takeovers;
    for (auto& loop : impl_->loops) {
        loop->thread = std::thread([&loop = *loop] { loop.run(); });
        takeovers.push_back(&loop->takeover);
    }
    impl_->watch.start(std::move(takeovers));
}

void Loops::stop() {
    bool running = false;
    {
        std::unique_lock lock(impl_->mutex);
        if (impl_->stopped) return;
        impl_->stopped = true;
        running = impl_->started;
    }
    if (running) {
        for (auto& loop : impl_->loops) asio::post(loop->context, [&loop = *loop] { loop.begin_stop(); });
        std::unique_lock lock(impl_->mutex);
        if (!impl_->changed.wait_for(lock, kStopPatience, [&] { return impl_->tasks == 0; })) {
            log::error("{} tasks did not end when they were cancelled; leaving them", impl_->tasks);
        }
    }
    if (impl_->pool) impl_->pool->join();
    for (auto& loop : impl_->loops) {
        loop->work.reset();
        // Behind what has been posted: a client that went just before closes its idle connections there.
        asio::post(loop->context, [&loop = *loop] { loop.context.stop(); });
        if (loop->thread.joinable()) loop->thread.join();
    }
    impl_->watch.stop();
}

unsigned Loops::size() const {
    return static_cast<unsigned>(impl_->loops.size());
}

void Loops::spawn(std::function<Task<void>()> task, int loop) {
    impl_->spawn(impl_->pick(loop), std::move(task));
}

void Loops::run(std::function<Task<void>()> task) {
    // Shared, because the ending task may still be inside notify when the waiter has gone.
    struct Done {
        std::mutex mutex;
        std::condition_variable changed;
        bool done = false;
    };
    auto state = std::make_shared<Done>();
    impl_->spawn(impl_->pick(-1), std::move(task), [state] {
        const std::lock_guard lock(state->mutex);
        state->done = true;
        state->changed.notify_all();
    });
    std::unique_lock lock(state->mutex);
    state->changed.wait(lock, [&] { return state->done; });
}

Task<void> run_on(asio::thread_pool& pool, const std::function<void()>& work) {
    Loop& loop = *Loop::current();
    std::exception_ptr thrown;
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(
        [&](auto resume) {
            asio::post(pool, [&work, &loop, &thrown, resume = std::move(resume)]() mutable {
                try {
                    work();
                } catch (...) {
                    thrown = std::current_exception();
                }
                asio::post(loop.context, [resume = std::move(resume)]() mutable { std::move(resume)(); });
            });
        },
        asio::use_awaitable);
    if (thrown) std::rethrow_exception(thrown);
}

Task<void> blocking(Loops& loops, std::function<void()> work) {
    if (loops.impl().pool) {
        co_await run_on(*loops.impl().pool, work);
    } else {
        work();
    }
}

namespace {

struct Sleep final : Watched {
    explicit Sleep(Loop& loop) : timer(loop.context) { loop.watch(*this); }
    void on_deadline() override {}
    void on_stop() override { timer.cancel(); }
    asio::steady_timer timer;
};

}  // namespace

Task<bool> sleep_for(std::chrono::nanoseconds duration) {
    Loop& loop = *Loop::current();
    Sleep sleep(loop);
    // A task that does not look at the answer would otherwise spin without giving its loop a turn.
    sleep.timer.expires_after(loop.stopping ? std::chrono::nanoseconds(0) : std::min(duration, kForever));
    const auto [error] = co_await sleep.timer.async_wait(asio::as_tuple(asio::use_awaitable));
    co_return !error && !loop.stopping;
}

struct Event::Impl {
    std::mutex mutex;  ///< the members below, up to the timer
    bool notified = false;
    Loop* waiting_on = nullptr;
    Sleep* sleep = nullptr;  ///< touched on the waiter's loop only
};

Event::Event() : impl_(std::make_shared<Impl>()) {}
Event::~Event() = default;

void Event::notify() {
    const std::lock_guard lock(impl_->mutex);
    impl_->notified = true;
    if (impl_->waiting_on == nullptr) return;
    asio::post(impl_->waiting_on->context, [impl = impl_] {
        if (impl->sleep != nullptr) impl->sleep->timer.cancel();
    });
}

Task<bool> Event::wait_for(std::chrono::nanoseconds duration) {
    const std::shared_ptr<Impl> impl = impl_;
    Loop& loop = *Loop::current();
    {
        const std::lock_guard lock(impl->mutex);
        if (std::exchange(impl->notified, false)) co_return true;
        impl->waiting_on = &loop;
    }
    Sleep sleep(loop);
    impl->sleep = &sleep;
    const auto end = std::chrono::steady_clock::now() + std::min(duration, kForever);
    bool notified = false;
    for (;;) {
        sleep.timer.expires_at(loop.stopping ? std::chrono::steady_clock::time_point::min() : end);
        co_await sleep.timer.async_wait(asio::as_tuple(asio::use_awaitable));
        const std::lock_guard lock(impl->mutex);
        notified = std::exchange(impl->notified, false);
        // A cancel that an earlier notify posted late may wake this wait for nothing.
        if (notified || loop.stopping || std::chrono::steady_clock::now() >= end) {
            impl->waiting_on = nullptr;
            break;
        }
    }
    impl->sleep = nullptr;
    co_return notified;
}

}  // namespace steno::net
