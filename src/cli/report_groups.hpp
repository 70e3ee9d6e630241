#pragma once

#include "cli/report_text.hpp"

namespace steno::cli::chapters {

/// Who and what the calls were of: a table by model, provider, agent, project and user, the dearest first.
/// Where they were paid in several currencies nothing is dearer than another: those with the most calls are
/// first.
void by_group(Document& document, const ReportAnswers& answers, const Grounds& grounds);

/// Where budgets stand, the fullest first; nothing where there are none.
void budgets(Document& document, const ReportAnswers& answers);

}  // namespace steno::cli::chapters
