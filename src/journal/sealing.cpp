#include "journal/sealing.hpp"

#include "journal/compression.hpp"
#include "journal/recovery.hpp"
#include "journal/sealed_segment.hpp"
#include "journal/trimming.hpp"
#include "journal/word_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace steno::journal {
namespace {

constexpr std::uint64_t kCacheBytes = 128ULL << 20;

/// The records of a segment to be sealed, in any order. What it gives lives until the next call.
class Content {
  public:
    virtual ~Content() = default;
    virtual std::string segment_header() const = 0;
    virtual Result<const ParsedRecord*> at(std::uint64_t sequence) = 0;
    /// Of the record given last (SpineEntry::head).
    virtual std::string_view head() const = 0;
    /// The chain value before this record, if it is known.
    virtual std::optional<Sha256> chain_before(std::uint64_t sequence) = 0;
    virtual std::uint64_t bytes_before() const = 0;
};

class PlainContent final : public Content {
  public:
    static Result<std::unique_ptr<Content>> open(io::FileSystem& files, const SegmentFile& segment) {
        auto content = std::unique_ptr<PlainContent>(new PlainContent(segment));
        STENO_ASSIGN(content->file_, files.open_read(segment.path));
        const SegmentHeader& header = segment.header;
        content->header_.resize(header.header_size);
        STENO_ASSIGN(const std::size_t got, content->file_->read(0, content->header_));
        if (got != header.header_size) return fail(Code::DataLoss, "the segment is cut off");
        content->chains_.push_back(header.chain_before);
        SegmentScanner scanner(*content->file_, header.header_size, header.first_sequence,
                               segment.end_sequence);
        while (scanner.due() < segment.end_sequence) {
            STENO_ASSIGN(const auto step, scanner.next());
            if (step.state != SegmentScanner::State::Record) {
                return fail(Code::DataLoss,
                            fmt::format("{} at byte {} of {}", step.reason, step.offset, segment.path));
            }
            content->offsets_.push_back(step.offset);
            content->chains_.push_back(step.record.prefix.chain);
        }
        content->bytes_ = scanner.offset();
        return content;
    }

    std::string segment_header() const override { return header_; }
    Result<const ParsedRecord*> at(std::uint64_t sequence) override {
        if (!scanner_ || scanner_->due() != sequence) {
            scanner_.emplace(*file_, offsets_[sequence - first_], sequence, end_, kReadBytes);
        }
        STENO_ASSIGN(step_, scanner_->next());
        if (step_.state != SegmentScanner::State::Record)
            return fail(Code::DataLoss, "a record changed while it was sealed: " + step_.reason);
        return &step_.record;
    }
    std::string_view head() const override {
        const ParsedRecord& record = step_.record;
        return record.digested.substr(
            0, record.digested.size() - record.header.size() - record.payloads.size() * sizeof(Sha256));
    }
    std::optional<Sha256> chain_before(std::uint64_t sequence) override { return chains_[sequence - first_]; }
    std::uint64_t bytes_before() const override { return bytes_; }

  private:
    static constexpr std::size_t kReadBytes = 32 * 1024;
    explicit PlainContent(const SegmentFile& segment)
        : first_(segment.header.first_sequence), end_(segment.end_sequence) {}

    std::uint64_t first_;
    std::uint64_t end_;
    std::unique_ptr<io::File> file_;
    std::string header_;
    std::vector<std::uint64_t> offsets_;
    std::vector<Sha256> chains_;
    std::uint64_t bytes_ = 0;
    std::optional<SegmentScanner> scanner_;
    SegmentScanner::Step step_;
};

class SealedContent final : public Content {
  public:
    static Result<std::unique_ptr<Content>> open(io::FileSystem& files, const SegmentFile& segment) {
        auto content = std::make_unique<SealedContent>();
        STENO_ASSIGN(std::shared_ptr<io::File> file, files.open_read(segment.path));
        STENO_ASSIGN(content->segment_, SealedSegment::open(std::move(file)));
        return content;
    }

