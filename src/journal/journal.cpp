#include "journal/journal.hpp"

#include "base/log.hpp"
#include "journal/format.hpp"
#include "journal/head.hpp"
#include "journal/recovery.hpp"
#include "journal/segment_scanner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>

namespace steno::journal {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kRetryDelay{50};
constexpr std::uint64_t kLeastSegmentBytes = 4096;

/// What is written but not fsynced: kept to be written again if the fsync fails.
struct Unsynced {
    std::string bytes;
    std::uint64_t sequence = 0;
    std::optional<Uuid> opens;
    std::optional<Uuid> closes;
    std::optional<Opening> adopts;
};

Sha256 chain_of(const std::string& bytes) {
    Sha256 chain;
    std::memcpy(chain.data(), bytes.data() + 24, chain.size());
    return chain;
}

class StreamWriter final : public Journal {
  public:
    StreamWriter(io::FileSystem& files, std::string data_folder, Options options, Recovery recovery,
                 std::unique_ptr<SigningKey> key)
        : files_(files),
          data_folder_(std::move(data_folder)),
          options_(std::move(options)),
          clock_(options_.clock != nullptr ? *options_.clock : system_clock()),
          random_(options_.random != nullptr ? *options_.random : system_random()),
          key_(std::move(key)),
          stream_(Uuid::random(random_)),
          folder_(stream_folder(data_folder_, stream_)),
          recovery_(std::move(recovery)),
          chain_(chain_start(stream_)),
          durable_chain_(chain_) {
        for (const StreamHead& end : recovery_.ends()) recovered_.push_back({end.stream, end.sequence});
    }
    ~StreamWriter() override {
        if (auto closed = close(); !closed) log::error("journal: {}", closed.error().message);
    }
    StreamWriter(const StreamWriter&) = delete;
    StreamWriter& operator=(const StreamWriter&) = delete;

    Result<void> start();

    Uuid stream() const override { return stream_; }
    Result<Position> append(const Entry& entry) override;
    Result<void> wait_durable(Position position, std::chrono::milliseconds timeout) override;
    void sync_soon() override;
    Position durable() const noexcept override { return {stream_, durable_.load(std::memory_order_acquire)}; }
    const std::vector<Orphan>& orphans() const override { return recovery_.orphans(); }
    const std::vector<Position>& recovered() const override { return recovered_; }
    Result<void> finish_recovery() override;
    Result<std::string> export_head() override;
    Stats stats() const override;
    Result<void> close() override;

  private:
    // All below: with mutex_ held.
    Result<void> write_record(const std::string& bytes);
    /// A new file that begins after the durable records, with all unsynced ones in it; durable itself if
    /// `now`.
    Result<void> begin_segment(bool now);
    Result<void> write_segment(io::File& file, bool now, std::uint64_t number);
    bool replace_segment();
    void rotate();
    void mark_durable(std::uint64_t sequence);
    void note_failure(const Error& error, std::uint64_t& counter, bool& state);
    // Of the sync thread; gives the lock away while it waits for the disk.
    void sync_loop();
    bool sync_round(std::unique_lock<std::mutex>& lock);
    void announce(std::unique_lock<std::mutex>& lock);

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
    std::vector<Position> recovered_;

    std::mutex recovery_mutex_;  ///< taken before mutex_
    Recovery recovery_;

    mutable std::mutex mutex_;
    std::condition_variable wake_;          ///< the sync thread
    std::condition_variable more_durable_;  ///< those who wait
    std::shared_ptr<io::File> file_;        ///< shared with a sync in flight
    std::uint64_t segment_number_ = 0;
    std::uint64_t segment_size_ = 0;
    bool broken_ = false;           ///< this segment must not be written to, nor its fsync trusted, any more
    bool directory_dirty_ = false;  ///< the segment's name is not durable yet
    std::uint64_t last_ = 0;
    Sha256 chain_;
    std::deque<Unsynced> unsynced_;
    std::uint64_t unsynced_bytes_ = 0;
    std::vector<Unsynced> retired_;  ///< durable by now; freed by the sync thread outside of the lock
    SteadyClock::time_point oldest_unsynced_;
    std::atomic<std::uint64_t> durable_ = 0;  ///< written with mutex_ held
    Sha256 durable_chain_;
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

