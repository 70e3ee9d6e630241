#pragma once

#include "cli/report_text.hpp"

namespace steno::cli::chapters {

/// The figures above everything: what it cost, how much it was, how well it went, each against the period
/// before.
Headline headline(const ReportAnswers& answers, const Grounds& grounds);

/// The same in sentences: what it cost, what moved the cost, and what the figures do not have in them (calls
/// without a price, of which Steno counted the tokens, a period before that is not wholly recorded).
void words(Document& document, const ReportAnswers& answers, const Grounds& grounds);

}  // namespace steno::cli::chapters
