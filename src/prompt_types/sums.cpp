#include "prompt_types/sums.hpp"

#include "store/cells.hpp"

#include <fmt/format.h>

#include <utility>

namespace steno::prompt_types {

namespace {

void widen(std::optional<Timestamp>& first, std::optional<Timestamp>& last,
           const std::optional<Timestamp>& other_first, const std::optional<Timestamp>& other_last) {
    if (other_first && (!first || *other_first < *first)) first = other_first;
    if (other_last && (!last || *last < *other_last)) last = other_last;
}

}  // namespace

void Total::add(const Total& other) {
    calls += other.calls;
    failures += other.failures;
    unpriced += other.unpriced;
    removed += other.removed;
    for (const auto& [currency, money] : other.cost) {
        Money& own = cost[currency];
        own.sum += money.sum;
        own.calls += money.calls;
    }
    widen(first, last, other.first, other.last);
}

void Part::add(const Part& other) {
    calls += other.calls;
    failures += other.failures;
    unpriced += other.unpriced;
    priced += other.priced;
    cost += other.cost;
    widen(first, last, other.first, other.last);
}

void add(Total& total, const std::string& currency, const Part& part) {
    total.calls += part.calls;
    total.failures += part.failures;
    total.unpriced += part.unpriced;
    if (part.priced > 0) {
        Total::Money& money = total.cost[currency];
        money.sum += part.cost;
        money.calls += part.priced;
    }
    widen(total.first, total.last, part.first, part.last);
}

Result<Part> part_of(const control::Row& row, std::size_t from) {
    Part part;
    part.calls = row.integer(from);
    part.failures = row.integer(from + 1);
    part.unpriced = row.integer(from + 2);
    part.priced = row.integer(from + 3);
    const auto cost = Decimal::parse(row.text(from + 4));
    if (!cost) return fail(Code::DataLoss, "the carried totals of a prompt type cannot be understood");
    part.cost = *cost;
    if (const auto first = row.optional_integer(from + 5)) part.first = Timestamp{*first, 0};
    if (const auto last = row.optional_integer(from + 6)) part.last = Timestamp{*last, 0};
    return part;
}

store::Selection typed_calls() {
    store::Selection selection;
    store::Filter typed;
    typed.field = *store::make_field("prompt.type");
    typed.op = store::Op::Exists;
    typed.values.emplace_back(true);
    selection.filters = {std::move(typed), store::ai_calls()};
    return selection;
}

store::Selection calls_of(std::string_view type) {
    store::Selection selection;
    store::Filter is;
    is.field = *store::make_field("prompt.type");
    is.values.emplace_back(std::string(type));
    selection.filters = {std::move(is), store::ai_calls()};
    return selection;
}

Result<TotalsByType> page_on_record(store::CallQueries& store, const store::Selection& selection,
                                    std::string_view after) {
    store::AggregateQuery query;
    query.selection = selection;
    if (!after.empty()) {
        store::Filter behind;
        behind.field = *store::make_field("prompt.type");
        behind.op = store::Op::Gt;
        behind.values.emplace_back(std::string(after));
        query.selection.filters.push_back(std::move(behind));
    }
    for (const char* path : {"prompt.type", "cost.currency"}) {
        STENO_ASSIGN(store::Field field, store::make_field(path));
        query.group_by.push_back(std::move(field));
    }
    for (const char* name :
         {"calls", "errors", "cost", "count(cost.total)", "min(started_at)", "max(started_at)"}) {
        STENO_ASSIGN(store::Measure measure, store::make_measure(name));
        query.measures.push_back(std::move(measure));
    }
    query.limit = kGroupsAPage;
    STENO_ASSIGN(store::AggregateTable table, store.aggregate(query));
    // Of the last type there may be more groups: it is the next page's, unless it fills this one.
    if (table.truncated && table.groups.front().key[0] == table.groups.back().key[0]) {
        query.limit = store::kMaxGroups;
        STENO_ASSIGN(table, store.aggregate(query));
        if (table.truncated && table.groups.front().key[0] == table.groups.back().key[0])
            return fail(Code::ResourceExhausted,
                        fmt::format("the calls of a prompt type have costs in more than {} currencies",
                                    store::kMaxGroups));
    }
    if (table.truncated) {
        const auto last = table.groups.back().key[0];
        while (table.groups.back().key[0] == last) table.groups.pop_back();
    }
    TotalsByType totals;
    for (const store::AggregateTable::Group& group : table.groups) {
        Part part;
        part.calls = store::count_in(group.cells[0]);
        part.failures = store::count_in(group.cells[1]);
        if (const auto* cost = std::get_if<store::CostSum>(&group.cells[2])) {
            part.unpriced = cost->unpriced_calls;
            part.cost = cost->total.value_or(Decimal());
        }
        part.priced = store::count_in(group.cells[3]);
        if (const auto* first = store::value_in<Timestamp>(group.cells[4])) part.first = *first;
        if (const auto* last = store::value_in<Timestamp>(group.cells[5])) part.last = *last;
        const auto* type = store::value_in<std::string>(group.key[0]);
        const auto* currency = store::value_in<std::string>(group.key[1]);
        if (type != nullptr) add(totals[*type], currency == nullptr ? std::string() : *currency, part);
    }
    return totals;
}

}  // namespace steno::prompt_types
