#include "cli/api_client.hpp"
#include "cli/call_view.hpp"
#include "cli/calls_export.hpp"
#include "cli/command.hpp"
#include "cli/completeness.hpp"
#include "cli/request_tree.hpp"
#include "cli/selection.hpp"
#include "cli/terminal.hpp"
#include "cli/usage.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <memory>
#include <optional>
#include <vector>

namespace steno::cli {

namespace {

struct CallsFlags : SelectionFlags {
    std::string id;
    std::uint32_t limit = 20;
};

Result<int> list(const Program& program, const CallsFlags& flags) {
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    STENO_ASSIGN(Completeness completeness, Completeness::begin(*api));
    STENO_ASSIGN(const std::string query, selection(flags));
    if (program.json) {
        STENO_ASSIGN(const std::string body,
                     api->get("/api/v1/calls" + with(query, "limit", std::to_string(flags.limit))));
        fmt::print("{}\n", body);
        return completeness.exit_code();
    }
    std::optional<Table> table;
    std::string cursor;
    simdjson::dom::parser parser;
    std::uint64_t searched = 0;
    std::optional<Progress> progress;
    if (!flags.text.empty()) progress.emplace("searched");
    do {
        // A search gives what it has found so far, in pages that may be short.
        std::string page_query =
            with(query, "limit", std::to_string(flags.limit - (table ? table->size() : 0)));
        page_query = with(page_query, "fields", call_table_fields());
        if (!cursor.empty()) page_query = with(page_query, "cursor", cursor);
        STENO_ASSIGN(const std::string body, api->get("/api/v1/calls" + page_query));
        simdjson::dom::element page;
        simdjson::dom::array calls;
        if (parser.parse(body).get(page) != simdjson::SUCCESS ||
            page["calls"].get(calls) != simdjson::SUCCESS)
            return fail(Code::Internal, "the answer has no calls");
        const WallClock clock(page);
        if (!table) table = call_table(clock);
        for (const simdjson::dom::element call : calls) add_call(*table, call, clock);
        std::string_view next;
        cursor = progress && page["next_cursor"].get(next) == simdjson::SUCCESS ? std::string(next) : "";
        if (std::uint64_t more = 0; progress && page["searched"]["calls"].get(more) == simdjson::SUCCESS)
            progress->at(searched += more, 0);
    } while (!cursor.empty() && table->size() < flags.limit);
    progress.reset();
    if (table->empty()) {
        fmt::print("no calls{} in {}\n", query.empty() ? "" : " that fit", api->where());
        return completeness.exit_code();
    }
    table->print();
    return completeness.exit_code();
}

Result<int> show(const Program& program, const CallsFlags& flags) {
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    STENO_ASSIGN(Completeness completeness, Completeness::begin(*api));
    STENO_ASSIGN(const std::string body, api->get("/api/v1/calls/" + net::percent_encode(flags.id)));
    if (program.json) {
        fmt::print("{}\n", body);
        return completeness.exit_code();
    }
    simdjson::dom::parser parser;
    simdjson::dom::element call;
    if (parser.parse(body).get(call) == simdjson::SUCCESS) {
        print_call(call);
    } else {
        fmt::print("{}\n", printable(body));  // it holds numbers that only the JSON form can show
    }
    return completeness.exit_code();
}

Result<int> tree(const Program& program, const CallsFlags& flags) {
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    STENO_ASSIGN(Completeness completeness, Completeness::begin(*api));
    STENO_ASSIGN(const std::string body, request_meant(*api, flags.id));
    if (program.json) {
        fmt::print("{}\n", body);
        return completeness.exit_code();
    }
    constexpr std::size_t kDeepest = 1u << 16;
    simdjson::dom::parser parser;
    simdjson::dom::element request;
    if (parser.allocate(body.size(), kDeepest) != simdjson::SUCCESS ||
        parser.parse(body).get(request) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer is no JSON");
    print_request(request);
    return completeness.exit_code();
}

Result<int> tail(const Program& program, const CallsFlags& flags) {
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    STENO_ASSIGN(const std::string query, selection(flags));
    simdjson::dom::parser parser;
    STENO_TRY(api->watch("/api/v1/live" + query, [&](std::string_view name, std::string_view data) {
        if (name == "dropped" && !program.json) fmt::print("… too fast to show: {}\n", data);
        if (name != "call") return true;
        if (program.json) {
            fmt::print("{}\n", data);
        } else if (simdjson::dom::element call;
                   parser.parse(data.data(), data.size()).get(call) == simdjson::SUCCESS) {
            print_call_line(call);
        }
        // A reader that has gone (| head) ends the tail.
        return std::fflush(stdout) == 0;
    }));
    return 0;
}

}  // namespace

void add_calls(Program& program) {
    CLI::App* calls = program.app.add_subcommand("calls", "List, show, follow and export recorded calls");
    calls->require_subcommand(1);
    const auto flags = std::make_shared<CallsFlags>();
    const auto command = [&](const char* name, const char* help, const char* examples,
                             Result<int> (*run)(const Program&, const CallsFlags&)) {
        CLI::App* sub = program.add(*calls, name, help, examples);
        sub->callback(
            [run, flags, &program] { program.run = [run, flags](Program& p) { return run(p, *flags); }; });
        return sub;
    };
    CLI::App* sub =
        command("list", "The newest calls, or those that fit",
                "  steno calls list -f status=failure --limit 50\n"
                "  steno calls list -f model.requested=gpt-4o -f cost.total.gte=0.01 --order=-cost.total\n"
                "  steno calls list --period yesterday --tz Europe/Berlin -f scores.quality.lt=60\n"
                "  steno calls list --text refund --json\n",
                list);
    add_selection(*sub, *flags);
    sub->add_option("--limit,-n", flags->limit, "how many (default 20, at most 1000)");
    sub->add_option("--order", flags->order, "a field, '-' in front for descending (default -started_at)");

    sub = command("show", "One call in full", "  steno calls show 3f0c6c1e-6a55-4b0e-9a53-0d2f6c1f4d11\n",
                  show);
    add_record_flags(*sub, flags->record);
    sub->add_option("id", flags->id,
                    "the call's id, as in the x-steno-call-id answer header, or enough of its beginning")
        ->required();

    sub = command("tree", "The calls of one request as a tree, and what they come to",
                  "  steno calls tree 01992f6a-0d9c-7c11-9c1b-2f1f0f6f3a77\n", tree);
    add_record_flags(*sub, flags->record);
    sub->add_option("request", flags->id,
                    "the request's id (trace.request_id, x-steno-request), or enough of its beginning")
        ->required();

    sub =
        command("tail", "Calls as they begin and end", "  steno calls tail -f trace.agent=assistant\n", tail);
    add_filters(*sub, *flags);

    sub = program.add(
        *calls, "export", "All calls that fit, as JSON, CSV, Excel or Parquet, oldest first",
        "  steno calls export > calls.jsonl\n"
        "  steno calls export --output november.csv --period 2026-11\n"
        "  steno calls export -o failures.xlsx -f status=failure --fields id,started_at,error,cost\n"
        "  steno calls export --output calls.parquet\n");
    const auto export_flags = std::make_shared<ExportFlags>();
    add_selection(*sub, *export_flags);
    add_target(*sub, export_flags->target);
    sub->add_option(
        "--fields", export_flags->fields,
        "what of each call, with commas: fields and groups of them, such as "
        "id,usage,request.messages (default: json and jsonl the whole record, the others a column "
        "for each field that is no prompt or answer)");
    sub->add_option("--order", export_flags->order,
                    "a field, '-' in front for descending (default started_at)");
    sub->callback([export_flags, &program] {
        program.run = [export_flags](Program& p) { return export_calls(p, *export_flags); };
    });
    show_examples_of_commands(*calls);
}

}  // namespace steno::cli
