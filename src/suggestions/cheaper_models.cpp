#include "analysis/cells.hpp"
#include "base/shell_word.hpp"
#include "inference/correction.hpp"
#include "inference/means.hpp"
#include "store/number_scan.hpp"
#include "suggestions/equivalence.hpp"
#include "suggestions/grouped_calls.hpp"
#include "suggestions/looks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <utility>

namespace steno::suggestions {

namespace {

constexpr double kSameLength = 1.25;  ///< inputs that differ by more are another kind of work
constexpr std::uint32_t kRepriced = 1000;

/// Calls that live experiments drew.
struct Drawn {
    std::int64_t calls = 0;
    std::set<std::string> experiments, variants;  ///< ids, and names
};

/// What the calls of one task with one model come to.
struct Use {
    Model model;
    std::int64_t calls = 0, priced = 0;
    Decimal cost;
    std::string currency;
    double input_tokens = 0;  ///< on average; 0: not known
    Timestamp first, last;
    Said said;
    std::int64_t scored = 0;
    Drawn drawn;

    [[nodiscard]] double each() const { return cost.to_double() / static_cast<double>(priced); }
    [[nodiscard]] bool judged() const {
        return said.accepted.of >= kFewestJudged || scored >= static_cast<std::int64_t>(kFewestJudged);
    }
};
using Uses = std::map<Task, std::map<Model, Use>>;

Result<Uses> uses_of(const Evidence& evidence, bool& truncated) {
    STENO_ASSIGN(const GroupedCalls table,
                 group_calls(evidence, {"calls", "cost", "count(cost.total)", "avg(usage.input_tokens)",
                                        "min(started_at)", "max(started_at)"}));
    truncated = table.truncated;
    Uses uses;
    for (const auto& group : table.groups) {
        const auto& [task, model] = group.names;
        const auto* cost = std::get_if<store::CostSum>(&group.cells[1]);
        if (task.unknown() || model.name.empty() || cost == nullptr || !cost->total) continue;
        Use& use = uses[task][model];
        use.model = model;
        use.calls = analysis::count_in(group.cells[0]);
        use.cost = *cost->total;
        use.currency = cost->currency;
        use.priced = analysis::count_in(group.cells[2]);
        use.input_tokens = analysis::number_in(group.cells[3]).value_or(0);
        use.first = analysis::moment_in(group.cells[4]).value_or(evidence.span.from);
        use.last = analysis::moment_in(group.cells[5]).value_or(evidence.span.to);
        use.said.succeeded.of = static_cast<std::uint64_t>(use.calls);
    }
    std::erase_if(uses, [](const auto& task) { return task.second.size() < 2; });
    return uses;
}

/// Adds what was said of the calls: how they ended, verdicts, how many have a score, and who drew them.
Result<void> add_what_was_said(const Evidence& evidence, Uses& uses) {
    const auto ask = [&](std::string_view field, store::Op op, std::string_view value,
                         const std::string& measure, std::vector<store::Field> more,
                         auto&& add) -> Result<void> {
        STENO_ASSIGN(store::Filter one, store::make_filter(field, op, value));
        STENO_ASSIGN(const GroupedCalls table,
                     group_calls(evidence, {"calls", measure}, {std::move(one)}, std::move(more)));
        for (const auto& group : table.groups) {
            const auto task = uses.find(group.names.first);
            if (task == uses.end()) continue;
            if (const auto use = task->second.find(group.names.second); use != task->second.end())
                add(use->second, group, analysis::count_in(group.cells[1]));
        }
        return {};
    };
    STENO_TRY(ask("status", store::Op::Eq, "success", "count(status)", {},
                  [](Use& use, const auto&, std::int64_t calls) {
                      // A call that came between two questions must not make a share above 1.
                      use.said.succeeded.successes =
                          std::min(static_cast<std::uint64_t>(calls), use.said.succeeded.of);
                  }));
    STENO_TRY(ask("feedback.verdict", store::Op::In, "accepted,modified,rejected", "count(feedback.verdict)",
                  {store::make_field("feedback.verdict").value()},
                  [](Use& use, const auto& group, std::int64_t calls) {
                      use.said.accepted.of += static_cast<std::uint64_t>(calls);
                      if (analysis::text_of(group.more[0]) == "accepted")
                          use.said.accepted.successes += static_cast<std::uint64_t>(calls);
                  }));
    const auto tell = [&](std::string_view field, std::set<std::string> Drawn::* names) {
        return ask("prompt.experiment.variant", store::Op::Exists, "true", "count(prompt.experiment.variant)",
                   {store::make_field(field).value()},
                   [names](Use& use, const auto& group, std::int64_t calls) {
                       if (names == &Drawn::experiments) use.drawn.calls += calls;
                       (use.drawn.*names).insert(analysis::text_of(group.more[0]));
                   });
    };
    STENO_TRY(tell("prompt.experiment.id", &Drawn::experiments));
    STENO_TRY(tell("prompt.experiment.variant", &Drawn::variants));
    const std::string score = fmt::format("scores.{}", evidence.score);
    return ask(score, store::Op::Exists, "true", fmt::format("count({})", score), {},
               [](Use& use, const auto&, std::int64_t calls) { use.scored = calls; });
}

/// Moments of one number of a task's calls with a model.
Result<inference::Moments> moments_of(const Evidence& evidence, const Task& task, const Model& model,
                                      const std::string& field) {
    store::NumberQuery query{
        evidence.selection, store::make_field("model.requested").value(), {model.name}, {}};
    add_filters(query.selection, task);
    add_filters(query.selection, model);
    STENO_ASSIGN(store::Field number, store::make_field(field));
    if (number.index == store::Field::kScores) {
        STENO_ASSIGN(store::Filter scored, store::make_filter(field, store::Op::Exists, "true"));
        query.selection.filters.push_back(std::move(scored));
    }
    query.numbers.push_back(std::move(number));
    STENO_ASSIGN(store::NumberScanner* const scanner, store::number_scanner_of(evidence.store));
    inference::Moments moments;
    STENO_TRY(scanner->scan_numbers(query, [&](const store::NumberBatch& batch) {
        for (const double value : batch.numbers[0])
            if (std::isfinite(value) && std::abs(value) <= inference::kLargestValue) moments.add(value);
    }));
    return moments;
}

struct Pair {
    const Task* task;
    const Use* dear;
    const Use* cheap;
};

std::vector<Pair> pairs_of(const Uses& uses, std::size_t& tasks, std::size_t& unjudged) {
    std::vector<Pair> pairs;
    for (const auto& [task, models] : uses) {
        bool comparable = false, told = false;
        for (const auto& [dear_name, dear] : models)
            for (const auto& [cheap_name, cheap] : models) {
                if (std::min(dear.calls, cheap.calls) < kFewestOfModel || dear.priced == 0 ||
                    cheap.priced == 0 || dear.currency != cheap.currency || dear.each() <= cheap.each())
                    continue;
                comparable = true;
                if (!dear.judged() || !cheap.judged()) continue;
                told = true;
                pairs.push_back({&task, &dear, &cheap});
            }
        tasks += comparable;
        unjudged += comparable && !told;
    }
    std::ranges::sort(pairs, [](const Pair& a, const Pair& b) {
        if (a.dear->cost != b.dear->cost) return a.dear->cost > b.dear->cost;
        return std::tie(*a.task, a.dear->model, a.cheap->model) <
               std::tie(*b.task, b.dear->model, b.cheap->model);
    });
    if (pairs.size() > kMostPairs) pairs.resize(kMostPairs);
    return pairs;
}

/// The newest calls of the dearer model, by the prices of the cheaper one for the same usage: that its calls
/// were cheaper could also come from shorter prompts.
struct SameUsage {
    std::int64_t calls = 0;
    Decimal cost, would_cost;
    std::vector<Uuid> ids;
};
Result<SameUsage> same_usage(const Evidence& evidence, const Pair& pair) {
    store::CallQuery query;
    query.selection = evidence.selection;
    add_filters(query.selection, *pair.task);
    add_filters(query.selection, pair.dear->model);
    query.fields = {"kind", "status", "usage", "provider", "model", "modality", "cost"};
    query.limit = kRepriced;
    STENO_ASSIGN(store::Page page, evidence.store.find(query));
    SameUsage same;
    for (store::Row& row : page.rows) {
        Call& call = row.call;
        if (call.status != Status::Success) continue;
        if (same.ids.size() < kToldCalls) same.ids.push_back(call.id);
        const auto now = evidence.prices.explain(call);
        call.provider.name = pair.cheap->model.provider;
        call.model.requested = pair.cheap->model.name;
        call.model.served.clear();
        const auto then = evidence.prices.explain(call);
        if (!now.total || !then.total || now.price->currency != then.price->currency) continue;
        ++same.calls;
        same.cost += *now.total;
        same.would_cost += *then.total;
    }
    return same;
}

Decimal rounded(double amount) {
    return Decimal::parse(fmt::format("{:.12f}", amount)).value_or(Decimal());
}

class Comparing {
  public:
    Comparing(const Evidence& evidence, std::size_t family)
        : evidence_(evidence), confidence_(inference::confidence_of_family(family)) {}

