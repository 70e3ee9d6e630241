#include "analysis/currencies.hpp"

#include "analysis/figures.hpp"
#include "base/time.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <variant>

namespace steno::analysis {

Result<std::vector<Amounts>> amounts_by_currency(store::CallQueries& store, store::AggregateQuery query,
                                                 const store::AggregateTable& table) {
    using Place = std::pair<std::string, std::optional<Timestamp>>;
    std::vector<Amounts> amounts(table.groups.size());
    const auto cost =
        std::ranges::find(query.measures, store::Measure::Function::Cost, &store::Measure::function);
    if (cost == query.measures.end() || query.group_by.size() >= store::kMaxGroupBy) return amounts;
    const auto column = static_cast<std::size_t>(cost - query.measures.begin());
    std::map<Place, std::size_t> mixed;
    for (std::size_t i = 0; i < table.groups.size(); ++i) {
        const auto& group = table.groups[i];
        if (std::get<store::CostSum>(group.cells[column]).currency == "mixed")
            mixed.emplace(Place{key_text(group.key), group.bucket}, i);
    }
    if (mixed.empty()) return amounts;
    query.group_by.push_back(store::make_field("cost.currency").value());
    query.selection.filters.push_back(store::make_filter("cost.total", store::Op::Exists, "true").value());
    query.measures = {store::make_measure("cost").value()};
    query.order.clear();
    query.limit = store::kMaxGroups;
    STENO_ASSIGN(store::AggregateTable told, store.aggregate(query));
    // Cut off: rather nothing than some of the amounts.
    if (told.truncated) return amounts;
    for (auto& group : told.groups) {
        const std::optional<store::Value> currency = std::move(group.key.back());
        group.key.pop_back();
        const auto found = mixed.find({key_text(group.key), group.bucket});
        const auto& sum = std::get<store::CostSum>(group.cells.front());
        if (found == mixed.end() || !currency || !sum.total) continue;
        amounts[found->second][std::get<std::string>(*currency)] = *sum.total;
    }
    return amounts;
}

}  // namespace steno::analysis
