#include "analysis/quality.hpp"

#include "analysis/cells.hpp"
#include "analysis/json_rows.hpp"
#include "base/json_or_null.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace steno::analysis {

namespace {

using store::AggregateQuery;
using store::AggregateTable;
using store::Cell;
using store::Selection;

constexpr std::uint32_t kMostGroups = 10'000;

Result<void> check_groups(std::uint32_t groups) {
    if (groups >= 1 && groups <= kMostGroups) return {};
    return fail(Code::InvalidArgument, fmt::format("a table has 1 to {} rows", kMostGroups));
}

Selection with(Selection selection, store::Filter filter) {
    selection.filters.push_back(std::move(filter));
    return selection;
}

using Key = std::vector<std::optional<store::Value>>;

/// The table of these groups, with a field more if `last` is one; its value is the last of each key.
Result<AggregateTable> ask(store::CallQueries& store, const Selection& selection,
                           std::vector<store::Field> by, std::string_view last,
                           std::initializer_list<std::string> measures, bool figures = false) {
    AggregateQuery query;
    query.selection = selection;
    query.group_by = std::move(by);
    if (!last.empty()) {
        STENO_ASSIGN(store::Field field, store::make_field(last));
        query.group_by.push_back(std::move(field));
    }
    if (figures) query.measures = figures_measures();
    for (const std::string& name : measures) {
        STENO_ASSIGN(store::Measure measure, store::make_measure(name));
        query.measures.push_back(std::move(measure));
    }
    query.order = "calls";
    query.limit = store::kMaxGroups;  // tables are joined before they are cut
    return store.aggregate(query);
}

/// Every group's quality, by key_text of its key.
Result<std::map<std::string, QualityReport::Group>> qualities(store::CallQueries& store,
                                                              const Selection& selection,
                                                              const std::vector<store::Field>& by,
                                                              const std::string& score, bool& truncated) {
    std::map<std::string, QualityReport::Group> groups;
    STENO_ASSIGN(const AggregateTable whole,
                 ask(store, selection, by, {},
                     {"count(feedback.edit_distance)", "avg(feedback.edit_distance)",
                      fmt::format("count(scores.{})", score), fmt::format("avg(scores.{})", score)},
                     true));
    truncated |= whole.truncated;
    for (const auto& row : whole.groups) {
        QualityReport::Group& group = groups[key_text(row.key)];
        group.key = row.key;
        Quality& quality = group.quality;
        quality.figures = figures_of(row.cells);
        quality.edits = count_in(row.cells[kFiguresMeasures]);
        quality.edit_distance = number_in(row.cells[kFiguresMeasures + 1]);
        quality.scored = count_in(row.cells[kFiguresMeasures + 2]);
        quality.score = number_in(row.cells[kFiguresMeasures + 3]);
    }
    const auto split_by = [&](std::string_view field, auto&& add) -> Result<void> {
        STENO_ASSIGN(const AggregateTable table, ask(store, selection, by, field, {"calls"}));
        truncated |= table.truncated;
        for (const auto& row : table.groups) {
            const Key key(row.key.begin(), row.key.end() - 1);
            if (const auto at = groups.find(key_text(key)); at != groups.end() && row.key.back())
                add(at->second.quality, *row.key.back(), count_in(row.cells[0]));
        }
        return {};
    };
    STENO_TRY(split_by("status", [](Quality& quality, const store::Value& status, std::int64_t calls) {
        quality.statuses[text_of(status)] += calls;
    }));
    STENO_TRY(
        split_by("feedback.verdict", [](Quality& quality, const store::Value& value, std::int64_t calls) {
            const std::string verdict = text_of(value);
            if (verdict != "none") quality.verdicts[verdict] += calls;
        }));
    STENO_TRY(split_by("prompt.all_variables_present",
                       [](Quality& quality, const store::Value& present, std::int64_t calls) {
                           (present == store::Value(true) ? quality.complete : quality.incomplete) += calls;
                       }));
    return groups;
}

std::string measure_of(std::string_view function, const std::string& score) {
    return fmt::format("{}(scores.{})", function, score);
}

/// What is said with each score, one question for all of them.
Result<std::vector<QualityReport::Score>> scores_of(store::CallQueries& store, const Selection& selection,
                                                    bool& truncated) {
    STENO_ASSIGN(store::Filter scored, store::make_filter("scores", store::Op::Exists, "true"));
    const Selection calls = with(selection, std::move(scored));
    STENO_ASSIGN(const AggregateTable named, ask(store, calls, {}, "scores", {"calls"}));
    std::vector<QualityReport::Score> scores;
    truncated |= named.truncated || named.groups.size() > kMostScores;
    for (const auto& row : named.groups) {
        if (!row.key[0] || scores.size() == kMostScores) continue;
        QualityReport::Score score;
        score.name = text_of(row.key[0]);
        score.calls = count_in(row.cells[0]);
        AggregateQuery query;
        query.selection = calls;
        for (const char* function : {"count", "avg", "min", "p50", "max"}) {
            STENO_ASSIGN(store::Measure measure, store::make_measure(measure_of(function, score.name)));
            query.measures.push_back(std::move(measure));
        }
        STENO_ASSIGN(const AggregateTable table, store.aggregate(query));
        const std::vector<Cell>& cells = table.groups.front().cells;
        score.valued = count_in(cells[0]);
        score.average = number_in(cells[1]);
        score.least = number_in(cells[2]);
        score.median = number_in(cells[3]);
        score.greatest = number_in(cells[4]);
        scores.push_back(std::move(score));
    }
    return scores;
}

}  // namespace

