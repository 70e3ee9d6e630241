#include "journal/sealed_segment.hpp"

#include "journal/compression.hpp"
#include "journal/word_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>

namespace steno::journal {
namespace {

Result<std::string> read_exactly(io::File& file, std::uint64_t offset, std::uint64_t size) {
    std::string bytes(size, '\0');
    STENO_ASSIGN(const std::size_t got, file.read(offset, bytes));
    if (got != size) return fail(Code::DataLoss, "the sealed segment is cut off");
    return bytes;
}

/// Where each record of a spine block begins.
Result<std::vector<std::uint32_t>> entries_of(std::string_view bytes) {
    std::vector<std::uint32_t> entries;
    for (std::string_view left = bytes; !left.empty();) {
        entries.push_back(static_cast<std::uint32_t>(bytes.size() - left.size()));
        STENO_TRY(take_spine_entry(left));
    }
    return entries;
}

}  // namespace

std::shared_ptr<const Block> BlockCache::find(const Key& key) {
    const std::lock_guard lock(mutex_);
    const auto found = places_.find(key);
    if (found == places_.end()) return nullptr;
    kept_.splice(kept_.begin(), kept_, found->second);
    return found->second->block;
}

void BlockCache::keep(const Key& key, std::shared_ptr<const Block> block) {
    const std::lock_guard lock(mutex_);
    if (places_.contains(key)) return;
    bytes_ += block->bytes.size();
    kept_.push_front({key, std::move(block)});
    places_[key] = kept_.begin();
    while (bytes_ > max_bytes_ && kept_.size() > 1) {
        bytes_ -= kept_.back().block->bytes.size();
        places_.erase(kept_.back().key);
        kept_.pop_back();
    }
}

void BlockCache::clear() {
    const std::lock_guard lock(mutex_);
    places_.clear();
    kept_.clear();
    bytes_ = 0;
}

std::string digested_part(const SealedRecord& sealed) {
    std::string digested(sealed.head);
    for (const PayloadFrame& frame : sealed.record.payloads) {
        digested +=
            as_text(frame.payload.redacted ? frame.stated_digest : payload_digest(frame.salt, frame.payload));
    }
    digested += sealed.record.header;
    return digested;
}

Result<std::shared_ptr<const SealedSegment>> SealedSegment::open(std::shared_ptr<io::File> file) {
    static std::atomic<std::uint64_t> next_id{1};
    std::shared_ptr<SealedSegment> segment(new SealedSegment);
    STENO_ASSIGN(const std::uint64_t size, file->size());
    STENO_ASSIGN(const std::string start, read_exactly(*file, 0, kSealedFixedBytes));
    STENO_ASSIGN(const std::uint64_t header_size, sealed_header_size(start));
    if (size < kSealedFixedBytes + header_size + kSealedTrailerBytes)
        return fail(Code::DataLoss, "the sealed segment is cut off");
    STENO_ASSIGN(const std::string header, read_exactly(*file, kSealedFixedBytes, header_size));
    STENO_ASSIGN(segment->header_, parse_sealed_header(header));
    STENO_ASSIGN(const std::string trailer,
                 read_exactly(*file, size - kSealedTrailerBytes, kSealedTrailerBytes));
    STENO_ASSIGN(const DirectoryPlace place, parse_sealed_trailer(trailer));
    if (place.offset > size - kSealedTrailerBytes || place.size != size - kSealedTrailerBytes - place.offset)
        return fail(Code::DataLoss, "the sealed segment's directory is not where it should be");
    STENO_ASSIGN(const std::string directory, read_exactly(*file, place.offset, place.size));
    STENO_ASSIGN(segment->directory_, parse_sealed_directory(directory, place.offset));
    const auto& spine = segment->directory_.spine;
    if (spine.empty() ? segment->directory_.facts.records != 0
                      : spine.front().first_sequence != segment->header_.first_sequence ||
                            spine.back().first_sequence >= segment->end_sequence()) {
        return fail(Code::DataLoss, "the sealed segment's directory is impossible");
    }
    segment->file_ = std::move(file);
    segment->id_ = next_id.fetch_add(1);
    return segment;
}

std::size_t SealedSegment::spine_of(std::uint64_t sequence) const {
    const auto after = std::ranges::upper_bound(directory_.spine, sequence, {}, &SpineBlock::first_sequence);
    return static_cast<std::size_t>(after - directory_.spine.begin()) - 1;
}

Result<std::string> SealedSegment::read_block(const BlockPlace& place) const {
    auto stored = read_exactly(*file_, place.offset, place.stored);
    if (!stored && stored.error().code != Code::DataLoss) return stored;
    std::string reason = "the file is cut off";
    if (stored) {
        reason = "its checksum is wrong";
        if (crc32c(*stored) == place.crc) {
            auto raw = decompress(*stored, place.raw);
            if (raw) return raw;
            reason = raw.error().message;
        }
    }
    return fail(Code::DataLoss, fmt::format("the block at byte {} is damaged: {}", place.offset, reason));
}

Result<std::shared_ptr<const Block>> SealedSegment::block_at(const BlockPlace& place, bool spine,
                                                             BlockCache& cache) const {
    const BlockCache::Key key{id_, place.offset};
    if (auto known = cache.find(key)) return known;
    auto block = std::make_shared<Block>();
    STENO_ASSIGN(block->bytes, read_block(place));
    if (spine) {
        STENO_ASSIGN(block->entries, entries_of(block->bytes));
    }
    std::shared_ptr<const Block> kept = std::move(block);
    cache.keep(key, kept);
    return kept;
}

Result<SpineEntry> SealedSegment::entry_at(std::uint64_t sequence, BlockCache& cache,
                                           std::shared_ptr<const Block>& block) const {
    if (sequence < header_.first_sequence || sequence >= end_sequence())
        return fail(Code::NotFound, "the record is not in this segment");
    const SpineBlock& spine = directory_.spine[spine_of(sequence)];
    STENO_ASSIGN(block, block_at(spine.place, true, cache));
    const std::uint64_t index = sequence - spine.first_sequence;
    if (index >= block->entries.size()) return fail(Code::DataLoss, "a sealed block has too few records");
    std::string_view bytes = std::string_view(block->bytes).substr(block->entries[index]);
    return take_spine_entry(bytes);
}

Result<SealedRecord> SealedSegment::record(std::uint64_t sequence, BlockCache& cache) const {
    std::shared_ptr<const Block> block;
    STENO_ASSIGN(SpineEntry entry, entry_at(sequence, cache, block));
    SealedRecord sealed;
    sealed.record = std::move(entry.record);
    sealed.record.prefix.sequence = sequence;
    sealed.head = entry.head;
    sealed.blocks.push_back(std::move(block));
    for (std::size_t i = 0; i < entry.places.size(); ++i) {
        const PayloadPlace& place = entry.places[i];
        StoredPayload& payload = sealed.record.payloads[i].payload;
        if (payload.redacted || place.size == 0) continue;
        std::string damage = "a payload is not where its record says";
        if (place.block < directory_.blocks.size()) {
            auto payloads = block_at(directory_.blocks[place.block].place, false, cache);
            if (!payloads && payloads.error().code != Code::DataLoss)
                return std::unexpected(std::move(payloads).error());
            if (!payloads) {
                damage = payloads.error().message;
            } else if (place.offset <= (*payloads)->bytes.size() &&
                       place.size <= (*payloads)->bytes.size() - place.offset) {
                payload.bytes = std::string_view((*payloads)->bytes).substr(place.offset, place.size);
                if (sealed.blocks.back() != *payloads) sealed.blocks.push_back(std::move(*payloads));
                continue;
            }
        }
        payload.damaged = true;
        sealed.damage = std::move(damage);
    }
    return sealed;
}

Result<std::vector<std::uint32_t>> SealedSegment::blocks_of(std::uint64_t sequence, BlockCache& cache) const {
    std::shared_ptr<const Block> block;
    STENO_ASSIGN(const SpineEntry entry, entry_at(sequence, cache, block));
    std::vector<std::uint32_t> blocks;
    for (std::size_t i = 0; i < entry.places.size(); ++i) {
        if (!entry.record.payloads[i].payload.redacted && entry.places[i].size > 0)
            blocks.push_back(entry.places[i].block);
    }
    return blocks;
}

bool SealedSegment::block_may_contain(std::uint32_t block, std::span<const std::string> fragments) const {
    if (block >= directory_.blocks.size() || directory_.blocks[block].words.stored == 0) return true;
    const auto words = read_block(directory_.blocks[block].words);
    return !words || may_contain(*words, fragments);
}

Result<void> SealedSegment::check_words(std::uint32_t block) const {
    const BlockPlace& words = directory_.blocks[block].words;
    if (words.stored != 0) STENO_TRY(read_block(words));
    return {};
}

}  // namespace steno::journal
