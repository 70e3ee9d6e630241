#include "analysis/experiment_result.hpp"

#include "analysis/comparison_words.hpp"
#include "analysis/experiment_left_out.hpp"
#include "analysis/experiment_metric.hpp"
#include "analysis/experiment_sums.hpp"
#include "analysis/experiment_words.hpp"
#include "analysis/figures.hpp"
#include "analysis/json_rows.hpp"
#include "base/json_or_null.hpp"
#include "inference/beliefs.hpp"
#include "inference/fit.hpp"
#include "store/number_scan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

namespace steno::analysis {

namespace {

using inference::Interval;

constexpr double kMuchCrossed = 0.01;  ///< of all units, that a warning says it

store::Field field_of(std::string_view path) {
    return store::make_field(path).value();
}

/// A metric of the experiment, and where its values stand in what is read.
struct Asked {
    PromptMetric metric;
    std::size_t column = 0;
};

/// All that is read of each call.
struct Plan {
    std::vector<Asked> metrics;  ///< the primary one first
    std::vector<store::Field> numbers = {field_of("started_at"), field_of("prompt.experiment.probability"),
                                         field_of("prompt.all_variables_present")};
    std::vector<store::Field> texts = {field_of("prompt.experiment.unit"), field_of("status"),
                                       field_of("feedback.verdict"), field_of("cost.currency")};
    enum Number : std::size_t { At, Probability, Complete };
    enum Text : std::size_t { Unit, Status, Verdict, Currency };

