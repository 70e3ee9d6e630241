#include "budgets/spent.hpp"

#include "store/answers.hpp"

#include <utility>

namespace steno::budgets {

namespace {

Result<store::AggregateTable> sums(store::CallQueries& store, const Budget& budget, const Span& span,
                                   std::optional<store::Bucket> bucket) {
    store::AggregateQuery query;
    query.selection = selection_of(budget, span);
    query.bucket = std::move(bucket);
    STENO_ASSIGN(store::Field currency, store::make_field("cost.currency"));
    query.group_by.push_back(std::move(currency));
    for (const char* const name : {"cost", "calls"}) {
        STENO_ASSIGN(store::Measure measure, store::make_measure(name));
        query.measures.push_back(std::move(measure));
    }
    query.limit = store::kMaxGroups;
    return store.aggregate(query);
}

/// One group: the calls of one currency, or those that name none.
void add(Spent& spent, const store::AggregateTable::Group& group) {
    const auto& sum = std::get<store::CostSum>(group.cells[0]);
    const std::string currency = group.key[0] ? std::get<std::string>(*group.key[0]) : std::string();
    if (sum.total && *sum.total != Decimal{}) spent.by_currency[currency] += *sum.total;
    spent.unpriced += sum.unpriced_calls;
    spent.estimated += sum.estimated_calls;
    spent.calls += std::get<std::int64_t>(std::get<store::Value>(group.cells[1]));
}

}  // namespace

Share share_of(const Call& call) {
    using enum store::CostCount;
    const store::CostCount count = store::cost_count(call);
    return {.cost = call.cost.total,
            .currency = call.cost.currency,
            .unpriced = count == Unpriced,
            .estimated = count == EstimatedDollars || count == EstimatedOther};
}

void Spent::count(const Share& share, int sign) {
    calls += sign;
    if (share.unpriced) unpriced += sign;
    if (share.estimated) estimated += sign;
    if (!share.cost) return;
    const auto sum = by_currency.try_emplace(share.currency).first;
    if (sign > 0)
        sum->second += *share.cost;
    else
        sum->second -= *share.cost;
    if (sum->second == Decimal{}) by_currency.erase(sum);
}

Spent& Spent::operator+=(const Spent& other) {
    calls += other.calls;
    unpriced += other.unpriced;
    estimated += other.estimated;
    for (const auto& [currency, amount] : other.by_currency) {
        const auto sum = by_currency.try_emplace(currency).first;
        sum->second += amount;
        if (sum->second == Decimal{}) by_currency.erase(sum);
    }
    return *this;
}

Decimal Spent::in(const std::string& currency) const {
    const auto found = by_currency.find(currency);
    return found == by_currency.end() ? Decimal{} : found->second;
}

Result<Spent> spent_in(store::CallQueries& store, const Budget& budget, const Span& span) {
    STENO_ASSIGN(const store::AggregateTable table, sums(store, budget, span, std::nullopt));
    Spent spent;
    for (const auto& group : table.groups) add(spent, group);
    return spent;
}

Result<std::vector<Stretch>> spent_by(store::CallQueries& store, const Budget& budget, const Span& span,
                                      store::Bucket::Unit unit) {
    STENO_ASSIGN(const store::AggregateTable table,
                 sums(store, budget, span, store::Bucket{unit, budget.zone}));
    std::vector<Stretch> stretches;
    for (const auto& group : table.groups) {
        if (!group.bucket) continue;
        if (stretches.empty() || stretches.back().begin != *group.bucket)
            stretches.push_back({*group.bucket, {}});
        add(stretches.back().spent, group);
    }
    return stretches;
}

}  // namespace steno::budgets
