#include "experiment_watch/question.hpp"

#include "base/hash.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace steno::experiment_watch {

namespace {

/// A bandit's changes of more than a year of hours.
constexpr std::uint64_t kMostChanges = 10'000;

/// Told beside what decides, where calls say it.
constexpr std::string_view kAlso[] = {"success_rate",  "acceptance_rate", "duration",
                                      "cost_per_call", "input_tokens",    "output_tokens"};

/// With which a unit that takes part gets each variant.
std::vector<double> probabilities_of(const assignment::Plan& plan) {
    double all = 0, stopped = 0;
    for (const auto& variant : plan.variants) {
        all += variant.weight;
        if (variant.stopped) stopped += variant.weight;
    }
    std::vector<double> probabilities;
    for (const auto& variant : plan.variants)
        probabilities.push_back(variant.stopped || all <= 0 ? 0 : variant.weight / all);
    if (all > 0 && !probabilities.empty()) probabilities.front() += stopped / all;
    return probabilities;
}

analysis::Better better_of(experiments::Better better) {
    return better == experiments::Better::Lower ? analysis::Better::Lower : analysis::Better::Higher;
}

/// Of this experiment at this revision, the same for whoever asks.
std::uint64_t seed_of(const experiments::Experiment& experiment) {
    const Sha256 digest = sha256(experiment.id, "\n", fmt::to_string(experiment.revision));
    std::uint64_t seed = 0;
    std::memcpy(&seed, digest.data(), sizeof seed);
    return seed;
}

}  // namespace

analysis::ExperimentQuestion question_of(const experiments::Experiment& experiment,
                                         const std::vector<experiments::Change>& trail, Timestamp now,
                                         const calendar::Zone& zone) {
    const experiments::Definition& definition = experiment.definition;
    analysis::ExperimentQuestion question;
    question.id = experiment.id;
    question.unit = assignment::to_string(definition.unit);
    for (const auto& variant : definition.variants) {
        question.variants.push_back(variant.name);
        question.stopped.push_back(variant.stopped);
    }
    for (auto change = trail.rbegin(); change != trail.rend(); ++change) {
        // Drafts assign nobody, and may have other variants.
        if (change->state == experiments::State::Draft ||
            change->plan.variants.size() != question.variants.size())
            continue;
        std::vector<double> probabilities = probabilities_of(change->plan);
        if (question.weights.empty() || question.weights.back().probabilities != probabilities)
            question.weights.push_back({change->at, std::move(probabilities)});
    }
    if (question.weights.empty())
        question.weights.push_back({experiment.created_at, probabilities_of(experiment.plan())});
    question.metric = definition.metric;
    question.better = better_of(definition.better);
    question.margin = definition.margin;
    for (const experiments::Guard& guard : definition.guards)
        question.guards.push_back({guard.metric, better_of(guard.better), guard.worse_by, guard.relative});
    for (const std::string_view metric : kAlso) {
        const bool there =
            metric == question.metric ||
            std::ranges::any_of(question.guards, [&](const auto& guard) { return guard.metric == metric; });
        if (!there) question.also.emplace_back(metric);
    }
    question.from = experiment.started_at;
    question.to = experiment.concluded_at ? experiment.concluded_at : now;
    question.zone = zone;
    question.seed = seed_of(experiment);
    return question;
}

Result<analysis::ExperimentQuestion> question_of(experiments::Experiments& experiments,
                                                 const experiments::Experiment& experiment, Timestamp now,
                                                 const calendar::Zone& zone) {
    if (!experiment.started_at)
        return fail(Code::FailedPrecondition,
                    fmt::format("the experiment \"{}\" was not started yet", experiment.definition.name),
                    "steno experiments start NAME");
    STENO_ASSIGN(const auto trail, experiments.history(experiment.id, kMostChanges));
    return question_of(experiment, trail, now, zone);
}

}  // namespace steno::experiment_watch
