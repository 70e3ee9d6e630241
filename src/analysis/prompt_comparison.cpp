#include "analysis/prompt_comparison.hpp"

#include "analysis/cells.hpp"
#include "analysis/comparison_words.hpp"
#include "analysis/json_rows.hpp"
#include "analysis/prompt_performance.hpp"
#include "base/json_or_null.hpp"
#include "inference/correction.hpp"
#include "inference/draws.hpp"
#include "inference/means.hpp"
#include "inference/quantiles.hpp"
#include "inference/ranks.hpp"
#include "inference/sample_size.hpp"
#include "inference/shares.hpp"
#include "store/number_scan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace steno::analysis {

namespace {

using inference::Interval;
using inference::Moments;
using inference::Sample;
using inference::Share;

constexpr std::size_t kToldScores = 4;

/// A metric, and where its numbers stand.
struct Asked {
    PromptMetric metric;
    std::size_t column = 0;  ///< of what is of numbers
};
/// All metrics of a comparison, and the numbers of calls that they are made of.
struct Plan {
    std::vector<Asked> metrics;
    std::vector<store::Field> columns;

    explicit Plan(std::vector<PromptMetric> all) {
        for (PromptMetric& metric : all) {
            Asked& asked = metrics.emplace_back(std::move(metric), 0);
            if (!asked.metric.is_of_numbers()) continue;
            const auto found = std::ranges::find(columns, asked.metric.field);
            asked.column = static_cast<std::size_t>(found - columns.begin());
            if (found == columns.end()) columns.push_back(asked.metric.field);
        }
    }
};

/// What of one version's calls is compared.
struct Side {
    Counts counts;
    std::vector<std::vector<double>> columns;  ///< as in the plan
    std::vector<std::uint64_t> seen;           ///< values of each column, also those that are not held
    std::vector<std::optional<Sample>> sorted;
};

Result<std::vector<VersionUse>> uses_of(store::CallQueries& store, const PromptComparisonQuestion& question,
                                        const store::Selection& executions,
                                        const std::vector<std::string>& versions) {
    store::AggregateQuery query;
    query.selection = executions;
    query.selection.filters.push_back(
        {store::make_field("prompt.version").value(), store::Op::In, {versions.begin(), versions.end()}});
    for (const char* field : {"prompt.version", "model.requested", "environment"})
        query.group_by.push_back(store::make_field(field).value());
    query.bucket = store::Bucket{store::Bucket::Unit::Day, question.zone};
    for (const char* name : {"calls", "min(started_at)", "max(started_at)"})
        query.measures.push_back(store::make_measure(name).value());
    query.limit = store::kMaxGroups;
    STENO_ASSIGN(const store::AggregateTable table, store.aggregate(query));
    if (table.truncated)
        return fail(Code::ResourceExhausted, "these calls fall into too many days and models",
                    "a shorter period, or a filter: model.requested=…");
    std::vector<VersionUse> uses;
    for (const std::string& version : versions) uses.emplace_back().version = version;
    for (const auto& row : table.groups) {
        VersionUse& use = *std::ranges::find(uses, text_of(row.key[0]), &VersionUse::version);
        const std::int64_t calls = count_in(row.cells[0]);
        const auto first = moment_in(row.cells[1]), last = moment_in(row.cells[2]);
        use.calls += calls;
        use.models[text_of(row.key[1])] += calls;
        use.environments[text_of(row.key[2])] += calls;
        if (row.bucket) use.days[row.bucket->unix_nanos] += calls;
        if (first && (!use.first || *first < *use.first)) use.first = first;
        if (last && (!use.last || *last > *use.last)) use.last = last;
    }
    return uses;
}

/// The numbers of single calls, at most `most` of a version and column: what comes beyond takes the place of
/// one by chance (reservoir sampling: Vitter 1985, algorithm R).
class Reading {
  public:
    Reading(std::vector<Side>& sides, std::size_t columns, std::uint64_t most) : sides_(sides), most_(most) {
        for (Side& side : sides_) {
            side.columns.resize(columns);
            side.seen.resize(columns);
            side.sorted.resize(columns);
        }
    }

