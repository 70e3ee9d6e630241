#include "ingest/data_folder.hpp"

#include "base/log.hpp"
#include "base/random.hpp"

namespace steno::ingest {

Result<std::unique_ptr<DataFolder>> DataFolder::open(io::FileSystem& files, DataFolderOptions options) {
    std::unique_ptr<DataFolder> folder(new DataFolder(files, std::move(options)));
    STENO_TRY(folder->open_parts());
    return folder;
}

Result<void> DataFolder::open_parts() {
    STENO_ASSIGN(io::FolderLock lock, io::FolderLock::take(files_, options_.path));
    lock_ = std::make_unique<io::FolderLock>(std::move(lock));

    journal::Options journal_options;
    journal_options.max_delay = options_.max_sync_delay;
    journal_options.segment_bytes = options_.segment_bytes;
    journal_options.begin_at_once = options_.begin_at_once;
    journal_options.on_durable = [this](const journal::Position&) {
        if (Feeder* feeder = told_.load()) feeder->became_durable();
    };
    STENO_ASSIGN(journal_, journal::Journal::open(files_, options_.path, std::move(journal_options)));
    // The store first: what it was fed with was durable, and a stream that has lost it must not be signed
    // whole.
    STENO_TRY(open_store());
    recorder_ = std::make_unique<Recorder>(*journal_, options_.prices, options_.recorder);
    STENO_ASSIGN(interrupted_, recorder_->close_orphans(journal_->orphans()));
    STENO_ASSIGN(reader_, journal::Reader::open(files_, options_.path, journal_.get()));
    notes_ = std::make_unique<DamageNotes>(files_, options_.path + "/store/unreadable.txt");
    feeder_ = std::make_unique<Feeder>(*recorder_, *reader_, *store_, *notes_, options_.feeder);
    calls_ = std::make_unique<CallReader>(*recorder_, *feeder_, *reader_, *store_);
    if (!options_.feed) return {};
    told_ = feeder_.get();
    feeder_->start();
    return {};
}

Result<void> DataFolder::open_store() {
    const std::string folder = options_.path + "/store";
    STENO_TRY(files_.make_directories(folder));
    STENO_ASSIGN(const auto reader, journal::Reader::open(files_, options_.path, journal_.get()));
    auto opened = options_.open_store(folder);
    Result<void> usable;
    if (opened) {
        store_ = std::move(*opened);
        usable = Feeder::check(*journal_, *reader, *store_);
    } else {
        usable = std::unexpected(opened.error());
    }
    if (usable) return {};
    const Code code = usable.error().code;
    if (code != Code::FailedPrecondition && code != Code::DataLoss) return usable;
    log::warning("{}; rebuilding the store from the journal", usable.error().message);
    store_.reset();
    STENO_TRY(delete_store());
    STENO_ASSIGN(store_, options_.open_store(folder));
    store_rebuilt_ = true;
    return {};
}

Result<void> DataFolder::delete_store() {
    const std::string folder = options_.path + "/store";
    STENO_ASSIGN(const auto entries, files_.list(folder));
    for (const io::DirectoryEntry& entry : entries) {
        const std::string path = folder + "/" + entry.name;
        if (!entry.is_directory) {
            STENO_TRY(files_.unlink(path));
        } else if (entry.name.ends_with(".duckdb") || entry.name.ends_with(".wal")) {
            // Not ours, and where a file of ours should be.
            log::warning("{} is a folder; it is moved aside", path);
            STENO_TRY(files_.rename(path, path + ".aside-" + Uuid::random(system_random()).to_string()));
        }
    }
    return files_.sync_directory(folder);
}

DataFolder::~DataFolder() {
    if (feeder_ && journal_) {
        if (auto durable = journal_->wait_durable(journal_->stats().appended);
            !durable && durable.error().code != Code::OutOfRange) {
            log::error("the last records could not be made durable: {}", durable.error().message);
        }
        feeder_->stop();
    }
    calls_.reset();
    recorder_.reset();  // writes what still waits, while the journal is open
    if (journal_) {
        // Ends the sync thread, and with it what it tells the feeder, before the feeder goes.
        if (auto closed = journal_->close(); !closed) log::error("{}", closed.error().message);
    }
    if (store_) {
        if (auto checkpoint = store_->checkpoint(); !checkpoint)
            log::warning("{}", checkpoint.error().message);
    }
    feeder_.reset();
    store_.reset();
    reader_.reset();
}

}  // namespace steno::ingest
