#include "base/json_writer.hpp"
#include "cli/answer.hpp"
#include "cli/api_client.hpp"
#include "cli/call_view.hpp"
#include "cli/command.hpp"
#include "cli/input_file.hpp"
#include "cli/prompt_create.hpp"
#include "cli/prompt_executions.hpp"
#include "cli/prompt_folder.hpp"
#include "cli/prompt_performance.hpp"
#include "cli/prompt_rows.hpp"
#include "cli/prompt_sync.hpp"
#include "cli/prompts_view.hpp"
#include "cli/repricing.hpp"
#include "cli/table_export.hpp"
#include "cli/terminal.hpp"
#include "exports/output.hpp"
#include "net/http.hpp"
#include "prompts/document_executions.hpp"
#include "record/json_reader.hpp"
#include "templates/value.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <memory>
#include <string>
#include <vector>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

struct PromptFlags {
    RecordFlags record;
    std::string name, version, label, from, to, file, folder;
    std::string text, tag, by, reason, variables;
    std::vector<std::string> values;
    bool archived = false, undo = false, force = false, strict = false;
    bool protect = false, unprotect = false, remove = false, format_strings = false, templates = false;
    bool check = false, push = false, pull = false, executions = false, metrics = false;
    TargetFlags target;
    PeriodFlags period;
};

std::string path_of(const PromptFlags& flags, std::string_view below = {}) {
    return fmt::format("/api/v1/prompts/{}{}", net::percent_encode(flags.name), below);
}

