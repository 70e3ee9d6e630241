#include "cli/report_document.hpp"

#include "cli/answer.hpp"
#include "cli/budget_scope.hpp"
#include "cli/call_view.hpp"
#include "cli/terminal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
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
/// Exactly, as it was summed up, each currency apart.
std::string cost(dom::element value, const std::string& pointer) {
    dom::element sum;
    if (value.at_pointer(pointer).get(sum) != simdjson::SUCCESS) return kUnknown;
    const std::string text = money_of(sum);
    return text.empty() ? kUnknown : text;
}
/// With so many digits behind the point, also where they are 0.
std::string money_with(double number, int digits, const std::string& currency) {
    const std::string text = fmt::format("{:.{}f}", number, digits);
    if (currency == "USD") return number < 0 ? "-$" + text.substr(1) : "$" + text;
    return currency.empty() ? text : text + " " + printable(currency);
}
/// For charts, forecasts and tables where the exact sum stands elsewhere.
std::string about(double number, const std::string& currency) {
    return money_with(number, std::abs(number) < 0.1 && number != 0 ? 4 : 2, currency);
}
/// "1 call", "2,034 calls".
std::string count_of(dom::element value, const char* pointer, std::string_view word) {
    return counted(count(value, pointer), word);
}

/// What is told of the period before, and of money, by the answers.
struct Grounds {
    explicit Grounds(const ReportAnswers& a)
        : missing(unrecorded(a.models)),
          one_currency(text_at(a.models, "/now/cost/currency") != "mixed"),
          compared(missing.empty()),
          costs_compared(compared && one_currency && has(a.models, "/now/cost/total") &&
                         has(a.models, "/before/cost/total") &&
                         text_at(a.models, "/now/cost/currency") ==
                             text_at(a.models, "/before/cost/currency")) {}

    std::string missing;  ///< why nothing is compared with the period before; empty: it is
    bool one_currency;    ///< amounts can be ranked, and be shares of each other
    bool compared;
    bool costs_compared;
};
std::string change(double now, double before) {
    if (now == before) return now == 0 ? "" : "as before";
    if (before == 0) return "none before";
    const double share = (now / before - 1) * 100;
    return std::abs(share) < 0.05
               ? "as before"
               : fmt::format("{:+.{}f} % against before", share, std::abs(share) < 10 ? 1 : 0);
}
std::string day(dom::element value, const char* pointer) {
    return text_at(value, pointer).substr(0, 10);
}

