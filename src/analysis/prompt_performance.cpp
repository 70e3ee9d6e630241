#include "analysis/prompt_performance.hpp"

#include "analysis/cells.hpp"
#include "analysis/json_rows.hpp"
#include "base/json_or_null.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace steno::analysis {

namespace {

using store::AggregateQuery;
using store::AggregateTable;
using store::Cell;

constexpr std::uint32_t kMostGroups = 10'000;

store::Field field_of(std::string_view path) {
    return store::make_field(path).value();
}

/// A spread's four measures, and their values in the order of these.
void add_spread(std::vector<store::Measure>& measures, std::string_view field) {
    for (const char* function : {"count", "avg", "p50", "p95"})
        measures.push_back(store::make_measure(fmt::format("{}({})", function, field)).value());
}

/// Walks through the cells of a group.
class Cells {
  public:
    explicit Cells(std::span<const Cell> cells) : cells_(cells) {}
    std::int64_t count() { return count_in(next()); }
    std::optional<double> number() {
        const Cell& cell = next();
        const auto plain = number_in(cell);
        return plain ? plain : milliseconds_in(cell);
    }
    std::optional<Timestamp> moment() { return moment_in(next()); }
    Spread spread() { return {count(), number(), number(), number()}; }
    std::span<const Cell> first(std::size_t count) {
        const auto some = cells_.first(count);
        cells_ = cells_.subspan(count);
        return some;
    }

  private:
    const Cell& next() { return first(1).front(); }
    std::span<const Cell> cells_;
};

Result<std::vector<store::Measure>> measures_of(const std::string& score,
                                                const std::vector<std::string>& scores) {
    std::vector<store::Measure> measures = figures_measures();
    const auto add = [&](std::string_view name) -> Result<void> {
        STENO_ASSIGN(store::Measure measure, store::make_measure(name));
        measures.push_back(std::move(measure));
        return {};
    };
    STENO_TRY(add("count(feedback.edit_distance)"));
    STENO_TRY(add("avg(feedback.edit_distance)"));
    STENO_TRY(add(fmt::format("count(scores.{})", score)));
    STENO_TRY(add(fmt::format("avg(scores.{})", score)));
    for (const char* field : {"time.duration_ms", "time.time_to_first_token_ms", "usage.input_tokens",
                              "usage.output_tokens", "response.output_chars"})
        add_spread(measures, field);
    for (const char* name : {"duration_p90", "duration_p99", "min(started_at)", "max(started_at)"})
        STENO_TRY(add(name));
    for (const std::string& name : scores)
        for (const char* function : {"count", "avg", "p50"})
            STENO_TRY(add(fmt::format("{}(scores.{})", function, name)));
    return measures;
}

PromptPerformance performance_in(std::span<const Cell> all, const std::vector<std::string>& scores) {
    Cells cells(all);
    PromptPerformance told;
    told.quality.figures = figures_of(cells.first(kFiguresMeasures));
    told.quality.edits = cells.count();
    told.quality.edit_distance = cells.number();
    told.quality.scored = cells.count();
    told.quality.score = cells.number();
    told.duration = cells.spread();
    told.first_token = cells.spread();
    told.input_tokens = cells.spread();
    told.output_tokens = cells.spread();
    told.output_chars = cells.spread();
    told.duration_p90 = cells.number();
    told.duration_p99 = cells.number();
    told.first = cells.moment();
    told.last = cells.moment();
    for (const std::string& name : scores) {
        PromptPerformance::Score score{name, cells.count(), cells.number(), cells.number()};
        if (score.calls > 0) told.scores.push_back(std::move(score));
    }
    return told;
}

/// Every group's performance, by key_text of its key.
Result<std::map<std::string, PromptPerformanceReport::Group>> performances(
    store::CallQueries& store, const store::Selection& executions, const std::vector<store::Field>& by,
    const std::string& score, const std::vector<std::string>& scores) {
    AggregateQuery query;
    query.selection = executions;
    query.group_by = by;
    STENO_ASSIGN(query.measures, measures_of(score, scores));
    query.limit = store::kMaxGroups;
    STENO_ASSIGN(const AggregateTable table, store.aggregate(query));
    std::map<std::string, PromptPerformanceReport::Group> groups;
    for (const auto& row : table.groups)
        groups[key_text(row.key)] = {row.key, performance_in(row.cells, scores)};
    STENO_ASSIGN(const std::vector<Counts> counts, counts_of(store, executions, by));
    for (const Counts& counted : counts) {
        const auto found = groups.find(key_text(counted.key));
        if (found == groups.end()) continue;  // a call that came between the two questions
        PromptPerformance& told = found->second.performance;
        told.quality.statuses = counted.quality.statuses;
        told.quality.verdicts = counted.quality.verdicts;
        told.quality.complete = counted.quality.complete;
        told.quality.incomplete = counted.quality.incomplete;
        told.quality.figures.by_currency = counted.quality.figures.by_currency;
        told.priced = counted.priced;
    }
    return groups;
}

}  // namespace

