#include "cli/statistics_view.hpp"

#include "cli/answer.hpp"
#include "cli/call_view.hpp"
#include "cli/every_bucket.hpp"
#include "cli/price_origins.hpp"
#include "cli/terminal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

/// A count, "–" where it is not known.
std::string count(dom::element value, const char* pointer) {
    return has(value, pointer) ? grouped(static_cast<std::int64_t>(number_at(value, pointer))) : "–";
}
/// "$4.20, 3 unpriced", "$4.20 and 3.1 EUR"; "–" where no call has a price.
std::string cost(dom::element value, const std::string& pointer) {
    const auto unpriced = static_cast<std::int64_t>(number_at(value, (pointer + "/unpriced_calls").c_str()));
    dom::element sum;
    std::string text;
    if (value.at_pointer(pointer).get(sum) == simdjson::SUCCESS) text = money_of(sum);
    if (text.empty()) text = kUnknown;
    if (unpriced > 0) text += fmt::format(", {} unpriced", grouped(unpriced));
    return text;
}
double amount(dom::element value, const std::string& pointer) {
    return std::strtod(text_at(value, (pointer + "/total").c_str()).c_str(), nullptr);
}

/// A table's rows; none where it is not in the answer.
std::vector<dom::element> rows(dom::element value, const char* pointer) {
    dom::array array;
    if (value.at_pointer(pointer).get(array) != simdjson::SUCCESS) return {};
    return {array.begin(), array.end()};
}

void print_totals(dom::element found) {
    const auto line = [](std::string_view name, const std::string& number, const std::string& more) {
        fmt::print("  {:<11}{:>12}{}{}\n", name, number, more.empty() ? "" : "  ", more);
    };
    const auto calls = [&](std::string_view name, const std::string& key) {
        if (number_at(found, (key + "/calls").c_str()) == 0) return line(name, "0", "");
        line(name, count(found, (key + "/calls").c_str()),
             fmt::format("{} failed  {} on average, 95 % within {}",
                         percent_at(found, (key + "/failure_rate").c_str()),
                         time_at(found, (key + "/average_duration_ms").c_str()),
                         time_at(found, (key + "/p95_duration_ms").c_str())));
    };
    line("requests", count(found, "/summary/requests"), "");
    calls("AI calls", "/ai_calls");
    calls("functions", "/functions");
    calls("agent runs", "/agents");
    const bool tokens = has(found, "/summary/total_tokens");
    line("tokens", count(found, "/summary/total_tokens"),
         tokens ? fmt::format("{} in, {} out   {:.0f} a request", count(found, "/ai_calls/input_tokens"),
                              count(found, "/ai_calls/output_tokens"),
                              number_at(found, "/summary/average_tokens_per_request"))
                : "");
    line("cost", cost(found, "/summary/cost"), "");
}

void print_buckets(dom::element found, std::string_view unit) {
    const auto buckets = rows(found, "/buckets");
    if (buckets.empty()) return;
    fmt::print("\n");
    // No picture of what is in several currencies.
    double most = 0;
    if (has(found, "/summary/cost/total"))
        for (const dom::element bucket : buckets) most = std::max(most, amount(bucket, "/cost"));
    Table table({{"from"},
                 Table::Column{"requests", true}.if_room(2),
                 {"AI calls", true},
                 Table::Column{"failed", true}.if_room(),
                 {"tokens", true},
                 Table::Column::amount("cost"),
                 Table::Column::bar(20)});
    const bool whole = text_at(found, "/truncated") != "true";
    for (const BucketRow& at : every_bucket(found, buckets, "/begin", unit, whole)) {
        if (at.row == nullptr) {
            table.row({at.text(unit), "0", "0", kUnknown, kUnknown, kUnknown, ""});
            continue;
        }
        const dom::element bucket = *at.row;
        table.row({at.text(unit), count(bucket, "/requests"), count(bucket, "/calls"),
                   percent_at(bucket, "/failure_rate"), count(bucket, "/total_tokens"), cost(bucket, "/cost"),
                   most > 0 ? Table::share(amount(bucket, "/cost") / most) : ""});
    }
    table.print();
}

