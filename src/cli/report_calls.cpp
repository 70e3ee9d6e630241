#include "cli/report_calls.hpp"

#include "cli/call_view.hpp"
#include "cli/terminal.hpp"
#include "cli/wall_clock.hpp"

#include <fmt/format.h>

#include <string>
#include <vector>

namespace steno::cli::chapters {

namespace {

namespace dom = simdjson::dom;

std::string call_name(dom::element call) {
    const std::string agent = text_at(call, "/trace/agent"), model = text_at(call, "/model/requested"),
                      name = text_at(call, "/name");
    std::string text = !model.empty() ? model : !name.empty() ? name : text_at(call, "/kind");
    if (!agent.empty()) text += ", " + agent;
    return text;
}

std::string began(dom::element call, const WallClock& clock) {
    return clock_text(clock.at(text_at(call, "/started_at"))).substr(0, 16);
}

}  // namespace

void failures(Document& document, const ReportAnswers& a, const Grounds& grounds) {
    Table table{{{"what failed", false, true}, {"calls", true}}, {}};
    if (grounds.compared) table.columns.push_back({"before", true});
    std::vector<dom::element> rows;
    for (const dom::element group : items(a.errors, "/groups")) rows.push_back(group);
    greatest_first(rows, [](dom::element row) { return number_at(row, "/now/calls"); });
    for (std::size_t i = 0; i < rows.size() && i < kRows; ++i) {
        table.rows.push_back({group_name(rows[i]), sum_at(rows[i], "/now/calls")});
        if (grounds.compared) table.rows.back().push_back(sum_at(rows[i], "/before/calls"));
    }
    if (number_at(a.models, "/now/calls") == 0) return;
    document.blocks.push_back(Heading{"Failures"});
    document.blocks.push_back(Paragraph{
        fmt::format("{} of {} failed ({}{}).", sum_at(a.models, "/now/failures"),
                    count_of(a.models, "/now/calls", "AI call"), percent_at(a.models, "/now/failure_rate"),
                    grounds.compared && has(a.models, "/before/failure_rate")
                        ? "; before: " + percent_at(a.models, "/before/failure_rate")
                        : "")});
    if (!table.rows.empty()) document.blocks.push_back(table);
    and_more(document, rows.size(), " kinds of failure");
}

void slowest_calls(Document& document, const ReportAnswers& a) {
    const WallClock clock(a.slow);
    Table slow{{{"call"}, {"began"}, {"", false, true}, {"why", false, true}, {"took", true}}, {}};
    std::vector<dom::element> calls;
    for (const dom::element item : items(a.slow, "/slow/slowest"))
        if (has(item, "/call")) calls.push_back(item);
    const Times times(calls, "/call/time/duration_ms");
    for (const dom::element item : calls) {
        dom::element call;
        if (item["call"].get(call) != simdjson::SUCCESS) continue;
        slow.rows.push_back({text_at(call, "/id").substr(0, 13), began(call, clock), call_name(call),
                             text_at(item, "/reason"), times.of(item)});
    }
    if (slow.rows.empty()) return;
    document.blocks.push_back(Heading{"The slowest AI calls"});
    document.blocks.push_back(
        Paragraph{fmt::format("{} took {} or longer.", count_of(a.slow, "/slow/calls", "AI call"),
                              time_at(a.slow, "/slow/threshold_ms")),
                  true});
    document.blocks.push_back(slow);
}

void dearest_calls(Document& document, const ReportAnswers& a) {
    const WallClock clock(a.models);
    for (const auto& currency : a.currencies) {
        Table dear{{{"call"}, {"began"}, {"", false, true}, {"tokens", true}, {"cost", true}}, {}};
        EvenMoney money;
        for (const dom::element call : currency.dearest) money.see_amount(call, "/cost/total");
        for (const dom::element call : currency.dearest)
            dear.rows.push_back({text_at(call, "/id").substr(0, 13), began(call, clock), call_name(call),
                                 tokens(call),
                                 money.amount(call, "/cost/total", text_at(call, "/cost/currency"))});
        if (dear.rows.empty()) continue;
        document.blocks.push_back(Heading{
            a.currencies.size() == 1 ? "The dearest calls" : "The dearest calls in " + currency.name});
        document.blocks.push_back(dear);
    }
}

}  // namespace steno::cli::chapters
