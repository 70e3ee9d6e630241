#pragma once

#include "base/error.hpp"
#include "store/duckdb/connection.hpp"
#include "store/view_scan.hpp"

#include <span>
#include <string>
#include <vector>

namespace steno::sql {

/// What is understood of a query before it runs, from the syntax tree that the engine itself makes of it.
struct Plan {
    /// Hold for every row that the query needs of its view; of a query that names one view once.
    std::vector<store::ViewCondition> conditions;
    /// Texts of the view go unchanged into the answer and are used for nothing else.
    bool texts_by_reference = false;
};

/// InvalidArgument: it is no single SELECT, names other tables than the views, or does not parse;
/// PermissionDenied: it calls a function that is not for it. `engine` runs constants of the query.
Result<Plan> plan_of(store::duckdb::Connection& engine, const std::string& query,
                     std::span<const store::View> views);

/// What the engine says of a query, for the one who wrote it.
std::unexpected<Error> query_error(std::string_view engine_says);

}  // namespace steno::sql
