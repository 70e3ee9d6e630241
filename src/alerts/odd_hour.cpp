#include "alerts/observation.hpp"
#include "analysis/odd_hours.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <variant>

namespace steno::alerts {

namespace {

using analysis::Judgement;
using calendar::kDay;
using calendar::kHour;

constexpr int kLearningDays = 14;

std::optional<Decimal> exact(const analysis::Amount& amount) {
    if (const auto* money = std::get_if<Decimal>(&amount)) return *money;
    if (const auto* whole = std::get_if<std::int64_t>(&amount))
        return Decimal::from_units(*whole * Decimal::kOne);
    const auto number = analysis::to_double(amount);
    return number ? decimal_of(*number) : std::nullopt;
}

/// How far the hour is beyond what is usual, in the direction that the rule asks about.
Decimal score(const Rule& rule, const Judgement& hour) {
    double beyond = std::abs(hour.far_score);
    if (rule.side == Rule::Side::Above && hour.far_score < 0) beyond = 0;
    if (rule.side == Rule::Side::Below && hour.far_score > 0) beyond = 0;
    return decimal_of(std::round(beyond * 100) / 100).value_or(Decimal());
}

/// What is seen of a group in each of these hours.
void add_group(const Rule& rule, const analysis::AnomalyFinding& finding, std::vector<Observations>& hours) {
    const bool mixed = finding.currency == "mixed";
    auto exactly = finding.exact.begin();
    auto judged = finding.hours.begin();
    for (Observations& seen : hours) {
        const std::int64_t at = seen.window.from.unix_nanos;
        Observation one;
        one.key = finding.key;
        one.group = group_name(finding.key);
        if (!mixed) one.currency = finding.currency;
        while (exactly != finding.exact.end() && exactly->begin.unix_nanos < at) ++exactly;
        while (judged != finding.hours.end() && judged->begin.unix_nanos < at) ++judged;
        if (exactly != finding.exact.end() && exactly->begin.unix_nanos == at) {
            one.calls = exactly->calls;
            one.now = exact(exactly->value);
        }
        const bool there = judged != finding.hours.end() && judged->begin.unix_nanos == at;
        // Nothing is there to say of a group before it had calls.
        const std::int64_t begun = finding.begun ? finding.begun->unix_nanos : seen.window.to.unix_nanos;
        if (!finding.key.empty() && begun > at) continue;
        if (mixed) {
            one.because = "the calls cost money in different currencies";
        } else if (there && judged->expected) {
            one.hour = *judged;
            one.value = score(rule, *judged);
        } else if (at - begun > kLearningDays * kDay) {
            one.because = "no call of that hour says it";
        } else {
            one.learning = true;
            one.because = fmt::format("learning what is usual: {} of {} days",
                                      std::max<std::int64_t>(0, at - begun) / kDay, kLearningDays);
            if (!finding.begun && !rule.filters.empty()) one.because += "; no call fits its filters";
        }
        seen.groups.push_back(std::move(one));
    }
}

}  // namespace

std::int64_t hour_over_at(const Rule& rule, Timestamp now) {
    const std::int64_t over = now.unix_nanos - rule.delay.nanos, local = rule.zone.local(over);
    return over - (local - calendar::floor_to(local, kHour));
}

Result<std::vector<Observations>> observe_hours(store::CallQueries& store, const Rule& rule, Timestamp from,
                                                Timestamp to, std::size_t most) {
    const std::int64_t last = hour_over_at(rule, to);
    const std::int64_t first = std::min(hour_over_at(rule, from), last - kHour);
    analysis::AnomalyQuestion question{.measure = *rule.measure,
                                       .selection = {},
                                       .from = rule.zone.at(first),
                                       .to = rule.zone.at(last),
                                       .zone = rule.zone,
                                       .by = rule.group_by,
                                       .groups = kMaxGroups,
                                       .most_hours = most};
    question.selection.filters = rule.parsed_filters;
    question.threshold = rule.warning.value_or(rule.critical.value_or(Decimal())).to_double();
    STENO_ASSIGN(const analysis::AnomalyFindings found, analysis::find_anomalies(store, question));
    std::vector<Observations> hours;
    for (std::int64_t at = std::min(found.from.unix_nanos, last - kHour); at < last; at += kHour) {
        Observations& seen = hours.emplace_back();
        seen.window.from = rule.zone.at(at);
        seen.window.to = rule.zone.at(at + kHour);
        seen.window.nanos = kHour;
        seen.truncated = found.truncated;
    }
    for (const analysis::AnomalyFinding& group : found.groups) add_group(rule, group, hours);
    return hours;
}

}  // namespace steno::alerts
