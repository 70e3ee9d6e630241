#include "cli/report_days.hpp"

#include "cli/call_view.hpp"
#include "cli/terminal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace steno::cli::chapters {

namespace {

namespace dom = simdjson::dom;

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

Columns chart_of(dom::element trend, const std::string& currency, bool is_money) {
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

}  // namespace

void by_day(Document& document, const ReportAnswers& a) {
    const bool several = a.currencies.size() > 1;
    bool marked = false;
    const auto add = [&](const std::string& heading, dom::element trend, const std::string& currency,
                         bool is_money) {
        Columns chart = chart_of(trend, currency, is_money);
        marked |= std::ranges::any_of(chart.columns, &Columns::Column::marked);
        document.blocks.push_back(Heading{heading});
        document.blocks.push_back(std::move(chart));
    };
    for (const auto& currency : a.currencies)
        add(several ? "Cost by day in " + currency.name : "Cost by day", currency.cost, currency.name, true);
    add("AI calls by day", a.calls, "", false);
    if (marked)
        document.blocks.push_back(Paragraph{
            "Days with hours that were not as usual are drawn in another colour; see below.", true});
}

void this_month(Document& document, const ReportAnswers& a) {
    const bool several = a.currencies.size() > 1;
    for (const auto& currency : a.currencies) {
        document.blocks.push_back(Heading{several ? "This month in " + currency.name : "This month"});
        forecast(document, currency.forecast,
                 several ? currency.name : text_at(currency.forecast, "/spent/currency"));
    }
}

void odd_hours(Document& document, const ReportAnswers& a) {
    Table table{
        {{"hours", false, true}, {"", false}, {"was", true}, {"usual would be", true}, {"score", true}}, {}};
    const auto add = [&](dom::element trend, const std::string& what, const std::string& currency) {
        EvenMoney money;
        for (const dom::element anomaly : items(trend, "/anomalies/found")) {
            for (const char* pointer : {"/value", "/expected"})
                money.see(decimal_of(number_at(anomaly, pointer)));
        }
        for (const dom::element anomaly : items(trend, "/anomalies/found")) {
            const auto number = [&](const char* pointer) {
                const double value = number_at(anomaly, pointer);
                return currency.empty() ? grouped(std::llround(value))
                                        : money.text(decimal_of(value), currency);
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
        const std::size_t all = table.rows.size();
        table.rows.resize(std::min(all, 2 * kRows));
        document.blocks.push_back(table);
        and_more(document, all, "", 2 * kRows);
    } else if (number_at(a.calls, "/anomalies/judged") > 0) {
        document.blocks.push_back(
            Paragraph{"None: cost and calls of every hour were as the weeks before let expect."});
    } else {
        document.blocks.push_back(
            Paragraph{"Not known: what is usual is learned from two weeks of calls (and looked for in up to "
                      "93 days)."});
    }
}

}  // namespace steno::cli::chapters
