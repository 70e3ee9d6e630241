#include "analysis/cells.hpp"
#include "inference/correction.hpp"
#include "inference/shares.hpp"
#include "suggestions/grouped_calls.hpp"
#include "suggestions/looks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

/// How calls end: paid for without an answer, and cut by the limit.
namespace steno::suggestions {

namespace {

constexpr std::string_view kWithoutAnswer = "failure,interrupted,cancelled";
/// Why an answer ends, in the words of the providers, where the reason is a limit of tokens.
constexpr std::string_view kCut = "length,max_tokens,MAX_TOKENS,max_output_tokens,max_completion_tokens";

/// By status, of one task and model.
struct Lost {
    std::map<std::string, std::int64_t> statuses;
    Decimal cost;
    std::string currency;
    std::int64_t calls = 0;
    bool mixed = false;
};

}  // namespace

Result<Looked> look_for_paid_failures(const Evidence& evidence, Found& found) {
    const std::vector<store::Filter> filters = {
        store::make_filter("status", store::Op::In, kWithoutAnswer).value(),
        store::make_filter("cost.total", store::Op::Gt, "0").value()};
    STENO_ASSIGN(const GroupedCalls table,
                 group_calls(evidence, {"calls", "cost"}, filters, {store::make_field("status").value()}));
    std::map<Names, Lost> lost;
    Looked looked{Kind::PaidFailure, 0, {}};
    for (const auto& group : table.groups) {
        Lost& sum = lost[group.names];
        const std::int64_t calls = analysis::count_in(group.cells[0]);
        const auto* cost = std::get_if<store::CostSum>(&group.cells[1]);
        looked.calls += calls;
        sum.calls += calls;
        sum.statuses[analysis::text_of(group.more[0])] += calls;
        if (cost == nullptr || !cost->total || (!sum.currency.empty() && cost->currency != sum.currency)) {
            sum.mixed = true;  // not added up, so nothing is said of it
            continue;
        }
        sum.currency = cost->currency;
        sum.cost += *cost->total;
    }
    std::erase_if(lost,
                  [](const auto& one) { return one.second.mixed || one.second.calls < kFewestFailures; });
    std::vector<std::pair<Names, Lost>> dearest(lost.begin(), lost.end());
    std::ranges::sort(dearest, [](const auto& a, const auto& b) {
        return a.second.cost != b.second.cost ? a.second.cost > b.second.cost : a.first < b.first;
    });
    looked.truncated = table.truncated || dearest.size() > kMostOfKind;
    if (dearest.size() > kMostOfKind) dearest.resize(kMostOfKind);
    for (const auto& [names, sum] : dearest) {
        Suggestion& one = found.emplace_back();
        one.kind = Kind::PaidFailure;
        std::tie(one.task, one.model) = names;
        one.from = evidence.span.from;
        one.to = evidence.span.to;
        one.affected = sum.calls;
        STENO_ASSIGN(one.calls, some_calls(evidence, names, filters));
        std::string how;
        for (const auto& [status, calls] : sum.statuses) {
            how += fmt::format("{}{} {}", how.empty() ? "" : ", ", grouped(calls), status);
            one.evidence.emplace_back(status + "_calls", calls);
        }
        one.sentence = fmt::format("{} of {} to {} brought no whole answer and cost {} all the same ({})",
                                   sum.calls == 1 ? "One call" : grouped(sum.calls) + " calls",
                                   one.task.words(), one.model.name, about(sum.cost, sum.currency), how);
        Saving saving;
        saving.currency = sum.currency;
        saving.amount = sum.cost;
        saving.month = evidence.span.month_of(sum.cost);
        if (saving.month) saving.month_low = Decimal(), saving.month_high = saving.month;
        saving.how = "the sum of what these calls cost: the most that can be saved, if none of them happened";
        one.saving = std::move(saving);
        one.confidence = Confidence::Medium;
        one.caveats.emplace_back(
            "how many of them can be avoided is not on the record; who left before the end may have seen "
            "enough");
        one.command = fmt::format("steno calls list{} -f status.in={}{}{}", evidence.flags, kWithoutAnswer,
                                  flags_of(one.task), flags_of(one.model));
    }
    looked.words = fmt::format(
        "{} calls that failed, were cancelled or interrupted had a cost; {} of one task and model are "
        "needed",
        grouped(looked.calls), kFewestFailures);
    return looked;
}

Result<Looked> look_for_cut_answers(const Evidence& evidence, Found& found) {
    const std::vector<store::Filter> cut = {
        store::make_filter("response.finish_reasons", store::Op::In, kCut).value()};
    STENO_ASSIGN(const GroupedCalls all, group_calls(evidence, {"calls"}));
    STENO_ASSIGN(const GroupedCalls table, group_calls(evidence, {"calls", "cost"}, cut));
    std::map<Names, std::int64_t> calls;
    Looked looked{Kind::CutAnswer, 0, {}};
    for (const auto& group : all.groups) {
        looked.calls += analysis::count_in(group.cells[0]);
        calls[group.names] = analysis::count_in(group.cells[0]);
    }
    const double confidence = inference::confidence_of_family(static_cast<std::size_t>(
        std::ranges::count_if(calls, [](const auto& one) { return one.second >= kFewestCalls; })));
    std::int64_t cut_calls = 0;
    std::size_t suggested = 0;
    for (const auto& group : table.groups) {  // those with the most cut calls first
        const std::int64_t of = calls[group.names], n = analysis::count_in(group.cells[0]);
        cut_calls += n;
        if (of < kFewestCalls || n > of) continue;
        const inference::Share share{static_cast<std::uint64_t>(n), static_cast<std::uint64_t>(of)};
        if (share.value() <= kLeastCutShare) continue;
        STENO_ASSIGN(const inference::Interval interval, inference::exact_interval(share, confidence));
        if (interval.low < kLeastCutShare) continue;
        if (++suggested > kMostOfKind) continue;
        Suggestion& one = found.emplace_back();
        one.kind = Kind::CutAnswer;
        std::tie(one.task, one.model) = group.names;
        one.from = evidence.span.from;
        one.to = evidence.span.to;
        one.affected = n;
        STENO_ASSIGN(one.calls, some_calls(evidence, group.names, cut));
        one.evidence = {{"calls", of},
                        {"cut_calls", n},
                        {"share", share.value()},
                        {"share_low", interval.low},
                        {"share_high", interval.high},
                        {"confidence_of_intervals", confidence}};
        if (const auto* cost = std::get_if<store::CostSum>(&group.cells[1]); cost != nullptr && cost->total) {
            one.evidence.emplace_back("cost_of_cut_calls", *cost->total);
            one.evidence.emplace_back("currency", cost->currency);
        }
        one.sentence = fmt::format(
            "{:.1f} % of the answers to {} by {} end because the token limit was reached ({} of {}): raise "
            "the "
            "limit, or ask for shorter answers",
            share.value() * 100, one.task.words(), one.model.name, grouped(n), grouped(of));
        one.caveats.emplace_back("a higher limit costs more, not less: it is the answers that are better");
        one.command = fmt::format("steno calls list{} -f response.finish_reasons.in={}{}{}", evidence.flags,
                                  kCut, flags_of(one.task), flags_of(one.model));
    }
    looked.words = fmt::format(
        "{} of {} calls were cut by a token limit; {} calls of one task and model are needed, and a share "
        "that is surely above {:g} %",
        grouped(cut_calls), grouped(looked.calls), kFewestCalls, kLeastCutShare * 100);
    looked.truncated = all.truncated || suggested > kMostOfKind;
    return looked;
}

}  // namespace steno::suggestions
