#include "analysis/experiment_left_out.hpp"

#include "analysis/cells.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace steno::analysis {

namespace {

store::Field field_of(std::string_view path) {
    return store::make_field(path).value();
}

}  // namespace

Result<std::vector<ExperimentResult::LeftOut>> reasons_of(store::CallQueries& store, store::Selection calls,
                                                          std::uint64_t left_out) {
    std::vector<ExperimentResult::LeftOut> reasons;
    if (left_out == 0) return reasons;
    store::AggregateQuery query;
    query.selection = std::move(calls);
    query.selection.filters.push_back({field_of("prompt.experiment.variant"), store::Op::Exists, {false}});
    query.selection.filters.push_back({field_of("prompt.experiment.left_out"), store::Op::Exists, {true}});
    query.group_by = {field_of("prompt.experiment.left_out")};
    STENO_ASSIGN(store::Measure number, store::make_measure("calls"));
    query.measures = {std::move(number)};
    query.order = "calls";
    query.limit = store::kMaxGroups;
    STENO_ASSIGN(const store::AggregateTable table, store.aggregate(query));
    std::uint64_t rest = left_out, others = 0;
    for (const auto& group : table.groups) {
        const std::uint64_t some = std::min(static_cast<std::uint64_t>(count_in(group.cells[0])), rest);
        rest -= some;
        if (reasons.size() < kMostReasons)
            reasons.push_back({text_of(group.key[0]), some});
        else
            others += some;
    }
    if (table.truncated) others += std::exchange(rest, 0);
    if (others > 0) reasons.push_back({std::string(kOtherReasons), others});
    if (rest > 0) reasons.push_back({{}, rest});
    std::ranges::sort(reasons, [](const auto& a, const auto& b) {
        return a.calls != b.calls ? a.calls > b.calls : a.reason < b.reason;
    });
    return reasons;
}

}  // namespace steno::analysis
