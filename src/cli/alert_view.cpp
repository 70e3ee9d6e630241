#include "cli/alert_view.hpp"

#include "base/percent.hpp"
#include "cli/call_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

Colour colour_of_level(std::string_view level) {
    if (level == "ok") return Colour::Green;
    if (level == "learning") return Colour::Cyan;
    if (level == "warning") return Colour::Yellow;
    if (level == "critical") return Colour::Red;
    return Colour::Dim;
}

/// "gpt-4o, billing"
std::string group_of(dom::element value) {
    dom::array group;
    std::string text;
    if (value["group"].get(group) != simdjson::SUCCESS) return text;
    for (const dom::element part : group) {
        std::string_view one;
        if (!text.empty()) text += ", ";
        text += part.get(one) == simdjson::SUCCESS ? std::string(one)
                : part.is_null()                   ? std::string(kUnknown)
                                                   : simdjson::minify(part);
    }
    return text;
}

/// What the rule counts in, as people read it: "5 %", "1.5 s", "×2", "$10".
std::string amount_of(dom::element rule, dom::element from, const char* pointer) {
    if (!has(from, pointer)) return kUnknown;
    const std::string unit = text_at(rule, "/unit");
    if (unit == "money") {
        const std::string currency = text_at(from, "/currency");
        return currency.empty() ? text_at(from, pointer) : money(text_at(from, pointer), currency);
    }
    const double value = number_at(from, pointer);
    if (unit == "milliseconds") return milliseconds(value);
    if (unit == "share") return fmt::format("{:.4g} %", value * 100);
    if (unit == "ratio") return fmt::format("×{:.2f}", value);
    if (unit == "score") return fmt::format("score {:.3g}", value);
    const bool whole = value == std::floor(value) && std::abs(value) < 1e15;
    return whole ? grouped(static_cast<std::int64_t>(value)) : fmt::format("{:.4g}", value);
}

/// What a group of it was when it was last looked at: a share with the digits that it has everywhere.
std::string value_of(dom::element rule, dom::element group) {
    const bool share = has(group, "/value") && text_at(rule, "/unit") == "share";
    return share ? percent_text(number_at(group, "/value")) : amount_of(rule, group, "/value");
}

/// An amount of the metric itself, where the rule's unit is of a ratio or a score.
std::string metric_amount(dom::element rule, const char* pointer) {
    const std::string amount = text_at(rule, pointer);
    const bool of_metric = text_at(rule, "/unit") != "ratio" && text_at(rule, "/unit") != "score";
    return of_metric ? amount_of(rule, rule, pointer)
                     : fmt::format("{} {}", text_at(rule, "/metric"), amount);
}

/// "failure_rate ≥ 5 %": what a rule watches, in its own words.
std::string watched(dom::element rule) {
    const std::string kind = text_at(rule, "/kind");
    if (kind == "missing_data") return "no calls";
    if (kind == "calls")
        return fmt::format("calls with {} > {}", text_at(rule, "/field"), text_at(rule, "/over"));
    if (kind == "budget") {
        const std::string name = text_at(rule, "/budget");
        std::string at;
        for (std::size_t i = 0; has(rule, fmt::format("/at/{}", i).c_str()); ++i)
            at += fmt::format("{}{}", i == 0 ? "" : ", ", text_at(rule, fmt::format("/at/{}", i).c_str()));
        if (!has(rule, "/at"))
            at = name.empty() ? "their own percentages" : "its own percentages";
        else if (!at.empty())
            at += " %";
        if (text_at(rule, "/projected") == "true") at += at.empty() ? "its projected end" : ", projected end";
        return fmt::format("{}: {}", name.empty() ? "any budget" : "budget " + name, at);
    }
    if (kind == "anomaly") {
        const std::string when = text_at(rule, "/when");
        std::string text = fmt::format("unusual {}{}, ", text_at(rule, "/metric"),
                                       when == "above"   ? " (too much)"
                                       : when == "below" ? " (too little)"
                                                         : "");
        for (const char* level : {"/warning", "/critical"})
            if (has(rule, level)) text += (text.ends_with(", ") ? "" : ", ") + amount_of(rule, rule, level);
        return text;
    }
    const std::string text =
        fmt::format("{} {} ", text_at(rule, "/metric"), text_at(rule, "/when") == "below" ? "≤" : "≥");
    if (has(rule, "/warning") && has(rule, "/critical"))
        return text + amount_of(rule, rule, "/warning") + ", " + amount_of(rule, rule, "/critical");
    return text + amount_of(rule, rule, has(rule, "/warning") ? "/warning" : "/critical");
}

/// Of what a number alone says little.
bool in_words_alone(dom::element rule) {
    const std::string kind = text_at(rule, "/kind");
    return kind == "budget" || kind == "anomaly";
}

std::string window_of(dom::element rule) {
    const std::string kind = text_at(rule, "/kind");
    if (kind == "budget") return "its period";
    return kind == "anomaly" ? "hour" : text_at(rule, "/window");
}

