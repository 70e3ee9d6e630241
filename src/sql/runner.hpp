#pragma once

#include "base/error.hpp"
#include "ingest/call_reader.hpp"
#include "sql/question.hpp"
#include "store/call_store.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

/// SQL that people write, asked of the record.
namespace steno::sql {

struct Limits {
    std::uint64_t memory_bytes = 512ULL << 20;  ///< of the engine that runs the query
    std::chrono::milliseconds timeout{30'000};
    /// Calls whose texts a query may look into to find its answer. The texts of the answer's own rows do not
    /// count.
    std::uint64_t searched_texts = 100'000;
};

struct Answer {
    std::vector<AnswerColumn> columns;
    std::uint64_t rows = 0;
    bool truncated = false;  ///< there are more
};

/// What becomes of an answer. A cell is good until the function returns; an error ends the query with it.
struct Reader {
    std::function<Result<void>(std::span<const AnswerColumn>)> columns;
    std::function<Result<bool>(std::span<const FieldValue>)> row;  ///< false: enough, the rest is cut off
};

/// Runs one SELECT in a process of its own, which gets what it asks for of the store's views and has nothing
/// else (worker.hpp), and reads the texts of the answer in the journal. InvalidArgument, PermissionDenied:
/// the query is not one that can be asked; ResourceExhausted: memory; DeadlineExceeded: time; Cancelled: by
/// the thread's Cancellation; Unimplemented: the store has no SQL. Blocking; any thread, and as long as that
/// thread lives.
Result<Answer> run_query(store::CallStore& store, ingest::CallReader& calls, const Limits& limits,
                         const std::string& query, std::uint64_t max_rows, const Reader& reader);

/// What the program's first argument is in that process.
inline constexpr const char* kWorkerCommand = "sql-worker";

}  // namespace steno::sql
