#pragma once

#include "server/api.hpp"
#include "store/query.hpp"

#include <string>
#include <vector>

/// Query strings to queries: `status=failure&usage.input_tokens.gte=100&from=…`.
namespace steno::server {

struct ListParameters {
    store::CallQuery query;
    std::vector<std::string> fields;  ///< dotted paths; empty: all columns
    bool payload = false;             ///< some of `fields` live in payloads
};

/// InvalidArgument names the parameter and what it takes.
Result<ListParameters> list_parameters(const ApiRequest& request);
Result<store::AggregateQuery> aggregate_parameters(const ApiRequest& request);
/// InvalidArgument, with the nearest name, if there are others than these: for what takes no filters.
Result<void> only_parameters(const ApiRequest& request, std::initializer_list<std::string_view> names);
/// Only the part that says which calls: from, to, text and filters. Parameters named in `others` are skipped.
Result<store::Selection> selection_parameters(const ApiRequest& request,
                                              std::initializer_list<std::string_view> others);

}  // namespace steno::server
