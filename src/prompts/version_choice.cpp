#include "prompts/version_choice.hpp"

#include "prompts/names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string>

namespace steno::prompts {

namespace {

std::string words_of_versions(const Prompt& prompt) {
    std::string words;
    for (const VersionFacts& facts : prompt.versions) {
        if (words.size() > 200) return words + ", …";
        words += (words.empty() ? "" : ", ") + facts.number.text();
    }
    return words;
}

Result<const VersionFacts*> version_of(const Prompt& prompt, std::string_view text) {
    STENO_ASSIGN(const VersionNumber number, VersionNumber::parse(text));
    if (const VersionFacts* facts = facts_of(prompt, number)) return facts;
    return fail(Code::NotFound, fmt::format("the prompt \"{}\" has no version {}", prompt.name, text),
                "there are: " + words_of_versions(prompt));
}

}  // namespace

const VersionFacts* facts_of(const Prompt& prompt, const VersionNumber& number) {
    const auto found =
        std::ranges::lower_bound(prompt.versions, number, std::greater<>(), &VersionFacts::number);
    return found == prompt.versions.end() || found->number != number ? nullptr : &*found;
}

const Label* label_of(const Prompt& prompt, std::string_view label) {
    const auto found = std::ranges::find(prompt.labels, label, &Label::name);
    return found == prompt.labels.end() ? nullptr : &*found;
}

Result<const VersionFacts*> labelled_version(const Prompt& prompt, std::string_view label) {
    if (label == kLatest && !prompt.versions.empty()) return &prompt.versions.front();
    const Label* found = label_of(prompt, label);
    if (found != nullptr && found->version) return version_of(prompt, *found->version);
    std::string labels(kLatest);
    for (const Label& one : prompt.labels)
        if (one.version) labels += ", " + one.name;
    return fail(Code::NotFound, fmt::format("the prompt \"{}\" has no label \"{}\"", prompt.name, label),
                "there are: " + labels);
}

Result<const VersionFacts*> wanted_version(const Prompt& prompt, std::string_view which) {
    if (!which.empty() && VersionNumber::parse(which)) return version_of(prompt, which);
    if (prompt.archived_at)
        return fail(Code::NotFound,
                    fmt::format("the prompt \"{}\" is archived: only its versions can be had", prompt.name),
                    "name a version, or take it back: steno prompts archive NAME --undo");
    if (!which.empty()) return labelled_version(prompt, which);
    const Label* production = label_of(prompt, kProduction);
    const bool stands = production != nullptr && production->version;
    return labelled_version(prompt, stands ? kProduction : kLatest);
}

}  // namespace steno::prompts
