#pragma once

#include "store/duckdb/duckdb_api.hpp"
#include "store/query.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

/// Groups of an answer, out of the engine's chunks.
namespace steno::store::duckdb {

/// The row's group of an answer to sql::select_groups.
AggregateTable::Group read_group(const AggregateQuery& query, duckdb_data_chunk chunk, std::size_t row);

/// The same, step by step: each reads from this column on, and sets it to the one behind what it has read.
void read_key(const AggregateQuery& query, duckdb_data_chunk chunk, std::size_t row, std::size_t& column,
              std::vector<std::optional<Value>>& key, std::optional<Timestamp>& bucket);
std::vector<Cell> read_cells(std::span<const Measure> measures, duckdb_data_chunk chunk, std::size_t row,
                             std::size_t& column);

}  // namespace steno::store::duckdb
