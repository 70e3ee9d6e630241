#include "alerts/judgement.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace steno::alerts {

namespace {

/// Of groups that are not seen any more: so many are remembered, for so long after their level changed last.
constexpr std::size_t kMostAbsent = 1000;
constexpr std::int64_t kRemembered = 30 * 86'400 * std::int64_t{1'000'000'000};

/// Of what a step, or the whole of a limit that is projected, takes: below so many percent of it is it over.
constexpr int kStepOver = 95, kProjectionOver = 90;

/// Is there something to say when a group that is not seen now comes back?
bool to_remember(const Standing& standing, Timestamp now) {
    if (standing.leaned > 0) return true;
    if (!firing(standing.level) && !firing(standing.told)) return false;
    return !standing.since || now.unix_nanos - standing.since->unix_nanos < kRemembered;
}

/// Of a group that stood somehow and is not among what was observed: it has no calls or, where not all groups
/// were observed, that is not known.
Observation without_calls(const Rule& rule, const Standing& standing, bool truncated) {
    Observation gone;
    gone.group = standing.group;
    gone.because = truncated ? "others have more calls, and not all groups are watched" : "no calls";
    if (truncated || rule.against_before) return gone;
    // Calls of a group that fell silent long ago are still missing.
    const bool silent = rule.kind == Rule::Kind::MissingData && firing(standing.level);
    const bool zero = rule.kind != Rule::Kind::MissingData && rule.metric.zero_without_calls();
    if (silent || zero) gone.value = Decimal();
    return gone;
}

}  // namespace

Level level_of(const Rule& rule, const Observation& observation, Level present) {
    if (!observation.value) return Level::NoData;
    if (rule.kind == Rule::Kind::MissingData) return observation.calls == 0 ? rule.severity : Level::Ok;
    const Decimal value = *observation.value;
    if (rule.kind == Rule::Kind::Calls) return value > Decimal() ? rule.severity : Level::Ok;
    if (observation.calls < rule.min_calls) return Level::NoData;
    Decimal itself = observation.now.value_or(value);
    if (observation.hour && observation.hour->expected)  // too little matters, where more was expected
        itself = std::max(itself, decimal_of(*observation.hour->expected).value_or(itself));
    if (rule.at_least && itself < *rule.at_least) return Level::Ok;
    const auto beyond = [&](const std::optional<Decimal>& threshold) {
        return threshold && (rule.above ? value >= *threshold : value <= *threshold);
    };
    if (beyond(rule.critical)) return Level::Critical;
    if (beyond(rule.warning)) return Level::Warning;
    const bool recovered = !rule.recovery || (rule.above ? value <= *rule.recovery : value >= *rule.recovery);
    if (firing(present) && !recovered) return rule.warning ? Level::Warning : Level::Critical;
    return Level::Ok;
}

Step advance(const Rule& rule, Standing& standing, Level level, Timestamp now, bool muted) {
    Step step;
    if (level == standing.level && standing.since) {
        standing.leaning = level;
        standing.leaned = 0;
    } else {
        // Warning and critical in turn are both beyond.
        const bool on =
            standing.leaned > 0 && (level == standing.leaning || (firing(level) && firing(standing.leaning)));
        // What a start or a changed rule adds between two evaluations counts as none.
        const std::int64_t passed = standing.leaned_at ? now.unix_nanos - standing.leaned_at->unix_nanos : -1;
        const bool too_soon = on && passed >= 0 && passed < rule.every.nanos / 2;
        if (!too_soon) {
            standing.leaned = on ? standing.leaned + 1 : 1;
            standing.leaned_at = now;
        }
        standing.leaning = level;
        const bool first = !standing.since && !firing(level);  // nothing has happened
        if (first || standing.leaned >= rule.evaluations) {
            if (!first) step.transition = Transition{standing.level, level};
            standing.level = level;
            standing.since = now;
            standing.leaned = 0;
        }
    }
    if (muted) return step;
    if (firing(standing.level) && standing.told != standing.level) {
        step.telling = firing(standing.told) ? Telling::Changed : Telling::Fired;
    } else if (standing.level == Level::Ok && firing(standing.told)) {
        // What is only not known any more is not over: nothing is told, and `told` stays.
        step.telling = rule.tell_recovery ? Telling::Recovered : Telling::Nothing;
        standing.told = standing.level;
    } else if (firing(standing.level) && rule.renotify.nanos > 0 && standing.told_at &&
               now.unix_nanos - standing.told_at->unix_nanos >= rule.renotify.nanos) {
        step.telling = Telling::Reminder;
    }
    if (step.telling != Telling::Nothing) {
        standing.told = standing.level;
        standing.told_at = now;
    }
    return step;
}

