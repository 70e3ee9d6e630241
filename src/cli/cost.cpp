#include "base/percent.hpp"
#include "cli/answer.hpp"
#include "cli/call_view.hpp"
#include "cli/command.hpp"
#include "cli/every_bucket.hpp"
#include "cli/price_origins.hpp"
#include "cli/terminal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <vector>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

struct CostFlags {
    RecordFlags record;
    PeriodFlags period;
    std::string by = "provider.name,model.requested";
    std::string bucket;
    std::vector<std::string> filters;
    std::uint32_t limit = 30;
    bool limited = false;  ///< --limit was given
    bool forecast = false;
};

double amount(dom::element group) {
    return std::strtod(text_at(group, "/cost/total").c_str(), nullptr);
}

/// `all`: what shares are of.
void print_groups(dom::element answer, dom::array groups, double all, const CostFlags& flags) {
    Table table({{flags.bucket.empty() ? "" : flags.bucket},
                 {flags.by == "none" ? "" : flags.by, false, true},
                 Table::Column::amount("cost"),
                 {"share", true},
                 Table::Column::bar(20),
                 {"calls", true},
                 Table::Column{"unpriced", true}.if_room(3),
                 Table::Column{"input tokens", true}.if_room(3),
                 Table::Column{"output tokens", true}.if_room(3)});
    const bool none = flags.by == "none" || flags.by.empty();
    const bool every = none && !flags.bucket.empty() && text_at(answer, "/truncated") != "true";
    const std::vector<dom::element> found(groups.begin(), groups.end());
    for (const BucketRow& row : every_bucket(answer, found, "/bucket", flags.bucket, every)) {
        if (row.row == nullptr) {
            table.row({row.text(flags.bucket), "", kUnknown, kUnknown, "", "0", "0", kUnknown, kUnknown});
            continue;
        }
        const dom::element group = *row.row;
        const auto count = [&](const char* pointer) {
            return has(group, pointer) ? grouped(static_cast<std::int64_t>(number_at(group, pointer))) : "–";
        };
        const std::string sum = money_of(group["cost"]);
        const bool shared = all > 0 && has(group, "/cost/total");
        const double share = shared ? amount(group) / all : 0;
        table.row({row.text(flags.bucket), group_name(group), sum.empty() ? kUnknown : sum,
                   shared ? percent_text(share) : kUnknown, Table::share(share), count("/calls"),
                   count("/cost/unpriced_calls"), count("/input_tokens"), count("/output_tokens")});
    }
    table.print();
}

Result<Question> question_of(const CostFlags& flags, const std::string& by, const std::string& bucket,
                             std::uint32_t limit, const char* order = "-cost") {
    Question question("/api/v1/aggregate");
    question.period(flags.period);
    question.add("group_by", by == "none" ? "" : by);
    question.add("bucket", bucket);
    question.add("measures", "cost,calls,input_tokens,output_tokens");
    if (bucket.empty()) question.add("order", order);
    question.add("limit", std::to_string(limit));
    // What never costs anything would stand there as unpriced.
    question.add("kind.in", ai_kinds());
    STENO_TRY(question.filters(flags.filters));
    return question;
}

