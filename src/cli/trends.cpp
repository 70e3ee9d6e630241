#include "base/percent.hpp"
#include "base/time.hpp"
#include "cli/answer.hpp"
#include "cli/api_client.hpp"
#include "cli/call_view.hpp"
#include "cli/chart.hpp"
#include "cli/command.hpp"
#include "cli/question.hpp"
#include "cli/terminal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <optional>
#include <vector>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

struct TrendFlags {
    RecordFlags record;
    PeriodFlags period;
    std::string measure, by, bucket, against;
    std::vector<std::string> filters;
    std::uint32_t groups = 10;
};

/// Amounts of one answer, as its unit wants them.
class Amounts {
  public:
    explicit Amounts(dom::element answer)
        : unit_(text_at(answer, "/unit")), currency_(text_at(answer, "/currency")) {}

    [[nodiscard]] Table::Column column(std::string head) const {
        return unit_ == "money" ? Table::Column::amount(std::move(head))
                                : Table::Column{std::move(head), true};
    }
    /// By how much a series has changed: shares in points, all else in percent of what it was.
    [[nodiscard]] std::string change(dom::element series) const {
        if (unit_ == "share") {
            if (!has(series, "/value") || !has(series, "/before")) return kUnknown;
            const double points = (number_at(series, "/value") - number_at(series, "/before")) * 100;
            return std::abs(points) < 0.05 ? "=" : fmt::format("{:+.1f} points", points);
        }
        if (!has(series, "/change")) return kUnknown;
        const double share = number_at(series, "/change");
        return std::abs(share) < 0.0005
                   ? "="
                   : fmt::format("{:+.{}f} %", share * 100, std::abs(share) < 0.1 ? 1 : 0);
    }
    /// Of all amounts in the answer none is in another currency.
    [[nodiscard]] bool one_currency() const { return currency_ != "mixed"; }
    /// The value of a series or a point, exactly.
    [[nodiscard]] std::string value(dom::element of) const {
        return unit_ == "money" ? sum(of, "/value", "/currency", "totals") : plain(of, "/value");
    }
    /// A series' value of the other period.
    [[nodiscard]] std::string before(dom::element of) const {
        return unit_ == "money" ? sum(of, "/before", "/currency_before", "totals_before")
                                : plain(of, "/before");
    }
    [[nodiscard]] std::string text(double number) const {
        if (unit_ == "money")
            return money(fmt::format("{:.{}f}", number, number < 0.01 ? 6 : number < 1 ? 4 : 2), currency_);
        if (unit_ == "share") return percent_text(number);
        if (unit_ == "ms") return milliseconds(number);
        if (unit_ == "count") return grouped(std::llround(number));
        return fmt::format("{:.1f}", number);
    }
    [[nodiscard]] std::optional<double> number(dom::element value, const char* pointer) const {
        if (!has(value, pointer)) return std::nullopt;
        return unit_ == "money" ? std::strtod(text_at(value, pointer).c_str(), nullptr)
                                : number_at(value, pointer);
    }

  private:
    [[nodiscard]] std::string plain(dom::element value, const char* pointer) const {
        return has(value, pointer) ? text(number_at(value, pointer)) : kUnknown;
    }
    /// "$4.20", "$4.20 and 3.1 EUR"; "mixed" where each is not told.
    [[nodiscard]] std::string sum(dom::element of, const char* value, const char* currency,
                                  const char* totals) const {
        const std::string own = one_currency() ? currency_ : text_at(of, currency);
        if (has(of, value) && !own.empty()) return money(text_at(of, value), own);
        if (has(of, value)) return "0";  // nobody called, in any currency
        std::string text;
        dom::object amounts;
        if (of[totals].get(amounts) == simdjson::SUCCESS)
            for (const auto& [each, amount] : amounts)
                text += (text.empty() ? "" : " and ") + money(text_at(amount, ""), each);
        return !text.empty() ? text : own == "mixed" ? "mixed" : kUnknown;
    }

    std::string unit_, currency_;
};

