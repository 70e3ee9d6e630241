#pragma once

#include "cli/report_text.hpp"

namespace steno::cli::chapters {

/// What to change, the greatest savings first, each with what speaks against it; nothing where nothing is
/// suggested.
void suggestions(Document& document, const ReportAnswers& answers);

}  // namespace steno::cli::chapters
