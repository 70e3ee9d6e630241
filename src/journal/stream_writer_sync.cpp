#include "base/log.hpp"
#include "journal/format.hpp"
#include "journal/living.hpp"
#include "journal/segment_scanner.hpp"
#include "journal/stream_writer.hpp"

#include <algorithm>
#include <span>

namespace steno::journal {
namespace {

constexpr std::chrono::milliseconds kRetryDelay{50};
constexpr std::size_t kCopyBytes = 1 << 20;
// Memory of records that is used again: at most so much of it.
constexpr std::size_t kMaxSpares = 128;
constexpr std::size_t kMaxSpareBytes = 16 << 10;

}  // namespace

Result<SegmentDraft> StreamWriter::draft_segment() {
    SegmentHeader header;
    header.stream = stream_;
    header.number = segment_number_ + 1;
    header.first_sequence = durable_.load(std::memory_order_relaxed) + 1;
    header.chain_before = durable_chain_;
    header.created_unix_nanos = clock_.now().unix_nanos;
    header.open.reserve(open_.size());
    for (const auto& [id, sequence] : open_) header.open.push_back({id, {stream_, sequence}});
    std::ranges::sort(header.open, {}, [](const Opening& call) { return call.at.sequence; });
    {
        const std::lock_guard lock(mutex_);
        header.adopted = adopted_;
    }
    return SegmentDraft::begin(files_, folder_, header);
}

Result<void> StreamWriter::copy_unsynced(SegmentDraft& draft, std::size_t& copied) {
    std::vector<std::string_view> missing;
    {
        const std::lock_guard lock(mutex_);
        missing.reserve(unsynced_.size() - copied);
        for (std::size_t i = copied; i < unsynced_.size(); ++i) missing.push_back(unsynced_[i].bytes);
    }
    // They stay where they are: a deque that grows moves nothing, and only this thread takes from it.
    for (const std::string_view bytes : missing) STENO_TRY(draft.append(bytes));
    copied += missing.size();
    return {};
}

std::shared_ptr<io::File> StreamWriter::go_on_in(const SegmentDraft& draft, bool named_durably) {
    segment_size_ = draft.size();
    segment_path_ = draft.path();
    lost_ = false;
    directory_dirty_ = !named_durably;
    broken_ = false;
    stats_.bytes += segment_size_;
    ++stats_.segments;
    return std::exchange(file_, draft.file());
}

/// For when nothing can be appended: durable itself, with all unsynced records in it.
Result<void> StreamWriter::begin_durable_segment() {
    STENO_ASSIGN(SegmentDraft draft, draft_segment());
    std::size_t copied = 0;
    STENO_TRY(copy_unsynced(draft, copied));
    STENO_TRY(draft.sync());
    segment_number_ = draft.number();  // taken, whatever becomes of it from here on
    STENO_TRY(draft.publish());
    STENO_TRY(files_.sync_directory(folder_));
    std::shared_ptr<io::File> before;
    const std::scoped_lock both(append_mutex_, mutex_);
    before = go_on_in(draft, true);
    writes_work_ = syncs_work_ = true;
    mark_durable(last_);
    return {};
}

/// The file has lost its name, but it is still open, and all that was written to it can be read. (What came
/// in the segments before it may be gone with their names: that only a reader can tell.)
Result<void> StreamWriter::copy_lost_segment() {
    STENO_TRY(files_.make_directories(folder_));
    const std::string lock_path = stream_lock_path(data_folder_, stream_);
    if (!files_.exists(lock_path)) {
        STENO_ASSIGN(stream_lock_, files_.lock(lock_path));
    }
    STENO_ASSIGN(SegmentHeader header, read_segment_header(*file_));
    header.number = segment_number_ + 1;
    STENO_ASSIGN(SegmentDraft draft, SegmentDraft::begin(files_, folder_, header));
    std::vector<char> chunk(kCopyBytes);
    for (std::uint64_t at = header.header_size; at < segment_size_;) {
        const std::size_t wanted = std::min<std::uint64_t>(chunk.size(), segment_size_ - at);
        STENO_ASSIGN(const std::size_t got, file_->read(at, std::span(chunk).first(wanted)));
        if (got != wanted) return fail(Code::DataLoss, segment_path_ + " ends too early");
        STENO_TRY(draft.append({chunk.data(), got}));
        at += got;
    }
    STENO_TRY(draft.sync());
    segment_number_ = draft.number();
    STENO_TRY(draft.publish());
    STENO_TRY(files_.sync_directory(folder_));
    STENO_TRY(files_.sync_directory(journal_folder(data_folder_)));
    (void)write_durable_note(*stream_lock_, durable_.load(std::memory_order_relaxed));  // its file may be new
    std::shared_ptr<io::File> before;
    const std::scoped_lock both(append_mutex_, mutex_);
    before = go_on_in(draft, true);
    writes_work_ = syncs_work_ = true;
    mark_durable(last_);
    return {};
}

/// In the middle of everything. It begins after the last durable record, so that a torn end can only be at
/// the end of the last segment; what was appended since the fsync stands in both, and counts in this one. No
/// append may fall between the copying and the switch: it would be in the old segment alone, where nobody
/// looks for it once this one has its name.
Result<void> StreamWriter::begin_segment_beside_appends() {
    STENO_ASSIGN(SegmentDraft draft, draft_segment());
    std::size_t copied = 0;
    STENO_TRY(copy_unsynced(draft, copied));
    std::shared_ptr<io::File> before;
    const std::lock_guard turn(append_mutex_);
    if (broken_) return {};                   // an append has failed just now: the replacement is the new one
    STENO_TRY(copy_unsynced(draft, copied));  // what came during the first copying
    segment_number_ = draft.number();
    auto published = draft.publish();
    const std::lock_guard lock(mutex_);
    if (!published) {
        broken_ = true;  // perhaps it has its name all the same: the old one must not grow
        return published;
    }
    before = go_on_in(draft, false);
    writes_work_ = true;  // who waited for this in vain
    return {};
}

bool StreamWriter::replace_segment(std::unique_lock<std::mutex>& lock) {
    const bool lost = lost_;
    lock.unlock();
    // Appends are refused by now, except for one that may have begun before.
    {
        const std::lock_guard turn(append_mutex_);
    }
    const auto begun = lost ? copy_lost_segment() : begin_durable_segment();
    if (begun && lost) {
        log::error(
            "journal: what the lost file held is in {} now; whether files before it are lost, too, "
            "steno verify tells",
            folder_ + "/" + segment_file_name(segment_number_));
    } else if (begun) {
        log::warning("journal: gave up a segment after a failure; its records are safe in {}",
                     segment_file_name(segment_number_));
    }
    lock.lock();
    if (!begun) note_failure(lock, begun.error(), stats_.sync_failures, syncs_work_);
    return begun.has_value();
}

void StreamWriter::rotate(std::unique_lock<std::mutex>& lock) {
    lock.unlock();
    const auto begun = begin_segment_beside_appends();
    lock.lock();
    // The old one just grows; tried again after the next sync.
    if (!begun) stats_.last_error = begun.error().message;
}

void StreamWriter::look_after_file(std::unique_lock<std::mutex>& lock) {
    if (broken_) return;
    const std::shared_ptr<io::File> file = file_;
    const std::string path = segment_path_;
    lock.unlock();
    const auto there = file->is_at(path);  // that this cannot be told is no reason to give the file up
    lock.lock();
    if (!there || *there) return;
    broken_ = lost_ = true;
    ++stats_.files_lost;
    stats_.last_error = path + " is not there any more: it was removed, moved or replaced";
    const std::string message = stats_.last_error;
    lock.unlock();
    log::error("journal: {}", message);
    lock.lock();
}

void StreamWriter::mark_durable(std::uint64_t sequence) {
    while (!unsynced_.empty() && unsynced_.front().sequence <= sequence) {
        Unsynced& record = unsynced_.front();
        if (record.opens) open_[*record.opens] = record.sequence;
        if (record.closes) open_.erase(*record.closes);
        if (record.adopts) adopted_.push_back(*record.adopts);
        durable_chain_ = record.chain;
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
        if (!wake_.wait_for(lock, options_.look_after, has_work)) {
            look_after_file(lock);
            continue;
        }
        if (!unsynced_.empty())
            wake_.wait_until(lock, sync_due(), [&] { return stopping_ || urgent_ || broken_; });
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
    if (broken_) return replace_segment(lock);
    const std::uint64_t target = last_;
    const bool with_directory = directory_dirty_;
    io::File& file = *file_;  // nobody but this thread changes which one it is
    lock.unlock();
    const auto began = std::chrono::steady_clock::now();
    auto synced = file.sync();
    if (synced && with_directory) synced = files_.sync_directory(folder_);
    const std::chrono::nanoseconds took = std::chrono::steady_clock::now() - began;
    lock.lock();
    ++stats_.syncs;
    stats_.longest_sync = std::max(stats_.longest_sync, took);
    look_after_file(lock);
    if (lost_) return replace_segment(lock);
    if (!synced) {
        broken_ = true;
        note_failure(lock, synced.error(), stats_.sync_failures, syncs_work_);
        return replace_segment(lock);
    }
    syncs_work_ = true;
    directory_dirty_ = false;
    mark_durable(target);
    if (segment_size_ >= options_.segment_bytes) rotate(lock);
    return true;
}

void StreamWriter::announce(std::unique_lock<std::mutex>& lock) {
    for (Unsynced& record : retired_) {
        if (spare_memory_.size() == kMaxSpares) break;
        if (!record.bytes.empty() && record.bytes.capacity() <= kMaxSpareBytes)
            spare_memory_.push_back(std::move(record.bytes));
    }
    std::vector<Unsynced> garbage;
    garbage.swap(retired_);
    const std::uint64_t now = durable_.load(std::memory_order_relaxed);
    const bool news = now != announced_;
    announced_ = now;
    lock.unlock();
    if (news) {
        // For those who read this stream from other processes. One that cannot be said is said with the next.
        (void)write_durable_note(*stream_lock_, now);
        more_durable_.notify_all();
        if (options_.on_durable) options_.on_durable({stream_, now});
    }
    garbage.clear();
    lock.lock();
    garbage.swap(retired_);  // keeps its memory; nobody else has put anything there
}

}  // namespace steno::journal