std::vector<dom::element> items(dom::element value, const char* pointer) {
    dom::array array;
    if (value.at_pointer(pointer).get(array) != simdjson::SUCCESS) return {};
    return {array.begin(), array.end()};
}

void print_points(dom::element answer, const Amounts& amounts) {
    const std::vector<dom::element> points = items(answer, "/all/points");
    const std::vector<dom::element> odd = items(answer, "/anomalies/found");
    double most = 0;
    // No picture of what is in several currencies.
    for (const dom::element point : amounts.one_currency() ? points : std::vector<dom::element>())
        most = std::max(most, amounts.number(point, "/value").value_or(0));
    Table table({{text_at(answer, "/bucket")},
                 amounts.column(text_at(answer, "/measure")),
                 Table::Column::bar(30),
                 {"calls", true},
                 {"", false, true}});
    const auto moment = [](const std::string& rfc3339) {
        return Timestamp::parse(rfc3339).value_or(Timestamp()).unix_nanos;
    };
    for (const dom::element point : points) {
        const std::int64_t begin = moment(text_at(point, "/begin")), end = moment(text_at(point, "/end"));
        std::string note;
        for (const dom::element anomaly : odd) {
            const std::int64_t from = moment(text_at(anomaly, "/from"));
            if (from >= begin && from < end)
                note += fmt::format("{}{} {}", note.empty() ? "" : ", ",
                                    text_at(anomaly, "/verdict") == "high" ? "▲ high" : "▼ low",
                                    clock_text(text_at(anomaly, "/from")).substr(11));
        }
        const std::string clock = clock_text(text_at(point, "/begin"));
        const bool hours = text_at(answer, "/bucket") == "hour" || text_at(answer, "/bucket") == "minute";
        const auto number = amounts.number(point, "/value");
        table.row({hours ? clock : clock.substr(0, 10), amounts.value(point),
                   number && most > 0 ? Table::share(*number / most) : "",
                   grouped(static_cast<std::int64_t>(number_at(point, "/calls"))), note},
                  {Colour::Plain, Colour::Plain, Colour::Plain, Colour::Plain, Colour::Yellow});
    }
    table.print();
}

void print_groups(dom::element answer, const Amounts& amounts, const std::string& other) {
    Table table({{"", false, true},
                 amounts.column("now"),
                 amounts.column(other),
                 {"change", true},
                 {"calls", true},
                 Table::Column{"over time"}.if_room()});
    const auto line = [&](const std::string& name, dom::element series) {
        std::vector<std::optional<double>> values;
        const bool drawn = amounts.one_currency() || text_at(series, "/currency") != "mixed";
        for (const dom::element point : items(series, drawn ? "/points" : "/none"))
            values.push_back(amounts.number(point, "/value"));
        table.row({name, amounts.value(series), amounts.before(series), amounts.change(series),
                   grouped(static_cast<std::int64_t>(number_at(series, "/calls"))), sparkline(values, 40)});
    };
    dom::element all;
    if (answer["all"].get(all) == simdjson::SUCCESS) line("all", all);
    for (const dom::element group : items(answer, "/groups")) line(group_name(group), group);
    table.print();
}

void print_anomalies(dom::element answer, const Amounts& amounts) {
    // What is in several currencies is not told by the hour; nothing can be said of it.
    if (!has(answer, "/anomalies") || !amounts.one_currency()) return;
    const std::vector<dom::element> odd = items(answer, "/anomalies/found");
    const double hours = number_at(answer, "/anomalies/hours"),
                 judged = number_at(answer, "/anomalies/judged");
    if (judged == 0) {
        fmt::print("\nwhat is usual is not known yet: that takes two weeks of calls\n");
        return;
    }
    if (odd.empty()) {
        fmt::print("\nno hour stands out{}\n",
                   judged < hours ? fmt::format(" ({:.0f} of {:.0f} could be judged)", judged, hours) : "");
        return;
    }
    fmt::print("\nhours that are not as usual\n");
    Table table({{"from"}, {"to"}, {""}, amounts.column("was"), amounts.column("expected"), {"score", true}});
    for (const dom::element anomaly : odd) {
        const bool high = text_at(anomaly, "/verdict") == "high";
        table.row({clock_text(text_at(anomaly, "/from")), clock_text(text_at(anomaly, "/to")),
                   high ? "high" : "low", amounts.text(number_at(anomaly, "/value")),
                   amounts.text(number_at(anomaly, "/expected")),
                   fmt::format("{:+.1f}", number_at(anomaly, "/score"))},
                  {Colour::Plain, Colour::Plain, Colour::Yellow});
    }
    table.print();
}

