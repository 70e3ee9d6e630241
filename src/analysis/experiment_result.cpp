#include "analysis/experiment_result.hpp"

#include "analysis/comparison_words.hpp"
#include "analysis/experiment_calls.hpp"
#include "analysis/experiment_sequence.hpp"
#include "analysis/experiment_verdict.hpp"
#include "analysis/experiment_words.hpp"
#include "inference/beliefs.hpp"
#include "inference/fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace steno::analysis {

namespace {

using inference::Interval;

/// The ends of hours, days, weeks or months between two moments, and the second of the two; milliseconds.
std::vector<double> edges_of(const ExperimentQuestion& question) {
    std::vector<double> edges;
    if (!question.from || !question.to || !(*question.from < *question.to)) return edges;
    const std::int64_t from = question.from->unix_nanos, to = question.to->unix_nanos, span = to - from;
    using Unit = store::Bucket::Unit;
    const store::Bucket bucket{span <= 4 * calendar::kDay     ? Unit::Hour
                               : span <= 98 * calendar::kDay  ? Unit::Day
                               : span <= 686 * calendar::kDay ? Unit::Week
                                                              : Unit::Month,
                               question.zone};
    const std::int64_t beyond = bucket.unit == Unit::Hour   ? calendar::kHour
                                : bucket.unit == Unit::Day  ? calendar::kDay * 3 / 2
                                : bucket.unit == Unit::Week ? calendar::kDay * 10
                                                            : calendar::kDay * 45;
    std::int64_t at = store::bucket_begin(bucket, store::bucket_key(bucket, from)).unix_nanos;
    while (edges.size() + 1 < kMostCoursePoints) {
        const std::int64_t next =
            store::bucket_begin(bucket, store::bucket_key(bucket, at + beyond)).unix_nanos;
        if (next <= at || next >= to) break;
        edges.push_back(static_cast<double>(next) / 1e6);
        at = next;
    }
    edges.push_back(static_cast<double>(to) / 1e6);
    return edges;
}

/// From what is read to what is told.
class Telling {
  public:
    Telling(const ExperimentQuestion& question, const ExperimentColumns& plan, const ExperimentCalls& read)
        : question_(question), plan_(plan), read_(read), totals_(read.totals) {}

    Result<ExperimentDifference> difference(std::size_t metric, std::size_t variant,
                                            double confidence) const {
        ExperimentDifference told;
        const ExperimentValues &a = values(0, metric), &b = values(variant, metric);
        told.metric = plan_.metrics[metric].metric.told;
        told.currency = read_.currencies[metric];
        told.confidence = confidence;
        told.values_a = a.sample.values.count();
        told.values_b = b.sample.values.count();
        if (told.why = why_unknown(metric, a, b); !told.why.empty()) return told;
        const double origin = totals_.origins[metric];
        told.a = a.sample.units.mean() + origin;
        told.b = b.sample.units.mean() + origin;
        told.difference = *told.b - *told.a;
        if (*told.a != 0) told.relative = *told.difference / std::abs(*told.a);
        STENO_ASSIGN(const auto found, sequence(a, b, origin, exactly(metric), confidence));
        if (!found) {
            told.why = why_not_compared(told, a, b);
            return told;
        }
        told.interval = found->interval;
        told.p_value = found->p_value;
        told.effective = found->effective;
        told.finding = ExperimentFinding::Open;
        return told;
    }

    /// What it finds, and how many more units would tell.
    Result<void> conclude(ExperimentDifference& told, std::size_t metric, std::size_t variant, Better better,
                          double margin) const {
        told.metric.better = better;
        if (told.interval) {
            switch (inference::verdict(*told.interval, margin)) {
                case inference::Verdict::Higher:
                    told.finding =
                        better == Better::Lower ? ExperimentFinding::Worse : ExperimentFinding::Better;
                    break;
                case inference::Verdict::Lower:
                    told.finding =
                        better == Better::Lower ? ExperimentFinding::Better : ExperimentFinding::Worse;
                    break;
                case inference::Verdict::Negligible:
                    told.finding = ExperimentFinding::Negligible;
                    break;
                case inference::Verdict::Open:
                    STENO_TRY(tell_more_units(told, metric, variant, margin));
            }
        }
        told.sentence =
            sentence_of(told, question_.variants[0], question_.variants[variant], margin, question_.unit);
        return {};
    }

