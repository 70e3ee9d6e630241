#include "custody/latest_calls.hpp"

#include "store/cells.hpp"

#include <algorithm>
#include <utility>

namespace steno::custody {
namespace {

/// Clocks differ; what is further ahead is a mistake, which must not be the latest for years.
constexpr std::int64_t kMostAhead = 86'400'000'000'000;

store::Filter filter_of(std::string_view path, store::Op op, std::vector<store::Value> values) {
    store::Filter filter;
    filter.field = *store::make_field(path);
    filter.op = op;
    filter.values = std::move(values);
    return filter;
}

Result<store::AggregateTable> ask(store::CallStore& store, store::Selection among,
                                  std::initializer_list<const char*> group_by, const char* measure,
                                  std::size_t limit) {
    store::AggregateQuery query;
    query.selection = std::move(among);
    query.selection.filters.push_back(store::ai_calls());
    for (const char* path : group_by) query.group_by.push_back(*store::make_field(path));
    query.measures.push_back(*store::make_measure(measure));
    query.limit = static_cast<std::uint32_t>(limit);
    return store.aggregate(query);
}

}  // namespace

LatestCall LatestCall::of(const std::optional<Timestamp>& began, const Uuid& id, Timestamp now) {
    if (!began || began->unix_nanos > now.unix_nanos + kMostAhead) return {kUnknown, id};
    return {began->unix_nanos, id};
}

Result<std::vector<std::string>> types_behind(store::CallStore& store, const store::Selection& among,
                                              std::string_view after) {
    store::Selection rest = among;
    rest.filters.push_back(filter_of("prompt.type", store::Op::Gt, {std::string(after)}));
    STENO_ASSIGN(const store::AggregateTable table,
                 ask(store, std::move(rest), {"prompt.type"}, "calls", kTypesAtOnce));
    std::vector<std::string> types;
    for (const store::AggregateTable::Group& group : table.groups)
        if (const auto* type = store::value_in<std::string>(group.key.front())) types.push_back(*type);
    return types;
}

Result<LatestByType> latest_among(store::CallStore& store, const store::Selection& among,
                                  std::span<const std::string> types, Timestamp now) {
    LatestByType latest;
    if (types.empty()) return latest;
    const auto of_types = [&](std::span<const std::string> some) {
        store::Selection selection = among;
        selection.filters.push_back(
            filter_of("prompt.type", store::Op::In, std::vector<store::Value>(some.begin(), some.end())));
        return selection;
    };
    // When the last of each began, and then which one that was.
    store::Selection dated = of_types(types);
    dated.to = Timestamp{now.unix_nanos + kMostAhead + 1};
    STENO_ASSIGN(const store::AggregateTable moments,
                 ask(store, dated, {"prompt.type"}, "max(started_at)", kTypesAtOnce));
    std::vector<store::Value> wanted;
    for (const store::AggregateTable::Group& group : moments.groups) {
        const auto* type = store::value_in<std::string>(group.key.front());
        const auto* moment = store::value_in<Timestamp>(group.cells.front());
        if (type == nullptr || moment == nullptr) continue;
        latest[*type].began = moment->unix_nanos;
        wanted.emplace_back(*moment);
    }
    if (!wanted.empty()) {
        dated.filters.push_back(filter_of("started_at", store::Op::In, std::move(wanted)));
        static_assert(kTypesAtOnce * kTypesAtOnce <= store::kMaxGroups);
        STENO_ASSIGN(const store::AggregateTable table,
                     ask(store, std::move(dated), {"prompt.type", "started_at"}, "max(id)",
                         kTypesAtOnce * kTypesAtOnce));
        for (const store::AggregateTable::Group& group : table.groups) {
            const auto* type = store::value_in<std::string>(group.key[0]);
            const auto* moment = store::value_in<Timestamp>(group.key[1]);
            const auto* id = store::value_in<Uuid>(group.cells.front());
            if (type == nullptr || moment == nullptr || id == nullptr) continue;
            const auto found = latest.find(*type);
            if (found != latest.end() && found->second.began == moment->unix_nanos)
                found->second.id = std::max(found->second.id, *id);
        }
    }
    std::vector<std::string> undated;
    for (const std::string& type : types)
        if (!latest.contains(type)) undated.push_back(type);
    if (undated.empty()) return latest;
    STENO_ASSIGN(const store::AggregateTable table,
                 ask(store, of_types(undated), {"prompt.type"}, "max(id)", kTypesAtOnce));
    for (const store::AggregateTable::Group& group : table.groups) {
        const auto* type = store::value_in<std::string>(group.key.front());
        const auto* id = store::value_in<Uuid>(group.cells.front());
        if (type != nullptr && id != nullptr) latest[*type].id = *id;
    }
    return latest;
}

Result<LatestCalls> LatestCalls::read(store::CallStore& store, Timestamp now) {
    LatestCalls latest(now);
    store::Selection withheld;
    withheld.filters.push_back(filter_of("privacy.withheld_by", store::Op::Exists, {true}));
    std::string after;
    while (latest.by_type_.size() < kMostTypes) {
        STENO_ASSIGN(const std::vector<std::string> types, types_behind(store, withheld, after));
        if (types.empty()) break;
        STENO_ASSIGN(LatestByType page, latest_among(store, {}, types, now));
        for (const auto& [type, call] : page) latest.ids_.insert(call.id);
        latest.by_type_.merge(std::move(page));
        if (types.size() < kTypesAtOnce) break;
        after = types.back();
    }
    return latest;
}

bool LatestCalls::is_superseded(std::string_view type, const std::optional<Timestamp>& began,
                                const Uuid& id) const {
    const auto found = by_type_.find(type);
    return found != by_type_.end() && LatestCall::of(began, id, now_) < found->second;
}

}  // namespace steno::custody