Result<void> print_trend(dom::element answer, const TrendFlags& flags) {
    const Amounts amounts(answer);
    // What was chosen need not be earlier.
    const std::string other = flags.against.empty() ? "before" : "against";
    fmt::print("{} of AI calls\n{:<8}{}\n{:<8}{}\n", text_at(answer, "/measure"), "now", period_of(answer),
               other, period_of(answer, "against"));
    warn_of_the_incomparable(answer, other);
    if (!amounts.one_currency())
        fmt::print("costs in several currencies are not added up; of one: -f cost.currency=USD\n");
    fmt::print("\n");
    print_groups(answer, amounts, other);
    if (text_at(answer, "/truncated") == "true") fmt::print("… and more: --groups {}\n", flags.groups * 2);
    fmt::print("\n");
    print_points(answer, amounts);
    print_anomalies(answer, amounts);
    return {};
}

Result<int> trends(const Program& program, const TrendFlags& flags) {
    Question question("/api/v1/trends");
    PeriodFlags period = flags.period;
    // As many lines as one reads: 30 days of minutes are no trend.
    if (!period.given() && flags.bucket == "minute") period.period = "2h";
    if (!period.given() && flags.bucket == "hour") period.days = 2;
    question.period(period);
    question.add("measure", flags.measure);
    question.add("by", flags.by);
    question.add("bucket", flags.bucket);
    question.add("against", flags.against);
    question.add("groups", std::to_string(flags.groups));
    STENO_TRY(question.filters(flags.filters));
    return show_answer(program, flags.record, question,
                       [&flags](Api&, dom::element answer) { return print_trend(answer, flags); });
}

}  // namespace

void add_trends(Program& program) {
    CLI::App* command = program.add(
        program.app, "trends",
        "One measure of AI calls over time, against the period before, with its odd hours",
        "  steno trends                                      # cost by day, the last 30 days\n"
        "  steno trends --measure failure_rate --by model.requested --period last-week\n"
        "  steno trends --measure duration_p95 --bucket hour --days 2 --tz Europe/Berlin\n"
        "  steno trends --measure cost_per_request --by trace.agent --bucket week --period 3mo\n");
    const auto flags = std::make_shared<TrendFlags>();
    add_record_flags(*command, flags->record);
    add_period_flags(*command, flags->period);
    command->add_option("--measure,-m", flags->measure,
                        "cost (default), calls, requests, failures, failure_rate, tokens, input_tokens, "
                        "output_tokens, cost_per_call, cost_per_request, tokens_per_call, tokens_per_second, "
                        "cache_share, duration_p50, duration_p95, ttft_p50, p99(usage.output_tokens), …");
    command->add_option("--by", flags->by, "fields to group by, with commas");
    command->add_option("--bucket", flags->bucket,
                        "minute, hour, day, week or month (default: by the length of the period; without a "
                        "period hours are those of two days, minutes those of two hours)");
    command->add_option("--against", flags->against, "another period to compare with, by name");
    command->add_option("--groups,-n", flags->groups, "how many groups, the greatest first (default 10)")
        ->check(CLI::Range(0, 50));
    command->add_option("--filter,-f", flags->filters, "FIELD[.OP]=VALUE; may be repeated");
    command->callback([flags, &program] { program.run = [flags](Program& p) { return trends(p, *flags); }; });
}

}  // namespace steno::cli
