#include "base/shell_word.hpp"
#include "cli/answer.hpp"
#include "cli/api_client.hpp"
#include "cli/call_view.hpp"
#include "cli/command.hpp"
#include "cli/experiment_flags.hpp"
#include "cli/experiment_result.hpp"
#include "cli/question.hpp"
#include "cli/repricing.hpp"
#include "cli/terminal.hpp"
#include "net/http.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <memory>
#include <string>
#include <utility>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

struct Flags {
    RecordFlags record;
    ExperimentFlags definition;
    std::string state, prompt, prompt_type;  // of a list
    std::string winner, variant, unit, at, zone;
    std::string by, reason;
    std::int64_t revision = 0, limit = 100;
    bool start = false;
};

std::string path_of(const Flags& flags, std::string_view rest = "") {
    return "/api/v1/experiments/" + net::percent_encode(flags.definition.name) + std::string(rest);
}

/// With who changes it, and why.
Question signed_by(std::string_view path, const Flags& flags) {
    Question question(path);
    question.add("by", author_name(flags.by));
    question.add("reason", flags.reason);
    return question;
}

Colour colour_of_state(std::string_view state) {
    return state == "running" ? Colour::Green : state == "paused" ? Colour::Yellow : Colour::Plain;
}

/// "prompt answer (production), type support"
std::string about(dom::element experiment) {
    std::string text;
    if (const std::string prompt = text_at(experiment, "/prompt"); !prompt.empty())
        text = fmt::format("prompt {} ({})", prompt, text_at(experiment, "/label"));
    if (const std::string type = text_at(experiment, "/prompt_type"); !type.empty())
        text += fmt::format("{}type {}", text.empty() ? "" : ", ", type);
    return text;
}

std::string state_of(dom::element experiment) {
    std::string text = text_at(experiment, "/state");
    if (has(experiment, "/winner")) text += ": " + text_at(experiment, "/winner");
    return text;
}

std::string moment(dom::element value, const char* pointer) {
    return has(value, pointer) ? clock_text(text_at(value, pointer)).substr(0, 16) : kUnknown;
}

/// What a variant does otherwise: "version 1.2, model gpt-5-mini".
std::string changes_of(dom::element variant) {
    std::string text;
    dom::object members;
    if (variant.get(members) != simdjson::SUCCESS) return text;
    for (const auto [name, value] : members) {
        if (name == "name" || name == "weight" || name == "stopped") continue;
        std::string_view word;
        text +=
            fmt::format("{}{} {}", text.empty() ? "" : ", ", name,
                        value.get(word) == simdjson::SUCCESS ? std::string(word) : simdjson::minify(value));
    }
    return text.empty() ? "as without the experiment" : text;
}

std::string percent(double part) {
    return fmt::format("{:.4g} %", part * 100);
}

void print_variants(dom::element experiment) {
    dom::array variants;
    if (experiment["variants"].get(variants) != simdjson::SUCCESS) return;
    double sum = 0, control = 0;
    bool first = true;
    for (const dom::element variant : variants) {
        const double weight = number_at(variant, "/weight");
        sum += weight;
        if (first || text_at(variant, "/stopped") == "true") control += weight;
        first = false;
    }
    Table table({{"variant", false, true}, {"gets", true}, Table::Column::bar(20), {"does", false, true}});
    first = true;
    for (const dom::element variant : variants) {
        const bool stopped = text_at(variant, "/stopped") == "true";
        const double part = (first ? control : stopped ? 0 : number_at(variant, "/weight")) / sum;
        table.row({text_at(variant, "/name") + (first ? " (control)" : ""),
                   stopped ? "stopped" : percent(part), Table::share(part), changes_of(variant)},
                  {first     ? Colour::Bold
                   : stopped ? Colour::Dim
                             : Colour::Plain});
        first = false;
    }
    table.print();
}

void print_guards(dom::element experiment) {
    dom::array guards;
    if (experiment["guards"].get(guards) != simdjson::SUCCESS) return;
    for (const dom::element guard : guards) {
        const double by = number_at(guard, "/worse_by");
        const bool relative = text_at(guard, "/relative") == "true";
        fmt::print("guard        {} ({} is better): not worse by more than {}\n",
                   printable(text_at(guard, "/metric")), text_at(guard, "/better"),
                   relative ? percent(by) + " of the control's" : fmt::format("{}", by));
    }
}

