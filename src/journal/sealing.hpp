#pragma once

#include "io/file_system.hpp"
#include "journal/sealed_format.hpp"
#include "journal/segment_scanner.hpp"

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

/// Sealing: a segment that nothing is added to any more is rewritten to a fraction of its size, with what is
/// to be dropped dropped. Its records keep their sequences, and the hash chain verifies as before.
namespace steno::journal {

/// What the caller knows of a record and the journal does not.
struct SealingAdvice {
    /// Payloads of a group are stored beside each other, so those that repeat one another (a conversation)
    /// should have the same.
    std::string group;
    std::int64_t unix_nanos = 0;  ///< when it happened what the record tells of; 0: unknown
    /// The record's retention class: the directory tells how many records of each still have a payload, and
    /// how new.
    std::string retention_class;
    bool drop_payloads = false;   ///< only their hashes are kept
    bool keep_ephemeral = false;  ///< the ephemeral ones are kept, this time
};

struct SealingOptions {
    /// Asked once for each record. Ephemeral payloads are dropped unless it says to keep them.
    std::function<SealingAdvice(const ParsedRecord&)> advise;
    std::stop_token stop;                      ///< Cancelled when asked for; the segment stays as it was
    int level = 3;                             ///< of zstd
    std::uint64_t block_bytes = 8ULL << 20;    ///< of payloads, before compression
    std::uint64_t spine_bytes = 256ULL << 10;  ///< of a spine block, before compression
};

/// Rewrites one segment, plain or sealed, as a sealed one, reads that back and compares, and only then puts
/// it in the place of the old. Interrupted anywhere, readers see the one or the other. One thread a folder at
/// a time; readers go on beside it.
///
/// `segment.end_sequence` must be known (not kNoEnd), and all records before it durable. DataLoss: a record
/// of the segment is damaged; the segment stays as it is.
Result<SealedFacts> seal_segment(io::FileSystem& files, const SegmentFile& segment,
                                 const SealingOptions& options);

/// The segments of a stream that have ended at or before the record `until`, plain and sealed ones, each with
/// its end. The last one has ended when the stream has (its mark says so).
Result<std::vector<SegmentFile>> ended_segments(io::FileSystem& files, const std::string& data_folder,
                                                const Uuid& stream, std::uint64_t until);

/// Removes the plain segments of a stream that have a readable sealed twin (left by a process that died while
/// sealing), and unfinished files.
Result<void> remove_sealed_twins(io::FileSystem& files, const std::string& data_folder, const Uuid& stream);

}  // namespace steno::journal
