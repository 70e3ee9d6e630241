#include "experiment_watch/watcher.hpp"

#include "analysis/experiment_result.hpp"
#include "analysis/experiment_verdict.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "experiment_watch/question.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <set>
#include <utility>

namespace steno::experiment_watch {

namespace {

using experiments::Experiment;
using experiments::Rule;
using experiments::State;

constexpr std::chrono::seconds kEvery{60};
/// Of one processor: an experiment whose evaluation takes a second is looked at every 100 s.
constexpr double kMostOfTheTime = 0.01;
/// A bandit's weights are left as they are if none would change by this.
constexpr double kWorthChanging = 0.01;

experiments::Author author(const std::string& reason) {
    return {"steno", std::string(utf8_prefix(reason, control::kMaxReason))};
}

bool is_watched(const Experiment& experiment) {
    return experiment.state == State::Running &&
           (experiment.definition.rule != Rule::None || !experiment.definition.guards.empty());
}

}  // namespace

Watcher::Watcher(Parts parts) : parts_(std::move(parts)) {}

Watcher::~Watcher() {
    stop();
}

void Watcher::start() {
    thread_ = std::thread([this] { run(); });
}

void Watcher::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    stopped_.cancel();
    stops_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void Watcher::run() {
    const Cancellation::Scope scope(stopped_);
    for (;;) {
        try {
            look();
        } catch (const std::exception& e) {  // out of memory, most likely
            log::warning("experiments could not be looked at: {}", e.what());
        }
        std::unique_lock lock(mutex_);
        if (stops_.wait_for(lock, kEvery, [this] { return stopping_; })) return;
    }
}

void Watcher::look() {
    const auto all = parts_.experiments.all();
    if (!all) {
        log::warning("experiments cannot be read: {}", all.error().message);
        return;
    }
    const Timestamp now = parts_.clock.now();
    std::vector<const Experiment*> due;
    {
        const std::lock_guard lock(mutex_);
        std::set<std::string_view> ids;
        for (const Experiment& experiment : *all) {
            if (!is_watched(experiment)) continue;
            ids.insert(experiment.id);
            const auto last = last_.find(experiment.id);
            const bool rests = last != last_.end() && last->second.at <= now &&
                               static_cast<double>(now.unix_nanos - last->second.at.unix_nanos) <
                                   static_cast<double>(last->second.took.count()) / kMostOfTheTime;
            if (!rests) due.push_back(&experiment);
        }
        std::erase_if(last_, [&](const auto& last) { return !ids.contains(last.first); });
    }
    if (due.empty()) return;
    if (const auto ready = parts_.bring_up_to_date(); !ready) {
        log::debug("experiments wait: {}", ready.error().message);
        return;
    }
    for (const Experiment* experiment : due) {
        {
            const std::lock_guard lock(mutex_);
            if (stopping_) return;
        }
        if (const Looked looked = looked_at(*experiment, now); looked.error)
            log::warning("experiment {}: {}", experiment->definition.name, looked.error->message);
    }
}

Result<Looked> Watcher::look_at(std::string_view name) {
    STENO_ASSIGN(const Experiment experiment, parts_.experiments.get(name));
    if (experiment.state != State::Running)
        return fail(Code::FailedPrecondition,
                    fmt::format("the experiment \"{}\" does not run: it is {}", experiment.definition.name,
                                to_string(experiment.state)),
                    "what it has shown is told in any state: steno experiments result NAME");
    STENO_TRY(parts_.bring_up_to_date());
    Looked looked = looked_at(experiment, parts_.clock.now());
    if (looked.error) return std::unexpected(*looked.error);
    return looked;
}

std::optional<Looked> Watcher::last(std::string_view id) const {
    const std::lock_guard lock(mutex_);
    const auto found = last_.find(id);
    return found == last_.end() ? std::nullopt : std::optional(found->second);
}

Looked Watcher::looked_at(const Experiment& experiment, Timestamp now) {
    const std::lock_guard turn(one_at_a_time_);
    Looked looked;
    looked.at = now;
    const auto begin = std::chrono::steady_clock::now();
    if (const auto done = act(experiment, now, looked.done); !done) looked.error = done.error();
    looked.took = std::chrono::steady_clock::now() - begin;
    for (const std::string& what : looked.done)
        log::info("experiment {}: {}", experiment.definition.name, what);
    const std::lock_guard lock(mutex_);
    last_.insert_or_assign(experiment.id, looked);
    return looked;
}

Result<void> Watcher::act(Experiment experiment, Timestamp now, std::vector<std::string>& done) {
    STENO_ASSIGN(const analysis::ExperimentQuestion question,
                 question_of(parts_.experiments, experiment, now));
    STENO_ASSIGN(const auto calls, parts_.store.snapshot());
    STENO_ASSIGN(const analysis::ExperimentResult result, analysis::experiment_result(*calls, question));
    const std::string& name = experiment.id;
    const auto unchanged = [&] { return control::Condition{experiment.tag(), false}; };
    // Somebody was quicker: what follows is about an experiment that is no more.
    const auto made = [&](Result<Experiment> changed, const control::Condition& condition) -> Result<bool> {
        if (!changed && condition.failed) return false;
        if (!changed) return std::unexpected(changed.error());
        experiment = *std::move(changed);
        return true;
    };

    std::vector<bool> stopped = question.stopped;
    for (std::size_t v = 1; v < result.variants.size(); ++v) {
        const auto& guards = result.variants[v].guards;
        const auto breached = std::ranges::find(guards, true, &analysis::ExperimentGuarded::breached);
        if (stopped[v] || breached == guards.end()) continue;
        auto condition = unchanged();
        STENO_ASSIGN(const bool good,
                     made(parts_.experiments.stop_variant(name, result.variants[v].name,
                                                          author(breached->sentence), now, condition),
                          condition));
        if (!good) return {};
        stopped[v] = true;
        done.push_back(
            fmt::format("stopped the variant {}: {}", result.variants[v].name, breached->sentence));
    }

    switch (experiment.definition.rule) {
        case Rule::None:
            break;
        case Rule::ConcludeWinner: {
            // What was stopped just now changes who can win: that is for the next look.
            if (!result.winner || stopped != question.stopped || result.ratio.mismatch) break;
            auto condition = unchanged();
            STENO_ASSIGN(const bool good,
                         made(parts_.experiments.conclude(name, *result.winner, author(result.sentence), now,
                                                          condition),
                              condition));
            if (good)
                done.push_back(
                    fmt::format("concluded with the winner {}: {}", *result.winner, result.sentence));
            break;
        }
        case Rule::Bandit: {
            const std::int64_t every = experiment.definition.every_minutes * 60'000'000'000;
            if (now.unix_nanos - experiment.changed_at.unix_nanos < every) break;
            const auto weights = analysis::bandit_weights(result, stopped);
            if (!weights) break;
            experiments::Weights set;
            std::string told;
            double all = 0, most = 0;
            for (const auto& variant : experiment.definition.variants)
                if (!variant.stopped) all += variant.weight;
            for (std::size_t v = 0; v < weights->size(); ++v) {
                const auto& variant = experiment.definition.variants[v];
                if (variant.stopped) continue;
                set[variant.name] = (*weights)[v];
                most = std::max(most, std::abs((*weights)[v] - variant.weight / all));
                fmt::format_to(std::back_inserter(told), "{}{} {:.1f} % (the best with {:.1f} %)",
                               told.empty() ? "" : ", ", variant.name, (*weights)[v] * 100,
                               *result.variants[v].best * 100);
            }
            if (most < kWorthChanging) break;
            auto condition = unchanged();
            STENO_ASSIGN(const bool good,
                         made(parts_.experiments.change(
                                  name,
                                  [&](experiments::Definition& definition) {
                                      return experiments::set_weights(definition, set);
                                  },
                                  author("weights by what was seen: " + told), now, condition),
                              condition));
            if (good) done.push_back("set the weights: " + told);
            break;
        }
    }
    return {};
}

}  // namespace steno::experiment_watch
