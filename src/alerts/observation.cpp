#include "alerts/observation.hpp"

#include "notify/message.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <map>
#include <span>

namespace steno::alerts {

namespace {

using store::AggregateQuery;
using store::AggregateTable;
using store::Cell;
using store::Filter;
using store::Selection;

/// Of a day, week or month, before what it lacks can be compared with the one before.
constexpr std::int64_t kBegun = 3600 * std::int64_t{1'000'000'000};
constexpr int kPeriodsBack = 7;  ///< of missing data by groups: who called in so many windows before

/// Cells by group.
struct Table {
    std::map<std::string, AggregateTable::Group> groups;
    bool truncated = false;
};

/// Measures of the selection, those groups with the most calls first.
Result<Table> ask(store::CallQueries& store, const Rule& rule, Selection selection, const Part& part,
                  std::uint32_t limit) {
    AggregateQuery query;
    selection.filters.insert(selection.filters.end(), part.filters.begin(), part.filters.end());
    query.selection = std::move(selection);
    query.group_by = rule.group_by;
    query.measures = part.measures;
    STENO_ASSIGN(store::Measure calls, store::make_measure("calls"));
    query.measures.push_back(std::move(calls));
    query.order = "calls";
    query.limit = limit;
    STENO_ASSIGN(AggregateTable answer, store.aggregate(query));
    Table table;
    table.truncated = answer.truncated;
    for (auto& group : answer.groups) {
        std::string name = group_name(group.key);
        table.groups.emplace(std::move(name), std::move(group));
    }
    return table;
}

std::span<const Cell> cells_of(const Table& table, const std::string& group) {
    const auto found = table.groups.find(group);
    if (found == table.groups.end()) return {};
    return std::span(found->second.cells).first(found->second.cells.size() - 1);
}

std::int64_t calls_of(const AggregateTable::Group& group) {
    const auto* value = std::get_if<store::Value>(&group.cells.back());
    const auto* calls = value == nullptr ? nullptr : std::get_if<std::int64_t>(value);
    return calls == nullptr ? 0 : *calls;
}

/// The metric of every group of a window.
Result<Observations> measure(store::CallQueries& store, const Rule& rule, const calendar::Period& window) {
    constexpr std::uint32_t kMostBeside = 10'000;  ///< of groups in the second and third question
    const Selection selection = selection_of(rule, window);
    const Metric& metric = rule.metric;
    const bool top_is_all = metric.top.filters.empty();
    Part all;
    if (top_is_all) all = metric.top;
    // What is divided by needs no question of its own where it is of all calls.
    const bool bottom_is_all = metric.bottom && metric.bottom->filters.empty();
    const std::size_t of_top = all.measures.size();
    if (bottom_is_all)
        all.measures.insert(all.measures.end(), metric.bottom->measures.begin(),
                            metric.bottom->measures.end());
    STENO_ASSIGN(const Table calls, ask(store, rule, selection, all, kMaxGroups));
    Table top, bottom;
    if (!top_is_all) {
        STENO_ASSIGN(top, ask(store, rule, selection, metric.top, kMostBeside));
    }
    if (metric.bottom && !bottom_is_all) {
        STENO_ASSIGN(bottom, ask(store, rule, selection, *metric.bottom, kMostBeside));
    }
    Observations found;
    found.window = window;
    found.truncated = calls.truncated;
    for (const auto& [name, group] : calls.groups) {
        Observation observation;
        observation.key = group.key;
        observation.group = name;
        observation.calls = calls_of(group);
        const bool none = !top_is_all && !top.groups.contains(name);
        std::vector<Cell> zero;  // no call of the group is in the top: that is a number, too
        if (none && !top.truncated) {
            for (const store::Measure& measure : metric.top.measures)
                zero.push_back(measure.function == store::Measure::Function::Calls
                                   ? Cell(store::Value(std::int64_t{0}))
                                   : Cell());
        }
        const std::span<const Cell> cells = cells_of(calls, name);
        const Reading reading =
            read(metric,
                 top_is_all ? cells.first(std::min(of_top, cells.size()))
                 : none     ? zero
                            : cells_of(top, name),
                 bottom_is_all ? cells.subspan(std::min(of_top, cells.size())) : cells_of(bottom, name));
        observation.value = reading.value;
        observation.because = observation.calls == 0 && !reading.value
                                  ? fmt::format("no calls in {}", rule.window)
                                  : reading.because;
        observation.currency = reading.currency;
        observation.unpriced_calls = reading.unpriced_calls;
        found.groups.push_back(std::move(observation));
    }
    return found;
}

/// What is compared is how many times as much it is as in the window before.
Result<void> compare_with_before(store::CallQueries& store, const Rule& rule, Observations& found) {
    STENO_ASSIGN(const Observations past, measure(store, rule, calendar::before(found.window, rule.zone)));
    const bool just_begun =
        found.window.unfinished && found.window.to.unix_nanos - found.window.from.unix_nanos < kBegun;
    for (Observation& observation : found.groups) {
        const auto then = std::ranges::find(past.groups, observation.group, &Observation::group);
        observation.now = observation.value;
        observation.value.reset();
        if (just_begun && !rule.above) {
            observation.because = fmt::format("{} has only begun", rule.window);
            continue;
        }
        if (then == past.groups.end() || !then->value || *then->value == Decimal()) {
            if (observation.because.empty()) observation.because = "there is nothing before to compare with";
        } else {
            observation.before = then->value;
            if (observation.now) observation.value = ratio(*observation.now, *then->value);
        }
        const bool small = rule.at_least && observation.now && *observation.now < *rule.at_least;
        if (small && !observation.value)
            observation.value = Decimal();  // too little to matter, whatever came before
    }
    return {};
}

/// Groups that made calls in the windows before and none in this one.
Result<void> add_silent_groups(store::CallQueries& store, const Rule& rule, Observations& found) {
    calendar::Period before = found.window;
    before.to = found.window.from;
    before.from.unix_nanos -= kPeriodsBack * (found.window.to.unix_nanos - found.window.from.unix_nanos);
    STENO_ASSIGN(const Observations past, measure(store, rule, before));
    found.truncated |= past.truncated;
    for (const Observation& then : past.groups) {
        if (found.groups.size() >= kMaxGroups) break;
        if (std::ranges::find(found.groups, then.group, &Observation::group) != found.groups.end()) continue;
        Observation silent;
        silent.key = then.key;
        silent.group = then.group;
        silent.value = Decimal();
        found.groups.push_back(std::move(silent));
    }
    return {};
}

Filter is(const store::Field& field, const std::optional<store::Value>& value) {
    if (!value) return {field, store::Op::Exists, {store::Value(false)}};
    return {field, store::Op::Eq, {*value}};
}

}  // namespace

store::Selection selection_of(const Rule& rule, const calendar::Period& window) {
    Selection selection;
    selection.from = window.from;
    selection.to = window.to;
    selection.filters = rule.parsed_filters;
    const bool names_kind = std::ranges::any_of(
        rule.parsed_filters, [](const Filter& filter) { return filter.field.path() == "kind"; });
    if (!names_kind) selection.filters.push_back(store::ai_calls());
    return selection;
}

Result<Observations> observe(store::CallQueries& store, const Rule& rule, Timestamp now) {
    if (rule.kind == Rule::Kind::Anomaly) {
        STENO_ASSIGN(auto hours, observe_hours(store, rule, now, now));
        return std::move(hours.back());
    }
    const Timestamp end = rule.zone.at(now.unix_nanos - rule.delay.nanos);
    STENO_ASSIGN(const calendar::Period window, calendar::parse_period(rule.window, rule.zone, end));
    STENO_ASSIGN(Observations found, measure(store, rule, window));
    if (rule.against_before) STENO_TRY(compare_with_before(store, rule, found));
    if (rule.kind == Rule::Kind::MissingData && !rule.group_by.empty())
        STENO_TRY(add_silent_groups(store, rule, found));
    return found;
}

Result<std::vector<std::string>> samples(store::CallQueries& store, const Rule& rule,
                                         const calendar::Period& window, const Observation& observation,
                                         std::uint32_t most) {
    store::CallQuery query;
    if (observation.budget) {  // the dearest
        query.selection =
            budgets::selection_of(observation.budget->state.budget, observation.budget->state.period);
        STENO_TRY(store::set_order(query, "-cost.total"));
    } else {
        query.selection = selection_of(rule, window);
        auto& filters = query.selection.filters;
        filters.insert(filters.end(), rule.metric.sample_filters.begin(), rule.metric.sample_filters.end());
        for (std::size_t i = 0; i < rule.group_by.size() && i < observation.key.size(); ++i)
            filters.push_back(is(rule.group_by[i], observation.key[i]));
        STENO_TRY(store::set_order(query, rule.metric.sample_order));
    }
    store::leave_out_unlisted(query.selection);
    query.limit = most;
    query.fields = {"id"};
    STENO_ASSIGN(const store::Page page, store.find(query));
    std::vector<std::string> ids;
    for (const store::Row& row : page.rows) ids.push_back(row.call.id.to_string());
    return ids;
}

std::string group_name(const std::vector<std::optional<store::Value>>& key) {
    if (key.empty()) return {};
    std::string group = "[";
    for (const auto& value : key) {
        if (group.size() > 1) group += ',';
        if (value)
            store::append_json(group, *value);
        else
            group += "null";
    }
    return group + "]";
}

std::string group_text(std::string_view group) {
    constexpr std::size_t kMostValue = 200;  ///< bytes
    if (group.empty()) return {};
    simdjson::dom::parser parser;
    simdjson::dom::array values;
    if (parser.parse(group.data(), group.size()).get(values) != simdjson::SUCCESS)
        return notify::one_line(group, kMostValue);
    std::string text;
    for (const simdjson::dom::element value : values) {
        if (!text.empty()) text += ", ";
        std::string_view one;
        if (value.get(one) == simdjson::SUCCESS)
            text += notify::one_line(one, kMostValue);
        else
            text += value.is_null() ? "–" : simdjson::minify(value);
    }
    return text;
}

}  // namespace steno::alerts
