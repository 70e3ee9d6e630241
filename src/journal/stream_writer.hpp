#pragma once

#include "journal/head.hpp"
#include "journal/journal.hpp"
#include "journal/recovery.hpp"
#include "journal/segment_draft.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace steno::journal {

/// What is written but not fsynced: kept to be written again if the fsync fails. Of records that were written
/// together the last one has the bytes of all; those before it are listed only if they open or close a call.
struct Unsynced {
    std::string bytes;
    std::uint64_t sequence = 0;
    Sha256 chain;  ///< after the last of them
    std::chrono::steady_clock::time_point written;
    std::optional<Uuid> opens;
    std::optional<Uuid> closes;
    std::optional<Opening> adopts;
};

/// The Journal of one stream. What callers do is in stream_writer.cpp; what the sync thread does (the fsyncs,
/// and every new segment) in stream_writer_sync.cpp.
class StreamWriter final : public Journal {
  public:
    StreamWriter(io::FileSystem& files, std::string data_folder, Options options, Recovery recovery,
                 std::unique_ptr<SigningKey> key);
    ~StreamWriter() override;
    StreamWriter(const StreamWriter&) = delete;
    StreamWriter& operator=(const StreamWriter&) = delete;

    /// Makes the stream and begins the sync thread, unless that has been done. What else is called before
    /// finds an empty stream.
    Result<void> begin();

    Uuid stream() const override { return stream_; }
    using Journal::append;
    Result<Position> append(std::span<const Entry> entries) override;
    Result<void> wait_durable(Position position, std::chrono::milliseconds timeout) override;
    void sync_soon() override;
    Position durable() const noexcept override { return {stream_, durable_.load(std::memory_order_acquire)}; }
    const std::vector<Orphan>& orphans() const override { return orphans_; }
    const std::vector<Position>& recovered() const override { return recovered_; }
    Result<std::optional<std::vector<Orphan>>> recover_again() override;
    void expect_durable(const Position& position) override;
    Result<void> finish_recovery() override;
    Result<std::string> export_head() override;
    Stats stats() const override;
    Result<void> close() override;
    void let_go_after_fork() noexcept override { stream_lock_.reset(); }

  private:
    // With mutex_ held.
    [[nodiscard]] std::chrono::steady_clock::time_point sync_due() const {
        return unsynced_.front().written + options_.max_delay;
    }
    Result<void> may_append(std::uint64_t bytes);
    // Without any.
    Result<std::unique_lock<std::timed_mutex>> take_turn();
    void mark_durable(std::uint64_t sequence);
    /// Gives the lock away to log the first failure of a row.
    void note_failure(std::unique_lock<std::mutex>& lock, const Error& error, std::uint64_t& counter,
                      bool& state);
    // Of the sync thread, with mutex_ held, which they give away while they wait for the disk.
    bool sync_round(std::unique_lock<std::mutex>& lock);
    bool replace_segment(std::unique_lock<std::mutex>& lock);
    void rotate(std::unique_lock<std::mutex>& lock);
    /// Looks whether the file is still where it should be.
    void look_after_file(std::unique_lock<std::mutex>& lock);
    void announce(std::unique_lock<std::mutex>& lock);
    // Of the sync thread (or of begin(), before there is one), without any mutex.
    void sync_loop();
    /// A draft that begins after the durable records, with none of those that follow.
    Result<SegmentDraft> draft_segment();
    /// Copies the unsynced records, but for the first `copied`, which it has already.
    Result<void> copy_unsynced(SegmentDraft& draft, std::size_t& copied);
    Result<void> begin_durable_segment();
    Result<void> begin_segment_beside_appends();
    Result<void> copy_lost_segment();
    /// With both mutexes held. Returns the file that was written to before: to be closed without them.
    std::shared_ptr<io::File> go_on_in(const SegmentDraft& draft, bool named_durably);

    Result<void> end_stream();

    io::FileSystem& files_;
    const std::string data_folder_;
    const Options options_;
    Clock& clock_;
    Random& random_;
    const std::unique_ptr<SigningKey> key_;
    const Uuid stream_;
    const std::string folder_;
    std::unique_ptr<io::FileLock> stream_lock_;
    std::vector<Orphan> orphans_;
    std::vector<Position> recovered_;

    std::mutex recovery_mutex_;  ///< taken before mutex_
    Recovery recovery_;
    std::unordered_set<Uuid> left_alone_;  ///< by any recovery so far; guarded as that

    /// Held while a record is written, and while the sync thread puts a new segment into its place; never
    /// during an fsync. Taken before mutex_. What is marked (both) below changes only with both held, and
    /// may be read with either.
    std::timed_mutex append_mutex_;
    /// Somebody has waited for that one too long: a write hangs with the disk, and nobody waits until it is
    /// back.
    std::atomic<bool> hangs_ = false;
    /// Guards what follows. Never held during any I/O: stats() and durable() must not wait for a disk.
    mutable std::mutex mutex_;
    std::condition_variable wake_;          ///< the sync thread
    std::condition_variable more_durable_;  ///< those who wait
    std::shared_ptr<io::File> file_;        ///< (both); shared with a sync in flight
    std::string segment_path_;              ///< (both)
    std::uint64_t segment_number_ = 0;      ///< of the sync thread; the last one ever tried
    std::uint64_t segment_size_ = 0;        ///< (both)
    /// This segment must not be written to, nor its fsync trusted, any more: appends are refused until the
    /// sync thread has replaced it, and therefore nothing is added to unsynced_.
    bool broken_ = false;
    bool lost_ = false;              ///< broken, because the file is not where it was
    bool directory_dirty_ = false;   ///< the segment's name is not durable yet
    std::uint64_t last_ = 0;         ///< (both)
    Sha256 chain_;                   ///< (both)
    std::deque<Unsynced> unsynced_;  ///< filled by append(), emptied by the sync thread
    std::uint64_t unsynced_bytes_ = 0;
    std::vector<Unsynced> retired_;  ///< durable by now; freed by the sync thread outside of the lock
    /// Of retired records, to build new ones in. Memory that one thread allocates and another frees is what
    /// costs an allocator most.
    std::vector<std::string> spare_memory_;
    std::atomic<std::uint64_t> durable_ = 0;        ///< written with mutex_ held
    Sha256 durable_chain_;                          ///< changed by the sync thread only, as the next
    std::unordered_map<Uuid, std::uint64_t> open_;  ///< as of the durable end
    std::vector<Opening> adopted_;                  ///< as of the durable end, until their streams are marked
    std::uint64_t announced_ = 0;
    std::uint64_t failed_rounds_ = 0;  ///< attempts after which the records were still not durable
    bool urgent_ = false;
    bool stopping_ = false;
    bool stopped_ = false;
    Stats stats_;
    bool writes_work_ = true;
    bool syncs_work_ = true;

    std::mutex begin_mutex_;  ///< taken before all others
    std::atomic<bool> begun_ = false;
    std::mutex close_mutex_;
    std::optional<Result<void>> close_result_;
    std::thread sync_thread_;
};

}  // namespace steno::journal
