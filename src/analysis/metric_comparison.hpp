#pragma once

#include "analysis/compared_calls.hpp"
#include "analysis/prompt_comparison.hpp"
#include "base/error.hpp"
#include "inference/shares.hpp"

#include <cstddef>
#include <cstdint>

/// One metric of two versions, compared: which method of src/inference is asked of which numbers
/// (prompt_comparison.hpp says why these), and what the answer means.
namespace steno::analysis {

/// Of all calls of a version.
inference::Share share_of(MetricKind kind, const Counts& counts);

/// b - a, without what takes all metrics: `adjusted_p_value`, and what conclude() tells. The numbers of the
/// two are sorted when they first have to be.
Result<MetricComparison> compare_metric(const ComparedColumn& asked, ComparedSide& a, ComparedSide& b,
                                        double confidence);

/// What all p-values of the answer together (`family` of them, by which `adjusted_p_value` is corrected)
/// allow to say of one of them. `calls`: of both versions.
Result<void> conclude(MetricComparison& told, std::int64_t calls, std::size_t family,
                      const PromptComparisonQuestion& question);

}  // namespace steno::analysis
