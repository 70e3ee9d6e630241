#include "analysis/experiment_left_out.hpp"

#include "analysis/cells.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace steno::analysis {

namespace {

store::Field field_of(std::string_view path) {
    return store::make_field(path).value();
}

/// The calls of some selections, by what they say of why they were left out.
class Reasons {
  public:
    explicit Reasons(store::CallQueries& store) : store_(store) {}

    /// `left_out`: so many calls of the selection, whether or not they say why.
    Result<void> add(store::Selection selection, std::uint64_t left_out) {
        if (left_out == 0) return {};
        store::AggregateQuery query;
        query.selection = std::move(selection);
        query.selection.filters.push_back(
            {field_of("prompt.experiment.left_out"), store::Op::Exists, {true}});
        query.group_by = {field_of("prompt.experiment.left_out")};
        STENO_ASSIGN(store::Measure number, store::make_measure("calls"));
        query.measures = {std::move(number)};
        query.order = "calls";
        query.limit = store::kMaxGroups;
        STENO_ASSIGN(const store::AggregateTable table, store_.aggregate(query));
        std::uint64_t rest = left_out;
        for (const auto& group : table.groups) {
            const std::uint64_t some = std::min(static_cast<std::uint64_t>(count_in(group.cells[0])), rest);
            rest -= some;
            calls_[text_of(group.key[0])] += some;
        }
        (table.truncated ? others_ : unsaid_) += rest;
        return {};
    }

    [[nodiscard]] std::vector<ExperimentResult::LeftOut> told() const {
        std::vector<ExperimentResult::LeftOut> reasons;
        for (const auto& [reason, calls] : calls_) reasons.push_back({reason, calls});
        const auto more = [](const auto& a, const auto& b) {
            return a.calls != b.calls ? a.calls > b.calls : a.reason < b.reason;
        };
        std::ranges::sort(reasons, more);
        std::uint64_t others = others_;
        while (reasons.size() > kMostReasons) {
            others += reasons.back().calls;
            reasons.pop_back();
        }
        if (others > 0) reasons.push_back({std::string(kOtherReasons), others});
        if (unsaid_ > 0) reasons.push_back({{}, unsaid_});
        std::ranges::sort(reasons, more);
        return reasons;
    }

  private:
    store::CallQueries& store_;
    std::map<std::string, std::uint64_t> calls_;
    std::uint64_t others_ = 0, unsaid_ = 0;
};

}  // namespace

Result<LeftOutCalls> left_out_of(store::CallQueries& store, const store::Selection& of_experiment,
                                 std::uint64_t counted) {
    Reasons reasons(store);
    store::Selection ai = of_experiment;
    ai.filters.push_back(store::ai_calls());
    STENO_ASSIGN(const std::uint64_t all, store.count(ai));
    const std::uint64_t of_ai = all > counted ? all - counted : 0;  // some may have come in between
    ai.filters.push_back({field_of("prompt.experiment.variant"), store::Op::Exists, {false}});
    STENO_TRY(reasons.add(std::move(ai), of_ai));

    // The gateway has experiments on what is posted alone: sessions (GET), whose calls are AI calls, and
    // spans of programs would count things twice.
    store::Selection requests = of_experiment;
    requests.filters.push_back({field_of("kind"), store::Op::Eq, {std::string("span")}});
    requests.filters.push_back({field_of("provider.endpoint.method"), store::Op::Eq, {std::string("POST")}});
    requests.filters.push_back({field_of("prompt.experiment.left_out"), store::Op::Exists, {true}});
    STENO_ASSIGN(const std::uint64_t of_requests, store.count(requests));
    STENO_TRY(reasons.add(std::move(requests), of_requests));
    return LeftOutCalls{of_ai + of_requests, reasons.told()};
}

}  // namespace steno::analysis