    /// Absent: the cheaper one is not to be suggested.
    Result<std::optional<Suggestion>> compare(const Pair& pair) {
        STENO_ASSIGN(const Said* const dear, said_of(*pair.task, *pair.dear));
        STENO_ASSIGN(const Said* const cheap, said_of(*pair.task, *pair.cheap));
        STENO_ASSIGN(const std::vector<Compared> compared,
                     compare_answers(*dear, *cheap, evidence_.score, evidence_.margin, confidence_));
        if (!tells_quality(compared) || !may_replace(compared)) return std::nullopt;
        STENO_ASSIGN(const inference::Moments dear_costs,
                     moments_of(evidence_, *pair.task, pair.dear->model, "cost.total"));
        STENO_ASSIGN(const inference::Moments cheap_costs,
                     moments_of(evidence_, *pair.task, pair.cheap->model, "cost.total"));
        STENO_ASSIGN(const inference::MeanComparison costs,
                     inference::compare_means(cheap_costs, dear_costs));
        // Of what always costs the same the interval is a point.
        const inference::Interval each =
            costs.welch ? costs.welch->interval : inference::Interval{costs.difference, costs.difference};
        if (each.low <= 0) return std::nullopt;
        STENO_ASSIGN(const SameUsage same, same_usage(evidence_, pair));
        if (same.calls > 0 && same.would_cost >= same.cost) return std::nullopt;
        return made(pair, compared, each, same);
    }

