#include "ingest/data_folder.hpp"

#include "base/log.hpp"
#include "base/random.hpp"

#include <exception>

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
    recorder_ = std::make_unique<Recorder>(*journal_, options_.prices, options_.recorder);
    STENO_ASSIGN(reader_, journal::Reader::open(files_, options_.path, journal_.get()));
    store_ = std::make_unique<store::OpeningStore>();
    if (options_.feeder.follower != nullptr) store_->follow(*options_.feeder.follower);
    notes_ = std::make_unique<DamageNotes>(files_, options_.path + "/store/unreadable.txt");
    feeder_ = std::make_unique<Feeder>(*recorder_, *reader_, *store_, *notes_, options_.feeder);
    calls_ = std::make_unique<CallReader>(*recorder_, *feeder_, *reader_, *store_);
    if (options_.feed) {
        feeder_->expect();
        told_ = feeder_.get();
    }
    if (options_.wait_for_store) {
        STENO_TRY(open_store({}));
        opened_ = Result<void>();
        return {};
    }
    opening_ = std::jthread([this](const std::stop_token& stop) {
        Result<void> opened;
        try {
            opened = open_store(stop);
        } catch (const std::exception& error) {  // out of memory, most likely
            opened = fail(Code::Internal,
                          std::string("opening the store stopped at an exception: ") + error.what());
        }
        const std::scoped_lock lock(mutex_);
        opened_ = std::move(opened);
        opened_changed_.notify_all();
    });
    return {};
}

Result<void> DataFolder::open_store(const std::stop_token& stop) {
    // Before what was left open is closed: what the store was fed with was durable, and a stream that has
    // lost it must not be signed whole.
    STENO_ASSIGN(auto store, usable_store(stop));
    notes_->read();
    store_->opened(std::move(store));
    STENO_ASSIGN(interrupted_, recorder_->close_orphans(journal_->orphans()));
    if (options_.feed) feeder_->start();
    return {};
}

Result<std::unique_ptr<store::CallStore>> DataFolder::usable_store(const std::stop_token& stop) {
    const std::string folder = options_.path + "/store";
    const auto open_one = [&] {
        return options_.wait_for_store ? options_.open_store(folder)
                                       : open_stoppably(options_.open_store, folder, stop);
    };
    STENO_TRY(files_.make_directories(folder));
    // One of its own, as streams look different once they are recovered.
    STENO_ASSIGN(const auto reader, journal::Reader::open(files_, options_.path, journal_.get()));
    auto store = open_one();
    const Result<void> usable =
        store ? Feeder::check(*journal_, *reader, **store) : Result<void>(std::unexpected(store.error()));
    if (usable) return store;
    const Code code = usable.error().code;
    if (code != Code::FailedPrecondition && code != Code::DataLoss) return std::unexpected(usable.error());
    log::warning("{}; rebuilding the store from the journal", usable.error().message);
    store = nullptr;
    STENO_TRY(delete_store());
    STENO_ASSIGN(store, open_one());
    store_rebuilt_ = true;
    return store;
}

Result<void> DataFolder::wait_for_store(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    if (!opened_changed_.wait(lock, stop, [this] { return opened_.has_value(); }))
        return fail(Code::Cancelled, "the store was not waited for");
    return *opened_;
}

std::optional<Result<void>> DataFolder::store_opened() const {
    const std::scoped_lock lock(mutex_);
    return opened_;
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
    if (opening_.joinable()) {
        opening_.request_stop();
        opening_.join();
    }
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
    if (const auto opened = store_opened(); opened && *opened) {
        if (auto checkpoint = store_->checkpoint(); !checkpoint)
            log::warning("{}", checkpoint.error().message);
    }
    feeder_.reset();
    store_.reset();
    reader_.reset();
}

}  // namespace steno::ingest
