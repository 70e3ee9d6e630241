#pragma once

#include "store/duckdb/connection.hpp"
#include "store/view_scan.hpp"

#include <span>
#include <string>

/// The views over the table "calls" (docs/sql.md says what each column is).
namespace steno::store::duckdb {

/// `performance_logs`, `ai_interactions`, `calls`. Lives as long as the program.
std::span<const View> views();

/// The engine's question for a scan of a view. Before the view's columns in its answer stand those that are
/// needed to make others.
struct ViewStatement {
    sql::Statement statement;
    bool positions = false;  ///< PositionsReader's columns
    bool remainder = false;
};
Result<ViewStatement> select_view(const ViewQuery& query);

/// Rows of a chunk of its answer, as batch.hpp has them: from `first` on until their texts are large enough,
/// one at least.
struct ViewBatch {
    std::string bytes;
    std::size_t rows = 0;
};
Result<ViewBatch> batch_of(duckdb_data_chunk chunk, std::size_t first, const ViewStatement& statement,
                           const ViewQuery& query);

}  // namespace steno::store::duckdb
