#include "base/log.hpp"
#include "journal/folder_reader.hpp"
#include "journal/living.hpp"
#include "journal/owned_record.hpp"
#include "journal/recovery.hpp"
#include "journal/stream_cursor.hpp"
#include "journal/trimming.hpp"
#include "journal/word_list.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace steno::journal {
namespace {

constexpr std::uint64_t kIndexStep = 16;  ///< records between two entries of an index
constexpr std::size_t kMaxOpenFiles = 64;
constexpr std::size_t kSingleReadBytes = 8 * 1024;

std::unexpected<Error> no_such(Position position, std::string_view why) {
    return fail(Code::NotFound, fmt::format("there is no record {}: {}", position.to_string(), why));
}

}  // namespace

Result<void> FolderReader::refresh(Stream& stream) {
    STENO_ASSIGN(StreamFiles found, list_segments(files_, data_folder_, stream.id));
    const auto trimmed = read_trimmed_mark(files_, data_folder_, stream.id);
    if (trimmed && *trimmed) leave_out_trimmed(found, (*trimmed)->streams[0].sequence);
    const std::lock_guard lock(stream.mutex);
    if (trimmed && *trimmed) stream.trimmed = (*trimmed)->streams[0].sequence;
    std::vector<SegmentPtr> segments;
    segments.reserve(found.segments.size());
    for (const SegmentFile& facts : found.segments) {
        const auto known = std::ranges::find(stream.segments, facts.number, &Segment::number);
        if (known != stream.segments.end() && (*known)->sealed == facts.sealed) {
            (*known)->size = facts.size;
            (*known)->end_sequence = facts.end_sequence;
            segments.push_back(*known);
        } else {
            segments.push_back(std::make_shared<Segment>(facts));
        }
        if (segments.size() < 2) continue;
        segments[segments.size() - 2]->chain_after = facts.header.chain_before;
    }
    stream.segments = std::move(segments);
    return {};
}

Result<void> FolderReader::find_final(Stream& stream) {
    auto mark = read_closed_mark(files_, data_folder_, stream.id);
    if (mark && !*mark) {
        if (live_ == nullptr) return {};
        const auto& dead = live_->recovered();
        const auto found = std::ranges::find(dead, stream.id, &Position::stream);
        if (found == dead.end()) return {};  // another process's, which lives
        const std::lock_guard lock(stream.mutex);
        stream.final_sequence = found->sequence;
        return {};
    }
    if (mark && (*mark)->signature_holds) {
        const std::lock_guard lock(stream.mutex);
        stream.final_sequence = (*mark)->streams[0].sequence;
        stream.final_chain = (*mark)->streams[0].chain;
        stream.lost_through = (*mark)->streams[0].lost_through;
        return {};
    }
    // There is a mark, so nothing will be added; where the stream ends only its records can tell.
    std::string damage =
        mark ? fmt::format("the signature of {} is wrong", closed_mark_path(data_folder_, stream.id))
             : mark.error().message;
    log::error("journal: {}; the stream is read as far as it is whole", damage);
    STENO_ASSIGN(const StreamEnd end, find_end(files_, data_folder_, stream.id, false));
    const std::lock_guard lock(stream.mutex);
    stream.mark_damage = std::move(damage);
    stream.final_sequence = end.head.sequence;
    stream.lost_through = end.head.lost_through;
    return {};
}

bool FolderReader::has_ended(Stream& stream) {
    const std::lock_guard lock(stream.mutex);
    return stream.final_sequence.has_value();
}

Result<std::uint64_t> FolderReader::look_at_living(Stream& stream) {
    if (files_.exists(closed_mark_path(data_folder_, stream.id))) {
        STENO_TRY(refresh(stream));
        STENO_TRY(find_final(stream));
    }
    const auto note = read_durable_note(files_, data_folder_, stream.id);
    const std::lock_guard lock(stream.mutex);
    if (stream.final_sequence) return *stream.final_sequence;
    stream.noted = std::max(stream.noted, note.value_or(0));
    return stream.noted;
}

