#pragma once

#include "prompts/registry.hpp"
#include "server/api.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// Who rests on a prompt of the registry: live experiments that divide who fetches it, and prompts that
/// include it. Neither is known to the registry itself, and both break without a word when it goes. What is
/// told is of the moment: an experiment that is made right after it is not held up.
namespace steno::server {

/// What is about to be had no more, of a prompt's versions and labels; "": of who says neither.
using Going = std::function<bool(std::string_view which)>;

struct PromptUsers {
    struct InExperiment {
        std::string name;
        std::string_view state;
    };
    struct Including {
        std::string prompt, version;
    };
    std::vector<InExperiment> experiments;  ///< not concluded
    std::vector<Including> prompts;

    [[nodiscard]] bool none() const { return experiments.empty() && prompts.empty(); }
};

/// Those that lose what goes. Of other prompts the versions count that somebody can get without naming them
/// (where labels stand, and the latest), and those that experiments name.
Result<PromptUsers> users_of(Services& services, std::string_view prompt, const Going& going);

/// FailedPrecondition, with what to do first; nothing if there are none. `what` goes: "the prompt "answer"".
Result<void> nobody_uses(const PromptUsers& users, std::string_view what);
/// The answer to a refusal that could be forced: with `used_by`, from which programs learn who they are;
/// `labels`: those that stand on it, where that is in the way, too.
ApiAnswer in_use(const Error& refusal, const PromptUsers& users, const std::vector<std::string>& labels = {});
/// What they have lost, a sentence each, where it went all the same.
std::vector<std::string> losses_of(const PromptUsers& users, std::string_view what);

/// Which version experiments that run or are paused give to variants that name none.
struct Unnamed {
    std::string experiment;  ///< as above
    std::string variants;    ///< ""control"", or several
    bool one = true;
    std::string version;
};
using UnnamedVersions = std::map<std::string, Unnamed, std::less<>>;  ///< by the experiments' ids
/// Empty where they cannot be read.
UnnamedVersions unnamed_versions(Services& services, std::string_view prompt);
/// A sentence for each experiment of which it is another version than before: its result is of both.
std::vector<std::string> moved_under(const UnnamedVersions& before, const UnnamedVersions& after);

/// What keeps a version from being filled in: includes that are not there, or that include themselves. Empty:
/// nothing.
std::vector<std::string> include_warnings(prompts::Registry& registry, const prompts::Version& version);

}  // namespace steno::server
