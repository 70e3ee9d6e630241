#include "journal/verify.hpp"

#include "base/text.hpp"
#include "journal/format.hpp"
#include "journal/head.hpp"
#include "journal/living.hpp"
#include "journal/recovery.hpp"
#include "journal/sealed_segment.hpp"
#include "journal/segment_scanner.hpp"
#include "journal/trimming.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

namespace steno::journal {
namespace {

constexpr std::uint64_t kCacheBytes = 128ULL << 20;

/// Follows one stream from its first byte to its last.
class StreamCheck {
  public:
    StreamCheck(io::FileSystem& files, const std::string& data_folder, const Uuid& stream,
                const std::optional<std::string>& folder_key, const StreamHead* head)
        : files_(files), data_folder_(data_folder), folder_key_(folder_key), head_(head) {
        report_.id = stream;
        chain_ = chain_start(stream);
    }

    Result<void> run() {
        read_mark();
        read_trimmed();
        if (!mark_ && !report_.closed) {
            STENO_ASSIGN(const bool living, is_living(files_, data_folder_, report_.id));
            // What is behind that may be half written at this moment.
            if (living) until_ = read_durable_note(files_, data_folder_, report_.id).value_or(0);
        }
        STENO_ASSIGN(StreamFiles found, list_segments(files_, data_folder_, report_.id));
        if (until_) leave_out_unwritten(found);
        if (trimmed_) leave_out_trimmed(found, trimmed_->sequence);
        if (!found.segments.empty()) created_ = found.segments.front().header.created_unix_nanos;
        report_.segments = found.segments.size();
        for (const SegmentFile& segment : found.segments) {
            report_.bytes += segment.size;
            // What is behind the first damage is not judged: the chain that would judge it is broken.
            if (!report_.first_damage) STENO_TRY(check_segment(segment));
        }
        if (first_segment_ && trimmed_) begin_behind_trimmed();  // nothing is left that could be read
        STENO_TRY(check_unreadable(found));
        check_end();
        return {};
    }

    void cannot_be_read(std::string why) { damage(DamageKind::Unreadable, std::move(why)); }

    StreamReport& report() { return report_; }
    [[nodiscard]] std::int64_t created() const { return created_; }

  private:
    /// Of a stream that is being written only what is durable is judged.
    void leave_out_unwritten(StreamFiles& found) const {
        std::erase_if(found.segments, [&](const SegmentFile& segment) {
            return segment.header.first_sequence > *until_ + 1;
        });
        if (!found.segments.empty()) {
            std::uint64_t& end = found.segments.back().end_sequence;
            end = std::min(end, *until_ + 1);
        }
        found.unreadable.clear();
    }

    void damage(DamageKind kind, std::string reason, std::uint64_t segment = 0, std::uint64_t offset = 0) {
        if (report_.first_damage) return;
        report_.first_damage = Damage{kind, segment, offset, sequence_ + 1, std::move(reason)};
    }

    void read_mark() {
        auto mark = read_closed_mark(files_, data_folder_, report_.id);
        if (!mark) return damage(DamageKind::Corrupt, mark.error().message);
        if (!*mark) return;
        report_.closed = true;
        mark_ = (*mark)->streams[0];
        if (!(*mark)->signature_holds) {
            damage(DamageKind::Signature, "the mark of the stream's end has a wrong signature");
        } else if (folder_key_ && (*mark)->key_hex != *folder_key_) {
            damage(DamageKind::Signature,
                   "the mark of the stream's end is signed by another key than this folder's");
        }
    }

    void read_trimmed() {
        auto mark = read_trimmed_mark(files_, data_folder_, report_.id);
        if (!mark) return damage(DamageKind::Corrupt, mark.error().message);
        if (!*mark) return;
        trimmed_ = (*mark)->streams[0];
        report_.trimmed = trimmed_->sequence;
        if (!(*mark)->signature_holds || (folder_key_ && (*mark)->key_hex != *folder_key_)) {
            damage(DamageKind::Signature, "the mark of what was removed is not signed by this folder's key");
        }
    }

    /// In a stream whose beginning was removed: the mark says how the chain goes on.
    void begin_behind_trimmed() {
        sequence_ = trimmed_->sequence;
        chain_ = trimmed_->chain;
        compare_chain(0, 0);
    }

