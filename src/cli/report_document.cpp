#include "cli/report_document.hpp"

#include "cli/answer.hpp"
#include "cli/call_view.hpp"
#include "cli/report_calls.hpp"
#include "cli/report_days.hpp"
#include "cli/report_groups.hpp"
#include "cli/report_quality.hpp"
#include "cli/report_suggestions.hpp"
#include "cli/report_summary.hpp"
#include "cli/report_text.hpp"
#include "cli/terminal.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace steno::cli {

report::Document report_document(const ReportAnswers& a, std::string made_at) {
    using namespace chapters;
    const Grounds grounds(a);
    Document document;
    document.title = "AI calls, " + period_of(a.models);
    std::string filters;
    for (const std::string& filter : a.filters) filters += (filters.empty() ? "" : ", ") + printable(filter);
    document.subtitle = fmt::format("{}Before: {} to {}. Money is rounded to the places that are shown.",
                                    filters.empty() ? "" : "Only calls with " + filters + ". ",
                                    clock_text(text_at(a.models, "/against/from")).substr(0, 16),
                                    clock_text(text_at(a.models, "/against/to")).substr(0, 16));
    document.made_at = std::move(made_at);
    document.blocks.push_back(headline(a, grounds));
    words(document, a, grounds);
    by_day(document, a);
    this_month(document, a);
    budgets(document, a);
    by_group(document, a, grounds);
    suggestions(document, a);
    odd_hours(document, a);
    failures(document, a, grounds);
    feedback(document, a, grounds);
    scores(document, a, grounds);
    missing_variables(document, a, grounds);
    slowest_calls(document, a);
    dearest_calls(document, a);
    return document;
}

}  // namespace steno::cli
