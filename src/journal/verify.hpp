#pragma once

#include "base/error.hpp"
#include "base/uuid.hpp"
#include "io/file_system.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Proving that the journal is what was written.
namespace steno::journal {

enum class DamageKind : std::uint8_t {
    Corrupt,     ///< bytes changed: a checksum fails
    Cut,         ///< the end is missing
    Missing,     ///< a record, segment or stream is missing in the middle
    Reordered,   ///< records stand in another order than they were written
    Rewritten,   ///< checksums hold, but the hash chain, the payload hash or the head says something else
    Signature,   ///< a head or closing mark is not signed by the key that it names, or not by this folder's
                 ///< key
    Unreadable,  ///< the operating system does not let us read it: it is another user's
};
std::string_view name_of(DamageKind kind) noexcept;

struct Damage {
    DamageKind kind = DamageKind::Corrupt;
    std::uint64_t segment = 0;   ///< 0: concerns the stream as a whole
    std::uint64_t offset = 0;    ///< in the segment's file
    std::uint64_t sequence = 0;  ///< of the record that should stand there
    std::string reason;
};

struct StreamReport {
    Uuid id;
    std::uint64_t records = 0;  ///< whole and in the chain, up to the first damage
    std::uint64_t payloads = 0;
    std::uint64_t redacted = 0;  ///< payloads that are gone by intention: their hash still verifies
    std::uint64_t segments = 0;
    std::uint64_t bytes = 0;
    std::uint64_t trimmed = 0;     ///< records up to this one were removed, and a signed mark says so
    std::uint64_t torn_bytes = 0;  ///< at the end of an unclosed stream: an unfinished write, not damage
    bool closed = false;           ///< its end is sealed by a signed mark
    bool against_head = false;  ///< its chain was compared with the given head, up to `head_sequence`; false
                                ///< also if what the head speaks of was removed since
    std::uint64_t head_sequence = 0;
    std::optional<Damage> first_damage;
};

struct Report {
    std::vector<StreamReport> streams;  ///< oldest first
    bool intact = true;                 ///< no damage in any stream
};

/// Reads every byte; of streams that a process is writing, those up to what it has said is durable. Nothing
/// may be sealing or removing segments meanwhile: the folder is locked by the caller. `head`: JSON from
/// Journal::export_head(), kept elsewhere. An Error only if the journal cannot be read at all or the head is
/// not one; whatever is wrong with the record itself stands in the report.
Result<Report> verify(io::FileSystem& files, const std::string& data_folder,
                      std::optional<std::string_view> head = std::nullopt);

}  // namespace steno::journal