Result<std::shared_ptr<Stream>> FolderReader::stream_of(const Uuid& id) {
    {
        const std::lock_guard lock(mutex_);
        if (const auto known = streams_.find(id); known != streams_.end()) return known->second;
    }
    auto stream = std::make_shared<Stream>(id);
    auto found = refresh(*stream);
    // A live stream may not have begun.
    if (!found && found.error().code == Code::NotFound && is_live(id)) found = {};
    if (!found && found.error().code == Code::NotFound) {
        return fail(Code::NotFound, fmt::format("there is no stream {}", id.to_string()));
    }
    if (!found) return std::unexpected(std::move(found).error());
    if (!is_live(id)) STENO_TRY(find_final(*stream));
    const std::lock_guard lock(mutex_);
    return streams_.try_emplace(id, std::move(stream)).first->second;
}

Result<std::uint64_t> FolderReader::end_of(Stream& stream, std::uint64_t wanted) {
    if (is_live(stream.id)) return live_->durable().sequence;
    SegmentPtr last;
    {
        const std::lock_guard lock(stream.mutex);
        if (stream.final_sequence) return *stream.final_sequence;
        if (live_ != nullptr && stream.noted >= wanted) return stream.noted;
    }
    if (live_ != nullptr) return look_at_living(stream);
    {
        const std::lock_guard lock(stream.mutex);
        if (stream.segments.empty()) return std::uint64_t{0};
        last = stream.segments.back();
    }
    STENO_ASSIGN(const auto file, file_of(last));
    STENO_ASSIGN(const std::uint64_t bytes, file->size());
    {
        const std::lock_guard lock(stream.mutex);
        if (stream.scanned_bytes == bytes) return stream.scanned_end;
    }
    STENO_ASSIGN(const StreamEnd end, find_end(files_, data_folder_, stream.id, false));
    const std::lock_guard lock(stream.mutex);
    stream.scanned_bytes = bytes;
    stream.scanned_end = end.head.sequence;
    return stream.scanned_end;
}

std::pair<SegmentPtr, std::uint64_t> FolderReader::segment_of(Stream& stream, std::uint64_t sequence) {
    const std::lock_guard lock(stream.mutex);
    const auto after = std::ranges::upper_bound(
        stream.segments, sequence, {}, [](const SegmentPtr& segment) { return segment->first_sequence; });
    if (after == stream.segments.begin()) return {nullptr, 0};
    return {*std::prev(after), (*std::prev(after))->end_sequence};
}

std::uint64_t FolderReader::first_of(Stream& stream) {
    const std::lock_guard lock(stream.mutex);
    return std::max(stream.trimmed + 1,
                    stream.segments.empty() ? 1 : stream.segments.front()->first_sequence);
}

Result<std::shared_ptr<io::File>> FolderReader::file_of(const SegmentPtr& segment) {
    std::shared_ptr<io::File> file;
    {
        const std::lock_guard lock(segment->mutex);
        if (segment->file) return segment->file;
        auto opened = files_.open_read(segment->path);
        if (!opened && opened.error().code == Code::NotFound)
            return fail(Code::DataLoss, "its file is gone");  // perhaps only because it was sealed
        if (!opened) return std::unexpected(std::move(opened).error());
        segment->file = std::move(*opened);
        file = segment->file;
    }
    SegmentPtr evicted;
    {
        const std::lock_guard lock(open_mutex_);
        open_.push_back(segment);
        if (open_.size() > kMaxOpenFiles) {
            evicted = std::move(open_.front());
            open_.pop_front();
        }
    }
    if (evicted) {
        const std::lock_guard lock(evicted->mutex);
        evicted->file.reset();
        evicted->content.reset();
    }
    return file;
}