    Result<std::size_t> add(const std::string& name) {
        for (std::size_t i = 0; i < metrics.size(); ++i)
            if (metrics[i].metric.told.name == name) return i;
        STENO_ASSIGN(PromptMetric metric, experiment_metric(name));
        Asked& asked = metrics.emplace_back(std::move(metric), 0);
        if (asked.metric.is_of_numbers()) {
            const auto found = std::ranges::find(numbers, asked.metric.field);
            asked.column = static_cast<std::size_t>(found - numbers.begin());
            if (found == numbers.end()) numbers.push_back(asked.metric.field);
        }
        return metrics.size() - 1;
    }
};

/// Of the value of a metric: what a call says; NaN: nothing.
double value_of(const Asked& asked, const store::NumberBatch& batch, std::size_t row) {
    switch (asked.metric.kind) {
        case MetricKind::Succeeded:
            return batch.texts[Plan::Status][row] == "success" ? 1 : 0;
        case MetricKind::Accepted: {
            const std::string_view verdict = batch.texts[Plan::Verdict][row];
            if (verdict.empty() || verdict == "none") return std::numeric_limits<double>::quiet_NaN();
            return verdict == "accepted" ? 1 : 0;
        }
        case MetricKind::Complete:
            return batch.numbers[Plan::Complete][row];
        default:
            return batch.numbers[asked.column][row];
    }
}

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

/// What stands in the store of an experiment's calls.
struct Read {
    ExperimentTotals totals;
    std::vector<std::string> currencies;  ///< of each metric of money; "mixed"
    std::uint64_t left_out = 0;
    std::vector<ExperimentResult::LeftOut> reasons;
};

Result<Read> read(store::CallQueries& store, const ExperimentQuestion& question, const Plan& plan,
                  const std::vector<double>& edges, std::size_t most_units) {
    store::Selection selection;
    selection.from = question.from;
    selection.to = question.to;
    selection.filters.push_back(store::ai_calls());
    selection.filters.push_back({field_of("prompt.experiment.id"), store::Op::Eq, {question.id}});

    std::vector<bool> shares;
    for (const Asked& asked : plan.metrics) shares.push_back(!asked.metric.is_of_numbers());
    ExperimentSums sums(question.weights, question.variants.size(), std::move(shares), edges, most_units);
    Read told;
    told.currencies.resize(plan.metrics.size());
    std::uint64_t counted = 0;
    std::vector<double> values(plan.metrics.size());
    STENO_ASSIGN(store::NumberScanner* const scanner, store::number_scanner_of(store));
    STENO_TRY(scanner->scan_numbers(
        {selection, field_of("prompt.experiment.variant"), question.variants, plan.numbers, plan.texts},
        [&](const store::NumberBatch& batch) {
            for (std::size_t row = 0; row < batch.group.size(); ++row) {
                const std::string_view unit = batch.texts[Plan::Unit][row];
                if (unit.empty() || std::isnan(batch.numbers[Plan::At][row])) continue;
                ++counted;
                for (std::size_t i = 0; i < plan.metrics.size(); ++i) {
                    values[i] = value_of(plan.metrics[i], batch, row);
                    if (plan.metrics[i].metric.told.unit != Unit::Money || std::isnan(values[i])) continue;
                    const std::string_view currency = batch.texts[Plan::Currency][row];
                    if (told.currencies[i].empty())
                        told.currencies[i] = currency;
                    else if (told.currencies[i] != currency)
                        told.currencies[i] = "mixed";
                }
                const double probability = batch.numbers[Plan::Probability][row];
                sums.add({batch.group[row], unit, batch.numbers[Plan::At][row],
                          std::isnan(probability) ? 0 : probability, values});
            }
        }));
    STENO_ASSIGN(const std::uint64_t all, store.count(selection));
    told.left_out = all > counted ? all - counted : 0;  // some may have come in between
    STENO_ASSIGN(told.reasons, reasons_of(store, selection, told.left_out));
    told.totals = sums.totals();
    return told;
}

/// Of shares, the part of the error that the exact method has: half where each unit is one call, and both
/// are told; else a tenth, for it speaks only while nothing varies.
enum class Exactly : std::uint8_t { Never, WhereNothingVaries, Always };

double part_of_exact(Exactly exactly) {
    return exactly == Exactly::Never ? 0 : exactly == Exactly::Always ? 0.5 : 0.1;
}

/// What two samples say of each other at every look.
struct Sequence {
    Interval interval;
    double p_value = 1, error = 0, effective = 0;
    bool of_units = false;
};

/// Each unit as one value, its mean: of a share of which no unit differs from the others, this is also the
/// mean over their calls, however many each has and whatever they weigh. Absent: units differ, or there are
/// fewer than two.
std::optional<inference::BoundedSum> each_as_one(const ExperimentValues& values) {
    const inference::UnitSums& units = values.sample.units;
    if (units.variance() != 0.0) return std::nullopt;
    const double count = static_cast<double>(units.units);
    return inference::BoundedSum{std::clamp(units.mean(), 0.0, 1.0) * count,
                                 static_cast<std::uint64_t>(units.units)};
}

/// Where nothing varies the linearised error is 0 and says nothing; b - `times` × a by the exact method.
Result<std::optional<Sequence>> sequence_of_units(const ExperimentValues& a, const ExperimentValues& b,
                                                  double confidence, double times) {
    auto of_a = each_as_one(a), of_b = each_as_one(b);
    if (!of_a || !of_b || !(times > 0)) return std::nullopt;
    // A part of values from 0 to 1 is from 0 to 1: the side that would leave it is left, the other scaled.
    const double scale = std::max(1.0, times);
    of_a->sum *= times / scale;
    of_b->sum /= scale;
    STENO_ASSIGN(const auto found, inference::compare_bounded_sequence(*of_a, *of_b, confidence));
    if (!found) return std::nullopt;
    return Sequence{{found->interval.low * scale, found->interval.high * scale},
                    found->p_value,
                    0,
                    static_cast<double>(of_a->count + of_b->count),
                    false};
}

/// Of b - `times` × a; see the header for which method says it.
Result<std::optional<Sequence>> sequence(const ExperimentValues& a, const ExperimentValues& b, double origin,
                                         Exactly exactly, double confidence, double times = 1) {
    if (exactly == Exactly::Always && times != 1) exactly = Exactly::WhereNothingVaries;
    const double part = part_of_exact(exactly);
    const inference::SequentialOptions options{.confidence = 1 - (1 - confidence) * (1 - part),
                                               .planned = kPlannedValues};
    STENO_ASSIGN(const auto units, inference::compare_units_sequence(a.sample, b.sample, options, times));
    std::optional<Sequence> told;
    if (units) {
        const double shift = origin * (1 - times);
        const auto& found = units->found;
        told = {{found.interval.low + shift, found.interval.high + shift},
                std::min(1.0, found.p_value / (1 - part)),
                units->error,
                units->effective,
                true};
    }
    const double of_exact = 1 - (1 - confidence) * part;
    if (exactly == Exactly::WhereNothingVaries && !told) {
        STENO_ASSIGN(told, sequence_of_units(a, b, of_exact, times));
        if (told) told->p_value = std::min(1.0, told->p_value / part);
    }
    if (exactly != Exactly::Always) return told;
    STENO_ASSIGN(const auto exact, inference::compare_bounded_sequence(a.counted, b.counted, of_exact));
    if (!exact) return told;
    const double calls = static_cast<double>(a.counted.count + b.counted.count);
    const double p_value = std::min(1.0, exact->p_value / part);
    if (!told) return Sequence{exact->interval, p_value, 0, calls, false};
    const Interval both{std::max(told->interval.low, exact->interval.low),
                        std::min(told->interval.high, exact->interval.high)};
    told->interval = both.low <= both.high ? both : exact->interval;
    told->p_value = std::min(told->p_value, p_value);
    return told;
}

/// From what is read to what is told.
class Telling {
  public:
    Telling(const ExperimentQuestion& question, const Plan& plan, const Read& read)
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
    const Plan& plan_;
    const Read& read_;
    const ExperimentTotals& totals_;
};

/// The variant to use from now on.
std::optional<std::string> winner_of(const ExperimentResult& result, const std::vector<bool>& stopped) {
    const ExperimentVariantResult* best = nullptr;
    for (std::size_t i = 1; i < result.variants.size(); ++i) {
        const ExperimentVariantResult& variant = result.variants[i];
        if (i < stopped.size() && stopped[i]) continue;
        switch (variant.primary->finding) {
            case ExperimentFinding::Open:
            case ExperimentFinding::Unknown:
                return std::nullopt;
            case ExperimentFinding::Better:
                if (best == nullptr ||
                    std::abs(*variant.primary->difference) > std::abs(*best->primary->difference))
                    best = &variant;
                break;
            default:
                break;
        }
    }
    return best == nullptr ? result.variants.front().name : best->name;
}

std::string summary_of(const ExperimentResult& result, const std::vector<bool>& stopped) {
    const std::string& control = result.variants.front().name;
    if (result.winner) {
        if (*result.winner != control) {
            const auto found =
                std::ranges::find(result.variants, *result.winner, &ExperimentVariantResult::name);
            return found->primary->sentence;
        }
        return result.variants.size() == 2 ? result.variants[1].primary->sentence
                                           : fmt::format("No variant is better than {}.", control);
    }
    if (result.variants.size() == 2) return result.variants[1].primary->sentence;
    std::vector<std::string> open;
    for (std::size_t i = 1; i < result.variants.size(); ++i) {
        const auto& variant = result.variants[i];
        const bool out = i < stopped.size() && stopped[i];
        if (!out && (variant.primary->finding == ExperimentFinding::Open ||
                     variant.primary->finding == ExperimentFinding::Unknown))
            open.push_back(variant.name);
    }
    return fmt::format("It is open which is best: of {} against {} it cannot be told yet.",
                       fmt::join(open, ", "), control);
}

std::vector<std::string> warnings_of(const ExperimentResult& result, const ExperimentQuestion& question) {
    std::vector<std::string> warnings;
    // By the variant of their first call: each once, whatever variants it has seen.
    double held = 0;
    for (const std::uint64_t first : result.ratio.units) held += static_cast<double>(first);
    const auto units = static_cast<std::uint64_t>(held / result.sampled);
    if (result.ratio.mismatch)
        warnings.push_back(fmt::format(
            "{}s are not divided as the weights say (p = {:.2g}, at every look): calls of a variant are lost "
            "or not told, and no difference can be believed until it is known why",
            question.unit, *result.ratio.always_valid_p_value));
    if (static_cast<double>(result.ratio.crossed) > kMuchCrossed * static_cast<double>(units))
        warnings.push_back(fmt::format("{} of {} {}s have calls of several variants{}",
                                       count_words(result.ratio.crossed), count_words(units), question.unit,
                                       result.reweighted ? ": weights changed" : ""));
    if (result.reweighted)
        warnings.push_back(
            "weights changed meanwhile: calls are weighted by the probability of their variant, and what "
            "each variant comes to differs from that");
    if (result.sampled < 1)
        warnings.push_back(fmt::format("how sure things are is told from 1 of {:.0f} {}s, drawn by chance",
                                       1 / result.sampled, question.unit));
    if (result.winner && question.from && question.to &&
        question.to->unix_nanos - question.from->unix_nanos < 7 * calendar::kDay)
        warnings.push_back("this is of less than a week: other days may be different");
    return warnings;
}

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
    Plan plan;
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
    STENO_ASSIGN(const Read read, analysis::read(store, question, plan, edges, most_units));
    const ExperimentTotals& totals = read.totals;
    const Telling telling(question, plan, read);