    Result<ExperimentGuarded> guarded(const ExperimentGuard& guard, std::size_t metric, std::size_t variant,
                                      double confidence) const {
        ExperimentGuarded told;
        told.guard = guard;
        STENO_ASSIGN(told.difference, difference(metric, variant, confidence));
        ExperimentDifference& seen = told.difference;
        seen.metric.better = guard.better;
        if (seen.a && seen.interval) {
            const bool lower_is_better = guard.better == Better::Lower;
            // b - t × a, t being where the limit is; and how much worse that is.
            const double away = (lower_is_better ? 1 : -1) * guard.worse_by;
            const double times = guard.relative ? 1 + (*seen.a < 0 ? -away : away) : 1;
            STENO_ASSIGN(const auto found,
                         sequence(values(0, metric), values(variant, metric), totals_.origins[metric],
                                  exactly(metric), confidence, times));
            if (found) {
                const double limit = guard.relative ? 0 : guard.worse_by;
                const Interval &is = found->interval,
                               worse = lower_is_better ? is : Interval{-is.high, -is.low};
                seen.interval = Interval{worse.low - limit, worse.high - limit};
                told.breached = seen.interval->low > 0;
            } else {
                seen.interval.reset();
                seen.finding = ExperimentFinding::Unknown;
                seen.why = why_not_compared(seen, values(0, metric), values(variant, metric));
            }
        }
        if (told.breached) seen.finding = ExperimentFinding::Worse;
        told.sentence = sentence_of(told, question_.variants[0], question_.variants[variant]);
        return told;
    }

    /// What is believed of each variant's mean, and which may be the best.
    Result<void> tell_chances(std::vector<ExperimentVariantResult>& variants) const {
        std::uint64_t all = 0;
        for (const auto& variant : totals_.variants) all += variant.metrics[0].sample.values.count();
        if (all == 0 || totals_.out_of_range[0] || read_.currencies[0] == "mixed") return {};
        std::vector<inference::Belief> arms;
        STENO_TRY(plan_.metrics[0].metric.is_of_numbers() ? believe_numbers(arms) : believe_shares(arms));
        STENO_ASSIGN(const auto chances,
                     inference::chances(arms,
                                        question_.better == Better::Lower ? inference::Better::Lower
                                                                          : inference::Better::Higher,
                                        question_.seed));
        for (std::size_t v = 0; v < variants.size(); ++v) {
            variants[v].best = chances[v].best;
            variants[v].expected_loss = chances[v].expected_loss;
        }
        return {};
    }

    Result<std::vector<ExperimentPoint>> course(const std::vector<double>& edges, double confidence) const {
        std::vector<ExperimentPoint> points;
        const double origin = totals_.origins[0];
        const bool known = !totals_.out_of_range[0] && read_.currencies[0] != "mixed";
        for (std::size_t edge = 0; edge < edges.size() && known; ++edge) {
            ExperimentPoint& point = points.emplace_back();
            point.at = question_.zone.at(static_cast<std::int64_t>(std::llround(edges[edge] * 1e6)));
            const auto& all = totals_.course[edge];
            for (const ExperimentValues& values : all) {
                auto& of = point.variants.emplace_back();
                of.calls = values.sample.values.count();
                if (of.calls > 0 && values.sample.units.weight > 0)
                    of.value = values.sample.units.mean() + origin;
                if (point.variants.size() == 1 || !of.value || !point.variants[0].value) continue;
                of.difference = *of.value - *point.variants[0].value;
                STENO_ASSIGN(const auto found, sequence(all[0], values, origin, exactly(0), confidence));
                if (found) of.interval = found->interval;
            }
        }
        return points;
    }

    Result<SampleRatio> ratio() const {
        SampleRatio told;
        told.units = totals_.first;
        told.expected = totals_.expected;
        told.crossed = static_cast<std::uint64_t>(static_cast<double>(totals_.crossed) / totals_.sampled);
        std::vector<std::uint64_t> counts;
        std::vector<double> expected;
        for (std::size_t i = 0; i < told.units.size(); ++i) {
            if (!(told.expected[i] > 0)) continue;
            counts.push_back(told.units[i]);
            expected.push_back(told.expected[i]);
        }
        double all = 0, meant = 0;
        for (std::size_t i = 0; i < counts.size(); ++i) {
            all += static_cast<double>(counts[i]);
            meant += expected[i];
        }
        if (counts.size() < 2 || all == 0) return told;
        // Units that came by a plan of weights that have gone since are of no variant that is expected.
        for (double& one : expected) one *= all / meant;
        STENO_ASSIGN(const auto fit, inference::chi_square_fit(counts, expected));
        told.chi_square = fit.chi_square;
        told.p_value = fit.p_value;
        STENO_ASSIGN(told.always_valid_p_value,
                     inference::fit_sequence(told.units, std::min(0.0, totals_.log_probability)));
        told.mismatch = *told.always_valid_p_value <= kMismatch;
        return told;
    }

