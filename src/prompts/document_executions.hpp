#pragma once

#include "base/error.hpp"
#include "base/uuid.hpp"
#include "record/call.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace steno::prompts {

/// Which of the files of a program of before this is, by the members of what is in it.
enum class DocumentKind : std::uint8_t {
    Registry,    ///< prompt_registry.json (document_registry.hpp), and whatever is none of the others
    Executions,  ///< prompt_performance.json
    Metrics,     ///< prompt_metrics.json: figures made from the executions
};
/// Of what is no JSON: Registry, whose reader says what is wrong.
DocumentKind kind_of_document(std::string_view json);

/// `prompt_performance.json`, as a program of before keeps what came of each use of a prompt:
///
///     [{"prompt_name": "coaching_system", "prompt_version": "1.0", "timestamp": "2026-01-05T10:00:00",
///       "input_data": {"user_input": "…"}, "output": "…",
///       "metrics": {"execution_time_ms": 1200, "token_count": 150, "output_length": 800, "success": true,
///                   "quality_score": 8.5, "user_feedback": "…", "error_message": null}}]
///
/// Exports also have "call_id". Also taken: the list as "executions" of an object; an object of lists by the
/// prompts' names; the metrics beside the other members; "model" and "provider" of an execution.
struct DocumentExecutions {
    /// Completions that ended at their timestamp. The id follows from what the execution means, not from how
    /// it is spelt (the moment, numbers as values, members in any order; what is left out does not count):
    /// the same executions give the same calls again. Of those that are alike in all, timestamp included,
    /// each is one. An execution with the "call_id" that an export wrote is that call, once; a call_id of
    /// another form is left out.
    std::vector<Call> calls;
    std::size_t executions = 0;  ///< in the document, those that are the same call included
    /// The calls with an id of their own, and what each says, as an id that follows from it. A record may
    /// have these calls already, and know more of them than the document does.
    std::map<Uuid, Uuid> exported;
    std::vector<std::string> left_out;  ///< names of members that a call does not have, each once
};

/// InvalidArgument names the execution, counted from 1, and what is wrong with it. ResourceExhausted: more
/// than Value::kMaxValues values.
Result<DocumentExecutions> read_document_executions(std::string_view json);

/// An execution of that form. What the call does not have is null.
std::string write_document_execution(const Call& call);

}  // namespace steno::prompts
