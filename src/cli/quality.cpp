#include "cli/answer.hpp"
#include "cli/call_view.hpp"
#include "cli/command.hpp"
#include "cli/question.hpp"
#include "cli/terminal.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <memory>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

struct QualityFlags {
    RecordFlags record;
    PeriodFlags period;
    std::string by = "prompt.type,prompt.version";
    std::string score = "quality";
    std::vector<std::string> filters;
    std::uint32_t limit = 20;
    bool missing = false;
};

std::vector<dom::element> rows(dom::element value, const char* name) {
    dom::array array;
    if (value[name].get(array) != simdjson::SUCCESS) return {};
    return {array.begin(), array.end()};
}

std::string decimal_at(dom::element value, const char* pointer) {
    return has(value, pointer) ? fmt::format("{:.4g}", number_at(value, pointer)) : kUnknown;
}

void print_totals(dom::element all) {
    const auto line = [](std::string_view name, const std::string& value, const std::string& more) {
        fmt::print("  {:<14}{:>12}{}{}\n", name, value, more.empty() ? "" : "   ", more);
    };
    line("AI calls", sum_at(all, "/figures/calls"),
         fmt::format("{} on average, 95 % within {}", time_at(all, "/figures/average_duration_ms"),
                     time_at(all, "/figures/p95_duration_ms")));
    line("succeeded", percent_at(all, "/success_rate"),
         fmt::format("{} failed, {} partial", percent_at(all, "/failure_rate"),
                     percent_at(all, "/partial_rate")));
    const double judged = number_at(all, "/feedback/accepted") + number_at(all, "/feedback/modified") +
                          number_at(all, "/feedback/rejected");
    line("accepted", percent_at(all, "/feedback/acceptance_rate"),
         fmt::format("{} of {} judged; {} modified, {} rejected", sum_at(all, "/feedback/accepted"),
                     grouped(static_cast<std::int64_t>(judged)), sum_at(all, "/feedback/modified"),
                     sum_at(all, "/feedback/rejected")));
    line("edited by", decimal_at(all, "/edit_distance/average"),
         fmt::format("characters on average, of {}", counted(sum_at(all, "/edit_distance/calls"), "call")));
    line("prompts whole", percent_at(all, "/data_quality/rate"),
         fmt::format("{} lacked variables", counted(sum_at(all, "/data_quality/incomplete"), "call")));
    const std::string cost = text_at(all, "/figures/cost/total");
    line("cost", cost.empty() ? kUnknown : money(cost, text_at(all, "/figures/cost/currency")), "");
}

void print_scores(dom::element answer) {
    const auto scores = rows(answer, "scores");
    if (scores.empty()) return;
    fmt::print("\n");
    Table table({{"score", false, true},
                 {"calls", true},
                 {"average", true},
                 {"least", true},
                 {"median", true},
                 {"greatest", true}});
    for (const dom::element score : scores)
        table.row({text_at(score, "/name"), sum_at(score, "/calls"), decimal_at(score, "/average"),
                   decimal_at(score, "/least"), decimal_at(score, "/median"),
                   decimal_at(score, "/greatest")});
    table.print();
}

void print_groups(dom::element answer, const QualityFlags& flags) {
    const auto groups = rows(answer, "groups");
    if (groups.empty()) return;
    fmt::print("\n");
    Table table({{flags.by, false, true},
                 {"calls", true},
                 {"succeeded", true},
                 {"partial", true},
                 {"accepted", true},
                 {flags.score, true},
                 Table::Column{"edited by", true}.if_room(3),
                 Table::Column{"prompts whole", true}.if_room(3),
                 Table::Column{"average time", true}.if_room(3),
                 Table::Column::amount("cost").if_room(3)});
    for (const dom::element group : groups) {
        const std::string cost = text_at(group, "/figures/cost/total");
        table.row({group_name(group), sum_at(group, "/figures/calls"), percent_at(group, "/success_rate"),
                   percent_at(group, "/partial_rate"), percent_at(group, "/feedback/acceptance_rate"),
                   decimal_at(group, "/score/average"), decimal_at(group, "/edit_distance/average"),
                   percent_at(group, "/data_quality/rate"), time_at(group, "/figures/average_duration_ms"),
                   cost.empty() ? kUnknown : money(cost, text_at(group, "/figures/cost/currency"))});
    }
    table.print();
    if (text_at(answer, "/truncated") == "true") fmt::print("… and more: --limit\n");
}

/// "input 12, tone 3".
std::string variables(dom::element value, const char* name) {
    std::string text;
    for (const dom::element variable : rows(value, name))
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", text_at(variable, "/variable"),
                            sum_at(variable, "/calls"));
    return text;
}

