#pragma once

#include "cli/report_text.hpp"

namespace steno::cli::chapters {

/// How many calls failed, and of what.
void failures(Document& document, const ReportAnswers& answers, const Grounds& grounds);

/// The calls that took longest, and why.
void slowest_calls(Document& document, const ReportAnswers& answers);

/// The calls that cost most, each currency apart.
void dearest_calls(Document& document, const ReportAnswers& answers);

}  // namespace steno::cli::chapters
