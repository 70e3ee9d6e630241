#include "alerts/watcher.hpp"

#include "alerts/judgement.hpp"
#include "alerts/telling.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <set>

namespace steno::alerts {

namespace {

constexpr std::uint32_t kSamples = 5;
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kLookAgain = 60 * kSecond;  ///< for rules that others have changed
constexpr std::int64_t kPostponed = 5 * kSecond;   ///< until the store is looked at again
constexpr std::int64_t kSilence =
    600 * kSecond;  ///< after a start nobody is told sooner that calls are missing
constexpr std::int64_t kForgetAfter = 7 * 86'400 * kSecond;  ///< quiet groups without calls

}  // namespace

Watcher::Watcher(Parts parts) : parts_(std::move(parts)), started_at_(parts_.clock.now()) {}

Watcher::~Watcher() {
    stop();
}

void Watcher::start() {
    started_at_ = parts_.clock.now();
    running_ = true;
    thread_ = std::thread([this] { run(); });
}

void Watcher::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
    running_ = false;
}

void Watcher::rules_changed() {
    {
        const std::lock_guard lock(mutex_);
        look_ = true;
    }
    changed_.notify_all();
}

void Watcher::run() {
    for (;;) {
        const Timestamp next = evaluate_due();
        const std::int64_t pause =
            std::clamp<std::int64_t>(next.unix_nanos - parts_.clock.now().unix_nanos, 0, kLookAgain);
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, std::chrono::nanoseconds(pause), [this] { return look_ || stopping_; });
        look_ = false;
        if (stopping_) return;
    }
}

Timestamp Watcher::evaluate_due() {
    const Timestamp now = parts_.clock.now();
    const auto in = [&](std::int64_t nanos) { return Timestamp{now.unix_nanos + nanos, 0}; };
    const auto rules = parts_.book.rules();
    if (!rules) {
        log::warning("alert rules cannot be read: {}", rules.error().message);
        const std::lock_guard lock(mutex_);
        ++stats_.failures;
        return in(kPostponed);
    }
    std::set<std::string_view> names;
    std::vector<const KeptRule*> due;
    Timestamp next = in(kLookAgain);
    for (const KeptRule& kept : *rules) {
        names.insert(kept.rule.name);
        Pace& pace = paces_[kept.rule.name];
        const bool as_before = pace.version == kept.version;
        // A clock that was set back must not silence a rule.
        if (as_before && pace.next > now && pace.next.unix_nanos - now.unix_nanos <= kept.rule.every.nanos)
            next = std::min(next, pace.next);
        else
            due.push_back(&kept);
    }
    std::erase_if(paces_, [&](const auto& pace) { return !names.contains(pace.first); });
    {
        const std::lock_guard lock(mutex_);
        std::erase_if(last_, [&](const auto& last) { return !names.contains(last.first); });
    }
    if (due.empty()) return next;
    if (const auto ready = parts_.bring_up_to_date(); !ready) {
        log::debug("alerts wait: {}", ready.error().message);
        const std::lock_guard lock(mutex_);
        ++stats_.postponed;
        for (const KeptRule* kept : due) last_[kept->rule.name].error = ready.error();
        return in(kPostponed);
    }
    for (const KeptRule* kept : due) {
        {
            const std::lock_guard lock(mutex_);
            if (stopping_) return next;
        }
        evaluate(*kept, now);
        // On the clock's grid, so that a preview looks at the same moments; never two at once for one missed.
        const std::int64_t every = kept->rule.every.nanos;
        const Timestamp at{(parts_.clock.now().unix_nanos / every + 1) * every, 0};
        paces_[kept->rule.name] = {kept->version, at};
        next = std::min(next, at);
    }
    return next;
}

