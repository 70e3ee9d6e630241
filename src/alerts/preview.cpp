#include "alerts/preview.hpp"

#include "alerts/judgement.hpp"
#include "alerts/observation.hpp"
#include "alerts/telling.hpp"
#include "base/cancellation.hpp"

#include <algorithm>
#include <map>

namespace steno::alerts {

Result<Preview> preview(store::CallStore& store, const Rule& rule, const PreviewOptions& options) {
    const std::int64_t length = options.to.unix_nanos - options.from.unix_nanos;
    if (length <= 0) return fail(Code::InvalidArgument, "there is nothing between the beginning and the end");
    Preview found;
    found.from = options.from;
    found.to = options.to;
    const auto most = static_cast<std::int64_t>(options.most_evaluations);
    const std::int64_t times = (length / rule.every.nanos + most) / most;
    found.every = Duration{rule.every.nanos * std::max<std::int64_t>(times, 1)};
    const auto until = std::chrono::steady_clock::now() + options.patience;
    std::map<std::string, Standing> standings;
    const std::int64_t step = found.every.nanos;
    for (std::int64_t at = (options.from.unix_nanos + step - 1) / step * step; at <= options.to.unix_nanos;
         at += step) {
        const Timestamp now{at, 0};
        if (Cancellation::asked()) return fail(Code::Cancelled, "nobody waits for the preview any more");
        if (std::chrono::steady_clock::now() >= until || found.events.size() >= options.most_events) {
            found.stopped_at = now;
            break;
        }
        STENO_ASSIGN(Observations seen, observe(store, rule, now));
        ++found.evaluations;
        for (auto& [group, standing] : standings) {
            if (std::ranges::find(seen.groups, group, &Observation::group) != seen.groups.end()) continue;
            seen.groups.push_back(without_calls(rule, group));
        }
        for (const Observation& observation : seen.groups) {
            Standing& standing = standings[observation.group];
            standing.group = observation.group;
            const Step done =
                advance(rule, standing, level_of(rule, observation, standing.level), now, false);
            if (done.telling != Telling::Nothing) ++found.notifications;
            if (!done.transition) continue;
            found.events.push_back({now,
                                    rule.name,
                                    observation.group,
                                    done.transition->from,
                                    done.transition->to,
                                    sentence(rule, observation, standing.level),
                                    observation.value,
                                    rule.threshold(standing.level),
                                    {},
                                    false});
        }
    }
    return found;
}

}  // namespace steno::alerts
