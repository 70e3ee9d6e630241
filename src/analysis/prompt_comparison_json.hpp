#pragma once

#include "analysis/prompt_comparison.hpp"
#include "base/json_writer.hpp"

/// A comparison of versions, as JSON.
namespace steno::analysis {

/// The members of GET /api/v1/prompts/{name}/compare, but for name and period.
void write_members(JsonWriter& json, const PromptComparison& comparison);

}  // namespace steno::analysis
