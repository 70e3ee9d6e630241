#include "server/prompt_users.hpp"

#include "base/json_writer.hpp"
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

std::string words_of(const PromptUsers::InExperiment& experiment) {
    return fmt::format("the experiment \"{}\" ({})", experiment.name, experiment.state);
}

std::string words_of(const PromptUsers::Including& version) {
    return fmt::format("version {} of \"{}\"", version.version, version.prompt);
}

PromptUsers::InExperiment user_of(const Experiment& experiment) {
    return {experiment.definition.name, to_string(experiment.state)};
}

/// "a, b".
template <class User>
std::string words_of(const std::vector<User>& users) {
    std::string words;
    for (const User& user : users) words += (words.empty() ? "" : ", ") + words_of(user);
    return words;
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
        if (loses(experiment, prompt, going)) users.experiments.push_back(user_of(experiment));
    STENO_ASSIGN(const std::vector<Prompt> all, services.prompts->all());
    for (const Prompt& other : all) {
        if (other.name == prompt) continue;
        for (const std::string& number : versions_in_use(other, live)) {
            const auto version = services.prompts->find(other.name, number);
            if (version && includes(*version, prompt, going)) users.prompts.push_back({other.name, number});
        }
    }
    return users;
}

Result<void> nobody_uses(const PromptUsers& users, std::string_view what) {
    if (users.none()) return {};
    std::vector<std::string> reasons, first;
    if (!users.experiments.empty()) {
        reasons.push_back(fmt::format("{} rest{} on it", words_of(users.experiments),
                                      users.experiments.size() == 1 ? "s" : ""));
        first.emplace_back(
            "conclude what was started (steno experiments conclude NAME), remove drafts (steno experiments "
            "remove NAME)");
    }
    if (!users.prompts.empty()) {
        reasons.push_back(
            fmt::format("{} include{} it", words_of(users.prompts), users.prompts.size() == 1 ? "s" : ""));
        first.emplace_back("take the includes out in new versions, and move the labels there");
    }
    return fail(Code::FailedPrecondition, fmt::format("{} is in use: {}", what, fmt::join(reasons, "; ")),
                fmt::format("first {}; or force it (--force, ?force=true)", fmt::join(first, "; ")));
}

ApiAnswer in_use(const Error& refusal, const PromptUsers& users, const std::vector<std::string>& labels) {
    std::string used_by;
    JsonWriter json(used_by);
    json.begin_object();
    json.key("experiments");
    json.begin_array();
    for (const auto& experiment : users.experiments) {
        json.begin_object();
        json.member("name", experiment.name);
        json.member("state", experiment.state);
        json.end_object();
    }
    json.end_array();
    json.key("prompts");
    json.begin_array();
    for (const auto& version : users.prompts) {
        json.begin_object();
        json.member("name", version.prompt);
        json.member("version", version.version);
        json.end_object();
    }
    json.end_array();
    json.key("labels");
    json.begin_array();
    for (const std::string& label : labels) json.string(label);
    json.end_array();
    json.end_object();
    return problem(refusal, "used_by", used_by);
}

std::vector<std::string> losses_of(const PromptUsers& users, std::string_view what) {
    std::vector<std::string> losses;
    for (const auto& experiment : users.experiments)
        losses.push_back(fmt::format("{} has lost {}", words_of(experiment), what));
    for (const auto& version : users.prompts)
        losses.push_back(
            fmt::format("{} includes {}, and cannot be filled in any more", words_of(version), what));
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
                         Unnamed{words_of(user_of(experiment)), fmt::format("{}", fmt::join(names, ", ")),
                                 names.size() == 1, version->facts.number.text()});
    }
    return versions;
}

std::vector<std::string> moved_under(const UnnamedVersions& before, const UnnamedVersions& after) {
    std::vector<std::string> sentences;
    for (const auto& [id, was] : before) {
        const auto now = after.find(id);
        if (now == after.end() || now->second.version == was.version) continue;
        sentences.push_back(fmt::format(
            "{}: {} {} no version, and {} version {} from now on, where {} {}: its result is of both",
            was.experiment, was.variants, was.one ? "names" : "name", was.one ? "is" : "are",
            now->second.version, was.one ? "it was" : "they were", was.version));
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
