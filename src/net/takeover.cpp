#include "net/takeover.hpp"

#include "base/log.hpp"

#include <chrono>
#include <utility>

namespace steno::net {
namespace {

/// A thread that is held up for so long, or twice so long, is stood in for.
constexpr std::chrono::milliseconds kLook{40};

}  // namespace

Takeover::Takeover(std::function<void()> step, std::function<void()> wake)
    : step_(std::move(step)), wake_(std::move(wake)) {}

Takeover::~Takeover() {
    if (thread_.joinable()) thread_.join();
}

void Takeover::enter() noexcept {
    state_.store(++sections_ * kStates + kMayBlock, std::memory_order_release);
}

void Takeover::leave() noexcept {
    std::uint64_t expected = sections_ * kStates + kMayBlock;
    if (state_.compare_exchange_strong(expected, sections_ * kStates + kAtWork)) return;
    returning_ = true;
    std::unique_lock lock(mutex_);
    gone_.wait(lock, [&] { return !taken_; });
    returning_ = false;
    state_ = sections_ * kStates + kAtWork;
}

void Takeover::look() {
    // A step may wait for something to happen, while the thread that is back waits for its end. The loop's
    // own thread cannot wake it: Asio keeps what it posts for itself.
    if (returning_) wake_();
    std::uint64_t state = state_;
    const bool held_up = state % kStates == kMayBlock && state == seen_;
    seen_ = state;
    if (!held_up) return;
    const std::lock_guard lock(mutex_);
    if (!state_.compare_exchange_strong(state, state - kMayBlock + kTakenOver)) return;
    taken_ = true;
    log::warning("an event loop is held up by the disk; another thread goes on with it");
    if (thread_.joinable()) thread_.join();  // of the last time, and gone since
    thread_ = std::thread([this] { run(); });
}

void Takeover::run() {
    while (!returning_) step_();
    const std::lock_guard lock(mutex_);
    taken_ = false;
    gone_.notify_all();
}

void TakeoverWatch::start(std::vector<Takeover*> all) {
    thread_ = std::jthread([all = std::move(all)](const std::stop_token& stop) {
        std::mutex mutex;
        std::condition_variable_any wake;
        std::unique_lock lock(mutex);
        while (!stop.stop_requested()) {
            wake.wait_for(lock, stop, kLook, [] { return false; });
            for (Takeover* one : all) one->look();
        }
    });
}

void TakeoverWatch::stop() {
    if (!thread_.joinable()) return;
    thread_.request_stop();
    thread_.join();
}

}  // namespace steno::net
