#include "cli/answer.hpp"
#include "cli/call_view.hpp"
#include "cli/command.hpp"
#include "cli/price_origins.hpp"
#include "cli/terminal.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <memory>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

struct CompareFlags {
    RecordFlags record;
    PeriodFlags period;
    std::string against, by = "provider.name,model.requested";
    std::vector<std::string> filters;
    std::uint32_t limit = 20;
};

/// "+12 %", "new", "gone"; more is not always worse, so it has no colour.
std::string change(double now, double before) {
    if (now == before) return "=";
    if (before == 0) return "new";
    if (now == 0) return "gone";
    const double percent = (now / before - 1) * 100;
    return std::abs(percent) >= 1000 ? fmt::format("×{:.0f}", now / before)
                                     : fmt::format("{:+.0f} %", percent);
}

/// Of costs: nothing where one of them is not known, or in another currency.
std::string cost_change(dom::element value) {
    const auto total = [&](const char* pointer) {
        return std::strtod(text_at(value, pointer).c_str(), nullptr);
    };
    const bool any_before = number_at(value, "/before/calls") > 0,
               any_now = number_at(value, "/now/calls") > 0;
    const bool known =
        (has(value, "/before/cost/total") || !any_before) && (has(value, "/now/cost/total") || !any_now);
    const bool same = text_at(value, "/before/cost/currency") == text_at(value, "/now/cost/currency");
    if (!known || (any_before && any_now && !same)) return kUnknown;
    return change(total("/now/cost/total"), total("/before/cost/total"));
}

std::string cost_cell(dom::element value, const char* side) {
    dom::element sum;
    if (value[side]["cost"].get(sum) != simdjson::SUCCESS) return kUnknown;
    const std::string text = money_of(sum);
    return text.empty() ? kUnknown : text;
}

void add_row(Table& table, const std::string& name, dom::element value) {
    const auto count = [&](const char* pointer) {
        return grouped(static_cast<std::int64_t>(number_at(value, pointer)));
    };
    table.row({name, count("/before/calls"), count("/now/calls"),
               change(number_at(value, "/now/calls"), number_at(value, "/before/calls")),
               cost_cell(value, "before"), cost_cell(value, "now"), cost_change(value),
               percent_at(value, "/before/failure_rate"), percent_at(value, "/now/failure_rate"),
               time_at(value, "/before/p95_duration_ms"), time_at(value, "/now/p95_duration_ms")});
}

/// Which prices made the costs of one of the two periods; "" where no call has one.
Result<std::string> prices_of(Api& api, const CompareFlags& flags, dom::element comparison,
                              std::string_view period) {
    PeriodFlags when;
    when.from = text_at(comparison, fmt::format("/{}/from", period).c_str());
    when.to = text_at(comparison, fmt::format("/{}/to", period).c_str());
    return price_origins(api, when, flags.filters);
}

Result<void> print_comparison(Api& api, const CompareFlags& flags, dom::element comparison) {
    // What was chosen need not be earlier.
    const std::string other = flags.against.empty() ? "before" : "against";
    fmt::print("AI calls\n{:<8}{}\n{:<8}{}\n", "now", period_of(comparison), other,
               period_of(comparison, "against"));
    warn_of_the_incomparable(comparison, other);
    if (text_at(comparison, "/now/cost/currency") == "mixed" ||
        text_at(comparison, "/before/cost/currency") == "mixed")
        fmt::print("costs are in several currencies, which are not added up or compared\n");
    STENO_ASSIGN(const std::string prices, prices_of(api, flags, comparison, "period"));
    STENO_ASSIGN(const std::string other_prices, prices_of(api, flags, comparison, "against"));
    print_price_origins(prices, {}, "prices now");
    print_price_origins(other_prices, {}, "prices " + other);
    fmt::print("\n");
    using Column = Table::Column;
    Table table({{"", false, true},
                 Column{other, true}.below("number"),
                 Column{"now", true}.below("number"),
                 Column{"change", true}.below("number").if_room(2),
                 Column::amount(other).below("cost").if_room(),
                 Column::amount("now").below("cost"),
                 Column{"change", true}.below("cost"),
                 Column{other, true}.below("failed").if_room(2),
                 Column{"now", true}.below("failed").if_room(2),
                 Column{other, true}.below("95 % within").if_room(2),
                 Column{"now", true}.below("95 % within").if_room(2)});
    add_row(table, "all", comparison);
    dom::array groups;
    if (comparison["groups"].get(groups) == simdjson::SUCCESS) {
        for (const dom::element group : groups) {
            add_row(table, group_name(group), group);
        }
    }
    table.print();
    if (text_at(comparison, "/truncated") == "true") fmt::print("… and more that changed less: --limit\n");
    return {};
}

Result<int> compare(const Program& program, const CompareFlags& flags) {
    Question question("/api/v1/compare");
    question.period(flags.period);
    question.add("against", flags.against);
    question.add("by", flags.by);
    question.add("limit", std::to_string(flags.limit));
    STENO_TRY(question.filters(flags.filters));
    return show_answer(program, flags.record, question, [&](Api& api, dom::element comparison) {
        return print_comparison(api, flags, comparison);
    });
}

}  // namespace

void add_compare(Program& program) {
    CLI::App* command = program.add(
        program.app, "compare", "AI calls of one period against those of the one before, of the same shape",
        "  steno compare                                    # this week until now, last week until the same "
        "moment\n"
        "  steno compare --period this-month --by trace.agent --tz Europe/Berlin\n"
        "  steno compare --period 2026-11 --against 2026-08 --by project\n");
    const auto flags = std::make_shared<CompareFlags>();
    add_record_flags(*command, flags->record);
    add_period_flags(*command, flags->period);
    command->add_option("--against", flags->against,
                        "another period to compare with, by name; it may be a later one");
    command->add_option("--by", flags->by,
                        "fields to group by, with commas, or none (default provider.name,model.requested)");
    command->add_option("--filter,-f", flags->filters, "FIELD[.OP]=VALUE; may be repeated");
    command->add_option("--limit,-n", flags->limit,
                        "how many groups, those that changed most first (default 20)");
    command->callback(
        [flags, &program] { program.run = [flags](Program& p) { return compare(p, *flags); }; });
}

}  // namespace steno::cli
