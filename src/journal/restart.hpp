#pragma once

#include "base/error.hpp"
#include "base/hash.hpp"
#include "io/file_system.hpp"

#include <cstdint>
#include <optional>

/// Finding the records behind a damaged one in a plain segment.
namespace steno::journal {

/// Where the next record that can be trusted begins.
struct Restart {
    std::uint64_t offset = 0;
    std::uint64_t sequence = 0;
};

/// The last record of a segment and the chain value after it, by the word of somebody else: the next
/// segment's header, or the signed mark of the stream's end.
struct ProvenEnd {
    std::uint64_t sequence = 0;
    Sha256 chain{};
};

/// Looks behind the record `due` at `offset`, which is damaged. If its prefix is whole, that says where the
/// next one begins. If not, each place that looks like a record is followed along the hash chain: only one
/// that leads to `end` is where it seems to be. (Payload bytes may be anything, the copy of another journal
/// too; but nobody can write a row of records that goes over into those that were written after it.) Nothing
/// if there is no such place, or it cannot be proven. Reads the rest of the file, and a bounded number of
/// times its size. An error only if the file cannot be read.
Result<std::optional<Restart>> find_restart(io::File& file, std::uint64_t offset, std::uint64_t due,
                                            const std::optional<ProvenEnd>& end);

}  // namespace steno::journal