    std::mutex close_mutex_;
    std::optional<Result<void>> close_result_;
    std::thread sync_thread_;
};

Result<void> StreamWriter::start() {
    STENO_ASSIGN(stream_lock_, files_.lock(stream_lock_path(data_folder_, stream_)));
    STENO_TRY(files_.make_directories(folder_));
    {
        const std::lock_guard lock(mutex_);
        STENO_TRY(begin_segment(true));
    }
    STENO_TRY(files_.sync_directory(journal_folder(data_folder_)));
    sync_thread_ = std::thread([this] { sync_loop(); });
    return {};
}

Result<Position> StreamWriter::append(const Entry& entry) {
    STENO_ASSIGN(BuiltRecord built, build_record(entry, random_));

    const std::lock_guard lock(mutex_);
    if (stopping_) return fail(Code::FailedPrecondition, "the journal is closed");
    if (unsynced_bytes_ > 0 && unsynced_bytes_ + built.bytes.size() > options_.max_unsynced_bytes) {
        ++stats_.append_failures;
        return fail(Code::ResourceExhausted,
                    fmt::format("{} bytes wait for the disk, no more are taken", unsynced_bytes_),
                    "the disk is slower than what arrives, or fails; see the journal's last error");
    }
    if (broken_ && !replace_segment()) {
        ++stats_.append_failures;
        return fail(Code::Unavailable, "the journal cannot be written: " + stats_.last_error);
    }
    const std::uint64_t sequence = last_ + 1;
    const Sha256 chain = chain_next(chain_, sequence, built.digest);
    place_record(built.bytes, sequence, durable_.load(std::memory_order_relaxed), chain);
    if (auto written = write_record(built.bytes); !written) {
        note_failure(written.error(), stats_.append_failures, writes_work_);
        return std::unexpected(std::move(written).error().with_context("writing to the journal"));
    }
    writes_work_ = true;
    last_ = sequence;
    chain_ = chain;
    segment_size_ += built.bytes.size();
    stats_.bytes += built.bytes.size();
    unsynced_bytes_ += built.bytes.size();
    unsynced_.push_back({std::move(built.bytes), sequence, entry.opens, entry.closes, entry.adopts});
    if (unsynced_.size() == 1) {
        oldest_unsynced_ = SteadyClock::now();
        wake_.notify_one();
    }
    return Position{stream_, sequence};
}

Result<void> StreamWriter::write_record(const std::string& bytes) {
    auto written = io::append_all(*file_, bytes);
    if (written) return {};
    // What follows a torn record could not be read: cut it off, or leave this segment.
    if (!file_->truncate(segment_size_)) broken_ = true;
    return written;
}

void StreamWriter::note_failure(const Error& error, std::uint64_t& counter, bool& state) {
    ++counter;
    if (state) log::error("journal: {}", error.message);  // the first of a row
    state = false;
    stats_.last_error = error.message;
}

Result<void> StreamWriter::begin_segment(bool now) {
    const std::uint64_t number = segment_number_ + 1;
    const std::string path = folder_ + "/" + segment_file_name(number);
    const std::string draft = path + ".tmp";
    if (files_.exists(draft)) STENO_TRY(files_.unlink(draft));
    STENO_ASSIGN(std::shared_ptr<io::File> file, files_.create(draft));
    auto written = write_segment(*file, now, number);
    if (written) written = files_.rename(draft, path);
    if (!written) {
        (void)files_.unlink(draft);
        return written;
    }
    segment_number_ = number;  // taken from here on, even if the next line fails
    if (now) STENO_TRY(files_.sync_directory(folder_));
    STENO_ASSIGN(segment_size_, file->size());
    file_ = std::move(file);
    directory_dirty_ = !now;
    broken_ = false;
    stats_.bytes += segment_size_;
    ++stats_.segments;
    return {};
}

Result<void> StreamWriter::write_segment(io::File& file, bool now, std::uint64_t number) {
    SegmentHeader header;
    header.stream = stream_;
    header.number = number;
    header.first_sequence = durable_.load(std::memory_order_relaxed) + 1;
    header.chain_before = durable_chain_;
    header.created_unix_nanos = clock_.now().unix_nanos;
    header.open.reserve(open_.size());
    for (const auto& [id, sequence] : open_) header.open.push_back({id, {stream_, sequence}});
    std::ranges::sort(header.open, {}, [](const Opening& call) { return call.at.sequence; });
    header.adopted = adopted_;
    STENO_TRY(io::append_all(file, build_segment_header(header)));
    for (const Unsynced& record : unsynced_) STENO_TRY(io::append_all(file, record.bytes));
    if (now) STENO_TRY(file.sync());
    return {};
}

bool StreamWriter::replace_segment() {
    if (auto begun = begin_segment(true); !begun) {
        note_failure(begun.error(), stats_.sync_failures, syncs_work_);
        return false;
    }
    log::warning("journal: gave up a segment after a failure; its records are safe in {}",
                 segment_file_name(segment_number_));
    syncs_work_ = true;
    mark_durable(last_);
    wake_.notify_one();
    return true;
}

/// A segment begins only when all before it is durable: then a torn end can only be at the end of the last
/// one.
void StreamWriter::rotate() {
    if (last_ != durable_.load(std::memory_order_relaxed)) {
        ++stats_.syncs;
        if (auto synced = file_->sync(); !synced) {
            note_failure(synced.error(), stats_.sync_failures, syncs_work_);
            broken_ = true;
            replace_segment();
            return;
        }
        mark_durable(last_);
    }
    if (auto begun = begin_segment(false); !begun) {  // the old one just grows; tried again at the next sync
        stats_.last_error = begun.error().message;
    }
}

void StreamWriter::mark_durable(std::uint64_t sequence) {
    while (!unsynced_.empty() && unsynced_.front().sequence <= sequence) {
        Unsynced& record = unsynced_.front();
        if (record.opens) open_[*record.opens] = record.sequence;
        if (record.closes) open_.erase(*record.closes);
        if (record.adopts) adopted_.push_back(*record.adopts);
        durable_chain_ = chain_of(record.bytes);
        durable_.store(record.sequence, std::memory_order_release);
        unsynced_bytes_ -= record.bytes.size();
        retired_.push_back(std::move(record));
        unsynced_.pop_front();
    }
}

void StreamWriter::sync_loop() {
    std::unique_lock lock(mutex_);
    for (;;) {
        const auto has_work = [&] {
            return stopping_ || broken_ || !unsynced_.empty() ||
                   announced_ != durable_.load(std::memory_order_relaxed);
        };
        wake_.wait(lock, has_work);
        if (!unsynced_.empty()) {
            wake_.wait_until(lock, oldest_unsynced_ + options_.max_delay,
                             [&] { return stopping_ || urgent_ || broken_; });
        }
        urgent_ = false;
        const bool worked = (unsynced_.empty() && !broken_) || sync_round(lock);
        announce(lock);
        if (stopping_ && (unsynced_.empty() || !worked)) break;
        if (worked) continue;
        ++failed_rounds_;
        more_durable_.notify_all();
        wake_.wait_for(lock, kRetryDelay, [&] { return stopping_; });
    }
    stopped_ = true;
    more_durable_.notify_all();
}

bool StreamWriter::sync_round(std::unique_lock<std::mutex>& lock) {
    if (broken_) return replace_segment();
    const std::shared_ptr<io::File> file = file_;
    const std::uint64_t target = last_;
    const bool with_directory = directory_dirty_;
    oldest_unsynced_ = SteadyClock::now();  // nothing that this round leaves out is older
    lock.unlock();
    auto synced = file->sync();
    if (synced && with_directory) synced = files_.sync_directory(folder_);
    lock.lock();
    ++stats_.syncs;
    const bool still_current = file == file_;
    if (!synced) {
        note_failure(synced.error(), stats_.sync_failures, syncs_work_);
        if (still_current) broken_ = true;
        return !broken_ || replace_segment();
    }
    syncs_work_ = true;
    if (still_current && with_directory) directory_dirty_ = false;
    mark_durable(target);
    if (still_current && !broken_ && segment_size_ >= options_.segment_bytes) rotate();
    return true;
}

void StreamWriter::announce(std::unique_lock<std::mutex>& lock) {
    std::vector<Unsynced> garbage;
    garbage.swap(retired_);
    const std::uint64_t now = durable_.load(std::memory_order_relaxed);
    const bool news = now != announced_;
    announced_ = now;
    lock.unlock();
    if (news) {
        more_durable_.notify_all();
        if (options_.on_durable) options_.on_durable({stream_, now});
    }
    garbage.clear();
    lock.lock();
}

Result<void> StreamWriter::wait_durable(Position position, std::chrono::milliseconds timeout) {
    const auto is_durable = [&] { return durable_.load(std::memory_order_acquire) >= position.sequence; };
    if (position.stream != stream_)
        return fail(Code::OutOfRange, position.to_string() + " is not of this stream");
    if (is_durable()) return {};
    std::unique_lock lock(mutex_);
    if (position.sequence > last_)
        return fail(Code::OutOfRange, position.to_string() + " is not written yet");
    urgent_ = true;
    wake_.notify_one();
    const std::uint64_t failed_before = failed_rounds_;
    const bool answered = more_durable_.wait_for(
        lock, timeout, [&] { return is_durable() || stopped_ || failed_rounds_ != failed_before; });
    if (is_durable()) return {};
    const std::string where = position.to_string();
    if (!answered)
        return fail(Code::DeadlineExceeded, where + " is not on disk yet: the disk does not answer");
    return fail(Code::Unavailable, fmt::format("{} is not on disk: {}", where, stats_.last_error));
}

void StreamWriter::sync_soon() {
    const std::lock_guard lock(mutex_);
    if (unsynced_.empty()) return;
    urgent_ = true;
    wake_.notify_one();
}

Result<void> StreamWriter::finish_recovery() {
    const std::lock_guard recovery_lock(recovery_mutex_);
    std::uint64_t last = 0;
    {
        const std::lock_guard lock(mutex_);
        last = last_;
    }
    STENO_TRY(wait_durable({stream_, last}, std::chrono::seconds(30)));
    std::vector<Opening> adopted;
    {
        const std::lock_guard lock(mutex_);
        adopted = adopted_;
    }
    STENO_ASSIGN(const auto marked, recovery_.finish(adopted, clock_, *key_));
    const std::lock_guard lock(mutex_);
    std::erase_if(adopted_, [&](const Opening& call) {
        return std::ranges::find(marked, call.at.stream) != marked.end();
    });
    return {};
}

Result<std::string> StreamWriter::export_head() {
    const std::lock_guard recovery_lock(recovery_mutex_);
    std::uint64_t last = 0;
    {
        const std::lock_guard lock(mutex_);
        last = last_;
    }
    STENO_TRY(wait_durable({stream_, last}, std::chrono::seconds(30)));
    std::vector<StreamHead> heads;
    STENO_ASSIGN(const auto streams, list_streams(files_, data_folder_));
    for (const Uuid& stream : streams) {
        if (stream == stream_) continue;
        STENO_ASSIGN(const auto mark, read_closed_mark(files_, data_folder_, stream));
        if (mark) heads.push_back(mark->streams[0]);
    }
    for (const StreamHead& end : recovery_.ends()) heads.push_back(end);
    {
        const std::lock_guard lock(mutex_);
        heads.push_back({stream_, durable_.load(std::memory_order_relaxed), durable_chain_, false});
    }
    return build_head(heads, clock_.now(), *key_);
}

Stats StreamWriter::stats() const {
    const std::lock_guard lock(mutex_);
    Stats stats = stats_;
    stats.appended = {stream_, last_};
    stats.durable = durable();
    stats.records = last_;
    stats.open_calls = open_.size();
    stats.healthy = writes_work_ && syncs_work_ && !broken_;
    return stats;
}

Result<void> StreamWriter::close() {
    const std::lock_guard close_lock(close_mutex_);
    if (close_result_) return *close_result_;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        wake_.notify_one();
    }
    if (sync_thread_.joinable()) {
        sync_thread_.join();
        close_result_ = end_stream();
    } else {
        close_result_ = Result<void>();  // start() failed
    }
    return *close_result_;
}

