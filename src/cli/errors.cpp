#include "base/json_writer.hpp"
#include "cli/answer.hpp"
#include "cli/call_view.hpp"
#include "cli/command.hpp"
#include "cli/stats.hpp"
#include "record/kinds.hpp"
#include "store/query.hpp"

#include <fmt/format.h>

#include <array>
#include <memory>
#include <utility>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

struct ErrorsFlags {
    RecordFlags record;
    PeriodFlags period;
    std::string by = "provider.name,model.requested";
    std::vector<std::string> filters;
    std::uint32_t limit = 10;
    bool inputs = false;
};

StatsQuestion table_of(const ErrorsFlags& flags, std::string by, std::string measures, std::string order) {
    StatsQuestion question;
    question.by = std::move(by);
    question.when = flags.period;
    question.measures = std::move(measures);
    question.order = std::move(order);
    question.filters = flags.filters;
    question.limit = 15;
    return question;
}

/// How many calls of a sort there were, and how many failed.
struct Sort {
    const char* name;   ///< in JSON
    const char* words;  ///< for people
    std::int64_t calls = 0;
    std::int64_t failures = 0;

    [[nodiscard]] double rate() const { return static_cast<double>(failures) / static_cast<double>(calls); }
};

/// Of the calls that fit, by what they are: what fails in a function is not an AI call that failed.
Result<std::array<Sort, 4>> sorts(Api& api, const ErrorsFlags& flags) {
    std::array<Sort, 4> sorts{Sort{"ai_calls", "AI calls"}, Sort{"functions", "runs of functions"},
                              Sort{"agents", "runs of agents"}, Sort{"others", "other calls"}};
    StatsQuestion kinds = table_of(flags, "kind", "calls,errors", "");
    kinds.limit = 100;
    STENO_ASSIGN(const std::string body, stats_answer(api, kinds));
    dom::parser parser;
    dom::array groups;
    if (parser.parse(body)["groups"].get(groups) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer has no groups");
    for (const dom::element group : groups) {
        Kind kind{};
        if (!from_string(text_at(group, "/key/kind"), kind)) continue;
        Sort& sort = sorts[reaches_a_model(kind)    ? 0
                           : kind == Kind::Function ? 1
                           : kind == Kind::Agent    ? 2
                                                    : 3];
        sort.calls += static_cast<std::int64_t>(number_at(group, "/calls"));
        sort.failures += static_cast<std::int64_t>(number_at(group, "/errors"));
    }
    return sorts;
}

StatsQuestion by_type(const ErrorsFlags& flags) {
    StatsQuestion types = table_of(flags, "error.type,provider.name", "calls", "-calls");
    types.filters.emplace_back("status=failure");
    return types;
}

StatsQuestion by_group(const ErrorsFlags& flags) {
    return table_of(flags, flags.by, "calls,errors,error_rate", "-errors");
}

void print(const StatsTable& answer) {
    answer.table.print();
    if (answer.truncated) fmt::print("… and more (--json has all)\n");
}

/// Runs, and how many of them failed.
Result<void> print_runs(Api& api, const ErrorsFlags& flags, const char* kinds, const char* field) {
    StatsQuestion question = table_of(flags, field, "calls,errors,error_rate", "-errors");
    question.kinds = kinds;
    STENO_ASSIGN(const StatsTable answer, ask_stats(api, question));
    fmt::print("\n{}\n", words_of_kinds(kinds));
    print(answer);
    return {};
}

Result<void> print_errors(Api& api, const ErrorsFlags& flags, dom::element answer) {
    STENO_ASSIGN(const dom::array calls, calls_of(answer));
    if (calls.size() == 0) {
        fmt::print("no failures in {}, {}\n", api.where(), period_of(answer));
        return {};
    }
    if (flags.inputs) {
        for (const dom::element call : calls) {
            print_call(call);
            fmt::print("\n");
        }
        return {};
    }
    STENO_ASSIGN(const auto all, sorts(api, flags));
    fmt::print("what failed, {}\n\n", period_of(answer));
    for (const Sort& sort : all) {
        if (sort.calls == 0) continue;
        fmt::print("  {:<18}{:>10} of {:>10}   {:.1f} %\n", sort.words, grouped(sort.failures),
                   grouped(sort.calls), sort.rate() * 100);
    }
    STENO_ASSIGN(const StatsTable types, ask_stats(api, by_type(flags)));
    STENO_ASSIGN(const StatsTable groups, ask_stats(api, by_group(flags)));
    const std::string counted = words_of_kinds(kinds_of(by_type(flags)));
    if (!types.table.empty()) {
        fmt::print("\n{}\n", counted);
        print(types);
        fmt::print("\n");
        print(groups);
    }
    if (counted == "AI calls") {
        if (all[1].failures > 0) STENO_TRY(print_runs(api, flags, "functions", "trace.function"));
        if (all[2].failures > 0) STENO_TRY(print_runs(api, flags, "agents", "trace.agent"));
    }
    fmt::print("\nthe last ones, of all kinds\n");
    const WallClock clock(answer);
    Table last({{clock.head()},
                {"kind"},
                {"error", false, true},
                Table::Column{"what", false, true}.if_room(),
                Table::Column::gist("message"),
                Table::Column::gist("prompt").if_room(2),
                Table::Column::ids()});
    for (const dom::element call : calls) {
        last.row({clock.at(text_at(call, "/started_at")).substr(0, 19), text_at(call, "/kind"),
                  text_at(call, "/error/type"), model_of(call), text_at(call, "/error/message"),
                  text_at(call, "/preview/prompt"), text_at(call, "/id")});
    }
    last.print();
    return {};
}

/// The same for programs: how much failed, by kind of error and by what was asked for, in front of the calls.
Result<std::string> errors_json(Api& api, const ErrorsFlags& flags, const std::string& body) {
    STENO_ASSIGN(const auto all, sorts(api, flags));
    std::string members;
    JsonWriter json(members);
    json.begin_object();
    for (const Sort& sort : all) {
        json.key(sort.name);
        json.begin_object();
        json.member("calls", sort.calls);
        json.member("failures", sort.failures);
        json.key("failure_rate");
        if (sort.calls > 0)
            json.number(sort.rate());
        else
            json.null();
        json.end_object();
    }
    for (const auto& [name, question] : {std::pair("by_type", by_type(flags)), {"groups", by_group(flags)}}) {
        StatsQuestion whole = question;
        whole.limit = store::kMaxGroups;
        STENO_ASSIGN(const std::string table, stats_answer(api, whole));
        dom::parser parser;
        dom::element groups;
        if (parser.parse(table)["groups"].get(groups) != simdjson::SUCCESS)
            return fail(Code::Internal, "the answer has no groups");
        json.member_raw(name, simdjson::minify(groups));
    }
    return with_members(members.substr(1) + ",", body);
}

Result<int> errors(const Program& program, const ErrorsFlags& flags) {
    Question question("/api/v1/failures");
    question.period(flags.period);
    question.add("limit", std::to_string(flags.limit));
    if (!program.json && !flags.inputs)
        question.add("fields",
                     "kind,name,started_at,model.requested,trace.agent,trace.function,error,preview");
    STENO_TRY(question.filters(flags.filters));
    return show_answer(
        program, flags.record, question,
        [&](Api& api, dom::element answer) { return print_errors(api, flags, answer); },
        [&](Api& api, const std::string& body) { return errors_json(api, flags, body); });
}

}  // namespace

void add_errors(Program& program) {
    CLI::App* command = program.add(
        program.app, "errors",
        "What fails: of AI calls by kind of error and by any field, runs of functions and agents beside "
        "them, and "
        "the last failures",
        "  steno errors --days 7\n"
        "  steno errors --by trace.agent --period yesterday\n"
        "  steno errors --inputs -n 3           # the last failures whole: prompt, variables, error\n"
        "  steno errors --json -n 50            # the same for programs\n");
    const auto flags = std::make_shared<ErrorsFlags>();
    add_record_flags(*command, flags->record);
    add_period_flags(*command, flags->period);
    command->add_option("--by", flags->by,
                        "fields to group AI calls by, with commas (default provider.name,model.requested)");
    command->add_option("--filter,-f", flags->filters, "FIELD[.OP]=VALUE; may be repeated");
    command->add_option("--limit,-n", flags->limit, "how many of the last failures (default 10)")
        ->check(CLI::Range(1, 1000));
    command->add_flag("--inputs", flags->inputs, "only the last failures, with what these calls were given");
    command->callback([flags, &program] { program.run = [flags](Program& p) { return errors(p, *flags); }; });
}

}  // namespace steno::cli
