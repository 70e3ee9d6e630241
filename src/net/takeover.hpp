#pragma once

// Private to src/net: a loop whose thread is held up is run by another one.

#include "base/blocking.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace steno::net {

struct Loop;

/// Of one loop. Its thread says when it may be held up (BlockingSection); if that lasts, a thread of its own
/// runs the loop, one step at a time, until the first is back and takes over again. At no time do both run
/// it.
class Takeover final : public StandIn {
  public:
    /// `step` runs the loop until something was done; `wake` ends a step that waits, from another thread.
    Takeover(std::function<void()> step, std::function<void()> wake);
    ~Takeover() override;

    void enter() noexcept override;
    void leave() noexcept override;

    /// Called every now and then by the watcher: takes over if the thread has been held up since the last
    /// call.
    void look();

  private:
    enum : std::uint64_t { kAtWork = 0, kMayBlock = 1, kTakenOver = 2, kStates = 4 };
    void run();

    const std::function<void()> step_, wake_;
    std::uint64_t sections_ = 0;            ///< of the loop's thread
    std::atomic<std::uint64_t> state_ = 0;  ///< number of the section · kStates + the state
    std::uint64_t seen_ = 0;                ///< by the watcher, as the next
    std::thread thread_;
    std::atomic<bool> returning_ = false;
    std::mutex mutex_;
    std::condition_variable gone_;
    bool taken_ = false;  ///< guarded by the mutex
};

/// One thread that looks after all of them.
class TakeoverWatch {
  public:
    void start(std::vector<Takeover*> all);
    void stop();

  private:
    std::jthread thread_;
};

}  // namespace steno::net
