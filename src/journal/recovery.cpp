#include "journal/recovery.hpp"

#include "base/log.hpp"
#include "journal/living.hpp"
#include "journal/reader.hpp"
#include "journal/sealed_segment.hpp"
#include "journal/segment_scanner.hpp"
#include "journal/trimming.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

namespace steno::journal {
namespace {

constexpr std::uint64_t kMaxMarkBytes = 64 * 1024;
constexpr std::uint64_t kCacheBytes = 64ULL << 20;

/// A torn end is expected; a damaged one must not be taken for it silently. Returns the last sequence known
/// to be lost, or 0.
Result<std::uint64_t> judge_end(io::File& file, const std::string& path, std::uint64_t offset,
                                std::string_view reason, std::uint64_t due) {
    STENO_ASSIGN(const std::uint64_t lost, durable_behind(file, offset, due));
    if (lost > 0) {
        log::error("journal: {} is damaged at byte {} ({}); the records {} to {} or later are not readable",
                   path, offset, reason, due, lost);
    } else {
        log::info("journal: {} ends with an unfinished write at byte {}", path, offset);
    }
    return lost;
}

/// Segments behind the last readable one: their headers are torn, or damaged.
Result<void> judge_unreadable(io::FileSystem& files, const StreamFiles& found, StreamHead& end) {
    const std::uint64_t last = found.segments.empty() ? 0 : found.segments.back().number;
    for (const UnreadableSegment& segment : found.unreadable) {
        if (segment.number < last) continue;
        if (segment.sealed) {
            log::error("journal: {} is not readable: {}", segment.path, segment.reason);
            end.lost_through = std::max(end.lost_through, end.sequence + 1);  // what is sealed was durable
            continue;
        }
        const auto file = files.open_read(segment.path);
        if (!file && file.error().code == Code::DataLoss) continue;  // a pipe or a folder: nobody wrote there
        if (!file) return std::unexpected(file.error());
        STENO_ASSIGN(const std::uint64_t lost,
                     judge_end(**file, segment.path, 0, segment.reason, end.sequence + 1));
        end.lost_through = std::max(end.lost_through, lost);
    }
    return {};
}

/// Goes through the records of a segment, as far as they are whole. Returns as judge_end does.
template <class Each>
Result<std::uint64_t> for_each_plain(io::File& file, const SegmentFile& segment, std::uint64_t end,
                                     Each each) {
    SegmentScanner scanner(file, segment.header.header_size, segment.header.first_sequence, end);
    for (;;) {
        STENO_ASSIGN(const auto step, scanner.next());
        if (step.state == SegmentScanner::State::Bad)
            return judge_end(file, segment.path, step.offset, step.reason, scanner.due());
        if (step.state != SegmentScanner::State::Record) return 0;
        each(step.record, step.record.prefix.chain);
    }
}

/// Goes through the records of a sealed segment: only a stream that had a mark and lost it ends with one.
template <class Each>
Result<void> for_each_sealed(std::unique_ptr<io::File> file, Each each) {
    STENO_ASSIGN(const auto sealed, SealedSegment::open(std::move(file)));
    BlockCache cache(kCacheBytes);
    Sha256 chain = sealed->header().chain_before;
    for (std::uint64_t sequence = sealed->header().first_sequence; sequence < sealed->end_sequence();
         ++sequence) {
        STENO_ASSIGN(const SealedRecord record, sealed->record(sequence, cache));
        if (!record.damage.empty()) return fail(Code::DataLoss, record.damage);
        chain = chain_next(chain, sequence, sha256(digested_part(record)));
        each(record.record, chain);
    }
    return {};
}

}  // namespace

Result<StreamEnd> find_end(io::FileSystem& files, const std::string& data_folder, const Uuid& stream,
                           bool make_durable, std::optional<std::uint64_t> until) {
    STENO_ASSIGN(StreamFiles found, list_segments(files, data_folder, stream));
    StreamEnd end;
    end.head = {stream, 0, chain_start(stream), false, 0};
    // What follows the removed beginning may never have become durable: then the stream ends with what was
    // removed.
    if (const auto trimmed = read_trimmed_mark(files, data_folder, stream); trimmed && *trimmed) {
        const StreamHead& removed = (*trimmed)->streams[0];
        leave_out_trimmed(found, removed.sequence);
        end.head.sequence = removed.sequence;
        end.head.chain = removed.chain;
    }
    if (found.segments.empty()) {
        STENO_TRY(judge_unreadable(files, found, end.head));
        return end;
    }
    const SegmentFile& last = found.segments.back();
    const SegmentHeader& header = last.header;
    end.created_unix_nanos = found.segments.front().header.created_unix_nanos;
    end.head.sequence = header.first_sequence - 1;
    end.head.chain = header.chain_before;
    end.adopted = header.adopted;

    std::unordered_map<Uuid, std::uint64_t> open;
    for (const Opening& call : header.open) open[call.id] = call.at.sequence;
    auto file = make_durable ? files.open_append(last.path) : files.open_read(last.path);
    if (!file) return std::unexpected(std::move(file).error());
    if (make_durable) {
        STENO_TRY((*file)->sync());
        STENO_TRY(files.sync_directory(stream_folder(data_folder, stream)));
    }
    const auto hear = [&](const ParsedRecord& record, const Sha256& chain) {
        if (record.opens) open[*record.opens] = record.prefix.sequence;
        if (record.closes) open.erase(*record.closes);
        if (record.adopts) end.adopted.push_back(*record.adopts);
        end.head.sequence = record.prefix.sequence;
        end.head.chain = chain;
    };
    if (!last.sealed) {
        STENO_ASSIGN(end.head.lost_through, for_each_plain(**file, last, until ? *until + 1 : kNoEnd, hear));
    } else if (auto read = for_each_sealed(std::move(*file), hear); !read) {
        if (read.error().code != Code::DataLoss) return std::unexpected(std::move(read).error());
        log::error("journal: {} is damaged ({}); the records behind record {} are not readable", last.path,
                   read.error().message, end.head.sequence);
        end.head.lost_through = end.head.sequence + 1;  // at least: what is sealed was durable
    }
    for (const auto& [id, sequence] : open) end.open.push_back({id, {stream, sequence}});
    std::ranges::sort(end.open, {}, [](const Opening& call) { return call.at.sequence; });
    if (!until) STENO_TRY(judge_unreadable(files, found, end.head));
    return end;
}

Result<void> mark_closed(io::FileSystem& files, const std::string& data_folder, StreamHead head, Clock& clock,
                         const SigningKey& key) {
    head.closed = true;
    return io::replace_file(files, closed_mark_path(data_folder, head.stream),
                            build_head({head}, clock.now(), key));
}

Result<std::optional<Head>> read_closed_mark(io::FileSystem& files, const std::string& data_folder,
                                             const Uuid& stream) {
    const std::string path = closed_mark_path(data_folder, stream);
    if (!files.exists(path)) return std::optional<Head>();
    STENO_ASSIGN(const std::string json, io::read_file(files, path, kMaxMarkBytes));
    auto head = parse_head(json);
    if (!head || head->streams.size() != 1 || head->streams[0].stream != stream || !head->streams[0].closed) {
        return fail(Code::DataLoss, fmt::format("{} does not name the end of its stream", path));
    }
    return std::optional<Head>(std::move(*head));
}

Result<bool> somebody_died(io::FileSystem& files, const std::string& data_folder, const Uuid& own,
                           const std::unordered_set<Uuid>& left_alone) {
    constexpr std::string_view kEnding = ".lock";
    STENO_ASSIGN(const auto entries, files.list(journal_folder(data_folder)));
    for (const io::DirectoryEntry& entry : entries) {
        if (entry.is_directory || !entry.name.ends_with(kEnding)) continue;
        const auto stream = Uuid::parse(entry.name.substr(0, entry.name.size() - kEnding.size()));
        // One that just begins has a lock first, and then a folder.
        if (!stream || *stream == own || left_alone.contains(*stream) ||
            !files.exists(stream_folder(data_folder, *stream)))
            continue;
        const auto living = is_living(files, data_folder, *stream);
        if (!living && living.error().code != Code::PermissionDenied) return living;
        if (!living || *living) continue;
        if (!files.exists(closed_mark_path(data_folder, *stream))) return true;
        (void)files.unlink(stream_lock_path(data_folder, *stream));  // who closed it had not come to that
    }
    return false;
}

Result<Recovery> Recovery::begin(io::FileSystem& files, const std::string& data_folder,
                                 const std::optional<Uuid>& own) {
    Recovery recovery(files, data_folder);
    auto lock = files.lock(journal_folder(data_folder) + "/recovery.lock");
    if (!lock && lock.error().code == Code::FailedPrecondition) return recovery;
    if (!lock) return std::unexpected(std::move(lock).error());
    recovery.lock_ = std::move(*lock);

    STENO_ASSIGN(const auto streams, list_streams(files, data_folder));
    std::vector<Opening> adopted;
    for (const Uuid& stream : streams) STENO_TRY(recovery.look_at(stream, stream == own, adopted));
    std::ranges::sort(recovery.dead_, {}, [](const DeadStream& dead) { return dead.end.created_unix_nanos; });
    STENO_TRY(recovery.find_orphans(adopted));
    return recovery;
}

void Recovery::leave_alone(const Uuid& stream, const Error& why) {
    log::error("journal: the stream {} is left alone: {}", stream.to_string(), why.message);
    left_alone_.insert(stream);
}

Result<void> Recovery::look_at(const Uuid& stream, bool own, std::vector<Opening>& adopted) {
    const std::string mark = closed_mark_path(folder_, stream);
    if (files_->exists(mark)) return {};
    const std::string lock_path = stream_lock_path(folder_, stream);
    const bool has_lock = files_->exists(lock_path);
    auto lock = files_->lock(lock_path);
    if (!lock && lock.error().code == Code::PermissionDenied) {
        leave_alone(stream, lock.error());
        return {};
    }
    if (!lock && lock.error().code != Code::FailedPrecondition)
        return std::unexpected(std::move(lock).error());
    const bool dead = lock.has_value();
    if (!dead && !own) return {};
    if (dead && files_->exists(mark)) {  // its process closed it just now
        (void)files_->unlink(lock_path);
        return {};
    }
    // Our own is read as far as it is durable: what is behind that may be half written.
    std::optional<std::uint64_t> until;
    if (!dead) until = read_durable_note(*files_, folder_, stream).value_or(0);
    auto end = find_end(*files_, folder_, stream, dead, until);
    if (!end && dead && is_left_alone(end.error())) {
        leave_alone(stream, end.error());
        if (!has_lock) (void)files_->unlink(lock_path);
        return {};
    }
    if (!end) return std::unexpected(std::move(end).error());
    adopted.insert(adopted.end(), end->adopted.begin(), end->adopted.end());
    if (dead) dead_.push_back({std::move(*end), std::move(*lock)});
    return {};
}

Result<void> Recovery::find_orphans(const std::vector<Opening>& adopted) {
    std::unordered_set<Position> done;
    for (const Opening& call : adopted) done.insert(call.at);
    std::unique_ptr<Reader> reader;
    for (DeadStream& dead : dead_) {
        std::erase_if(dead.end.open, [&](const Opening& call) { return done.contains(call.at); });
        for (const Opening& call : dead.end.open) {
            if (!reader) {
                STENO_ASSIGN(reader, Reader::open(*files_, folder_));
            }
            Orphan orphan{call.id, call.at, 0, {}};
            if (const auto record = reader->read(call.at)) {
                orphan.kind = record->kind;
                orphan.header = record->header;
            } else {
                log::error("journal: the opening record {} of a call cannot be read: {}", call.at.to_string(),
                           record.error().message);
            }
            orphans_.push_back(std::move(orphan));
        }
    }
    return {};
}

std::vector<StreamHead> Recovery::ends() const {
    std::vector<StreamHead> heads;
    for (const DeadStream& dead : dead_) heads.push_back(dead.end.head);
    return heads;
}

void Recovery::expect_durable(const Position& position) {
    for (DeadStream& dead : dead_) {
        StreamHead& end = dead.end.head;
        if (end.stream != position.stream || position.sequence <= std::max(end.sequence, end.lost_through))
            continue;
        end.lost_through = position.sequence;
        log::error(
            "journal: the stream {} ends at record {}, and record {} was durable once: what lies between "
            "is lost",
            end.stream.to_string(), end.sequence, position.sequence);
    }
}

/// A stream's own adoptions must be seen as long as a stream that it adopted from is unmarked.
bool Recovery::may_mark(const DeadStream& stream) const {
    return stream.end.open.empty() && std::ranges::none_of(stream.end.adopted, [&](const Opening& call) {
               return call.at.stream != stream.end.head.stream &&
                      std::ranges::any_of(dead_, [&](const DeadStream& other) {
                          return other.end.head.stream == call.at.stream;
                      });
           });
}

/// The marks of the streams that it adopted from may be a killed process's, whose names no one made durable.
/// Were they lost in a power cut after this stream is marked, its adoptions would not be seen again.
Result<void> Recovery::sync_marks_behind(const DeadStream& stream) {
    std::unordered_set<Uuid> synced{stream.end.head.stream};
    for (const Opening& call : stream.end.adopted) {
        if (!synced.insert(call.at.stream).second) continue;
        const std::string folder = stream_folder(folder_, call.at.stream);
        if (files_->exists(folder)) STENO_TRY(files_->sync_directory(folder));
    }
    return {};
}

Result<std::vector<Uuid>> Recovery::finish(const std::vector<Opening>& adopted, Clock& clock,
                                           const SigningKey& key) {
    std::unordered_set<Position> done;
    for (const Opening& call : adopted) done.insert(call.at);
    for (DeadStream& dead : dead_) {
        std::erase_if(dead.end.open, [&](const Opening& call) { return done.contains(call.at); });
    }
    std::vector<Uuid> marked;
    for (;;) {
        const auto next = std::ranges::find_if(dead_, [&](const DeadStream& dead) { return may_mark(dead); });
        if (next == dead_.end()) break;
        const Uuid stream = next->end.head.stream;
        STENO_TRY(sync_marks_behind(*next));
        STENO_TRY(mark_closed(*files_, folder_, next->end.head, clock, key));
        dead_.erase(next);  // and with it the lock
        (void)files_->unlink(stream_lock_path(folder_, stream));
        marked.push_back(stream);
    }
    dead_.clear();
    lock_.reset();
    return marked;
}

}  // namespace steno::journal