    /// Scores are kept apart from all else, and few calls have one: only these are read for them.
    Result<void> read(store::CallQueries& store, const store::Selection& executions,
                      const std::vector<std::string>& versions, const std::vector<store::Field>& columns) {
        std::vector<std::size_t> scores, others;
        for (std::size_t i = 0; i < columns.size(); ++i)
            (columns[i].index == store::Field::kScores ? scores : others).push_back(i);
        STENO_TRY(read(store, executions, versions, columns, others));
        store::Selection scored = executions;
        STENO_ASSIGN(store::Filter exists, store::make_filter("scores", store::Op::Exists, "true"));
        scored.filters.push_back(std::move(exists));
        return read(store, scored, versions, columns, scores);
    }

  private:
    Result<void> read(store::CallQueries& store, const store::Selection& selection,
                      const std::vector<std::string>& versions, const std::vector<store::Field>& columns,
                      const std::vector<std::size_t>& which) {
        if (which.empty()) return {};
        store::NumberQuery query{selection, store::make_field("prompt.version").value(), versions, {}};
        for (const std::size_t column : which) query.numbers.push_back(columns[column]);
        STENO_ASSIGN(store::NumberScanner* const scanner, store::number_scanner_of(store));
        return scanner->scan_numbers(query, [&](const store::NumberBatch& batch) {
            for (std::size_t i = 0; i < which.size(); ++i)
                for (std::size_t row = 0; row < batch.group.size(); ++row)
                    keep(sides_[batch.group[row]], which[i], batch.numbers[i][row]);
        });
    }

    void keep(Side& side, std::size_t column, double value) {
        if (std::isnan(value)) return;
        std::vector<double>& held = side.columns[column];
        const std::uint64_t seen = ++side.seen[column];
        if (held.size() < most_) {
            held.push_back(value);
        } else if (const std::uint64_t at = draws_.below(seen); at < most_) {
            held[at] = value;
        }
    }