/// The answer about all AI calls that fit, as one group.
Result<dom::element> ask_total(Api& api, const CostFlags& flags, dom::parser& parser) {
    STENO_ASSIGN(const Question question, question_of(flags, "none", "", 1));
    STENO_ASSIGN(const std::string body, api.get(question.target()));
    dom::element answer, group;
    if (parser.parse(body).get(answer) != simdjson::SUCCESS ||
        answer.at_pointer("/groups/0").get(group) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer has no total");
    return answer;
}

bool several_currencies(dom::element total) {
    return text_at(total, "/groups/0/cost/currency") == "mixed";
}

/// A line with the sum of all, and of which time; the sum.
Result<double> print_total(Api& api, const CostFlags& flags, dom::element total) {
    const std::string sum = text_at(total, "/groups/0/cost/total");
    const auto unpriced = static_cast<std::int64_t>(number_at(total, "/groups/0/cost/unpriced_calls"));
    const auto estimated = static_cast<std::int64_t>(number_at(total, "/groups/0/cost/estimated_calls"));
    std::string told = "unknown";
    if (has(total, "/groups/0/cost/currency")) told = money_of(total.at_pointer("/groups/0/cost"));
    fmt::print("{} for {}, {}", told,
               counted(grouped(static_cast<std::int64_t>(number_at(total, "/groups/0/calls"))), "AI call"),
               period_of(total));
    if (unpriced > 0)
        fmt::print("\n{} of them have no price, or none for a thing that was used, and are not in it",
                   grouped(unpriced));
    if (estimated > 0) fmt::print("\nof {} of them the tokens are estimated", grouped(estimated));
    fmt::print("\n");
    STENO_ASSIGN(const std::string prices, price_origins(api, flags.period, flags.filters));
    print_price_origins(prices);
    fmt::print("\n");
    return std::strtod(sum.c_str(), nullptr);
}

/// A line for the month, and a bar a day: spent, and expected.
Result<void> print_forecast(dom::element answer) {
    dom::array days;
    if (answer["days"].get(days) != simdjson::SUCCESS) return fail(Code::Internal, "the answer has no days");
    const std::string currency = text_at(answer, "/spent/currency");
    const auto rounded = [&](const std::string& decimal) {
        const double value = std::strtod(decimal.c_str(), nullptr);
        return money(value < 0.01 ? fmt::format("{:.4f}", value) : fmt::format("{:.2f}", value), currency);
    };
    const std::string spent = text_at(answer, "/spent/total");
    fmt::print(
        "{} until {}: {} spent\n", text_at(answer, "/from").substr(0, 7), clock_text(text_at(answer, "/at")),
        spent.empty() ? (currency.empty() ? "nothing known" : printable(currency)) : money(spent, currency));
    if (!has(answer, "/forecast/total")) {
        fmt::print("no forecast: {}\n", text_at(answer, "/reason"));
        return {};
    }
    fmt::print(
        "the whole month: about {}, with {:.0f} % probability {} to {}\n"
        "({} such forecasts in the past, of {} days each, were off by {:.0f} % in the middle)\n\n",
        rounded(text_at(answer, "/forecast/total")), number_at(answer, "/forecast/coverage") * 100,
        rounded(text_at(answer, "/forecast/low")), rounded(text_at(answer, "/forecast/high")),
        number_at(answer, "/forecast/tried"), number_at(answer, "/forecast/days_ahead"),
        number_at(answer, "/forecast/off") * 100);
    double most = 0;
    for (const dom::element day : days)
        most =
            std::max(most, std::strtod(text_at(day, "/cost").c_str(), nullptr) + number_at(day, "/expected"));
    Table table(
        {{"day"}, Table::Column::amount("cost"), Table::Column::amount("to come"), Table::Column::bar(30)});
    for (const dom::element day : days) {
        const std::string known = text_at(day, "/cost");
        // Of today both: what is spent, and the rest.
        const double cost = std::strtod(known.c_str(), nullptr), expected = number_at(day, "/expected");
        table.row({text_at(day, "/begin").substr(0, 10), known.empty() ? "" : rounded(known),
                   has(day, "/expected") ? rounded(fmt::format("{:.6f}", expected)) : "",
                   Table::share(most > 0 ? (cost + expected) / most : 0)},
                  {Colour::Plain, Colour::Plain, Colour::Dim, known.empty() ? Colour::Dim : Colour::Plain});
    }
    table.print();
    return {};
}

Result<int> forecast(const Program& program, const CostFlags& flags) {
    if (flags.period.given())
        return fail(Code::InvalidArgument, "a forecast is of this month", "--forecast without a period");
    Question question("/api/v1/forecast");
    question.add("tz", flags.period.tz);
    STENO_TRY(question.filters(flags.filters));
    return show_answer(program, flags.record, question,
                       [](Api&, dom::element answer) { return print_forecast(answer); });
}

Result<int> cost(const Program& program, const CostFlags& flags) {
    if (flags.forecast) return forecast(program, flags);
    // A person sees the first rows; a program gets all of them, unless it says how many.
    const std::uint32_t limit = program.json && !flags.limited ? store::kMaxGroups : flags.limit;
    dom::parser parser;
    dom::element total;
    const auto ask = [&](Api& api) -> Result<Question> {
        STENO_ASSIGN(total, ask_total(api, flags, parser));
        return question_of(flags, flags.by, flags.bucket, limit,
                           several_currencies(total) ? "-calls" : "-cost");
    };
    const auto show = [&](Api& api, dom::element answer) -> Result<void> {
        dom::array groups;
        if (answer["groups"].get(groups) != simdjson::SUCCESS)
            return fail(Code::Internal, "the answer has no groups");
        if (groups.size() == 0) {
            fmt::print("no AI calls that fit in {}, {}\n", api.where(), period_of(answer));
            return {};
        }
        STENO_ASSIGN(const double all, print_total(api, flags, total));
        print_groups(answer, groups, all, flags);
        if (text_at(answer, "/truncated") == "true") fmt::print("… and more: --limit {}\n", flags.limit * 4);
        if (several_currencies(total) && flags.bucket.empty() && groups.size() > 1)
            fmt::print("{}\n", kNotRanked);
        print_overlap(flags.by);
        return {};
    };
    const auto with_total = [&](Api&, const std::string& body) -> Result<std::string> {
        dom::element group;
        if (total.at_pointer("/groups/0").get(group) != simdjson::SUCCESS) return body;
        std::string members = "\"total\":{";
        for (const char* name : {"cost", "calls", "input_tokens", "output_tokens"}) {
            dom::element value;
            if (group[name].get(value) == simdjson::SUCCESS)
                members += fmt::format("{}\"{}\":{}", members.ends_with('{') ? "" : ",", name,
                                       simdjson::minify(value));
        }
        return with_members(members + "},", body);
    };
    return show_answer(program, flags.record, ask, show, with_total);
}

}  // namespace

void add_cost(Program& program) {
    CLI::App* command = program.add(program.app, "cost", "What AI calls cost, and on what it was spent",
                                    "  steno cost --period this-month\n"
                                    "  steno cost --by project,who.user_id --days 30\n"
                                    "  steno cost --bucket day --by none --days 14 --tz Europe/Berlin\n"
                                    "  steno cost --forecast -f project=web-shop\n");
    const auto flags = std::make_shared<CostFlags>();
    add_record_flags(*command, flags->record);
    add_period_flags(*command, flags->period);
    command->add_option("--by", flags->by,
                        "fields to group by, with commas, or none (default provider.name,model.requested)");
    command->add_option("--bucket", flags->bucket, "also by minute, hour, day, week or month");
    command->add_option("--filter,-f", flags->filters, "FIELD[.OP]=VALUE; may be repeated");
    const CLI::Option* limit =
        command->add_option("--limit,-n", flags->limit, "how many rows (default 30; with --json all)");
    command->add_flag("--forecast", flags->forecast,
                      "what this month will have cost at its end, with an interval, and day by day");
    command->callback([flags, limit, &program] {
        flags->limited = limit->count() > 0;
        program.run = [flags](Program& p) { return cost(p, *flags); };
    });
}

}  // namespace steno::cli
