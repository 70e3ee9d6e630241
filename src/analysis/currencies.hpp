#pragma once

#include "base/decimal.hpp"
#include "base/error.hpp"
#include "store/call_queries.hpp"
#include "store/query.hpp"

#include <map>
#include <string>
#include <vector>

/// Money in different currencies is not added up: where calls were paid in several, each has its sum.
namespace steno::analysis {

/// "EUR" and "USD", and what calls come to in each. Empty: they are in one currency, or that could not be
/// told.
using Amounts = std::map<std::string, Decimal>;

/// Of each group of `table`, the store's answer to `query`, whose measure "cost" is "mixed": asked for once
/// more, by currency. (Calls that came in between are in these sums only.) All are empty where that is no
/// question: the query groups by store::kMaxGroupBy fields already, or so finely that the answer has more
/// than store::kMaxGroups groups. Blocking; any thread.
Result<std::vector<Amounts>> amounts_by_currency(store::CallQueries& store, store::AggregateQuery query,
                                                 const store::AggregateTable& table);

}  // namespace steno::analysis
