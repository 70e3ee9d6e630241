#pragma once

#include "store/call_store.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace steno::store {

struct DuckdbOptions {
    std::string folder;                         ///< made if it is missing; holds nothing but the store
    std::uint64_t memory_bytes = 1ULL << 30;    ///< what DuckDB may take; beyond, it spills into the folder
    unsigned threads = 0;                       ///< for its queries, all together; 0: one a core
    std::size_t readers = 32;                   ///< concurrent reads
    std::chrono::milliseconds patience{2000};   ///< how long a read waits for its turn
    std::chrono::milliseconds timeout{30'000};  ///< how long a read may take
    std::uint64_t scan_rows = 16'384;           ///< that a scan holds at a time; it has twice as many at hand
    /// Answers to questions about so many whole hours or more are put together from their hours and days.
    std::int64_t hours_in_parts = 36;
    /// The log may grow to this before an apply folds it into the file by itself, which takes up to seconds.
    /// What is in it when the process is killed is read back at the next start: 17 ms of CPU a megabyte.
    std::uint64_t log_bytes = 128ULL << 20;
    /// Where so much of the file, and half of it at least, is free, opening gives it back to the disk, by way
    /// of a copy: about 30 s a gigabyte that is kept. 0: never.
    std::uint64_t worth_compacting = 0;
};

/// The embedded default: DuckDB on `<folder>/calls.duckdb`. One process at a time. FailedPrecondition: it was
/// made by another version of Steno, DataLoss: it is damaged; for both, delete the folder and feed again.
/// Unavailable: another process has the file, or it cannot be read; deleting it would be wrong.
Result<std::unique_ptr<CallStore>> open_duckdb_store(const DuckdbOptions& options);

}  // namespace steno::store
