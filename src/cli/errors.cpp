#include "cli/answer.hpp"
#include "cli/call_view.hpp"
#include "cli/command.hpp"
#include "cli/stats.hpp"

#include <fmt/format.h>

#include <memory>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

struct ErrorsFlags {
    RecordFlags record;
    PeriodFlags period;
    std::string by = "model.requested";
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
    return question;
}

Result<void> print_errors(Api& api, const ErrorsFlags& flags, dom::element answer) {
    STENO_ASSIGN(const dom::array calls, calls_of(answer));
    if (calls.size() == 0) {
        fmt::print("no failures in {}\n", api.where());
        return {};
    }
    if (flags.inputs) {
        for (const dom::element call : calls) {
            print_call(call);
            fmt::print("\n");
        }
        return {};
    }
    StatsQuestion types = table_of(flags, "error.type,provider.name", "calls", "-calls");
    types.filters.emplace_back("status=failure");
    STENO_ASSIGN(const Table by_type, ask_stats(api, types));
    STENO_ASSIGN(const Table by_group,
                 ask_stats(api, table_of(flags, flags.by, "calls,errors,error_rate", "-errors")));
    by_type.print();
    fmt::print("\n");
    by_group.print();
    fmt::print("\nthe last ones\n");
    Table last({{"time"},
                {"error"},
                {"what", false, false},
                {"message", false, true},
                {"prompt", false, true},
                {"id"}});
    for (const dom::element call : calls) {
        const std::string model = text_at(call, "/model/requested");
        last.row({text_at(call, "/started_at").substr(0, 19), text_at(call, "/error/type"),
                  model.empty() ? text_at(call, "/name") : model, text_at(call, "/error/message"),
                  text_at(call, "/preview/prompt"), text_at(call, "/id")});
    }
    last.print();
    return {};
}

Result<int> errors(const Program& program, const ErrorsFlags& flags) {
    Question question("/api/v1/failures");
    question.period(flags.period);
    question.add("limit", std::to_string(flags.limit));
    if (!program.json && !flags.inputs)
        question.add("fields",
                     "kind,name,started_at,model.requested,trace.agent,trace.function,error,preview");
    STENO_TRY(question.filters(flags.filters));
    return show_answer(program, flags.record, question,
                       [&](Api& api, dom::element answer) { return print_errors(api, flags, answer); });
}

}  // namespace

void add_errors(Program& program) {
    CLI::App* command = program.add(
        program.app, "errors", "What fails: by kind of error, by any field, and the last failures",
        "  steno errors --days 7\n"
        "  steno errors --by trace.agent --period yesterday\n"
        "  steno errors --inputs -n 3           # the last failures whole: prompt, variables, error\n"
        "  steno errors --json -n 50            # the same for programs\n");
    const auto flags = std::make_shared<ErrorsFlags>();
    add_record_flags(*command, flags->record);
    add_period_flags(*command, flags->period);
    command->add_option("--by", flags->by, "fields to group by, with commas (default model.requested)");
    command->add_option("--filter,-f", flags->filters, "FIELD[.OP]=VALUE; may be repeated");
    command->add_option("--limit,-n", flags->limit, "how many of the last failures (default 10)")
        ->check(CLI::Range(1, 1000));
    command->add_flag("--inputs", flags->inputs, "only the last failures, with what these calls were given");
    command->callback([flags, &program] { program.run = [flags](Program& p) { return errors(p, *flags); }; });
}

}  // namespace steno::cli
