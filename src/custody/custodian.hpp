#pragma once

#include "base/error.hpp"
#include "base/time.hpp"
#include "custody/heir.hpp"
#include "custody/latest_calls.hpp"
#include "custody/retention.hpp"
#include "ingest/feeder.hpp"
#include "io/file_system.hpp"
#include "journal/journal.hpp"
#include "journal/reader.hpp"
#include "journal/segment_scanner.hpp"
#include "store/call_store.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

/// What happens to the record as a whole once it is written.
namespace steno::custody {

struct CustodyStats {
    std::uint64_t sealed_segments = 0;  ///< since the start, as all of these
    std::uint64_t sealed_bytes_before = 0;
    std::uint64_t sealed_bytes_after = 0;
    std::uint64_t redacted_segments = 0;  ///< from which payloads were taken that had been sealed
    std::uint64_t removed_segments = 0;
    std::uint64_t failures = 0;
};

/// Seals segments that have ended and are in the store, and does what retention says. One thread of its own,
/// of low priority; the AI calls never wait for it.
class Custodian {
  public:
    struct Options {
        bool seal = true;
        RetentionRules retention;
        std::chrono::milliseconds seal_interval{1000};
        std::chrono::milliseconds retention_interval{std::chrono::hours(1)};
        Clock* clock = nullptr;  ///< default: system_clock(); for the age of calls
        /// What feeds the store; null: nothing else changes it while calls are removed.
        ingest::Feeder* feeder = nullptr;
        /// Of what is removed; null: nobody. With `feeder`, must outlive the custodian.
        Heir* heir = nullptr;
        /// Of each kind of prompt the texts of the latest call are kept, even where its settings say that
        /// texts are not (privacy.withheld_by): never where the caller said so.
        bool keep_latest = true;
    };
    /// The folder is locked by this process (others may write streams to it), `journal` is its own stream and
    /// `store` what it is fed to; all must outlive the custodian.
    Custodian(io::FileSystem& files, std::string data_folder, journal::Journal& journal,
              journal::Reader& reader, store::CallStore& store, Options options);
    /// Stops: at once, but for the compressing of one block.
    ~Custodian();
    Custodian(const Custodian&) = delete;
    Custodian& operator=(const Custodian&) = delete;

    /// Does what a process left undone that died while it removed; what was done once is not done again.
    /// The thread begins with it. Any thread.
    Result<void> finish_interrupted();

    /// Begins the thread. Once.
    void start();

    /// Seals all that can be sealed now. Not beside the thread. Cancelled when asked to stop.
    Result<void> seal_all(std::stop_token stop = {});
    /// Of sealed segments, drops the texts of calls that were the latest of their kind of prompt when they
    /// were sealed, and are it no longer. A text of a call that began less than `patience` ago may wait for
    /// others of its segment. Not beside the thread, which does it with the retention.
    Result<void> drop_superseded(std::chrono::hours patience = {}, std::stop_token stop = {});
    /// Removes and redacts what the rules say, after finish_interrupted(); then the heir tidies. Not beside
    /// the thread.
    Result<void> apply_retention(std::stop_token stop = {});

    [[nodiscard]] CustodyStats stats() const;

  private:
    void run(const std::stop_token& stop);
    /// Texts that are not to be kept go when their segment is sealed, and there is nobody who does that.
    void warn_of_what_stays();
    /// Another process does, or died and is not cleaned up after: nobody else may touch its files.
    bool others_write(const Uuid& stream);
    /// Read when it is first needed, once a round.
    using Latest = std::optional<LatestCalls>;
    /// True when nothing is left to be sealed of what has ended.
    Result<bool> seal_stream(const Uuid& stream, std::uint64_t fed, Latest& latest,
                             const std::stop_token& stop);
    Result<void> seal(const journal::SegmentFile& segment, const std::set<std::string>& dropped_classes,
                      Latest& latest, const std::stop_token& stop);
    /// A call of a sealed segment whose texts are there because it was the latest of its kind.
    struct KeptAsLatest {
        LatestClass call;
        std::int64_t unix_nanos = 0;  ///< when it began; 0: unknown
    };
    Result<const std::vector<KeptAsLatest>*> kept_as_latest(const journal::SegmentFile& segment);
    Result<bool> is_superseded(const KeptAsLatest& one, const LatestCalls& latest);
    /// Removes the segments of the stream up to this one, and their calls from the store.
    Result<void> remove(const Uuid& stream, const journal::SegmentFile& last, const Heir::Terms& terms);
    Result<void> retain_stream(const Uuid& stream, std::uint64_t until, Latest& latest,
                               const Heir::Terms& terms, const std::stop_token& stop);

    io::FileSystem& files_;
    const std::string data_folder_;
    journal::Journal& journal_;
    journal::Reader& reader_;
    store::CallStore& store_;
    const Options options_;
    Clock& clock_;

    bool warned_ = false;
    std::mutex finishing_;
    bool finished_ = false;  ///< nothing is left undone, since finish_interrupted(); with finishing_

    /// By the path of the sealed segment: what its directory says, so that it is read once.
    std::map<std::string, std::vector<KeptAsLatest>> kept_as_latest_;
    std::set<Uuid> done_;  ///< streams that have ended and were gone through
    std::optional<std::uint64_t>
        sealed_segments_;  ///< of our own stream there were as many when all were sealed

    std::atomic<std::uint64_t> sealed_{0}, before_{0}, after_{0}, redacted_{0}, removed_{0}, failures_{0};
    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::jthread thread_;
};

}  // namespace steno::custody
