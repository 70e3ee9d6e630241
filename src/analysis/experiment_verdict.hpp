#pragma once

#include "analysis/experiment_result.hpp"

#include <optional>
#include <string>
#include <vector>

/// What the differences of an experiment come to together, for who has to decide: pure functions of what is
/// told already. `stopped`: variants that cannot win any more; empty: none is.
namespace steno::analysis {

/// ExperimentResult::winner.
std::optional<std::string> winner_of(const ExperimentResult& result, const std::vector<bool>& stopped);
/// In a sentence; of a result that has its winner.
std::string summary_of(const ExperimentResult& result, const std::vector<bool>& stopped);
/// Why what is told may not be what it seems; likewise.
std::vector<std::string> warnings_of(const ExperimentResult& result, const ExperimentQuestion& question);

/// Weights of a bandit: each variant's chance to be the best, but not less than kLeastWeight (or half of an
/// equal part, of many), so that all go on being measured, and a world that changes is noticed. 0 of those
/// that `stopped` says. The same for the same result and seed. Absent: nothing is known of any yet.
inline constexpr double kLeastWeight = 0.05;
std::optional<std::vector<double>> bandit_weights(const ExperimentResult& result,
                                                  const std::vector<bool>& stopped);

}  // namespace steno::analysis