    Result<void> check_segment(const SegmentFile& segment) {
        const SegmentHeader& header = segment.header;
        if (first_segment_ && trimmed_ && header.first_sequence == trimmed_->sequence + 1) {
            begin_behind_trimmed();
            for (const Opening& call : header.open) open_[call.id] = call.at.sequence;
        } else if (first_segment_ && header.first_sequence > 1) {
            damage(DamageKind::Missing,
                   fmt::format("the records before {} are missing", header.first_sequence), segment.number);
            return {};
        }
        first_segment_ = false;
        if (header.first_sequence != sequence_ + 1) {
            damage(DamageKind::Missing,
                   fmt::format("the records from {} to {} are missing", sequence_ + 1,
                               header.first_sequence - 1),
                   segment.number);
            return {};
        }
        if (header.chain_before != chain_) {
            damage(DamageKind::Rewritten, "the segment does not continue the hash chain of the one before",
                   segment.number);
            return {};
        }
        if (!lists_agree(header)) {
            damage(DamageKind::Rewritten,
                   "the segment's list of open calls is not what the records before say", segment.number);
            return {};
        }
        if (segment.sealed) return check_sealed(segment);
        STENO_ASSIGN(const auto file, files_.open_read(segment.path));
        SegmentScanner scanner(*file, header.header_size, header.first_sequence, segment.end_sequence);
        for (;;) {
            STENO_ASSIGN(const auto step, scanner.next());
            if (step.state == SegmentScanner::State::End) return {};
            if (step.state == SegmentScanner::State::Bad) return judge_bad(*file, segment, step);
            check_record(segment, step);
            if (report_.first_damage) return {};
        }
    }

    bool lists_agree(const SegmentHeader& header) {
        return header.open.size() == open_.size() &&
               std::ranges::all_of(header.open, [&](const Opening& call) {
                   const auto found = open_.find(call.id);
                   return found != open_.end() && found->second == call.at.sequence;
               });
    }

    void check_record(const SegmentFile& segment, const SegmentScanner::Step& step) {
        const ParsedRecord& record = step.record;
        const Sha256 chain = chain_next(chain_, record.prefix.sequence, sha256(record.digested));
        if (chain != record.prefix.chain) {
            return damage(DamageKind::Rewritten, "the record does not continue the hash chain",
                          segment.number, step.offset);
        }
        for (const PayloadFrame& frame : record.payloads) {
            if (!frame.payload.redacted && payload_digest(frame.salt, frame.payload) != frame.stated_digest) {
                return damage(DamageKind::Rewritten, "a payload is not the one whose hash the record holds",
                              segment.number, step.offset);
            }
        }
        accept(record, chain, segment, step.offset);
    }

    /// A record that is what it should be: it counts, and is compared with what is known of the chain at its
    /// place.
    void accept(const ParsedRecord& record, const Sha256& chain, const SegmentFile& segment,
                std::uint64_t offset) {
        for (const PayloadFrame& frame : record.payloads) {
            ++report_.payloads;
            if (frame.payload.redacted) ++report_.redacted;
        }
        ++report_.records;
        chain_ = chain;
        sequence_ = record.prefix.sequence;
        if (record.opens) open_[*record.opens] = sequence_;
        if (record.closes) open_.erase(*record.closes);
        compare_chain(segment.number, offset);
    }

    /// A sealed segment holds the chain only where its blocks begin, and the digests of payloads only where
    /// those are gone: all else is computed here, and must lead to the next one held.
    Result<void> check_sealed(const SegmentFile& segment) {
        STENO_ASSIGN(std::shared_ptr<io::File> file, files_.open_read(segment.path));
        auto opened = SealedSegment::open(std::move(file));
        if (!opened && opened.error().code != Code::DataLoss)
            return std::unexpected(std::move(opened).error());
        if (!opened) {
            damage(DamageKind::Corrupt, opened.error().message, segment.number);
            return {};
        }
        const SealedSegment& sealed = **opened;
        if (segment.end_sequence != kNoEnd && segment.end_sequence != sealed.end_sequence()) {
            damage(DamageKind::Missing,
                   fmt::format("the segment was sealed up to record {}, the next one begins at {}",
                               sealed.end_sequence() - 1, segment.end_sequence),
                   segment.number);
            return {};
        }
        for (std::uint32_t block = 0; block < sealed.directory().blocks.size(); ++block) {
            const auto words = sealed.check_words(block);
            if (words) continue;
            if (words.error().code != Code::DataLoss) return words;
            damage(DamageKind::Corrupt, words.error().message, segment.number);
            return {};
        }
        BlockCache cache(kCacheBytes);
        const auto& spine = sealed.directory().spine;
        for (std::size_t i = 0; i < spine.size() && !report_.first_damage; ++i) {
            const bool last = i + 1 == spine.size();
            const std::uint64_t end = last ? sealed.end_sequence() : spine[i + 1].first_sequence;
            const Sha256& chain_after = last ? sealed.directory().chain_after : spine[i + 1].chain_before;
            STENO_TRY(check_sealed_block(segment, sealed, spine[i].place.offset, end, cache));
            if (!report_.first_damage && chain_ != chain_after) {
                damage(DamageKind::Rewritten,
                       fmt::format("the records from {} to {} are not those that were written",
                                   spine[i].first_sequence, end - 1),
                       segment.number, spine[i].place.offset);
            }
        }
        return {};
    }

