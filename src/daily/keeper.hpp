#pragma once

#include "base/cancellation.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "calendar/zone.hpp"
#include "daily/files.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace steno::daily {

/// What a keeper has done since the start, and what troubles it.
struct KeeperStats {
    std::uint64_t written = 0;  ///< files
    std::uint64_t rotated = 0;  ///< files that went into the archive, or for good
    std::uint64_t failures = 0;
    std::string last_day;  ///< the latest whose files were written; empty: none yet
    std::string trouble;   ///< why not all is done that should be; empty: it is
};

/// Keeps the daily files of a record in a folder: writes those of each day when it has ended, rotates old
/// ones. One thread of its own, which lets others go first; calls never wait for it. What fails is tried
/// again.
///
/// The files themselves say what is done: one that is there, or in the archive, stays as it is, one that is
/// absent is written. Calls can come late: where the record has more of one of the last kLookedAt days than
/// the keeper's own calls file of it, all files of that day are written anew. A calls file gets its name when
/// the others of the write have theirs: what came while they were made is seen by its missing there, and what
/// a kill left half done is done again.
class Keeper {
  public:
    struct Rules {
        std::string folder;  ///< made if it is not there
        calendar::Zone zone;
        Options options;
        bool requests = false;        ///< with a file of the requests
        std::int64_t keep_days = 30;  ///< older files are rotated; 0: none is
        bool archive = true;          ///< rotated files are compressed, else removed
    };
    /// How many days back files are written that are missing, unless fewer are kept.
    static constexpr std::int64_t kLookBack = 30;
    static constexpr std::int64_t kLookedAt = 7;
    /// After a day's end: its last calls come in.
    static constexpr std::chrono::minutes kSettling{5};

    /// How long the store may lack calls before that is a trouble.
    static constexpr std::chrono::minutes kPatience{5};

    /// `bring_up_to_date`: an error while the store does not have all that was recorded; then nothing is
    /// written yet. The record must outlive the keeper.
    Keeper(Record record, Rules rules, std::function<Result<void>()> bring_up_to_date,
           Clock& clock = system_clock());
    ~Keeper();
    Keeper(const Keeper&) = delete;
    Keeper& operator=(const Keeper&) = delete;

    /// Not before the store is open. Until it has looked at all days, that is its trouble.
    void start();
    void stop();  ///< idempotent; what was under way leaves no file

    /// Does all that is to be done now; says when there is more. For start()'s thread and for tests.
    Result<Timestamp> keep();

    [[nodiscard]] KeeperStats stats() const;
    [[nodiscard]] const Rules& rules() const { return rules_; }

  private:
    void run();
    Result<void> write_missing(Timestamp now);
    Result<void> bring_in_order(const Day& day, bool with_late_calls);
    [[nodiscard]] bool there(Content content, const Day& day) const;
    Result<bool> has_more_calls(const Day& day);
    Result<void> write(const Day& day, const std::vector<Content>& contents);

    Record record_;
    const Rules rules_;
    std::function<Result<void>()> bring_up_to_date_;
    Clock& clock_;
    // Of the thread alone.
    std::optional<Timestamp> waiting_since_;  ///< for the store
    struct Told {
        std::filesystem::file_time_type written;
        std::uint64_t size = 0;
        std::uint64_t calls = 0;
    };
    std::map<std::string, Told>
        told_;  ///< by our own calls files of the last days, so that each is read once

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    KeeperStats stats_;
    Cancellation stopped_;  ///< of the thread's questions
    std::thread thread_;
};

}  // namespace steno::daily
