#include "alerts/observation.hpp"
#include "analysis/trends.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
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

}  // namespace

std::int64_t hour_over_at(const Rule& rule, Timestamp now) {
    const std::int64_t over = now.unix_nanos - rule.delay.nanos, local = rule.zone.local(over);
    return over - (local - calendar::floor_to(local, kHour));
}

Result<std::vector<Observations>> observe_hours(store::CallStore& store, const Rule& rule, Timestamp from,
                                                Timestamp to) {
    const std::int64_t last = hour_over_at(rule, to);
    const std::int64_t first = std::min(hour_over_at(rule, from), last - kHour);
    store::Selection selection;
    selection.filters = rule.parsed_filters;
    const double threshold = rule.warning.value_or(rule.critical.value_or(Decimal())).to_double();
    STENO_ASSIGN(const analysis::AnomalyFinding finding,
                 analysis::find_anomalies(store, *rule.measure, selection, rule.zone.at(first),
                                          rule.zone.at(last), rule.zone, threshold));
    const bool mixed = finding.currency == "mixed";
    const std::int64_t begun = finding.points.empty() ? last : finding.points.front().begin.unix_nanos;
    std::vector<Observations> hours;
    auto point = finding.points.begin();
    auto judged = finding.hours.begin();
    for (std::int64_t at = first; at < last; at += kHour) {
        Observations& seen = hours.emplace_back();
        seen.window.from = rule.zone.at(at);
        seen.window.to = rule.zone.at(at + kHour);
        seen.window.nanos = kHour;
        Observation& one = seen.groups.emplace_back();
        if (!mixed) one.currency = finding.currency;
        while (point != finding.points.end() && point->begin.unix_nanos < at) ++point;
        while (judged != finding.hours.end() && judged->begin.unix_nanos < at) ++judged;
        if (point != finding.points.end() && point->begin.unix_nanos == at) {
            one.calls = point->calls;
            one.now = exact(point->value);
        }
        const bool there = judged != finding.hours.end() && judged->begin.unix_nanos == at;
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
            if (finding.points.empty() && !rule.filters.empty()) one.because += "; no call fits its filters";
        }
    }
    return hours;
}

}  // namespace steno::alerts