    Result<void> check_sealed_block(const SegmentFile& segment, const SealedSegment& sealed,
                                    std::uint64_t offset, std::uint64_t end, BlockCache& cache) {
        while (sequence_ + 1 < end) {
            const auto record = sealed.record(sequence_ + 1, cache);
            if (!record && record.error().code != Code::DataLoss) return std::unexpected(record.error());
            const std::string& reason = record ? record->damage : record.error().message;
            if (!reason.empty()) {
                damage(DamageKind::Corrupt, reason, segment.number, offset);
                return {};
            }
            accept(record->record, chain_next(chain_, sequence_ + 1, sha256(digested_part(*record))), segment,
                   offset);
            if (report_.first_damage) return {};
        }
        return {};
    }

    /// With what is known of the chain up to the record at hand.
    void compare_chain(std::uint64_t segment, std::uint64_t offset) {
        const auto compare = [&](const StreamHead* with, std::string_view what) {
            if (with == nullptr || with->sequence != sequence_ || with->chain == chain_) return;
            damage(DamageKind::Rewritten,
                   fmt::format("the hash chain up to record {} is not the one of {}", sequence_, what),
                   segment, offset);
        };
        compare(head_, "the exported head");
        compare(mark_ ? &*mark_ : nullptr, "the mark of the stream's end");
    }

    Result<void> judge_bad(io::File& file, const SegmentFile& segment, const SegmentScanner::Step& step) {
        const std::uint64_t due = sequence_ + 1;
        char bytes[kPrefixBytes];
        STENO_ASSIGN(const std::size_t got, file.read(step.offset, bytes));
        const auto prefix = parse_prefix({bytes, got});
        if (prefix && prefix->sequence != due) {
            STENO_ASSIGN(const bool elsewhere, stands_elsewhere(file, step.offset, due));
            damage(elsewhere ? DamageKind::Reordered : DamageKind::Missing, step.reason, segment.number,
                   step.offset);
            return {};
        }
        const bool last = segment.end_sequence == kNoEnd;
        if (got == 0) {
            damage(DamageKind::Cut, step.reason, segment.number, step.offset);
            return {};
        }
        STENO_ASSIGN(const std::uint64_t certain, durable_behind(file, step.offset, due));
        const bool promised =
            (mark_ && due <= mark_->sequence) || (head_ != nullptr && due <= head_->sequence);
        if (last && certain == 0 && !promised) {
            report_.torn_bytes += segment.size - step.offset;
            return {};
        }
        STENO_ASSIGN(const std::uint64_t size, file.size());
        const bool cut = prefix && step.offset + prefix->size > size;
        damage(cut ? DamageKind::Cut : DamageKind::Corrupt, step.reason, segment.number, step.offset);
        return {};
    }

    /// Whether the record that is due follows later in this segment.
    static Result<bool> stands_elsewhere(io::File& file, std::uint64_t offset, std::uint64_t due) {
        char bytes[kPrefixBytes];
        for (;;) {
            STENO_ASSIGN(const std::size_t got, file.read(offset, bytes));
            const auto prefix = parse_prefix({bytes, got});
            if (!prefix) return false;
            if (prefix->sequence == due) return true;
            offset += prefix->size;
        }
    }

    Result<void> check_unreadable(const StreamFiles& found) {
        for (const UnreadableSegment& segment : found.unreadable) {
            report_.bytes += segment.size;
            const bool last = found.segments.empty() || segment.number > found.segments.back().number;
            // One in the middle that nobody misses was given up when its fsync failed: the next has its
            // records.
            if (!last && !report_.first_damage) continue;
            if (!last) {
                blame(segment, found);
                continue;
            }
            const auto file = files_.open_read(segment.path);
            if (!file && file.error().code == Code::DataLoss) {
                damage(DamageKind::Corrupt, segment.reason, segment.number);
                continue;
            }
            if (!file) return std::unexpected(file.error());
            // The header of a new segment may be torn; then nothing behind it was ever durable.
            STENO_ASSIGN(const std::uint64_t certain, durable_behind(**file, 0, sequence_ + 1));
            const bool promised = mark_ && sequence_ < mark_->sequence;
            if (certain == 0 && !promised && !segment.sealed) {
                report_.torn_bytes += segment.size;
            } else {
                damage(DamageKind::Corrupt, segment.reason, segment.number);
            }
        }
        return {};
    }

    /// If the first damage is a gap where this segment stood, the segment's header is what is wrong.
    void blame(const UnreadableSegment& segment, const StreamFiles& found) {
        Damage& first = *report_.first_damage;
        const auto next = std::ranges::find_if(
            found.segments, [&](const SegmentFile& other) { return other.number > segment.number; });
        const bool follows = next != found.segments.begin() && first.kind == DamageKind::Cut &&
                             first.segment == std::prev(next)->number;
        const bool precedes = first.kind == DamageKind::Missing && first.segment == next->number;
        if (follows || precedes)
            first = {DamageKind::Corrupt, segment.number, 0, first.sequence, segment.reason};
    }