Headline headline(const ReportAnswers& a, const Grounds& grounds) {
    const dom::element c = a.models;
    const auto before = [&](const std::string& value) {
        return grounds.compared && value != kUnknown ? "before: " + value : "";
    };
    const auto numbers = [&](const char* name, const char* pointer, const std::string& value) {
        const std::string now = std::string("/now") + pointer, was = std::string("/before") + pointer;
        const bool known = grounds.compared && has(c, now.c_str()) && has(c, was.c_str());
        return Headline::Figure{name, value,
                                known ? change(number_at(c, now.c_str()), number_at(c, was.c_str())) : ""};
    };
    Headline found;
    if (a.currencies.size() > 1) {
        for (const auto& [name, trend, month, dearest] : a.currencies)
            found.figures.push_back(
                {"cost in " + name, money(text_at(c, fmt::format("/now/cost/totals/{}", name).c_str()), name),
                 ""});
    } else {
        found.figures.push_back({"cost", cost(c, "/now/cost"),
                                 grounds.costs_compared
                                     ? change(amount(c, "/now/cost/total"), amount(c, "/before/cost/total"))
                                     : ""});
    }
    found.figures.push_back(numbers("AI calls", "/calls", count(c, "/now/calls")));
    found.figures.push_back({"requests", count(a.statistics, "/summary/requests"), ""});
    found.figures.push_back(numbers("tokens", "/total_tokens", count(c, "/now/total_tokens")));
    found.figures.push_back(
        {"failed", percent(c, "/now/failure_rate"), before(percent(c, "/before/failure_rate"))});
    found.figures.push_back({"95 % answered within", time(c, "/now/p95_duration_ms"),
                             before(time(c, "/before/p95_duration_ms"))});
    found.figures.push_back({"first token, median", time(c, "/now/p50_first_token_ms"),
                             before(time(c, "/before/p50_first_token_ms"))});
    found.figures.push_back({"input tokens from a cache", percent(a.cache, "/all/value"),
                             before(percent(a.cache, "/all/before"))});
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

/// "7 % more calls", "4 % less", "as many calls".
std::string more_or_less(double now, double before, std::string_view more, std::string_view less,
                         std::string_view same, std::string_view of) {
    const double percent = (now / before - 1) * 100;
    if (std::abs(percent) < 0.5) return fmt::format("{}{}", same, of);
    return fmt::format("{:.0f} % {}{}", std::abs(percent), percent > 0 ? more : less, of);
}

/// What it cost against the period before, and what moved it.
std::string change_in_words(const ReportAnswers& a) {
    const dom::element c = a.models;
    const std::string currency = text_at(c, "/now/cost/currency");
    const double now = amount(c, "/now/cost/total"), before = amount(c, "/before/cost/total");
    if (before <= 0) return ".";
    std::string text;
    if (now == before)
        text += ", as much as in the period before.";
    else
        text +=
            fmt::format(", {} {} than the {} of the period before.", about(std::abs(now - before), currency),
                        now > before ? "more" : "less", cost(c, "/before/cost"));
    if (const std::string by_model = movers(c, currency); !by_model.empty())
        text += fmt::format(" By model, most of the change is {}", by_model);
    if (const std::string by_agent = movers(a.agents, currency); !by_agent.empty())
        text += fmt::format("; by agent, {}", by_agent);
    if (text.back() != '.') text += ".";
    // Cost is calls times cost per call: which of the two moved more?
    const double calls = number_at(c, "/now/calls"), calls_before = number_at(c, "/before/calls");
    if (calls_before > 0 && calls > 0 && now > 0)
        text += fmt::format(
            " There were {}, and a call cost {}.",
            more_or_less(calls, calls_before, "more", "fewer", "as many", " calls"),
            more_or_less(now / calls, before / calls_before, "more", "less", "as much as before", ""));
    return text;
}

/// "openai gpt-x (10 calls), cohere – (2)".
std::string models_without_price(dom::element models) {
    std::string names;
    std::size_t named = 0;
    std::vector<dom::element> rows = items(models, "/groups");
    const auto unpriced = [](dom::element row) { return number_at(row, "/now/cost/unpriced_calls"); };
    greatest_first(rows, unpriced);
    for (const dom::element row : rows) {
        if (unpriced(row) == 0) break;
        if (++named > kRows) return names + ", …";
        names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", group_name(row),
                             count(row, "/now/cost/unpriced_calls"));
    }
    return names;
}

void words(Document& document, const ReportAnswers& a, const Grounds& grounds) {
    const dom::element c = a.models;
    const auto remark = [&](std::string text) {
        document.blocks.push_back(Paragraph{std::move(text), true});
    };
    if (!grounds.compared) remark(fmt::format("Before: {}. Nothing is compared with it.", grounds.missing));
    if (number_at(c, "/now/calls") == 0) {
        document.blocks.push_back(Paragraph{"There were no AI calls in this period."});
        return;
    }
    document.blocks.push_back(
        Paragraph{fmt::format("{} cost {}{}", count_of(c, "/now/calls", "AI call"), cost(c, "/now/cost"),
                              grounds.costs_compared ? change_in_words(a) : ".")});
    if (!grounds.one_currency)
        remark(
            "The cost is in several currencies, which are not added up: nothing is a share of it, and "
            "nothing "
            "is dearer than what is paid in another.");
    if (grounds.compared && !grounds.costs_compared && has(c, "/before/cost/currency"))
        remark(fmt::format("The period before cost {}, which is not compared.", cost(c, "/before/cost")));
    if (const double unpriced = number_at(c, "/now/cost/unpriced_calls"); unpriced > 0)
        remark(
            fmt::format("{} no price and {} not in the cost: {}.",
                        unpriced == 1 ? "1 call has" : count(c, "/now/cost/unpriced_calls") + " calls have",
                        unpriced == 1 ? "is" : "are", models_without_price(c)));
    if (number_at(c, "/now/cost/estimated_calls") > 0)
        remark(fmt::format("Of {} Steno counted the tokens, because nobody reported them.",
                           count_of(c, "/now/cost/estimated_calls", "call")));
    if (!a.prices.empty()) remark(fmt::format("Prices: {}.", a.prices));
}