  private:
    Result<const Said*> said_of(const Task& task, const Use& use) {
        const auto [at, fresh] = said_.try_emplace(&use, use.said);
        if (fresh && use.scored > 0) {
            STENO_ASSIGN(at->second.score,
                         moments_of(evidence_, task, use.model, fmt::format("scores.{}", evidence_.score)));
        }
        return &at->second;
    }

    Suggestion made(const Pair& pair, const std::vector<Compared>& compared, const inference::Interval& each,
                    const SameUsage& same) const {
        const Use &dear = *pair.dear, &cheap = *pair.cheap;
        Suggestion one;
        one.kind = Kind::CheaperModel;
        one.task = *pair.task;
        one.model = dear.model;
        one.affected = dear.calls;
        one.from = evidence_.span.from;
        one.to = evidence_.span.to;
        one.calls = same.ids;
        Saving saving;
        saving.currency = dear.currency;
        saving.amount = dear.cost - cheap.cost.times(dear.priced, cheap.priced);
        saving.month = evidence_.span.month_of(saving.amount);
        if (saving.month) {
            const auto calls = static_cast<double>(dear.priced);
            saving.month_low = evidence_.span.month_of(rounded(each.low * calls));
            saving.month_high = evidence_.span.month_of(rounded(each.high * calls));
        }
        saving.basis = Basis::Estimated;
        saving.how =
            "what the calls of the dearer model cost, less as many calls at the average cost of the "
            "cheaper one's; the interval is Welch's, 95 %";
        std::string evidence;
        for (const Compared& metric : compared) {
            evidence += (evidence.empty() ? "" : "; ") + words(metric);
            one.evidence.emplace_back(metric.metric, metric.a);
            one.evidence.emplace_back(metric.metric + "_of_cheaper", metric.b);
            one.evidence.emplace_back(metric.metric + "_difference_low", metric.interval.low);
            one.evidence.emplace_back(metric.metric + "_difference_high", metric.interval.high);
            one.evidence.emplace_back(metric.metric + "_values", static_cast<std::int64_t>(metric.values_a));
            one.evidence.emplace_back(metric.metric + "_values_of_cheaper",
                                      static_cast<std::int64_t>(metric.values_b));
            one.evidence.emplace_back(metric.metric + "_verdict", std::string(to_string(metric.standing)));
        }
        one.sentence = fmt::format(
            "For {}, {} does no worse than {} within {:g} % and costs {} a call instead of {}: {}",
            one.task.words(), cheap.model.name, dear.model.name, evidence_.margin * 100,
            about(rounded(cheap.each()), dear.currency), about(rounded(dear.each()), dear.currency),
            evidence);
        const std::vector<Fact> facts = {
            {"cheaper_provider", cheap.model.provider},
            {"cheaper_model", cheap.model.name},
            {"calls", dear.calls},
            {"calls_of_cheaper", cheap.calls},
            {"priced_calls", dear.priced},
            {"priced_calls_of_cheaper", cheap.priced},
            {"cost", dear.cost},
            {"cost_of_cheaper", cheap.cost},
            {"margin", evidence_.margin},
            {"confidence_of_intervals", confidence_},
            {"drawn_calls", dear.drawn.calls},
            {"drawn_calls_of_cheaper", cheap.drawn.calls},
            {"repriced_calls", same.calls},
            {"repriced_cost", same.cost},
            {"repriced_cost_of_cheaper", same.would_cost},
        };
        one.evidence.insert(one.evidence.end(), facts.begin(), facts.end());
        add_caveats(one, dear, cheap, same);
        one.saving = std::move(saving);
        // A replay goes to the same provider.
        one.command =
            one.calls.empty() || cheap.model.provider != dear.model.provider
                ? fmt::format("steno quality{} --by model.requested{}", evidence_.flags, flags_of(one.task))
                : fmt::format("steno replay {} --model {}", one.calls.front().to_string(),
                              shell_word(cheap.model.name));
        return one;
    }

