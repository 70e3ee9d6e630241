#include "inference/correction.hpp"
#include "suggestions/equivalence.hpp"
#include "suggestions/grouped_calls.hpp"
#include "suggestions/looks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

/// Token limits and temperatures, which stand in the parameters of requests.
namespace steno::suggestions {

namespace {

std::vector<Uuid> newest_of(const std::vector<const SeenCall*>& calls) {
    std::vector<Uuid> ids;
    for (auto seen = calls.rbegin(); seen != calls.rend() && ids.size() < kToldCalls; ++seen)
        ids.push_back((*seen)->call.id);
    return ids;
}

/// What the call would have cost with so many output tokens.
std::optional<Decimal> cost_with(const pricing::Catalogue& prices, Call call, std::int64_t output_tokens) {
    call.usage.output_tokens = output_tokens;
    return prices.explain(call).total;
}

/// The smallest value with at least `fraction` of all at or below it; `sorted` is not empty.
std::int64_t nearest_rank(const std::vector<std::int64_t>& sorted, double fraction) {
    const auto rank = static_cast<std::size_t>(std::ceil(fraction * static_cast<double>(sorted.size())));
    return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

Said said_of(const std::vector<const SeenCall*>& calls, const std::string& score) {
    Said said;
    for (const SeenCall* const seen : calls) {
        const Call& call = seen->call;
        ++said.succeeded.of;
        said.succeeded.successes += call.status == Status::Success;
        const std::string& verdict = call.feedback.verdict;
        if (verdict == "accepted" || verdict == "modified" || verdict == "rejected") {
            ++said.accepted.of;
            said.accepted.successes += verdict == "accepted";
        }
        if (const auto scored = call.scores.find(score); scored != call.scores.end())
            if (const auto value = scored->second.value;
                value && std::isfinite(*value) && std::abs(*value) <= inference::kLargestValue)
                said.score.add(*value);
    }
    return said;
}

}  // namespace

Result<Looked> look_for_high_limits(const Evidence& evidence, Found& found) {
    std::map<std::pair<Names, std::int64_t>, std::vector<const SeenCall*>> groups;
    Looked looked{Kind::HighLimit, 0, {}};
    for (const SeenCall& seen : evidence.newest.calls) {
        if (!seen.limit || seen.call.status != Status::Success || !seen.call.usage.output_tokens) continue;
        ++looked.calls;
        groups[{{task_of(seen.call), model_of(seen.call)}, *seen.limit}].push_back(&seen);
    }
    std::int64_t enough = 0;
    for (const auto& [name, calls] : groups) {
        if (std::ssize(calls) < kFewestForLimit) continue;
        ++enough;
        const auto& [names, limit] = name;
        std::vector<std::int64_t> used;
        for (const SeenCall* const seen : calls) used.push_back(*seen->call.usage.output_tokens);
        std::ranges::sort(used);
        const std::int64_t p999 = nearest_rank(used, 0.999), most = used.back();
        if (p999 <= 0 || limit / p999 < kHighLimit) continue;
        Suggestion& one = found.emplace_back();
        one.kind = Kind::HighLimit;
        std::tie(one.task, one.model) = names;
        one.from = evidence.newest.span.from;
        one.to = evidence.newest.span.to;
        one.affected = std::ssize(calls);
        one.calls = newest_of(calls);
        one.evidence = {{"calls", one.affected},
                        {"limit", limit},
                        {"output_tokens_p99.9", p999},
                        {"output_tokens_max", most}};
        std::string risk;
        const Call& last = calls.back()->call;
        const auto now = cost_with(evidence.prices, last, limit),
                   then = cost_with(evidence.prices, last, 2 * p999);
        if (now && then) {
            const std::string currency = evidence.prices.explain(last).price->currency;
            risk = fmt::format("; an answer that runs away costs up to {}, with a limit of {} {}",
                               about(*now, currency), grouped(2 * p999), about(*then, currency));
            one.evidence.emplace_back("cost_at_limit", *now);
            one.evidence.emplace_back("cost_at_twice_p99.9", *then);
            one.evidence.emplace_back("currency", currency);
        }
        one.sentence = fmt::format(
            "{} lets {} write {} tokens, and of {} answers 99.9 % needed no more than {} (the longest {}){}",
            one.task.words(), one.model.name, grouped(limit), grouped(one.affected), grouped(p999),
            grouped(most), risk);
        one.caveats.emplace_back(
            "a limit costs nothing until an answer runs away: this is a risk, and no money that is spent");
        one.command = fmt::format("steno calls list{} --order=-usage.output_tokens{}{}", evidence.flags,
                                  flags_of(one.task), flags_of(one.model));
    }
    looked.words = fmt::format(
        "{} of the newest calls say their token limit; {} tasks had the {} calls with one model and limit "
        "that "
        "are needed",
        grouped(looked.calls), enough, kFewestForLimit);
    return looked;
}

Result<Looked> look_for_temperatures(const Evidence& evidence, Found& found) {
    std::map<Names, std::map<double, std::vector<const SeenCall*>>> groups;
    Looked looked{Kind::Temperature, 0, {}};
    for (const SeenCall& seen : evidence.newest.calls) {
        if (!seen.temperature) continue;
        ++looked.calls;
        groups[{task_of(seen.call), model_of(seen.call)}][*seen.temperature].push_back(&seen);
    }
    // All comparisons are one family: the two temperatures with the most calls of each task and model.
    struct Two {
        const Names* names;
        double low, high;
        const std::vector<const SeenCall*>*low_calls, *high_calls;
    };
    std::vector<Two> pairs;
    std::int64_t several = 0;
    for (const auto& [names, by_temperature] : groups) {
        if (names.first.unknown() || by_temperature.size() < 2) continue;
        ++several;
        std::vector<decltype(by_temperature.begin())> sides;
        for (auto at = by_temperature.begin(); at != by_temperature.end(); ++at) sides.push_back(at);
        std::ranges::sort(sides, [](auto a, auto b) {
            return a->second.size() != b->second.size() ? a->second.size() > b->second.size()
                                                        : a->first < b->first;
        });
        if (std::ssize(sides[1]->second) < kFewestCalls) continue;
        if (sides[0]->first > sides[1]->first) std::swap(sides[0], sides[1]);
        pairs.push_back({&names, sides[0]->first, sides[1]->first, &sides[0]->second, &sides[1]->second});
    }
    const double confidence = inference::confidence_of_family(pairs.size());
    for (const Two& two : pairs) {
        STENO_ASSIGN(
            const std::vector<Compared> compared,
            compare_answers(said_of(*two.low_calls, evidence.score), said_of(*two.high_calls, evidence.score),
                            evidence.score, evidence.margin, confidence));
        if (!tells_quality(compared) || !makes_no_difference(compared)) continue;
        Suggestion& one = found.emplace_back();
        one.kind = Kind::Temperature;
        std::tie(one.task, one.model) = *two.names;
        one.from = evidence.newest.span.from;
        one.to = evidence.newest.span.to;
        one.affected = std::ssize(*two.low_calls) + std::ssize(*two.high_calls);
        one.calls = newest_of(*two.high_calls);
        one.evidence = {{"temperature", two.low},
                        {"temperature_compared", two.high},
                        {"calls", static_cast<std::int64_t>(two.low_calls->size())},
                        {"calls_compared", static_cast<std::int64_t>(two.high_calls->size())},
                        {"margin", evidence.margin},
                        {"confidence_of_intervals", confidence}};
        std::string said;
        for (const Compared& metric : compared) {
            said += (said.empty() ? "" : "; ") + words(metric);
            one.evidence.emplace_back(metric.metric, metric.a);
            one.evidence.emplace_back(metric.metric + "_compared", metric.b);
        }
        one.sentence =
            fmt::format("For {} with {}, temperature {:g} does as well as {:g} within {:g} %: {}",
                        one.task.words(), one.model.name, two.high, two.low, evidence.margin * 100, said);
        one.confidence = Confidence::Medium;
        one.caveats.emplace_back(
            "nothing is saved by it; with the lower one answers repeat more, which tests and caches like");
        one.command = fmt::format("steno calls show {}", one.calls.front().to_string());
    }
    looked.words = fmt::format(
        "{} of the newest calls say their temperature; {} tasks had several with one model, {} of them with "
        "{} "
        "calls of each",
        grouped(looked.calls), several, pairs.size(), kFewestCalls);
    return looked;
}

}  // namespace steno::suggestions
