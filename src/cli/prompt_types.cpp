#include "base/json_writer.hpp"
#include "base/shell_word.hpp"
#include "cli/answer.hpp"
#include "cli/api_client.hpp"
#include "cli/call_view.hpp"
#include "cli/command.hpp"
#include "cli/prompt_type_rows.hpp"
#include "cli/prompt_type_settings.hpp"
#include "cli/prompt_type_view.hpp"
#include "cli/question.hpp"
#include "cli/repricing.hpp"
#include "cli/table_export.hpp"
#include "cli/terminal.hpp"
#include "net/http.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

/// The most that a server lists: those that calls carry, and those for which something is set.
constexpr std::int64_t kMostListed = 110'000;

struct PromptTypesFlags {
    RecordFlags record;
    std::string type;
    std::vector<std::string> types;
    // Which ones.
    std::string search, full_data_is, created_from, created_to, tz, order, currency;
    bool only_active = false, only_inactive = false, all = false;
    PromptTypeSettings settings;
    bool reset = false;
    std::string by, reason;
    std::int64_t limit = 0;  ///< 0: as is usual there
    TargetFlags target;
};

std::string path_of(const std::string& type) {
    return "/api/v1/prompt-types/" + net::percent_encode(type);
}

/// With who changes it, and why.
std::string target_of(std::string_view path, const PromptTypesFlags& flags) {
    Question question(path);
    question.add("by", author_name(flags.by));
    question.add("reason", flags.reason);
    return question.target();
}

Question list_question(const PromptTypesFlags& flags) {
    Question question("/api/v1/prompt-types");
    question.add("search", flags.search);
    if (!flags.full_data_is.empty())
        question.add("track_full_data", flags.full_data_is == "on" ? "true" : "false");
    if (flags.only_active || flags.only_inactive)
        question.add("is_active", flags.only_active ? "true" : "false");
    question.add("created_from", flags.created_from);
    question.add("created_to", flags.created_to);
    question.add("tz", flags.tz);
    question.add("order", flags.order);
    question.add("currency", flags.currency);
    if (flags.limit > 0) question.add("limit", std::to_string(flags.limit));
    return question;
}

