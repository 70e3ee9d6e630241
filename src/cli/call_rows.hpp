#pragma once

#include "base/error.hpp"
#include "cli/api_client.hpp"
#include "exports/table.hpp"
#include "server/call_columns.hpp"

#include <memory>
#include <string>
#include <vector>

/// Calls as the rows of a table, by way of the API. (Straight from a store: server/call_columns.hpp.)
namespace steno::cli {

/// All calls that fit, page by page. `query`: "?status=failure", with the order. The api must outlive it.
std::unique_ptr<exports::Rows> paged_calls(Api& api, const std::string& query,
                                           std::vector<server::CallColumn> columns);
/// The JSON of each, digit by digit as the API gives it: a table for the JSON formats. The query has the
/// fields and the limit of a page.
std::unique_ptr<exports::Rows> whole_calls(Api& api, const std::string& query);
}  // namespace steno::cli
