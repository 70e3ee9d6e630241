#include "analysis/odd_hours.hpp"

#include "analysis/cells.hpp"
#include "analysis/figures.hpp"
#include "analysis/measure_inquiry.hpp"
#include "base/cancellation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace steno::analysis {

namespace {

/// A group, while its hours are gathered.
struct Series {
    GroupKey key;
    Timestamp from;  ///< what was before it is not known, or too long ago
    std::string currency;
    std::vector<Hour> hours;  ///< whole ones
    std::vector<AnomalyFinding::Exact> exact;
};

/// Calls of other groups than these are left out as far as one condition a field can say it: what a store
/// answers is bounded. Of sets, whose members are looked for one by one, that would cost more than it saves.
store::Selection narrowed(store::Selection selection, const std::vector<store::Field>& by,
                          const std::vector<Series>& groups) {
    for (std::size_t i = 0; i < by.size(); ++i) {
        if (by[i].type() == FieldType::TextList) continue;
        store::Filter among{by[i], store::Op::In, {}};
        const bool all = std::ranges::all_of(groups, [&](const Series& group) {
            const auto& value = group.key[i];
            if (value && std::ranges::find(among.values, *value) == among.values.end())
                among.values.push_back(*value);
            return value.has_value();
        });
        if (all && !groups.empty()) selection.filters.push_back(std::move(among));
    }
    return selection;
}

std::optional<double> size_in(const store::Cell& cell) {
    const auto* const value = std::get_if<store::Value>(&cell);
    if (const auto* const money = value == nullptr ? nullptr : std::get_if<Decimal>(value))
        return money->to_double();
    return number_in(cell);
}

/// A measure of each of these groups that has calls in the selection, by key_text.
Result<std::map<std::string, store::Cell>> measure_each(store::CallQueries& store,
                                                        const store::Selection& selection,
                                                        const AnomalyQuestion& question,
                                                        const std::vector<Series>& groups,
                                                        std::string_view measure) {
    store::AggregateQuery query;
    query.selection = narrowed(ai_calls_of(selection), question.by, groups);
    query.group_by = question.by;
    STENO_ASSIGN(store::Measure made, store::make_measure(measure));
    query.measures.push_back(std::move(made));
    query.limit = store::kMaxGroups;
    STENO_ASSIGN(const store::AggregateTable table, store.aggregate(query));
    std::map<std::string, store::Cell> cells;
    for (const auto& group : table.groups) cells.emplace(key_text(group.key), group.cells.front());
    if (!table.truncated) return cells;
    query.group_by.clear();
    for (const Series& group : groups) {  // those that had no room
        if (cells.contains(key_text(group.key))) continue;
        query.selection = group_of(ai_calls_of(selection), question.by, group.key);
        STENO_ASSIGN(const store::AggregateTable one, store.aggregate(query));
        cells.emplace(key_text(group.key), one.groups.front().cells.front());
    }
    return cells;
}

/// Those with the most calls from `begin` on. Of one that had calls before it the hours since `begin` count,
/// of others those since their first call.
Result<std::vector<Series>> series_of(store::CallQueries& store, const AnomalyQuestion& question,
                                      Timestamp begin, bool older, bool& truncated) {
    if (question.by.empty()) return std::vector{Series{{}, begin, {}, {}, {}}};
    store::AggregateQuery query;
    query.selection = ai_calls_of(question.selection);
    query.selection.from = begin;
    query.selection.to = question.to;
    query.group_by = question.by;
    for (const char* const name : {"calls", "min(started_at)"}) {
        STENO_ASSIGN(store::Measure measure, store::make_measure(name));
        query.measures.push_back(std::move(measure));
    }
    query.order = "calls";
    query.limit = question.groups;
    STENO_ASSIGN(store::AggregateTable table, store.aggregate(query));
    truncated = table.truncated;
    std::vector<Series> groups;
    for (auto& group : table.groups)
        groups.push_back({std::move(group.key), moment_in(group.cells[1]).value_or(begin), {}, {}, {}});
    if (!older || groups.empty()) return groups;
    store::Selection before = question.selection;
    before.from.reset();
    before.to = begin;
    STENO_ASSIGN(const auto calls, measure_each(store, before, question, groups, "calls"));
    for (Series& group : groups) {
        const auto there = calls.find(key_text(group.key));
        if (there != calls.end() && count_in(there->second) > 0) group.from = begin;
    }
    return groups;
}

/// What the store says of these hours is added to each group's.
void add_hours(const AnomalyQuestion& question, MeasureInquiry::Groups found,
               std::span<const std::pair<std::int64_t, Timestamp>> buckets, Timestamp end,
               std::vector<Series>& groups) {
    const TrendMeasure& measure = question.measure;
    for (Series& group : groups) {
        MeasuredBuckets& there = found.groups[key_text(group.key)];
        for (std::size_t i = 0; i < buckets.size(); ++i) {
            const Timestamp begin = buckets[i].second,
                            next = i + 1 < buckets.size() ? buckets[i + 1].second : end;
            Measured& one = there[buckets[i].first];
            if (measure.sum && one.calls == 0)
                one.value = measure.unit == Unit::Money ? Amount(Decimal()) : Amount(std::int64_t{0});
            if (!one.currency.empty() && one.currency != group.currency)
                group.currency = group.currency.empty() ? one.currency : "mixed";
            const bool after_it_began = group.from < next;
            if (begin >= question.from && after_it_began)
                group.exact.push_back({begin, one.calls, one.value});
            // The first hour and the last one are parts of hours.
            if (next.unix_nanos - begin.unix_nanos < calendar::kHour || begin < group.from) continue;
            const auto value = to_double(one.value);
            const auto calls = static_cast<double>(one.calls);
            if (*measure.anomalies == SeriesKind::Sum)
                group.hours.push_back({begin, value.value_or(0), 1});
            else
                group.hours.push_back(
                    {begin, value.value_or(0) * (*measure.anomalies == SeriesKind::Share ? calls : 1),
                     value ? calls : 0});
        }
    }
}

/// All hours of [begin, question.to), as many at once as the store answers.
Result<void> gather(store::CallQueries& store, const AnomalyQuestion& question, const store::Bucket& bucket,
                    std::span<const std::pair<std::int64_t, Timestamp>> buckets, Timestamp begin,
                    std::vector<Series>& groups) {
    MeasureInquiry ask(store, question.measure, bucket);
    store::Selection selection = narrowed(question.selection, question.by, groups);
    std::size_t at_once =
        std::max<std::size_t>(1, store::kMaxGroups / std::max<std::size_t>(1, groups.size()));
    for (std::size_t done = 0; done < buckets.size();) {
        const std::size_t end = std::min(buckets.size(), done + at_once);
        selection.from = done == 0 ? begin : buckets[done].second;
        selection.to = end == buckets.size() ? question.to : buckets[end].second;
        STENO_ASSIGN(MeasureInquiry::Groups found, ask.ask_by(selection, question.by, true));
        if (found.truncated) {
            if (at_once == 1)
                return fail(Code::InvalidArgument,
                            fmt::format("there are more than {} groups in an hour", store::kMaxGroups),
                            "fewer fields to group by, or filters");
            at_once = std::max<std::size_t>(1, std::min(at_once, buckets.size()) / 4);
            continue;
        }
        add_hours(question, std::move(found), buckets.subspan(done, end - done), *selection.to, groups);
        done = end;
    }
    return {};
}

}  // namespace

