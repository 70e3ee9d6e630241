#pragma once

#include "io/file_system.hpp"
#include "journal/format.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

/// The files of a stream, and reading one segment from front to back.
namespace steno::journal {

inline constexpr std::uint64_t kNoEnd = std::numeric_limits<std::uint64_t>::max();

struct SegmentFile {
    std::string path;
    std::uint64_t number = 0;
    std::uint64_t size = 0;
    bool sealed = false;  ///< read it by SealedSegment, not by SegmentScanner
    SegmentHeader header;
    /// The next segment's first sequence. Records from here on were not fsynced when that one began, which
    /// has them too. kNoEnd in the last one.
    std::uint64_t end_sequence = kNoEnd;
};

struct UnreadableSegment {
    std::string path;
    std::uint64_t number = 0;
    std::uint64_t size = 0;
    std::string reason;
    bool sealed = false;
};

struct StreamFiles {
    std::vector<SegmentFile> segments;  ///< by number; without those that a later one replaces entirely
    std::vector<UnreadableSegment>
        unreadable;  ///< their headers are damaged; a last one may just be unfinished

    /// The next by number.
    void add(SegmentFile segment);
};

/// FailedPrecondition if a segment has a newer version.
Result<StreamFiles> list_segments(io::FileSystem& files, const std::string& data_folder, const Uuid& stream);
Result<SegmentHeader> read_segment_header(io::File& file);
Result<SegmentHeader> read_sealed_header(io::File& file);
/// The folders in the journal that are streams. Empty if there is no journal.
Result<std::vector<Uuid>> list_streams(io::FileSystem& files, const std::string& data_folder);

/// Gives the records of one segment in order, each checked against its checksums and the sequence that is
/// due.
class SegmentScanner {
  public:
    enum class State : std::uint8_t {
        Record,
        End,  ///< the end of the file or `end_sequence`
        Bad,  ///< `reason` says what is wrong at `offset`; next() stays there
    };
    struct Step {
        State state = State::End;
        std::uint64_t offset = 0;
        ParsedRecord record;  ///< points into the scanner until the next call
        std::string_view bytes;
        std::string reason;
    };

    /// Reads `chunk_bytes` at a time, or as much as a record needs.
    SegmentScanner(io::File& file, std::uint64_t offset, std::uint64_t due_sequence,
                   std::uint64_t end_sequence = kNoEnd, std::size_t chunk_bytes = 256 * 1024)
        : file_(file), offset_(offset), due_(due_sequence), end_(end_sequence), chunk_bytes_(chunk_bytes) {}

    /// An error only if the file cannot be read.
    Result<Step> next();
    [[nodiscard]] std::uint64_t offset() const { return offset_; }
    [[nodiscard]] std::uint64_t due() const { return due_; }

  private:
    /// The bytes at offset_, at least `wanted` if the file has them.
    Result<std::string_view> fetch(std::size_t wanted);

    io::File& file_;
    std::uint64_t offset_;
    std::uint64_t due_;
    std::uint64_t end_;
    std::size_t chunk_bytes_;
    std::vector<char> buffer_;
    std::uint64_t buffer_offset_ = 0;
};

/// The highest sequence that whole records behind `offset` call durable, if that is `sequence` or more: then
/// what stands at `offset`, where `sequence` should, is damage and not an unfinished write. Else 0. Looks at
/// every byte that follows.
Result<std::uint64_t> durable_behind(io::File& file, std::uint64_t offset, std::uint64_t sequence);

/// A Record with its own copy of the bytes.
Record own_record(const Uuid& stream, const SegmentScanner::Step& step, std::uint64_t segment);

}  // namespace steno::journal