    std::string segment_header() const override { return build_segment_header(segment_->header()); }
    Result<const ParsedRecord*> at(std::uint64_t sequence) override {
        STENO_ASSIGN(record_, segment_->record(sequence, cache_));
        if (!record_.damage.empty()) return fail(Code::DataLoss, record_.damage);
        for (PayloadFrame& frame : record_.record.payloads) {
            if (!frame.payload.redacted) frame.stated_digest = payload_digest(frame.salt, frame.payload);
        }
        return &record_.record;
    }
    std::string_view head() const override { return record_.head; }
    std::optional<Sha256> chain_before(std::uint64_t sequence) override {
        const SealedDirectory& directory = segment_->directory();
        if (sequence == segment_->end_sequence()) return directory.chain_after;
        const SpineBlock& block = directory.spine[segment_->spine_of(sequence)];
        if (block.first_sequence != sequence) return std::nullopt;
        return block.chain_before;
    }
    std::uint64_t bytes_before() const override { return segment_->directory().facts.bytes_before; }

  private:
    std::shared_ptr<const SealedSegment> segment_;
    BlockCache cache_{kCacheBytes};
    SealedRecord record_;
};

Result<std::unique_ptr<Content>> open_content(io::FileSystem& files, const SegmentFile& segment) {
    return segment.sealed ? SealedContent::open(files, segment) : PlainContent::open(files, segment);
}

/// A file in the making, removed unless it is published.
class Draft {
  public:
    static Result<Draft> begin(io::FileSystem& files, std::string path) {
        Draft draft(files, std::move(path));
        const std::string name = draft.path_ + ".tmp";
        if (files.exists(name)) STENO_TRY(files.unlink(name));
        STENO_ASSIGN(draft.file_, files.create(name));
        return draft;
    }
    Draft(Draft&&) noexcept = default;
    Draft& operator=(Draft&&) = delete;
    ~Draft() {
        if (file_) (void)files_.unlink(path_ + ".tmp");
    }
    Result<void> append(std::string_view bytes) {
        STENO_TRY(io::append_all(*file_, bytes));
        size_ += bytes.size();
        return {};
    }
    Result<void> publish(const std::string& folder) {
        STENO_TRY(files_.rename(path_ + ".tmp", path_));
        file_.reset();
        return files_.sync_directory(folder);
    }
    [[nodiscard]] std::uint64_t size() const { return size_; }
    [[nodiscard]] const std::shared_ptr<io::File>& file() const { return file_; }

  private:
    Draft(io::FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}
    io::FileSystem& files_;
    std::string path_;
    std::shared_ptr<io::File> file_;
    std::uint64_t size_ = 0;
};

/// The sealing of one segment.
class Sealing {
  public:
    Sealing(Content& content, Draft& draft, std::uint64_t first, std::uint64_t end,
            const SealingOptions& options)
        : content_(content), draft_(draft), first_(first), end_(end), options_(options) {}

    Result<SealedFacts> run() {
        STENO_TRY(plan());
        STENO_TRY(draft_.append(build_sealed_start(content_.segment_header())));
        STENO_TRY(write_payloads());
        STENO_TRY(write_spine());
        STENO_TRY(draft_.append(build_sealed_end(directory_, draft_.size())));
        return directory_.facts;
    }

    /// Reads back what was written and compares it with where it came from.
    Result<void> check() {
        STENO_ASSIGN(const auto sealed, SealedSegment::open(draft_.file()));
        BlockCache cache(kCacheBytes);
        const auto differs = [](std::uint64_t sequence) {
            return fail(Code::Internal, fmt::format("record {} was not sealed as it was", sequence));
        };
        // In the order of the payload blocks, so that each is decompressed once.
        std::vector<std::uint64_t> order;
        for (const Planned& planned : payloads_) order.push_back(planned.sequence);
        for (std::uint64_t sequence = first_; sequence < end_; ++sequence) {
            if (!has_payload_[sequence - first_]) order.push_back(sequence);
        }
        for (const std::uint64_t sequence : order) {
            STENO_ASSIGN(const ParsedRecord* before, content_.at(sequence));
            STENO_ASSIGN(const SealedRecord after, sealed->record(sequence, cache));
            if (!after.damage.empty() || after.head != content_.head() ||
                after.record.header != before->header ||
                after.record.payloads.size() != before->payloads.size()) {
                return differs(sequence);
            }
            for (std::size_t i = 0; i < before->payloads.size(); ++i) {
                const PayloadFrame& was = before->payloads[i];
                const PayloadFrame& is = after.record.payloads[i];
                const bool same = is.payload.redacted
                                      ? is.stated_digest == was.stated_digest
                                      : is.salt == was.salt && is.payload.bytes == was.payload.bytes &&
                                            is.payload.subject == was.payload.subject &&
                                            is.payload.key_id == was.payload.key_id;
                if (!same || is.payload.kind != was.payload.kind) return differs(sequence);
            }
        }
        return {};
    }