void Watcher::evaluate(const KeptRule& kept, Timestamp now) {
    const std::int64_t begin = parts_.clock.steady_nanos();
    auto outcome = evaluated(kept, now);
    const std::chrono::nanoseconds took(parts_.clock.steady_nanos() - begin);
    if (!outcome)
        log::warning("the alert rule {} could not be evaluated: {}", kept.rule.name, outcome.error().message);
    const std::lock_guard lock(mutex_);
    ++stats_.evaluations;
    stats_.longest = std::max(stats_.longest, took);
    Evaluated& last = last_[kept.rule.name];
    if (outcome) {
        last = std::move(*outcome);
    } else {
        ++stats_.failures;
        last.error = std::move(outcome).error();
    }
    last.at = now;
    last.took = took;
}

bool Watcher::too_early(const Rule& rule, const calendar::Period& window, Timestamp now) const {
    if (rule.kind != Rule::Kind::MissingData) return false;
    const std::int64_t length = window.to.unix_nanos - window.from.unix_nanos;
    return now.unix_nanos - started_at_.unix_nanos < std::min(length, kSilence);
}

Result<Evaluated> Watcher::evaluated(const KeptRule& kept, Timestamp now) {
    const Rule& rule = kept.rule;
    STENO_ASSIGN(Observations seen, observe(parts_.store, rule, now));
    STENO_ASSIGN(const std::vector<Standing> before, parts_.book.standings(rule.name));
    Evaluated result;
    result.truncated = seen.truncated;
    std::set<std::string> there;
    for (const Observation& observation : seen.groups) there.insert(observation.group);
    // Groups that have no calls any more are judged, too: what fired must end.
    for (const Standing& standing : before) {
        if (there.contains(standing.group)) continue;
        seen.groups.push_back(without_calls(rule, standing.group));
    }
    Outcome outcome;
    const bool muted = kept.muted(now);
    for (const Observation& observation : seen.groups) {
        const auto old = std::ranges::find(before, observation.group, &Standing::group);
        Standing standing = old == before.end() ? Standing{} : *old;
        standing.group = observation.group;
        Evaluated::Group& shown = result.groups[observation.group];
        shown = {observation.value, observation.because, observation.calls, standing.level};
        const Level level = level_of(rule, observation, standing.level);
        if (firing(level) && !firing(standing.level) && too_early(rule, seen.window, now)) continue;
        const Level was = standing.level;
        const Step step = advance(rule, standing, level, now, muted);
        shown.level = standing.level;
        if (step.transition || step.telling != Telling::Nothing) {
            Told told{rule, standing, observation, seen.window, was, step.telling, {}};
            if (firing(standing.level) && rule.kind != Rule::Kind::MissingData) {
                STENO_ASSIGN(told.samples, samples(parts_.store, rule, seen.window, observation, kSamples));
            }
            if (step.transition)
                outcome.events.push_back({now, rule.name, standing.group, step.transition->from,
                                          step.transition->to, sentence(rule, observation, standing.level),
                                          observation.value, rule.threshold(standing.level), told.samples,
                                          muted});
            if (step.telling != Telling::Nothing) outcome.messages.push_back(message_of(told, now));
        }
        const bool quiet = !there.contains(standing.group) && !firing(standing.level) &&
                           !firing(standing.told) && standing.since &&
                           now.unix_nanos - standing.since->unix_nanos > kForgetAfter;
        if (quiet)
            outcome.gone.push_back(standing.group);
        else if (old == before.end() || standing != *old)
            outcome.standings.push_back(std::move(standing));
    }
    if (outcome.empty()) return result;
    STENO_ASSIGN(const bool kept_it, parts_.book.keep(kept, outcome));
    if (kept_it && !outcome.messages.empty()) parts_.told();
    return result;
}

std::optional<Evaluated> Watcher::last(std::string_view rule) const {
    const std::lock_guard lock(mutex_);
    const auto found = last_.find(rule);
    return found == last_.end() ? std::nullopt : std::optional(found->second);
}

WatcherStats Watcher::stats() const {
    const std::lock_guard lock(mutex_);
    WatcherStats stats = stats_;
    for (const auto& [rule, last] : last_) {
        for (const auto& [name, group] : last.groups) {
            stats.warning += group.level == Level::Warning;
            stats.critical += group.level == Level::Critical;
        }
    }
    return stats;
}

}  // namespace steno::alerts