Result<dom::element> parsed(dom::parser& parser, const std::string& body) {
    dom::element answer;
    if (parser.parse(body).get(answer) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer is no JSON");
    return answer;
}

/// Prints an answer: as it came with --json, else by `show`, with its warnings.
Result<int> print(const Program& program, const std::string& body, void (*show)(dom::element)) {
    if (program.json) {
        fmt::print("{}\n", body);
        return 0;
    }
    dom::parser parser;
    STENO_ASSIGN(const dom::element answer, parsed(parser, body));
    show(answer);
    print_warnings(answer);
    return 0;
}

Result<int> list(const Program& program, const PromptFlags& flags) {
    Question question("/api/v1/prompts");
    question.add("text", flags.text);
    question.add("tag", flags.tag);
    question.add("label", flags.label);
    question.add("folder", flags.folder);
    question.add("archived", flags.archived ? "true" : "");
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    STENO_ASSIGN(const std::string body, api->get(question.target()));
    if (program.json) return print(program, body, nullptr);
    dom::parser parser;
    STENO_ASSIGN(const dom::element answer, parsed(parser, body));
    dom::array prompts;
    if (answer["prompts"].get(prompts) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer has no prompts");
    if (prompts.size() == 0) {
        fmt::print(
            "no prompts{} in {}; a new one: steno prompts create NAME --text \"Answer {{{{question}}}}\"\n",
            question.target().contains('?') ? " that fit" : "", api->where());
        return 0;
    }
    print_prompts(prompts);
    const auto total = static_cast<std::size_t>(number_at(answer, "/total"));
    if (total > prompts.size())
        fmt::print("\n{} more: --text, --tag, --label or --folder\n", total - prompts.size());
    return 0;
}

Result<int> show(const Program& program, const PromptFlags& flags) {
    if (!flags.version.empty() && !flags.label.empty())
        return fail(Code::InvalidArgument, "--version and --label each say which version is meant",
                    "one of them");
    const std::string which = flags.version.empty() ? flags.label : flags.version;
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    const auto version = [&](const std::string& of) {
        return api->get(path_of(flags, fmt::format("/versions/{}?last_call=true", net::percent_encode(of))));
    };
    if (!which.empty()) {
        STENO_ASSIGN(const std::string body, version(which));
        return print(program, body, print_prompt_version);
    }
    STENO_ASSIGN(const std::string body, api->get(path_of(flags)));
    STENO_TRY(print(program, body, print_prompt));
    if (program.json) return 0;
    dom::parser parser;
    STENO_ASSIGN(const dom::element prompt, parsed(parser, body));
    STENO_ASSIGN(const std::string latest, version(text_at(prompt, "/latest/version")));
    fmt::print("\n");
    return print(program, latest, print_prompt_version);
}

std::string move_body(const PromptFlags& flags) {
    std::string body;
    JsonWriter json(body);
    json.begin_object();
    if (!flags.version.empty()) json.member("version", flags.version);
    if (flags.protect || flags.unprotect) json.member("protected", flags.protect);
    if (const std::string by = author_name(flags.by); !by.empty()) json.member("by", by);
    if (!flags.reason.empty()) json.member("reason", flags.reason);
    if (flags.force) json.member("force", true);
    json.end_object();
    return body;
}

std::string label_path(const PromptFlags& flags, std::string_view below = {}) {
    return path_of(flags, fmt::format("/labels/{}{}", net::percent_encode(flags.label), below));
}

Result<int> label(const Program& program, const PromptFlags& flags) {
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    if (flags.remove) {
        Question question(label_path(flags));
        question.add("force", flags.force ? "true" : "");
        question.add("by", author_name(flags.by));
        question.add("reason", flags.reason);
        STENO_ASSIGN(const std::string body, api->remove(question.target()));
        return print(program, body, print_prompt);
    }
    if (flags.version.empty() && !flags.protect && !flags.unprotect) {
        STENO_ASSIGN(const std::string body, api->get(label_path(flags)));
        return print(program, body, print_label_history);
    }
    STENO_ASSIGN(const std::string body, api->put(label_path(flags), move_body(flags)));
    return print(program, body, print_prompt);
}

Result<int> roll_back(const Program& program, const PromptFlags& flags) {
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    STENO_ASSIGN(const std::string body, api->post(label_path(flags, "/rollback"), move_body(flags)));
    return print(program, body, print_prompt);
}

Result<int> diff(const Program& program, const PromptFlags& flags) {
    Question question(path_of(flags, "/diff"));
    question.add("from", flags.from);
    question.add("to", flags.to);
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    STENO_ASSIGN(const std::string body, api->get(question.target()));
    return print(program, body, print_difference);
}

/// What --set and --variables say, as a JSON object. A value that is JSON is that, else a text.
Result<std::string> variables_of(const PromptFlags& flags) {
    prompts::Value variables;
    variables.type = prompts::Value::Type::Object;
    if (!flags.variables.empty()) {
        STENO_ASSIGN(const std::string text, flags.variables.starts_with('{')
                                                 ? flags.variables
                                                 : read_input(flags.variables, kMaxPromptFile));
        STENO_ASSIGN(variables, prompts::Value::parse(text));
    }
    for (const std::string& set : flags.values) {
        const std::size_t sign = set.find('=');
        if (sign == std::string::npos || sign == 0)
            return fail(Code::InvalidArgument, fmt::format("--set {} gives no value", set),
                        "--set tone=friendly");
        const std::string text = set.substr(sign + 1);
        auto value = prompts::Value::parse(text);
        variables.set(
            set.substr(0, sign),
            value ? std::move(*value) : prompts::Value{prompts::Value::Type::String, text, {}, {}, {}});
    }
    return variables.to_json();
}

Result<int> render(const Program& program, const PromptFlags& flags) {
    STENO_ASSIGN(const std::string variables, variables_of(flags));
    std::string body;
    JsonWriter json(body);
    json.begin_object();
    if (!flags.version.empty()) json.member("version", flags.version);
    if (!flags.label.empty()) json.member("label", flags.label);
    json.member_raw("variables", variables);
    if (flags.strict) json.member("strict", true);
    json.end_object();
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    STENO_ASSIGN(const std::string answer, api->post(path_of(flags, "/render"), body));
    return print(program, answer, print_rendering);
}

Result<int> archive(const Program& program, const PromptFlags& flags) {
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    STENO_ASSIGN(const std::string body,
                 api->patch(path_of(flags, flags.force ? "?force=true" : ""),
                            flags.undo ? R"({"archived":false})" : R"({"archived":true})"));
    if (program.json) return print(program, body, nullptr);
    fmt::print("{} is {}\n", printable(flags.name),
               flags.undo ? "back" : "archived; its versions can still be had by their numbers");
    return print(program, body, [](dom::element) {});
}

Result<int> remove(const Program& program, const PromptFlags& flags) {
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    STENO_ASSIGN(const std::string body, api->remove(path_of(flags, flags.force ? "?force=true" : "")));
    if (!program.json) fmt::print("{} is removed, with all its versions\n", printable(flags.name));
    // There is an answer only where others lost something.
    return body.empty() ? Result<int>(0) : print(program, body, [](dom::element) {});
}

/// A variable's name in single braces, as in Python's format strings; "" where there is none.
std::string name_in_braces(std::string_view text) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    for (std::size_t at = text.find('{'); at != std::string_view::npos; at = text.find('{', at + 1)) {
        std::size_t end = at + 1;
        while (end < text.size() &&
               (letter(text[end]) || (end > at + 1 && text[end] >= '0' && text[end] <= '9')))
            ++end;
        const bool doubled = (at > 0 && text[at - 1] == '{') || text.substr(end).starts_with("}}");
        if (end > at + 1 && text.substr(end).starts_with('}') && !doubled)
            return std::string(text.substr(at, end + 1 - at));
    }
    return {};
}

Result<int> import(const Program& program, const PromptFlags& flags) {
    STENO_ASSIGN(const std::string text, read_input(flags.file, kMaxPromptFile));
    if (JsonReader json(text); !json.skip() || !json.at_end())
        return fail(
            Code::InvalidArgument,
            fmt::format("{} is no JSON: {}", flags.file,
                        json.failed() ? json.problem() : "more stands behind its value"),
            "prompt_registry.json or prompt_performance.json of a program of before, or what steno prompts "
            "export wrote; JSON has no NaN and no Infinity");
    switch (prompts::kind_of_document(text)) {
        case prompts::DocumentKind::Executions: {
            STENO_ASSIGN(const auto api, Api::open(program, flags.record));
            return import_executions(program, *api, text);
        }
        case prompts::DocumentKind::Metrics:
            return fail(
                Code::InvalidArgument, "these are figures made from executions, which Steno computes itself",
                "import the executions: prompt_performance.json; then steno prompts performance NAME");
        case prompts::DocumentKind::Registry:
            break;
    }
    // What is wrong would be so for ever: a version never changes.
    const std::string braces = flags.format_strings || flags.templates ? "" : name_in_braces(text);
    if (!braces.empty())
        return fail(
            Code::InvalidArgument,
            fmt::format("{} can be a variable of Python's format strings, or stand for itself", braces),
            "--format-strings if the program filled its texts in with .format(), or --templates if "
            "they are templates with {{variables}} in two braces");
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    STENO_ASSIGN(const std::string body,
                 api->post(flags.format_strings ? "/api/v1/prompt-registry?format_strings=true"
                                                : "/api/v1/prompt-registry",
                           text));
    return print(program, body, [](dom::element answer) {
        const std::string known = text_at(answer, "/known_versions");
        if (text_at(answer, "/versions") == "0" && known == "0")
            fmt::print("there are no prompts in the file\n");
        fmt::print("{} and {} are new; {} known already\n", counted(text_at(answer, "/prompts"), "prompt"),
                   counted(text_at(answer, "/versions"), "version"), known);
        std::string left_out;
        dom::array names;
        if (answer["left_out"].get(names) == simdjson::SUCCESS)
            for (const dom::element name : names)
                left_out += (left_out.empty() ? "" : ", ") + text_at(name, "");
        if (!left_out.empty()) fmt::print("left out: {}\n", printable(left_out));
    });
}

Result<int> write_out(const Program& program, const PromptFlags& flags) {
    const ExecutionsFlags which{flags.name, flags.period};
    if (flags.executions) return export_executions(program, flags.record, which, flags.target);
    if (flags.metrics) return export_metrics(program, flags.record, which, flags.target);
    if (flags.period.given())
        return fail(Code::InvalidArgument, "versions are of no period", "--executions or --metrics with it");
    STENO_ASSIGN(const exports::Format* const format, format_of(flags.target, "json"));
    Question question("/api/v1/prompt-registry");
    question.add("prompt", flags.name);
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    STENO_ASSIGN(std::string body, api->get(question.target()));
    if (format->name != "json") {
        STENO_ASSIGN(const PromptRows table, prompt_rows(*api, flags.name, std::move(body)));
        STENO_TRY(export_table(*table.rows, *format, flags.target, "versions", table.count));
        return 0;
    }
    // As the program of before has it, and not rows.
    const std::string& path = flags.target.output;
    STENO_TRY(exports::write_whole(path.empty() ? "-" : path, body + "\n"));
    if (!path.empty() && path != "-")
        fmt::print(stderr, "{} in {}\n", flags.name.empty() ? "all prompts" : printable(flags.name),
                   printable(path));
    return 0;
}

Result<int> sync(const Program& program, const PromptFlags& flags) {
    const SyncWay way = flags.check ? SyncWay::Check : flags.pull ? SyncWay::Pull : SyncWay::Push;
    STENO_ASSIGN(PromptFolder folder,
                 PromptFolder::read(flags.folder, way == SyncWay::Pull, program.inherited.file_mask));
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    return sync_prompts(*api, std::move(folder), way, flags.force, program.json);
}

}  // namespace