Result<void> print_list(Api& api, dom::element answer) {
    dom::array types;
    if (answer["prompt_types"].get(types) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer has no prompt types");
    if (types.size() == 0) {
        fmt::print(
            "no prompt types in {}; calls name theirs by prompt_type (SDKs) or the header "
            "x-steno-prompt-type\n",
            api.where());
        return {};
    }
    type_table(types).print();
    const auto count = static_cast<std::size_t>(number_at(answer, "/count"));
    if (count > types.size())
        fmt::print("… and {} more (--limit)\n", grouped(static_cast<std::int64_t>(count - types.size())));
    return {};
}

Result<int> list(const Program& program, const PromptTypesFlags& flags) {
    return show_answer(program, flags.record, list_question(flags), print_list);
}

Result<int> show(const Program& program, const PromptTypesFlags& flags) {
    return show_answer(
        program, flags.record, Question(path_of(flags.type)), [&](Api&, dom::element type) -> Result<void> {
            print_type_settings(type);
            print_type_totals(type);
            dom::element latest;
            if (type["latest"].get(latest) == simdjson::SUCCESS && !latest.is_null()) {
                fmt::print("\n{}\n", paint("the latest call", Colour::Bold));
                print_call(latest);
            }
            fmt::print("\nby day: steno stats -f prompt.type={} --bucket day\n", shell_word(flags.type));
            return {};
        });
}

Result<int> set(const Program& program, const PromptTypesFlags& flags) {
    if (flags.reset) {
        if (changes(flags.settings))
            return fail(Code::InvalidArgument, "--reset takes all settings back, and sets none",
                        "steno prompt-types set " + shell_word(flags.type) + " --reset");
        STENO_ASSIGN(const auto api, Api::open(program, flags.record));
        STENO_TRY(api->remove(target_of(path_of(flags.type), flags)));
        if (!program.json) fmt::print("{} follows the defaults again\n", printable(flags.type));
        return 0;
    }
    STENO_ASSIGN(const std::string body, changes(flags.settings));
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    STENO_ASSIGN(const std::string answer, api->patch(target_of(path_of(flags.type), flags), body));
    if (program.json) {
        fmt::print("{}\n", answer);
        return 0;
    }
    dom::parser parser;
    dom::element type;
    if (parser.parse(answer).get(type) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer is no JSON");
    print_type_settings(type);
    print_warnings(type);
    return 0;
}

Result<int> bulk(const Program& program, const PromptTypesFlags& flags) {
    if (int{!flags.types.empty()} + int{!flags.search.empty()} + int{flags.all} != 1)
        return fail(Code::InvalidArgument, "which prompt types?",
                    "names, or --search TEXT, or --all: steno prompt-types bulk a b --full-data off");
    STENO_ASSIGN(const std::string set, changes(flags.settings));
    std::string body;
    JsonWriter json(body);
    json.begin_object();
    if (!flags.types.empty()) {
        json.key("types");
        json.begin_array();
        for (const std::string& type : flags.types) json.string(type);
        json.end_array();
    }
    if (!flags.search.empty()) json.member("search", flags.search);
    if (flags.all) json.member("all", true);
    json.member_raw("set", set);
    json.end_object();
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    STENO_ASSIGN(const std::string answer, api->patch(target_of("/api/v1/prompt-types", flags), body));
    if (program.json) {
        fmt::print("{}\n", answer);
        return 0;
    }
    dom::parser parser;
    dom::element whole;
    dom::array types;
    if (parser.parse(answer).get(whole) != simdjson::SUCCESS ||
        whole["prompt_types"].get(types) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer has no prompt types");
    if (types.size() == 0) {
        fmt::print("no prompt type fits\n");
        return 0;
    }
    Table table({{"prompt type", false, true}, {"texts kept", false, true}});
    for (const dom::element type : types) table.row({text_at(type, "/type"), texts_kept(type)});
    table.print();
    print_warnings(whole);
    return 0;
}

Result<int> history(const Program& program, const PromptTypesFlags& flags) {
    Question question("/api/v1/prompt-type-changes");
    question.add("type", flags.type);
    question.add("limit", std::to_string(flags.limit > 0 ? flags.limit : 1000));
    return show_answer(program, flags.record, question, [](Api&, dom::element answer) -> Result<void> {
        dom::array changes;
        if (answer["changes"].get(changes) != simdjson::SUCCESS)
            return fail(Code::Internal, "the answer has no changes");
        if (changes.size() == 0) {
            fmt::print("nothing was changed\n");
            return {};
        }
        type_change_table(changes).print();
        return {};
    });
}

Result<int> export_all(const Program& program, const PromptTypesFlags& given) {
    STENO_ASSIGN(const exports::Format* format, format_of(given.target, program.json ? "json" : "csv"));
    STENO_ASSIGN(const auto api, Api::open(program, given.record));
    PromptTypesFlags flags = given;
    if (flags.limit == 0) flags.limit = kMostListed;
    STENO_ASSIGN(std::string body, api->get(list_question(flags).target()));
    STENO_ASSIGN(const auto rows, prompt_type_rows(std::move(body)));
    STENO_TRY(export_table(*rows.rows, *format, flags.target, "prompt types", rows.count));
    if (rows.left_out > 0)
        fmt::print(stderr, "{} more are left out (--limit)\n",
                   grouped(static_cast<std::int64_t>(rows.left_out)));
    return 0;
}

void add_choice_flags(CLI::App& command, PromptTypesFlags& flags) {
    command.add_option("--search", flags.search, "only those with this in name or description");
    command.add_option("--full-data-is", flags.full_data_is, "only those that keep texts, or do not")
        ->check(CLI::IsMember({"on", "off"}));
    auto* active = command.add_flag("--only-active", flags.only_active, "only those that are active");
    command.add_flag("--only-inactive", flags.only_inactive, "only those that are not")->excludes(active);
    command.add_option("--created-from", flags.created_from, "only those first called or set from then on");
    command.add_option("--created-to", flags.created_to, "only those first called or set before");
    command.add_option("--tz", flags.tz, "whose clocks these times are of (default UTC)");
    command.add_option(
        "--order", flags.order,
        "type, calls, failures, failure_rate, cost, average_cost, last_called_at or created_at; "
        "with - before it the greatest first (default type)");
    command.add_option("--currency", flags.currency, "by whose cost is ordered (default USD)");
}

void add_limit_flag(CLI::App& command, PromptTypesFlags& flags, const char* help) {
    command.add_option("--limit", flags.limit, help)->check(CLI::Range(std::int64_t{1}, kMostListed));
}

}  // namespace

void add_prompt_types(Program& program) {
    const auto flags = std::make_shared<PromptTypesFlags>();
    CLI::App* types = program.add(
        program.app, "prompt-types", "What is kept of each kind of prompt, and what it comes to",
        "  steno prompt-types list --order -cost\n"
        "  steno prompt-types show extract_page_metadata\n"
        "  steno prompt-types set extract_page_metadata --full-data off\n"
        "  steno prompt-types set embed_chunk --sample 1% --retention short --reason \"too many\"\n"
        "  steno prompt-types bulk --search embed --inactive\n"
        "  steno prompt-types export --format xlsx --output types.xlsx\n"
        "  steno prompt-types history extract_page_metadata\n");
    types->require_subcommand(1);
    const auto command = [&](const char* name, const char* help, const char* examples,
                             Result<int> (*run)(const Program&, const PromptTypesFlags&)) {
        CLI::App* sub = program.add(*types, name, help, examples);
        add_record_flags(*sub, flags->record);
        sub->callback(
            [run, flags, &program] { program.run = [run, flags](Program& p) { return run(p, *flags); }; });
        return sub;
    };
    CLI::App* sub = command("list", "All prompt types with their settings and totals",
                            "  steno prompt-types list --order -cost\n"
                            "  steno prompt-types list --search page --only-active\n",
                            list);
    add_choice_flags(*sub, *flags);
    add_limit_flag(*sub, *flags, "at most so many (default 1000)");
    sub = command("show", "One prompt type: settings, totals, and its latest call with prompt and answer",
                  "  steno prompt-types show extract_page_metadata\n", show);
    sub->add_option("type", flags->type, "as calls name it")->required();
    sub = command("set", "Change what is kept of a prompt type, from the next call on",
                  "  steno prompt-types set extract_page_metadata --full-data off\n"
                  "  steno prompt-types set embed_chunk --sample 1% --text-limit 2000\n"
                  "  steno prompt-types set embed_chunk --reset\n",
                  set);
    sub->add_option("type", flags->type, "as calls name it; it need not have been called yet")->required();
    add_settings_flags(*sub, flags->settings);
    add_author_flags(*sub, flags->by, flags->reason);
    sub->add_flag("--reset", flags->reset, "take all settings back: the defaults hold again");
    sub = command("bulk", "The same change of several prompt types: all of them or none",
                  "  steno prompt-types bulk embed_chunk embed_query --full-data off\n"
                  "  steno prompt-types bulk --search embed --sample 5%\n"
                  "  steno prompt-types bulk --all --full-data default\n",
                  bulk);
    sub->add_option("types", flags->types, "their names");
    sub->add_option("--search", flags->search, "those with this in name or description");
    sub->add_flag("--all", flags->all, "all that there are");
    add_settings_flags(*sub, flags->settings);
    add_author_flags(*sub, flags->by, flags->reason);
    sub = command("export", "The list as a file: csv, xlsx, json, jsonl or parquet",
                  "  steno prompt-types export --output types.xlsx\n"
                  "  steno prompt-types export --format csv --output - --order -cost\n",
                  export_all);
    add_choice_flags(*sub, *flags);
    add_limit_flag(*sub, *flags, "at most so many (default all)");
    add_target(*sub, flags->target);
    sub = command("history", "Who changed what, and why: of one prompt type, or of all",
                  "  steno prompt-types history\n"
                  "  steno prompt-types history extract_page_metadata\n",
                  history);
    sub->add_option("type", flags->type, "as calls name it (default: all)");
    sub->add_option("--limit", flags->limit, "at most so many changes (default 1000)")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1000}));
}

}  // namespace steno::cli
