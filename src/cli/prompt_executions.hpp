#pragma once

#include "base/error.hpp"
#include "cli/api_client.hpp"
#include "cli/command.hpp"
#include "cli/question.hpp"
#include "cli/table_export.hpp"

#include <string>
#include <string_view>

/// The other files of programs that kept their prompts in a prompt_registry.json: what became of each use
/// (prompt_performance.json), and the figures of it (prompt_metrics.json).
namespace steno::cli {

/// Delivers the executions as calls, 500 at a time. One that was delivered before is there once.
/// InvalidArgument: what is no such file; or not all were taken, and what was stays.
Result<int> import_executions(const Program& program, Api& api, std::string_view json);

/// Which AI calls: those that name a prompt.
struct ExecutionsFlags {
    std::string prompt;  ///< empty: any
    PeriodFlags period;
};

/// Writes them in the form of prompt_performance.json, the oldest first. InvalidArgument: a format other than
/// json and jsonl.
Result<int> export_executions(const Program& program, const RecordFlags& record, const ExecutionsFlags& which,
                              const TargetFlags& target);

/// Writes figures by prompt and version: {"coaching_system": {"1.0": {"total_executions", "success_rate",
/// "avg_execution_time_ms", "avg_token_count", "avg_output_length", "avg_quality_score"}}}; null: not known
/// of any.
Result<int> export_metrics(const Program& program, const RecordFlags& record, const ExecutionsFlags& which,
                           const TargetFlags& target);

}  // namespace steno::cli
