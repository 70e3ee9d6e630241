#include "base/json_writer.hpp"
#include "base/shell_word.hpp"
#include "cli/answer.hpp"
#include "cli/api_client.hpp"
#include "cli/call_view.hpp"
#include "cli/command.hpp"
#include "cli/prompt_performance.hpp"
#include "cli/prompt_sync.hpp"
#include "cli/prompts_view.hpp"
#include "cli/terminal.hpp"
#include "io/file_system.hpp"
#include "net/http.hpp"
#include "prompts/prompt_file.hpp"
#include "record/json_reader.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <charconv>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <unistd.h>
#include <vector>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

constexpr std::uint64_t kMaxFile = 24u << 20;

struct PromptFlags {
    RecordFlags record;
    std::string name, version, label, from, to, file, folder;
    std::string text, system, tag, by, reason, variables, output;
    std::string goal, model, description, author, notes;
    std::vector<std::string> tags, labels, values;
    std::optional<double> temperature, top_p;
    std::optional<std::int64_t> top_k, token_limit;
    bool archived = false, undo = false, force = false, strict = false, allow_lower = false, history = false;
    bool protect = false, unprotect = false, remove = false, format_strings = false;
    bool check = false, push = false, pull = false;
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

/// Prints an answer: as it came with --json, else by `show`.
Result<int> print(const Program& program, const std::string& body, void (*show)(dom::element)) {
    if (program.json) {
        fmt::print("{}\n", body);
        return 0;
    }
    dom::parser parser;
    STENO_ASSIGN(const dom::element answer, parsed(parser, body));
    show(answer);
    return 0;
}

Result<std::string> read_whole(const std::string& file) {
    if (file != "-") return io::read_file(io::posix_file_system(), file, kMaxFile);
    std::string text(std::istreambuf_iterator<char>(std::cin), {});
    if (text.size() > kMaxFile) return fail(Code::InvalidArgument, "standard input is too long for a prompt");
    return text;
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

/// One line that a person types; `otherwise` when it is empty.
Result<std::string> ask(std::string_view question, std::string_view otherwise = {}) {
    fmt::print("{}{}: ", question, otherwise.empty() ? "" : fmt::format(" [{}]", otherwise));
    std::fflush(stdout);
    std::string answer;
    if (!std::getline(std::cin, answer)) return fail(Code::Cancelled, "nothing was created");
    return answer.empty() ? std::string(otherwise) : answer;
}

/// All lines up to one with a point alone on it, or the input's end.
std::string ask_for_lines(std::string_view question) {
    fmt::print("{} (a line with a single \".\" ends it):\n", question);
    std::string text;
    std::string line;
    while (std::getline(std::cin, line) && line != ".") text += (text.empty() ? "" : "\n") + line;
    return text;
}

template <class T>
Result<std::optional<T>> ask_for_number(std::string_view question) {
    STENO_ASSIGN(const std::string answer, ask(question));
    if (answer.empty()) return std::nullopt;
    T number{};
    const auto [end, error] = std::from_chars(answer.data(), answer.data() + answer.size(), number);
    if (error != std::errc{} || end != answer.data() + answer.size())
        return fail(Code::InvalidArgument, fmt::format("\"{}\" is no number", answer));
    return number;
}

Result<void> ask_for_all(prompts::PromptFile& file) {
    prompts::Content& content = file.version.content;
    if (file.name.empty()) {
        STENO_ASSIGN(file.name, ask("Name"));
    }
    STENO_ASSIGN(const std::string version, ask("Version", "the next one"));
    if (version != "the next one") {
        STENO_ASSIGN(file.version.number, prompts::VersionNumber::parse(version));
    }
    STENO_ASSIGN(content.goal, ask("Goal, in one sentence"));
    STENO_ASSIGN(content.model, ask("Model"));
    STENO_ASSIGN(content.temperature, ask_for_number<double>("Temperature"));
    STENO_ASSIGN(content.token_limit, ask_for_number<std::int64_t>("Token limit"));
    STENO_ASSIGN(content.top_k, ask_for_number<std::int64_t>("Top-k"));
    STENO_ASSIGN(content.top_p, ask_for_number<double>("Top-p"));
    content.text = ask_for_lines("The prompt, {{name}} for a variable");
    return {};
}

/// From the file, or from what a person types, with what the flags say in its place.
Result<prompts::PromptFile> wanted(const PromptFlags& flags) {
    prompts::PromptFile file;
    file.name = flags.name;
    prompts::Content& content = file.version.content;
    if (!flags.file.empty()) {
        STENO_ASSIGN(std::string text, read_whole(flags.file));
        if (text.starts_with("+++")) {
            auto read = prompts::read_prompt_file(text);
            if (!read) return std::unexpected(std::move(read).error().with_context(flags.file));
            file = std::move(*read);
            if (!flags.name.empty()) file.name = flags.name;
        } else {
            if (text.ends_with('\n')) text.pop_back();
            content.text = std::move(text);
        }
    } else if (flags.text.empty() && flags.system.empty()) {
        if (::isatty(STDIN_FILENO) == 0)
            return fail(Code::InvalidArgument, "a prompt needs its text",
                        "--text \"Answer {{question}}\", --file FILE, or --file - for standard input");
        STENO_TRY(ask_for_all(file));
    }
    if (!flags.system.empty())
        content.messages = {{"system", flags.system}, {"user", flags.text}};
    else if (!flags.text.empty())
        content.text = flags.text;
    const auto text = [](const std::string& flag, std::string& into) {
        if (!flag.empty()) into = flag;
    };
    text(flags.goal, content.goal);
    text(flags.model, content.model);
    text(flags.description, file.description);
    text(flags.author, file.version.author);
    text(flags.notes, file.version.notes);
    if (flags.temperature) content.temperature = flags.temperature;
    if (flags.top_p) content.top_p = flags.top_p;
    if (flags.top_k) content.top_k = flags.top_k;
    if (flags.token_limit) content.token_limit = flags.token_limit;
    if (!flags.tags.empty()) file.tags = flags.tags;
    if (!flags.labels.empty()) file.version.labels = flags.labels;
    if (!flags.version.empty()) {
        STENO_ASSIGN(file.version.number, prompts::VersionNumber::parse(flags.version));
    }
    file.version.allow_lower = flags.allow_lower;
    return file;
}

Result<int> create(const Program& program, const PromptFlags& flags) {
    STENO_ASSIGN(const prompts::PromptFile file, wanted(flags));
    if (file.name.empty())
        return fail(Code::InvalidArgument, "a prompt needs a name", "steno prompts create NAME --text \"…\"");
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    STENO_ASSIGN(const std::string body, send_prompt(*api, file));
    if (program.json) return print(program, body, nullptr);
    dom::parser parser;
    STENO_ASSIGN(const dom::element answer, parsed(parser, body));
    const std::string version = text_at(answer, "/version");
    if (text_at(answer, "/created") == "true")
        fmt::print("{} has version {} now\n", printable(file.name), version);
    else
        fmt::print("version {} of {} says the same already: nothing was made\n", version,
                   printable(file.name));
    return 0;
}

std::string move_body(const PromptFlags& flags) {
    std::string body;
    JsonWriter json(body);
    json.begin_object();
    if (!flags.version.empty()) json.member("version", flags.version);
    if (flags.protect || flags.unprotect) json.member("protected", flags.protect);
    if (!flags.by.empty()) json.member("by", flags.by);
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
        question.add("by", flags.by);
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
        STENO_ASSIGN(const std::string text,
                     flags.variables.starts_with('{') ? flags.variables : read_whole(flags.variables));
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
                 api->patch(path_of(flags), flags.undo ? R"({"archived":false})" : R"({"archived":true})"));
    if (program.json) return print(program, body, nullptr);
    fmt::print("{} is {}\n", printable(flags.name),
               flags.undo ? "back" : "archived; its versions can still be had by their numbers");
    return 0;
}

Result<int> remove(const Program& program, const PromptFlags& flags) {
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    STENO_TRY(api->remove(path_of(flags, flags.force ? "?force=true" : "")));
    if (!program.json) fmt::print("{} is removed, with all its versions\n", printable(flags.name));
    return 0;
}

Result<int> import(const Program& program, const PromptFlags& flags) {
    STENO_ASSIGN(const std::string text, read_whole(flags.file));
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    STENO_ASSIGN(const std::string body,
                 api->post(flags.format_strings ? "/api/v1/prompt-registry?format_strings=true"
                                                : "/api/v1/prompt-registry",
                           text));
    return print(program, body, [](dom::element answer) {
        fmt::print("{} and {} are new; {} known already\n", counted(text_at(answer, "/prompts"), "prompt"),
                   counted(text_at(answer, "/versions"), "version"), text_at(answer, "/known_versions"));
        std::string left_out;
        dom::array names;
        if (answer["left_out"].get(names) == simdjson::SUCCESS)
            for (const dom::element name : names)
                left_out += (left_out.empty() ? "" : ", ") + std::string(name.get_string().value_unsafe());
        if (!left_out.empty()) fmt::print("left out: {}\n", printable(left_out));
    });
}

Result<int> write_out(const Program& program, const PromptFlags& flags) {
    Question question("/api/v1/prompt-registry");
    question.add("prompt", flags.name);
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    STENO_ASSIGN(const std::string body, api->get(question.target()));
    if (flags.output.empty() || flags.output == "-") {
        fmt::print("{}\n", body);
        return 0;
    }
    STENO_TRY(io::replace_file(io::posix_file_system(), flags.output, body + "\n"));
    return 0;
}

Result<int> sync(const Program& program, const PromptFlags& flags) {
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    const SyncWay way = flags.check ? SyncWay::Check : flags.pull ? SyncWay::Pull : SyncWay::Push;
    return sync_prompts(*api, {flags.folder, way, flags.force}, program.json);
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
        sub->add_option("--by", flags->by, "who moves it");
        sub->add_option("--reason", flags->reason, "why");
        sub->add_flag("--force", flags->force, "although it is protected");
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

    sub =
        command("create", "A new prompt, or a new version of one that there is; asks a person at a terminal",
                "  steno prompts create answer --text \"Answer {{question}}\" --label staging\n"
                "  steno prompts create --file prompts/answer.prompt\n"
                "  generate | steno prompts create answer --file -\n",
                create);
    name(sub);
    auto* text = sub->add_option("--text", flags->text, "the prompt; with --system the user's message");
    sub->add_option("--system", flags->system, "the system message of a chat prompt")->needs(text);
    sub->add_option("--file", flags->file,
                    "a file of steno prompts sync, or the text alone; -: standard input")
        ->excludes(text);
    sub->add_option("--version", flags->version, "its number (default: the next one)");
    sub->add_flag("--allow-lower", flags->allow_lower, "than the highest that there is");
    sub->add_option("--goal", flags->goal, "what it is for, in one sentence");
    sub->add_option("--model", flags->model, "the model that it is made for");
    sub->add_option("--temperature", flags->temperature, "of the model");
    sub->add_option("--token-limit", flags->token_limit, "the most tokens of an answer");
    sub->add_option("--top-k", flags->top_k, "of the model");
    sub->add_option("--top-p", flags->top_p, "of the model, 0 to 1");
    sub->add_option("--label", flags->labels, "labels that are to stand on it; may be repeated")
        ->allow_extra_args(false);
    sub->add_option("--notes", flags->notes, "what is new in this version");
    sub->add_option("--author", flags->author, "who made it");
    sub->add_option("--description", flags->description, "of a new prompt");
    sub->add_option("--tag", flags->tags, "of a new prompt; may be repeated")->allow_extra_args(false);

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

    sub =
        command("remove", "Remove a prompt with all its versions", "  steno prompts remove answer\n", remove);
    name(sub)->required();
    sub->add_flag("--force", flags->force, "although labels stand on it");

    sub = command("import", "Take over a prompt_registry.json",
                  "  steno prompts import data/prompt_registry.json --format-strings\n", import);
    sub->add_option("file", flags->file, "the file; -: standard input")->required();
    sub->add_flag("--format-strings", flags->format_strings,
                  "its texts are Python's: {name} is a variable, {{ a brace");

    sub = command("export", "All prompts, or one, in the form of a prompt_registry.json",
                  "  steno prompts export --prompt answer --output answer.json\n", write_out);
    sub->add_option("--prompt", flags->name, "only this one");
    sub->add_option("--output", flags->output, "a file (default standard output)");

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
    sub->add_flag("--force", flags->force, "also where both sides changed, and what was edited")
        ->excludes(check);
}

}  // namespace steno::cli
