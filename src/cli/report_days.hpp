#pragma once

#include "cli/report_text.hpp"

namespace steno::cli::chapters {

/// Charts of the cost, each currency apart, and of the calls, a column a day. Days with hours that were not
/// as usual are marked.
void by_day(Document& document, const ReportAnswers& answers);

/// What this month has cost and will come to, each currency apart; or why there is no forecast.
void this_month(Document& document, const ReportAnswers& answers);

/// Hours whose cost or calls were not as the weeks before let expect.
void odd_hours(Document& document, const ReportAnswers& answers);

}  // namespace steno::cli::chapters
