#pragma once

// Private to reader.cpp and stream_cursor.cpp: the journal of a folder as it is read.

#include "journal/journal.hpp"
#include "journal/reader.hpp"
#include "journal/restart.hpp"
#include "journal/sealed_segment.hpp"
#include "journal/segment_scanner.hpp"

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace steno::journal {

struct Segment {
    explicit Segment(const SegmentFile& facts)
        : path(facts.path),
          number(facts.number),
          sealed(facts.sealed),
          first_sequence(facts.header.first_sequence),
          header_size(facts.header.header_size),
          created_unix_nanos(facts.header.created_unix_nanos),
          size(facts.size),
          end_sequence(facts.end_sequence) {}
    const std::string path;
    const std::uint64_t number;
    const bool sealed;
    const std::uint64_t first_sequence;
    const std::uint64_t header_size;
    const std::int64_t created_unix_nanos;
    std::uint64_t size;                 ///< guarded by the stream's mutex, as the next
    std::uint64_t end_sequence;         ///< see SegmentFile
    std::optional<Sha256> chain_after;  ///< as the next segment says

    std::mutex mutex;                              ///< for what follows
    std::shared_ptr<io::File> file;                ///< while it is among the open ones, as the next
    std::shared_ptr<const SealedSegment> content;  ///< of a sealed one
    /// Where records begin: of each kIndexStep-th, as far as was walked, and of those behind damage.
    std::map<std::uint64_t, std::uint64_t> places;
};
using SegmentPtr = std::shared_ptr<Segment>;

struct Stream {
    explicit Stream(const Uuid& which) : id(which) {}
    const Uuid id;
    std::mutex mutex;
    std::vector<SegmentPtr> segments;
    std::uint64_t trimmed = 0;                    ///< the last sequence that was removed
    std::optional<std::uint64_t> final_sequence;  ///< once it cannot grow any more
    std::uint64_t noted = 0;            ///< of another living process: what that has said is durable
    std::optional<Sha256> final_chain;  ///< the value after that, if a mark says it
    std::uint64_t lost_through = 0;     ///< see StreamInfo
    std::string mark_damage;            ///< what is wrong with its mark
    std::uint64_t scanned_end = 0;      ///< of a stream without a mark: as far as it was whole when it had …
    std::uint64_t scanned_bytes = 0;    ///< … this size
};

/// Reader::open. Any threads.
class FolderReader final : public Reader {
  public:
    FolderReader(io::FileSystem& files, std::string data_folder, const Journal* live)
        : files_(files), data_folder_(std::move(data_folder)), live_(live) {}

    Result<std::vector<StreamInfo>> streams() override;
    void let_go() override;
    std::vector<bool> may_contain(std::span<const Position> positions, std::string_view text) override;
    Result<Record> read(Position position) override;
    Result<std::unique_ptr<Cursor>> scan(Uuid stream, std::uint64_t from_sequence) override;

    Result<std::vector<Uuid>> ids() override { return list_streams(files_, data_folder_); }
    Result<std::uint64_t> durable(Uuid stream) override;

    /// The last sequence that may be read, as it was when last looked; looks again if it was below `wanted`.
    Result<std::uint64_t> end_of(Stream& stream, std::uint64_t wanted);
    /// As far as is known: see end_of.
    static bool has_ended(Stream& stream);
    Result<void> refresh(Stream& stream);
    /// The segment that has this record; null if none does. And where its records end.
    std::pair<SegmentPtr, std::uint64_t> segment_of(Stream& stream, std::uint64_t sequence);
    std::uint64_t first_of(Stream& stream);
    Result<std::shared_ptr<io::File>> file_of(const SegmentPtr& segment);
    Result<std::shared_ptr<const SealedSegment>> content_of(const SegmentPtr& segment);
    /// The record as it stands in a sealed segment.
    Result<Record> read_sealed(const Position& position, const SegmentPtr& segment, BlockCache& cache);
    /// Where this record begins or, if damage lies before it, the first one behind that. DataLoss: none does.
    Result<Restart> locate(Stream& stream, const SegmentPtr& segment, std::uint64_t sequence);
    Result<std::uint64_t> offset_of(Stream& stream, const SegmentPtr& segment, std::uint64_t sequence);
    /// The first record behind this one, which is damaged, in its segment.
    Result<std::optional<std::uint64_t>> behind(Stream& stream, const SegmentPtr& segment,
                                                std::uint64_t sequence);
    /// A record of a plain segment whose header is whole, and some payloads are not. DataLoss if it is not
    /// so.
    Result<Record> read_damaged(Stream& stream, std::uint64_t sequence);

  private:
    static std::optional<ProvenEnd> proven_end(Stream& stream, const Segment& segment);
    [[nodiscard]] bool is_live(const Uuid& stream) const {
        return live_ != nullptr && live_->stream() == stream;
    }
    Result<std::shared_ptr<Stream>> stream_of(const Uuid& id);
    /// Finds out where a stream ends that is not live, if it cannot grow any more.
    Result<void> find_final(Stream& stream);
    /// end_of a stream that another process writes, or wrote until now.
    Result<std::uint64_t> look_at_living(Stream& stream);
    Result<StreamInfo> info_of(const Uuid& id);

    io::FileSystem& files_;
    const std::string data_folder_;
    const Journal* const live_;
    std::mutex mutex_;
    std::unordered_map<Uuid, std::shared_ptr<Stream>> streams_;
    std::mutex open_mutex_;
    std::deque<SegmentPtr> open_;  ///< those with an open file, the oldest first
    /// Decompressed blocks for single records of any segments: those of one of the usual size fit.
    BlockCache cache_{96ULL << 20};
};

}  // namespace steno::journal
