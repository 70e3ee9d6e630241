#pragma once

#include "base/error.hpp"
#include "notify/outbox.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <expected>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace steno::notify {

/// One attempt, over whatever way a channel has. Any thread; blocks for a bounded time.
class Carrier {
  public:
    virtual ~Carrier() = default;
    struct Failure {
        Error error;                         ///< never holds a secret
        std::chrono::seconds not_before{0};  ///< the receiver asked for so long
    };
    virtual std::expected<void, Failure> carry(const Channel& channel, std::string_view id,
                                               const Message& message) = 0;
    /// Attempts under way end soon, and new ones fail: the program is about to end.
    virtual void stop() = 0;
};

struct CourierStats {
    std::int64_t waiting = 0;     ///< when it looked last
    std::uint64_t delivered = 0;  ///< since the start, as the two below
    std::uint64_t failed = 0;     ///< attempts
    std::uint64_t given_up = 0;
};

/// Takes what is in the outbox to its channels: a thread of its own for each channel that has something, so
/// that one that hangs holds up no other. What is not delivered when the program ends, or is killed, goes out
/// after the next start, with the same id.
class Courier {
  public:
    /// All must outlive it. Nothing happens before start(). `after_failure`: the pause when the outbox can
    /// not be read or written.
    Courier(Outbox& outbox, Carrier& carrier, Clock& clock,
            std::chrono::nanoseconds after_failure = std::chrono::seconds(10));
    ~Courier();
    Courier(const Courier&) = delete;
    Courier& operator=(const Courier&) = delete;

    void start();
    /// Ends the carrier's attempts, and waits for all threads. Idempotent.
    void stop();
    /// The outbox has something new. Any thread.
    void wake();

    [[nodiscard]] CourierStats stats() const;

  private:
    void run();
    /// Gives each channel that is idle its due deliveries. Returns how long nothing is to be done.
    std::chrono::nanoseconds hand_out();
    void serve(const std::string& name, const std::vector<Delivery>& deliveries);
    struct Outcome {
        Delivery delivery;
        std::expected<void, Carrier::Failure> carried;
    };
    /// False, after a pause: the outbox does not take it.
    bool keep(const Outcome& outcome);
    /// Something here failed, and not a channel: not at once again.
    void wait_after(std::string_view what, std::string_view why);

    Outbox& outbox_;
    Carrier& carrier_;
    Clock& clock_;
    std::chrono::nanoseconds after_failure_;
    std::atomic<std::uint64_t> delivered_{0}, failed_{0}, given_up_{0};
    std::atomic<std::int64_t> waiting_{0};

    std::mutex mutex_;
    std::condition_variable changed_;
    bool awake_ = true, stopping_ = false;
    struct Round {
        std::jthread thread;
        bool over = false;
    };
    std::map<std::string, Round> rounds_;  ///< by channel; only run() adds and removes
    /// By channel, what the outbox did not take. A restart forgets it: that is carried again, with its id.
    std::map<std::string, Outcome> unkept_;
    std::thread thread_;
};

}  // namespace steno::notify