    std::vector<Side>& sides_;
    std::uint64_t most_;
    inference::Draws draws_{1};
};

Share share_of(MetricKind kind, const Counts& counts) {
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

Result<void> compare_quantile(MetricComparison& told, const Asked& asked, Side& a, Side& b,
                              double confidence) {
    const auto sample_of = [&](Side& side) -> Result<const Sample*> {
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
Result<void> compare_numbers(MetricComparison& told, const Asked& asked, Side& a, Side& b,
                             double confidence) {
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

Result<MetricComparison> compare(const Asked& asked, Side& a, Side& b, double confidence) {
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

/// What all p-values of the answer together allow to say of one of them.
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

/// What fails at once is no faster answer. "" where as many of both succeed as chance would have it, whatever
/// else is compared.
Result<std::string> warning_of_failures(const VersionComparison& pair, const Counts& a, const Counts& b,
                                        double confidence) {
    const Share of_a = share_of(MetricKind::Succeeded, a), of_b = share_of(MetricKind::Succeeded, b);
    if (of_a.of == 0 || of_b.of == 0) return std::string();
    STENO_ASSIGN(const auto found, inference::compare_shares(of_a, of_b, confidence));
    if (found.interval.contains(0) || found.p_value > 1 - confidence) return std::string();
    return fmt::format(
        "they did not succeed equally often ({}: {:.1f} %; {}: {:.1f} %), and times, costs and "
        "lengths are of all calls, also of failed ones: of successful ones alone: filter by "
        "status=success",
        pair.a, 100 * found.a, pair.b, 100 * found.b);
}

/// Which versions, the one to compare with first.
Result<std::vector<std::string>> chosen(const PromptComparisonQuestion& question,
                                        const std::vector<Counts>& counts,
                                        std::vector<std::string>& left_out) {
    std::vector<std::pair<std::int64_t, std::string>> known;
    for (const Counts& one : counts)
        if (const std::string version = text_of(one.key[0]); !version.empty())
            known.emplace_back(one.quality.figures.calls, version);
    std::ranges::sort(known,
                      [](const auto& a, const auto& b) { return earlier_version(a.second, b.second); });
    std::vector<std::string> names;
    for (const auto& [calls, version] : known) names.push_back(version);
    if (names.empty())
        return fail(Code::NotFound,
                    fmt::format("no call of this period names a version of {}", question.prompt),
                    "a longer period; steno prompts performance shows what there is");
    std::vector<std::string> versions = question.versions;
    for (std::size_t i = 0; i < versions.size(); ++i) {
        if (std::ranges::find(names, versions[i]) == names.end())
            return fail(
                Code::NotFound,
                fmt::format("no call of this period names version {} of {}", versions[i], question.prompt),
                fmt::format("calls name {}; or a longer period", fmt::join(names, ", ")));
        if (std::find(versions.begin(), versions.begin() + static_cast<std::ptrdiff_t>(i), versions[i]) !=
            versions.begin() + static_cast<std::ptrdiff_t>(i))
            return fail(Code::InvalidArgument,
                        fmt::format("version {} is not compared with itself", versions[i]),
                        "two different versions");
    }
    if (versions.size() == 1 || (versions.empty() && names.size() == 1))
        return fail(
            Code::FailedPrecondition,
            fmt::format("there is only version {} to compare", versions.empty() ? names[0] : versions[0]),
            "name two, or choose a longer period");
    if (versions.size() > kMostCompared)
        return fail(Code::InvalidArgument,
                    fmt::format("up to {} versions are compared at once", kMostCompared));
    if (!versions.empty()) return versions;
    // Those with the most calls, of as many the later ones; in their own order.
    std::ranges::sort(known, [](const auto& a, const auto& b) {
        return a.first != b.first ? a.first > b.first : earlier_version(b.second, a.second);
    });
    for (std::size_t i = 0; i < known.size(); ++i)
        (i < kMostCompared ? versions : left_out).push_back(known[i].second);
    std::ranges::sort(versions, earlier_version);
    std::ranges::sort(left_out, earlier_version);
    if (const auto base = std::ranges::find(versions, question.baseline); base != versions.end())
        std::rotate(versions.begin(), base, base + 1);
    return versions;
}

}  // namespace

std::string_view to_string(Finding finding) {
    static constexpr std::array<std::string_view, 7> kNames = {"better",  "worse", "higher", "lower",
                                                               "leaning", "open",  "unknown"};
    return kNames[static_cast<std::size_t>(finding)];
}

bool earlier_version(std::string_view a, std::string_view b) {
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    std::size_t i = 0, j = 0;
    while (i < a.size() && j < b.size()) {
        if (digit(a[i]) && digit(b[j])) {
            const auto run = [&](std::string_view text, std::size_t& at) {
                while (at < text.size() && text[at] == '0') ++at;
                const std::size_t begin = at;
                while (at < text.size() && digit(text[at])) ++at;
                return text.substr(begin, at - begin);
            };
            const std::string_view x = run(a, i), y = run(b, j);
            if (x.size() != y.size()) return x.size() < y.size();
            if (x != y) return x < y;
        } else if (a[i] != b[j]) {
            return a[i] < b[j];
        } else {
            ++i, ++j;
        }
    }
    const std::size_t left_a = a.size() - i, left_b = b.size() - j;
    return left_a != left_b ? left_a < left_b : a < b;
}

Result<PromptComparison> compare_versions(store::CallQueries& store, const PromptComparisonQuestion& question,
                                          std::uint64_t most_held_values) {
    STENO_TRY(inference::check_confidence(question.confidence));
    if (question.effect && !(*question.effect > 0 && *question.effect <= 100))
        return fail(Code::InvalidArgument, "a wished difference is a share of what there is, above 0",
                    "0.05 is 5 %");
    STENO_TRY(prompt_metrics(question.metrics, {}));  // before anything is read
    const store::Selection executions = executions_of(question.prompt, question.selection);
    STENO_ASSIGN(std::vector<Counts> counts,
                 counts_of(store, executions, {store::make_field("prompt.version").value()}));
    PromptComparison answer;
    answer.confidence = question.confidence;
    STENO_ASSIGN(const std::vector<std::string> versions, chosen(question, counts, answer.left_out));
    STENO_ASSIGN(answer.versions, uses_of(store, question, executions, versions));
    bool more_scores = false;
    std::vector<std::string> scores;
    if (question.metrics.empty()) {
        STENO_ASSIGN(scores, score_names(store, executions, kToldScores, more_scores));
    }
    STENO_ASSIGN(std::vector<PromptMetric> metrics, prompt_metrics(question.metrics, scores));
    const Plan plan(std::move(metrics));
    if (question.effect && *question.effect > 1 && std::ranges::any_of(plan.metrics, [](const Asked& asked) {
            return asked.metric.told.unit == Unit::Share;
        }))
        return fail(Code::InvalidArgument,
                    fmt::format("no share differs by {:g} times what it is", *question.effect),
                    "0.05 is 5 %; more than 1 (100 %) with metrics that are no shares: duration_p50, "
                    "cost_per_call");
    const bool all_calls_count = std::ranges::any_of(plan.metrics, [](const Asked& asked) {
        return asked.metric.is_of_numbers() && score_of(asked.metric.told.name).empty();
    });

    std::vector<Side> sides(versions.size());
    for (Counts& one : counts)
        if (const auto at = std::ranges::find(versions, text_of(one.key[0])); at != versions.end())
            sides[static_cast<std::size_t>(at - versions.begin())].counts = std::move(one);
    const std::uint64_t most = std::max<std::uint64_t>(
        kFewestValues, most_held_values / std::max<std::size_t>(1, versions.size() * plan.columns.size()));
    STENO_TRY(Reading(sides, plan.columns.size(), most).read(store, executions, versions, plan.columns));

    for (std::size_t i = 1; i < versions.size(); ++i) {
        VersionComparison& pair = answer.comparisons.emplace_back();
        pair.a = versions[0];
        pair.b = versions[i];
        pair.warnings = differences_in_use(answer.versions[0], answer.versions[i], question.zone);
        if (all_calls_count) {
            STENO_ASSIGN(std::string warning,
                         warning_of_failures(pair, sides[0].counts, sides[i].counts, question.confidence));
            if (!warning.empty()) pair.warnings.push_back(std::move(warning));
        }
        if (std::ranges::any_of(sides[0].seen, [&](std::uint64_t seen) { return seen > most; }) ||
            std::ranges::any_of(sides[i].seen, [&](std::uint64_t seen) { return seen > most; }))
            pair.warnings.push_back(
                fmt::format("of times, costs and lengths {} calls of a version were drawn by chance", most));
    }
    for (const Asked& asked : plan.metrics) {
        for (std::size_t i = 1; i < versions.size(); ++i) {
            STENO_ASSIGN(MetricComparison told, compare(asked, sides[0], sides[i], question.confidence));
            answer.comparisons[i - 1].metrics.push_back(std::move(told));
        }
    }
    std::vector<double> p_values;
    for (const VersionComparison& pair : answer.comparisons)
        for (const MetricComparison& told : pair.metrics)
            if (told.p_value) p_values.push_back(*told.p_value);
    answer.family = p_values.size();
    STENO_ASSIGN(const std::vector<double> adjusted, inference::holm(p_values));
    auto next = adjusted.begin();
    for (std::size_t i = 0; i < answer.comparisons.size(); ++i) {
        VersionComparison& pair = answer.comparisons[i];
        const std::int64_t calls = answer.versions[0].calls + answer.versions[i + 1].calls;
        for (MetricComparison& told : pair.metrics) {
            if (told.p_value) told.adjusted_p_value = *next++;
            STENO_TRY(conclude(told, calls, answer.family, question));
            told.sentence = sentence_of(told, pair, answer.family, question.confidence);
        }
    }
    return answer;
}

namespace {

void write(JsonWriter& json, const MetricComparison& told) {
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
    json.key("interval");
    if (told.interval) {
        json.begin_array();
        json.number(told.interval->low);
        json.number(told.interval->high);
        json.end_array();
    } else {
        json.null();
    }
    write_name(json, "test", told.test);
    number_or_null(json, "p_value", told.p_value);
    number_or_null(json, "adjusted_p_value", told.adjusted_p_value);
    write_name(json, "effect", told.effect);
    number_or_null(json, "effect_size", told.effect_size);
    json.member("finding", to_string(told.finding));
    if (!told.why.empty()) json.member("why", told.why);
    number_or_null(json, "more_values", told.more_values);
    number_or_null(json, "more_calls", told.more_calls);
    if (told.wished) {
        json.member("wished_difference", *told.wished);
        number_or_null(json, "more_values_for_wished", told.more_for_wished);
    }
    json.member("sentence", told.sentence);
}

}  // namespace

void write_members(JsonWriter& json, const PromptComparison& comparison) {
    json.member("confidence", comparison.confidence);
    json.member("family", comparison.family);
    write_rows(json, "versions", comparison.versions, [&](const VersionUse& use) { write_use(json, use); });
    json.key("left_out");
    json.begin_array();
    for (const std::string& version : comparison.left_out) json.string(version);
    json.end_array();
    write_rows(json, "comparisons", comparison.comparisons, [&](const VersionComparison& pair) {
        json.member("a", pair.a);
        json.member("b", pair.b);
        json.key("warnings");
        json.begin_array();
        for (const std::string& warning : pair.warnings) json.string(warning);
        json.end_array();
        write_rows(json, "metrics", pair.metrics, [&](const MetricComparison& told) { write(json, told); });
    });
}

}  // namespace steno::analysis