void add_rule(Table& table, dom::element rule) {
    const std::string state = text_at(rule, "/state");
    dom::array groups;
    std::string worst, since;
    std::size_t firing = 0, count = 0;
    if (rule["groups"].get(groups) == simdjson::SUCCESS) {
        for (const dom::element group : groups) {
            const std::string level = text_at(group, "/level");
            firing += level == "warning" || level == "critical";
            if (count++ > 0) continue;
            since = minute(text_at(group, "/since"));
            worst = group_of(group);
            const bool in_words = text_at(rule, "/kind") == "anomaly" && has(group, "/what");
            // What is no level says why, with the number that was too few for one.
            const bool unknown = level == "no_data" && has(group, "/because");
            if (in_words || (has(group, "/value") && !unknown))
                worst += (worst.empty() ? "" : ": ") +
                         (in_words ? text_at(group, "/what") : value_of(rule, group));
            else if (has(group, "/because"))
                worst += (worst.empty() ? "" : ": ") +
                         (has(group, "/value") ? value_of(rule, group) + " " : std::string()) +
                         text_at(group, "/because");
        }
    }
    if (count > 1 && firing > 1) worst += fmt::format(" and {} more", firing - 1);
    if (has(rule, "/error")) worst = text_at(rule, "/error");
    table.row(
        {text_at(rule, "/name"), state, watched(rule), window_of(rule), worst.empty() ? kUnknown : worst,
         since.empty() ? kUnknown : since, minute(text_at(rule, "/evaluated_at"))},
        {Colour::Plain, colour_of_level(state), Colour::Plain, Colour::Plain, Colour::Plain, Colour::Dim,
         Colour::Dim});
}

void add_event(Table& table, dom::element event, bool with_told) {
    const std::string from = text_at(event, "/from"), to = text_at(event, "/to");
    const std::string group = group_of(event);
    std::vector<std::string> cells{minute(text_at(event, "/at")),
                                   text_at(event, "/rule") + (group.empty() ? "" : " · " + group), from, to};
    if (with_told)
        cells.emplace_back(text_at(event, "/told") != "true" ? kUnknown : from == to ? "again" : "yes");
    cells.push_back(text_at(event, "/what") + (text_at(event, "/muted") == "true" ? " (muted)" : ""));
    table.row(std::move(cells), {Colour::Dim, Colour::Plain, colour_of_level(from), colour_of_level(to)});
}

}  // namespace

std::string minute(const std::string& moment) {
    return moment.empty() ? kUnknown : clock_text(moment).substr(0, 16);
}

Table rule_table(dom::element answer) {
    Table table({{"rule"},
                 {"state"},
                 {"fires at"},
                 {"window"},
                 {"now", false, true},
                 {"since"},
                 {"evaluated (UTC)"}});
    dom::array rules;
    if (answer["alerts"].get(rules) == simdjson::SUCCESS)
        for (const dom::element rule : rules) add_rule(table, rule);
    return table;
}

void print_rule(dom::element rule) {
    fmt::print("{}  {}\n", text_at(rule, "/name"),
               paint(text_at(rule, "/state"), colour_of_level(text_at(rule, "/state"))));
    if (has(rule, "/description")) fmt::print("{}\n", printable(text_at(rule, "/description")));
    const auto line = [&](std::string_view what, const std::string& value) {
        if (!value.empty() && value != "[]") fmt::print("  {:<12}{}\n", what, printable(value));
    };
    line("fires at", watched(rule));
    if (has(rule, "/recover")) line("recovers at", amount_of(rule, rule, "/recover"));
    if (text_at(rule, "/against") == "before") line("compared", "with the window of the same shape before");
    if (has(rule, "/at_least")) line("at least", metric_amount(rule, "/at_least"));
    if (has(rule, "/severity")) line("severity", text_at(rule, "/severity"));
    const auto list = [&](const char* name) {
        dom::array values;
        std::string text;
        if (rule[name].get(values) == simdjson::SUCCESS)
            for (const dom::element value : values)
                text += (text.empty() ? "" : ", ") + std::string(value.get_string().value_unsafe());
        return text;
    };
    line("only", list("filters"));
    line("by", list("group_by"));
    const std::string kind = text_at(rule, "/kind");
    if (kind == "anomaly")
        line("window", fmt::format("the last whole hour ({})", text_at(rule, "/tz")));
    else if (kind != "budget")
        line("window", fmt::format("{} ({})", text_at(rule, "/window"), text_at(rule, "/tz")));
    if (has(rule, "/delay") && text_at(rule, "/delay") != "0")
        line("ends", text_at(rule, "/delay") + " before now");
    if (number_at(rule, "/min_calls") > 0) line("min calls", text_at(rule, "/min_calls"));
    if (number_at(rule, "/for") > 1)
        line("for", text_at(rule, "/for") + " evaluations in a row, every " + text_at(rule, "/every"));
    else
        line("looks every", text_at(rule, "/every"));
    if (text_at(rule, "/renotify") != "0") line("again after", text_at(rule, "/renotify"));
    if (text_at(rule, "/tell_recovery") == "false") line("recovery", "is not told");
    const std::string channels = list("channels");
    line("told to", channels.empty() ? "all channels" : channels);
    if (has(rule, "/muted_until"))
        line("muted until", text_at(rule, "/muted_until") + " " + text_at(rule, "/mute_reason"));
    line("evaluated", minute(text_at(rule, "/evaluated_at")));
    if (has(rule, "/error")) line("error", text_at(rule, "/error"));
    dom::array groups;
    if (rule["groups"].get(groups) != simdjson::SUCCESS || groups.size() == 0) return;
    const bool in_words = in_words_alone(rule);
    Table table({{kind == "budget" ? "budget" : "group", false, true},
                 {"level"},
                 {in_words ? "how it stands" : "value", !in_words, in_words},
                 {"calls", true},
                 {"since (UTC)"}});
    for (const dom::element group : groups) {
        const std::string level = text_at(group, "/level"), name = group_of(group);
        const std::string because = text_at(group, "/because");
        table.row(
            {name.empty() ? "all calls" : name, level,
             in_words && has(group, "/value") ? text_at(group, "/what")
             : has(group, "/value")           ? value_of(rule, group) + (because.empty() ? "" : " " + because)
             : because.empty()                ? kUnknown
                                              : because,
             has(group, "/calls") ? text_at(group, "/calls") : kUnknown, minute(text_at(group, "/since"))},
            {Colour::Plain, colour_of_level(level)});
    }
    fmt::print("\n");
    table.print();
}

