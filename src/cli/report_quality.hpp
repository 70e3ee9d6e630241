#pragma once

#include "cli/report_text.hpp"

namespace steno::cli::chapters {

/// What people said of answers; nothing where nobody said anything.
void feedback(Document& document, const ReportAnswers& answers, const Grounds& grounds);

/// What programs said of them: each score's average, and how it is spread.
void scores(Document& document, const ReportAnswers& answers, const Grounds& grounds);

/// Prompts that were sent without some of their variables; nothing where there are none.
void missing_variables(Document& document, const ReportAnswers& answers, const Grounds& grounds);

}  // namespace steno::cli::chapters
