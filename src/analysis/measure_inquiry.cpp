#include "analysis/measure_inquiry.hpp"

#include "analysis/cells.hpp"
#include "analysis/figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <span>

namespace steno::analysis {

using Cells = std::span<const store::Cell>;

Result<MeasuredBuckets> MeasureInquiry::ask(const store::Selection& selection, bool buckets) {
    STENO_ASSIGN(Groups found, ask_by(selection, {}, buckets));
    return std::move(found.groups[key_text({})]);
}

Result<MeasureInquiry::Groups> MeasureInquiry::ask_by(const store::Selection& selection,
                                                      const std::vector<store::Field>& by, bool buckets) {
    store::AggregateQuery query;
    query.selection = ai_calls_of(selection);
    query.group_by = by;
    if (buckets) query.bucket = bucket_;
    query.limit = store::kMaxGroups;
    STENO_ASSIGN(store::Measure calls, store::make_measure("calls"));
    query.measures.push_back(std::move(calls));
    const bool filtered = !measure_.filters.empty();
    if (!filtered) query.measures.insert(query.measures.end(), measure_.of.begin(), measure_.of.end());
    STENO_ASSIGN(const store::AggregateTable table, store_.aggregate(query));
    Groups found;
    found.truncated = table.truncated;
    for (const auto& group : table.groups) {
        Measured& one = found.groups[key_text(group.key)][key(group.bucket)];
        one.calls = count_in(group.cells[0]);
        if (!filtered) set_value(one, group);
    }
    if (measure_.name == "cost") STENO_TRY(split(query, found));
    if (!filtered) return found;
    query.measures = measure_.of;
    query.selection.filters.insert(query.selection.filters.end(), measure_.filters.begin(),
                                   measure_.filters.end());
    STENO_ASSIGN(const store::AggregateTable told, store_.aggregate(query));
    found.truncated |= told.truncated;
    for (const auto& group : told.groups)
        set_value(found.groups[key_text(group.key)][key(group.bucket)], group);
    return found;
}

Result<std::vector<GroupKey>> MeasureInquiry::greatest(const store::Selection& selection,
                                                       const std::vector<store::Field>& by,
                                                       std::uint32_t most, bool& truncated) {
    store::AggregateQuery query;
    query.selection = ai_calls_of(selection);
    query.selection.filters.insert(query.selection.filters.end(), measure_.filters.begin(),
                                   measure_.filters.end());
    query.group_by = by;
    STENO_ASSIGN(store::Measure calls, store::make_measure("calls"));
    query.measures.push_back(std::move(calls));
    query.measures.insert(query.measures.end(), measure_.of.begin(), measure_.of.end());
    query.order = query.measures[1].name;
    query.limit = store::kMaxGroups;
    STENO_ASSIGN(const store::AggregateTable table, store_.aggregate(query));
    std::vector<Measured> each(table.groups.size());
    std::set<std::string> currencies;
    for (std::size_t i = 0; i < each.size(); ++i) {
        each[i].calls = count_in(table.groups[i].cells[0]);
        set_value(each[i], table.groups[i]);
        if (!each[i].currency.empty()) currencies.insert(each[i].currency);
    }
    const bool several = currencies.size() > 1 || currencies.contains("mixed");
    std::vector<std::pair<double, std::size_t>>
        order;  // negative for the greatest first; equals as they came
    for (std::size_t i = 0; i < each.size(); ++i)
        order.emplace_back(
            several ? -static_cast<double>(each[i].calls) : -to_double(each[i].value).value_or(-1), i);
    std::ranges::sort(order);
    truncated = table.truncated || order.size() > most;
    if (order.size() > most) order.resize(most);
    std::vector<GroupKey> keys;
    for (const auto& [greatness, i] : order) keys.push_back(table.groups[i].key);
    return keys;
}

std::optional<std::int64_t> MeasureInquiry::key(const std::optional<Timestamp>& bucket) const {
    if (!bucket) return std::nullopt;
    return store::bucket_key(bucket_, bucket->unix_nanos);
}

/// What those in several currencies come to in each.
Result<void> MeasureInquiry::split(store::AggregateQuery query, Groups& found) {
    const auto mixed = [](const auto& one) { return one.second.currency == "mixed"; };
    if (std::ranges::none_of(found.groups,
                             [&](const auto& group) { return std::ranges::any_of(group.second, mixed); }))
        return {};
    query.measures = sums_measures();
    STENO_ASSIGN(FiguresTable table, figures(store_, query));
    for (auto& group : table.groups)
        found.groups[key_text(group.key)][key(group.bucket)].by_currency =
            std::move(group.figures.by_currency);
    return {};
}

void MeasureInquiry::set_value(Measured& measured, const store::AggregateTable::Group& group) {
    const Cells cells = Cells(group.cells).subspan(group.cells.size() - measure_.of.size());
    measured.value = measure_.value(cells);
    const auto* cost = std::get_if<store::CostSum>(&cells[0]);
    if (cost == nullptr || cost->currency.empty()) return;
    measured.currency = cost->currency;
    currency_ = currency_.empty() || currency_ == cost->currency ? cost->currency : "mixed";
}

store::Selection ai_calls_of(store::Selection selection) {
    selection.filters.push_back(store::ai_calls());
    return selection;
}

store::Selection group_of(store::Selection selection, const std::vector<store::Field>& by,
                          const GroupKey& key) {
    for (std::size_t i = 0; i < key.size(); ++i) {
        if (key[i])
            selection.filters.push_back({by[i], store::Op::Eq, {*key[i]}});
        else
            selection.filters.push_back({by[i], store::Op::Exists, {store::Value(false)}});
    }
    return selection;
}

Result<std::vector<std::pair<std::int64_t, Timestamp>>> buckets_of(const store::Bucket& bucket,
                                                                   Timestamp from, Timestamp to,
                                                                   std::size_t most) {
    using Unit = store::Bucket::Unit;
    std::vector<std::pair<std::int64_t, Timestamp>> buckets;
    std::int64_t key = store::bucket_key(bucket, from.unix_nanos);
    for (;;) {
        const Timestamp begin = store::bucket_begin(bucket, key);
        if (begin >= to && !buckets.empty()) return buckets;
        if (buckets.size() >= most)
            return fail(Code::InvalidArgument, fmt::format("these are more than {} points", kMaxTrendPoints),
                        "a shorter period, longer buckets, or fewer groups");
        buckets.emplace_back(key, begin);
        switch (bucket.unit) {
            case Unit::Day:
                key += calendar::kDay;
                break;
            case Unit::Week:
                key += 7 * calendar::kDay;
                break;
            case Unit::Month:
                key = calendar::add_months(key, 1);
                break;
            case Unit::Minute:
            case Unit::Hour: {
                // Usually the next; where clocks change by half an hour one may begin within it.
                const std::int64_t width = bucket.unit == Unit::Hour ? calendar::kHour : calendar::kMinute;
                std::int64_t same = begin.unix_nanos, next = begin.unix_nanos + 2 * width;
                if (store::bucket_key(bucket, begin.unix_nanos + width - 1) == key)
                    same = begin.unix_nanos + width - 1;
                if (store::bucket_key(bucket, begin.unix_nanos + width) != key)
                    next = begin.unix_nanos + width;
                while (next - same > 1) {
                    const std::int64_t middle = same + (next - same) / 2;
                    (store::bucket_key(bucket, middle) == key ? same : next) = middle;
                }
                key = store::bucket_key(bucket, next);
            }
        }
    }
}

}  // namespace steno::analysis
