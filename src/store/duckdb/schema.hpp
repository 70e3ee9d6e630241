#pragma once

#include "base/error.hpp"
#include "store/duckdb/connection.hpp"

#include <stop_token>

/// The tables of the store's file.
namespace steno::store::duckdb {

/// Makes the tables of a new file; checks those of one that was there. FailedPrecondition: they are another
/// version's.
Result<void> prepare_tables(Connection& connection);

/// All rows, in their order, into the tables of another file, which are empty; folded into it and on disk
/// when it returns. Nobody writes meanwhile. Cancelled: `stop` was asked for.
Result<void> copy_tables(Connection& from, Connection& to, const std::stop_token& stop);

}  // namespace steno::store::duckdb
