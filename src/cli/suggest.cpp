#include "cli/answer.hpp"
#include "cli/call_view.hpp"
#include "cli/command.hpp"
#include "cli/question.hpp"
#include "cli/suggestion_words.hpp"
#include "cli/terminal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

struct SuggestFlags {
    RecordFlags record;
    PeriodFlags period;
    std::vector<std::string> filters;
    std::string kinds, margin, score;
    std::uint64_t newest = 0;
};

std::vector<dom::element> rows(dom::element value, const char* name) {
    dom::array array;
    if (value[name].get(array) != simdjson::SUCCESS) return {};
    return {array.begin(), array.end()};
}

/// "cheaper_model" as people read it.
std::string kind_of(dom::element one) {
    std::string kind = text_at(one, "/kind");
    std::ranges::replace(kind, '_', ' ');
    return kind;
}

std::string place_of(dom::element one) {
    std::string place;
    for (const char* name : {"/task/prompt", "/task/prompt_type", "/task/agent", "/task/function"})
        if (place = text_at(one, name); !place.empty()) break;
    return place.empty() ? kUnknown : place;
}

void print_one(std::size_t number, dom::element one) {
    fmt::print("\n{}. {}.\n", number, printable(text_at(one, "/sentence")));
    if (has(one, "/saving/currency")) {
        const std::string currency = text_at(one, "/saving/currency");
        fmt::print("   saves {}", money(text_at(one, "/saving/amount"), currency));
        if (has(one, "/saving/per_month"))
            fmt::print(" of what was looked at, {} a month", saving_a_month(one));
        if (const std::string between = saving_between(one); !between.empty()) fmt::print(" ({})", between);
        fmt::print(": {}\n", text_at(one, "/saving/how"));
    }
    for (const dom::element caveat : rows(one, "caveats"))
        fmt::print("   but: {}\n", printable(std::string(caveat.get_string().value())));
    std::string ids;
    for (const dom::element id : rows(one, "calls")) ids += " " + std::string(id.get_string().value());
    if (!ids.empty()) fmt::print("   calls:{}\n", ids);
    fmt::print("   {}\n", paint(printable(text_at(one, "/command")), Colour::Cyan));
}

Result<void> print_suggestions(dom::element answer) {
    fmt::print("AI calls, {}\n", period_of(answer));
    const auto suggestions = rows(answer, "suggestions");
    if (has(answer, "/newest/calls")) {
        const auto calls = static_cast<std::int64_t>(number_at(answer, "/newest/calls"));
        fmt::print("prompts and answers were read of {} {}, since {}\n",
                   text_at(answer, "/newest/all") == "true" ? "all" : "the newest",
                   counted(grouped(calls), "call"), clock_text(text_at(answer, "/newest/from")));
    }
    if (suggestions.empty()) {
        fmt::print("\nnothing to suggest that the record shows. What was looked at:\n");
    } else {
        fmt::print("\n");
        Table table({{"", true},
                     {"a month", true},
                     {"kind"},
                     {"of", false, true},
                     {"model", false, true},
                     {"calls", true},
                     Table::Column{"sure", false}.if_room()});
        for (std::size_t i = 0; i < suggestions.size(); ++i) {
            const std::string model = text_at(suggestions[i], "/model");
            table.row({std::to_string(i + 1), saving_a_month(suggestions[i]), kind_of(suggestions[i]),
                       place_of(suggestions[i]), model.empty() ? kUnknown : model,
                       sum_at(suggestions[i], "/affected_calls"), text_at(suggestions[i], "/confidence")});
        }
        table.print();
        fmt::print("savings are not to be added up: several can be of the same calls\n");
        for (std::size_t i = 0; i < suggestions.size(); ++i) print_one(i + 1, suggestions[i]);
        fmt::print("\nwhat was looked at:\n");
    }
    for (const dom::element looked : rows(answer, "looked_at"))
        fmt::print("  {}: {}{}\n", kind_of(looked), text_at(looked, "/words"),
                   text_at(looked, "/truncated") == "true" ? "; there is more: name a filter" : "");
    return {};
}

Result<int> suggest(const Program& program, const SuggestFlags& flags) {
    Question question("/api/v1/suggestions");
    PeriodFlags period = flags.period;
    if (!period.given()) period.days = 30;
    question.period(period);
    question.add("kinds", flags.kinds);
    question.add("margin", flags.margin);
    question.add("score", flags.score);
    if (flags.newest > 0) question.add("newest", std::to_string(flags.newest));
    STENO_TRY(question.filters(flags.filters));
    return show_answer(program, flags.record, question,
                       [&](Api&, dom::element answer) { return print_suggestions(answer); });
}

}  // namespace

void add_suggest(Program& program) {
    CLI::App* command = program.add(
        program.app, "suggest", "What to change to spend less or get better answers, each with its evidence",
        "  steno suggest                                   # from the last 30 days\n"
        "  steno suggest --kind cheaper_model,repeated_request -f environment=prod\n"
        "  steno suggest --margin 0.03 --score helpfulness # what is called as good\n"
        "  steno suggest --days 7 --newest 20000 --json\n"
        "\nKinds: cheaper_model, uncached_prefix, repeated_request, paid_failure, cut_answer, high_limit,\n"
        "temperature, missing_variables\n");
    const auto flags = std::make_shared<SuggestFlags>();
    add_record_flags(*command, flags->record);
    add_period_flags(*command, flags->period);
    command->add_option("--kind", flags->kinds, "only these kinds, with commas");
    command->add_option("--filter,-f", flags->filters, "FIELD[.OP]=VALUE; may be repeated");
    command->add_option(
        "--margin", flags->margin,
        "what may be lost by what is called as good: of shares in points, of scores as a part "
        "of the average (default 0.05)");
    command->add_option("--score", flags->score,
                        "the score that says how good answers are (default quality)");
    command->add_option("--newest", flags->newest,
                        "of how many calls prompts and answers are read, the newest (default 10000, at most "
                        "20000)");
    command->callback(
        [flags, &program] { program.run = [flags](Program& p) { return suggest(p, *flags); }; });
}

}  // namespace steno::cli
