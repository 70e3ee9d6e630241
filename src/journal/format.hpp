#pragma once

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/random.hpp"
#include "journal/record.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The bytes of a segment file (docs/formats/journal.md): building and parsing, no files. Parsing trusts
/// nothing.
namespace steno::journal {

inline constexpr std::uint16_t kVersion = 1;
inline constexpr std::size_t kSegmentFixedBytes = 96;  ///< of the segment header, before its lists
inline constexpr std::size_t kPrefixBytes = 56;        ///< of a record
inline constexpr std::size_t kFrameStart = 8;          ///< of any frame: checksum and size
inline constexpr std::size_t kMaxPayloads = 1024;
/// Frames cost at most this much beyond header, payloads, key ids and subjects.
inline constexpr std::uint64_t kMaxStoredBytes = kMaxRecordBytes + (1U << 20);
inline constexpr std::uint64_t kMaxSegmentHeaderBytes = 256ULL << 20;

/// The value of the hash chain before the first record of a stream.
Sha256 chain_start(const Uuid& stream);
Sha256 chain_next(const Sha256& before, std::uint64_t sequence, const Sha256& record_digest);

/// What a segment says of itself and of the calls open at its beginning, so that recovery needs no earlier
/// one.
struct SegmentHeader {
    Uuid stream;
    std::uint64_t number = 0;          ///< from 1
    std::uint64_t first_sequence = 0;  ///< of its first record, whether that is there yet or not
    Sha256 chain_before{};
    std::int64_t created_unix_nanos = 0;
    std::vector<Opening> open;      ///< in this stream, in the order of opening
    std::vector<Opening> adopted;   ///< of other streams, until those are marked as closed
    std::uint64_t header_size = 0;  ///< set by parsing
};

std::string build_segment_header(const SegmentHeader& header);
/// The length of the whole header, from its fixed part: magic, version, flags, size, and a checksum at the
/// end stand at the same places in every version. DataLoss.
Result<std::uint64_t> segment_header_size(std::string_view fixed);
/// DataLoss; or FailedPrecondition for a newer version, if the checksum holds: a version that a flipped bit
/// made is damage.
Result<SegmentHeader> parse_segment_header(std::string_view bytes);

/// A record complete but for its place: all that costs time is done.
struct BuiltRecord {
    std::string bytes;
    Sha256 digest;
};
Result<BuiltRecord> build_record(const Entry& entry, Random& random);
/// The same behind what `bytes` holds already; gives the digest. After an error `bytes` is as it was.
Result<Sha256> add_record(std::string& bytes, const Entry& entry, Random& random);
/// Sets what only the place in the stream decides, in the bytes of one record.
void place_record(std::span<char> record, std::uint64_t sequence, std::uint64_t durable, const Sha256& chain);

struct Prefix {
    std::uint64_t size = 0;  ///< of the whole record
    std::uint64_t sequence = 0;
    /// The last sequence known to be fsynced when this was written: a whole record behind a bad one that it
    /// calls durable tells damage from a torn end.
    std::uint64_t durable = 0;
    Sha256 chain{};
};
/// Checks the prefix's own checksum and bounds; DataLoss otherwise. Needs kPrefixBytes.
Result<Prefix> parse_prefix(std::string_view bytes);

struct PayloadFrame {
    StoredPayload payload;
    Sha256 stated_digest{};  ///< as the header frame says
    std::string_view salt;
};
/// Views into the bytes of a whole record.
struct ParsedRecord {
    Prefix prefix;
    std::uint8_t kind = 0;
    std::optional<Uuid> opens;
    std::optional<Uuid> closes;
    std::optional<Opening> adopts;
    std::string_view header;
    std::vector<PayloadFrame> payloads;
    std::string_view digested;  ///< the part of the header frame that the chain covers
};
/// Checks all checksums and bounds, not the hashes. DataLoss with the reason.
Result<ParsedRecord> parse_record(std::string_view bytes);

/// The same for a record of which only payloads are damaged: they are marked so, and have no bytes; the
/// others are held against their digests.
Result<ParsedRecord> parse_damaged_record(std::string_view bytes);
/// A whole header frame: the part that the chain covers. Checks its checksum; DataLoss.
Result<std::string_view> parse_header_frame(std::string_view bytes);

/// The part of a header frame before the digests: sets kind, opens, closes and adopts, and makes room for the
/// payloads. `head` is exactly that part.
Result<void> parse_header_start(std::string_view head, ParsedRecord& record);

Sha256 payload_digest(std::string_view salt, const StoredPayload& payload);

/// "<16 digits>.stj" and back.
std::string segment_file_name(std::uint64_t number);
std::optional<std::uint64_t> segment_number_of(std::string_view file_name) noexcept;

std::string journal_folder(const std::string& data_folder);
std::string stream_folder(const std::string& data_folder, const Uuid& stream);
/// Held by the process that writes the stream, for its life.
std::string stream_lock_path(const std::string& data_folder, const Uuid& stream);
/// The signed head at which a stream ended; its presence means that nothing will be added.
std::string closed_mark_path(const std::string& data_folder, const Uuid& stream);

}  // namespace steno::journal