Result<AnomalyFindings> find_anomalies(store::CallQueries& store, const AnomalyQuestion& question) {
    const TrendMeasure& measure = question.measure;
    if (!measure.anomalies)
        return fail(Code::InvalidArgument, fmt::format("anomalies of {} are not looked for", measure.name),
                    "calls, cost, requests, tokens, failures, failure_rate, duration_p95, ttft_p50, …");
    if (question.to.unix_nanos - question.from.unix_nanos > kMaxJudgedDays * calendar::kDay)
        return fail(Code::InvalidArgument,
                    fmt::format("anomalies are looked for in up to {} days at once", kMaxJudgedDays));
    AnomalyFindings findings;
    findings.from = question.from;
    STENO_ASSIGN(const auto first, first_call(store, question.selection));
    if (!first || *first >= question.to) {
        if (question.by.empty()) findings.groups.emplace_back().kind = *measure.anomalies;
        return findings;
    }
    const std::int64_t oldest = question.from.unix_nanos - kAnomalyHistoryDays * calendar::kDay;
    const Timestamp begin = question.zone.at(std::max(first->unix_nanos, oldest));
    const store::Bucket bucket{store::Bucket::Unit::Hour, question.zone};
    STENO_ASSIGN(const auto buckets, buckets_of(bucket, begin, question.to, kMaxTrendPoints));
    STENO_ASSIGN(std::vector<Series> groups,
                 series_of(store, question, begin, *first < begin, findings.truncated));
    STENO_TRY(gather(store, question, bucket, buckets, begin, groups));

    AnomalyOptions options;
    options.kind = *measure.anomalies;
    options.threshold = question.threshold;
    std::map<std::string, store::Cell> units;
    const bool of_calls = measure.unit == Unit::Money || measure.name.ends_with("tokens");
    if (options.kind == SeriesKind::Sum && of_calls) {
        // The size of a single event: what a dear call brings.
        store::Selection all = question.selection;
        all.from = begin;
        all.to = question.to;
        STENO_ASSIGN(units, measure_each(store, all, question, groups,
                                         measure.unit == Unit::Money       ? "p95(cost.total)"
                                         : measure.name == "output_tokens" ? "p95(usage.output_tokens)"
                                                                           : "p95(usage.input_tokens)"));
    }
    const std::size_t most =
        std::max<std::size_t>(1, question.most_hours / std::max<std::size_t>(1, groups.size()));
    if (const auto asked_for =
            static_cast<std::size_t>((question.to.unix_nanos - question.from.unix_nanos) / calendar::kHour);
        asked_for > most)
        findings.from =
            question.zone.at(question.to.unix_nanos - static_cast<std::int64_t>(most) * calendar::kHour);
    for (Series& group : groups) {
        if (Cancellation::asked()) return fail(Code::Cancelled, "nobody waits for odd hours any more");
        AnomalyFinding& finding = findings.groups.emplace_back();
        finding.kind = options.kind;
        finding.currency = std::move(group.currency);
        finding.begun = store::bucket_begin(bucket, store::bucket_key(bucket, group.from.unix_nanos));
        finding.exact = std::move(group.exact);
        if (finding.currency != "mixed") {
            const auto unit = units.find(key_text(group.key));
            const auto size = unit == units.end() ? std::nullopt : size_in(unit->second);
            options.unit = std::max(1e-9, size.value_or(1));
            finding.hours = judge(group.hours, question.zone, options, findings.from);
            finding.found = anomalies(finding.hours, finding.kind);
        }
        finding.key = std::move(group.key);
    }
    return findings;
}

void write(JsonWriter& json, std::span<const Anomaly> anomalies) {
    json.begin_array();
    for (const Anomaly& anomaly : anomalies) {
        json.begin_object();
        json.member("from", anomaly.from.to_string());
        json.member("to", anomaly.to.to_string());
        json.member("verdict", to_string(anomaly.verdict));
        json.member("value", anomaly.value);
        json.member("expected", anomaly.expected);
        json.member("score", anomaly.score);
        json.end_object();
    }
    json.end_array();
}

}  // namespace steno::analysis