/// Two to five lines at round heights, whose names have as many digits as they need.
std::vector<std::pair<double, std::string>> scale(double most, const std::string& currency, bool is_money) {
    if (most <= 0) return {{0, "0"}};
    std::vector<std::pair<double, std::string>> lines;
    double step = std::pow(10, std::floor(std::log10(std::max(most, 1e-6))));
    while (most / step > 5) step *= 2;
    if (most / step < 2) step /= 2;
    if (!is_money) step = std::max(1.0, std::round(step));
    int digits = 2;
    while (digits < 9 &&
           std::abs(step * std::pow(10, digits) - std::round(step * std::pow(10, digits))) > 1e-6)
        ++digits;
    for (double at = 0; at <= most * 1.001 && lines.size() < 12; at += step)
        lines.emplace_back(at, is_money ? money_with(at, digits, currency) : grouped(std::llround(at)));
    return lines;
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
    chart.scale = scale(most, currency, is_money);
    return chart;
}

void forecast(Document& document, dom::element answer, const std::string& currency) {
    const std::string since = day(answer, "/from"), sum = cost(answer, "/spent");
    const std::string spent = sum == kUnknown ? "No cost is known since " + since
                                              : fmt::format("{} was spent since {}", sum, since);
    if (!has(answer, "/forecast/total")) {
        document.blocks.push_back(
            Paragraph{fmt::format("{}. There is no forecast: {}.", spent, text_at(answer, "/reason"))});
        return;
    }
    document.blocks.push_back(Paragraph{fmt::format(
        "{}. The whole month will come to about {}, and with {:.0f} % probability to "
        "between {} and {}. ({} in the past {} off by {:.0f} % in the middle.)",
        spent, about(amount(answer, "/forecast/total"), currency),
        number_at(answer, "/forecast/coverage") * 100, about(amount(answer, "/forecast/low"), currency),
        about(amount(answer, "/forecast/high"), currency),
        count_of(answer, "/forecast/tried", "such forecast"),
        number_at(answer, "/forecast/tried") == 1 ? "was" : "were",
        number_at(answer, "/forecast/off") * 100)});
    Columns chart;
    double most = 0;
    for (const dom::element point : items(answer, "/days")) {
        // What is expected comes on top of what was spent: today has both.
        const double spent_then = has(point, "/cost") ? amount(point, "/cost") : 0;
        const double in_the_end = spent_then + (has(point, "/expected") ? number_at(point, "/expected") : 0);
        const bool known = has(point, "/cost");
        most = std::max(most, in_the_end);
        chart.columns.push_back({day(point, "/begin").substr(5), known ? spent_then : in_the_end, !known,
                                 known && in_the_end > spent_then ? std::optional(in_the_end) : std::nullopt,
                                 false});
    }
    chart.says = "Cost of each day of the month, and what is expected of those to come";
    chart.scale = scale(most, currency, true);
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
            const Grounds& grounds, const std::map<std::string, std::string>& within = {}) {
    std::vector<dom::element> rows;
    for (const dom::element group : items(comparison, "/groups"))
        if (number_at(group, "/now/calls") > 0) rows.push_back(group);
    // One group, of all calls that say nothing of it, is no table.
    if (rows.empty() || (rows.size() == 1 && group_name(rows.front()) == kUnknown)) return;
    if (grounds.one_currency)
        greatest_first(rows, [](dom::element row) { return amount(row, "/now/cost/total"); });
    else
        greatest_first(rows, [](dom::element row) { return number_at(row, "/now/calls"); });
    const double all = amount(comparison, "/now/cost/total");
    // Of each column its head, and what stands in a row.
    struct Part {
        Table::Column column;
        std::function<std::string(dom::element)> cell;
    };
    std::vector<Part> parts{{{head, false, true}, group_name},
                            {{"cost", true}, [](dom::element row) { return cost(row, "/now/cost"); }}};
    if (grounds.one_currency) {
        const auto share = [all](dom::element row) { return amount(row, "/now/cost/total") / all; };
        parts.push_back({{"share", true}, [=](dom::element row) {
                             return all > 0 && has(row, "/now/cost/total")
                                        ? fmt::format("{:.1f} %", share(row) * 100)
                                        : kUnknown;
                         }});
        parts.push_back({{"", false, false, true}, [=](dom::element row) {
                             return all > 0 ? fmt::format("{:.4f}", share(row)) : "0";
                         }});
    }
    // Two sums of several currencies have no room beside each other.
    if (grounds.compared && grounds.one_currency)
        parts.push_back({{"before", true}, [](dom::element row) {
                             return number_at(row, "/before/calls") > 0 ? cost(row, "/before/cost")
                                                                        : kUnknown;
                         }});
    parts.push_back({{"calls", true}, [](dom::element row) { return count(row, "/now/calls"); }});
    parts.push_back({{"failed", true}, [](dom::element row) { return percent(row, "/now/failure_rate"); }});
    parts.push_back(
        {{"95 % within", true}, [](dom::element row) { return time(row, "/now/p95_duration_ms"); }});
    if (!within.empty())
        parts.push_back({{"with those in it", true}, [&](dom::element row) {
                             const auto found = within.find(group_name(row));
                             return found == within.end() ? kUnknown : found->second;
                         }});
    Table table;
    for (const Part& part : parts) table.columns.push_back(part.column);
    for (std::size_t i = 0; i < rows.size() && i < kRows; ++i) {
        std::vector<std::string>& cells = table.rows.emplace_back();
        for (const Part& part : parts) cells.push_back(part.cell(rows[i]));
    }
    document.blocks.push_back(Heading{heading});
    document.blocks.push_back(table);
    if (rows.size() > kRows)
        document.blocks.push_back(
            Paragraph{fmt::format("… and {} more, {}.", rows.size() - kRows,
                                  grounds.one_currency ? "none of them dearer" : "none with more calls"),
                      true});
}

