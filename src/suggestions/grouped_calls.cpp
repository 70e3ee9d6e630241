#include "suggestions/grouped_calls.hpp"

namespace steno::suggestions {

Result<GroupedCalls> group_calls(const Evidence& evidence, const std::vector<std::string>& measures,
                                 std::vector<store::Filter> filters, std::vector<store::Field> more) {
    store::AggregateQuery query;
    query.selection = evidence.selection;
    for (store::Filter& filter : filters) query.selection.filters.push_back(std::move(filter));
    query.group_by = task_fields();
    for (auto fields : {model_fields(), std::move(more)})
        query.group_by.insert(query.group_by.end(), fields.begin(), fields.end());
    for (const std::string& name : measures) {
        STENO_ASSIGN(store::Measure measure, store::make_measure(name));
        query.measures.push_back(std::move(measure));
    }
    query.order = "calls";
    query.limit = kMostGroups;
    STENO_ASSIGN(store::AggregateTable table, evidence.store.aggregate(query));
    GroupedCalls found;
    found.truncated = table.truncated;
    for (auto& group : table.groups) {
        const std::span key(group.key);
        found.groups.push_back({{task_of(key.first(5)), model_of(key.subspan(5, 2))},
                                {key.begin() + 7, key.end()},
                                std::move(group.cells)});
    }
    return found;
}

Result<std::vector<Uuid>> some_calls(const Evidence& evidence, const Names& names,
                                     std::vector<store::Filter> filters) {
    store::CallQuery query;
    query.selection = evidence.selection;
    add_filters(query.selection, names.first);
    add_filters(query.selection, names.second);
    for (store::Filter& filter : filters) query.selection.filters.push_back(std::move(filter));
    query.limit = kToldCalls;
    query.fields = {"status"};
    STENO_ASSIGN(const store::Page page, evidence.store.find(query));
    std::vector<Uuid> ids;
    for (const store::Row& row : page.rows) ids.push_back(row.call.id);
    return ids;
}

}  // namespace steno::suggestions