Result<void> print_experiment(Api&, dom::element experiment) {
    fmt::print("{}  {}  {}\n", paint(printable(text_at(experiment, "/name")), Colour::Bold),
               paint(printable(state_of(experiment)), colour_of_state(text_at(experiment, "/state"))),
               printable(text_at(experiment, "/description")));
    fmt::print("for          {}\n", printable(about(experiment)));
    fmt::print("unit         {}, {} take part\n", text_at(experiment, "/unit"),
               number_at(experiment, "/share") == 1 ? "all" : percent(number_at(experiment, "/share")));
    fmt::print("metric       {}, {} is better{}\n", printable(text_at(experiment, "/metric")),
               text_at(experiment, "/better"),
               number_at(experiment, "/margin") > 0
                   ? fmt::format("; {} would not matter", number_at(experiment, "/margin"))
                   : "");
    const std::string rule = text_at(experiment, "/rule");
    if (rule != "none")
        fmt::print("rule         {}{}\n", rule,
                   rule == "bandit"
                       ? fmt::format(", weights set every {} minutes", text_at(experiment, "/every_minutes"))
                       : "");
    print_guards(experiment);
    fmt::print("started      {}{}\n", moment(experiment, "/started_at"),
               has(experiment, "/concluded_at") ? ", concluded " + moment(experiment, "/concluded_at") : "");
    fmt::print("revision     {}{}\n", text_at(experiment, "/revision"),
               has(experiment, "/changed_by") ? " by " + printable(text_at(experiment, "/changed_by")) : "");
    fmt::print("id           {}\n\n", text_at(experiment, "/id"));
    print_variants(experiment);
    return {};
}

