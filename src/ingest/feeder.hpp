#pragma once

#include "base/error.hpp"
#include "ingest/damage_notes.hpp"
#include "ingest/recorder.hpp"
#include "journal/reader.hpp"
#include "store/call_store.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <unordered_set>
#include <vector>

namespace steno::ingest {

struct FeederStats {
    std::uint64_t fed = 0;       ///< records, since the start
    std::uint64_t behind = 0;    ///< records of our own stream that the store does not have yet
    std::uint64_t failures = 0;  ///< of the store; each is tried again
    std::uint64_t damaged = 0;   ///< places of the journal that could not be read, see DamageNotes
    bool history_fed = false;    ///< the store has what earlier processes left (or nobody feeds it)
    /// How long the store has been at the batch that it was given last; 0 when it waits for one.
    std::chrono::nanoseconds applying{0};
    bool healthy = true;
    std::string last_error;  ///< why not; empty when healthy
};

/// Carries the journal into the store, in order, only what is fsynced, with the watermark in the same
/// transaction: our own stream, what earlier processes left, and the streams that other processes write while
/// we are here. Of these it also closes the calls when their process has died. One thread of its own. Feeding
/// decides nothing: everything that a row says was decided before it was journaled.
class Feeder {
  public:
    struct Options {
        /// How long records gather before they are fed, unless asked for (whoever reads the store asks
        /// first). A transaction costs 10 ms of CPU whatever is in it, and 24 µs a call.
        std::chrono::milliseconds interval{500};
        std::size_t batch = 4096;  ///< records a transaction
        /// How often it is looked whether one of the other processes has died.
        std::chrono::milliseconds look_after{2000};
        /// Told of what is fed: see CallStore::follow. Null: nobody.
        store::Follower* follower = nullptr;
        /// Called on the feeder's thread before the first batch and after every round, when the store is not
        /// changed: what is read of it then is exactly what the follower was told of. `history_fed`: as in
        /// FeederStats.
        std::function<void(store::CallStore&, bool history_fed)> at_rest = {};
    };
    /// All must outlive the feeder.
    Feeder(Recorder& recorder, journal::Reader& reader, store::CallStore& store, DamageNotes& notes,
           Options options);
    ~Feeder();

    /// Checks the store against the journal, before Journal::finish_recovery(). FailedPrecondition: the store
    /// has seen records that the journal does not have; it must be deleted and rebuilt. But where the journal
    /// has lost records to damage, the store is right, and the journal is told (Journal::expect_durable).
    static Result<void> check(journal::Journal& journal, journal::Reader& reader, store::CallStore& store);

    /// That start() will follow, once the store is open: who asks for the newest calls waits for that, too.
    void expect() { expected_ = true; }
    void start();
    /// Whether start() was called.
    [[nodiscard]] bool started() const { return started_; }
    /// Feeds what is durable, then ends the thread. Idempotent. Not beside start().
    void stop();

    /// The journal says that more has become durable. Any thread; returns at once.
    void became_durable();
    /// Asks for an fsync and blocks until everything that was appended at the call is in the store, and what
    /// those of the other processes that are known by now had durable; while the disk fails, until everything
    /// durable is. DeadlineExceeded otherwise. (Who is new is known after an `interval`.) At once when nobody
    /// feeds: neither start() nor expect() was called.
    Result<void> catch_up(std::chrono::milliseconds timeout);
    /// Asks for a round, and with it for `at_rest`, soon. Any thread; returns at once.
    void rest_soon();
    /// While the lock lives, nothing is fed, and no row of the store changes. For moments: the journal grows
    /// meanwhile.
    [[nodiscard]] std::unique_lock<std::mutex> hold() { return std::unique_lock(applying_); }

    [[nodiscard]] FeederStats stats() const;

  private:
    struct Stream {
        Uuid id;
        std::unique_ptr<journal::Cursor> cursor;
        std::uint64_t fed = 0;
        bool ends_in_damage = false;  ///< nothing readable is left in it
        bool caught_up = false;       ///< it was done with a round once
        std::optional<std::uint64_t>
            due;            ///< what this round is to reach, once it cannot reach the end at once
        bool done = false;  ///< with this round
    };
    /// How far a batch has come in a stream.
    struct Reached {
        std::uint64_t sequence = 0;
        bool end = false;  ///< there was nothing more
    };
    void run();
    void rest();
    void note_damage(const std::string& place);
    /// What a batch has brought.
    struct Fed {
        bool more = false;  ///< there may be more
        bool done = false;  ///< all that was durable when the round began is in the store
    };
    void begin_round();
    Result<Fed> feed_guarded();
    Result<Fed> feed_once();
    Result<void> find_streams();
    /// Has the store fold its log into its file, so that a start after a crash has little to read back.
    void fold_when_quiet();
    /// Those that others have begun since.
    Result<void> find_new_streams();
    Result<void> add_stream(const Uuid& id, std::span<const store::Watermark> watermarks);
    /// Reads on in one stream until there are so many changes, or nothing is left.
    Result<Reached> read_stream(Stream& stream, std::vector<store::Change>& changes, std::size_t most);
    /// Whether the round has got there in this stream.
    Result<void> look_how_far(Stream& stream, const Reached& reached);
    /// After a batch: which streams have nothing more to come, and what those who wait may know.
    void note_round(std::span<const Reached> reached);
    /// Closes, as interrupted, what others left open that have died, and marks their streams as ended.
    void look_after_others();
    std::uint64_t own_target() const;
    /// Whether the record ends, as interrupted, a call whose true end the journal has lost and the store has.
    Result<bool> knows_better(const journal::Record& record);

    Recorder& recorder_;
    journal::Reader& reader_;
    store::CallStore& store_;
    DamageNotes& notes_;
    Options options_;
    /// Those that have ended, oldest first (the order in which things were said); those that others write;
    /// our own last.
    std::vector<Stream> streams_;
    std::unordered_set<Uuid> known_;  ///< all that were ever looked at
    std::chrono::steady_clock::time_point looked_after_{};
    /// Of one round; keeps its memory, because calls are large and moving them to more of it costs.
    std::vector<store::Change> changes_;

    std::uint64_t fed_at_last_look_ = 0, folded_ = 0;  ///< of fed_count_
    std::int64_t last_fed_ = 0;                        ///< steady nanoseconds

    std::unordered_set<Uuid> lossy_;  ///< streams that have lost their ends

    std::atomic<bool> expected_{false}, started_{false};
    std::mutex applying_;
    std::thread thread_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::condition_variable fed_;
    std::uint64_t wanted_ = 0;  ///< somebody waits until our own stream is fed up to here
    bool more_durable_ = true;  ///< since the last look
    std::size_t others_ = 0;    ///< streams that other processes write
    /// Each goes on until what was durable when it began is fed: others may write as fast as is fed.
    std::uint64_t begun_round_ = 0;
    std::uint64_t done_round_ = 0;
    std::uint64_t wanted_round_ = 0;
    bool rest_wanted_ = false;
    bool stopping_ = false;
    std::string last_error_;     ///< of the last try to feed; empty if it worked
    std::uint64_t own_fed_ = 0;  ///< sequence of our own stream up to which the store has it
    bool old_streams_fed_ = false;
    std::atomic<std::uint64_t> fed_count_{0}, failures_{0};
    std::atomic<std::int64_t> applying_since_{0};  ///< steady nanoseconds; 0: not now
};

/// The change that a journal record makes to the store; nothing for kinds that make none. DataLoss if it
/// cannot be understood.
Result<std::optional<store::Change>> change_of(const journal::Record& record);

}  // namespace steno::ingest