Result<std::shared_ptr<const SealedSegment>> FolderReader::content_of(const SegmentPtr& segment) {
    STENO_ASSIGN(auto file, file_of(segment));
    const std::lock_guard lock(segment->mutex);
    if (segment->content) return segment->content;
    STENO_ASSIGN(auto content, SealedSegment::open(std::move(file)));
    // Not kept without its file: then nobody would let go of it.
    if (segment->file) segment->content = content;
    return content;
}

Result<Record> FolderReader::read_sealed(const Position& position, const SegmentPtr& segment,
                                         BlockCache& cache) {
    STENO_ASSIGN(const auto content, content_of(segment));
    STENO_ASSIGN(const SealedRecord sealed, content->record(position.sequence, cache));
    if (!sealed.damage.empty()) {
        log::error("journal: a payload of record {} is damaged ({}): {}", position.to_string(), segment->path,
                   sealed.damage);
    }
    return own_record(position.stream, sealed.record, segment->number);
}

std::optional<ProvenEnd> FolderReader::proven_end(Stream& stream, const Segment& segment) {
    const std::lock_guard lock(stream.mutex);
    if (segment.chain_after) return ProvenEnd{segment.end_sequence - 1, *segment.chain_after};
    if (stream.final_sequence && stream.final_chain)
        return ProvenEnd{*stream.final_sequence, *stream.final_chain};
    return std::nullopt;
}

Result<Restart> FolderReader::locate(Stream& stream, const SegmentPtr& from, std::uint64_t sequence) {
    STENO_ASSIGN(const auto file, file_of(from));
    Segment& segment = *from;
    const auto end = proven_end(stream, segment);
    const std::lock_guard lock(segment.mutex);
    segment.places.try_emplace(segment.first_sequence, segment.header_size);
    const auto known = std::prev(segment.places.upper_bound(sequence));
    Restart at{known->second, known->first};
    while (at.sequence < sequence) {
        char bytes[kPrefixBytes];
        STENO_ASSIGN(const std::size_t got, file->read(at.offset, bytes));
        const auto prefix = parse_prefix({bytes, got});
        if (prefix && prefix->sequence == at.sequence) {
            at = {at.offset + prefix->size, at.sequence + 1};
            if ((at.sequence - segment.first_sequence) % kIndexStep != 0) continue;
        } else {
            STENO_ASSIGN(const auto restart, find_restart(*file, at.offset, at.sequence, end));
            if (!restart) return fail(Code::DataLoss, "a record is missing or in the wrong place");
            at = *restart;
        }
        segment.places.try_emplace(at.sequence, at.offset);
    }
    return at;
}

Result<std::uint64_t> FolderReader::offset_of(Stream& stream, const SegmentPtr& segment,
                                              std::uint64_t sequence) {
    STENO_ASSIGN(const Restart at, locate(stream, segment, sequence));
    if (at.sequence != sequence) return fail(Code::DataLoss, "a record is missing or in the wrong place");
    return at.offset;
}

Result<std::optional<std::uint64_t>> FolderReader::behind(Stream& stream, const SegmentPtr& segment,
                                                          std::uint64_t sequence) {
    auto at = locate(stream, segment, sequence);
    if (at && at->sequence == sequence) {
        STENO_ASSIGN(const auto file, file_of(segment));
        STENO_ASSIGN(const auto restart,
                     find_restart(*file, at->offset, sequence, proven_end(stream, *segment)));
        if (!restart) return std::optional<std::uint64_t>();
        const std::lock_guard lock(segment->mutex);
        segment->places.try_emplace(restart->sequence, restart->offset);
        return std::optional(restart->sequence);
    }
    if (!at && at.error().code != Code::DataLoss) return std::unexpected(std::move(at).error());
    return at ? std::optional(at->sequence) : std::nullopt;
}

