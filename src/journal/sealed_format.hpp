#pragma once

#include "base/error.hpp"
#include "base/hash.hpp"
#include "journal/format.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The bytes of a sealed segment (docs/formats/journal.md, "Sealed segments"): building and parsing, no
/// files. Parsing trusts nothing.
namespace steno::journal {

inline constexpr std::size_t kSealedFixedBytes = 16;    ///< before the copied segment header
inline constexpr std::size_t kSealedTrailerBytes = 28;  ///< at the end of the file
inline constexpr std::uint64_t kMaxBlockBytes = kMaxStoredBytes;
inline constexpr std::uint64_t kMaxDirectoryBytes = 256ULL << 20;

/// One compressed block of the file.
struct BlockPlace {
    std::uint64_t offset = 0;
    std::uint64_t stored = 0;  ///< bytes in the file; 0: there is none
    std::uint64_t raw = 0;     ///< bytes it holds
    std::uint32_t crc = 0;     ///< of the stored bytes
};

/// The records of a row of sequences without their payloads' bytes.
struct SpineBlock {
    BlockPlace place;
    std::uint64_t first_sequence = 0;
    Sha256 chain_before{};  ///< as it was written when the segment was: sealing computes no chain
};

/// Payloads one behind another, those of a group together.
struct PayloadBlock {
    BlockPlace place;
    BlockPlace words;  ///< word_list.hpp; none if everything may be there
};

struct SealedFacts {
    std::uint64_t records = 0;
    std::uint64_t payloads = 0;
    std::uint64_t redacted = 0;          ///< of the payloads: only their hash is left
    std::uint64_t bytes_before = 0;      ///< of the segment when it was sealed first
    std::int64_t oldest_unix_nanos = 0;  ///< of what the records tell of; both 0: unknown
    std::int64_t newest_unix_nanos = 0;
};

/// The records of one retention class that still have a payload.
struct SealedClass {
    std::string name;
    std::uint64_t records = 0;
    std::int64_t newest_unix_nanos = 0;  ///< 0: unknown
};

struct SealedDirectory {
    SealedFacts facts;
    std::vector<SealedClass> classes;  ///< by name
    Sha256 chain_after{};
    std::vector<SpineBlock> spine;
    std::vector<PayloadBlock> blocks;
};

std::string build_sealed_start(std::string_view segment_header);
/// The size of the copied header that follows. DataLoss: the file is none of these, or of a version not known
/// here.
Result<std::uint64_t> sealed_header_size(std::string_view fixed);

/// The copied header, which must be all of these bytes. DataLoss otherwise.
Result<SegmentHeader> parse_sealed_header(std::string_view bytes);

/// Directory and trailer; `offset` is where they will stand.
std::string build_sealed_end(const SealedDirectory& directory, std::uint64_t offset);
struct DirectoryPlace {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
};
Result<DirectoryPlace> parse_sealed_trailer(std::string_view trailer);
/// Checks that every block lies within the first `end` bytes of the file.
Result<SealedDirectory> parse_sealed_directory(std::string_view bytes, std::uint64_t end);

/// Where the bytes of a payload stand.
struct PayloadPlace {
    std::uint32_t block = 0;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
};
/// Appends one record to the raw bytes of a spine block. `head`: see SpineEntry. `places` has one entry for
/// each payload; that of a redacted one is not looked at.
void append_spine_entry(std::string& out, std::string_view head, const ParsedRecord& record,
                        std::span<const PayloadPlace> places);

struct SpineEntry {
    ParsedRecord
        record;  ///< without sequence, chain and `digested`; payloads without bytes. Points into the bytes
    std::string_view head;             ///< what the digested part begins with, up to the payloads' digests
    std::vector<PayloadPlace> places;  ///< one for each payload; meaningless for a redacted one
};
/// Cuts one record off the front. DataLoss if it is none.
Result<SpineEntry> take_spine_entry(std::string_view& bytes);

/// "<16 digits>.sts" and back.
std::string sealed_file_name(std::uint64_t number);
std::optional<std::uint64_t> sealed_number_of(std::string_view file_name) noexcept;

}  // namespace steno::journal
