#include "cli/report_document.hpp"

#include "cli/call_view.hpp"
#include "cli/terminal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;
using report::Columns;
using report::Document;
using report::Heading;
using report::Headline;
using report::Paragraph;
using report::Table;

constexpr std::size_t kRows = 8;

std::vector<dom::element> items(dom::element value, const char* pointer) {
    dom::array array;
    if (value.at_pointer(pointer).get(array) != simdjson::SUCCESS) return {};
    return {array.begin(), array.end()};
}
/// Equals stay as they came.
void greatest_first(std::vector<dom::element>& rows, double (*size)(dom::element)) {
    std::vector<std::pair<double, std::size_t>> order;
    for (const dom::element row : rows) order.emplace_back(-size(row), order.size());
    std::ranges::sort(order);
    std::vector<dom::element> sorted;
    for (const auto& [less, i] : order) sorted.push_back(rows[i]);
    rows = std::move(sorted);
}
std::string count(dom::element value, const char* pointer) {
    return has(value, pointer) ? grouped(static_cast<std::int64_t>(number_at(value, pointer))) : kUnknown;
}
std::string percent(dom::element value, const char* pointer) {
    return has(value, pointer) ? fmt::format("{:.1f} %", number_at(value, pointer) * 100) : kUnknown;
}
std::string time(dom::element value, const char* pointer) {
    return has(value, pointer) ? milliseconds(number_at(value, pointer)) : kUnknown;
}
double amount(dom::element value, const std::string& pointer) {
    return std::strtod(text_at(value, pointer.c_str()).c_str(), nullptr);
}
/// Exactly, as it was summed up.
std::string cost(dom::element value, const std::string& pointer) {
    const std::string total = text_at(value, (pointer + "/total").c_str());
    const std::string currency = text_at(value, (pointer + "/currency").c_str());
    return total.empty() ? (currency.empty() ? kUnknown : printable(currency)) : money(total, currency);
}
/// For charts, forecasts and tables where the exact sum stands elsewhere.
std::string about(double number, const std::string& currency) {
    return money(fmt::format("{:.{}f}", number, std::abs(number) < 0.1 ? 4 : 2), currency);
}
std::string change(double now, double before) {
    if (now == before) return "as before";
    if (before == 0) return "none before";
    const double share = (now / before - 1) * 100;
    return std::abs(share) < 0.05
               ? "as before"
               : fmt::format("{:+.{}f} % against before", share, std::abs(share) < 10 ? 1 : 0);
}
std::string day(dom::element value, const char* pointer) {
    return text_at(value, pointer).substr(0, 10);
}

Headline headline(const ReportAnswers& a) {
    const dom::element c = a.models;
    const auto numbers = [&](const char* name, const char* pointer, const std::string& value) {
        const std::string now = std::string("/now") + pointer, before = std::string("/before") + pointer;
        const bool known = has(c, now.c_str()) && has(c, before.c_str());
        return Headline::Figure{name, value,
                                known ? change(number_at(c, now.c_str()), number_at(c, before.c_str())) : ""};
    };
    Headline found;
    const bool same = text_at(c, "/now/cost/currency") == text_at(c, "/before/cost/currency");
    found.figures.push_back(
        {"cost", cost(c, "/now/cost"),
         same ? change(amount(c, "/now/cost/total"), amount(c, "/before/cost/total")) : ""});
    found.figures.push_back(numbers("AI calls", "/calls", count(c, "/now/calls")));
    found.figures.push_back({"requests", count(a.statistics, "/summary/requests"), ""});
    found.figures.push_back(numbers("tokens", "/total_tokens", count(c, "/now/total_tokens")));
    found.figures.push_back(
        {"failed", percent(c, "/now/failure_rate"), "before: " + percent(c, "/before/failure_rate")});
    found.figures.push_back({"95 % answered within", time(c, "/now/p95_duration_ms"),
                             "before: " + time(c, "/before/p95_duration_ms")});
    found.figures.push_back({"first token, median", time(c, "/now/p50_first_token_ms"),
                             "before: " + time(c, "/before/p50_first_token_ms")});
    found.figures.push_back({"input tokens from a cache", percent(a.cache, "/all/value"),
                             "before: " + percent(a.cache, "/all/before")});
    return found;
}

