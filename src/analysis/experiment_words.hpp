#pragma once

#include "analysis/experiment_result.hpp"

#include <string>

/// What an experiment says, in sentences.
namespace steno::analysis {

/// "shorter is accepted more often than control: +6.2 points (58.0 % → 64.2 %), 95 % interval +1.1 to +11.0
/// points." `unit`: "user".
std::string sentence_of(const ExperimentDifference& told, const std::string& a, const std::string& b,
                        double margin, const std::string& unit);
/// "shorter is not seen to be worse than control in cost_per_call by more than 0.0100 USD: …"
std::string sentence_of(const ExperimentGuarded& told, const std::string& a, const std::string& b);

}  // namespace steno::analysis