/// What a change was answered.
Result<int> show_changed(const Program& program, Api& api, const std::string& answer) {
    if (program.json) {
        fmt::print("{}\n", answer);
        return 0;
    }
    dom::parser parser;
    dom::element experiment;
    if (parser.parse(answer).get(experiment) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer is no JSON");
    STENO_TRY(print_experiment(api, experiment));
    return 0;
}

Result<int> list(const Program& program, const Flags& flags) {
    Question question("/api/v1/experiments");
    question.add("state", flags.state);
    question.add("prompt", flags.prompt);
    question.add("prompt_type", flags.prompt_type);
    return show_answer(program, flags.record, question, [](Api& api, dom::element answer) -> Result<void> {
        dom::array experiments;
        if (answer["experiments"].get(experiments) != simdjson::SUCCESS)
            return fail(Code::Internal, "the answer has no experiments");
        if (experiments.size() == 0) {
            fmt::print("no experiments in {}; steno experiments create makes one\n", api.where());
            return {};
        }
        Table table({{"experiment", false, true},
                     {"state"},
                     {"for", false, true},
                     {"variants", true},
                     {"metric", false, true},
                     Table::Column{"unit"}.if_room(2),
                     Table::Column{"started"}.if_room(1),
                     Table::Column{"description", false, true}.if_room(3)});
        for (const dom::element one : experiments) {
            dom::array variants;
            const bool has_them = one["variants"].get(variants) == simdjson::SUCCESS;
            table.row({text_at(one, "/name"), state_of(one), about(one),
                       std::to_string(has_them ? variants.size() : 0), text_at(one, "/metric"),
                       text_at(one, "/unit"), moment(one, "/started_at"), text_at(one, "/description")},
                      {Colour::Bold, colour_of_state(text_at(one, "/state"))});
        }
        table.print();
        return {};
    });
}

std::string by_id(const Flags& flags, std::string_view id, std::string_view rest) {
    return signed_by(fmt::format("/api/v1/experiments/{}{}", net::percent_encode(id), rest), flags).target();
}

/// Starts the draft that was just made. Where that is refused the draft goes again: who wrote one command
/// has either all of what it says or nothing.
Result<std::string> start_new(Api& api, const Flags& flags, const std::string& made) {
    dom::parser parser;
    dom::element draft;
    if (parser.parse(made).get(draft) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer is no JSON");
    const std::string id = text_at(draft, "/id");
    auto started = api.post(by_id(flags, id, "/start"), "");
    if (started) return started;
    Error why = std::move(started).error();
    const std::string& name = flags.definition.name;
    const bool refused = why.code == Code::AlreadyExists || why.code == Code::FailedPrecondition ||
                         why.code == Code::NotFound || why.code == Code::InvalidArgument;
    if (!refused) {
        why.message = fmt::format("{} was made; whether it has started is not known: {}", name, why.message);
        why.remedy =
            fmt::format("steno experiments show {0} says so; if it is a draft: steno experiments start {0}",
                        shell_word(name));
    } else if (api.remove("/api/v1/experiments/" + net::percent_encode(id))) {
        why.message += fmt::format("; {} was not made", name);
        why.remedy += "\nwithout --start it is made as a draft";
    } else {
        why.message += fmt::format("; {} was made, and is a draft", name);
        why.remedy += fmt::format("\nthen: steno experiments start {}", shell_word(name));
    }
    return std::unexpected(std::move(why));
}

Result<int> create(const Program& program, const Flags& flags) {
    STENO_ASSIGN(const std::string body, experiment_json(flags.definition, true));
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    auto answer = api->post(signed_by("/api/v1/experiments", flags).target(), body);
    if (!answer) return std::unexpected(in_flags(std::move(answer).error(), flags.definition));
    if (flags.start) {
        STENO_ASSIGN(*answer, start_new(*api, flags, *answer));
    }
    return show_changed(program, *api, *answer);
}

Result<int> set(const Program& program, const Flags& flags) {
    STENO_ASSIGN(const std::string body, experiment_json(flags.definition, false));
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    const auto answer = api->patch(signed_by(path_of(flags), flags).target(), body);
    if (!answer) return std::unexpected(in_flags(answer.error(), flags.definition));
    return show_changed(program, *api, *answer);
}

Result<int> show(const Program& program, const Flags& flags) {
    return show_answer(program, flags.record, Question(path_of(flags)), print_experiment);
}

Result<int> ask_to(const Program& program, const Flags& flags, const Question& question) {
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    STENO_ASSIGN(const std::string answer, api->post(question.target(), ""));
    return show_changed(program, *api, answer);
}

Result<int> start(const Program& program, const Flags& flags) {
    return ask_to(program, flags, signed_by(path_of(flags, "/start"), flags));
}

Result<int> pause(const Program& program, const Flags& flags) {
    return ask_to(program, flags, signed_by(path_of(flags, "/pause"), flags));
}

Result<int> conclude(const Program& program, const Flags& flags) {
    Question question = signed_by(path_of(flags, "/conclude"), flags);
    question.add("winner", flags.winner);
    return ask_to(program, flags, question);
}

Result<int> stop(const Program& program, const Flags& flags) {
    return ask_to(
        program, flags,
        signed_by(path_of(flags, "/variants/" + net::percent_encode(flags.variant) + "/stop"), flags));
}

Result<int> remove(const Program& program, const Flags& flags) {
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    STENO_TRY(api->remove(path_of(flags)));
    if (!program.json) fmt::print("{} is removed\n", printable(flags.definition.name));
    return 0;
}

/// "state: draft → running, share: 1 → 0.5"
std::string what_changed(dom::element change) {
    std::string what;
    dom::object after;
    if (text_at(change, "/action") == "created" || change["after"].get(after) != simdjson::SUCCESS)
        return what;
    for (const auto [member, value] : after) {
        dom::element before;
        const std::string was = change["before"][member].get(before) == simdjson::SUCCESS
                                    ? simdjson::minify(before)
                                    : std::string("–");
        what += fmt::format("{}{}: {} → {}", what.empty() ? "" : ", ", member, was, simdjson::minify(value));
    }
    return what;
}

Result<int> result(const Program& program, const Flags& flags) {
    Question question(path_of(flags, "/result"));
    question.add("tz", flags.zone);
    return show_answer(program, flags.record, question, print_experiment_result);
}

Result<int> evaluate(const Program& program, const Flags& flags) {
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    STENO_ASSIGN(const std::string answer, api->post(path_of(flags, "/evaluate"), ""));
    if (program.json) {
        fmt::print("{}\n", answer);
        return 0;
    }
    dom::parser parser;
    dom::element evaluated;
    dom::array done;
    if (parser.parse(answer).get(evaluated) != simdjson::SUCCESS ||
        evaluated["done"].get(done) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer does not say what was done");
    for (const dom::element what : done)
        fmt::print("{}\n", printable(std::string_view(what.get_string().value_unsafe())));
    if (done.size() == 0) fmt::print("there is nothing to be done\n");
    return 0;
}

Result<int> history(const Program& program, const Flags& flags) {
    Question question(path_of(flags, "/history"));
    question.add("limit", std::to_string(flags.limit));
    return show_answer(program, flags.record, question, [](Api&, dom::element answer) -> Result<void> {
        dom::array changes;
        if (answer["changes"].get(changes) != simdjson::SUCCESS)
            return fail(Code::Internal, "the answer has no changes");
        Table table({{"revision", true},
                     {"when"},
                     {"what"},
                     {"by", false, true},
                     {"why", false, true},
                     Table::Column{"in detail", false, true}.if_room()});
        for (const dom::element change : changes)
            table.row({text_at(change, "/revision"), moment(change, "/at"), text_at(change, "/action"),
                       has(change, "/by") ? text_at(change, "/by") : kUnknown,
                       has(change, "/reason") ? text_at(change, "/reason") : "", what_changed(change)});
        table.print();
        return {};
    });
}

Result<int> assign(const Program& program, const Flags& flags) {
    Question question(path_of(flags, "/assign"));
    question.add("unit", flags.unit);
    question.add("at", flags.at);
    if (flags.revision > 0) question.add("revision", std::to_string(flags.revision));
    return show_answer(program, flags.record, question, [](Api&, dom::element answer) -> Result<void> {
        const std::string unit = printable(text_at(answer, "/unit"));
        const std::string state = text_at(answer, "/state");
        if (!has(answer, "/variant"))
            fmt::print("{} takes no part\n", unit);
        else
            fmt::print("{} gets {}, as {} of those do that take part\n", unit,
                       paint(printable(text_at(answer, "/variant")), Colour::Bold),
                       percent(number_at(answer, "/probability")));
        fmt::print("by revision {}{}\n", text_at(answer, "/revision"),
                   state == "running" ? "" : "; nobody is assigned while the experiment is " + state);
        return {};
    });
}

}  // namespace

void add_experiments(Program& program) {
    const auto flags = std::make_shared<Flags>();
    CLI::App* experiments =
        program.add(program.app, "experiments",
                    "Live experiments: variants of a prompt, a model or parameters, compared on users",
                    "  steno experiments\n"
                    "  steno experiments create tone --prompt answer --variant control --variant "
                    "short,version=2 --metric "
                    "acceptance_rate\n"
                    "  steno experiments start tone\n"
                    "  steno experiments show tone\n"
                    "  steno experiments result tone\n"
                    "  steno experiments set tone --share 50% --weight short=3\n"
                    "  steno experiments conclude tone --winner short --reason \"accepted more often\"\n"
                    "  steno experiments history tone\n"
                    "  steno experiments assign tone user-17\n");
    add_record_flags(*experiments, flags->record);
    experiments->callback([experiments, flags, &program] {
        if (experiments->get_subcommands().empty())
            program.run = [flags](Program& p) { return list(p, *flags); };
    });
    const auto command = [&](const char* name, const char* help, const char* examples,
                             Result<int> (*run)(const Program&, const Flags&)) {
        CLI::App* sub = program.add(*experiments, name, help, examples);
        add_record_flags(*sub, flags->record);
        sub->callback(
            [run, flags, &program] { program.run = [run, flags](Program& p) { return run(p, *flags); }; });
        return sub;
    };
    const auto named = [&](CLI::App* sub) {
        sub->add_option("name", flags->definition.name, "the experiment's name, or its id")->required();
        return sub;
    };
    const auto who = [&](CLI::App* sub) { add_author_flags(*sub, flags->by, flags->reason); };

    CLI::App* sub = command("list", "All experiments, the last one first",
                            "  steno experiments list --state running\n", list);
    sub->add_option("--state", flags->state, "only draft, running, paused or concluded ones")
        ->check(CLI::IsMember({"draft", "running", "paused", "concluded"}));
    sub->add_option("--prompt", flags->prompt, "only those of this prompt");
    sub->add_option("--prompt-type", flags->prompt_type, "only those of this prompt type");

    sub = named(command(
        "create", "A new experiment, as a draft",
        "  steno experiments create tone --prompt answer --variant control --variant short,version=2 \\\n"
        "      --metric acceptance_rate --guard cost_per_call,worse_by=20% --margin 0.01\n"
        "  steno experiments create mini --prompt-type support --variant control,weight=9 \\\n"
        "      --variant mini,model=gpt-5-mini,temperature=0.2 --metric success_rate --unit session --start\n"
        "  steno experiments create cool --prompt-type support --variant control \\\n"
        "      --variant 'cool,parameters={\"temperature\":0.2,\"seed\":1}' --metric success_rate\n"
        "  steno experiments create tone --file tone.json\n",
        create));
    add_experiment_flags(*sub, flags->definition);
    sub->add_flag("--start", flags->start, "and start it; where that is refused, nothing is made");
    who(sub);

    named(command("show", "What an experiment compares, and how it stands", "  steno experiments show tone\n",
                  show));

    sub = named(command("result", "What it has shown until now: may be looked at, and acted on, at any time",
                        "  steno experiments result tone\n"
                        "  steno experiments result tone --tz Europe/Berlin --json\n",
                        result));
    sub->add_option("--tz", flags->zone, "whose days (default UTC)");
    named(command("evaluate", "Let its guards and its rule act now, as they do every minute by themselves",
                  "  steno experiments evaluate tone\n", evaluate));

    sub = named(command("set", "Change an experiment: of a draft everything, later what is not the question",
                        "  steno experiments set tone --weight control=1 --weight short=3\n"
                        "  steno experiments set tone --share 20% --rule conclude_winner\n"
                        "  steno experiments set tone --metric success_rate      # of a draft\n",
                        set));
    add_experiment_flags(*sub, flags->definition);
    sub->add_option("--weight", flags->definition.weights,
                    "VARIANT=WEIGHT, against the others'; may be repeated")
        ->allow_extra_args(false);
    who(sub);

    who(named(command("start", "Begin, or go on after a pause", "  steno experiments start tone\n", start)));
    who(named(command("pause", "Nobody gets a variant until it is started again",
                      "  steno experiments pause tone --reason \"an incident\"\n", pause)));
    sub = named(command("conclude", "End it for good",
                        "  steno experiments conclude tone --winner short --reason \"accepted more often\"\n",
                        conclude));
    sub->add_option("--winner", flags->winner, "the variant that won (default: none did)");
    who(sub);
    sub = named(command("stop", "Stop one variant for good: who had it gets the control",
                        "  steno experiments stop tone short --reason \"too many complaints\"\n", stop));
    sub->add_option("variant", flags->variant, "its name")->required();
    who(sub);

    sub =
        named(command("history", "Who changed what, and why", "  steno experiments history tone\n", history));
    sub->add_option("--limit", flags->limit, "at most so many changes (default 100)")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1000}));
    sub = named(command("assign", "Which variant a unit gets, or got",
                        "  steno experiments assign tone user-17\n"
                        "  steno experiments assign tone user-17 --at 2026-11-22T12:00:00Z\n"
                        "  steno experiments assign tone user-17 --revision 2\n",
                        assign));
    sub->add_option("unit", flags->unit, "a user's id, a session's, a request's")->required();
    auto* revision = sub->add_option("--revision", flags->revision, "by the weights of that revision")
                         ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 30));
    sub->add_option("--at", flags->at, "by those of that moment (RFC 3339)")->excludes(revision);
    named(command("remove", "Remove a draft", "  steno experiments remove tone\n", remove));
}

}  // namespace steno::cli