void add_prompts(Program& program) {
    const auto flags = std::make_shared<PromptFlags>();
    CLI::App* prompts = program.add(program.app, "prompts",
                                    "Prompts with names and versions: what they say, which is in production",
                                    "  steno prompts\n"
                                    "  steno prompts create answer --text \"Answer {{question}} in a "
                                    "{{tone}} tone.\" --model gpt-4o-mini\n"
                                    "  steno prompts show answer --version 1\n"
                                    "  steno prompts label answer production 2 --reason \"fewer tokens\"\n"
                                    "  steno prompts rollback answer\n"
                                    "  steno prompts diff answer 1 2\n"
                                    "  steno prompts render answer --set question=Why? --set tone=friendly\n"
                                    "  steno prompts performance answer --days 7\n"
                                    "  steno prompts compare answer 1 2\n"
                                    "  steno prompts trends answer --days 90\n"
                                    "  steno prompts sync prompts/ --check\n");
    add_record_flags(*prompts, flags->record);
    prompts->callback([prompts, flags, &program] {
        if (prompts->get_subcommands().empty()) program.run = [flags](Program& p) { return list(p, *flags); };
    });
    const auto command = [&](const char* name, const char* help, const char* examples,
                             Result<int> (*run)(const Program&, const PromptFlags&)) {
        CLI::App* sub = program.add(*prompts, name, help, examples);
        add_record_flags(*sub, flags->record);
        sub->callback(
            [run, flags, &program] { program.run = [run, flags](Program& p) { return run(p, *flags); }; });
        return sub;
    };
    const auto name = [&](CLI::App* sub) {
        return sub->add_option("name", flags->name, "the prompt's name");
    };
    const auto who = [&](CLI::App* sub) {
        add_author_flags(*sub, flags->by, flags->reason);
        sub->add_flag(
            "--force", flags->force,
            "although it is protected; with --remove, although experiments or other prompts use it");
    };

    CLI::App* sub =
        command("list", "All prompts", "  steno prompts list --folder support --label production\n", list);
    sub->add_option("--text", flags->text, "only those with this in name, description or goal");
    sub->add_option("--tag", flags->tag, "only those with this tag");
    sub->add_option("--label", flags->label, "only those where this label stands somewhere");
    sub->add_option("--folder", flags->folder, "only those whose name begins with this and \"/\"");
    sub->add_flag("--archived", flags->archived, "those that are archived instead");

    sub = command("show", "A prompt with its versions, or one version",
                  "  steno prompts show answer\n  steno prompts show answer --label production\n", show);
    name(sub)->required();
    sub->add_option("--version", flags->version, "this version, with the last output that it had");
    sub->add_option("--label", flags->label, "the version where this label stands");

    add_prompt_create(program, *prompts);

    sub = command("label", "Move a label, protect it, or see where it stood",
                  "  steno prompts label answer production 2 --by ann --reason \"fewer tokens\"\n"
                  "  steno prompts label answer production              # where it stood, and who moved it\n"
                  "  steno prompts label answer production --protect\n",
                  label);
    name(sub)->required();
    sub->add_option("label", flags->label, "the label: production, staging, or one of your own")->required();
    sub->add_option("version", flags->version, "where it is to stand: a version, or another label");
    who(sub);
    auto* protect = sub->add_flag("--protect", flags->protect, "from now on it moves only with --force");
    sub->add_flag("--unprotect", flags->unprotect, "it moves again")->excludes(protect);
    sub->add_flag("--remove", flags->remove, "it stands nowhere any more");

    sub = command("rollback", "A label back to where it stood before",
                  "  steno prompts rollback answer\n  steno prompts rollback answer staging\n", roll_back);
    name(sub)->required();
    sub->add_option("label", flags->label, "the label (default production)");
    who(sub);
    sub->callback([flags, &program] {
        if (flags->label.empty()) flags->label = "production";
        program.run = [flags](Program& p) { return roll_back(p, *flags); };
    });

    sub = command("diff", "What is different between two versions",
                  "  steno prompts diff answer 1 2\n  steno prompts diff answer production\n", diff);
    name(sub)->required();
    sub->add_option("from", flags->from, "a version or a label")->required();
    sub->add_option("to", flags->to, "likewise (default the latest)");

    sub = command("render", "A prompt with its variables filled in",
                  "  steno prompts render answer --set question=Why? --strict\n"
                  "  steno prompts render answer --version 2 --variables values.json\n",
                  render);
    name(sub)->required();
    auto* version =
        sub->add_option("--version", flags->version, "which version (default: in production, or latest)");
    sub->add_option("--label", flags->label, "or where this label stands")->excludes(version);
    sub->add_option("--set", flags->values, "NAME=VALUE, a text or JSON; may be repeated")
        ->allow_extra_args(false);
    sub->add_option("--variables", flags->variables, "a JSON object, or a file with one; -: standard input");
    sub->add_flag("--strict", flags->strict, "what lacks variables is an error");

    add_prompt_performance(program, *prompts);

    sub = command("archive", "Hide a prompt; its versions can still be had",
                  "  steno prompts archive answer\n  steno prompts archive answer --undo\n", archive);
    name(sub)->required();
    sub->add_flag("--undo", flags->undo, "take it back");
    sub->add_flag("--force", flags->force, "although experiments or other prompts use it");

    sub =
        command("remove", "Remove a prompt with all its versions", "  steno prompts remove answer\n", remove);
    name(sub)->required();
    sub->add_flag("--force", flags->force,
                  "although labels stand on it, or experiments or other prompts use it");

    sub =
        command("import",
                "Take over a prompt_registry.json, or a prompt_performance.json: its executions become calls",
                "  steno prompts import data/prompt_registry.json --format-strings\n"
                "  steno prompts import data/prompt_performance.json\n",
                import);
    sub->add_option("file", flags->file, "the file; -: standard input")->required();
    auto* strings = sub->add_flag("--format-strings", flags->format_strings,
                                  "its texts are Python's: {name} is a variable, {{ a brace");
    sub->add_flag("--templates", flags->templates, "its texts are templates: {{name}} is a variable")
        ->excludes(strings);

    sub = command("export", "All prompts, or one, with their versions: a prompt_registry.json, or a table",
                  "  steno prompts export --prompt answer --format json\n"
                  "  steno prompts export --output prompts.xlsx\n"
                  "  steno prompts export --format csv\n"
                  "  steno prompts export --executions --days 30 --output prompt_performance.json\n"
                  "  steno prompts export --metrics\n",
                  write_out);
    sub->add_option("--prompt", flags->name, "only this one");
    auto* executions = sub->add_flag("--executions", flags->executions,
                                     "its AI calls instead, as a prompt_performance.json");
    sub->add_flag("--metrics", flags->metrics, "their figures by version, as a prompt_metrics.json")
        ->excludes(executions);
    add_period_flags(*sub, flags->period);
    add_target(*sub, flags->target);

    sub = command("sync", "Prompts as files in a folder, for git",
                  "  steno prompts sync prompts/ --pull     # the latest of each as a file\n"
                  "  steno prompts sync prompts/            # files that say something new become versions\n"
                  "  steno prompts sync prompts/ --check    # changes nothing; exit code 6 if files and "
                  "prompts differ\n",
                  sync);
    sub->add_option("folder", flags->folder, "the folder; files end with .prompt")->required();
    auto* check = sub->add_flag("--check", flags->check, "only says what is different");
    auto* pull = sub->add_flag("--pull", flags->pull, "files become as the prompts are");
    pull->excludes(check);
    sub->add_flag("--push", flags->push, "prompts become as the files are (the default)")
        ->excludes(check)
        ->excludes(pull);
    sub->add_flag("--force", flags->force,
                  "takes one side where both changed: the files' with --push, the prompts' with --pull")
        ->excludes(check);
}

}  // namespace steno::cli
