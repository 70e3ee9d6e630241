#pragma once

#include "store/call_scan.hpp"
#include "store/duckdb/connection.hpp"
#include "store/number_scan.hpp"
#include "store/query.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

namespace steno::store::duckdb {

/// A scan in the order of time that sorts neither the table nor holds it: it is cut into spans of time with
/// at most `most_rows` calls each (more where calls began in the same nanosecond), which are read one after
/// the other, the next one while the one before is looked at. No query lasts longer than it takes to read a
/// span.
///
/// `ask` runs a statement, on any thread, for as long as the scan lives.
Result<std::unique_ptr<CallScan>> scan_calls(std::function<Result<Answer>(const sql::Statement&)> ask,
                                             const Selection& selection, std::span<const std::size_t> fields,
                                             std::uint64_t most_rows);

/// `wanted` is asked between batches; its error ends the scan. The query is checked.
Result<void> scan_numbers(Connection& connection, const NumberQuery& query,
                          const std::function<Result<void>()>& wanted, const NumberSink& take);

}  // namespace steno::store::duckdb
