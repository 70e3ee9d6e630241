#pragma once

#include "base/uuid.hpp"

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What goes into the journal and what comes out. The journal never looks into headers and payloads.
namespace steno::journal {

/// The place of a record: the n-th (from 1) of its stream. A stream is what one process wrote between opening
/// and closing the journal, so sequences of different streams say nothing about each other.
struct Position {
    Uuid stream;
    std::uint64_t sequence = 0;  ///< 0: before the first record

    /// "<stream>/<sequence>".
    [[nodiscard]] std::string to_string() const;
    static std::optional<Position> parse(std::string_view text) noexcept;

    friend bool operator==(const Position&, const Position&) = default;
};

enum class PayloadClass : std::uint8_t {
    Durable = 1,    ///< kept as long as the record
    Ephemeral = 2,  ///< may be dropped when the segment is sealed
};

/// A payload to append. Views are read during the call only.
struct Payload {
    PayloadClass kind = PayloadClass::Durable;
    std::string_view
        key_id;  ///< the key that the bytes are sealed with; empty: they are not. At most 255 bytes
    std::string_view subject;  ///< whose personal data it is, for erasure. At most 255 bytes
    std::string_view bytes;
};

/// The opening of a call that a dead process left behind, named by the record that closes it.
struct Opening {
    Uuid id;
    Position at;
};

/// A record to append. Views are read during the call only. Header and payloads together: at most
/// kMaxRecordBytes.
struct Entry {
    std::uint8_t kind = 0;  ///< the caller's business
    std::string_view header;
    std::span<const Payload> payloads;  ///< at most 1024
    /// The call that this record opens, or closes, in this stream. A process that dies with a call open
    /// leaves an orphan, which the next one finds (Journal::orphans).
    std::optional<Uuid> opens;
    std::optional<Uuid> closes;
    /// The orphan that this record closes.
    std::optional<Opening> adopts;
};

inline constexpr std::uint64_t kMaxRecordBytes = 1ULL << 30;

/// A payload as read; points into its Record.
struct StoredPayload {
    PayloadClass kind = PayloadClass::Durable;
    /// Dropped or erased: only its hash is left, and key id, subject and bytes are empty.
    bool redacted = false;
    bool damaged = false;  ///< the disk does not give back what was written: bytes are empty
    std::string_view key_id;
    std::string_view subject;
    std::string_view bytes;
};

/// A record as read. Owns its bytes; header and payloads point into them and live as long. Moving keeps them
/// valid.
struct Record {
    Position position;
    std::uint8_t kind = 0;
    std::optional<Uuid> opens;
    std::optional<Uuid> closes;
    std::optional<Opening> adopts;
    std::string_view header;
    std::vector<StoredPayload> payloads;

    /// Where it lies: segment number, offset and length in the file. In a sealed segment a record has no
    /// place of its own, and the latter are 0.
    std::uint64_t segment = 0;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    std::unique_ptr<char[]> bytes;  ///< what the views point into
};

}  // namespace steno::journal

template <>
struct std::hash<steno::journal::Position> {
    std::size_t operator()(const steno::journal::Position& p) const noexcept {
        return std::hash<steno::Uuid>{}(p.stream) ^ (p.sequence * 0x9e3779b97f4a7c15ULL);
    }
};
