#include "analysis/comparison.hpp"

#include "base/decimal.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>

namespace steno::analysis {

namespace {

Result<Figures> total(store::CallQueries& store, const store::Selection& selection) {
    store::AggregateQuery query;
    query.selection = selection;
    query.measures = figures_measures();
    STENO_ASSIGN(const FiguresTable table, figures(store, query));
    return table.groups.front().figures;
}

store::Selection ai_calls_of(store::Selection selection) {
    selection.filters.push_back(store::ai_calls());
    return selection;
}

/// How much two groups differ: in money, as far as both tell it, then in tokens, then in calls. Without
/// `money`, where costs are in several currencies, of which none is more than the other: in the latter.
auto change(const Comparison::Group& group, bool in_money) {
    const auto& [key, now, before] = group;
    Decimal money;
    const bool known = (now.calls == 0 || now.cost.total) && (before.calls == 0 || before.cost.total);
    if (in_money && known) {
        const Decimal more = now.cost.total.value_or(Decimal()), less = before.cost.total.value_or(Decimal());
        money = more < less ? less - more : more - less;
    }
    const auto apart = [](__int128 a, __int128 b) { return a < b ? b - a : a - b; };
    return std::tuple(money, apart(now.tokens().value_or(0), before.tokens().value_or(0)),
                      apart(now.calls, before.calls));
}

bool one_currency(const Comparison& comparison) {
    const std::string& now = comparison.now.cost.currency;
    const std::string& before = comparison.before.cost.currency;
    return now != "mixed" && before != "mixed" && (now.empty() || before.empty() || now == before);
}

}  // namespace

Result<Comparison> compare(store::CallQueries& store, const store::Selection& now,
                           const store::Selection& before, const std::vector<store::Field>& by) {
    Comparison comparison;
    const store::Selection now_ai = ai_calls_of(now), before_ai = ai_calls_of(before);
    STENO_ASSIGN(comparison.now, total(store, now_ai));
    STENO_ASSIGN(comparison.before, total(store, before_ai));
    if (by.empty()) return comparison;
    std::map<std::string, Comparison::Group> groups;
    const auto add = [&](const store::Selection& selection,
                         Figures Comparison::Group::* side) -> Result<void> {
        store::AggregateQuery query;
        query.selection = selection;
        query.group_by = by;
        query.measures = figures_measures();
        query.order = "cost";
        query.limit = kMaxCompared;
        STENO_ASSIGN(const FiguresTable table, figures(store, query));
        comparison.truncated |= table.truncated;
        for (const auto& row : table.groups) {
            Comparison::Group& group = groups[key_text(row.key)];
            group.key = row.key;
            group.*side = row.figures;
        }
        return {};
    };
    STENO_TRY(add(now_ai, &Comparison::Group::now));
    STENO_TRY(add(before_ai, &Comparison::Group::before));
    std::vector<std::pair<std::string, Comparison::Group>> sorted(std::make_move_iterator(groups.begin()),
                                                                  std::make_move_iterator(groups.end()));
    std::ranges::sort(sorted, [money = one_currency(comparison)](const auto& a, const auto& b) {
        const auto left = change(a.second, money), right = change(b.second, money);
        return left != right ? left > right : a.first < b.first;
    });
    for (auto& [text, group] : sorted) comparison.groups.push_back(std::move(group));
    return comparison;
}

Result<std::optional<Timestamp>> record_begin(store::CallQueries& store) {
    store::AggregateQuery query;
    STENO_ASSIGN(store::Measure first, store::make_measure("min(started_at)"));
    query.measures.push_back(std::move(first));
    STENO_ASSIGN(const store::AggregateTable table, store.aggregate(query));
    const auto* const value = std::get_if<store::Value>(&table.groups.front().cells.front());
    return value == nullptr ? std::nullopt : std::optional(std::get<Timestamp>(*value));
}

void write_members(JsonWriter& json, const Comparison& comparison, const std::vector<store::Field>& by,
                   std::size_t limit) {
    write_figures(json, "now", comparison.now);
    write_figures(json, "before", comparison.before);
    json.key("groups");
    json.begin_array();
    for (std::size_t i = 0; i < std::min(limit, comparison.groups.size()); ++i) {
        const Comparison::Group& group = comparison.groups[i];
        json.begin_object();
        write_key(json, by, group.key);
        write_figures(json, "now", group.now);
        write_figures(json, "before", group.before);
        json.end_object();
    }
    json.end_array();
    json.member("truncated", comparison.truncated || comparison.groups.size() > limit);
}

}  // namespace steno::analysis
