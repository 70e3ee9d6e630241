#pragma once

#include "base/error.hpp"
#include "base/uuid.hpp"
#include "store/field.hpp"
#include "store/query.hpp"

#include <optional>
#include <string>
#include <string_view>

/// Where a page ended: the last call's place in the order, not a count, so that calls which come or go
/// between two pages neither shift nor repeat others.
namespace steno::store {

struct Cursor {
    std::optional<Value> value;  ///< of the field that the query is ordered by
    Uuid id;
    std::string project;
};

/// Opaque to users: base64url of a small JSON object. May stand in a URL as it is.
std::string encode_cursor(const CallQuery& query, const Call& last);
/// The query's cursor, nullopt if it has none. InvalidArgument: no cursor of ours, or one of a query with
/// another order.
Result<std::optional<Cursor>> decode_cursor(const CallQuery& query);

}  // namespace steno::store