void print_models(dom::element found) {
    const auto models = rows(found, "/by_model");
    if (models.empty()) return;
    const double all = amount(found, "/summary/cost");
    fmt::print("\n");
    Table table({Table::Column{"provider"}.if_room(2),
                 {"model", false, true},
                 {"calls", true},
                 {"failed", true},
                 {"tokens", true},
                 Table::Column{"average time", true}.if_room(),
                 Table::Column::amount("cost"),
                 Table::Column::bar(20)});
    for (const dom::element model : models)
        table.row({text_at(model, "/provider"), text_at(model, "/model"), count(model, "/calls"),
                   percent_at(model, "/failure_rate"), count(model, "/total_tokens"),
                   time_at(model, "/average_duration_ms"), cost(model, "/cost"),
                   all > 0 ? Table::share(amount(model, "/cost") / all) : ""});
    table.print();
}

/// Does one of the rows contain others that made AI calls?
bool nested(const std::vector<dom::element>& rows) {
    return std::ranges::any_of(rows, [](dom::element row) {
        return number_at(row, "/subtree/calls") != number_at(row, "/ai_calls/calls");
    });
}

/// What an agent or a function spent itself, without those within it.
std::string own_cost(dom::element row) {
    return number_at(row, "/ai_calls/calls") == 0 ? "nothing" : cost(row, "/ai_calls/cost");
}

void print_agents(dom::element found) {
    const auto agents = rows(found, "/by_agent");
    if (agents.empty()) return;
    const std::string within = "AI calls, nested ones too";
    std::vector<Table::Column> columns{{"agent", false, true},
                                       Table::Column{"number", true}.below("runs").if_room(3),
                                       Table::Column{"failed", true}.below("runs").if_room(3),
                                       Table::Column{"average time", true}.below("runs").if_room(3),
                                       Table::Column{"number", true}.below(within),
                                       Table::Column{"failed", true}.below(within).if_room(2),
                                       Table::Column{"tokens", true}.below(within),
                                       Table::Column::amount("cost").below(within)};
    const bool own = nested(agents);
    if (own) columns.push_back(Table::Column::amount("own cost").below(within).if_room());
    fmt::print("\n");
    Table table(std::move(columns));
    for (const dom::element agent : agents) {
        std::vector<std::string> cells{text_at(agent, "/agent"),
                                       count(agent, "/runs/calls"),
                                       percent_at(agent, "/runs/failure_rate"),
                                       time_at(agent, "/runs/average_duration_ms"),
                                       count(agent, "/subtree/calls"),
                                       percent_at(agent, "/subtree/failure_rate"),
                                       count(agent, "/subtree/total_tokens"),
                                       cost(agent, "/subtree/cost")};
        if (own) cells.push_back(own_cost(agent));
        table.row(std::move(cells));
    }
    table.print();
}

void print_functions(dom::element found) {
    const auto functions = rows(found, "/by_function");
    if (functions.empty()) return;
    const std::string within = "AI calls within it";
    const bool any = std::ranges::any_of(
        functions, [](dom::element function) { return number_at(function, "/subtree/calls") > 0; });
    const bool own = nested(functions);
    std::vector<Table::Column> columns{{"function", false, true},
                                       Table::Column{"number", true}.below("runs"),
                                       Table::Column{"failed", true}.below("runs"),
                                       Table::Column{"average time", true}.below("runs"),
                                       Table::Column{"95 % within", true}.below("runs").if_room(4)};
    if (any) {
        columns.push_back(Table::Column{"number", true}.below(within).if_room(3));
        columns.push_back(Table::Column{"tokens", true}.below(within).if_room(3));
        columns.push_back(Table::Column::amount("cost").below(within));
    }
    if (own) columns.push_back(Table::Column::amount("own cost").below(within).if_room(2));
    columns.push_back(Table::Column{"operations", false, true}.if_room());
    fmt::print("\n");
    Table table(std::move(columns));
    for (const dom::element function : functions) {
        std::string operations;
        dom::object named;
        if (function["operations"].get(named) == simdjson::SUCCESS)
            for (const auto& [operation, runs] : named)
                operations += fmt::format("{}{} {}", operations.empty() ? "" : ", ", operation,
                                          grouped(static_cast<std::int64_t>(number_at(runs, ""))));
        std::vector<std::string> cells{text_at(function, "/function"), count(function, "/runs/calls"),
                                       percent_at(function, "/runs/failure_rate"),
                                       time_at(function, "/runs/average_duration_ms"),
                                       time_at(function, "/runs/p95_duration_ms")};
        if (any) {
            cells.push_back(count(function, "/subtree/calls"));
            cells.push_back(count(function, "/subtree/total_tokens"));
            cells.push_back(number_at(function, "/subtree/calls") > 0 ? cost(function, "/subtree/cost") : "");
        }
        if (own) cells.push_back(own_cost(function));
        cells.push_back(std::move(operations));
        table.row(std::move(cells));
    }
    table.print();
}