Result<void> StreamWriter::end_stream() {
    const std::lock_guard lock(mutex_);
    if (!unsynced_.empty()) {
        return fail(Code::Unavailable,
                    fmt::format("{} records are written but could not be brought to disk: {}",
                                unsynced_.size(), stats_.last_error));
    }
    // With adoptions from unmarked streams this one must be looked at again too.
    if (open_.empty() && adopted_.empty()) {
        STENO_TRY(mark_closed(files_, data_folder_, {stream_, last_, chain_, true}, clock_, *key_));
        stream_lock_.reset();
        return files_.unlink(stream_lock_path(data_folder_, stream_));
    }
    stream_lock_.reset();
    return {};
}

}  // namespace

Result<std::unique_ptr<Journal>> Journal::open(io::FileSystem& files, std::string data_folder,
                                               Options options) {
    if (options.segment_bytes < kLeastSegmentBytes) {
        return fail(Code::InvalidArgument,
                    fmt::format("a segment has at least {} bytes", kLeastSegmentBytes));
    }
    STENO_TRY(files.make_directories(journal_folder(data_folder)));
    STENO_ASSIGN(auto key, SigningKey::load_or_make(files, data_folder));
    STENO_ASSIGN(Recovery recovery, Recovery::begin(files, data_folder));
    auto writer = std::make_unique<StreamWriter>(files, std::move(data_folder), std::move(options),
                                                 std::move(recovery), std::move(key));
    STENO_TRY(writer->start());
    return writer;
}

}  // namespace steno::journal
