#pragma once

#include "base/error.hpp"

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace steno::cli {

/// What an experiment is to be, in the words of flags: the members of the API's JSON, a flag each.
struct ExperimentFlags {
    std::string name;
    std::string file;  ///< JSON; flags are laid over it
    std::string description, prompt, label, prompt_type, unit, share, metric, better, margin, rule,
        every_minutes;
    std::vector<std::string> variants;  ///< "short,weight=1,version=1.2"
    std::vector<std::string> guards;    ///< "cost_per_call,worse_by=20%"
    std::vector<std::string> weights;   ///< "short=3"
};

void add_experiment_flags(CLI::App& command, ExperimentFlags& flags);
/// Those that may change later as well.
void add_experiment_change_flags(CLI::App& command, ExperimentFlags& flags);

/// The JSON object that they say, for POST with its name, for PATCH without. InvalidArgument: a flag cannot
/// be understood, the file names another experiment, or nothing is said. What the members may be is the API's
/// to say.
Result<std::string> experiment_json(const ExperimentFlags& flags, bool with_name);
/// What the API says of it, in these flags. Of what stands in a file it is as it was said there.
Error in_flags(Error error, const ExperimentFlags& flags);

}  // namespace steno::cli