Step advance_budget(const Rule& rule, Standing& standing, const Observation& observation, Timestamp now,
                    bool muted) {
    const BudgetSight* budget = observation.budget ? &*observation.budget : nullptr;
    if (budget != nullptr && !budget->state.known) return {};  // after a start: it stands as it stood
    if (budget == nullptr || !observation.value) return advance(rule, standing, Level::NoData, now, muted);
    const Timestamp period{budget->state.period.begin, 0};
    const bool anew = standing.period != period;
    const auto at_least = [&](int percent, int of_it) {  // exactly
        return observation.value->units() * 10'000 >= Decimal::kOne * percent * of_it;
    };
    Level level = Level::Ok;
    int step = 0;
    if (budget->projection) {
        // Once the limit is reached there is nothing to project; what was told before stays so.
        const bool on = !anew && firing(standing.level);
        if (on ? at_least(100, kProjectionOver) : at_least(100, 100) && !budget->state.used_up())
            level = Level::Warning;
    } else {
        step = budget->step;
        if (!anew && standing.step > step && at_least(standing.step, kStepOver)) step = standing.step;
        level = step >= 100 ? Level::Critical : step > 0 ? Level::Warning : Level::Ok;
    }
    if (anew && firing(level)) {  // the period that was told of is over, and nobody looked at its end
        if (firing(standing.level)) standing.level = Level::Ok;
        standing.told = Level::Ok;
    }
    const int reached = anew ? 0 : standing.step;
    Step made = advance(rule, standing, level, now, muted);
    if (!made.transition && firing(level) && step > reached) made.transition = Transition{level, level};
    const bool told = made.telling == Telling::Fired || made.telling == Telling::Changed;
    standing.told_step = std::min(standing.told_step, anew ? 0 : step);
    if (!muted && firing(level) && (told || step > standing.told_step)) {
        if (!told) made.telling = Telling::Changed;
        standing.told_step = step;
        standing.told_at = now;
    }
    standing.step = step;
    standing.period = period;
    return made;
}

std::optional<Decimal> threshold_of(const Rule& rule, const Observation& observation,
                                    const Standing& standing) {
    if (!observation.budget) return rule.threshold(standing.level);
    if (!firing(standing.level)) return std::nullopt;
    const int percent = observation.budget->projection ? 100 : standing.step;
    return Decimal::from_units(Decimal::kOne / 100 * percent);
}

Judgement judge(const Rule& rule, Observations seen, const Standings& before, Timestamp now, bool muted,
                bool silent) {
    std::set<std::string> there;
    for (const Observation& observation : seen.groups) there.insert(observation.group);
    std::size_t absent = 0;
    Judgement judgement;
    // Groups that have no calls any more are judged, too: what fired must end.
    for (const auto& [group, standing] : before) {
        if (there.contains(group)) continue;
        // A budget that only cannot be read must not be told of anew when it is back.
        if (rule.kind == Rule::Kind::Budget && seen.complete)
            judgement.gone.push_back(group);
        else if (rule.kind != Rule::Kind::Budget)
            seen.groups.push_back(without_calls(rule, standing, seen.truncated));
    }
    for (Observation& observation : seen.groups) {
        const auto old = before.find(observation.group);
        Judged judged;
        if (old != before.end()) judged.standing = old->second;
        Standing& standing = judged.standing;
        standing.group = observation.group;
        judged.was = standing.level;
        Level level = level_of(rule, observation, standing.level);
        const bool of_silence =
            rule.kind == Rule::Kind::MissingData || (observation.hour && observation.hour->far_score < 0);
        const bool too_early = silent && of_silence && !firing(standing.level);
        if (firing(level) && too_early) {
            if (!observation.hour) continue;
            observation.value.reset();
            observation.because = "Steno has not run for all of that hour";
            level = Level::NoData;
        }
        const bool here = there.contains(observation.group);
        if (rule.kind == Rule::Kind::Budget)
            judged.step = advance_budget(rule, standing, observation, now, muted);
        else if (here || !seen.truncated)
            judged.step = advance(rule, standing, level, now, muted);
        judged.changed = old == before.end() || standing != old->second;
        if (!here && !judged.step.transition && (!to_remember(standing, now) || ++absent > kMostAbsent)) {
            judgement.gone.push_back(observation.group);
            continue;
        }
        judged.observation = std::move(observation);
        judgement.groups.push_back(std::move(judged));
    }
    return judgement;
}

}  // namespace steno::alerts
