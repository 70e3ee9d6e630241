#pragma once

#include "base/error.hpp"
#include "ingest/call_reader.hpp"
#include "ingest/damage_notes.hpp"
#include "ingest/feeder.hpp"
#include "ingest/recorder.hpp"
#include "io/file_system.hpp"
#include "io/folder_lock.hpp"
#include "journal/journal.hpp"
#include "journal/reader.hpp"
#include "store/call_store.hpp"

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace steno::ingest {

/// Opens the store whose files live in this folder (made if missing).
using StoreFactory = std::function<Result<std::unique_ptr<store::CallStore>>(const std::string& folder)>;

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
};

/// A data folder in use: its lock, journal, store, and what carries calls between them. Server and command
/// line open the same thing, exactly one process at a time: who holds the store. Others may write streams of
/// their own to the folder's journal meanwhile (journal.hpp, and the embedded SDK); these are fed, too.
class DataFolder {
  public:
    /// Takes the lock, recovers the journal, closes as interrupted what a dead process left open, opens the
    /// store or, if it is damaged, of another version or ahead of a journal that is not damaged, deletes it
    /// so that it is fed anew, and starts feeding. FailedPrecondition: the folder is in use.
    static Result<std::unique_ptr<DataFolder>> open(io::FileSystem& files, DataFolderOptions options);
    /// Feeds what is durable, then closes journal and store.
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
    /// Calls that a dead process had left open, closed as interrupted by `open`.
    [[nodiscard]] std::size_t interrupted() const { return interrupted_; }
    [[nodiscard]] bool store_rebuilt() const { return store_rebuilt_; }

  private:
    DataFolder(io::FileSystem& files, DataFolderOptions options)
        : files_(files), options_(std::move(options)) {}
    Result<void> open_parts();
    Result<void> open_store();
    Result<void> delete_store();

    io::FileSystem& files_;
    DataFolderOptions options_;
    std::unique_ptr<io::FolderLock> lock_;
    std::unique_ptr<journal::Journal> journal_;
    std::unique_ptr<journal::Reader> reader_;
    std::unique_ptr<store::CallStore> store_;
    std::unique_ptr<Recorder> recorder_;
    std::unique_ptr<DamageNotes> notes_;
    std::unique_ptr<Feeder> feeder_;
    std::unique_ptr<CallReader> calls_;
    std::atomic<Feeder*> told_{
        nullptr};  ///< of what became durable; the journal exists before and after the feeder
    std::size_t interrupted_ = 0;
    bool store_rebuilt_ = false;
};

}  // namespace steno::ingest
