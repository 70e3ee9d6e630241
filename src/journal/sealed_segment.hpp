#pragma once

#include "io/file_system.hpp"
#include "journal/sealed_format.hpp"

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

/// Reading a sealed segment: any record, without those before it.
namespace steno::journal {

/// A block of a sealed segment, decompressed.
struct Block {
    std::string bytes;
    std::vector<std::uint32_t> entries;  ///< of a spine block: where each record begins
};

/// The blocks read last, of any segments. Any thread.
class BlockCache {
  public:
    /// Keeps at least one block, and at most `max_bytes` of several.
    explicit BlockCache(std::uint64_t max_bytes) : max_bytes_(max_bytes) {}

    /// The segment by a number of its own, and the block's offset in the file.
    using Key = std::pair<std::uint64_t, std::uint64_t>;
    std::shared_ptr<const Block> find(const Key& key);
    void keep(const Key& key, std::shared_ptr<const Block> block);
    void clear();

  private:
    struct Kept {
        Key key;
        std::shared_ptr<const Block> block;
    };
    const std::uint64_t max_bytes_;
    std::mutex mutex_;
    std::uint64_t bytes_ = 0;
    std::list<Kept> kept_;  ///< the latest used first
    std::map<Key, std::list<Kept>::iterator> places_;
};

/// A record of a sealed segment. Its views live as long as it does.
struct SealedRecord {
    /// Without chain and `digested`. A payload whose block is damaged has no bytes, and `damage` says why.
    ParsedRecord record;
    std::string_view head;  ///< see SpineEntry
    std::string damage;
    std::vector<std::shared_ptr<const Block>> blocks;  ///< what the views point into
};

/// What the header frame's digest covers, as it was before sealing: computes the digests of the payloads that
/// are there. The record must not be damaged.
std::string digested_part(const SealedRecord& record);

/// One sealed segment. Immutable; any thread. Reads from the file given, which stays open as long as this
/// lives.
class SealedSegment {
  public:
    /// DataLoss if it is none, or its directory is damaged.
    static Result<std::shared_ptr<const SealedSegment>> open(std::shared_ptr<io::File> file);

    [[nodiscard]] const SegmentHeader& header() const { return header_; }
    [[nodiscard]] const SealedDirectory& directory() const { return directory_; }
    /// The sequence behind its last record.
    [[nodiscard]] std::uint64_t end_sequence() const {
        return header_.first_sequence + directory_.facts.records;
    }

    /// A record of this segment. DataLoss: its spine block is damaged.
    Result<SealedRecord> record(std::uint64_t sequence, BlockCache& cache) const;
    /// The spine block that has this record, as an index into the directory's.
    [[nodiscard]] std::size_t spine_of(std::uint64_t sequence) const;

    /// The payload blocks that hold the record's payloads. DataLoss: its spine block is damaged.
    Result<std::vector<std::uint32_t>> blocks_of(std::uint64_t sequence, BlockCache& cache) const;
    /// Whether some payload of the block may hold all these fragments (word_list.hpp). True also if that is
    /// not known.
    bool block_may_contain(std::uint32_t block, std::span<const std::string> fragments) const;

    /// Reads the word list of a block. DataLoss: it is damaged; the records are not.
    [[nodiscard]] Result<void> check_words(std::uint32_t block) const;

  private:
    SealedSegment() = default;
    [[nodiscard]] Result<std::string> read_block(const BlockPlace& place) const;
    Result<std::shared_ptr<const Block>> block_at(const BlockPlace& place, bool spine,
                                                  BlockCache& cache) const;
    Result<SpineEntry> entry_at(std::uint64_t sequence, BlockCache& cache,
                                std::shared_ptr<const Block>& block) const;

    std::shared_ptr<io::File> file_;
    std::uint64_t id_ = 0;  ///< in caches
    SegmentHeader header_;
    SealedDirectory directory_;
};

}  // namespace steno::journal
