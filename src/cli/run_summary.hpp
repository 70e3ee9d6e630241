#pragma once

#include "base/error.hpp"
#include "cli/api_client.hpp"

#include <map>
#include <string>
#include <vector>

namespace steno::cli {

/// What `steno run` knows of a run besides its calls.
struct RunFacts {
    std::string id;
    std::string where;  ///< the record: a folder or a server
    std::string flags;  ///< by which `steno calls` finds it, each after a space; none if it does by itself
    std::int64_t nanos = 0;                           ///< how long the program ran
    std::map<std::string, std::string> not_recorded;  ///< host or variable, and why
    std::vector<std::string> still_running;           ///< "NAME (PID)": processes that the program has left
};

struct RunSummary {
    std::string text;  ///< one screen
    std::string json;
};

/// The attribute that every call of a run bears: labels.attributes.steno.run.
constexpr std::string_view kRunAttribute = "steno.run";

/// Asks for the run's calls: count, tokens, cost, by model; the slowest; those that failed. These are the
/// calls that went through the run. What the program recorded by itself, with an SDK, is counted apart: most
/// likely of it went through the run as well.
Result<RunSummary> summarise_run(Api& api, const RunFacts& facts);

}  // namespace steno::cli
