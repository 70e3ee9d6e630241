#pragma once

#include "store/call_store.hpp"
#include "store/cursor.hpp"
#include "store/query.hpp"

#include <optional>
#include <span>
#include <vector>

/// The query model, evaluated over calls one by one. The meaning of the model, as code.
namespace steno::store::memory {

bool matches(const Call& call, const Selection& selection);

/// Before, equal or after in the ascending order of two values of one field; absent ones after all others.
std::strong_ordering compare(const std::optional<Value>& a, const std::optional<Value>& b);

/// Where a call stands in the query's order, and which of two comes first.
Cursor place_of(const Call& call, const CallQuery& query);
std::strong_ordering order_of(const Cursor& a, const Cursor& b, const CallQuery& query);

/// The query's order, and no more groups than its limit.
void put_in_order(AggregateTable& table, const AggregateQuery& query);

AggregateTable aggregate(std::span<const Call* const> calls, const AggregateQuery& query);

}  // namespace steno::store::memory
