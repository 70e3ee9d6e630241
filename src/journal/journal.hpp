#pragma once

#include "base/error.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "io/file_system.hpp"
#include "journal/record.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// The append-only record of a data folder: `<data>/journal/<stream>/<segment number>.stj`, byte by byte in
/// docs/formats/journal.md. This is the writer; reading is journal/reader.hpp, checking is
/// journal/verify.hpp.
namespace steno::journal {

struct Options {
    /// A new segment begins at the first sync after this size. At least 4 KiB.
    std::uint64_t segment_bytes = 64ULL << 20;
    /// The longest that an appended record waits for its fsync to begin when nobody asks for it.
    std::chrono::milliseconds max_delay{10};
    /// Records not yet fsynced are also held in memory, to be written again if the fsync fails. Beyond this
    /// many bytes append() fails with ResourceExhausted until the disk has caught up.
    std::uint64_t max_unsynced_bytes = 256ULL << 20;
    /// Called by the sync thread each time more became durable. Must not block for long, nor call append() or
    /// close().
    std::function<void(Position durable)> on_durable;
    /// Whether open() makes the stream. False: the first append does, for commands that mostly read.
    bool begin_at_once = true;
    /// Whether open() cleans up after dead processes. False: that is left to another (whoever holds the store
    /// also knows what was durable); orphans() and recovered() are empty.
    bool recover = true;
    /// How often an idle journal looks whether its file is still where it was (it does at every fsync, too).
    std::chrono::milliseconds look_after{1000};
    Clock* clock = nullptr;    ///< default: system_clock()
    Random* random = nullptr;  ///< default: system_random(); used from many threads

    Options() {}
};

/// A call whose process died before it ended.
struct Orphan {
    Uuid id;
    Position opened_at;
    std::uint8_t kind = 0;  ///< of the opening record
    std::string header;     ///< of the opening record; empty if that record is damaged
};

struct Stats {
    Position appended;  ///< the last record written: safe when this process is killed
    Position durable;   ///< the last record fsynced: safe when the machine loses power
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;     ///< written to this stream
    std::uint64_t segments = 0;  ///< of this stream
    std::uint64_t syncs = 0;
    std::uint64_t append_failures = 0;  ///< those refused are among them
    std::uint64_t sync_failures = 0;
    std::uint64_t open_calls = 0;
    std::uint64_t files_lost = 0;  ///< segments that were removed while they were written to
    /// How long the oldest record that is not fsynced has waited; 0 when none does.
    std::chrono::nanoseconds oldest_unsynced{0};
    std::chrono::nanoseconds longest_sync{0};
    bool healthy = true;     ///< the last write and the last fsync succeeded
    std::string last_error;  ///< of the last failure; empty if there was none
};

/// One stream, open for writing. All functions may be called from any thread.
///
/// Waiting: append() waits for its own write(2), which a disk that hangs may hold up as long as it hangs:
/// event loops are then run by another thread (base/blocking.hpp). For the write of another, or for the
/// rename at the turn of a segment, it waits a second, and then fails with Unavailable, as all that follow do
/// at once until the disk is back; never for an fsync. stats(), durable() and sync_soon() wait for nothing
/// that the disk does. wait_durable(), finish_recovery(), export_head() and close() wait for the disk.
///
/// Durability: when append() returns, the record survives the death of the process (kill -9); when
/// wait_durable() returns, or on_durable names its position or a later one, it survives the loss of power.
///
/// Failing disks: an append that cannot be written fails as a whole and leaves no trace; the next one tries
/// again. If an fsync fails, or a failed append cannot be cut off, the segment is given up: the sync thread
/// writes what it held unsynced to a new one and fsyncs that, again and again until it works, and until then
/// appends are refused at once. The same when the file was removed, moved or replaced: what it holds is
/// copied to a new one, from its beginning, and nothing is called durable before. Positions never change.
/// Nothing is ever declared durable on the word of a second fsync.
class Journal {
  public:
    /// Begins a new stream in the folder (made if missing) and looks for orphans in streams whose process is
    /// dead. Several processes may write to one folder at the same time, each its own stream.
    static Result<std::unique_ptr<Journal>> open(io::FileSystem& files, std::string data_folder,
                                                 Options options = Options());
    /// As close(), but errors are only logged.
    virtual ~Journal() = default;

    [[nodiscard]] virtual Uuid stream() const = 0;

    /// Appends the records behind each other with one write, all of them or none, and gives the position of
    /// the last one. Others wait meanwhile: keep it short. ResourceExhausted: the disk is full (or too much
    /// is unsynced); Unavailable: the disk fails, or a segment that failed is being replaced;
    /// InvalidArgument: there is no entry, or one is beyond its bounds; FailedPrecondition: closed.
    virtual Result<Position> append(std::span<const Entry> entries) = 0;
    Result<Position> append(const Entry& entry) { return append(std::span(&entry, 1)); }

    /// Blocks until the record is fsynced, which begins at once. Unavailable: the disk failed;
    /// DeadlineExceeded: it did not answer in time. In both cases the record stands, and is tried again until
    /// it is durable or the journal is closed. OutOfRange: not appended to this stream.
    virtual Result<void> wait_durable(Position position,
                                      std::chrono::milliseconds timeout = std::chrono::seconds(30)) = 0;
    /// For those who must not block: asks for an fsync now; on_durable tells when it is done.
    virtual void sync_soon() = 0;
    [[nodiscard]] virtual Position durable() const noexcept = 0;

    /// The calls that dead processes left open, found by open(), in the order of opening within each stream.
    /// The caller appends one record with `adopts` set for each, then calls finish_recovery(). If this
    /// process dies before that, the next one finds exactly those that were not adopted yet. Empty when
    /// another process is recovering the same folder at this moment.
    [[nodiscard]] virtual const std::vector<Orphan>& orphans() const = 0;
    /// The last whole record of each stream that open() found dead; all of it is fsynced by now.
    [[nodiscard]] virtual const std::vector<Position>& recovered() const = 0;
    /// Looks again, while this process goes on, whether others have died since: then the orphans that they
    /// left, to be adopted as those of open(), and finish_recovery() follows. Absent: nobody has died, or
    /// this journal does not recover. Reads little when nobody has. One thread.
    virtual Result<std::optional<std::vector<Orphan>>> recover_again() = 0;
    /// Somebody remembers that this record was durable (the store was fed with it). If open(), or
    /// recover_again(), found its stream dead, and ending before it, records are lost: the log says so, and
    /// the mark of the stream's end will. Before finish_recovery().
    virtual void expect_durable(const Position& position) = 0;
    /// Makes the adopting records durable and marks the dead streams as closed, so that no later open looks
    /// into them again. Streams with an orphan that was not adopted stay unmarked. Call it also when there
    /// are no orphans.
    virtual Result<void> finish_recovery() = 0;

    /// The signed heads of all streams of the folder, as JSON. Kept elsewhere, it proves later that nothing
    /// before it was altered, not even by someone who could rewrite the folder (verify.hpp). Syncs first.
    virtual Result<std::string> export_head() = 0;

    [[nodiscard]] virtual Stats stats() const = 0;

    /// Syncs, and if no call is open marks the stream as closed. Appends fail from then on. Calls that are
    /// still open become orphans. Idempotent.
    virtual Result<void> close() = 0;

    /// In a child after fork(), where nothing else of this may be used or destroyed any more: gives the
    /// parent's lock up for the child, so that it ends with the parent.
    virtual void let_go_after_fork() noexcept = 0;
};

}  // namespace steno::journal
