#pragma once

#include "base/error.hpp"
#include "client/draft.hpp"
#include "client/spool.hpp"
#include "client/transport.hpp"
#include "steno/tracking.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace steno::client {

/// Carries calls to a server, on a thread of its own: gathers what has ended for an interval, sends it in one
/// batch, and counts it as delivered when the server has acknowledged it, that is, has it on its disk. While
/// the server is away, calls go to the spool folder, and from there to the server when it is back. A batch
/// whose acknowledgement is lost is sent again: the server knows a call by its id and keeps one.
class Delivery {
  public:
    /// `options` with its environment already looked up; `server_is_named`: somebody said that there is one.
    Delivery(const TrackingOptions& options, bool server_is_named);
    /// As `stop` with no patience.
    ~Delivery();
    Delivery(const Delivery&) = delete;
    Delivery& operator=(const Delivery&) = delete;

    /// Any thread; lock-free. Takes the draft; it is dropped, and counted, when there is no room for it, or
    /// when it comes after the end.
    void push(CallScope::Draft* draft) noexcept;
    /// A draft to fill: used, or new.
    CallScope::Draft* take_used();

    bool flush(std::chrono::milliseconds patience);
    /// Sends what there is within `patience`; the rest goes to the spool folder. Then nothing is taken any
    /// more, and thread, connection and files are given up. Calls of it must not overlap.
    void stop(std::chrono::milliseconds patience);
    /// Another one has left something in the spool folder.
    void look_again();

    /// False: nobody is at the default address that nobody named. Then nothing is recorded.
    [[nodiscard]] bool wanted() const { return wanted_.load(std::memory_order_relaxed); }
    [[nodiscard]] TrackingStats stats() const;
    [[nodiscard]] std::string last_error() const;
    /// Memory of drafts that wait to be used again.
    [[nodiscard]] std::uint64_t kept_bytes() const { return used_bytes_; }

    /// In a child after fork(): this one's thread is the parent's, and never runs here. It is left as it is,
    /// but for the parent's files.
    void forget_after_fork() { spool_.let_go(); }

  private:
    using Draft = CallScope::Draft;
    struct Outcome;
    void run();
    void nudge();
    void wait();
    /// Encodes what is in the queue and sends it, or puts it into the spool. False: there was nothing.
    bool carry_queue();
    void carry_spool();
    Outcome send(const std::string& body);
    Outcome send_in_halves(const std::string& body, std::uint64_t calls);
    bool keep(const std::string& body, std::uint64_t calls);
    void away(Error error);
    void say(Error error);
    void settle(const std::string& body, std::uint64_t calls);
    void give_back(Draft* drafts) noexcept;
    void drop_all(Draft* drafts) noexcept;
    /// A chain that ends with `last`, to those that may be used again.
    void put_used(Draft* first, Draft* last) noexcept;
    [[nodiscard]] bool server_is_away() const {
        return closing_.load() || std::chrono::steady_clock::now() < away_until_;
    }

    const TrackingOptions options_;
    const bool server_is_named_;
    std::unique_ptr<Transport> transport_;
    Spool spool_;

    std::atomic<Draft*> queue_{nullptr};  ///< last first
    std::atomic<Draft*> used_{nullptr};
    std::atomic<std::uint64_t> used_bytes_{0};  ///< of `used_`, about
    std::atomic<std::uint64_t> waiting_bytes_{0};
    std::atomic<std::uint64_t> ended_{0}, delivered_{0}, spooled_{0}, rejected_{0}, dropped_{0};
    std::atomic<std::uint64_t> done_{0};  ///< of `ended_`: delivered, spooled, rejected or dropped
    std::atomic<bool> wanted_{true};
    std::atomic<bool> nudged_{false};
    std::atomic<bool> closing_{false};  ///< what is left goes to the spool
    std::atomic<bool> closed_{false};   ///< what comes now is dropped

    // of the thread
    std::chrono::steady_clock::time_point away_until_{};
    std::chrono::milliseconds pause_{0};

    mutable std::mutex mutex_;
    std::condition_variable wake_;      ///< the thread
    std::condition_variable progress_;  ///< those who wait in flush
    bool stopping_ = false;
    int flushing_ = 0;
    bool asked_ = false;  ///< by one who waits: it is tried once, however long the server is to be left alone
    std::string last_error_;
    std::thread thread_;
};

}  // namespace steno::client
