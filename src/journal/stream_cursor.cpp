#include "journal/stream_cursor.hpp"

#include "journal/owned_record.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace steno::journal {

Result<std::optional<Record>> StreamCursor::next() {
    bool refreshed = false;
    for (;;) {
        STENO_ASSIGN(const std::uint64_t end, reader_.end_of(*stream_, due_));
        if (due_ > end) return std::optional<Record>();
        std::string reason = "the segment that has it is missing";
        std::string where = "no file";
        if (!segment_ || due_ >= segment_end_ || (!scanner_ && !segment_->sealed)) STENO_TRY(open_segment());
        if (segment_) where = segment_->path;
        if (segment_ && segment_->sealed) {
            auto record = reader_.read_sealed({stream_->id, due_}, segment_, cache_);
            if (record) {
                ++due_;
                return std::optional<Record>(std::move(*record));
            }
            reason = record.error().message;
            segment_.reset();
        } else if (scanner_) {
            STENO_ASSIGN(const auto step, scanner_->next());
            if (step.state == SegmentScanner::State::Record) {
                ++due_;
                return std::optional<Record>(own_record(stream_->id, step, segment_->number));
            }
            reason = step.state == SegmentScanner::State::Bad
                         ? fmt::format("{} at byte {}", step.reason, step.offset)
                         : "the file ends before it";
            const bool at_next = due_ >= segment_end_;
            scanner_.reset();
            if (at_next) continue;
        }
        if (refreshed) {
            if (auto record = reader_.read_damaged(*stream_, due_)) {
                ++due_;
                segment_.reset();
                return std::optional<Record>(std::move(*record));
            }
            return fail(Code::DataLoss, fmt::format("record {}/{} is damaged ({}): {}",
                                                    stream_->id.to_string(), due_, where, reason));
        }
        // A living stream goes on in new files.
        STENO_TRY(reader_.refresh(*stream_));
        refreshed = true;
    }
}

Result<bool> StreamCursor::skip_damage() {
    scanner_.reset();
    segment_.reset();
    STENO_TRY(reader_.refresh(*stream_));
    STENO_ASSIGN(const bool further, skip_within_segment());
    if (further) return true;
    const std::lock_guard lock(stream_->mutex);
    for (const SegmentPtr& segment : stream_->segments) {
        if (segment->first_sequence <= due_) continue;
        due_ = segment->first_sequence;
        return true;
    }
    return false;
}

Result<bool> StreamCursor::skip_within_segment() {
    const auto [segment, end] = reader_.segment_of(*stream_, due_);
    if (!segment) return false;
    if (!segment->sealed) {
        STENO_ASSIGN(const auto next, reader_.behind(*stream_, segment, due_));
        if (next) due_ = *next;
        return next.has_value();
    }
    const auto content = reader_.content_of(segment);
    if (!content) return false;
    const auto& spine = (*content)->directory().spine;
    const auto next = std::ranges::upper_bound(spine, due_, {}, &SpineBlock::first_sequence);
    if (next == spine.end()) return false;
    due_ = next->first_sequence;
    return true;
}

Result<void> StreamCursor::open_segment() {
    const auto [segment, end] = reader_.segment_of(*stream_, due_);
    segment_ = segment;
    segment_end_ = end;
    scanner_.reset();
    if (!segment || segment->sealed) return {};
    // Damage is told by next(), which looks again first.
    const auto offset = reader_.offset_of(*stream_, segment, due_);
    auto file = offset ? reader_.file_of(segment) : std::unexpected(offset.error());
    if (!file && file.error().code != Code::DataLoss) return std::unexpected(std::move(file).error());
    if (!file) return {};
    file_ = std::move(*file);
    scanner_.emplace(*file_, *offset, due_, end);
    return {};
}

}  // namespace steno::journal
