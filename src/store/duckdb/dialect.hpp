#pragma once

#include "store/sql.hpp"

namespace steno::store::duckdb {

/// Lives as long as the program.
const sql::Dialect& dialect();

}  // namespace steno::store::duckdb
