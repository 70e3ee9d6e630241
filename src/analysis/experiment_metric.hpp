#pragma once

#include "analysis/prompt_metrics.hpp"
#include "base/error.hpp"

#include <string_view>

namespace steno::analysis {

/// What live experiments are decided and guarded by: means, of which there are results that hold at every
/// look (inference/sequential.hpp). Those of prompt_metrics.hpp that are one, and duration and first_token,
/// in milliseconds. InvalidArgument names them; a percentile is told what to take instead.
Result<PromptMetric> experiment_metric(std::string_view name);

}  // namespace steno::analysis
