#include "cli/report_summary.hpp"

#include "base/decimal.hpp"
#include "base/money.hpp"
#include "cli/call_view.hpp"
#include "cli/terminal.hpp"

#include <fmt/format.h>

#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace steno::cli::chapters {

namespace {

namespace dom = simdjson::dom;

std::string change(double now, double before) {
    if (now == before) return now == 0 ? "" : "as before";
    if (before == 0) return "none before";
    const double share = (now / before - 1) * 100;
    return std::abs(share) < 0.05
               ? "as before"
               : fmt::format("{:+.{}f} % against before", share, std::abs(share) < 10 ? 1 : 0);
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

/// By how much the two costs differ as they are shown: whoever subtracts them finds it. Empty: not at all.
std::string difference_shown(dom::element comparison) {
    const auto shown = [&](const char* pointer) {
        const Decimal sum = Decimal::parse(text_at(comparison, pointer)).value_or(Decimal());
        return rounded(sum, places_of(sum));
    };
    const Decimal now = shown("/now/cost/total"), before = shown("/before/cost/total");
    EvenMoney money;
    const Decimal difference = now < before ? before - now : now - before;
    if (difference == Decimal()) return {};
    money.see(difference);
    return money.text(difference, text_at(comparison, "/now/cost/currency"));
}

/// What it cost against the period before, and what moved it.
std::string change_in_words(const ReportAnswers& a) {
    const dom::element c = a.models;
    const std::string currency = text_at(c, "/now/cost/currency");
    const double now = amount(c, "/now/cost/total"), before = amount(c, "/before/cost/total");
    if (before <= 0) return ".";
    std::string text;
    const std::string difference = difference_shown(c);
    if (difference.empty())
        text += ", as much as in the period before.";
    else
        text += fmt::format(", {} {} than the {} of the period before.", difference,
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
                             sum_at(row, "/now/cost/unpriced_calls"));
    }
    return names;
}

}  // namespace

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
        for (const auto& [name, trend, month, dearest] : a.currencies) {
            const std::string total = fmt::format("/now/cost/totals/{}", name);
            EvenMoney money;
            money.see_amount(c, total.c_str());
            found.figures.push_back({"cost in " + name, money.amount(c, total.c_str(), name), ""});
        }
    } else {
        found.figures.push_back({"cost", cost(c, "/now/cost"),
                                 grounds.costs_compared
                                     ? change(amount(c, "/now/cost/total"), amount(c, "/before/cost/total"))
                                     : ""});
    }
    found.figures.push_back(numbers("AI calls", "/calls", sum_at(c, "/now/calls")));
    found.figures.push_back({"requests", sum_at(a.statistics, "/summary/requests"), ""});
    found.figures.push_back(numbers("tokens", "/total_tokens", sum_at(c, "/now/total_tokens")));
    found.figures.push_back(
        {"failed", percent_at(c, "/now/failure_rate"), before(percent_at(c, "/before/failure_rate"))});
    found.figures.push_back({"95 % answered within", time_at(c, "/now/p95_duration_ms"),
                             before(time_at(c, "/before/p95_duration_ms"))});
    found.figures.push_back({"first token, median", time_at(c, "/now/p50_first_token_ms"),
                             before(time_at(c, "/before/p50_first_token_ms"))});
    found.figures.push_back({"input tokens from a cache", percent_at(a.cache, "/all/value"),
                             before(percent_at(a.cache, "/all/before"))});
    return found;
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
                        unpriced == 1 ? "1 call has" : sum_at(c, "/now/cost/unpriced_calls") + " calls have",
                        unpriced == 1 ? "is" : "are", models_without_price(c)));
    if (number_at(c, "/now/cost/estimated_calls") > 0)
        remark(fmt::format("Of {} Steno counted the tokens, because nobody reported them.",
                           count_of(c, "/now/cost/estimated_calls", "call")));
    if (!a.prices.empty()) remark(fmt::format("Prices: {}.", a.prices));
}

}  // namespace steno::cli::chapters