std::optional<double> Quality::rate(const std::string& status) const {
    if (figures.calls == 0) return std::nullopt;
    const auto found = statuses.find(status);
    return static_cast<double>(found == statuses.end() ? 0 : found->second) /
           static_cast<double>(figures.calls);
}

std::optional<double> Quality::acceptance_rate() const {
    std::int64_t all = 0;
    for (const auto& [verdict, calls] : verdicts) all += calls;
    if (all == 0) return std::nullopt;
    const auto accepted = verdicts.find("accepted");
    return static_cast<double>(accepted == verdicts.end() ? 0 : accepted->second) / static_cast<double>(all);
}

std::optional<double> Quality::data_quality_rate() const {
    if (complete + incomplete == 0) return std::nullopt;
    return static_cast<double>(complete) / static_cast<double>(complete + incomplete);
}

Result<QualityReport> quality(store::CallQueries& store, const Selection& selection,
                              const QualityOptions& options) {
    STENO_TRY(check_groups(options.groups));
    const Selection ai = with(selection, store::ai_calls());
    QualityReport report;
    STENO_ASSIGN(auto all, qualities(store, ai, {}, options.score, report.truncated));
    report.all = std::move(all.begin()->second.quality);
    if (!options.by.empty()) {
        STENO_ASSIGN(auto groups, qualities(store, ai, options.by, options.score, report.truncated));
        std::vector<std::pair<std::string, QualityReport::Group>> sorted(
            std::make_move_iterator(groups.begin()), std::make_move_iterator(groups.end()));
        std::ranges::sort(sorted, [](const auto& a, const auto& b) {
            const std::int64_t left = a.second.quality.figures.calls, right = b.second.quality.figures.calls;
            return left != right ? left > right : a.first < b.first;
        });
        for (auto& [text, group] : sorted) report.groups.push_back(std::move(group));
        report.truncated |= report.groups.size() > options.groups;
        if (report.groups.size() > options.groups) report.groups.resize(options.groups);
    }
    STENO_ASSIGN(report.scores, scores_of(store, ai, report.truncated));
    return report;
}

store::Filter incomplete_prompts() {
    return store::make_filter("prompt.all_variables_present", store::Op::Eq, "false").value();
}

Result<MissingVariables> missing_variables(store::CallQueries& store, const Selection& selection,
                                           std::uint32_t groups) {
    STENO_TRY(check_groups(groups));
    const Selection ai = with(selection, store::ai_calls());
    MissingVariables missing;
    std::map<std::tuple<std::string, std::string, std::string>, MissingVariables::Prompt> prompts;
    const auto prompt_of = [&](const Key& key) -> MissingVariables::Prompt& {
        return prompts[{text_of(key[0]), text_of(key[1]), text_of(key[2])}];
    };
    std::vector<store::Field> by;
    for (const char* path : {"prompt.type", "prompt.name", "prompt.version"}) {
        STENO_ASSIGN(store::Field field, store::make_field(path));
        by.push_back(std::move(field));
    }
    STENO_ASSIGN(const AggregateTable told, ask(store, ai, by, "prompt.all_variables_present", {"calls"}));
    missing.truncated |= told.truncated;
    for (const auto& row : told.groups) {
        const std::int64_t calls = count_in(row.cells[0]);
        missing.calls += calls;
        if (!row.key[3]) continue;
        const bool complete = *row.key[3] == store::Value(true);
        (complete ? missing.complete : missing.incomplete) += calls;
        MissingVariables::Prompt& prompt = prompt_of(row.key);
        (complete ? prompt.complete : prompt.incomplete) += calls;
    }
    const Selection incomplete = with(ai, incomplete_prompts());
    STENO_ASSIGN(const AggregateTable variables,
                 ask(store, incomplete, {}, "prompt.missing_variables", {"calls"}));
    missing.truncated |= variables.truncated;
    for (const auto& row : variables.groups)
        if (row.key[0]) missing.variables.push_back({text_of(row.key[0]), count_in(row.cells[0])});
    STENO_ASSIGN(const AggregateTable of_prompts,
                 ask(store, incomplete, by, "prompt.missing_variables", {"calls"}));
    missing.truncated |= of_prompts.truncated;
    for (const auto& row : of_prompts.groups)
        if (row.key[3]) prompt_of(row.key).missing.push_back({text_of(row.key[3]), count_in(row.cells[0])});
    for (auto& [key, prompt] : prompts) {
        missing.told.push_back(prompt.complete + prompt.incomplete);
        if (prompt.incomplete == 0) continue;
        std::tie(prompt.type, prompt.name, prompt.version) = key;
        missing.prompts.push_back(std::move(prompt));
    }
    std::ranges::sort(missing.prompts, [](const auto& a, const auto& b) {
        return a.incomplete != b.incomplete
                   ? a.incomplete > b.incomplete
                   : std::tie(a.type, a.name, a.version) < std::tie(b.type, b.name, b.version);
    });
    missing.truncated |= missing.prompts.size() > groups || missing.variables.size() > groups;
    if (missing.prompts.size() > groups) missing.prompts.resize(groups);
    if (missing.variables.size() > groups) missing.variables.resize(groups);
    return missing;
}