    ExperimentResult result;
    result.calls_left_out = read.left_out;
    result.left_out = read.reasons;
    result.sampled = totals.sampled;
    result.reweighted = totals.reweighted;
    for (const Asked& asked : plan.metrics) result.metrics.push_back(asked.metric.told);
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

std::optional<std::vector<double>> bandit_weights(const ExperimentResult& result,
                                                  const std::vector<bool>& stopped) {
    const auto stops = [&](std::size_t i) { return i < stopped.size() && stopped[i]; };
    double all = 0;
    std::size_t in_use = 0;
    for (std::size_t i = 0; i < result.variants.size(); ++i) {
        if (!result.variants[i].best) return std::nullopt;
        if (stops(i)) continue;
        ++in_use;
        all += *result.variants[i].best;
    }
    const double least = std::min(kLeastWeight, 0.5 / static_cast<double>(std::max<std::size_t>(1, in_use)));
    std::vector<double> weights(result.variants.size());
    for (std::size_t i = 0; i < weights.size(); ++i) {
        if (stops(i)) continue;
        const double chance = all > 0 ? *result.variants[i].best / all : 1 / static_cast<double>(in_use);
        // Of what is left beside the least of each. To a thousandth: more is not known.
        const double weight = least + (1 - least * static_cast<double>(in_use)) * chance;
        weights[i] = std::round(weight * 1000) / 1000;
    }
    return weights;
}

namespace {

void write_interval(JsonWriter& json, const std::optional<Interval>& interval) {
    json.key("interval");
    if (!interval) return json.null();
    json.begin_array();
    json.number(interval->low);
    json.number(interval->high);
    json.end_array();
}

void write_members(JsonWriter& json, const ExperimentDifference& told) {
    json.member("metric", told.metric.name);
    json.member("unit", to_string(told.metric.unit));
    json.member("better", to_string(told.metric.better));
    if (told.metric.unit == Unit::Money) write_name(json, "currency", told.currency);
    json.member("values_a", told.values_a);
    json.member("values_b", told.values_b);
    number_or_null(json, "a", told.a);
    number_or_null(json, "b", told.b);
    number_or_null(json, "difference", told.difference);
    number_or_null(json, "relative", told.relative);
    write_interval(json, told.interval);
    json.member("confidence", told.confidence);
    number_or_null(json, "p_value", told.p_value);
    number_or_null(json, "effective_calls", told.effective);
    json.member("finding", to_string(told.finding));
    if (!told.why.empty()) json.member("why", told.why);
}

void write_difference(JsonWriter& json, const ExperimentDifference& told) {
    write_members(json, told);
    number_or_null(json, "more_units", told.more_units);
    json.member("sentence", told.sentence);
}

void write_guard(JsonWriter& json, const ExperimentGuarded& told) {
    json.member("worse_by", told.guard.worse_by);
    json.member("relative_limit", told.guard.relative);
    json.member("breached", told.breached);
    write_members(json, told.difference);
    json.member("sentence", told.sentence);
}

void write_ratio(JsonWriter& json, const SampleRatio& ratio) {
    json.key("sample_ratio");
    json.begin_object();
    json.key("units");
    json.begin_array();
    for (const std::uint64_t units : ratio.units) json.number(units);
    json.end_array();
    json.key("expected");
    json.begin_array();
    for (const double expected : ratio.expected) json.number(expected);
    json.end_array();
    number_or_null(json, "chi_square", ratio.chi_square);
    number_or_null(json, "p_value", ratio.p_value);
    number_or_null(json, "always_valid_p_value", ratio.always_valid_p_value);
    json.member("mismatch", ratio.mismatch);
    json.member("crossed_units", ratio.crossed);
    json.end_object();
}

}  // namespace

void write_members(JsonWriter& json, const ExperimentResult& result) {
    text_or_null(json, "winner", result.winner.value_or(""));
    json.member("sentence", result.sentence);
    json.key("warnings");
    json.begin_array();
    for (const std::string& warning : result.warnings) json.string(warning);
    json.end_array();
    write_rows(json, "metrics", result.metrics, [&](const ComparedMetric& metric) {
        json.member("metric", metric.name);
        json.member("unit", to_string(metric.unit));
        json.member("better", to_string(metric.better));
    });
    write_rows(json, "variants", result.variants, [&](const ExperimentVariantResult& variant) {
        json.member("name", variant.name);
        json.member("units", variant.units);
        json.member("calls", variant.calls);
        write_rows(json, "values", variant.values, [&](const ExperimentVariantResult::Value& value) {
            json.member("metric", value.metric);
            json.member("calls", value.calls);
            number_or_null(json, "value", value.value);
        });
        number_or_null(json, "best", variant.best);
        number_or_null(json, "expected_loss", variant.expected_loss);
        json.key("primary");
        if (variant.primary) {
            json.begin_object();
            write_difference(json, *variant.primary);
            json.end_object();
        } else {
            json.null();
        }
        write_rows(json, "guards", variant.guards,
                   [&](const ExperimentGuarded& told) { write_guard(json, told); });
        write_rows(json, "also", variant.also,
                   [&](const ExperimentDifference& told) { write_difference(json, told); });
    });
    write_ratio(json, result.ratio);
    write_rows(json, "course", result.course, [&](const ExperimentPoint& point) {
        json.member("at", point.at.to_string());
        write_rows(json, "variants", point.variants, [&](const ExperimentPoint::Of& of) {
            json.member("calls", of.calls);
            number_or_null(json, "value", of.value);
            number_or_null(json, "difference", of.difference);
            write_interval(json, of.interval);
        });
    });
    json.member("calls_left_out", result.calls_left_out);
    write_rows(json, "left_out", result.left_out, [&](const ExperimentResult::LeftOut& some) {
        text_or_null(json, "reason", some.reason);
        json.member("calls", some.calls);
    });
    json.member("sampled", result.sampled);
    json.member("reweighted", result.reweighted);
}

}  // namespace steno::analysis
