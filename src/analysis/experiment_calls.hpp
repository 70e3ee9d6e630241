#pragma once

#include "analysis/experiment_left_out.hpp"
#include "analysis/experiment_metric.hpp"
#include "analysis/experiment_result.hpp"
#include "analysis/experiment_sums.hpp"
#include "analysis/prompt_metrics.hpp"
#include "base/error.hpp"
#include "store/call_queries.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// What of an experiment's calls is read from the store, and what they come to.
namespace steno::analysis {

/// A metric of the experiment, and where its values stand in what is read.
struct ExperimentColumn {
    PromptMetric metric;
    std::size_t column = 0;  ///< of what is of numbers
};

/// All that is read of each call.
struct ExperimentColumns {
    std::vector<ExperimentColumn> metrics;  ///< the primary one first
    std::vector<store::Field> numbers;      ///< of every call, and of metrics
    std::vector<store::Field> texts;

    ExperimentColumns();
    /// Where it stands in `metrics`; each stands there once. InvalidArgument: it is none.
    Result<std::size_t> add(const std::string& metric);
};

struct ExperimentCalls {
    ExperimentTotals totals;
    std::vector<std::string> currencies;  ///< of each metric of money; "mixed"
    LeftOutCalls left_out;
};

/// `edges`: see ExperimentSums. Blocking.
Result<ExperimentCalls> read_experiment(store::CallQueries& store, const ExperimentQuestion& question,
                                        const ExperimentColumns& columns, const std::vector<double>& edges,
                                        std::size_t most_units);

}  // namespace steno::analysis
