#pragma once

#include "analysis/prompt_metrics.hpp"
#include "analysis/prompt_performance.hpp"
#include "base/error.hpp"
#include "inference/ranks.hpp"
#include "store/call_queries.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What of the calls of a prompt's versions is compared: how many there are of each kind, and the numbers of
/// single calls.
namespace steno::analysis {

/// A metric, and where its numbers stand.
struct ComparedColumn {
    PromptMetric metric;
    std::size_t column = 0;  ///< of what is of numbers
};

/// All metrics of a comparison, and the numbers of calls that they are made of.
struct ComparedColumns {
    std::vector<ComparedColumn> metrics;
    std::vector<store::Field> columns;

    explicit ComparedColumns(std::vector<PromptMetric> all);
};

/// What of one version's calls is compared.
struct ComparedSide {
    Counts counts;
    std::vector<std::vector<double>> columns;  ///< as in ComparedColumns
    std::vector<std::uint64_t> seen;           ///< values of each column, also those that are not held
    std::vector<std::optional<inference::Sample>> sorted;
};

/// The numbers of single calls, at most `most` of a version and column: what comes beyond takes the place of
/// one by chance (reservoir sampling: Vitter 1985, algorithm R). The same each time. Of `versions` the sides
/// are, in their order. Blocking.
Result<void> read_numbers(std::vector<ComparedSide>& sides, store::CallQueries& store,
                          const store::Selection& executions, const std::vector<std::string>& versions,
                          const std::vector<store::Field>& columns, std::uint64_t most);

}  // namespace steno::analysis