  private:
    [[nodiscard]] const ExperimentValues& values(std::size_t variant, std::size_t metric) const {
        return totals_.variants[variant].metrics[metric];
    }
    [[nodiscard]] Exactly exactly(std::size_t metric) const {
        if (plan_.metrics[metric].metric.is_of_numbers()) return Exactly::Never;
        return totals_.alone && !totals_.reweighted ? Exactly::Always : Exactly::WhereNothingVaries;
    }

    [[nodiscard]] std::string why_unknown(std::size_t metric, const ExperimentValues& a,
                                          const ExperimentValues& b) const {
        const std::uint64_t of_a = a.sample.values.count(), of_b = b.sample.values.count();
        if (totals_.out_of_range[metric]) return "some values are too large to count with";
        if (read_.currencies[metric] == "mixed") return "costs are in several currencies";
        if (of_a + of_b == 0) return "no call says it";
        if (of_a == 0 || of_b == 0) return "of one of the two no call says it";
        return a.sample.units.weight > 0 && b.sample.units.weight > 0 ? "" : "too few units were looked at";
    }

    [[nodiscard]] std::string why_not_compared(const ExperimentDifference& told, const ExperimentValues& a,
                                               const ExperimentValues& b) const {
        const std::int64_t of_a = a.sample.units.units, of_b = b.sample.units.units;
        if (std::min(of_a, of_b) < inference::kLeastUnits)
            return fmt::format("{} and {} {}s have calls that say it, and {} of each are needed", of_a, of_b,
                               question_.unit, inference::kLeastUnits);
        const auto amount = [&](double value) {
            return amount_words(value, told.metric.unit, told.currency);
        };
        return *told.difference == 0 ? fmt::format("always {} in both", amount(*told.a))
                                     : fmt::format("always {} against {}", amount(*told.a), amount(*told.b));
    }

    Result<void> tell_more_units(ExperimentDifference& told, std::size_t metric, std::size_t variant,
                                 double margin) const {
        const ExperimentValues &a = values(0, metric), &b = values(variant, metric);
        STENO_ASSIGN(const auto found, sequence(a, b, 0, exactly(metric), told.confidence));
        std::optional<double> times;
        if (found->of_units) {
            times = inference::times_needed(*told.difference, found->error, found->effective, margin,
                                            {.confidence = told.confidence, .planned = kPlannedValues});
        } else {
            const bool of_calls = exactly(metric) == Exactly::Always;
            STENO_ASSIGN(times, inference::times_needed(of_calls ? a.counted : each_as_one(a).value(),
                                                        of_calls ? b.counted : each_as_one(b).value(), margin,
                                                        told.confidence));
        }
        const double units = static_cast<double>(totals_.variants[0].units + totals_.variants[variant].units);
        if (times) told.more_units = planned(static_cast<std::uint64_t>(std::ceil(units * (*times - 1))));
        if (told.more_units == 0) told.more_units.reset();
        return {};
    }

    /// As many independent calls as say the same.
    Result<void> believe_shares(std::vector<inference::Belief>& arms) const {
        for (std::size_t v = 0; v < totals_.variants.size(); ++v) {
            const ExperimentValues& seen = values(v, 0);
            inference::BetaBelief belief;
            if (exactly(0) == Exactly::Always) {
                belief.a += seen.counted.sum;
                belief.b += static_cast<double>(seen.counted.count) - seen.counted.sum;
            } else if (seen.sample.units.weight > 0) {
                const double share = std::clamp(seen.sample.units.mean(), 0.0, 1.0);
                const double variance = seen.sample.units.variance().value_or(0);
                const double count = variance > 0 ? std::min(share * (1 - share) / variance,
                                                             static_cast<double>(seen.sample.values.count()))
                                                  : static_cast<double>(seen.sample.units.units);
                belief.a += count * share;
                belief.b += count * (1 - share);
            }
            arms.emplace_back(belief);
        }
        return {};
    }

