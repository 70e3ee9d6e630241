#include "cli/request_tree.hpp"

#include "cli/call_view.hpp"
#include "cli/terminal.hpp"
#include "net/http.hpp"
#include "record/kinds.hpp"

#include <fmt/format.h>

#include <string>
#include <vector>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

constexpr std::size_t kDeepestShown = 40;  ///< what lies deeper stands there too

Result<std::string> request_of(Api& api, const std::string& id) {
    return api.get("/api/v1/requests/" + net::percent_encode(id));
}

/// A function has no tokens; of a call to a model they are not known.
std::string or_unknown(dom::element call, std::string text) {
    Kind kind{};
    const bool has_some = from_string(text_at(call, "/kind"), kind) && reaches_a_model(kind);
    return text.empty() && has_some ? kUnknown : text;
}

void add_row(Table& table, const std::string& lines, dom::element call) {
    const std::string status = text_at(call, "/status");
    table.row({lines + what_of(call), status, duration_of(call), or_unknown(call, tokens(call)),
               or_unknown(call, cost_of(call))},
              {Colour::Plain, colour_of_status(status)});
}

/// Depth first, with a stack of its own: trees of thousands of levels exist.
void add_rows(Table& table, dom::array roots) {
    struct Level {
        dom::array::iterator next;
        dom::array::iterator end;
        std::string lines;  ///< before each of its rows
    };
    std::vector<Level> levels{{roots.begin(), roots.end(), ""}};
    while (!levels.empty()) {
        Level& level = levels.back();
        if (!(level.next != level.end)) {
            levels.pop_back();
            continue;
        }
        const dom::element node = *level.next;
        ++level.next;
        const bool last = !(level.next != level.end);
        const bool root = levels.size() == 1;
        dom::element call;
        if (node["call"].get(call) != simdjson::SUCCESS) continue;
        add_row(table, root ? "" : level.lines + (last ? "└─ " : "├─ "), call);
        dom::array children;
        if (node["children"].get(children) != simdjson::SUCCESS) continue;
        std::string lines = level.lines;
        if (!root && levels.size() < kDeepestShown) lines += last ? "   " : "│  ";
        levels.push_back({children.begin(), children.end(), std::move(lines)});
    }
}

/// "planner $0.02 ($0.005 itself), researcher $0.015": with all that is nested within each. Of what made no
/// AI calls the name.
std::string listed(dom::element summary, const char* rows, const char* name) {
    dom::array array;
    std::string text;
    if (summary.at_pointer(rows).get(array) != simdjson::SUCCESS) return text;
    for (const dom::element row : array) {
        text += (text.empty() ? "" : ", ") + text_at(row, name);
        dom::element own, subtree;
        if (number_at(row, "/subtree/ai_calls") == 0 ||
            row.at_pointer("/subtree/cost").get(subtree) != simdjson::SUCCESS ||
            row.at_pointer("/own/cost").get(own) != simdjson::SUCCESS)
            continue;
        const auto sum = [](dom::element cost) {
            const std::string told = cost_sum(cost);
            return told.empty() ? kUnknown : told;
        };
        text += " " + sum(subtree);
        if (number_at(row, "/own/ai_calls") != number_at(row, "/subtree/ai_calls"))
            text += number_at(row, "/own/ai_calls") == 0 ? " (nothing itself)"
                                                         : fmt::format(" ({} itself)", sum(own));
    }
    return text;
}

}  // namespace

std::string what_of(dom::element call) {
    const std::string name = text_at(call, "/name");
    const std::string model = text_at(call, "/model/requested");
    std::string text = text_at(call, "/kind");
    if (!name.empty()) text += " " + name;
    if (!model.empty() && model != name) text += " (" + model + ")";
    if (const std::string operation = text_at(call, "/trace/operation");
        !operation.empty() && text_at(call, "/kind") == "function")
        text += " " + operation;
    return text;
}

Result<std::string> request_meant(Api& api, const std::string& id) {
    auto exact = request_of(api, id);
    if (exact || exact.error().code != Code::NotFound || id.empty()) return exact;
    constexpr std::size_t kNamed = 4;
    STENO_ASSIGN(const std::string found,
                 api.get(fmt::format("/api/v1/aggregate?group_by=trace.request_id&measures=calls&limit={}"
                                     "&trace.request_id.prefix={}",
                                     kNamed + 1, net::percent_encode(id))));
    dom::parser parser;
    dom::element answer;
    dom::array groups;
    if (parser.parse(found).get(answer) != simdjson::SUCCESS ||
        answer["groups"].get(groups) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer has no groups");
    std::vector<std::string> ids;
    for (const dom::element group : groups) {
        std::string_view one;
        if (group["key"]["trace.request_id"].get(one) == simdjson::SUCCESS) ids.emplace_back(one);
    }
    if (ids.empty()) return exact;
    if (ids.size() == 1) return request_of(api, ids.front());
    const bool more = ids.size() > kNamed;
    if (more) ids.resize(kNamed);
    return fail(Code::InvalidArgument,
                fmt::format("{} requests have an id that begins with {}: {}{}",
                            more ? "several" : std::to_string(ids.size()), id, fmt::join(ids, ", "),
                            more ? ", …" : ""),
                "give more of the id");
}

void print_request(dom::element request) {
    Table table({{"call", false, true},
                 {"status", false, false},
                 {"duration", true, false},
                 {"tokens", true, false},
                 Table::Column::amount("cost")});
    dom::array roots;
    if (request["tree"].get(roots) == simdjson::SUCCESS) add_rows(table, roots);
    table.print();
    dom::element summary;
    if (request["summary"].get(summary) != simdjson::SUCCESS) return;
    const auto field = [](std::string_view name, const std::string& value) {
        if (!value.empty())
            fmt::print("  {} {}\n", paint(fmt::format("{:<10}", name), Colour::Dim), printable(value));
    };
    fmt::print("\n");
    field("request", text_at(request, "/request_id"));
    field("tokens", sum_at(summary, "/input_tokens") + " → " + sum_at(summary, "/output_tokens") +
                        not_told_of(number_at(summary, "/calls_without_tokens")));
    dom::element cost;
    if (number_at(summary, "/ai_calls") > 0 && summary["cost"].get(cost) == simdjson::SUCCESS) {
        const std::string sum = cost_sum(cost);
        field("cost", sum.empty() ? kUnknown : sum);
    }
    if (has(summary, "/duration_ms")) field("duration", milliseconds(number_at(summary, "/duration_ms")));
    field("agents", listed(summary, "/by_agent", "/agent"));
    field("functions", listed(summary, "/by_function", "/function"));
    if (text_at(request, "/truncated") == "true") field("note", "there are more calls than are shown");
}

}  // namespace steno::cli
