#pragma once

#include "analysis/trends.hpp"
#include "base/error.hpp"
#include "store/field.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What executions of a prompt are measured by, one number each: what versions are compared by, and what is
/// told of each day.
namespace steno::analysis {

enum class Better : std::uint8_t { Higher, Lower, Neither };
std::string_view to_string(Better better);  ///< "higher", "lower", "neither"

struct ComparedMetric {
    std::string name;
    Unit unit = Unit::Number;
    Better better = Better::Neither;
};

/// Where its values come from.
enum class MetricKind : std::uint8_t {
    Succeeded,  ///< status success, of all calls
    Accepted,   ///< of those with a verdict
    Complete,   ///< prompts with all variables, of those that tell
    Mean,       ///< of a number of single calls
    Quantile,
};

struct PromptMetric {
    ComparedMetric told;
    MetricKind kind = MetricKind::Mean;
    store::Field field;   ///< of Mean and Quantile
    double quantile = 0;  ///< of Quantile

    [[nodiscard]] bool is_of_numbers() const {
        return kind == MetricKind::Mean || kind == MetricKind::Quantile;
    }
};

/// By name: success_rate, acceptance_rate, complete_rate, edit_distance, duration_p50, duration_p95,
/// first_token_p50, cost_per_call, input_tokens, output_tokens, output_chars (averages where nothing else is
/// said), and score.NAME, of which more is better for score.quality alone. None: all of them, with these
/// scores. InvalidArgument names them.
Result<std::vector<PromptMetric>> prompt_metrics(const std::vector<std::string>& names,
                                                 const std::vector<std::string>& scores);

/// "NAME" of "score.NAME"; "" of others.
std::string_view score_of(std::string_view metric);

}  // namespace steno::analysis
