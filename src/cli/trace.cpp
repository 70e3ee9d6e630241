#include "base/percent.hpp"
#include "cli/api_client.hpp"
#include "cli/call_view.hpp"
#include "cli/command.hpp"
#include "cli/completeness.hpp"
#include "cli/request_tree.hpp"
#include "cli/terminal.hpp"
#include "net/http.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <map>
#include <memory>
#include <span>
#include <vector>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

struct TraceFlags {
    RecordFlags record;
    std::string id;
};

/// What each call is called, by its id.
void add_names(dom::element node, std::map<std::string, std::string>& names) {
    std::vector<dom::element> nodes{node};
    while (!nodes.empty()) {
        const dom::element next = nodes.back();
        nodes.pop_back();
        dom::element call;
        if (next["call"].get(call) == simdjson::SUCCESS) names[text_at(call, "/id")] = what_of(call);
        dom::array children;
        if (next["children"].get(children) != simdjson::SUCCESS) continue;
        for (const dom::element child : children) nodes.push_back(child);
    }
}

std::string costs(dom::element row) {
    std::string text;
    dom::object cost;
    if (row["cost"].get(cost) != simdjson::SUCCESS) return text;
    for (const auto& [currency, total] : cost)
        text += (text.empty() ? "" : " + ") + money(text_at(total, ""), currency);
    return text;
}

/// A table's rows; none where it is not in the answer.
std::vector<dom::element> rows(dom::element trace, const char* key) {
    dom::array array;
    if (trace[key].get(array) != simdjson::SUCCESS) return {};
    return {array.begin(), array.end()};
}

std::string time(dom::element row, const char* pointer) {
    return milliseconds(number_at(row, pointer));
}

void print_trace(dom::element trace, const std::map<std::string, std::string>& names) {
    const auto name = [&](const std::string& id) {
        const auto found = names.find(id);
        return found == names.end() ? id : found->second;
    };
    fmt::print("request {} took {}\n", printable(text_at(trace, "/request_id")), time(trace, "/duration_ms"));

    fmt::print("\nwhat its end waited for\n");
    Table path({{"own time", true},
                {"share", true},
                Table::Column::bar(20),
                {"call", false, true},
                Table::Column::ids()});
    constexpr std::size_t kShown = 15;
    const std::vector<dom::element> bottlenecks = rows(trace, "bottlenecks");
    for (const dom::element row : std::span(bottlenecks).first(std::min(kShown, bottlenecks.size()))) {
        const std::string id = text_at(row, "/call_id");
        const double share = number_at(row, "/share");
        path.row({time(row, "/on_path_ms"), percent_text(share), Table::share(share), name(id), id});
    }
    path.print();
    if (bottlenecks.size() > kShown)
        fmt::print("… and {} more that took less (--json has all)\n", bottlenecks.size() - kShown);

    fmt::print("\nby kind\n");
    Table levels({{"kind"},
                  {"calls", true},
                  {"own time", true},
                  {"waited for", true},
                  {"tokens", true},
                  Table::Column::amount("cost")});
    for (const dom::element row : rows(trace, "levels"))
        levels.row({text_at(row, "/kind"), text_at(row, "/calls"), time(row, "/own_ms"),
                    time(row, "/on_path_ms"),
                    has(row, "/tokens") ? grouped(static_cast<std::int64_t>(number_at(row, "/tokens"))) : "–",
                    costs(row)});
    levels.print();

    for (const dom::element row : rows(trace, "repeated")) {
        dom::array ids;
        if (row["call_ids"].get(ids) != simdjson::SUCCESS) continue;
        fmt::print("\nasked {} times the same: {}; {} and {} for nothing\n", ids.size(),
                   printable(name(text_at(ids.at(0), ""))), time(row, "/wasted_ms"),
                   costs(row).empty() ? "nothing" : costs(row));
        for (const dom::element id : ids) fmt::print("  {}\n", text_at(id, ""));
    }
    for (const dom::element row : rows(trace, "could_run_side_by_side"))
        fmt::print("\ncould run side by side, {} less: {} ({}) and {} ({})\n", time(row, "/saved_ms"),
                   printable(name(text_at(row, "/first"))), text_at(row, "/first"),
                   printable(name(text_at(row, "/second"))), text_at(row, "/second"));
    if (number_at(trace, "/calls_without_payload") > 0)
        fmt::print("\nof {} no text is kept: whether they repeat or need others is not known\n",
                   counted(text_at(trace, "/calls_without_payload"), "call"));
    if (text_at(trace, "/truncated") == "true")
        fmt::print("\nthe request has more calls than were looked at\n");
}

Result<int> trace(const Program& program, const TraceFlags& flags) {
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    STENO_ASSIGN(Completeness completeness, Completeness::begin(*api));
    constexpr std::size_t kDeepest = 1u << 16;
    STENO_ASSIGN(const std::string tree, request_meant(*api, flags.id));
    dom::parser parser, tree_parser;
    dom::element found, request;
    if (tree_parser.allocate(tree.size(), kDeepest) != simdjson::SUCCESS ||
        tree_parser.parse(tree).get(request) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer is no JSON");
    STENO_ASSIGN(
        const std::string body,
        api->get("/api/v1/requests/" + net::percent_encode(text_at(request, "/request_id")) + "/trace"));
    if (program.json) {
        fmt::print("{}\n", body);
        return completeness.exit_code();
    }
    if (parser.parse(body.data(), body.size()).get(found) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer is no JSON");
    std::map<std::string, std::string> names;
    for (const dom::element root : rows(request, "tree")) add_names(root, names);
    print_trace(found, names);
    return completeness.exit_code();
}

}  // namespace

void add_trace(Program& program) {
    CLI::App* command = program.add(
        program.app, "trace", "Where one request's time and money went, and what of it could be saved",
        "  steno trace 01992f6a-0d9c-7c11-9c1b-2f1f0f6f3a77      the request's id, or how it begins\n");
    const auto flags = std::make_shared<TraceFlags>();
    add_record_flags(*command, flags->record);
    command->add_option("request", flags->id, "a request's id, or its beginning")->required();
    command->callback([flags, &program] { program.run = [flags](Program& p) { return trace(p, *flags); }; });
}

}  // namespace steno::cli
