#pragma once

#include "cli/report_answers.hpp"
#include "report/document.hpp"

#include <string>

namespace steno::cli {

/// The report as `steno report` writes it. Its chapters are in report_*.hpp; what is in which order is said
/// here. `made_at`: RFC 3339.
report::Document report_document(const ReportAnswers& answers, std::string made_at);

}  // namespace steno::cli