  private:
    /// A payload that is kept, and where it will stand.
    struct Planned {
        std::uint64_t sequence = 0;
        std::uint32_t index = 0;  ///< in its record
        std::uint32_t group = 0;
        PayloadPlace place;
    };

    /// Decides what is kept, and in which order.
    Result<void> plan() {
        SealedFacts& facts = directory_.facts;
        facts.records = end_ - first_;
        facts.bytes_before = content_.bytes_before();
        has_payload_.resize(facts.records);
        std::unordered_map<std::string, std::uint32_t> groups;
        std::map<std::string, SealedClass> classes;
        for (std::uint64_t sequence = first_; sequence < end_; ++sequence) {
            STENO_ASSIGN(const ParsedRecord* record, content_.at(sequence));
            SealingAdvice advice;
            if (options_.advise) advice = options_.advise(*record);
            if (advice.unix_nanos != 0) {
                if (facts.oldest_unix_nanos == 0 || advice.unix_nanos < facts.oldest_unix_nanos)
                    facts.oldest_unix_nanos = advice.unix_nanos;
                facts.newest_unix_nanos = std::max(facts.newest_unix_nanos, advice.unix_nanos);
            }
            const auto group =
                groups.try_emplace(std::move(advice.group), static_cast<std::uint32_t>(groups.size()))
                    .first->second;
            bool any = false;
            for (std::uint32_t i = 0; i < record->payloads.size(); ++i) {
                const StoredPayload& payload = record->payloads[i].payload;
                const bool kept = !payload.redacted && !advice.drop_payloads &&
                                  (advice.keep_ephemeral || payload.kind == PayloadClass::Durable);
                ++facts.payloads;
                if (!kept) ++facts.redacted;
                if (kept) payloads_.push_back({sequence, i, group, {0, 0, payload.bytes.size()}});
                any = any || kept;
            }
            has_payload_[sequence - first_] = any;
            if (!any) continue;
            SealedClass& one = classes[advice.retention_class];
            ++one.records;
            one.newest_unix_nanos = std::max(one.newest_unix_nanos, advice.unix_nanos);
        }
        for (auto& [name, one] : classes) {
            one.name = name;
            directory_.classes.push_back(std::move(one));
        }
        std::ranges::sort(payloads_, {},
                          [](const Planned& p) { return std::tuple(p.group, p.sequence, p.index); });
        std::uint32_t block = 0;
        std::uint64_t filled = 0;
        for (Planned& planned : payloads_) {
            if (filled > 0 && filled + planned.place.size > options_.block_bytes) {
                ++block;
                filled = 0;
            }
            planned.place.block = block;
            planned.place.offset = filled;
            filled += planned.place.size;
        }
        return {};
    }

    Result<BlockPlace> write_block(std::string_view raw) {
        if (options_.stop.stop_requested()) return fail(Code::Cancelled, "sealing was stopped");
        STENO_ASSIGN(const std::string stored, compress(raw, options_.level));
        const BlockPlace place{draft_.size(), stored.size(), raw.size(), crc32c(stored)};
        STENO_TRY(draft_.append(stored));
        return place;
    }

    Result<void> write_payload_block(std::string_view raw) {
        PayloadBlock block;
        STENO_ASSIGN(block.place, write_block(raw));
        if (const auto words = list_words(raw); words && !words->empty()) {
            STENO_ASSIGN(block.words, write_block(*words));
        }
        directory_.blocks.push_back(block);
        return {};
    }

    Result<void> write_payloads() {
        std::string raw;
        for (const Planned& planned : payloads_) {
            if (planned.place.block != directory_.blocks.size()) {
                STENO_TRY(write_payload_block(raw));
                raw.clear();
            }
            STENO_ASSIGN(const ParsedRecord* record, content_.at(planned.sequence));
            raw += record->payloads[planned.index].payload.bytes;
        }
        if (!payloads_.empty()) STENO_TRY(write_payload_block(raw));
        return {};
    }