Result<Record> FolderReader::read_damaged(Stream& stream, std::uint64_t sequence) {
    const auto [segment, end] = segment_of(stream, sequence);
    if (!segment || segment->sealed) return fail(Code::DataLoss, "it is not in a plain segment");
    STENO_ASSIGN(const std::uint64_t offset, offset_of(stream, segment, sequence));
    STENO_ASSIGN(const auto file, file_of(segment));
    std::string bytes(kPrefixBytes, '\0');
    STENO_ASSIGN(std::size_t got, file->read(offset, bytes));
    STENO_ASSIGN(const Prefix prefix, parse_prefix(std::string_view(bytes).substr(0, got)));
    STENO_ASSIGN(const std::uint64_t size, file->size());
    if (prefix.sequence != sequence || offset + prefix.size > size)
        return fail(Code::DataLoss, "the record is cut off");
    bytes.resize(prefix.size);
    STENO_ASSIGN(got, file->read(offset, bytes));
    SegmentScanner::Step step;
    step.state = SegmentScanner::State::Record;
    step.offset = offset;
    step.bytes = std::string_view(bytes).substr(0, got);
    STENO_ASSIGN(step.record, parse_damaged_record(step.bytes));
    return own_record(stream.id, step, segment->number);
}

Result<StreamInfo> FolderReader::info_of(const Uuid& id) {
    STENO_ASSIGN(const auto stream, stream_of(id));
    if (!has_ended(*stream)) STENO_TRY(refresh(*stream));
    StreamInfo info;
    info.id = id;
    info.live = is_live(id);
    STENO_ASSIGN(info.durable, end_of(*stream, kNoEnd));
    const std::lock_guard lock(stream->mutex);
    info.closed = stream->final_sequence.has_value();
    info.lost_through = stream->lost_through;
    info.segments = stream->segments.size();
    for (const SegmentPtr& segment : stream->segments) info.bytes += segment->size;
    if (!stream->segments.empty()) {
        const Segment& first = *stream->segments.front();
        info.created_unix_nanos = first.created_unix_nanos;
        if (info.durable >= first.first_sequence) info.first_sequence = first.first_sequence;
        if (first.first_sequence > stream->trimmed + 1) {
            info.damage.push_back(
                fmt::format("stream {}: the records from {} to {} are missing, with their files",
                            id.to_string(), stream->trimmed + 1, first.first_sequence - 1));
        }
    }
    if (!stream->mark_damage.empty()) info.damage.push_back(stream->mark_damage);
    if (info.lost_through > info.durable) {
        info.damage.push_back(fmt::format("stream {}: the records from {} to {} are lost", id.to_string(),
                                          info.durable + 1, info.lost_through));
    }
    return info;
}

Result<std::uint64_t> FolderReader::durable(Uuid id) {
    STENO_ASSIGN(const auto stream, stream_of(id));
    return end_of(*stream, kNoEnd);
}

Result<std::vector<StreamInfo>> FolderReader::streams() {
    STENO_ASSIGN(const auto ids, list_streams(files_, data_folder_));
    std::vector<StreamInfo> infos;
    for (const Uuid& id : ids) {
        auto info = info_of(id);
        if (!info && info.error().code == Code::NotFound) continue;
        if (!info && is_left_alone(info.error())) {
            std::string reason = fmt::format("stream {}: {}", id.to_string(), info.error().message);
            info = StreamInfo();
            info->id = id;
            info->damage.push_back(std::move(reason));
        }
        if (!info) return std::unexpected(std::move(info).error());
        infos.push_back(std::move(*info));
    }
    std::ranges::sort(infos, {},
                      [](const StreamInfo& info) { return std::pair(info.created_unix_nanos, info.id); });
    return infos;
}

