#pragma once

#include "base/error.hpp"
#include "ingest/call_reader.hpp"
#include "ingest/damage_notes.hpp"
#include "ingest/feeder.hpp"
#include "ingest/recorder.hpp"
#include "ingest/store_opening.hpp"
#include "io/file_system.hpp"
#include "io/folder_lock.hpp"
#include "journal/journal.hpp"
#include "journal/reader.hpp"
#include "store/call_store.hpp"
#include "store/opening_store.hpp"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

namespace steno::ingest {

struct DataFolderOptions {
    std::string path;
    StoreFactory open_store;
    std::shared_ptr<const pricing::Catalogue> prices;
    std::chrono::milliseconds max_sync_delay{10};
    std::uint64_t segment_bytes = 64u << 20;
    Feeder::Options feeder;
    /// False: a stream of the journal begins with the first record, for commands that mostly read.
    bool begin_at_once = true;
    Recorder::Options recorder;
    bool feed = true;  ///< false: nothing is fed, and queries see what was fed before
    /// False: open() returns once calls can be recorded. The store is opened beside that, and all that needs
    /// it waits or gives Unavailable: see DataFolder::wait_for_store.
    bool wait_for_store = true;
};

/// A data folder in use: its lock, journal, store, and what carries calls between them. Server and command
/// line open the same thing, exactly one process at a time: who holds the store. Others may write streams of
/// their own to the folder's journal meanwhile (journal.hpp, and the embedded SDK); these are fed, too.
class DataFolder {
  public:
    /// Takes the lock and recovers the journal; from here on calls can be recorded. Then opens the store or,
    /// if it is damaged, of another version or ahead of a journal that is not damaged, deletes it so that it
    /// is fed anew; closes as interrupted what a dead process left open; and starts feeding.
    /// FailedPrecondition: the folder is in use.
    static Result<std::unique_ptr<DataFolder>> open(io::FileSystem& files, DataFolderOptions options);
    /// Feeds what is durable, then closes journal and store. A store that is still being opened is left to
    /// its thread (open_stoppably): the next open() finds all as this one did.
    ~DataFolder();
    DataFolder(const DataFolder&) = delete;
    DataFolder& operator=(const DataFolder&) = delete;

    [[nodiscard]] const std::string& path() const { return options_.path; }
    [[nodiscard]] journal::Journal& journal() { return *journal_; }
    [[nodiscard]] journal::Reader& reader() { return *reader_; }
    [[nodiscard]] store::CallStore& store() { return *store_; }
    [[nodiscard]] Recorder& recorder() { return *recorder_; }
    [[nodiscard]] Feeder& feeder() { return *feeder_; }
    [[nodiscard]] const DamageNotes& damage() const { return *notes_; }
    [[nodiscard]] CallReader& calls() { return *calls_; }
    /// Blocks until the store is open, what dead processes left is closed, and feeding has begun. The error
    /// is why that failed, which is for good; Cancelled by `stop`.
    Result<void> wait_for_store(const std::stop_token& stop);
    /// The same, as far as it is known now: absent while the store is being opened.
    [[nodiscard]] std::optional<Result<void>> store_opened() const;
    /// Calls that a dead process had left open, closed as interrupted; 0 until the store is open.
    [[nodiscard]] std::size_t interrupted() const { return interrupted_; }
    [[nodiscard]] bool store_rebuilt() const { return store_rebuilt_; }

  private:
    DataFolder(io::FileSystem& files, DataFolderOptions options)
        : files_(files), options_(std::move(options)) {}
    Result<void> open_parts();
    /// All that follows the recovery of the journal; `stop` may end it, where the store is not waited for.
    Result<void> open_store(const std::stop_token& stop);
    Result<std::unique_ptr<store::CallStore>> usable_store(const std::stop_token& stop);
    Result<void> delete_store();

    io::FileSystem& files_;
    DataFolderOptions options_;
    std::unique_ptr<io::FolderLock> lock_;
    std::unique_ptr<journal::Journal> journal_;
    std::unique_ptr<journal::Reader> reader_;
    std::unique_ptr<store::OpeningStore> store_;
    std::unique_ptr<Recorder> recorder_;
    std::unique_ptr<DamageNotes> notes_;
    std::unique_ptr<Feeder> feeder_;
    std::unique_ptr<CallReader> calls_;
    std::atomic<Feeder*> told_{
        nullptr};  ///< of what became durable; the journal exists before and after the feeder
    std::atomic<std::size_t> interrupted_{0};
    std::atomic<bool> store_rebuilt_{false};

    mutable std::mutex mutex_;
    std::condition_variable_any opened_changed_;
    std::optional<Result<void>> opened_;
    std::jthread opening_;
};

}  // namespace steno::ingest
