#pragma once

#include "store/sql.hpp"

namespace steno::store::duckdb {

/// Lives as long as the program.
const sql::Dialect& dialect();

/// The two columns of a Decimal: see its value().
inline constexpr std::string_view kHigh = ".high";
inline constexpr std::string_view kLow = ".low";
inline constexpr std::int64_t kLowEnd = 1'000'000'000'000'000'000;

}  // namespace steno::store::duckdb