    Result<void> write_spine() {
        // Back into the order of the records.
        std::vector<const Planned*> by_record;
        for (const Planned& planned : payloads_) by_record.push_back(&planned);
        std::ranges::sort(by_record, {}, [](const Planned* p) { return std::pair(p->sequence, p->index); });
        auto next = by_record.begin();
        std::string raw;
        SpineBlock block;
        const auto end_block = [&]() -> Result<void> {
            STENO_ASSIGN(block.place, write_block(raw));
            directory_.spine.push_back(block);
            raw.clear();
            return {};
        };
        std::vector<PayloadPlace> places;
        for (std::uint64_t sequence = first_; sequence < end_; ++sequence) {
            const auto chain = content_.chain_before(sequence);
            if (raw.size() >= options_.spine_bytes && chain) STENO_TRY(end_block());
            if (raw.empty()) {
                block.first_sequence = sequence;
                block.chain_before = *chain;
            }
            STENO_ASSIGN(const ParsedRecord* original, content_.at(sequence));
            ParsedRecord record = *original;
            places.assign(record.payloads.size(), PayloadPlace());
            for (std::uint32_t i = 0; i < record.payloads.size(); ++i) {
                const bool kept =
                    next != by_record.end() && (*next)->sequence == sequence && (*next)->index == i;
                record.payloads[i].payload.redacted = !kept;
                if (kept) places[i] = (*next++)->place;
            }
            append_spine_entry(raw, content_.head(), record, places);
        }
        if (!raw.empty()) STENO_TRY(end_block());
        directory_.chain_after = *content_.chain_before(end_);
        return {};
    }

    Content& content_;
    Draft& draft_;
    const std::uint64_t first_;
    const std::uint64_t end_;
    const SealingOptions& options_;
    std::vector<Planned> payloads_;  ///< in the order in which they are written
    std::vector<bool> has_payload_;
    SealedDirectory directory_;
};

}  // namespace

Result<SealedFacts> seal_segment(io::FileSystem& files, const SegmentFile& segment,
                                 const SealingOptions& options) {
    if (segment.end_sequence == kNoEnd)
        return fail(Code::InvalidArgument, "only a segment that has ended can be sealed");
    STENO_ASSIGN(const auto content, open_content(files, segment));
    const std::string folder = segment.path.substr(0, segment.path.find_last_of('/'));
    STENO_ASSIGN(Draft draft, Draft::begin(files, folder + "/" + sealed_file_name(segment.number)));
    Sealing sealing(*content, draft, segment.header.first_sequence, segment.end_sequence, options);
    STENO_ASSIGN(const SealedFacts facts, sealing.run());
    STENO_TRY(sealing.check());
    STENO_TRY(draft.file()->sync());
    STENO_TRY(draft.publish(folder));
    // From here on readers see the sealed one; the plain one behind it means nothing any more.
    if (!segment.sealed) STENO_TRY(files.unlink(segment.path));
    return facts;
}

Result<std::vector<SegmentFile>> ended_segments(io::FileSystem& files, const std::string& data_folder,
                                                const Uuid& stream, std::uint64_t until) {
    STENO_ASSIGN(StreamFiles found, list_segments(files, data_folder, stream));
    STENO_ASSIGN(const auto trimmed, read_trimmed_mark(files, data_folder, stream));
    if (trimmed) leave_out_trimmed(found, trimmed->streams[0].sequence);
    if (!found.segments.empty()) {
        SegmentFile& last = found.segments.back();
        const auto mark = read_closed_mark(files, data_folder, stream);
        const std::uint64_t end = mark && *mark ? (*mark)->streams[0].sequence + 1 : 0;
        // A segment without any record stays as it is.
        if (end > last.header.first_sequence) last.end_sequence = end;
    }
    std::erase_if(found.segments, [&](const SegmentFile& segment) {
        return segment.end_sequence == kNoEnd || segment.end_sequence > until + 1;
    });
    return std::move(found.segments);
}

Result<void> remove_sealed_twins(io::FileSystem& files, const std::string& data_folder, const Uuid& stream) {
    const std::string folder = stream_folder(data_folder, stream);
    STENO_ASSIGN(const auto entries, files.list(folder));
    for (const io::DirectoryEntry& entry : entries) {
        if (entry.name.ends_with(".sts.tmp")) STENO_TRY(files.unlink(folder + "/" + entry.name));
        const auto number = sealed_number_of(entry.name);
        if (!number) continue;
        const std::string twin = folder + "/" + segment_file_name(*number);
        if (!files.exists(twin)) continue;
        STENO_ASSIGN(std::shared_ptr<io::File> file, files.open_read(folder + "/" + entry.name));
        const auto sealed = SealedSegment::open(std::move(file));
        if (sealed) {
            STENO_TRY(
                files.sync_directory(folder));  // who died had perhaps not made the sealed one's name durable
            STENO_TRY(files.unlink(twin));
        }
        if (!sealed && sealed.error().code == Code::DataLoss)
            STENO_TRY(files.unlink(folder + "/" + entry.name));
    }
    return {};
}

}  // namespace steno::journal
