#include "journal/stream_writer.hpp"

#include "base/blocking.hpp"
#include "base/log.hpp"
#include "base/thread_scratch.hpp"
#include "journal/format.hpp"
#include "journal/segment_scanner.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace steno::journal {
namespace {

/// So long an append waits for those before it, unless another has waited in vain.
constexpr std::chrono::milliseconds kAppendPatience{1000};

struct Built {
    Sha256 digest;
    std::size_t end;
};
/// What the thread built its last records in is still needed; this is what older ones were built in.
struct Workshop {
    std::string memory;
    std::vector<Built> built;
};

}  // namespace

StreamWriter::StreamWriter(io::FileSystem& files, std::string data_folder, Options options, Recovery recovery,
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
    orphans_ = recovery_.orphans();
    left_alone_ = recovery_.left_alone();
    for (const StreamHead& end : recovery_.ends()) recovered_.push_back({end.stream, end.sequence});
}

StreamWriter::~StreamWriter() {
    if (auto closed = close(); !closed) log::error("journal: {}", closed.error().message);
}

Result<void> StreamWriter::begin() {
    if (begun_.load(std::memory_order_acquire)) return {};
    const std::lock_guard begin_lock(begin_mutex_);
    if (begun_) return {};
    if (stopping_) return fail(Code::FailedPrecondition, "the journal is closed");
    if (!stream_lock_) {
        STENO_ASSIGN(stream_lock_, files_.lock(stream_lock_path(data_folder_, stream_)));
    }
    STENO_TRY(files_.make_directories(folder_));
    STENO_TRY(begin_durable_segment());
    STENO_TRY(files_.sync_directory(journal_folder(data_folder_)));
    sync_thread_ = std::thread([this] { sync_loop(); });
    begun_.store(true, std::memory_order_release);
    return {};
}

Result<Position> StreamWriter::append(std::span<const Entry> entries) {
    const ThreadScratch<Workshop> workshop;
    auto& [memory, built] = *workshop;
    built.clear();
    std::string bytes = std::exchange(memory, {});
    bytes.clear();
    for (const Entry& entry : entries) {
        STENO_ASSIGN(const Sha256 digest, add_record(bytes, entry, random_));
        built.push_back({digest, bytes.size()});
    }
    if (built.empty()) return fail(Code::InvalidArgument, "there is no record to append");
    STENO_TRY(begin());

    const BlockingSection section;
    STENO_ASSIGN(auto turn, take_turn());
    {
        const std::lock_guard lock(mutex_);
        STENO_TRY(may_append(bytes.size()));
    }
    const std::uint64_t durable = durable_.load(std::memory_order_relaxed);
    std::uint64_t sequence = last_;
    Sha256 chain = chain_;
    std::size_t start = 0;
    for (const Built& record : built) {
        chain = chain_next(chain, ++sequence, record.digest);
        place_record(std::span(bytes).subspan(start, record.end - start), sequence, durable, chain);
        start = record.end;
    }
    auto written = io::append_all(*file_, bytes);
    // What follows a torn record could not be read: cut it off, or leave this segment.
    const bool torn = !written && !file_->truncate(segment_size_);

    std::unique_lock lock(mutex_);
    if (!written) {
        if (torn) {
            broken_ = true;
            wake_.notify_one();
        }
        turn.unlock();
        note_failure(lock, written.error(), stats_.append_failures, writes_work_);
        return std::unexpected(std::move(written).error().with_context("writing to the journal"));
    }
    writes_work_ = true;
    segment_size_ += bytes.size();
    stats_.bytes += bytes.size();
    unsynced_bytes_ += bytes.size();
    const bool first = unsynced_.empty();
    const auto now = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const Entry& entry = entries[i];
        const bool last = i + 1 == entries.size();
        if (!last && !entry.opens && !entry.closes && !entry.adopts) continue;
        unsynced_.push_back({last ? std::move(bytes) : std::string(), last_ + i + 1, chain, now, entry.opens,
                             entry.closes, entry.adopts});
    }
    last_ = sequence;
    chain_ = chain;
    if (!spare_memory_.empty()) {
        memory = std::move(spare_memory_.back());
        spare_memory_.pop_back();
    }
    if (first) wake_.notify_one();
    return Position{stream_, sequence};
}

