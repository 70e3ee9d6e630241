#include "cli/statistics_view.hpp"

#include "cli/call_view.hpp"
#include "cli/chart.hpp"
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
/// "$4.20, 3 unpriced"; "–" where no call has a price.
std::string cost(dom::element value, const std::string& pointer) {
    const std::string total = text_at(value, (pointer + "/total").c_str());
    const std::string currency = text_at(value, (pointer + "/currency").c_str());
    const auto unpriced = static_cast<std::int64_t>(number_at(value, (pointer + "/unpriced_calls").c_str()));
    std::string text = total.empty() ? (currency.empty() ? "–" : currency) : money(total, currency);
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
        fmt::print("  {:<14}{:>14}{}{}\n", name, number, more.empty() ? "" : "   ", more);
    };
    const auto calls = [&](std::string_view name, const std::string& key) {
        if (number_at(found, (key + "/calls").c_str()) == 0) return line(name, "0", "");
        line(name, count(found, (key + "/calls").c_str()),
             fmt::format("{} failed   {} on average, 95 % within {}",
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

void print_buckets(dom::element found) {
    std::vector<double> costs, counts;
    for (const dom::element bucket : rows(found, "/buckets")) {
        costs.push_back(amount(bucket, "/cost"));
        counts.push_back(number_at(bucket, "/calls"));
    }
    if (counts.empty()) return;
    fmt::print("\n");
    const double most = std::ranges::max(costs);
    Table table({{"from"},
                 {"requests", true},
                 {"AI calls", true},
                 {"failed", true},
                 {"tokens", true},
                 {"cost", true},
                 {""}});
    std::size_t i = 0;
    for (const dom::element bucket : rows(found, "/buckets")) {
        table.row({clock_text(text_at(bucket, "/begin")), count(bucket, "/requests"), count(bucket, "/calls"),
                   percent_at(bucket, "/failure_rate"), count(bucket, "/total_tokens"), cost(bucket, "/cost"),
                   most > 0 ? bar(costs[i] / most, 20) : ""});
        ++i;
    }
    table.print();
}

void print_models(dom::element found) {
    const auto models = rows(found, "/by_model");
    if (models.empty()) return;
    const double all = amount(found, "/summary/cost");
    fmt::print("\n");
    Table table({{"provider"},
                 {"model", false, true},
                 {"calls", true},
                 {"failed", true},
                 {"tokens", true},
                 {"average", true},
                 {"cost", true},
                 {""}});
    for (const dom::element model : models)
        table.row({text_at(model, "/provider"), text_at(model, "/model"), count(model, "/calls"),
                   percent_at(model, "/failure_rate"), count(model, "/total_tokens"),
                   time_at(model, "/average_duration_ms"), cost(model, "/cost"),
                   all > 0 ? bar(amount(model, "/cost") / all, 20) : ""});
    table.print();
}

void print_agents(dom::element found) {
    const auto agents = rows(found, "/by_agent");
    if (agents.empty()) return;
    fmt::print("\n");
    Table table({{"agent", false, true},
                 {"runs", true},
                 {"failed", true},
                 {"a run", true},
                 {"AI calls", true},
                 {"failed", true},
                 {"tokens", true},
                 {"a call", true},
                 {"cost", true}});
    for (const dom::element agent : agents)
        table.row({text_at(agent, "/agent"), count(agent, "/runs/calls"),
                   percent_at(agent, "/runs/failure_rate"), time_at(agent, "/runs/average_duration_ms"),
                   count(agent, "/ai_calls/calls"), percent_at(agent, "/ai_calls/failure_rate"),
                   count(agent, "/ai_calls/total_tokens"), count(agent, "/ai_calls/average_tokens"),
                   cost(agent, "/ai_calls/cost")});
    table.print();
}

void print_functions(dom::element found) {
    const auto functions = rows(found, "/by_function");
    if (functions.empty()) return;
    fmt::print("\n");
    Table table({{"function", false, true},
                 {"runs", true},
                 {"failed", true},
                 {"average", true},
                 {"95 % within", true},
                 {"operations", false, true}});
    for (const dom::element function : functions) {
        std::string operations;
        dom::object named;
        if (function["operations"].get(named) == simdjson::SUCCESS)
            for (const auto& [operation, runs] : named)
                operations += fmt::format("{}{} {}", operations.empty() ? "" : ", ", operation,
                                          grouped(static_cast<std::int64_t>(number_at(runs, ""))));
        table.row({text_at(function, "/function"), count(function, "/runs/calls"),
                   percent_at(function, "/runs/failure_rate"), time_at(function, "/runs/average_duration_ms"),
                   time_at(function, "/runs/p95_duration_ms"), operations});
    }
    table.print();
}

void print_calls(dom::element found) {
    if (const auto dearest = rows(found, "/top_expensive"); !dearest.empty()) {
        fmt::print("\nthe dearest\n");
        Table table = call_table();
        for (const dom::element item : dearest) {
            dom::element call;
            if (item["call"].get(call) == simdjson::SUCCESS) add_call(table, call);
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

}  // namespace

void print_slow(dom::element found) {
    const auto slowest = rows(found, "/slow/slowest");
    if (slowest.empty()) return;
    fmt::print("slow: {} took {} or longer\n", count(found, "/slow/calls"),
               time_at(found, "/slow/threshold_ms"));
    Table table({{"id"}, {"took", true}, {"kind"}, {"agent"}, {"what", false, true}, {"why", false, true}});
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

void print_statistics(dom::element found) {
    fmt::print("{} to {} ({})\n\n", text_at(found, "/period/from").substr(0, 16),
               text_at(found, "/period/to").substr(0, 16), text_at(found, "/period/tz"));
    print_totals(found);
    print_buckets(found);
    print_models(found);
    print_agents(found);
    print_functions(found);
    print_calls(found);
    if (!rows(found, "/slow/slowest").empty()) fmt::print("\n");
    print_slow(found);
    print_large(found);
    if (text_at(found, "/truncated") == "true")
        fmt::print("\nSome tables have more rows than are shown: --limit\n");
}

}  // namespace steno::cli
