#include "alerts/preview.hpp"

#include "alerts/judgement.hpp"
#include "alerts/observation.hpp"
#include "alerts/telling.hpp"
#include "base/cancellation.hpp"

#include <algorithm>

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
    Standings standings;
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
        const Judgement judgement = judge(rule, std::move(seen), standings, now, false, false);
        for (const std::string& group : judgement.gone) standings.erase(group);
        for (const Judged& judged : judgement.groups) {
            standings[judged.standing.group] = judged.standing;
            found.notifications += judged.step.telling != Telling::Nothing;
            const auto& transition = judged.step.transition;
            if (!transition) continue;
            found.events.push_back({now,
                                    rule.name,
                                    judged.standing.group,
                                    transition->from,
                                    transition->to,
                                    sentence(rule, judged.observation, judged.standing.level),
                                    judged.observation.value,
                                    rule.threshold(judged.standing.level),
                                    {},
                                    false});
        }
    }
    return found;
}

}  // namespace steno::alerts
