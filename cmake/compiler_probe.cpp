// Run by cmake/compiler_probe.cmake. Counts what is constructed and destroyed in the coroutine shapes that
// g++ 12.2 gets wrong: an aggregate temporary and a capturing lambda as arguments of an awaited call.
#include <coroutine>
#include <cstdio>
#include <exception>
#include <string>
#include <utility>

namespace {
int alive = 0;

struct Counted {
    Counted() { ++alive; }
    Counted(const Counted&) { ++alive; }
    Counted(Counted&&) noexcept { ++alive; }
    Counted& operator=(const Counted&) = default;
    Counted& operator=(Counted&&) = default;
    ~Counted() { --alive; }
};

struct Aggregate {
    std::string text;
    Counted counted;
};

struct Task {
    struct promise_type {
        std::coroutine_handle<> waiter;
        Task get_return_object() { return Task{std::coroutine_handle<promise_type>::from_promise(*this)}; }
        std::suspend_always initial_suspend() noexcept { return {}; }
        auto final_suspend() noexcept {
            struct Resume {
                bool await_ready() noexcept { return false; }
                std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> done) noexcept {
                    if (done.promise().waiter) return done.promise().waiter;
                    return std::noop_coroutine();
                }
                void await_resume() noexcept {}
            };
            return Resume{};
        }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
    explicit Task(std::coroutine_handle<promise_type> h) : handle(h) {}
    Task(Task&& other) noexcept : handle(std::exchange(other.handle, {})) {}
    ~Task() {
        if (handle) handle.destroy();
    }
    bool await_ready() { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiter) {
        handle.promise().waiter = waiter;
        return handle;
    }
    void await_resume() {}
    std::coroutine_handle<promise_type> handle;
};

Task take(Aggregate) {
    co_return;
}

template <class F>
Task call(F f) {
    f();
    co_return;
}

Task shapes() {
    co_await take(Aggregate{std::string(64, 'x'), {}});
    Counted counted;
    co_await call([counted, text = std::string(64, 'y')] { (void)text; });
}
}  // namespace

int main() {
    {
        Task task = shapes();
        task.handle.resume();
    }
    if (alive != 0) {
        std::printf("%d objects left after co_await, expected 0", alive);
        return 1;
    }
    return 0;
}
