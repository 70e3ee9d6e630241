#include "server/prompt_users.hpp"

#include "experiments/experiments.hpp"
#include "templates/template.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <utility>

namespace steno::server {

namespace {

using experiments::Experiment;
using experiments::State;
using prompts::Prompt;
using prompts::Version;

std::string words_of(const Experiment& experiment) {
    return fmt::format("the experiment \"{}\" ({})", experiment.definition.name, to_string(experiment.state));
}

/// Those of prompts that are not concluded.
Result<std::vector<Experiment>> live_experiments(const Services& services) {
    if (services.experiments == nullptr) return std::vector<Experiment>();
    STENO_ASSIGN(auto all, services.experiments->all());
    std::erase_if(all, [](const Experiment& one) {
        return one.state == State::Concluded || one.definition.prompt.empty();
    });
    return all;
}

bool loses(const Experiment& experiment, std::string_view prompt, const Going& going) {
    const auto& definition = experiment.definition;
    if (definition.prompt != prompt) return false;
    return going(definition.label) || std::ranges::any_of(definition.variants, [&](const auto& variant) {
               return !variant.changes.version.empty() && going(variant.changes.version);
           });
}

std::set<std::string> versions_in_use(const Prompt& prompt, const std::vector<Experiment>& live) {
    std::set<std::string> versions;
    for (const Experiment& experiment : live)
        for (const auto& variant : experiment.definition.variants)
            if (const auto number = prompts::VersionNumber::parse(variant.changes.version);
                number && experiment.definition.prompt == prompt.name)
                versions.insert(number->text());
    if (prompt.archived_at) return versions;
    for (const prompts::Label& label : prompt.labels)
        if (label.version) versions.insert(*label.version);
    if (!prompt.versions.empty()) versions.insert(prompt.versions.front().number.text());
    return versions;
}

bool includes(const Version& version, std::string_view prompt, const Going& going) {
    return std::ranges::any_of(prompts::includes_of(version.content), [&](const std::string& include) {
        const prompts::Reference reference = prompts::reference_of(include);
        return reference.name == prompt && going(reference.which);
    });
}

}  // namespace

Result<PromptUsers> users_of(Services& services, std::string_view prompt, const Going& going) {
    PromptUsers users;
    STENO_ASSIGN(const std::vector<Experiment> live, live_experiments(services));
    for (const Experiment& experiment : live)
        if (loses(experiment, prompt, going)) users.experiments.push_back(words_of(experiment));
    STENO_ASSIGN(const std::vector<Prompt> all, services.prompts->all());
    for (const Prompt& other : all) {
        if (other.name == prompt) continue;
        for (const std::string& number : versions_in_use(other, live)) {
            const auto version = services.prompts->find(other.name, number);
            if (version && includes(*version, prompt, going))
                users.prompts.push_back(fmt::format("version {} of \"{}\"", number, other.name));
        }
    }
    return users;
}

Result<void> nobody_uses(const PromptUsers& users, std::string_view what) {
    if (users.none()) return {};
    std::vector<std::string> reasons, first;
    if (!users.experiments.empty()) {
        reasons.push_back(fmt::format("{} rest{} on it", fmt::join(users.experiments, ", "),
                                      users.experiments.size() == 1 ? "s" : ""));
        first.emplace_back(
            "conclude what was started (steno experiments conclude NAME), remove drafts (steno experiments "
            "remove NAME)");
    }
    if (!users.prompts.empty()) {
        reasons.push_back(fmt::format("{} include{} it", fmt::join(users.prompts, ", "),
                                      users.prompts.size() == 1 ? "s" : ""));
        first.emplace_back("take the includes out in new versions, and move the labels there");
    }
    return fail(Code::FailedPrecondition, fmt::format("{} is in use: {}", what, fmt::join(reasons, "; ")),
                fmt::format("first {}; or force it (--force, ?force=true)", fmt::join(first, "; ")));
}

std::vector<std::string> losses_of(const PromptUsers& users, std::string_view what) {
    std::vector<std::string> losses;
    for (const std::string& experiment : users.experiments)
        losses.push_back(fmt::format("{} has lost {}", experiment, what));
    for (const std::string& prompt : users.prompts)
        losses.push_back(fmt::format("{} includes {}, and cannot be filled in any more", prompt, what));
    return losses;
}

UnnamedVersions unnamed_versions(Services& services, std::string_view prompt) {
    UnnamedVersions versions;
    const auto live = live_experiments(services);
    if (!live) return versions;
    for (const Experiment& experiment : *live) {
        const auto& definition = experiment.definition;
        if (definition.prompt != prompt || experiment.state == State::Draft) continue;
        std::vector<std::string> names;
        for (const auto& variant : definition.variants)
            if (variant.changes.version.empty() && !variant.stopped)
                names.push_back(fmt::format("\"{}\"", variant.name));
        if (names.empty()) continue;
        const auto version = services.prompts->find(prompt, experiments::asked_for(definition));
        if (!version) continue;
        versions.emplace(experiment.id,
                         Unnamed{words_of(experiment), fmt::format("{}", fmt::join(names, ", ")),
                                 version->facts.number.text()});
    }
    return versions;
}

std::vector<std::string> moved_under(const UnnamedVersions& before, const UnnamedVersions& after) {
    std::vector<std::string> sentences;
    for (const auto& [id, was] : before) {
        const auto now = after.find(id);
        if (now == after.end() || now->second.version == was.version) continue;
        sentences.push_back(fmt::format(
            "{}: {} names no version, and is version {} from now on, where it was {}: its result is of both",
            was.experiment, was.variants, now->second.version, was.version));
    }
    return sentences;
}

std::vector<std::string> include_warnings(prompts::Registry& registry, const prompts::Version& version) {
    const auto included = registry.included_in(version);
    if (included) return {};
    return {fmt::format("version {} of \"{}\" cannot be filled in: {}", version.facts.number.text(),
                        version.prompt, included.error().message)};
}

}  // namespace steno::server
