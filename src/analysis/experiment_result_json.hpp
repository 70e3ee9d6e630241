#pragma once

#include "analysis/experiment_result.hpp"
#include "base/json_writer.hpp"

/// What an experiment has shown, as JSON.
namespace steno::analysis {

/// The members of GET /api/v1/experiments/{name}/result, but for what the experiment is.
void write_members(JsonWriter& json, const ExperimentResult& result);

}  // namespace steno::analysis