std::vector<bool> FolderReader::may_contain(std::span<const Position> positions, std::string_view text) {
    std::vector<bool> may(positions.size(), true);
    const std::vector<std::string> fragments = fragments_of(text);
    if (fragments.empty()) return may;
    /// What the word lists of a segment say, looked up once.
    struct Verdict {
        std::shared_ptr<const SealedSegment> content;  ///< null: nothing is known
        std::vector<bool> blocks;
        bool any = false;
    };
    std::unordered_map<const Segment*, Verdict> verdicts;
    for (std::size_t i = 0; i < positions.size(); ++i) {
        const auto stream = stream_of(positions[i].stream);
        if (!stream) continue;
        const auto [segment, end] = segment_of(**stream, positions[i].sequence);
        if (!segment || !segment->sealed) continue;
        const auto [known, is_new] = verdicts.try_emplace(segment.get());
        Verdict& verdict = known->second;
        if (is_new) {
            auto content = content_of(segment);
            if (!content) continue;
            verdict.content = std::move(*content);
            for (std::uint32_t block = 0; block < verdict.content->directory().blocks.size(); ++block) {
                verdict.blocks.push_back(verdict.content->block_may_contain(block, fragments));
                verdict.any = verdict.any || verdict.blocks.back();
            }
        }
        if (!verdict.content) continue;
        may[i] = verdict.any;
        if (!verdict.any) continue;
        const auto blocks = verdict.content->blocks_of(positions[i].sequence, cache_);
        if (!blocks) continue;
        may[i] = std::ranges::any_of(*blocks, [&](std::uint32_t block) {
            return block >= verdict.blocks.size() || verdict.blocks[block];
        });
    }
    return may;
}

void FolderReader::let_go() {
    std::deque<SegmentPtr> opened;
    {
        const std::scoped_lock lock(mutex_, open_mutex_);
        streams_.clear();
        opened.swap(open_);
    }
    for (const SegmentPtr& segment : opened) {
        const std::lock_guard lock(segment->mutex);
        segment->file.reset();
        segment->content.reset();
    }
    cache_.clear();
}

Result<Record> FolderReader::read(Position position) {
    STENO_ASSIGN(const auto stream, stream_of(position.stream));
    STENO_ASSIGN(const std::uint64_t end, end_of(*stream, position.sequence));
    if (position.sequence == 0 || position.sequence > end) {
        return no_such(position, fmt::format("the stream ends at {}", end));
    }
    if (position.sequence < first_of(*stream))
        return no_such(position, "that part of the stream is not kept any more");
    std::string reason;
    for (int attempt = 0; attempt < 2; ++attempt) {
        // A living stream goes on in new files, and leaves one whose fsync failed.
        if (attempt > 0) STENO_TRY(refresh(*stream));
        const auto [segment, segment_end] = segment_of(*stream, position.sequence);
        if (!segment) return no_such(position, "that part of the stream is not kept any more");
        if (segment->sealed) {
            auto record = read_sealed(position, segment, cache_);
            if (record) return record;
            reason = record.error().message;
            continue;
        }
        const auto offset = offset_of(*stream, segment, position.sequence);
        if (!offset) {
            reason = offset.error().message;
            continue;
        }
        const auto file = file_of(segment);
        if (!file) {
            if (file.error().code != Code::DataLoss) return std::unexpected(file.error());
            reason = file.error().message;
            continue;
        }
        SegmentScanner scanner(**file, *offset, position.sequence, segment_end, kSingleReadBytes);
        STENO_ASSIGN(const auto step, scanner.next());
        if (step.state == SegmentScanner::State::Record)
            return own_record(position.stream, step, segment->number);
        reason = step.state == SegmentScanner::State::Bad ? step.reason : "the file ends before it";
    }
    if (auto record = read_damaged(*stream, position.sequence)) {
        log::error("journal: a payload of record {} is damaged: {}", position.to_string(), reason);
        return record;
    }
    return fail(Code::DataLoss, fmt::format("record {} is damaged: {}", position.to_string(), reason));
}

Result<std::unique_ptr<Cursor>> FolderReader::scan(Uuid id, std::uint64_t from_sequence) {
    STENO_ASSIGN(auto stream, stream_of(id));
    const std::uint64_t from = std::max(from_sequence, first_of(*stream));
    return std::make_unique<StreamCursor>(*this, std::move(stream), from);
}

Result<std::unique_ptr<Reader>> Reader::open(io::FileSystem& files, std::string data_folder,
                                             const Journal* live) {
    return std::make_unique<FolderReader>(files, std::move(data_folder), live);
}

}  // namespace steno::journal
