#include "analysis/metric_comparison.hpp"

#include "analysis/comparison_words.hpp"
#include "inference/means.hpp"
#include "inference/quantiles.hpp"
#include "inference/ranks.hpp"
#include "inference/sample_size.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace steno::analysis {

namespace {

using inference::Moments;
using inference::Sample;
using inference::Share;

void unknown(MetricComparison& told, std::string why) {
    told.finding = Finding::Unknown;
    told.why = std::move(why);
}

Result<void> compare(MetricComparison& told, const Share& a, const Share& b, double confidence) {
    told.values_a = static_cast<std::int64_t>(a.of);
    told.values_b = static_cast<std::int64_t>(b.of);
    told.compared = a.of + b.of;
    if (a.of == 0 || b.of == 0) {
        unknown(told, a.of + b.of == 0 ? "no call says it" : "of one version no call says it");
        return {};
    }
    STENO_ASSIGN(const auto found, inference::compare_shares(a, b, confidence));
    told.a = found.a;
    told.b = found.b;
    told.difference = found.difference;
    told.interval = found.interval;
    told.test = inference::to_string(found.test);
    told.p_value = found.p_value;
    told.effect = "cohens_h";
    told.effect_size = found.cohens_h;
    return {};
}

/// A score that says yes or no.
std::optional<Share> as_share(std::span<const double> values) {
    Share share{0, values.size()};
    for (const double value : values) {
        if (value != 0 && value != 1) return std::nullopt;
        share.successes += value == 1;
    }
    return share;
}

Result<void> compare_mean(MetricComparison& told, const std::vector<double>& a, const std::vector<double>& b,
                          double confidence) {
    STENO_ASSIGN(const Moments of_a, Moments::of(a));
    STENO_ASSIGN(const Moments of_b, Moments::of(b));
    STENO_ASSIGN(const auto means, inference::compare_means(of_a, of_b, confidence));
    told.a = means.a;
    told.b = means.b;
    told.difference = means.difference;
    told.effect = "hedges_g";
    told.effect_size = means.hedges_g;
    told.test = "welch";
    if (!means.welch) {
        const auto always = [&](double value) {
            return "always " + amount_words(value, told.metric.unit, told.currency);
        };
        told.constant = true;
        unknown(told, means.difference == 0 ? always(means.a) + " in both"
                                            : always(means.a) + " against " + always(means.b));
        return {};
    }
    told.interval = means.welch->interval;
    told.p_value = means.welch->p_value;
    return {};
}

Result<void> compare_quantile(MetricComparison& told, const ComparedColumn& asked, ComparedSide& a,
                              ComparedSide& b, double confidence) {
    const auto sample_of = [&](ComparedSide& side) -> Result<const Sample*> {
        auto& sorted = side.sorted[asked.column];
        if (!sorted) {
            STENO_ASSIGN(sorted, Sample::of(std::move(side.columns[asked.column])));
        }
        return &*sorted;
    };
    STENO_ASSIGN(const Sample* const of_a, sample_of(a));
    STENO_ASSIGN(const Sample* const of_b, sample_of(b));
    told.compared = of_a->count() + of_b->count();
    STENO_ASSIGN(const auto found,
                 inference::compare_quantiles(*of_a, *of_b, asked.metric.quantile, confidence));
    told.a = found.a;
    told.b = found.b;
    told.difference = found.difference;
    told.test = "order_statistics";
    told.interval = found.interval;
    told.p_value = found.p_value;
    if (!found.interval) {
        unknown(told, fmt::format("{} and {} values are too few for a {:g}th percentile", of_a->count(),
                                  of_b->count(), asked.metric.quantile * 100));
        return {};
    }
    if (asked.metric.quantile == 0.5) {
        STENO_ASSIGN(const auto ranks, inference::compare_ranks(*of_a, *of_b, confidence));
        told.effect = "rank_biserial";
        told.effect_size = ranks.rank_biserial;
    }
    return {};
}

/// Means and percentiles of the values that are held.
Result<void> compare_numbers(MetricComparison& told, const ComparedColumn& asked, ComparedSide& a,
                             ComparedSide& b, double confidence) {
    const std::uint64_t seen_a = a.seen[asked.column], seen_b = b.seen[asked.column];
    told.values_a = static_cast<std::int64_t>(seen_a);
    told.values_b = static_cast<std::int64_t>(seen_b);
    if (told.metric.unit == Unit::Money) {
        const std::string &in_a = a.counts.quality.figures.cost.currency,
                          &in_b = b.counts.quality.figures.cost.currency;
        if (!in_a.empty() && !in_b.empty() && (in_a != in_b || in_a == "mixed")) {
            unknown(told, "costs are in several currencies; of one: filter by cost.currency");
            return {};
        }
        told.currency = in_a.empty() ? in_b : in_a;
    }
    if (seen_a + seen_b == 0) {
        unknown(told, "no call says it");
        return {};
    }
    if (asked.metric.kind == MetricKind::Quantile && std::min(seen_a, seen_b) >= kFewestValues)
        return compare_quantile(told, asked, a, b, confidence);
    const std::vector<double>&of_a = a.columns[asked.column], &of_b = b.columns[asked.column];
    told.compared = of_a.size() + of_b.size();
    if (!score_of(told.metric.name).empty() && of_a.size() == seen_a && of_b.size() == seen_b) {
        const auto yes_a = as_share(of_a), yes_b = as_share(of_b);
        if (yes_a && yes_b) {
            told.metric.unit = Unit::Share;
            return compare(told, *yes_a, *yes_b, confidence);
        }
    }
    if (std::min(seen_a, seen_b) < kFewestValues) {
        unknown(told, fmt::format("{} and {} calls say it, and {} of each are needed", seen_a, seen_b,
                                  kFewestValues));
        return {};
    }
    return compare_mean(told, of_a, of_b, confidence);
}

}  // namespace