store::Selection executions_of(std::string_view prompt, store::Selection selection) {
    selection.filters.push_back(store::ai_calls());
    selection.filters.push_back({field_of("prompt.name"), store::Op::Eq, {std::string(prompt)}});
    return selection;
}

std::optional<Decimal> PromptPerformance::cost_per_call() const {
    const auto& total = quality.figures.cost.total;
    return total && priced > 0 ? std::optional(total->times(1, priced)) : std::nullopt;
}

Result<std::vector<Counts>> counts_of(store::CallQueries& store, const store::Selection& executions,
                                      const std::vector<store::Field>& by,
                                      const std::optional<store::Bucket>& bucket) {
    AggregateQuery query;
    query.selection = executions;
    query.group_by = by;
    for (const char* field : {"status", "feedback.verdict", "prompt.all_variables_present", "cost.currency"})
        query.group_by.push_back(field_of(field));
    query.bucket = bucket;
    for (const char* name : {"calls", "errors", "cost", "count(cost.total)"})
        query.measures.push_back(store::make_measure(name).value());
    query.limit = store::kMaxGroups;
    STENO_ASSIGN(const AggregateTable table, store.aggregate(query));
    if (table.truncated)
        return fail(Code::ResourceExhausted, "these calls fall into too many groups",
                    "a shorter period, or fewer fields to group by");
    std::map<std::pair<std::string, std::optional<std::int64_t>>, std::size_t> places;
    std::vector<Counts> rows;
    for (const auto& group : table.groups) {
        const std::vector<std::optional<store::Value>> key(group.key.begin(), group.key.end() - 4);
        const auto status = group.key.end() - 4, verdict = group.key.end() - 3, whole = group.key.end() - 2;
        const auto [place, is_new] = places.try_emplace(
            {key_text(key), group.bucket ? std::optional(group.bucket->unix_nanos) : std::nullopt},
            rows.size());
        if (is_new) rows.push_back({key, group.bucket, {}, 0});
        Counts& row = rows[place->second];
        Quality& quality = row.quality;
        Sums sums;
        sums.calls = count_in(group.cells[0]);
        sums.failures = count_in(group.cells[1]);
        if (const auto* cost = std::get_if<store::CostSum>(&group.cells[2])) sums.cost = *cost;
        quality.figures += sums;
        row.priced += count_in(group.cells[3]);
        if (*status) quality.statuses[text_of(*status)] += sums.calls;
        if (const std::string said = text_of(*verdict); !said.empty() && said != "none")
            quality.verdicts[said] += sums.calls;
        if (*whole) (**whole == store::Value(true) ? quality.complete : quality.incomplete) += sums.calls;
    }
    return rows;
}

Result<std::vector<std::string>> score_names(store::CallQueries& store, const store::Selection& executions,
                                             std::size_t most, bool& truncated) {
    AggregateQuery query;
    query.selection = executions;
    STENO_ASSIGN(store::Filter scored, store::make_filter("scores", store::Op::Exists, "true"));
    query.selection.filters.push_back(std::move(scored));
    query.group_by = {field_of("scores")};
    query.measures = {store::make_measure("calls").value()};
    query.order = "calls";
    query.limit = static_cast<std::uint32_t>(most);
    STENO_ASSIGN(const AggregateTable table, store.aggregate(query));
    truncated |= table.truncated;
    std::vector<std::string> names;
    for (const auto& row : table.groups)
        if (row.key[0]) names.push_back(text_of(row.key[0]));
    return names;
}

