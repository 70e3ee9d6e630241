#include "analysis/prompt_comparison.hpp"

#include "analysis/cells.hpp"
#include "analysis/compared_calls.hpp"
#include "analysis/comparison_words.hpp"
#include "analysis/metric_comparison.hpp"
#include "analysis/prompt_performance.hpp"
#include "inference/correction.hpp"
#include "inference/shares.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

namespace steno::analysis {

namespace {

constexpr std::size_t kToldScores = 4;

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

/// What fails at once is no faster answer. "" where as many of both succeed as chance would have it, whatever
/// else is compared.
Result<std::string> warning_of_failures(const VersionComparison& pair, const Counts& a, const Counts& b,
                                        double confidence) {
    const inference::Share of_a = share_of(MetricKind::Succeeded, a),
                           of_b = share_of(MetricKind::Succeeded, b);
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
                    fmt::format("up to {} versions are compared at once", kMostCompared),
                    "name fewer: versions=1,2");
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
    const ComparedColumns plan(std::move(metrics));
    if (question.effect && *question.effect > 1 &&
        std::ranges::any_of(
            plan.metrics, [](const ComparedColumn& asked) { return asked.metric.told.unit == Unit::Share; }))
        return fail(Code::InvalidArgument,
                    fmt::format("no share differs by {:g} times what it is", *question.effect),
                    "0.05 is 5 %; more than 1 (100 %) with metrics that are no shares: duration_p50, "
                    "cost_per_call");
    const bool all_calls_count = std::ranges::any_of(plan.metrics, [](const ComparedColumn& asked) {
        return asked.metric.is_of_numbers() && score_of(asked.metric.told.name).empty();
    });

    std::vector<ComparedSide> sides(versions.size());
    for (Counts& one : counts)
        if (const auto at = std::ranges::find(versions, text_of(one.key[0])); at != versions.end())
            sides[static_cast<std::size_t>(at - versions.begin())].counts = std::move(one);
    const std::uint64_t most = std::max<std::uint64_t>(
        kFewestValues, most_held_values / std::max<std::size_t>(1, versions.size() * plan.columns.size()));
    STENO_TRY(read_numbers(sides, store, executions, versions, plan.columns, most));

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
    for (const ComparedColumn& asked : plan.metrics) {
        for (std::size_t i = 1; i < versions.size(); ++i) {
            STENO_ASSIGN(MetricComparison told,
                         compare_metric(asked, sides[0], sides[i], question.confidence));
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

}  // namespace steno::analysis
