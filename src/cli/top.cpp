#include "cli/answer.hpp"
#include "cli/call_view.hpp"
#include "cli/command.hpp"

#include <fmt/format.h>

#include <map>
#include <memory>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

struct TopFlags {
    RecordFlags record;
    PeriodFlags period;
    std::string by = "cost";
    std::vector<std::string> filters;
    std::uint32_t limit = 20;
};

const std::map<std::string, std::string>& orders() {
    static const std::map<std::string, std::string> kOrders = {{"cost", "cost.total"},
                                                               {"duration", "time.duration_ms"},
                                                               {"tokens", "usage.total_tokens"},
                                                               {"input-tokens", "usage.input_tokens"},
                                                               {"output-tokens", "usage.output_tokens"}};
    return kOrders;
}

std::string_view words_of(std::string_view by) {
    return by == "cost"           ? "the calls that cost most"
           : by == "duration"     ? "the calls that took longest"
           : by == "tokens"       ? "the calls with the most tokens"
           : by == "input-tokens" ? "the calls with the most input"
                                  : "the calls with the most output";
}

Result<int> top(const Program& program, const TopFlags& flags) {
    const std::string& order = orders().at(flags.by);
    Question question("/api/v1/calls");
    question.period(flags.period);
    question.add("order", "-" + order);
    question.add(order + ".exists", "true");
    question.add("limit", std::to_string(flags.limit));
    if (!program.json) question.add("fields", call_table_fields());
    STENO_TRY(question.filters(flags.filters));
    return show_answer(program, flags.record, question, [&](Api& api, dom::element answer) -> Result<void> {
        STENO_ASSIGN(const dom::array calls, calls_of(answer));
        const WallClock clock(answer);
        Table table = call_table(clock);
        for (const dom::element call : calls) add_call(table, call, clock);
        if (table.empty()) {
            fmt::print("no calls with a {} that fit in {}, {}\n", flags.by, api.where(), period_of(answer));
        } else {
            fmt::print("{}, {}\n\n", words_of(flags.by), period_of(answer));
            table.print();
        }
        return {};
    });
}

}  // namespace

void add_top(Program& program) {
    CLI::App* command =
        program.add(program.app, "top", "The calls that cost most, took longest or were largest",
                    "  steno top --days 7\n"
                    "  steno top --by tokens --days 30\n"
                    "  steno top --by duration --period yesterday -f trace.agent=assistant\n");
    const auto flags = std::make_shared<TopFlags>();
    add_record_flags(*command, flags->record);
    add_period_flags(*command, flags->period);
    command
        ->add_option("--by", flags->by,
                     "cost, duration, tokens (in and out), input-tokens or output-tokens (default cost)")
        ->check(CLI::IsMember(orders()));
    command->add_option("--filter,-f", flags->filters, "FIELD[.OP]=VALUE; may be repeated");
    command->add_option("--limit,-n", flags->limit, "how many (default 20)")->check(CLI::Range(1, 1000));
    command->callback([flags, &program] { program.run = [flags](Program& p) { return top(p, *flags); }; });
}

}  // namespace steno::cli