void print_calls(dom::element found) {
    if (const auto dearest = rows(found, "/top_expensive"); !dearest.empty()) {
        const bool several = text_at(found, "/summary/cost/currency") == "mixed";
        fmt::print("\n{}\n", several ? "the greatest amounts, whatever their currency" : "the dearest");
        const WallClock clock(found);
        Table table = call_table(clock);
        for (const dom::element item : dearest) {
            dom::element call;
            if (item["call"].get(call) == simdjson::SUCCESS) add_call(table, call, clock);
        }
        table.print();
    }
}

void print_large(dom::element found) {
    const auto largest = rows(found, "/large/largest");
    if (largest.empty()) return;
    fmt::print("\nlarge: {} with {} input tokens or more\n", count(found, "/large/calls"),
               count(found, "/large/threshold_tokens"));
    Table table(
        {{"id"}, {"input", true}, {"output", true}, {"cost", true}, {"agent"}, {"model", false, true}});
    for (const dom::element large : largest) {
        dom::element call;
        if (large["call"].get(call) != simdjson::SUCCESS) continue;
        table.row({text_at(call, "/id"), count(call, "/usage/input_tokens"),
                   count(call, "/usage/output_tokens"), cost(call, "/cost"), text_at(call, "/trace/agent"),
                   text_at(call, "/model/requested")});
    }
    table.print();
}

void print_groups(dom::element found) {
    print_models(found);
    print_agents(found);
    print_functions(found);
}

}  // namespace

void print_slow(dom::element found) {
    const auto slowest = rows(found, "/slow/slowest");
    if (slowest.empty()) return;
    fmt::print("slow: {} of all kinds took {} or longer\n", counted(count(found, "/slow/calls"), "call"),
               time_at(found, "/slow/threshold_ms"));
    Table table({Table::Column::ids(),
                 {"took", true},
                 {"kind"},
                 Table::Column{"agent", false, true}.if_room(),
                 {"what", false, true},
                 {"why", false, true}});
    for (const dom::element slow : slowest) {
        dom::element call;
        if (slow["call"].get(call) != simdjson::SUCCESS) continue;
        const std::string model = text_at(call, "/model/requested");
        table.row({text_at(call, "/id"), duration_of(call), text_at(call, "/kind"),
                   text_at(call, "/trace/agent"), model.empty() ? text_at(call, "/name") : model,
                   text_at(slow, "/reason")});
    }
    table.print();
}

void print_summary(dom::element found) {
    print_totals(found);
    print_groups(found);
}

void print_statistics(dom::element found, std::string_view bucket, const std::string& prices) {
    fmt::print("{}\n\n", period_of(found));
    print_totals(found);
    print_price_origins(prices, "  ");
    print_buckets(found, bucket);
    print_groups(found);
    print_calls(found);
    if (!rows(found, "/slow/slowest").empty()) fmt::print("\n");
    print_slow(found);
    print_large(found);
    if (text_at(found, "/truncated") == "true")
        fmt::print("\nSome tables have more rows than are shown: --limit\n");
}

}  // namespace steno::cli