/// "gpt-4o +$3.20, o3 −$1.10": those that changed most.
std::string movers(dom::element comparison, const std::string& currency) {
    std::string text;
    int named = 0;
    for (const dom::element group : items(comparison, "/groups")) {
        const double more = amount(group, "/now/cost/total") - amount(group, "/before/cost/total");
        if (more == 0 || named++ == 3) break;
        text += fmt::format("{}{} {}{}", text.empty() ? "" : ", ", group_name(group), more > 0 ? "+" : "−",
                            about(std::abs(more), currency));
    }
    return text;
}

void words(Document& document, const ReportAnswers& a) {
    const dom::element c = a.models;
    const std::string currency = text_at(c, "/now/cost/currency");
    const double now = amount(c, "/now/cost/total"), before = amount(c, "/before/cost/total");
    if (number_at(c, "/now/calls") == 0) {
        document.blocks.push_back(Paragraph{"There were no AI calls in this period."});
        return;
    }
    std::string text = fmt::format("{} AI calls cost {}", count(c, "/now/calls"), cost(c, "/now/cost"));
    if (currency == text_at(c, "/before/cost/currency") && before > 0) {
        if (now == before)
            text += ", as much as in the period before.";
        else
            text += fmt::format(", {} {} than the {} of the period before.",
                                about(std::abs(now - before), currency), now > before ? "more" : "less",
                                cost(c, "/before/cost"));
        if (const std::string by_model = movers(c, currency); !by_model.empty())
            text += fmt::format(" By model, most of the change is {}", by_model);
        if (const std::string by_agent = movers(a.agents, currency); !by_agent.empty())
            text += fmt::format("; by agent, {}", by_agent);
        if (text.back() != '.') text += ".";
        // Cost is calls times cost per call: which of the two moved more?
        const double calls = number_at(c, "/now/calls"), calls_before = number_at(c, "/before/calls");
        if (calls_before > 0 && calls > 0 && now > 0) {
            text += fmt::format(" There were {:+.0f} % calls, and a call cost {:+.0f} %.",
                                (calls / calls_before - 1) * 100,
                                (now / calls / (before / calls_before) - 1) * 100);
        }
    } else {
        text += ".";
    }
    document.blocks.push_back(Paragraph{text});
    const double unpriced = number_at(c, "/now/cost/unpriced_calls"),
                 estimated = number_at(c, "/now/cost/estimated_calls");
    std::string remark;
    if (unpriced > 0)
        remark = fmt::format(
            "{} no price and {} not in the cost. ",
            unpriced == 1 ? "1 call has" : grouped(static_cast<std::int64_t>(unpriced)) + " calls have",
            unpriced == 1 ? "is" : "are");
    if (estimated > 0)
        remark += fmt::format("Of {} Steno counted the tokens, because nobody reported them.",
                              counted(grouped(static_cast<std::int64_t>(estimated)), "call"));
    if (!remark.empty()) document.blocks.push_back(Paragraph{remark, true});
}

Columns by_day(dom::element trend, const std::string& currency, bool is_money) {
    Columns chart;
    double most = 0;
    std::vector<std::string> odd;
    for (const dom::element anomaly : items(trend, "/anomalies/found")) odd.push_back(day(anomaly, "/from"));
    for (const dom::element point : items(trend, "/all/points")) {
        const std::optional<double> value =
            !has(point, "/value")
                ? std::nullopt
                : std::optional(is_money ? amount(point, "/value") : number_at(point, "/value"));
        const std::string date = day(point, "/begin");
        most = std::max(most, value.value_or(0));
        chart.columns.push_back(
            {date.substr(5), value, false, {}, std::ranges::find(odd, date) != odd.end()});
    }
    chart.says = fmt::format("{} by day, from {} to {}", is_money ? "Cost" : "AI calls",
                             day(trend, "/period/from"), day(trend, "/period/to"));
    // Two to five lines at round heights.
    double step = std::pow(10, std::floor(std::log10(std::max(most, 1e-6))));
    while (most / step > 5) step *= 2;
    if (most / step < 2) step /= 2;
    for (double at = 0; at <= most * 1.001 && chart.scale.size() < 12; at += step)
        chart.scale.emplace_back(at, is_money ? about(at, currency) : grouped(std::llround(at)));
    return chart;
}

