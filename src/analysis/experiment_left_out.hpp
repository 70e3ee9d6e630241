#pragma once

#include "analysis/experiment_result.hpp"
#include "base/error.hpp"
#include "store/call_queries.hpp"

#include <cstdint>
#include <vector>

namespace steno::analysis {

/// Why calls of an experiment are no part of its result: one question to the store. `calls`: those that name
/// it; `left_out`: so many of them are not counted, which is what all reasons come to.
Result<std::vector<ExperimentResult::LeftOut>> reasons_of(store::CallQueries& store, store::Selection calls,
                                                          std::uint64_t left_out);

}  // namespace steno::analysis