namespace {

/// begin_object, what `fill` writes, end_object.
template <class Fill>
void object(JsonWriter& json, Fill&& fill) {
    json.begin_object();
    fill();
    json.end_object();
}

void write_variables(JsonWriter& json, std::string_view key,
                     const std::vector<MissingVariables::Variable>& all) {
    write_rows(json, key, all, [&](const auto& variable) {
        json.member("variable", variable.name);
        json.member("calls", variable.calls);
    });
}

void write_counts(JsonWriter& json, std::int64_t complete, std::int64_t incomplete) {
    json.member("complete", complete);
    json.member("incomplete", incomplete);
    const std::int64_t told = complete + incomplete;
    number_or_null(
        json, "rate",
        told == 0 ? std::nullopt : std::optional(static_cast<double>(complete) / static_cast<double>(told)));
}

}  // namespace

void write_members(JsonWriter& json, const Quality& quality, std::string_view score) {
    json.key("statuses");
    object(json, [&] {
        for (const auto& [status, calls] : quality.statuses) json.member(status, calls);
    });
    // Of a partial answer nobody would say that it succeeded: not 1 - failure_rate.
    number_or_null(json, "success_rate", quality.rate("success"));
    number_or_null(json, "failure_rate", quality.rate("failure"));
    number_or_null(json, "partial_rate", quality.rate("partial"));
    json.key("feedback");
    object(json, [&] {
        std::int64_t none = quality.figures.calls;
        for (const char* verdict : {"accepted", "rejected", "modified"})
            if (!quality.verdicts.contains(verdict)) json.member(verdict, 0);
        for (const auto& [verdict, calls] : quality.verdicts) {
            json.member(verdict, calls);
            none -= calls;
        }
        json.member("none", none);
        number_or_null(json, "acceptance_rate", quality.acceptance_rate());
    });
    json.key("score");
    object(json, [&] {
        json.member("name", score);
        json.member("calls", quality.scored);
        number_or_null(json, "average", quality.score);
    });
    json.key("edit_distance");
    object(json, [&] {
        json.member("calls", quality.edits);
        number_or_null(json, "average", quality.edit_distance);
    });
    json.key("data_quality");
    object(json, [&] { write_counts(json, quality.complete, quality.incomplete); });
}

void write_members(JsonWriter& json, const QualityReport& report, const QualityOptions& options) {
    const auto write_group = [&](const Quality& quality) {
        write_members(json, quality, options.score);
        write_figures(json, "figures", quality.figures);
    };
    json.key("all");
    object(json, [&] { write_group(report.all); });
    write_rows(json, "groups", report.groups, [&](const auto& group) {
        write_key(json, options.by, group.key);
        write_group(group.quality);
    });
    write_rows(json, "scores", report.scores, [&](const auto& score) {
        json.member("name", score.name);
        json.member("calls", score.calls);
        json.member("valued", score.valued);
        number_or_null(json, "average", score.average);
        number_or_null(json, "least", score.least);
        number_or_null(json, "median", score.median);
        number_or_null(json, "greatest", score.greatest);
    });
    json.member("truncated", report.truncated);
}

void write_members(JsonWriter& json, const MissingVariables& missing) {
    json.member("ai_calls", missing.calls);
    write_counts(json, missing.complete, missing.incomplete);
    write_variables(json, "variables", missing.variables);
    write_rows(json, "prompts", missing.prompts, [&](const auto& prompt) {
        write_name(json, "type", prompt.type);
        write_name(json, "name", prompt.name);
        write_name(json, "version", prompt.version);
        write_counts(json, prompt.complete, prompt.incomplete);
        write_variables(json, "missing", prompt.missing);
    });
    json.member("truncated", missing.truncated);
}

}  // namespace steno::analysis
