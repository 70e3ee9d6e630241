#pragma once

#include "base/error.hpp"
#include "exports/table.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace steno::cli {

struct StatsRows {
    std::unique_ptr<exports::Rows> rows;
    std::uint64_t count = 0;
    bool truncated = false;  ///< there are more groups than were asked for
};

/// The answer of /api/v1/aggregate as a table: a column for the bucket if there is one, for each field that
/// was grouped by, and for each measure; for `cost` four (cost, cost.currency, cost.unpriced_calls,
/// cost.estimated_calls). `by`, `measures`: as they were asked for, with commas.
Result<StatsRows> stats_rows(std::string body, std::string_view bucket, std::string_view by,
                             std::string_view measures);

}  // namespace steno::cli