void forecast(Document& document, dom::element answer, const std::string& currency) {
    document.blocks.push_back(Heading{"This month"});
    if (!has(answer, "/forecast/total")) {
        document.blocks.push_back(
            Paragraph{fmt::format("{} was spent since {}. There is no forecast: {}.", cost(answer, "/spent"),
                                  day(answer, "/from"), text_at(answer, "/reason"))});
        return;
    }
    document.blocks.push_back(Paragraph{fmt::format(
        "{} was spent since {}. The whole month will come to about {}, and with {:.0f} % probability to "
        "between {} and {}. ({} such forecasts in the past were off by {:.0f} % in the middle.)",
        cost(answer, "/spent"), day(answer, "/from"), about(amount(answer, "/forecast/total"), currency),
        number_at(answer, "/forecast/coverage") * 100, about(amount(answer, "/forecast/low"), currency),
        about(amount(answer, "/forecast/high"), currency), number_at(answer, "/forecast/tried"),
        number_at(answer, "/forecast/off") * 100)});
    Columns chart;
    double most = 0;
    for (const dom::element point : items(answer, "/days")) {
        const bool known = has(point, "/cost");
        const double value = known ? amount(point, "/cost") : number_at(point, "/expected");
        const double beyond = has(point, "/expected") ? number_at(point, "/expected") : 0;
        most = std::max({most, value, beyond});
        chart.columns.push_back({day(point, "/begin").substr(5), value, !known,
                                 beyond > value ? std::optional(beyond) : std::nullopt, false});
    }
    chart.says = "Cost of each day of the month, and what is expected of those to come";
    chart.scale = {
        {0, about(0, currency)}, {most / 2, about(most / 2, currency)}, {most, about(most, currency)}};
    document.blocks.push_back(chart);
}

/// What agents spent with all that were nested within them, by name; empty where none was.
std::map<std::string, std::string> subtree_costs(dom::element statistics) {
    std::map<std::string, std::string> costs;
    bool nested = false;
    for (const dom::element row : items(statistics, "/by_agent")) {
        nested |= number_at(row, "/subtree/calls") != number_at(row, "/ai_calls/calls");
        costs[text_at(row, "/agent")] = cost(row, "/subtree/cost");
    }
    if (!nested) costs.clear();
    return costs;
}

/// `within`: a further column, by the groups' names; none where it is empty.
void groups(Document& document, const char* heading, const char* head, dom::element comparison,
            const std::map<std::string, std::string>& within = {}) {
    std::vector<dom::element> rows;
    for (const dom::element group : items(comparison, "/groups"))
        if (number_at(group, "/now/calls") > 0) rows.push_back(group);
    // One group, of all calls that say nothing of it, is no table.
    if (rows.empty() || (rows.size() == 1 && group_name(rows.front()) == kUnknown)) return;
    greatest_first(rows, [](dom::element row) { return amount(row, "/now/cost/total"); });
    const double all = amount(comparison, "/now/cost/total");
    Table table{{{head, false, true},
                 {"cost", true},
                 {"share", true},
                 {"", false, false, true},
                 {"before", true},
                 {"calls", true},
                 {"failed", true},
                 {"95 % within", true}},
                {}};
    if (!within.empty()) table.columns.push_back({"with those in it", true});
    for (std::size_t i = 0; i < rows.size() && i < kRows; ++i) {
        const dom::element row = rows[i];
        const double share = all > 0 ? amount(row, "/now/cost/total") / all : 0;
        table.rows.push_back({group_name(row), cost(row, "/now/cost"), fmt::format("{:.1f} %", share * 100),
                              fmt::format("{:.4f}", share),
                              number_at(row, "/before/calls") > 0 ? cost(row, "/before/cost") : kUnknown,
                              count(row, "/now/calls"), percent(row, "/now/failure_rate"),
                              time(row, "/now/p95_duration_ms")});
        if (within.empty()) continue;
        const auto found = within.find(group_name(row));
        table.rows.back().push_back(found == within.end() ? kUnknown : found->second);
    }
    document.blocks.push_back(Heading{heading});
    document.blocks.push_back(table);
    if (rows.size() > kRows)
        document.blocks.push_back(
            Paragraph{fmt::format("… and {} more, which cost less.", rows.size() - kRows), true});
}