Result<PromptPerformanceReport> prompt_performance(store::CallQueries& store,
                                                   const PromptPerformanceQuestion& question) {
    if (question.groups < 1 || question.groups > kMostGroups)
        return fail(Code::InvalidArgument, fmt::format("a table has 1 to {} rows", kMostGroups));
    if (question.by.size() > kMostPerformanceBy)
        return fail(Code::InvalidArgument,
                    fmt::format("performance is told by up to {} fields", kMostPerformanceBy));
    const store::Selection executions = executions_of(question.prompt, question.selection);
    PromptPerformanceReport report;
    STENO_ASSIGN(const auto scores, score_names(store, executions, kMostPromptScores, report.truncated));
    STENO_ASSIGN(auto all, performances(store, executions, {}, question.score, scores));
    report.all = std::move(all.begin()->second.performance);
    if (question.by.empty()) return report;
    STENO_ASSIGN(auto groups, performances(store, executions, question.by, question.score, scores));
    std::vector<std::pair<std::string, PromptPerformanceReport::Group>> sorted(
        std::make_move_iterator(groups.begin()), std::make_move_iterator(groups.end()));
    std::ranges::sort(sorted, [](const auto& a, const auto& b) {
        const std::int64_t left = a.second.performance.quality.figures.calls,
                           right = b.second.performance.quality.figures.calls;
        return left != right ? left > right : a.first < b.first;
    });
    for (auto& [text, group] : sorted) report.groups.push_back(std::move(group));
    report.truncated |= report.groups.size() > question.groups;
    if (report.groups.size() > question.groups) report.groups.resize(question.groups);
    return report;
}

namespace {

void write_spread(JsonWriter& json, std::string_view key, const Spread& spread) {
    json.key(key);
    json.begin_object();
    json.member("calls", spread.calls);
    number_or_null(json, "average", spread.average);
    number_or_null(json, "p50", spread.p50);
    number_or_null(json, "p95", spread.p95);
    json.end_object();
}

/// Counts and exact sums. Rates and times are told once, beside them: a second success rate that counts
/// partial answers in, as that of other figures does, would contradict the first.
void write_figures(JsonWriter& json, const Sums& sums) {
    json.key("figures");
    json.begin_object();
    json.member("calls", sums.calls);
    json.member("failures", sums.failures);
    number_or_null(json, "input_tokens", sums.input_tokens);
    number_or_null(json, "output_tokens", sums.output_tokens);
    number_or_null(json, "total_tokens", sums.tokens());
    json.key("cost");
    write(json, sums.cost, sums.by_currency);
    json.end_object();
}

void write(JsonWriter& json, const PromptPerformance& told, const std::string& score) {
    write_members(json, told.quality, score);
    write_figures(json, told.quality.figures);
    write_spread(json, "duration_ms", told.duration);
    number_or_null(json, "duration_p90_ms", told.duration_p90);
    number_or_null(json, "duration_p99_ms", told.duration_p99);
    write_spread(json, "first_token_ms", told.first_token);
    write_spread(json, "input_tokens", told.input_tokens);
    write_spread(json, "output_tokens", told.output_tokens);
    write_spread(json, "output_chars", told.output_chars);
    json.member("priced_calls", told.priced);
    const auto cost = told.cost_per_call();
    text_or_null(json, "cost_per_call", cost ? cost->to_string() : "");
    write_rows(json, "scores", told.scores, [&](const PromptPerformance::Score& one) {
        json.member("name", one.name);
        json.member("calls", one.calls);
        number_or_null(json, "average", one.average);
        number_or_null(json, "median", one.median);
    });
    text_or_null(json, "first_call", told.first ? told.first->to_string() : "");
    text_or_null(json, "last_call", told.last ? told.last->to_string() : "");
}

}  // namespace

void write_members(JsonWriter& json, const PromptPerformanceReport& report,
                   const PromptPerformanceQuestion& question) {
    json.key("all");
    json.begin_object();
    write(json, report.all, question.score);
    json.end_object();
    write_rows(json, "groups", report.groups, [&](const PromptPerformanceReport::Group& group) {
        write_key(json, question.by, group.key);
        write(json, group.performance, question.score);
    });
    json.member("truncated", report.truncated);
}

}  // namespace steno::analysis
