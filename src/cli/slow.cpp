#include "cli/answer.hpp"
#include "cli/command.hpp"
#include "cli/question.hpp"
#include "cli/statistics_view.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <memory>

namespace steno::cli {

namespace {

struct SlowFlags {
    RecordFlags record;
    PeriodFlags period;
    std::vector<std::string> filters;
    std::int64_t threshold_ms = 5000;
    std::uint32_t limit = 20;
};

Result<int> slow(const Program& program, const SlowFlags& flags) {
    Question question("/api/v1/slow");
    // What a person asks without a period is what has been slow lately.
    if (flags.period.given()) {
        question.period(flags.period);
    } else {
        question.add("period", "7d");
        question.add("tz", flags.period.tz);
    }
    question.add("threshold_ms", std::to_string(flags.threshold_ms));
    question.add("limit", std::to_string(flags.limit));
    STENO_TRY(question.filters(flags.filters));
    return show_answer(program, flags.record, question,
                       [&](Api& api, simdjson::dom::element answer) -> Result<void> {
                           std::int64_t calls = 0;
                           if (answer["slow"]["calls"].get(calls) != simdjson::SUCCESS)
                               return fail(Code::Internal, "the answer has no slow calls");
                           if (calls == 0) {
                               fmt::print("no call that fits in {} took {} ms or longer, {}{}\n", api.where(),
                                          flags.threshold_ms, period_of(answer),
                                          flags.period.given() ? "" : ": the last 7 days (--days, --period)");
                               return {};
                           }
                           fmt::print("{}\n\n", period_of(answer));
                           print_slow(answer);
                           return {};
                       });
}

}  // namespace

void add_slow(Program& program) {
    CLI::App* command = program.add(
        program.app, "slow", "Calls that took long, and why",
        "  steno slow                                      # of the last 7 days what took 5 s or longer\n"
        "  steno slow --over 2000 --days 7 -f kind=chat\n"
        "  steno slow --period yesterday --tz Europe/Berlin -f trace.agent=assistant --json\n");
    const auto flags = std::make_shared<SlowFlags>();
    add_record_flags(*command, flags->record);
    add_period_flags(*command, flags->period);
    command
        ->add_option("--over", flags->threshold_ms,
                     "milliseconds, from which on a call is slow (default 5000)")
        ->check(CLI::Range(0, 1'000'000'000));
    command->add_option("--filter,-f", flags->filters, "FIELD[.OP]=VALUE; may be repeated");
    command->add_option("--limit,-n", flags->limit, "how many (default 20)")->check(CLI::Range(1, 1000));
    command->callback([flags, &program] { program.run = [flags](Program& p) { return slow(p, *flags); }; });
}

}  // namespace steno::cli