Table event_table(dom::element answer, bool with_told) {
    std::vector<Table::Column> columns{{"at (UTC)"}, {"rule"}, {"from"}, {"to"}};
    if (with_told) columns.push_back({"message"});
    columns.push_back({"what", false, true});
    Table table(std::move(columns));
    dom::array events;
    if (answer["events"].get(events) == simdjson::SUCCESS)
        for (const dom::element event : events) add_event(table, event, with_told);
    return table;
}

namespace {

std::set<std::string> texts_in(dom::element rule, const char* member) {
    std::set<std::string> texts;
    dom::array values;
    if (rule[member].get(values) == simdjson::SUCCESS)
        for (const dom::element one : values) texts.insert(text_at(one, ""));
    return texts;
}

bool overlap(const std::set<std::string>& a, const std::set<std::string>& b) {
    return std::ranges::any_of(a, [&](const auto& one) { return b.contains(one); });
}

/// Do these two rules of budgets tell a channel of the same? One without percentages has those of each
/// budget, which are taken for the same as any.
bool tell_the_same(dom::element a, dom::element b) {
    if (has(a, "/budget") && has(b, "/budget") && text_at(a, "/budget") != text_at(b, "/budget"))
        return false;
    const auto to_a = texts_in(a, "channels"), to_b = texts_in(b, "channels");
    if (!to_a.empty() && !to_b.empty() && !overlap(to_a, to_b)) return false;
    if (text_at(a, "/projected") == "true" && text_at(b, "/projected") == "true") return true;
    const auto at_a = texts_in(a, "at"), at_b = texts_in(b, "at");
    if (has(a, "/at") && has(b, "/at")) return overlap(at_a, at_b);
    return (!has(a, "/at") || !at_a.empty()) && (!has(b, "/at") || !at_b.empty());
}

}  // namespace

std::vector<std::string> told_twice(dom::element answer, std::string_view rule) {
    constexpr std::size_t kMost = 5;
    std::vector<std::string> notes;
    dom::array rules;
    if (answer["alerts"].get(rules) != simdjson::SUCCESS) return notes;
    std::vector<dom::element> of_budgets;
    for (const dom::element one : rules)
        if (text_at(one, "/kind") == "budget") of_budgets.push_back(one);
    for (std::size_t i = 0; i < of_budgets.size(); ++i)
        for (std::size_t j = i + 1; j < of_budgets.size() && notes.size() < kMost; ++j) {
            // The one of a single budget comes first: it is the one that all are told of besides.
            const bool turn = has(of_budgets[j], "/budget") && !has(of_budgets[i], "/budget");
            const dom::element a = of_budgets[turn ? j : i], b = of_budgets[turn ? i : j];
            const std::string name = text_at(a, "/name"), other = text_at(b, "/name");
            if ((!rule.empty() && rule != name && rule != other) || !tell_the_same(a, b)) continue;
            notes.push_back(printable(fmt::format(
                "{} and {} both tell of {}: messages come twice (steno alerts remove {})", name, other,
                has(a, "/budget") ? "the budget " + text_at(a, "/budget") : std::string("every budget"),
                name)));
        }
    return notes;
}

}  // namespace steno::cli