    void check_end() {
        if (mark_ && mark_->lost_through > 0) {
            damage(DamageKind::Cut,
                   fmt::format("the stream had lost the records from {} to {} when it was recovered",
                               mark_->sequence + 1, mark_->lost_through));
        }
        if (mark_ && sequence_ < mark_->sequence) {
            damage(DamageKind::Cut,
                   fmt::format("the stream ended at record {}, the mark says", mark_->sequence));
        }
        if (mark_ && sequence_ > mark_->sequence) {
            damage(DamageKind::Rewritten,
                   fmt::format("records were added after the stream's end at {}", mark_->sequence));
        }
        if (mark_ && mark_->sequence == 0 && mark_->chain != chain_) {
            damage(DamageKind::Rewritten, "the mark of the stream's end names another stream's chain");
        }
        if (head_ == nullptr || (trimmed_ && head_->sequence < trimmed_->sequence)) return;
        report_.against_head = true;
        report_.head_sequence = head_->sequence;
        if (sequence_ < head_->sequence) {
            damage(DamageKind::Cut, fmt::format("the head was taken at record {}", head_->sequence));
        }
        if (head_->closed && sequence_ > head_->sequence) {
            damage(DamageKind::Rewritten,
                   fmt::format("the head says that the stream ended at record {}", head_->sequence));
        }
    }

    io::FileSystem& files_;
    const std::string& data_folder_;
    const std::optional<std::string>& folder_key_;
    const StreamHead* head_;
    StreamReport report_;
    std::optional<std::uint64_t> until_;  ///< of a living process's stream: see leave_out_unwritten
    std::optional<StreamHead> mark_;
    std::optional<StreamHead> trimmed_;
    Sha256 chain_;
    std::uint64_t sequence_ = 0;
    bool first_segment_ = true;
    std::int64_t created_ = 0;
    std::unordered_map<Uuid, std::uint64_t> open_;
};

}  // namespace

std::string_view name_of(DamageKind kind) noexcept {
    switch (kind) {
        case DamageKind::Corrupt:
            return "corrupt";
        case DamageKind::Cut:
            return "cut";
        case DamageKind::Missing:
            return "missing";
        case DamageKind::Reordered:
            return "reordered";
        case DamageKind::Rewritten:
            return "rewritten";
        case DamageKind::Signature:
            return "signature";
        case DamageKind::Unreadable:
            return "unreadable";
    }
    return "unknown";
}

Result<Report> verify(io::FileSystem& files, const std::string& data_folder,
                      std::optional<std::string_view> head) {
    std::optional<Head> against;
    if (head) {
        STENO_ASSIGN(against, parse_head(*head));
        if (!against->signature_holds) {
            return fail(Code::InvalidArgument,
                        "the head's own signature is wrong: it is not as it was exported",
                        "use an unaltered copy of the head");
        }
    }
    const auto folder_key = public_key_of(files, data_folder);
    const auto head_of = [&](const Uuid& stream) -> const StreamHead* {
        if (!against) return nullptr;
        const auto found = std::ranges::find(against->streams, stream, &StreamHead::stream);
        return found == against->streams.end() ? nullptr : &*found;
    };

    std::vector<std::pair<std::int64_t, StreamReport>> reports;
    STENO_ASSIGN(auto streams, list_streams(files, data_folder));
    for (const Uuid& stream : streams) {
        StreamCheck check(files, data_folder, stream, folder_key, head_of(stream));
        if (auto checked = check.run(); !checked) {
            if (checked.error().code != Code::PermissionDenied) return std::unexpected(checked.error());
            check.cannot_be_read(std::move(checked).error().message);
        }
        reports.emplace_back(check.created(), std::move(check.report()));
    }
    std::ranges::sort(reports, {}, [](const auto& entry) { return std::pair(entry.first, entry.second.id); });

    Report report;
    for (auto& [created, stream] : reports) report.streams.push_back(std::move(stream));
    for (const StreamHead& expected : against ? against->streams : std::vector<StreamHead>()) {
        if (std::ranges::find(streams, expected.stream) != streams.end()) continue;
        StreamReport missing;
        missing.id = expected.stream;
        missing.against_head = true;
        missing.head_sequence = expected.sequence;
        missing.first_damage =
            Damage{DamageKind::Missing, 0, 0, 1, "the whole stream is gone; the head names it"};
        report.streams.push_back(std::move(missing));
    }
    report.intact = std::ranges::none_of(report.streams,
                                         [](const StreamReport& s) { return s.first_damage.has_value(); });
    return report;
}

}  // namespace steno::journal
