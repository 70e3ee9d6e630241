#include "server/tree_calls.hpp"

#include "store/query.hpp"

#include <algorithm>
#include <iterator>

namespace steno::server {

Result<std::vector<Call>> calls_with(Services& services, std::string_view field, const std::string& value,
                                     bool payload, std::size_t most) {
    store::CallQuery query;
    STENO_ASSIGN(store::Filter filter, store::make_filter(field, store::Op::Eq, value));
    query.selection.filters.push_back(std::move(filter));
    STENO_TRY(store::set_order(query, "started_at"));
    query.limit = store::kMaxPage;
    std::vector<Call> calls;
    do {
        STENO_ASSIGN(auto page, services.data.calls().find(query, payload));
        std::ranges::move(page.calls, std::back_inserter(calls));
        query.cursor = page.next_cursor.value_or("");
    } while (!query.cursor.empty() && calls.size() < most);
    return calls;
}

}  // namespace steno::server