void odd_hours(Document& document, const ReportAnswers& a, const std::string& currency) {
    Table table{
        {{"hours", false, true}, {"", false}, {"was", true}, {"usual would be", true}, {"score", true}}, {}};
    const auto add = [&](dom::element trend, const char* what, bool is_money) {
        for (const dom::element anomaly : items(trend, "/anomalies/found")) {
            const auto number = [&](const char* pointer) {
                const double value = number_at(anomaly, pointer);
                return is_money ? about(value, currency) : grouped(std::llround(value));
            };
            table.rows.push_back({fmt::format("{} to {}", clock_text(text_at(anomaly, "/from")),
                                              clock_text(text_at(anomaly, "/to"))),
                                  fmt::format("{} {}", what, text_at(anomaly, "/verdict")), number("/value"),
                                  number("/expected"), fmt::format("{:+.1f}", number_at(anomaly, "/score"))});
        }
    };
    add(a.cost, "cost", true);
    add(a.calls, "calls", false);
    document.blocks.push_back(Heading{"Hours that were not as usual"});
    if (!table.rows.empty()) {
        const std::size_t more = table.rows.size() > 2 * kRows ? table.rows.size() - 2 * kRows : 0;
        if (more > 0) table.rows.resize(2 * kRows);
        document.blocks.push_back(table);
        if (more > 0) document.blocks.push_back(Paragraph{fmt::format("… and {} more.", more), true});
    } else if (number_at(a.calls, "/anomalies/judged") > 0) {
        document.blocks.push_back(
            Paragraph{"None: cost and calls of every hour were as the weeks before let expect."});
    } else {
        document.blocks.push_back(
            Paragraph{"Not known: what is usual is learned from two weeks of calls (and looked for in up to "
                      "93 days)."});
    }
}

std::string call_name(dom::element item) {
    const std::string agent = text_at(item, "/call/trace/agent"),
                      model = text_at(item, "/call/model/requested"), name = text_at(item, "/call/name");
    std::string text = !model.empty() ? model : !name.empty() ? name : text_at(item, "/call/kind");
    if (!agent.empty()) text += ", " + agent;
    return text;
}

void single_calls(Document& document, dom::element statistics) {
    Table slow{{{"call"}, {"began"}, {"", false, true}, {"why", false, true}, {"took", true}}, {}};
    for (const dom::element item : items(statistics, "/slow/slowest"))
        slow.rows.push_back({text_at(item, "/call/id").substr(0, 13),
                             clock_text(text_at(item, "/call/started_at")).substr(0, 16), call_name(item),
                             text_at(item, "/reason"), time(item, "/call/time/duration_ms")});
    if (!slow.rows.empty()) {
        document.blocks.push_back(Heading{"The slowest calls"});
        document.blocks.push_back(
            Paragraph{fmt::format("{} calls took {} or longer.", count(statistics, "/slow/calls"),
                                  time(statistics, "/slow/threshold_ms")),
                      true});
        document.blocks.push_back(slow);
    }
    Table dear{{{"call"}, {"began"}, {"", false, true}, {"tokens", true}, {"cost", true}}, {}};
    for (const dom::element item : items(statistics, "/top_expensive")) {
        dom::element call;
        const bool there = item["call"].get(call) == simdjson::SUCCESS;
        dear.rows.push_back({text_at(item, "/call/id").substr(0, 13),
                             clock_text(text_at(item, "/call/started_at")).substr(0, 16), call_name(item),
                             there ? tokens(call) : "",
                             money(text_at(item, "/call/cost/total"), text_at(item, "/call/cost/currency"))});
    }
    if (dear.rows.empty()) return;
    document.blocks.push_back(Heading{"The dearest calls"});
    document.blocks.push_back(dear);
}