    Result<void> believe_numbers(std::vector<inference::Belief>& arms) const {
        std::vector<inference::Moments> units(totals_.variants.size());
        inference::Moments all;
        for (std::size_t v = 0; v < units.size(); ++v) {
            const inference::UnitSums& seen = values(v, 0).sample.units;
            if (!(seen.weight > 0)) continue;
            const double count = static_cast<double>(seen.units);
            STENO_ASSIGN(units[v], inference::Moments::of(static_cast<std::uint64_t>(seen.units), seen.mean(),
                                                          seen.variance().value_or(0) * count));
            all.add(units[v]);
        }
        STENO_ASSIGN(const inference::NormalBelief prior, inference::prior_of(all));
        for (const inference::Moments& seen : units) {
            STENO_ASSIGN(const inference::NormalBelief belief, inference::updated(prior, seen));
            arms.emplace_back(belief);
        }
        return {};
    }

    const ExperimentQuestion& question_;
    const ExperimentColumns& plan_;
    const ExperimentCalls& read_;
    const ExperimentTotals& totals_;
};

}  // namespace

std::string_view to_string(ExperimentFinding finding) {
    static constexpr std::array<std::string_view, 5> kNames = {"better", "worse", "negligible", "open",
                                                               "unknown"};
    return kNames[static_cast<std::size_t>(finding)];
}

Result<ExperimentResult> experiment_result(store::CallQueries& store, const ExperimentQuestion& question,
                                           std::size_t most_units) {
    STENO_TRY(inference::check_confidence(question.confidence));
    const std::size_t others = question.variants.size() - 1;
    bool whole = question.variants.size() >= 2 && !question.weights.empty();
    for (const auto& weights : question.weights)
        whole = whole && weights.probabilities.size() == question.variants.size();
    if (!whole)
        return fail(Code::InvalidArgument, "an experiment has two variants or more, each with its weight");
    ExperimentColumns plan;
    STENO_TRY(plan.add(question.metric));
    std::vector<std::size_t> of_guards;
    for (const ExperimentGuard& guard : question.guards) {
        STENO_ASSIGN(const std::size_t metric, plan.add(guard.metric));
        of_guards.push_back(metric);
    }
    const std::size_t decisive = plan.metrics.size();
    for (const std::string& name : question.also) STENO_TRY(plan.add(name));
    plan.metrics[0].metric.told.better = question.better;
    const std::vector<double> edges = edges_of(question);
    STENO_ASSIGN(const ExperimentCalls read, read_experiment(store, question, plan, edges, most_units));
    const ExperimentTotals& totals = read.totals;
    const Telling telling(question, plan, read);

    ExperimentResult result;
    result.calls_left_out = read.left_out.calls;
    result.left_out = read.left_out.reasons;
    result.sampled = totals.sampled;
    result.reweighted = totals.reweighted;
    for (const ExperimentColumn& asked : plan.metrics) result.metrics.push_back(asked.metric.told);
    // Each variant against the control, and each with each guard, is a chance to be wrong of its own.
    const double wrong = 1 - question.confidence;
    const double confidence = 1 - wrong / static_cast<double>(others);
    const double of_guard =
        1 - wrong / static_cast<double>(others * std::max<std::size_t>(1, question.guards.size()));
    for (std::size_t v = 0; v < question.variants.size(); ++v) {
        ExperimentVariantResult& told = result.variants.emplace_back();
        told.name = question.variants[v];
        told.calls = totals.variants[v].calls;
        told.units = totals.variants[v].units;
        for (std::size_t m = 0; m < plan.metrics.size(); ++m)
            told.values.push_back({plan.metrics[m].metric.told.name,
                                   totals.variants[v].metrics[m].sample.values.count(),
                                   read.currencies[m] == "mixed" ? std::nullopt : totals.value(v, m)});
        if (v == 0) continue;
        STENO_ASSIGN(told.primary, telling.difference(0, v, confidence));
        STENO_TRY(telling.conclude(*told.primary, 0, v, question.better, question.margin));
        for (std::size_t i = 0; i < question.guards.size(); ++i) {
            STENO_ASSIGN(ExperimentGuarded guarded,
                         telling.guarded(question.guards[i], of_guards[i], v, of_guard));
            told.guards.push_back(std::move(guarded));
        }
        for (std::size_t m = decisive; m < plan.metrics.size(); ++m) {
            STENO_ASSIGN(ExperimentDifference also, telling.difference(m, v, question.confidence));
            STENO_TRY(telling.conclude(also, m, v, also.metric.better, 0));
            told.also.push_back(std::move(also));
        }
    }
    STENO_TRY(telling.tell_chances(result.variants));
    STENO_ASSIGN(result.course, telling.course(edges, confidence));
    STENO_ASSIGN(result.ratio, telling.ratio());
    result.winner = winner_of(result, question.stopped);
    result.sentence = summary_of(result, question.stopped);
    result.warnings = warnings_of(result, question);
    return result;
}

}  // namespace steno::analysis
