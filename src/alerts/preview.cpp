#include "alerts/preview.hpp"

#include "alerts/judgement.hpp"
#include "alerts/observation.hpp"
#include "alerts/telling.hpp"
#include "analysis/odd_hours.hpp"
#include "base/cancellation.hpp"
#include "budgets/spent.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <ranges>
#include <utility>

namespace steno::alerts {

namespace {

using calendar::kHour;

/// What the rule would have seen at a moment. Of hours and budgets asked in order of time.
using Look = std::function<Result<Observations>(Timestamp)>;

/// What was seen when, in order of time.
struct Sight {
    Timestamp at;
    Observations seen;
};

/// Looks at the latest moments first: where there is no time for all, what is missing is long ago.
Result<std::deque<Sight>> latest_first(const Look& look, const std::vector<Timestamp>& moments,
                                       const PreviewOptions& options) {
    const auto until = std::chrono::steady_clock::now() + options.patience;
    std::deque<Sight> sights;
    std::size_t groups = 0;
    for (const Timestamp moment : moments | std::views::reverse) {
        if (Cancellation::asked()) return fail(Code::Cancelled, "nobody waits for the preview any more");
        const bool enough = std::chrono::steady_clock::now() >= until || groups >= options.most_groups;
        if (enough && !sights.empty()) break;
        STENO_ASSIGN(Observations seen, look(moment));
        groups += seen.groups.size();
        sights.push_front({moment, std::move(seen)});
    }
    return sights;
}

/// Each hour was judged by those before it alone: all of them at once are as each by itself. `looked_from`:
/// where there was no room for all of them.
Result<Look> hours_of(store::CallQueries& store, const Rule& rule, const PreviewOptions& options,
                      std::optional<Timestamp>& looked_from) {
    STENO_ASSIGN(auto hours, observe_hours(store, rule, options.from, options.to, options.most_groups));
    const std::int64_t first = hours.front().window.from.unix_nanos;
    if (first > hour_over_at(rule, options.from))
        looked_from = Timestamp{first + kHour + rule.delay.nanos, 0};
    auto by_end = std::make_shared<std::map<std::int64_t, Observations>>();
    for (Observations& hour : hours) {
        const std::int64_t end = hour.window.to.unix_nanos;
        by_end->emplace(end, std::move(hour));
    }
    return [by_end, &rule](Timestamp now) -> Result<Observations> {
        const auto found = by_end->find(hour_over_at(rule, now));
        return found == by_end->end() ? Observations() : found->second;
    };
}

/// What was spent of each budget by then, from its sums by hours.
Result<Look> spending_of(store::CallQueries& store, const Rule& rule, const PreviewOptions& options,
                         std::span<const budgets::Budget> budgets) {
    struct Past {
        const budgets::Budget& budget;
        std::vector<budgets::Stretch> hours;
        std::size_t next = 0;
        budgets::State state = {};
    };
    auto all = std::make_shared<std::vector<Past>>();
    for (const budgets::Budget& budget : budgets) {
        if (!rule.budget.empty() && budget.name != rule.budget) continue;
        const budgets::Span span{budgets::period_at(budget, options.from.unix_nanos).begin,
                                 options.to.unix_nanos};
        STENO_ASSIGN(auto hours, budgets::spent_by(store, budget, span, store::Bucket::Unit::Hour));
        all->push_back({budget, std::move(hours)});
    }
    return [all, &rule](Timestamp now) -> Result<Observations> {
        std::vector<budgets::State> states;
        for (Past& past : *all) {
            const budgets::Span period = budgets::period_at(past.budget, now.unix_nanos);
            if (period != past.state.period) past.state.spent = {};
            past.state.budget = past.budget;
            past.state.period = period;
            past.state.known = true;
            past.state.at = now.unix_nanos;
            for (; past.next < past.hours.size(); ++past.next) {
                const budgets::Stretch& hour = past.hours[past.next];
                if (hour.begin.unix_nanos + kHour > now.unix_nanos) break;
                if (hour.begin.unix_nanos >= period.begin) past.state.spent += hour.spent;
            }
            states.push_back(past.state);
        }
        return observe_budgets(rule, states);
    };
}

Result<Look> look_of(store::CallQueries& store, const Rule& rule, const PreviewOptions& options,
                     std::span<const budgets::Budget> budgets, std::optional<Timestamp>& looked_from) {
    if (rule.kind == Rule::Kind::Anomaly) return hours_of(store, rule, options, looked_from);
    if (rule.kind == Rule::Kind::Budget) return spending_of(store, rule, options, budgets);
    return [&store, &rule](Timestamp now) { return observe(store, rule, now); };
}

}  // namespace

Result<Preview> preview(store::CallQueries& store, const Rule& rule, const PreviewOptions& options,
                        std::span<const budgets::Budget> budgets) {
    const std::int64_t length = options.to.unix_nanos - options.from.unix_nanos;
    if (length <= 0) return fail(Code::InvalidArgument, "there is nothing between the beginning and the end");
    const bool hourly = rule.kind == Rule::Kind::Anomaly || rule.kind == Rule::Kind::Budget;
    if (hourly && length > analysis::kMaxJudgedDays * calendar::kDay)
        return fail(Code::InvalidArgument,
                    fmt::format("that is longer than {} days", analysis::kMaxJudgedDays),
                    "ask about a shorter time");
    Preview found;
    found.from = options.from;
    found.to = options.to;
    const auto most = static_cast<std::int64_t>(options.most_evaluations);
    const std::int64_t every = hourly ? std::max(rule.every.nanos, kHour) : rule.every.nanos;
    const std::int64_t times = (length / every + most) / most;
    found.every = Duration{every * std::max<std::int64_t>(times, 1)};
    STENO_ASSIGN(const Look look, look_of(store, rule, options, budgets, found.looked_from));
    Standings standings;
    std::map<std::string, std::size_t> reasons;
    const std::int64_t step = found.every.nanos;
    // Hours of zones that are half an hour off, and what comes a little late, too.
    const std::int64_t behind = rule.kind == Rule::Kind::Anomaly ? rule.delay.nanos : 0;
    std::vector<Timestamp> moments;
    for (std::int64_t at = (options.from.unix_nanos + step - 1) / step * step + behind;
         at <= options.to.unix_nanos; at += step)
        if (const Timestamp moment{at, 0}; !found.looked_from || moment >= *found.looked_from)
            moments.push_back(moment);
    if (found.looked_from && !moments.empty()) found.looked_from = moments.front();
    std::deque<Sight> sights;
    // Those of hours and budgets are there already, and cost nothing.
    if (!hourly) {
        STENO_ASSIGN(sights, latest_first(look, moments, options));
        if (sights.size() < moments.size()) found.looked_from = sights.front().at;
        moments.erase(moments.begin(), moments.end() - static_cast<std::ptrdiff_t>(sights.size()));
    }
    std::deque<PreviewEvent> events;
    for (const Timestamp now : moments) {
        if (Cancellation::asked()) return fail(Code::Cancelled, "nobody waits for the preview any more");
        Observations seen;
        if (hourly) {
            STENO_ASSIGN(seen, look(now));
        } else {
            seen = std::move(sights.front().seen);
            sights.pop_front();
        }
        ++found.evaluations;
        const Judgement judgement = judge(rule, std::move(seen), standings, now, false, false);
        for (const std::string& group : judgement.gone) standings.erase(group);
        if (judgement.groups.empty()) {
            ++found.unknown;
            ++reasons[rule.kind == Rule::Kind::Budget ? "there are no budgets" : "no calls"];
        }
        for (const Judged& judged : judgement.groups) {
            standings[judged.standing.group] = judged.standing;
            const bool told = judged.step.telling != Telling::Nothing;
            found.notifications += told;
            const bool known = judged.standing.level != Level::NoData;
            (known ? found.judged : found.unknown) += 1;
            if (!known) ++reasons[why_unknown(rule, judged.observation)];
            const auto& transition = judged.step.transition;
            if (!transition && !told) continue;
            const Level level = judged.standing.level;
            events.push_back({{now,
                               rule.name,
                               judged.standing.group,
                               transition ? transition->from : level,
                               transition ? transition->to : level,
                               sentence(rule, judged.observation, judged.standing),
                               judged.observation.value,
                               threshold_of(rule, judged.observation, judged.standing),
                               {},
                               false},
                              told});
            if (events.size() > options.most_events) {
                events.pop_front();
                ++found.more_events;
            }
        }
    }
    found.events.assign(std::make_move_iterator(events.begin()), std::make_move_iterator(events.end()));
    if (const auto most_often =
            std::ranges::max_element(reasons, {}, [](const auto& one) { return one.second; });
        most_often != reasons.end())
        found.because = most_often->first;
    return found;
}

}  // namespace steno::alerts