void failures(Document& document, const ReportAnswers& a) {
    Table table{{{"what failed", false, true}, {"calls", true}, {"before", true}}, {}};
    std::vector<dom::element> rows;
    for (const dom::element group : items(a.errors, "/groups")) rows.push_back(group);
    greatest_first(rows, [](dom::element row) { return number_at(row, "/now/calls"); });
    for (std::size_t i = 0; i < rows.size() && i < kRows; ++i)
        table.rows.push_back(
            {group_name(rows[i]), count(rows[i], "/now/calls"), count(rows[i], "/before/calls")});
    document.blocks.push_back(Heading{"Failures"});
    document.blocks.push_back(
        Paragraph{fmt::format("{} of {} AI calls failed ({}; before: {}).", count(a.models, "/now/failures"),
                              count(a.models, "/now/calls"), percent(a.models, "/now/failure_rate"),
                              percent(a.models, "/before/failure_rate"))});
    if (!table.rows.empty()) document.blocks.push_back(table);
    if (rows.size() > kRows)
        document.blocks.push_back(
            Paragraph{fmt::format("… and {} more kinds of failure.", rows.size() - kRows), true});
}

std::string rounded(dom::element value, const char* pointer) {
    return has(value, pointer) ? fmt::format("{:.4g}", number_at(value, pointer)) : kUnknown;
}
double judged(dom::element quality) {
    return number_at(quality, "/feedback/accepted") + number_at(quality, "/feedback/modified") +
           number_at(quality, "/feedback/rejected");
}

/// What people said of answers; nothing where nobody said anything.
void feedback(Document& document, const ReportAnswers& a) {
    dom::element now, earlier;
    if (a.quality["all"].get(now) != simdjson::SUCCESS ||
        a.quality_before["all"].get(earlier) != simdjson::SUCCESS || judged(now) == 0)
        return;
    document.blocks.push_back(Heading{"What people said of the answers"});
    std::string text = fmt::format("{} answers were judged: {} accepted ({}{}), {} modified, {} rejected.",
                                   grouped(std::llround(judged(now))), count(now, "/feedback/accepted"),
                                   percent(now, "/feedback/acceptance_rate"),
                                   has(earlier, "/feedback/acceptance_rate")
                                       ? ", before: " + percent(earlier, "/feedback/acceptance_rate")
                                       : "",
                                   count(now, "/feedback/modified"), count(now, "/feedback/rejected"));
    if (number_at(now, "/edit_distance/calls") > 0)
        text += fmt::format(" Of {} it is known how much people changed: {} characters on average.",
                            count(now, "/edit_distance/calls"), rounded(now, "/edit_distance/average"));
    document.blocks.push_back(Paragraph{text});
    std::vector<dom::element> rows;
    for (const dom::element group : items(a.quality, "/groups"))
        if (judged(group) > 0) rows.push_back(group);
    if (rows.size() == 1 && group_name(rows.front()) == kUnknown) return;
    greatest_first(rows, judged);
    Table table{{{"prompt type", false, true},
                 {"judged", true},
                 {"accepted", true},
                 {"", false, false, true},
                 {"modified", true},
                 {"rejected", true},
                 {"edited by", true}},
                {}};
    for (std::size_t i = 0; i < rows.size() && i < kRows; ++i) {
        const dom::element row = rows[i];
        table.rows.push_back({group_name(row), grouped(std::llround(judged(row))),
                              percent(row, "/feedback/acceptance_rate"),
                              fmt::format("{:.4f}", number_at(row, "/feedback/acceptance_rate")),
                              count(row, "/feedback/modified"), count(row, "/feedback/rejected"),
                              rounded(row, "/edit_distance/average")});
    }
    document.blocks.push_back(table);
    if (rows.size() > kRows)
        document.blocks.push_back(
            Paragraph{fmt::format("… and {} more, of which fewer were judged.", rows.size() - kRows), true});
}

void scores(Document& document, const ReportAnswers& a) {
    const auto found = items(a.quality, "/scores");
    if (found.empty()) return;
    const auto average_before = [&](const std::string& name) -> std::string {
        for (const dom::element score : items(a.quality_before, "/scores"))
            if (text_at(score, "/name") == name) return rounded(score, "/average");
        return kUnknown;
    };
    Table table{{{"score", false, true},
                 {"calls", true},
                 {"average", true},
                 {"before", true},
                 {"least", true},
                 {"median", true},
                 {"greatest", true}},
                {}};
    for (std::size_t i = 0; i < found.size() && i < kRows; ++i) {
        const dom::element score = found[i];
        const std::string name = text_at(score, "/name");
        table.rows.push_back({name, count(score, "/calls"), rounded(score, "/average"), average_before(name),
                              rounded(score, "/least"), rounded(score, "/median"),
                              rounded(score, "/greatest")});
    }
    document.blocks.push_back(Heading{"Scores"});
    document.blocks.push_back(table);
    if (found.size() > kRows)
        document.blocks.push_back(
            Paragraph{fmt::format("… and {} more, of fewer calls.", found.size() - kRows), true});
}

