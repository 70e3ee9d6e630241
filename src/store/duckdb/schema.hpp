#pragma once

#include "base/error.hpp"
#include "store/duckdb/connection.hpp"

/// The tables of the store's file.
namespace steno::store::duckdb {

/// Makes the tables of a new file; checks those of one that was there. FailedPrecondition: they are another
/// version's.
Result<void> prepare_tables(Connection& connection);

/// All rows, in their order, into the tables of another file, which are empty; folded into it and on disk
/// when it returns. Nobody writes meanwhile.
Result<void> copy_tables(Connection& from, Connection& to);

}  // namespace steno::store::duckdb
