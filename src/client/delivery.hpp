#pragma once

#include "base/error.hpp"
#include "client/draft.hpp"
#include "client/draft_pool.hpp"
#include "client/embedded_folder.hpp"
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

/// What waiting for the delivery has come to.
enum class Flushed : std::uint8_t {
    All,
    NotYet,  ///< within the patience; or recording has ended, or went off by itself
    Spooled  ///< nobody listens at the server's address, or who does wants another key: all of it is in the
             ///< spool folder, with no end in sight
};

/// Carries calls to a server, on a thread of its own: gathers what has ended for an interval, sends it in one
/// batch, and counts it as delivered when the server has acknowledged it, that is, has it on its disk. A call
/// is in memory until it is acknowledged or in the spool folder, and from there it is delivered later. It
/// goes there while the server is away, and while the server takes so long that half of the memory is in use.
/// What is dropped found no room in memory, and of what was there the spool folder could take no more. A
/// batch whose acknowledgement is lost is sent again: the server knows a call by its id and keeps one.
///
/// With `data_folder`, that folder stands in the place of the server, and there is no spool: a call is in
/// memory until it is in the folder's journal.
class Delivery {
  public:
    /// `options` with its environment already looked up; `server_is_named`: somebody said that there is one.
    Delivery(const TrackingOptions& options, bool server_is_named);
    /// As `stop` with no patience.
    ~Delivery();
    Delivery(const Delivery&) = delete;
    Delivery& operator=(const Delivery&) = delete;

    /// Any thread; lock-free. Takes the draft. What finds no room in memory is written to the spool folder by
    /// the thread that brings it; dropped, and counted, when there is none either, or after the end.
    void push(CallScope::Draft* draft) noexcept;
    /// Of the drafts to fill.
    [[nodiscard]] DraftPool& pool() { return pool_; }

    Flushed flush(std::chrono::milliseconds patience);
    /// Sends what there is within `patience`; the rest goes to the spool folder. Then nothing is taken any
    /// more, and thread, connection and files are given up. Calls of it must not overlap. Gives what has not
    /// arrived, in words for a person; empty if all has, or nobody said that there is a server.
    std::string stop(std::chrono::milliseconds patience);
    /// Another one has left something in the spool folder.
    void look_again();

    /// False: nobody is at the default address that nobody named. Then nothing is recorded.
    [[nodiscard]] bool wanted() const { return wanted_.load(std::memory_order_relaxed); }
    [[nodiscard]] TrackingStats stats() const;
    [[nodiscard]] std::string last_error() const;
    /// See EmbeddedFolder.
    bool before_fork() noexcept { return folder_ && folder_->before_fork(); }
    void after_fork_in_parent() noexcept { folder_->after_fork_in_parent(); }
    /// In a child after fork(): this one's thread is the parent's, and never runs here. It is left as it is,
    /// but for the parent's files.
    void forget_after_fork() {
        spool_.let_go();
        if (folder_) folder_->forget_after_fork();
    }

  private:
    using Draft = CallScope::Draft;
    struct Outcome;
    struct Batch;
    void run();
    void nudge();
    void wait();
    /// What is in the queue, behind what was taken before.
    void take_queue() noexcept;
    /// Sends a batch of what is in memory, or puts it into the spool, or drops it if there is no other end.
    /// False: there is nothing, or it stays in memory.
    bool carry_batch();
    /// Sends a file of the spool. False: there is none, or not now.
    bool carry_file();
    bool send_batch();
    bool spill_batch();
    void spill() noexcept;
    void spill_last() noexcept;
    [[nodiscard]] std::string what_is_left() const noexcept;
    /// The oldest calls that were taken, encoded; they are in nobody else's list until they are put back.
    Batch gather(std::uint64_t most_bytes);
    void put_back(const Batch& batch) noexcept;
    void settle(const Batch& batch, std::uint64_t delivered, std::uint64_t rejected, std::uint64_t spooled);
    Outcome send(const std::string& body);
    Outcome send_in_halves(const std::string& body, std::uint64_t calls);
    /// Waits for the server's answer, and spills meanwhile when much waits in memory.
    Result<Receipt> exchange(const std::string& body, std::uint64_t calls);
    void away(Error error);
    void say(Error error);
    /// By the thread whose call it is: one write, into the spool, or into the folder, where `patience` is for
    /// the fsync (none: it is not waited for). False: there is no room, and the draft is as it was.
    bool put_on_disk(Draft* draft, std::chrono::milliseconds patience) noexcept;
    bool put_into_folder(const std::string& body, std::chrono::milliseconds patience);
    void drop_all(Draft* drafts) noexcept;
    [[nodiscard]] bool server_is_away() const {
        return closing_.load() || std::chrono::steady_clock::now() < away_until_;
    }
    /// Somebody said that there is a server, or there was one: calls may be left on disk for it.
    [[nodiscard]] bool server_is_known() const { return server_is_named_ || delivered_.load() != 0; }
    [[nodiscard]] bool to_spill() const { return crowded_.load() && !spool_refuses_ && server_is_known(); }

    const TrackingOptions options_;
    const bool server_is_named_;
    const std::uint64_t enough_bytes_;   ///< waiting, to be sent before the interval is over
    const std::uint64_t crowded_bytes_;  ///< waiting, to be spilled while the server does not answer
    const std::unique_ptr<EmbeddedFolder> folder_;  ///< null: there is a server
    std::unique_ptr<Transport> transport_;
    Spool spool_;

    DraftPool pool_;

    // What each call changes, in a cache line of its own.
    alignas(64) std::atomic<Draft*> queue_{nullptr};  ///< last first
    std::atomic<std::uint64_t> waiting_bytes_{0};
    std::atomic<std::uint64_t> ended_{0};

    alignas(64) std::atomic<std::uint64_t> delivered_{0};
    std::atomic<std::uint64_t> spooled_{0}, rejected_{0}, dropped_{0};
    std::atomic<std::uint64_t> done_{0};  ///< of `ended_`: delivered, spooled, rejected or dropped
    std::atomic<bool> wanted_{true};
    std::atomic<bool> nudged_{false};
    std::atomic<bool> crowded_{false};  ///< since the queue was last taken
    std::atomic<bool> closing_{false};  ///< what is left goes to the spool
    std::atomic<bool> closed_{false};   ///< what comes now is dropped

    // of the thread
    Draft* first_ = nullptr;  ///< taken from the queue, oldest first
    Draft* last_ = nullptr;
    Draft::Parts parts_;  ///< of the call that is being encoded
    std::string
        told_;  ///< on standard error: why calls do not come into the data folder, since they last did
    bool spool_refuses_ = false;  ///< full, most likely: until the server may be asked again
    std::chrono::steady_clock::time_point away_until_{};  ///< 0: it is not, or it is time to see
    std::chrono::milliseconds pause_{0};                  ///< the last one; 0 when the server has answered

    mutable std::mutex mutex_;
    std::condition_variable wake_;      ///< the thread
    std::condition_variable progress_;  ///< those who wait in flush
    bool stopping_ = false;
    int flushing_ = 0;
    bool asked_ = false;  ///< by one who waits: it is tried once, however long the server is to be left alone
    std::uint64_t refused_ = 0;  ///< tries at which nobody listened, or the key was none
    std::string last_error_;
    std::thread thread_;
};

}  // namespace steno::client