/// Prompts that were sent without some of their variables; nothing where there are none.
void missing_variables(Document& document, const ReportAnswers& a) {
    const dom::element found = a.missing;
    if (number_at(found, "/incomplete") == 0) return;
    document.blocks.push_back(Heading{"Prompts that lacked variables"});
    std::string names;
    const auto variables = items(found, "/variables");
    for (std::size_t i = 0; i < variables.size() && i < kRows; ++i)
        names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", text_at(variables[i], "/variable"),
                             count(variables[i], "/calls"));
    if (variables.size() > kRows) names += fmt::format(" and {} more", variables.size() - kRows);
    std::string text = fmt::format(
        "Of the AI calls that tell it, {} had all variables of their prompt, {} had not. Missing were {}.",
        percent(found, "/rate"), count(found, "/incomplete"), names);
    if (has(a.quality_before, "/all/data_quality/rate"))
        text += fmt::format(" Before, {} had all.", percent(a.quality_before, "/all/data_quality/rate"));
    document.blocks.push_back(Paragraph{text});
    Table table{{{"prompt", false, true},
                 {"version"},
                 {"had all", true},
                 {"had not", true},
                 {"most often without", false, true}},
                {}};
    const auto prompts = items(found, "/prompts");
    for (std::size_t i = 0; i < prompts.size() && i < kRows; ++i) {
        const dom::element prompt = prompts[i];
        const std::string type = text_at(prompt, "/type"), name = text_at(prompt, "/name");
        table.rows.push_back({type.empty()   ? (name.empty() ? kUnknown : name)
                              : name.empty() ? type
                                             : type + ", " + name,
                              has(prompt, "/version") ? text_at(prompt, "/version") : kUnknown,
                              percent(prompt, "/rate"), count(prompt, "/incomplete"),
                              text_at(prompt, "/missing/0/variable")});
    }
    document.blocks.push_back(table);
    if (prompts.size() > kRows)
        document.blocks.push_back(Paragraph{fmt::format("… and {} more.", prompts.size() - kRows), true});
}

}  // namespace

Document report_document(const ReportAnswers& a, std::string made_at) {
    const std::string currency = text_at(a.models, "/now/cost/currency");
    Document document;
    document.title = "AI calls, " + day(a.models, "/period/from") + " to " +
                     clock_text(text_at(a.models, "/period/to")).substr(0, 16);
    document.subtitle = fmt::format(
        "Time zone {}. Before: {} to {}. Money is exact; where it says about, it is rounded.",
        text_at(a.models, "/period/tz"), clock_text(text_at(a.models, "/against/from")).substr(0, 16),
        clock_text(text_at(a.models, "/against/to")).substr(0, 16));
    document.made_at = std::move(made_at);
    document.blocks.push_back(headline(a));
    words(document, a);
    document.blocks.push_back(Heading{"Cost by day"});
    document.blocks.push_back(by_day(a.cost, currency, true));
    document.blocks.push_back(Heading{"AI calls by day"});
    document.blocks.push_back(by_day(a.calls, currency, false));
    document.blocks.push_back(
        Paragraph{"Days with hours that were not as usual are drawn in another colour; see below.", true});
    forecast(document, a.forecast, currency);
    groups(document, "By model", "model", a.models);
    groups(document, "By agent", "agent", a.agents, subtree_costs(a.statistics));
    groups(document, "By project", "project", a.projects);
    groups(document, "By user", "user", a.users);
    odd_hours(document, a, currency);
    failures(document, a);
    feedback(document, a);
    scores(document, a);
    missing_variables(document, a);
    single_calls(document, a.statistics);
    return document;
}

}  // namespace steno::cli