void odd_hours(Document& document, const ReportAnswers& a) {
    Table table{
        {{"hours", false, true}, {"", false}, {"was", true}, {"usual would be", true}, {"score", true}}, {}};
    const auto add = [&](dom::element trend, const std::string& what, const std::string& currency) {
        for (const dom::element anomaly : items(trend, "/anomalies/found")) {
            const auto number = [&](const char* pointer) {
                const double value = number_at(anomaly, pointer);
                return currency.empty() ? grouped(std::llround(value)) : about(value, currency);
            };
            table.rows.push_back({fmt::format("{} to {}", clock_text(text_at(anomaly, "/from")),
                                              clock_text(text_at(anomaly, "/to"))),
                                  fmt::format("{} {}", what, text_at(anomaly, "/verdict")), number("/value"),
                                  number("/expected"), fmt::format("{:+.1f}", number_at(anomaly, "/score"))});
        }
    };
    for (const auto& currency : a.currencies)
        add(currency.cost, a.currencies.size() == 1 ? "cost" : "cost in " + currency.name, currency.name);
    add(a.calls, "calls", "");
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

void slowest_calls(Document& document, dom::element answer) {
    const WallClock clock(answer);
    Table slow{{{"call"}, {"began"}, {"", false, true}, {"why", false, true}, {"took", true}}, {}};
    for (const dom::element item : items(answer, "/slow/slowest")) {
        dom::element call;
        if (item["call"].get(call) != simdjson::SUCCESS) continue;
        slow.rows.push_back({text_at(call, "/id").substr(0, 13), began(call, clock), call_name(call),
                             text_at(item, "/reason"), time(call, "/time/duration_ms")});
    }
    if (slow.rows.empty()) return;
    document.blocks.push_back(Heading{"The slowest AI calls"});
    document.blocks.push_back(
        Paragraph{fmt::format("{} took {} or longer.", count_of(answer, "/slow/calls", "AI call"),
                              time(answer, "/slow/threshold_ms")),
                  true});
    document.blocks.push_back(slow);
}

void dearest_calls(Document& document, const ReportAnswers& a) {
    const WallClock clock(a.models);
    for (const auto& currency : a.currencies) {
        Table dear{{{"call"}, {"began"}, {"", false, true}, {"tokens", true}, {"cost", true}}, {}};
        for (const dom::element call : currency.dearest)
            dear.rows.push_back({text_at(call, "/id").substr(0, 13), began(call, clock), call_name(call),
                                 tokens(call),
                                 money(text_at(call, "/cost/total"), text_at(call, "/cost/currency"))});
        if (dear.rows.empty()) continue;
        document.blocks.push_back(Heading{
            a.currencies.size() == 1 ? "The dearest calls" : "The dearest calls in " + currency.name});
        document.blocks.push_back(dear);
    }
}

void failures(Document& document, const ReportAnswers& a, const Grounds& grounds) {
    Table table{{{"what failed", false, true}, {"calls", true}}, {}};
    if (grounds.compared) table.columns.push_back({"before", true});
    std::vector<dom::element> rows;
    for (const dom::element group : items(a.errors, "/groups")) rows.push_back(group);
    greatest_first(rows, [](dom::element row) { return number_at(row, "/now/calls"); });
    for (std::size_t i = 0; i < rows.size() && i < kRows; ++i) {
        table.rows.push_back({group_name(rows[i]), count(rows[i], "/now/calls")});
        if (grounds.compared) table.rows.back().push_back(count(rows[i], "/before/calls"));
    }
    if (number_at(a.models, "/now/calls") == 0) return;
    document.blocks.push_back(Heading{"Failures"});
    document.blocks.push_back(Paragraph{
        fmt::format("{} of {} failed ({}{}).", count(a.models, "/now/failures"),
                    count_of(a.models, "/now/calls", "AI call"), percent(a.models, "/now/failure_rate"),
                    grounds.compared && has(a.models, "/before/failure_rate")
                        ? "; before: " + percent(a.models, "/before/failure_rate")
                        : "")});
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
void feedback(Document& document, const ReportAnswers& a, const Grounds& grounds) {
    dom::element now, earlier;
    if (a.quality["all"].get(now) != simdjson::SUCCESS ||
        a.quality_before["all"].get(earlier) != simdjson::SUCCESS || judged(now) == 0)
        return;
    document.blocks.push_back(Heading{"What people said of the answers"});
    std::string text =
        fmt::format("{} judged: {} accepted ({}{}), {} modified, {} rejected.",
                    judged(now) == 1 ? "1 answer was" : grouped(std::llround(judged(now))) + " answers were",
                    count(now, "/feedback/accepted"), percent(now, "/feedback/acceptance_rate"),
                    grounds.compared && has(earlier, "/feedback/acceptance_rate")
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

void scores(Document& document, const ReportAnswers& a, const Grounds& grounds) {
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
    if (!grounds.compared) table.columns.erase(table.columns.begin() + 3);
    for (std::size_t i = 0; i < found.size() && i < kRows; ++i) {
        const dom::element score = found[i];
        const std::string name = text_at(score, "/name");
        auto& cells =
            table.rows.emplace_back(std::vector{name, count(score, "/calls"), rounded(score, "/average")});
        if (grounds.compared) cells.push_back(average_before(name));
        for (const char* of : {"/least", "/median", "/greatest"}) cells.push_back(rounded(score, of));
    }
    document.blocks.push_back(Heading{"Scores"});
    document.blocks.push_back(table);
    if (found.size() > kRows)
        document.blocks.push_back(
            Paragraph{fmt::format("… and {} more, of fewer calls.", found.size() - kRows), true});
}

/// Prompts that were sent without some of their variables; nothing where there are none.
void missing_variables(Document& document, const ReportAnswers& a, const Grounds& grounds) {
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
    if (grounds.compared && has(a.quality_before, "/all/data_quality/rate"))
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

/// Where budgets stand, the fullest first; nothing where there are none.
void budgets(Document& document, dom::element answer) {
    std::vector<dom::element> rows = items(answer, "/budgets");
    if (rows.empty()) return;
    greatest_first(rows, [](dom::element budget) { return number_at(budget, "/percent"); });
    Table table{{{"budget", false, true},
                 {"for", false, true},
                 {"spent", true},
                 {"of", true},
                 {"", true},
                 {"", false, false, true},
                 {"used up by", true}},
                {}};
    const auto sum = [](dom::element budget, const char* pointer) {
        return money(text_at(budget, pointer), text_at(budget, "/currency"));
    };
    for (std::size_t i = 0; i < rows.size() && i < kRows; ++i) {
        const dom::element budget = rows[i];
        const bool known = has(budget, "/percent");
        const double percent = number_at(budget, "/percent");
        std::string end = clock_text(text_at(budget, "/projected_end")).substr(0, 16);
        if (text_at(budget, "/used_up") == "true") end = "now";
        table.rows.push_back({text_at(budget, "/name"), budget_scope(budget), sum(budget, "/spent"),
                              fmt::format("{} a {}", sum(budget, "/limit"), text_at(budget, "/per")),
                              known ? fmt::format("{:.1f} %", percent) : kUnknown,
                              fmt::format("{:.4f}", std::min(percent / 100, 1.0)),
                              end.empty() ? kUnknown : end});
    }
    document.blocks.push_back(Heading{"Budgets"});
    document.blocks.push_back(Paragraph{
        "As they stand now, each in its own day, week or month, whatever this report is about.", true});
    document.blocks.push_back(table);
    if (rows.size() > kRows)
        document.blocks.push_back(
            Paragraph{fmt::format("… and {} more, none of them fuller.", rows.size() - kRows), true});
}

}  // namespace

Document report_document(const ReportAnswers& a, std::string made_at) {
    const Grounds grounds(a);
    Document document;
    document.title = "AI calls, " + day(a.models, "/period/from") + " to " +
                     clock_text(text_at(a.models, "/period/to")).substr(0, 16);
    std::string filters;
    for (const std::string& filter : a.filters) filters += (filters.empty() ? "" : ", ") + printable(filter);
    document.subtitle = fmt::format(
        "{}Time zone {}. Before: {} to {}. Money is exact; where it says about, it is rounded.",
        filters.empty() ? "" : "Only calls with " + filters + ". ", text_at(a.models, "/period/tz"),
        clock_text(text_at(a.models, "/against/from")).substr(0, 16),
        clock_text(text_at(a.models, "/against/to")).substr(0, 16));
    document.made_at = std::move(made_at);
    document.blocks.push_back(headline(a, grounds));
    words(document, a, grounds);
    const bool several = a.currencies.size() > 1;
    bool marked = false;
    const auto add_chart = [&](const std::string& heading, dom::element trend, const std::string& currency,
                               bool is_money) {
        Columns chart = by_day(trend, currency, is_money);
        marked |= std::ranges::any_of(chart.columns, &Columns::Column::marked);
        document.blocks.push_back(Heading{heading});
        document.blocks.push_back(std::move(chart));
    };
    for (const auto& currency : a.currencies)
        add_chart(several ? "Cost by day in " + currency.name : "Cost by day", currency.cost, currency.name,
                  true);
    add_chart("AI calls by day", a.calls, "", false);
    if (marked)
        document.blocks.push_back(Paragraph{
            "Days with hours that were not as usual are drawn in another colour; see below.", true});
    for (const auto& currency : a.currencies) {
        document.blocks.push_back(Heading{several ? "This month in " + currency.name : "This month"});
        forecast(document, currency.forecast,
                 several ? currency.name : text_at(currency.forecast, "/spent/currency"));
    }
    budgets(document, a.budgets);
    groups(document, "By model", "provider and model", a.models, grounds);
    groups(document, "By provider", "provider", a.providers, grounds);
    groups(document, "By agent", "agent", a.agents, grounds, subtree_costs(a.statistics));
    groups(document, "By project", "project", a.projects, grounds);
    groups(document, "By user", "user", a.users, grounds);
    odd_hours(document, a);
    failures(document, a, grounds);
    feedback(document, a, grounds);
    scores(document, a, grounds);
    missing_variables(document, a, grounds);
    slowest_calls(document, a.slow);
    dearest_calls(document, a);
    return document;
}

}  // namespace steno::cli
