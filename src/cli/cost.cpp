#include "cli/answer.hpp"
#include "cli/call_view.hpp"
#include "cli/chart.hpp"
#include "cli/command.hpp"
#include "cli/terminal.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <memory>

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
};

/// "$4.20 and 3.10 EUR": a sum in each currency, which are not added up.
Result<std::string> sums_by_currency(Api& api, const CostFlags& flags) {
    Question question("/api/v1/aggregate");
    question.period(flags.period);
    question.add("group_by", "cost.currency");
    question.add("measures", "cost");
    question.add("order", "-cost");
    question.add("cost.total.exists", "true");
    question.add("kind.in", ai_kinds());
    STENO_TRY(question.filters(flags.filters));
    STENO_ASSIGN(const std::string body, api.get(question.target()));
    dom::parser parser;
    dom::array groups;
    if (parser.parse(body.data(), body.size())["groups"].get(groups) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer has no groups");
    std::string sums;
    for (const dom::element group : groups)
        sums += (sums.empty() ? "" : " and ") +
                money(text_at(group, "/cost/total"), text_at(group, "/cost/currency"));
    return sums;
}

double amount(dom::element group) {
    return std::strtod(text_at(group, "/cost/total").c_str(), nullptr);
}

/// `all`: what shares are of.
void print_groups(dom::array groups, double all, const CostFlags& flags) {
    Table table({{flags.bucket.empty() ? "" : flags.bucket},
                 {flags.by == "none" ? "" : flags.by, false, true},
                 {"cost", true},
                 {"share", true},
                 {""},
                 {"calls", true},
                 {"unpriced", true},
                 {"input tokens", true},
                 {"output tokens", true}});
    for (const dom::element group : groups) {
        const auto count = [&](const char* pointer) {
            return has(group, pointer) ? grouped(static_cast<std::int64_t>(number_at(group, pointer))) : "–";
        };
        const std::string total = text_at(group, "/cost/total"), currency = text_at(group, "/cost/currency");
        const double share = all > 0 ? amount(group) / all : 0;
        table.row({clock_text(text_at(group, "/bucket")), group_name(group),
                   total.empty() ? (currency.empty() ? "–" : currency) : money(total, currency),
                   total.empty() || all == 0 ? "–" : fmt::format("{:.1f} %", share * 100), bar(share, 20),
                   count("/calls"), count("/cost/unpriced_calls"), count("/input_tokens"),
                   count("/output_tokens")});
    }
    table.print();
}

Result<Question> question_of(const CostFlags& flags, const std::string& by, const std::string& bucket) {
    Question question("/api/v1/aggregate");
    question.period(flags.period);
    question.add("group_by", by == "none" ? "" : by);
    question.add("bucket", bucket);
    question.add("measures", "cost,calls,input_tokens,output_tokens");
    if (bucket.empty()) question.add("order", "-cost");
    question.add("limit", std::to_string(flags.limit));
    // What never costs anything would stand there as unpriced.
    question.add("kind.in", ai_kinds());
    STENO_TRY(question.filters(flags.filters));
    return question;
}

/// A line with the sum of all; the sum.
Result<double> print_total(Api& api, const CostFlags& flags) {
    STENO_ASSIGN(const Question question, question_of(flags, "none", ""));
    STENO_ASSIGN(const std::string body, api.get(question.target()));
    dom::parser parser;
    dom::element total;
    if (parser.parse(body).get(total) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer is no JSON");
    const std::string sum = text_at(total, "/groups/0/cost/total");
    const auto unpriced = static_cast<std::int64_t>(number_at(total, "/groups/0/cost/unpriced_calls"));
    const auto estimated = static_cast<std::int64_t>(number_at(total, "/groups/0/cost/estimated_calls"));
    const std::string currency = text_at(total, "/groups/0/cost/currency");
    std::string told = sum.empty() ? "unknown" : money(sum, currency);
    if (currency == "mixed") {
        STENO_ASSIGN(told, sums_by_currency(api, flags));
    }
    fmt::print("{} for {} AI calls", told,
               grouped(static_cast<std::int64_t>(number_at(total, "/groups/0/calls"))));
    if (unpriced > 0) fmt::print("; {} have no price and are not in it", grouped(unpriced));
    if (estimated > 0) fmt::print("; of {} the tokens are estimated", grouped(estimated));
    fmt::print("\n\n");
    return std::strtod(sum.c_str(), nullptr);
}

Result<int> cost(const Program& program, const CostFlags& flags) {
    STENO_ASSIGN(const Question question, question_of(flags, flags.by, flags.bucket));
    return show_answer(program, flags.record, question, [&](Api& api, dom::element answer) -> Result<void> {
        dom::array groups;
        if (answer["groups"].get(groups) != simdjson::SUCCESS)
            return fail(Code::Internal, "the answer has no groups");
        if (groups.size() == 0) {
            fmt::print("no AI calls that fit in {}\n", api.where());
            return {};
        }
        STENO_ASSIGN(const double all, print_total(api, flags));
        print_groups(groups, all, flags);
        if (text_at(answer, "/truncated") == "true") fmt::print("… and more: --limit {}\n", flags.limit * 4);
        return {};
    });
}

}  // namespace

void add_cost(Program& program) {
    CLI::App* command = program.add(program.app, "cost", "What AI calls cost, and on what it was spent",
                                    "  steno cost --period this-month\n"
                                    "  steno cost --by project,who.user_id --days 30\n"
                                    "  steno cost --bucket day --by none --days 14 --tz Europe/Berlin\n");
    const auto flags = std::make_shared<CostFlags>();
    add_record_flags(*command, flags->record);
    add_period_flags(*command, flags->period);
    command->add_option("--by", flags->by,
                        "fields to group by, with commas, or none (default provider.name,model.requested)");
    command->add_option("--bucket", flags->bucket, "also by hour, day, week or month");
    command->add_option("--filter,-f", flags->filters, "FIELD[.OP]=VALUE; may be repeated");
    command->add_option("--limit,-n", flags->limit, "how many rows (default 30)");
    command->callback([flags, &program] { program.run = [flags](Program& p) { return cost(p, *flags); }; });
}

}  // namespace steno::cli
