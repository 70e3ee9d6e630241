#pragma once

#include "base/error.hpp"
#include "cli/api_client.hpp"
#include "cli/question.hpp"

#include <simdjson.h>

#include <functional>

namespace steno::cli {

/// Asks the record one question and shows the answer: with --json as it came, else by `show`. The exit code
/// says whether the record was complete (Completeness).
Result<int> show_answer(const Program& program, const RecordFlags& record, const Question& question,
                        const std::function<Result<void>(Api&, simdjson::dom::element answer)>& show);

/// "calls" of an answer that is a page of calls.
Result<simdjson::dom::array> calls_of(simdjson::dom::element answer);

}  // namespace steno::cli