void print_missing(dom::element answer) {
    fmt::print("prompts with variables, {}\n\n", period_of(answer));
    fmt::print("  {} of the AI calls that tell it had all variables: {} had, {} had not\n",
               percent_at(answer, "/rate"), sum_at(answer, "/complete"), sum_at(answer, "/incomplete"));
    if (number_at(answer, "/incomplete") == 0) return;
    fmt::print("  missing: {}\n\n", printable(variables(answer, "variables")));
    Table prompts({{"prompt", false, true},
                   {"version", false, true},
                   {"whole", true},
                   {"sent without", true},
                   {"without", false, true}});
    for (const dom::element prompt : rows(answer, "prompts")) {
        const std::string type = text_at(prompt, "/type"), name = text_at(prompt, "/name");
        prompts.row({type.empty()   ? (name.empty() ? kUnknown : name)
                     : name.empty() ? type
                                    : type + " " + name,
                     text_at(prompt, "/version"), percent_at(prompt, "/rate"), sum_at(prompt, "/incomplete"),
                     variables(prompt, "missing")});
    }
    prompts.print();
    fmt::print("\nthe last ones\n");
    const WallClock clock(answer);
    Table calls({{clock.head()},
                 {"prompt", false, true},
                 {"without", false, true},
                 Table::Column{"status"}.if_room(),
                 Table::Column::gist("asked").if_room(2),
                 Table::Column::ids()});
    for (const dom::element call : rows(answer, "calls")) {
        std::string without;
        dom::array names;
        if (call.at_pointer("/prompt/missing_variables").get(names) == simdjson::SUCCESS)
            for (const dom::element name : names)
                without += (without.empty() ? "" : ", ") + text_at(name, "");
        calls.row({clock.at(text_at(call, "/started_at")).substr(0, 19), text_at(call, "/prompt/type"),
                   without, text_at(call, "/status"), text_at(call, "/preview/prompt"),
                   text_at(call, "/id")});
    }
    calls.print();
}

Result<int> quality(const Program& program, const QualityFlags& flags) {
    Question question(flags.missing ? "/api/v1/data-quality" : "/api/v1/quality");
    // What a person asks without a period is how good answers are these days.
    PeriodFlags period = flags.period;
    if (!period.given()) period.days = 30;
    question.period(period);
    question.add("groups", std::to_string(flags.limit));
    if (flags.missing) {
        question.add("limit", std::to_string(flags.limit));
    } else {
        question.add("by", flags.by);
        question.add("score", flags.score);
    }
    STENO_TRY(question.filters(flags.filters));
    return show_answer(program, flags.record, question, [&](Api&, dom::element answer) -> Result<void> {
        if (flags.missing) {
            print_missing(answer);
            return {};
        }
        dom::element all;
        if (answer["all"].get(all) != simdjson::SUCCESS)
            return fail(Code::Internal, "the answer has no totals");
        fmt::print("AI calls, {}\n\n", period_of(answer));
        print_totals(all);
        print_scores(answer);
        print_groups(answer, flags);
        return {};
    });
}

}  // namespace

void add_quality(Program& program) {
    CLI::App* command = program.add(
        program.app, "quality", "How well answers are: success, feedback, scores, whole prompts",
        "  steno quality                         # of the last 30 days\n"
        "  steno quality --by prompt.version -f prompt.type=answer_question --period this-month\n"
        "  steno quality --by model.requested --score helpfulness\n"
        "  steno quality --missing --days 7      # prompts that were sent without some of their variables\n"
        "\nColumns:\n"
        "  accepted       of the calls that feedback judges, those accepted as they were\n"
        "  edited by      how many characters of an answer were changed, on average, where that is told\n"
        "  prompts whole  prompts that had all their variables, of those that tell\n"
        "  average time   how long a call took on average\n");
    const auto flags = std::make_shared<QualityFlags>();
    add_record_flags(*command, flags->record);
    add_period_flags(*command, flags->period);
    auto* by = command->add_option(
        "--by", flags->by, "fields to group by, with commas, or none (default prompt.type,prompt.version)");
    auto* score = command->add_option("--score", flags->score, "the score in the tables (default quality)");
    command->add_option("--filter,-f", flags->filters, "FIELD[.OP]=VALUE; may be repeated");
    command->add_option("--limit,-n", flags->limit, "how many rows (default 20)")->check(CLI::Range(1, 1000));
    command->add_flag("--missing", flags->missing, "which variables were missing, in which prompts and calls")
        ->excludes(by)
        ->excludes(score);
    command->callback(
        [flags, &program] { program.run = [flags](Program& p) { return quality(p, *flags); }; });
}

}  // namespace steno::cli
