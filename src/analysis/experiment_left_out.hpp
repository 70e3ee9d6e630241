#pragma once

#include "analysis/experiment_result.hpp"
#include "base/error.hpp"
#include "store/call_queries.hpp"

#include <cstdint>
#include <vector>

namespace steno::analysis {

struct LeftOutCalls {
    std::uint64_t calls = 0;  ///< what all reasons come to
    std::vector<ExperimentResult::LeftOut> reasons;
};

/// Which calls of an experiment are no part of its result, and why: AI calls, and requests to the gateway of
/// which cannot be told that they are any (their body is no JSON), where they say that they were left out.
/// `of_experiment`: calls of any kind that name it, `counted` of which are in the result. Blocking.
Result<LeftOutCalls> left_out_of(store::CallQueries& store, const store::Selection& of_experiment,
                                 std::uint64_t counted);

}  // namespace steno::analysis
