#include "alerts/watcher.hpp"

#include "alerts/judgement.hpp"
#include "alerts/telling.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <exception>
#include <set>

namespace steno::alerts {

namespace {

constexpr std::uint32_t kSamples = 5;
constexpr std::size_t kMostWithSamples = 10;  ///< groups of one evaluation
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kLookAgain = 60 * kSecond;  ///< for rules that others have changed
constexpr std::int64_t kPostponed = 5 * kSecond;   ///< until the store is looked at again
constexpr std::int64_t kSilence =
    600 * kSecond;  ///< after a start nobody is told sooner that calls are missing

/// The groups whose calls are looked up, each with a question of its own: the worst of those that are told.
std::set<std::string> worth_samples(const Rule& rule, const Judgement& judgement) {
    if (rule.kind == Rule::Kind::MissingData) return {};
    // Of too few calls there is none to show.
    const auto low = [](const Judged& judged) {
        return judged.observation.hour && judged.observation.hour->far_score < 0;
    };
    std::vector<const Judged*> told;
    for (const Judged& judged : judgement.groups)
        if (firing(judged.standing.level) && !low(judged) &&
            (judged.step.transition || judged.step.telling != Telling::Nothing))
            told.push_back(&judged);
    std::ranges::sort(told, [&](const Judged* a, const Judged* b) {
        if (a->standing.level != b->standing.level) return a->standing.level > b->standing.level;
        const Decimal of_a = a->observation.value.value_or(Decimal());
        const Decimal of_b = b->observation.value.value_or(Decimal());
        return rule.above ? of_a > of_b : of_a < of_b;
    });
    std::set<std::string> groups;
    for (const Judged* judged : told)
        if (groups.size() < kMostWithSamples) groups.insert(judged->observation.group);
    return groups;
}

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
    stopped_.cancel();
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
    const Cancellation::Scope scope(stopped_);
    for (;;) {
        Timestamp next{parts_.clock.now().unix_nanos + kPostponed, 0};
        try {
            next = evaluate_due();
        } catch (const std::exception& e) {  // out of memory, most likely
            log::warning("alert rules could not be evaluated: {}", e.what());
            const std::lock_guard lock(mutex_);
            ++stats_.failures;
        }
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
        const std::int64_t begin = parts_.clock.steady_nanos();
        const bool done = evaluate(*kept, now);
        const std::int64_t took = parts_.clock.steady_nanos() - begin;
        // On the clock's grid, so that a preview looks at the same moments; never two at once for one missed.
        const std::int64_t every = kept->rule.every.nanos, ended = parts_.clock.now().unix_nanos;
        Timestamp at{(ended / every + 1) * every, 0};
        if (!done) at.unix_nanos = std::min(at.unix_nanos, ended + std::max(kPostponed, took));
        paces_[kept->rule.name] = {kept->version, at};
        next = std::min(next, at);
    }
    return next;
}

bool Watcher::evaluate(const KeptRule& kept, Timestamp now) {
    const std::int64_t begin = parts_.clock.steady_nanos();
    auto outcome = [&]() -> Result<Evaluated> {
        try {
            return evaluated(kept, now);
        } catch (const std::exception& e) {  // out of memory, most likely: of this rule alone
            return fail(Code::Internal, e.what());
        }
    }();
    const std::chrono::nanoseconds took(parts_.clock.steady_nanos() - begin);
    if (!outcome && outcome.error().code != Code::Cancelled)
        log::warning("the alert rule {} could not be evaluated: {}", kept.rule.name, outcome.error().message);
    const std::lock_guard lock(mutex_);
    ++stats_.evaluations;
    stats_.longest = std::max(stats_.longest, took);
    Evaluated& last = last_[kept.rule.name];
    if (outcome) {
        last = std::move(*outcome);
        last.at = now;
    } else {
        ++stats_.failures;
        last.error = std::move(outcome).error();
    }
    last.took = took;
    return outcome.has_value() && !last.again;
}

bool Watcher::too_early(const Rule& rule, const calendar::Period& window, Timestamp now) const {
    // Of an hour in which nobody was here to take down calls nothing follows.
    if (rule.kind == Rule::Kind::Anomaly) return started_at_ > window.from;
    const std::int64_t length = window.to.unix_nanos - window.from.unix_nanos;
    return now.unix_nanos - started_at_.unix_nanos < std::min(length, kSilence);
}

Result<Evaluated> Watcher::evaluated(const KeptRule& kept, Timestamp now) {
    const Rule& rule = kept.rule;
    Observations seen;
    if (rule.kind != Rule::Kind::Budget) {
        STENO_ASSIGN(const auto calls, parts_.store.snapshot());
        STENO_ASSIGN(seen, observe(*calls, rule, now));
    } else if (parts_.budgets != nullptr) {
        const bool complete = parts_.budgets->complete();
        const auto states = parts_.budgets->states();
        seen = observe_budgets(rule, states, complete && parts_.budgets->complete());
    } else {
        seen.complete = false;
    }
    STENO_ASSIGN(const Standings before, parts_.book.standings(rule.name));
    const calendar::Period window = seen.window;
    Evaluated result;
    result.truncated = seen.truncated;
    const bool muted = kept.muted(now);
    Judgement judgement = judge(rule, std::move(seen), before, now, muted, too_early(rule, window, now));
    Outcome outcome;
    outcome.gone = std::move(judgement.gone);
    const std::set<std::string> worst = worth_samples(rule, judgement);
    for (Judged& judged : judgement.groups) {
        const Observation& observation = judged.observation;
        const Standing& standing = judged.standing;
        result.again |= observation.budget && !observation.budget->state.known;
        result.groups[observation.group] = {observation.value,    observation.because,
                                            observation.currency, observation.calls,
                                            standing.level,       sentence(rule, observation, standing),
                                            observation.learning};
        if (judged.step.transition || judged.step.telling != Telling::Nothing) {
            Told told{rule, standing, observation, window, judged.was, judged.step.telling, {}};
            if (worst.contains(observation.group)) {
                auto found = samples(parts_.store, rule, window, observation, kSamples);
                if (!found && Cancellation::asked()) return std::unexpected(std::move(found).error());
                if (found) told.samples = std::move(*found);  // the alert does not depend on them
            }
            if (const auto& transition = judged.step.transition)
                outcome.events.push_back({now, rule.name, standing.group, transition->from, transition->to,
                                          sentence(rule, observation, standing), observation.value,
                                          threshold_of(rule, observation, standing), told.samples, muted});
            if (judged.step.telling != Telling::Nothing) outcome.messages.push_back(message_of(told, now));
        }
        if (judged.changed) outcome.standings.push_back(standing);
    }
    if (outcome.messages.size() > kMostMessages) {
        notify::Message digest = digest_of(rule, std::move(outcome.messages), now);
        outcome.messages.clear();
        outcome.messages.push_back(std::move(digest));
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