Result<std::unique_lock<std::timed_mutex>> StreamWriter::take_turn() {
    std::unique_lock turn(append_mutex_, std::try_to_lock);
    if (!turn && !hangs_) (void)turn.try_lock_for(kAppendPatience);
    hangs_ = !turn;
    if (turn) return turn;
    std::unique_lock lock(mutex_);
    Error error(Code::Unavailable, "the disk does not take what is written to it");
    note_failure(lock, error, stats_.append_failures, writes_work_);
    return std::unexpected(std::move(error));
}

Result<void> StreamWriter::may_append(std::uint64_t bytes) {
    if (stopping_) return fail(Code::FailedPrecondition, "the journal is closed");
    if (unsynced_bytes_ > 0 && unsynced_bytes_ + bytes > options_.max_unsynced_bytes) {
        ++stats_.append_failures;
        return fail(Code::ResourceExhausted,
                    fmt::format("{} bytes wait for the disk, no more are taken", unsynced_bytes_),
                    "the disk is slower than what arrives, or fails; see the journal's last error");
    }
    if (broken_) {
        ++stats_.append_failures;
        return fail(Code::Unavailable, "the journal cannot be written: " + stats_.last_error);
    }
    return {};
}

void StreamWriter::note_failure(std::unique_lock<std::mutex>& lock, const Error& error,
                                std::uint64_t& counter, bool& state) {
    ++counter;
    stats_.last_error = error.message;
    if (!std::exchange(state, false)) return;
    lock.unlock();
    log::error("journal: {}", error.message);
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

void StreamWriter::expect_durable(const Position& position) {
    const std::lock_guard recovery_lock(recovery_mutex_);
    recovery_.expect_durable(position);
}

Result<std::optional<std::vector<Orphan>>> StreamWriter::recover_again() {
    if (!options_.recover) return std::nullopt;
    const std::lock_guard recovery_lock(recovery_mutex_);
    // One that was not finished holds the locks of the dead, who would be taken for living.
    recovery_ = Recovery(files_, data_folder_);
    STENO_ASSIGN(const bool died, somebody_died(files_, data_folder_, stream_, left_alone_));
    if (!died) return std::nullopt;
    STENO_ASSIGN(recovery_, Recovery::begin(files_, data_folder_, stream_));
    left_alone_.insert(recovery_.left_alone().begin(), recovery_.left_alone().end());
    return recovery_.orphans();
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
        const auto mark = read_closed_mark(files_, data_folder_, stream);
        if (!mark || (*mark && !(*mark)->signature_holds)) {
            log::error("journal: the stream {} is left out of the head: the mark of its end is damaged",
                       stream.to_string());
        } else if (*mark) {
            heads.push_back((*mark)->streams[0]);
        }
    }
    for (const StreamHead& end : recovery_.ends()) heads.push_back(end);
    if (begun_) {
        const std::lock_guard lock(mutex_);
        heads.push_back({stream_, durable_.load(std::memory_order_relaxed), durable_chain_, false, 0});
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
    if (!unsynced_.empty())
        stats.oldest_unsynced = std::chrono::steady_clock::now() - unsynced_.front().written;
    stats.healthy = writes_work_ && syncs_work_ && !broken_;
    return stats;
}

Result<void> StreamWriter::close() {
    const std::lock_guard close_lock(close_mutex_);
    if (close_result_) return *close_result_;
    {
        const std::lock_guard begin_lock(begin_mutex_);
        const std::scoped_lock both(append_mutex_, mutex_);  // no append is half done
        stopping_ = true;
        wake_.notify_one();
    }
    if (sync_thread_.joinable()) {
        sync_thread_.join();
        close_result_ = end_stream();
    } else {
        close_result_ = Result<void>();  // nothing was appended, or begin() failed
    }
    return *close_result_;
}

Result<void> StreamWriter::end_stream() {
    StreamHead end;
    bool ended = false;
    {
        const std::lock_guard lock(mutex_);
        if (!unsynced_.empty()) {
            return fail(Code::Unavailable,
                        fmt::format("{} records are written but could not be brought to disk: {}",
                                    unsynced_.size(), stats_.last_error));
        }
        end = {stream_, last_, chain_, true, 0};
        // With adoptions from unmarked streams this one must be looked at again too.
        ended = open_.empty() && adopted_.empty();
    }
    if (ended) STENO_TRY(mark_closed(files_, data_folder_, end, clock_, *key_));
    stream_lock_.reset();
    if (!ended) return {};
    auto removed = files_.unlink(stream_lock_path(data_folder_, stream_));
    if (!removed && removed.error().code != Code::NotFound) return removed;
    return {};
}

}  // namespace steno::journal
