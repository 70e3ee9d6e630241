#pragma once

#include "analysis/experiment_result.hpp"
#include "base/error.hpp"
#include "store/call_queries.hpp"

#include <string>
#include <vector>

namespace steno::analysis {

/// A sentence for each variant whose calls name several versions of a prompt, as where a label has moved
/// under an experiment: what is told of it is of all of them. One question to the store.
Result<std::vector<std::string>> mixed_versions(store::CallQueries& store,
                                                const ExperimentQuestion& question);

}  // namespace steno::analysis