    static void add_caveats(Suggestion& one, const Use& dear, const Use& cheap, const SameUsage& same) {
        const auto lower = [&](Confidence to, std::string why) {
            one.confidence = std::min(one.confidence, to);
            one.caveats.push_back(std::move(why));
        };
        const Timestamp begin = std::max(dear.first, cheap.first), end = std::min(dear.last, cheap.last);
        const Timestamp first = std::min(dear.first, cheap.first), last = std::max(dear.last, cheap.last);
        if (2 * (end.unix_nanos - begin.unix_nanos) < last.unix_nanos - first.unix_nanos)
            lower(Confidence::Medium, "the two models were used at different times for the most part");
        if (dear.input_tokens > 0 && cheap.input_tokens > 0) {
            const double ratio = cheap.input_tokens / dear.input_tokens;
            if (ratio > kSameLength || ratio < 1 / kSameLength)
                lower(Confidence::Low,
                      fmt::format("prompts to {} have {:.0f} tokens on average, those to {} {:.0f}: it may "
                                  "have been given other work",
                                  cheap.model.name, cheap.input_tokens, dear.model.name, dear.input_tokens));
        }
        if (same.calls == 0) lower(Confidence::Medium, "the same usage could not be priced for both models");
        one.caveats.push_back(how_it_was_decided(dear, cheap));
    }

    /// Chance decided which model a call went to where one experiment has all calls of both, and none of its
    /// variants has calls of both.
    static std::string how_it_was_decided(const Use& dear, const Use& cheap) {
        const std::string not_drawn =
            "which model a call went to was not drawn by chance: what decided it may also decide how good "
            "the answer is";
        if (dear.drawn.calls == 0 || cheap.drawn.calls == 0) return not_drawn;
        if (dear.drawn.experiments.size() > 1 || dear.drawn.experiments != cheap.drawn.experiments)
            return not_drawn + "; live experiments assigned some of these calls, but not one of them all";
        const std::string& id = *dear.drawn.experiments.begin();
        for (const std::string& variant : cheap.drawn.variants)
            if (dear.drawn.variants.contains(variant))
                return not_drawn +
                       fmt::format("; the live experiment {} assigned calls, but not by model", id);
        if (dear.drawn.calls < dear.calls || cheap.drawn.calls < cheap.calls)
            return fmt::format(
                "the live experiment {} drew by chance which model {} of the {} calls and {} of the {} "
                "cheaper ones went to; of the others it was not drawn, and what decided it may also "
                "decide how good the answer is: steno experiments result {}",
                id, grouped(dear.drawn.calls), grouped(dear.calls), grouped(cheap.drawn.calls),
                grouped(cheap.calls), id);
        return fmt::format(
            "the live experiment {} drew by chance which model these calls went to; its result counts "
            "by the units that were drawn, and holds at every look: steno experiments result {}",
            id, id);
    }

    const Evidence& evidence_;
    double confidence_;
    std::map<const Use*, Said> said_;
};

}  // namespace

Result<Looked> look_for_cheaper_models(const Evidence& evidence, Found& found) {
    bool truncated = false;
    STENO_ASSIGN(Uses uses, uses_of(evidence, truncated));
    if (!uses.empty()) STENO_TRY(add_what_was_said(evidence, uses));
    std::size_t tasks = 0, unjudged = 0, suggested = 0;
    const std::vector<Pair> pairs = pairs_of(uses, tasks, unjudged);
    Comparing comparing(evidence, pairs.size());
    std::map<const Use*, Suggestion> best;  ///< of each dearer model the one that saves most
    for (const Pair& pair : pairs) {
        STENO_ASSIGN(std::optional<Suggestion> one, comparing.compare(pair));
        if (!one) continue;
        ++suggested;
        const auto [at, fresh] = best.try_emplace(pair.dear, std::move(*one));
        if (!fresh && one->saving->amount > at->second.saving->amount) at->second = std::move(*one);
    }
    for (auto& [use, one] : best) found.push_back(std::move(one));
    Looked looked{Kind::CheaperModel, 0, {}};
    for (const auto& [task, models] : uses)
        for (const auto& [name, use] : models) looked.calls += use.calls;
    looked.words = fmt::format(
        "{} tasks had two models of different cost with {} calls each; in {} of them too few answers were "
        "judged ({} verdicts or scores.{} of each model); of {} pairs that could be compared {} were as good",
        tasks, kFewestOfModel, unjudged, kFewestJudged, evidence.score, pairs.size(), suggested);
    looked.truncated = truncated;
    return looked;
}

}  // namespace steno::suggestions
