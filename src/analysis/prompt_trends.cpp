#include "analysis/prompt_trends.hpp"

#include "analysis/cells.hpp"
#include "analysis/comparison_words.hpp"
#include "analysis/json_rows.hpp"
#include "analysis/prompt_metrics.hpp"
#include "analysis/prompt_performance.hpp"
#include "base/hash.hpp"
#include "base/shell_word.hpp"
#include "inference/change_points.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

namespace steno::analysis {

namespace {

constexpr std::size_t kToldScores = 4;
constexpr std::size_t kMostVersions = 50;
constexpr std::size_t kMostRuleFilters = 20;  ///< as alerts/rule.cpp takes them
constexpr std::size_t kWeeks = 4;             ///< of each weekday, for what is usual on it

using Days = std::map<std::int64_t, std::size_t>;  ///< by unix_nanos of their beginning

Result<std::vector<PromptTrend::Day>> days_of(const store::Bucket& bucket, Timestamp from, Timestamp to) {
    std::vector<PromptTrend::Day> days;
    for (std::int64_t key = store::bucket_key(bucket, from.unix_nanos);; key += calendar::kDay) {
        const Timestamp begin = store::bucket_begin(bucket, key);
        if (begin >= to && !days.empty()) return days;
        if (days.size() == kMostTrendDays)
            return fail(Code::InvalidArgument, fmt::format("a trend has up to {} days", kMostTrendDays),
                        "a shorter period");
        days.push_back({begin, 0});
    }
}

/// What a metric's store measure is called.
std::string measure_of(const PromptMetric& metric) {
    const std::string function = metric.kind == MetricKind::Quantile
                                     ? fmt::format("p{:g}", metric.quantile * 100)
                                     : std::string("avg");
    return fmt::format("{}({})", function, metric.field.path());
}

std::optional<double> amount_in(const store::Cell& cell) {
    const auto* value = std::get_if<store::Value>(&cell);
    if (const auto* money = value == nullptr ? nullptr : std::get_if<Decimal>(value))
        return money->to_double();
    const auto plain = number_in(cell);
    return plain ? plain : milliseconds_in(cell);
}

std::optional<double> share_in(MetricKind kind, const Quality& quality) {
    switch (kind) {
        case MetricKind::Succeeded:
            return quality.rate("success");
        case MetricKind::Accepted:
            return quality.acceptance_rate();
        default:
            return quality.data_quality_rate();
    }
}

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

/// Less what is usual on that weekday, where there are weeks enough to know it. `days`: of each value, which
/// day of the period it is.
std::vector<double> without_weekdays(const std::vector<double>& values,
                                     const std::vector<std::size_t>& days) {
    std::array<std::vector<double>, 7> each;
    for (std::size_t i = 0; i < values.size(); ++i) each[days[i] % 7].push_back(values[i]);
    for (const auto& one : each)
        if (one.size() < kWeeks) return values;
    std::array<double, 7> usual{};
    for (std::size_t i = 0; i < 7; ++i) usual[i] = median(each[i]);
    std::vector<double> left = values;
    for (std::size_t i = 0; i < left.size(); ++i) left[i] -= usual[days[i] % 7];
    return left;
}

Result<std::vector<PromptTrend::Change>> changes_in(const PromptTrend::Series& series,
                                                    const PromptTrend& trend,
                                                    const PromptTrendQuestion& question) {
    std::vector<double> values;
    std::vector<std::size_t> days;
    for (std::size_t day = 0; day < series.values.size(); ++day) {
        if (!series.values[day]) continue;
        values.push_back(*series.values[day]);
        days.push_back(day);
    }
    inference::ChangePointOptions options;
    options.false_alarms = question.false_alarms;
    options.least_apart = kLeastDays;
    STENO_ASSIGN(const auto found, inference::change_points(without_weekdays(values, days), options));
    std::vector<PromptTrend::Change> changes;
    for (std::size_t i = 0; i < found.size(); ++i) {
        const auto at = [&](std::size_t index) {
            return values.begin() + static_cast<std::ptrdiff_t>(index);
        };
        const std::size_t begin = i == 0 ? 0 : found[i - 1].at,
                          end = i + 1 == found.size() ? values.size() : found[i + 1].at;
        PromptTrend::Change change;
        change.at = trend.days[days[found[i].at]].begin;
        change.before = median({at(begin), at(found[i].at)});
        change.after = median({at(found[i].at), at(end)});
        change.p_value = found[i].p_value;
        const double apart = std::abs(change.after - change.before);
        if (series.metric.unit == Unit::Share
                ? apart < kLeastPoints
                : apart < kLeastRelative * std::abs(change.before) || apart == 0)
            continue;
        if (series.metric.better != Better::Neither)
            change.worse = (series.metric.better == Better::Higher) == (change.after < change.before);
        for (const VersionUse& use : trend.versions)  // `first` is the first call of the period
            if (use.first && std::abs(use.first->unix_nanos - change.at.unix_nanos - calendar::kDay / 2) <
                                 calendar::kDay * 3 / 2)
                change.versions.push_back(use.version);
        changes.push_back(std::move(change));
    }
    if (!changes.empty()) changes.back().lasts = true;
    return changes;
}

std::string sentence_of(const PromptTrend::Change& change, const PromptTrend::Series& series,
                        const calendar::Zone& zone) {
    const auto amount = [&](double value) {
        return amount_words(value, series.metric.unit, series.currency);
    };
    std::string text =
        fmt::format("{}: {} went from {} to {} ({}), medians of the days",
                    zone.at(change.at.unix_nanos).to_string().substr(0, 10), series.metric.name,
                    amount(change.before), amount(change.after),
                    difference_words(change.after - change.before, series.metric.unit, series.currency));
    const auto called = [&](const std::vector<std::string>& versions, const char* when) {
        if (!versions.empty())
            text += fmt::format("; {} {} {} then", versions.size() == 1 ? "version" : "versions",
                                fmt::join(versions, ", "), when);
    };
    called(change.versions, "first called");
    called(change.again, "called again");
    return text + ".";
}

/// As --filter of a rule takes it. Absent: a rule cannot ask that.
std::optional<std::string> filter_words(const store::Filter& filter) {
    std::string value;
    for (const store::Value& one : filter.values) {
        if (!value.empty()) value += ',';
        if (const auto* text = std::get_if<std::string>(&one)) {
            value += *text;
            continue;
        }
        std::string json;
        store::append_json(json, one);
        value += json.starts_with('"') ? json.substr(1, json.size() - 2) : json;
    }
    const std::string field = filter.op == store::Op::Eq
                                  ? filter.field.path()
                                  : fmt::format("{}.{}", filter.field.path(), to_string(filter.op));
    // An attribute's text that looks like a number would be read as one.
    for (const std::string& text : {value, fmt::format("\"{}\"", value)}) {
        const auto read = store::make_filter(field, text);
        if (read && read->field == filter.field && read->op == filter.op && read->values == filter.values)
            return field + "=" + text;
    }
    return std::nullopt;
}

/// As a rule may be called: of 64 small letters, digits and "-_." at most. What is cut
/// short is told apart by a number.
std::string rule_name(std::string_view words) {
    constexpr std::size_t kMost = 64, kKept = 55;
    std::string name;
    for (const char c : words) {
        const bool upper = c >= 'A' && c <= 'Z';
        const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
        if (plain || upper)
            name += static_cast<char>(upper ? c - 'A' + 'a' : c);
        else if (!name.ends_with('-'))
            name += '-';
    }
    while (name.ends_with('-')) name.pop_back();
    if (name.size() <= kMost) return name;
    return fmt::format("{}-{:08x}", name.substr(0, kKept), crc32c(words));
}

/// The command of a rule that fires half-way between the level before and the one after, for the same calls;
/// or why there is none.
void set_alert(PromptTrend::Degradation& degradation, const PromptTrendQuestion& question,
               const PromptMetric& metric) {
    const PromptTrend::Change& change = degradation.change;
    const std::string& name = metric.told.name;
    const bool below = metric.told.better == Better::Higher;
    std::string watched;
    if (name == "success_rate" || name == "cost_per_call" || name == "duration_p50" || name == "duration_p95")
        watched = name;
    else if (name == "acceptance_rate")
        watched = "accepted_rate";
    else if (name == "first_token_p50")
        watched = "ttft_p50";
    else if (metric.kind == MetricKind::Mean)
        watched = measure_of(metric);
    else {
        degradation.why = "no metric of alerts is that";
        return;
    }
    const store::Selection asked{{}, {}, question.selection.filters, {}};
    const auto of_kind = [](const store::Filter& filter) { return filter.field.path() == "kind"; };
    std::string rule = fmt::format("{}-{}", question.prompt, name), filters;
    std::size_t count = 0;
    for (const store::Filter& filter : executions_of(question.prompt, asked).filters) {
        const bool is_asked = count < asked.filters.size();
        ++count;
        // A rule counts AI calls by itself, unless a filter of its own names kinds.
        if (!is_asked && of_kind(filter) && std::ranges::none_of(asked.filters, of_kind)) continue;
        const auto words = filter_words(filter);
        if (!words || filter.field.type() == FieldType::Timestamp || count > kMostRuleFilters) {
            degradation.why =
                fmt::format("a rule cannot go by the filter on {} of this question", filter.field.path());
            return;
        }
        filters += fmt::format("--filter {} ", shell_word(*words));
        // Beside the rule of all calls, not in its place.
        if (is_asked) rule += "-" + words->substr(words->find('=') + 1);
    }
    const double half = (change.before + change.after) / 2;
    std::string threshold;
    switch (metric.told.unit) {
        case Unit::Share:
            threshold = fmt::format("{:.1f}%", half * 100);
            break;
        case Unit::Milliseconds:
            threshold = fmt::format("{:.0f}ms", half);
            break;
        case Unit::Money:
            threshold = fmt::format("{:.12f}", half);
            while (threshold.ends_with('0')) threshold.pop_back();
            if (threshold.ends_with('.')) threshold.pop_back();
            break;
        default:
            threshold = fmt::format("{:.3g}", half);
            if (threshold.find('e') != std::string::npos) threshold = fmt::format("{:.0f}", half);
    }
    degradation.alert = fmt::format(
        "steno alerts set {} --metric {} {}--window 24h {}--warning {} --min-calls 20", rule_name(rule),
        shell_word(watched), filters, below ? "--below " : "", shell_word(threshold));
}

/// When each version was called, the earliest first.
Result<std::vector<VersionUse>> versions_of(store::CallQueries& store, const store::Selection& executions) {
    store::AggregateQuery query;
    query.selection = executions;
    query.group_by = {store::make_field("prompt.version").value()};
    for (const char* name : {"calls", "min(started_at)", "max(started_at)"})
        query.measures.push_back(store::make_measure(name).value());
    query.order = "calls";
    query.limit = kMostVersions;
    STENO_ASSIGN(const store::AggregateTable table, store.aggregate(query));
    std::vector<VersionUse> uses;
    for (const auto& row : table.groups) {
        if (!row.key[0]) continue;
        VersionUse& use = uses.emplace_back();
        use.version = text_of(row.key[0]);
        use.calls = count_in(row.cells[0]);
        use.first = moment_in(row.cells[1]);
        use.last = moment_in(row.cells[2]);
    }
    std::ranges::sort(uses, {}, [](const VersionUse& use) { return std::pair(use.first, use.version); });
    return uses;
}

/// Who was called before the period already is called again, not first.
Result<void> part_known_before(store::CallQueries& store, const store::Selection& executions,
                               std::vector<PromptTrend::Change>& changes) {
    store::Filter named{store::make_field("prompt.version").value(), store::Op::In, {}};
    for (const PromptTrend::Change& change : changes)
        for (const std::string& version : change.versions) named.values.emplace_back(version);
    if (named.values.empty()) return {};
    store::AggregateQuery query;
    query.selection = executions;
    query.selection.to = executions.from;
    query.selection.from.reset();
    query.group_by = {named.field};
    query.selection.filters.push_back(std::move(named));
    query.measures = {store::make_measure("calls").value()};
    query.order = "calls";
    query.limit = kMostVersions;
    STENO_ASSIGN(const store::AggregateTable table, store.aggregate(query));
    for (PromptTrend::Change& change : changes)
        for (const auto& row : table.groups)
            if (std::erase(change.versions, text_of(row.key[0])) > 0)
                change.again.push_back(text_of(row.key[0]));
    return {};
}

}  // namespace

std::int64_t least_values(double quantile) {
    return quantile > 0.5 ? std::llround(1 / (1 - quantile)) : 1;
}

Result<PromptTrend> prompt_trend(store::CallQueries& store, const PromptTrendQuestion& question) {
    if (!question.selection.from || !question.selection.to)
        return fail(Code::InvalidArgument, "a trend is of a period");
    const store::Bucket bucket{store::Bucket::Unit::Day, question.zone};
    PromptTrend trend;
    STENO_ASSIGN(trend.days, days_of(bucket, *question.selection.from, *question.selection.to));
    Days places;
    for (std::size_t i = 0; i < trend.days.size(); ++i) places[trend.days[i].begin.unix_nanos] = i;
    const store::Selection executions = executions_of(question.prompt, question.selection);
    std::vector<std::string> scores;
    bool more_scores = false;
    if (question.metrics.empty()) {
        STENO_ASSIGN(scores, score_names(store, executions, kToldScores, more_scores));
    }
    STENO_ASSIGN(const std::vector<PromptMetric> metrics, prompt_metrics(question.metrics, scores));
    STENO_ASSIGN(trend.versions, versions_of(store, executions));

    for (const PromptMetric& metric : metrics) {
        PromptTrend::Series& series = trend.series.emplace_back();
        series.metric = metric.told;
        series.values.resize(trend.days.size());
    }
    STENO_ASSIGN(const std::vector<Counts> counts, counts_of(store, executions, {}, bucket));
    Sums all;
    for (const Counts& day : counts) {
        all += day.quality.figures;
        const auto place = day.bucket ? places.find(day.bucket->unix_nanos) : places.end();
        if (place == places.end()) continue;
        trend.days[place->second].calls = day.quality.figures.calls;
        for (std::size_t i = 0; i < metrics.size(); ++i)
            if (metrics[i].told.unit == Unit::Share && !metrics[i].is_of_numbers())
                trend.series[i].values[place->second] = share_in(metrics[i].kind, day.quality);
    }
    store::AggregateQuery query;
    query.selection = executions;
    query.bucket = bucket;
    query.limit = store::kMaxGroups;
    std::vector<std::size_t> measured;
    for (std::size_t i = 0; i < metrics.size(); ++i) {
        if (!metrics[i].is_of_numbers()) continue;
        if (metrics[i].told.unit == Unit::Money) trend.series[i].currency = all.cost.currency;
        if (trend.series[i].currency == "mixed") continue;
        STENO_ASSIGN(store::Measure measure, store::make_measure(measure_of(metrics[i])));
        STENO_ASSIGN(store::Measure count,
                     store::make_measure(fmt::format("count({})", metrics[i].field.path())));
        query.measures.push_back(std::move(measure));
        query.measures.push_back(std::move(count));
        measured.push_back(i);
    }
    if (!measured.empty()) {
        STENO_ASSIGN(const store::AggregateTable table, store.aggregate(query));
        for (const auto& row : table.groups) {
            const auto place = row.bucket ? places.find(row.bucket->unix_nanos) : places.end();
            if (place == places.end()) continue;
            for (std::size_t k = 0; k < measured.size(); ++k)
                if (count_in(row.cells[2 * k + 1]) >= least_values(metrics[measured[k]].quantile))
                    trend.series[measured[k]].values[place->second] = amount_in(row.cells[2 * k]);
        }
    }
    for (std::size_t i = 0; i < metrics.size(); ++i) {
        PromptTrend::Series& series = trend.series[i];
        STENO_ASSIGN(series.changes, changes_in(series, trend, question));
        STENO_TRY(part_known_before(store, executions, series.changes));
        for (PromptTrend::Change& change : series.changes)
            change.sentence = sentence_of(change, series, question.zone);
        if (series.changes.empty() || series.changes.back().worse != true) continue;
        set_alert(trend.degradations.emplace_back(series.metric.name, series.changes.back()), question,
                  metrics[i]);
    }
    return trend;
}

namespace {

void write(JsonWriter& json, const PromptTrend::Change& change) {
    json.member("at", change.at.to_string());
    json.member("before", change.before);
    json.member("after", change.after);
    json.member("p_value", change.p_value);
    json.key("worse");
    if (change.worse)
        json.boolean(*change.worse);
    else
        json.null();
    json.member("lasts", change.lasts);
    for (const auto& [key, versions] :
         {std::pair("versions", &change.versions), std::pair("again", &change.again)}) {
        json.key(key);
        json.begin_array();
        for (const std::string& version : *versions) json.string(version);
        json.end_array();
    }
    json.member("sentence", change.sentence);
}

}  // namespace

void write_members(JsonWriter& json, const PromptTrend& trend) {
    write_rows(json, "days", trend.days, [&](const PromptTrend::Day& day) {
        json.member("begin", day.begin.to_string());
        json.member("calls", day.calls);
    });
    write_rows(json, "versions", trend.versions, [&](const VersionUse& use) { write_use(json, use); });
    write_rows(json, "series", trend.series, [&](const PromptTrend::Series& series) {
        json.member("metric", series.metric.name);
        json.member("unit", to_string(series.metric.unit));
        json.member("better", to_string(series.metric.better));
        if (series.metric.unit == Unit::Money) write_name(json, "currency", series.currency);
        json.key("values");
        json.begin_array();
        for (const auto& value : series.values) {
            if (value)
                json.number(*value);
            else
                json.null();
        }
        json.end_array();
        write_rows(json, "changes", series.changes,
                   [&](const PromptTrend::Change& change) { write(json, change); });
    });
    write_rows(json, "degradations", trend.degradations, [&](const PromptTrend::Degradation& one) {
        json.member("metric", one.metric);
        write(json, one.change);
        write_name(json, "alert", one.alert);
        if (!one.why.empty()) json.member("why", one.why);
    });
}

}  // namespace steno::analysis