inference::Share share_of(MetricKind kind, const Counts& counts) {
    const Quality& quality = counts.quality;
    const auto count = [](std::int64_t number) { return static_cast<std::uint64_t>(number); };
    const auto in = [&](const auto& names, const char* name) {
        const auto found = names.find(name);
        return found == names.end() ? 0 : count(found->second);
    };
    switch (kind) {
        case MetricKind::Succeeded:
            return {in(quality.statuses, "success"), count(quality.figures.calls)};
        case MetricKind::Accepted: {
            std::uint64_t judged = 0;
            for (const auto& [verdict, calls] : quality.verdicts) judged += count(calls);
            return {in(quality.verdicts, "accepted"), judged};
        }
        default:
            return {count(quality.complete), count(quality.complete + quality.incomplete)};
    }
}

Result<MetricComparison> compare_metric(const ComparedColumn& asked, ComparedSide& a, ComparedSide& b,
                                        double confidence) {
    MetricComparison told;
    told.metric = asked.metric.told;
    const auto done = asked.metric.is_of_numbers()
                          ? compare_numbers(told, asked, a, b, confidence)
                          : compare(told, share_of(asked.metric.kind, a.counts),
                                    share_of(asked.metric.kind, b.counts), confidence);
    if (!done) {  // of values that cannot be compared: a score of 1e300
        if (done.error().code != Code::InvalidArgument) return std::unexpected(done.error());
        told = {};
        told.metric = asked.metric.told;
        unknown(told, done.error().message);
    }
    return told;
}

Result<void> conclude(MetricComparison& told, std::int64_t calls, std::size_t family,
                      const PromptComparisonQuestion& question) {
    if (!told.interval || !told.p_value) return {};
    if (told.a && *told.a != 0) told.relative = *told.difference / std::abs(*told.a);
    const bool higher = *told.difference > 0;
    // A test and its interval are made in different ways: what one of the two leaves open is open.
    const bool apart = !told.interval->contains(0);
    if (apart && *told.adjusted_p_value <= 1 - question.confidence) {
        const bool better = (told.metric.better == Better::Higher) == higher;
        told.finding = told.metric.better != Better::Neither ? (better ? Finding::Better : Finding::Worse)
                       : higher                              ? Finding::Higher
                                                             : Finding::Lower;
    } else {
        told.finding = apart ? Finding::Leaning : Finding::Open;
    }
    // The strictest step of Holm's, so that what is planned for is enough whatever the others show.
    inference::Plan plan;
    plan.confidence = std::min(0.999999, 1 - (1 - question.confidence) / static_cast<double>(family));
    const auto values = static_cast<std::uint64_t>(told.values_a + told.values_b);
    const auto more = [&](double difference) -> Result<std::optional<std::uint64_t>> {
        STENO_ASSIGN(const auto count, inference::more_needed(told.compared, difference, *told.interval, plan,
                                                              question.confidence));
        return count ? std::optional(planned(*count)) : std::nullopt;
    };
    if (told.finding == Finding::Open || told.finding == Finding::Leaning) {
        STENO_ASSIGN(told.more_values, more(*told.difference));
        if (told.more_values == 0) told.more_values.reset();
        if (told.more_values && values > 0) {
            const double all = static_cast<double>(*told.more_values) * static_cast<double>(calls) /
                               static_cast<double>(values);
            if (all < 1e15) told.more_calls = planned(static_cast<std::uint64_t>(std::ceil(all)));
        }
    }
    if (question.effect && told.a && *told.a != 0) {
        told.wished = *question.effect * std::abs(*told.a);
        if (!told.wished_is_no_share()) {
            STENO_ASSIGN(told.more_for_wished, more(*told.wished));
        }
    }
    return {};
}

}  // namespace steno::analysis
