#include "cli/report_groups.hpp"

#include "base/percent.hpp"
#include "cli/budget_scope.hpp"
#include "cli/call_view.hpp"
#include "cli/terminal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace steno::cli::chapters {

namespace {

namespace dom = simdjson::dom;

/// What agents spent with all that were nested within them, by name; empty where none was.
std::map<std::string, dom::element> subtree_costs(dom::element statistics) {
    std::map<std::string, dom::element> costs;
    bool nested = false;
    for (const dom::element row : items(statistics, "/by_agent")) {
        nested |= number_at(row, "/subtree/calls") != number_at(row, "/ai_calls/calls");
        costs.emplace(text_at(row, "/agent"), row);
    }
    if (!nested) costs.clear();
    return costs;
}

/// `within`: rows of a further column, by the groups' names; none where it is empty.
void groups(Document& document, const char* heading, const char* head, dom::element comparison,
            const Grounds& grounds, const std::map<std::string, dom::element>& within = {}) {
    std::vector<dom::element> rows;
    for (const dom::element group : items(comparison, "/groups"))
        if (number_at(group, "/now/calls") > 0) rows.push_back(group);
    // One group, of all calls that say nothing of it, is no table.
    if (rows.empty() || (rows.size() == 1 && group_name(rows.front()) == kUnknown)) return;
    if (grounds.one_currency)
        greatest_first(rows, [](dom::element row) { return amount(row, "/now/cost/total"); });
    else
        greatest_first(rows, [](dom::element row) { return number_at(row, "/now/calls"); });
    const std::size_t every = rows.size();
    rows.resize(std::min(every, kRows));
    // Two sums of several currencies have no room beside each other.
    const bool before = grounds.compared && grounds.one_currency;
    const auto subtree = [&](dom::element row) {
        const auto found = within.find(group_name(row));
        return found == within.end() ? nullptr : &found->second;
    };
    EvenMoney money;  // of all columns: people compare them with each other, too
    for (const dom::element row : rows) {
        money.see(row, "/now/cost");
        if (before) money.see(row, "/before/cost");
        if (const dom::element* nested = subtree(row)) money.see(*nested, "/subtree/cost");
    }
    const Times times(rows, "/now/p95_duration_ms");
    const double all = amount(comparison, "/now/cost/total");
    // Of each column its head, and what stands in a row.
    struct Part {
        Table::Column column;
        std::function<std::string(dom::element)> cell;
    };
    std::vector<Part> parts{{{head, false, true}, group_name},
                            {{"cost", true}, [&](dom::element row) { return money.sum(row, "/now/cost"); }}};
    if (grounds.one_currency) {
        const auto share = [all](dom::element row) { return amount(row, "/now/cost/total") / all; };
        parts.push_back({{"share", true}, [=](dom::element row) {
                             return all > 0 && has(row, "/now/cost/total") ? percent_text(share(row))
                                                                           : kUnknown;
                         }});
        parts.push_back({{"", false, false, true}, [=](dom::element row) {
                             return all > 0 ? fmt::format("{:.4f}", share(row)) : "0";
                         }});
    }
    if (before)
        parts.push_back({{"before", true}, [&](dom::element row) {
                             return number_at(row, "/before/calls") > 0 ? money.sum(row, "/before/cost")
                                                                        : kUnknown;
                         }});
    parts.push_back({{"calls", true}, [](dom::element row) { return sum_at(row, "/now/calls"); }});
    parts.push_back(
        {{"failed", true}, [](dom::element row) { return percent_at(row, "/now/failure_rate"); }});
    parts.push_back({{"95 % within", true}, [&](dom::element row) { return times.of(row); }});
    if (!within.empty())
        parts.push_back({{"with those in it", true}, [&](dom::element row) {
                             const dom::element* nested = subtree(row);
                             return nested == nullptr ? kUnknown : money.sum(*nested, "/subtree/cost");
                         }});
    Table table;
    for (const Part& part : parts) table.columns.push_back(part.column);
    for (const dom::element row : rows) {
        std::vector<std::string>& cells = table.rows.emplace_back();
        for (const Part& part : parts) cells.push_back(part.cell(row));
    }
    document.blocks.push_back(Heading{heading});
    document.blocks.push_back(table);
    and_more(document, every, grounds.one_currency ? ", none of them dearer" : ", none with more calls");
}

}  // namespace

void by_group(Document& document, const ReportAnswers& a, const Grounds& grounds) {
    groups(document, "By model", "provider and model", a.models, grounds);
    groups(document, "By provider", "provider", a.providers, grounds);
    groups(document, "By agent", "agent", a.agents, grounds, subtree_costs(a.statistics));
    groups(document, "By project", "project", a.projects, grounds);
    groups(document, "By user", "user", a.users, grounds);
}

void budgets(Document& document, const ReportAnswers& a) {
    std::vector<dom::element> rows = items(a.budgets, "/budgets");
    if (rows.empty()) return;
    greatest_first(rows, [](dom::element budget) { return number_at(budget, "/percent"); });
    const std::size_t every = rows.size();
    rows.resize(std::min(every, kRows));
    Table table{{{"budget", false, true},
                 {"for", false, true},
                 {"spent", true},
                 {"of", true},
                 {""},
                 {"", true},
                 {"", false, false, true},
                 {"used up by", true}},
                {}};
    EvenMoney spent, limits;
    for (const dom::element budget : rows) {
        spent.see_amount(budget, "/spent");
        limits.see_amount(budget, "/limit");
    }
    for (const dom::element budget : rows) {
        const std::string currency = text_at(budget, "/currency");
        const bool known = has(budget, "/percent");
        const double share = number_at(budget, "/percent") / 100;
        std::string end = clock_text(text_at(budget, "/projected_end")).substr(0, 16);
        if (text_at(budget, "/used_up") == "true") end = "now";
        table.rows.push_back({text_at(budget, "/name"), budget_scope(budget),
                              spent.amount(budget, "/spent", currency),
                              limits.amount(budget, "/limit", currency), "a " + text_at(budget, "/per"),
                              known ? percent_text(share) : kUnknown,
                              fmt::format("{:.4f}", std::min(share, 1.0)), end.empty() ? kUnknown : end});
    }
    document.blocks.push_back(Heading{"Budgets"});
    document.blocks.push_back(Paragraph{
        "As they stand now, each in its own day, week or month, whatever this report is about.", true});
    document.blocks.push_back(table);
    and_more(document, every, ", none of them fuller");
}

}  // namespace steno::cli::chapters
