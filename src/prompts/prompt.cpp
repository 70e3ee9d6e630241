#include "prompts/prompt.hpp"

#include "prompts/names.hpp"

#include <fmt/format.h>

namespace steno::prompts {

std::string Prompt::tag() const {
    return fmt::format("\"{}-{}\"", id, revision);
}

std::vector<std::string> Prompt::labels_of(const VersionNumber& version) const {
    std::vector<std::string> names;
    for (const Label& label : labels) {
        if (!label.version) continue;
        const auto number = VersionNumber::parse(*label.version);
        if (number && *number == version) names.push_back(label.name);
    }
    if (!versions.empty() && versions.front().number == version) names.emplace_back(kLatest);
    return names;
}

}  // namespace steno::prompts
