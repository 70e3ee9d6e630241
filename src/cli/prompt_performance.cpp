#include "cli/prompt_performance.hpp"

#include "base/percent.hpp"
#include "cli/amount.hpp"
#include "cli/answer.hpp"
#include "cli/api_client.hpp"
#include "cli/call_view.hpp"
#include "cli/chart.hpp"
#include "cli/question.hpp"
#include "cli/terminal.hpp"
#include "net/http.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

struct PerformanceFlags {
    RecordFlags record;
    PeriodFlags period;
    std::string name, version, by, score, metrics;
    std::vector<std::string> versions, filters;
    std::optional<double> confidence, effect;
    std::uint32_t limit = 20;
};

std::vector<dom::element> rows(dom::element value, const char* member) {
    dom::array array;
    if (value[member].get(array) != simdjson::SUCCESS) return {};
    return {array.begin(), array.end()};
}

std::string text_in(dom::element text) {
    return std::string(text.get_string().value_unsafe());
}

std::string day_at(dom::element value, const char* pointer) {
    const std::string text = text_at(value, pointer);
    return text.empty() ? kUnknown : text.substr(0, 10);
}

/// "answer, 2026-10-23 00:00 to …".
void print_head(dom::element answer) {
    fmt::print("{}, {}\n", paint(printable(text_at(answer, "/name")), Colour::Bold), period_of(answer));
}

/// "2 (production, latest)".
std::string with_labels(dom::element answer, const std::string& version) {
    std::vector<std::string> here;
    dom::object labels;
    if (answer["labels"].get(labels) == simdjson::SUCCESS)
        for (const auto& [label, at] : labels)
            if (text_at(at, "") == version) here.emplace_back(label);
    return here.empty() ? version : fmt::format("{} ({})", version, fmt::join(here, ", "));
}

std::string number_of(dom::element value, const char* pointer) {
    return has(value, pointer) ? fmt::format("{:.4g}", number_at(value, pointer)) : kUnknown;
}

std::string whole_of(dom::element value, const char* pointer) {
    return has(value, pointer) ? grouped(std::llround(number_at(value, pointer))) : kUnknown;
}

/// Calls with this verdict, of those that have one.
std::string of_judged(dom::element row, const char* verdict) {
    double judged = 0;
    for (const char* one : {"accepted", "modified", "rejected"})
        judged += number_at(row, fmt::format("/feedback/{}", one).c_str());
    if (judged == 0) return kUnknown;
    return percent_text(number_at(row, fmt::format("/feedback/{}", verdict).c_str()) / judged);
}

void print_performance(dom::element answer, const PerformanceFlags& flags) {
    print_head(answer);
    fmt::print("\n");
    const bool by_version = flags.by.empty() && flags.version.empty();
    using Column = Table::Column;
    Table table({{by_version ? "version" : "", false, true},
                 {"calls", true},
                 {"succeeded", true},
                 Column{"accepted", true}.below("of judged calls").if_room(1),
                 Column{"modified", true}.below("of judged calls").if_room(4),
                 Column{"rejected", true}.below("of judged calls").if_room(4),
                 Column{flags.score.empty() ? "quality" : flags.score, true}.if_room(1),
                 Column{"edited by", true}.if_room(6),
                 Column{"50 %", true}.below("time within"),
                 Column{"95 %", true}.below("time within"),
                 Column{"99 %", true}.below("time within").if_room(4),
                 Column{"first token", true}.if_room(5),
                 Column{"in", true}.below("tokens a call").if_room(3),
                 Column{"out", true}.below("tokens a call").if_room(3),
                 Column{"length", true}.if_room(6),
                 Column{"prompts whole", true}.if_room(7),
                 Column::amount("a call").below("cost").if_room(2),
                 Column::amount("all").below("cost"),
                 Column{"first call"}.if_room(8),
                 Column{"last call"}.if_room(8)});
    const auto line = [&](const std::string& name, dom::element row) {
        dom::element cost;
        const std::string all =
            row.at_pointer("/figures/cost").get(cost) == simdjson::SUCCESS ? money_of(cost) : std::string();
        table.row({name,
                   sum_at(row, "/figures/calls"),
                   percent_at(row, "/success_rate"),
                   of_judged(row, "accepted"),
                   of_judged(row, "modified"),
                   of_judged(row, "rejected"),
                   number_of(row, "/score/average"),
                   number_of(row, "/edit_distance/average"),
                   time_at(row, "/duration_ms/p50"),
                   time_at(row, "/duration_ms/p95"),
                   time_at(row, "/duration_p99_ms"),
                   time_at(row, "/first_token_ms/p50"),
                   whole_of(row, "/input_tokens/average"),
                   whole_of(row, "/output_tokens/average"),
                   whole_of(row, "/output_chars/average"),
                   percent_at(row, "/data_quality/rate"),
                   has(row, "/cost_per_call")
                       ? money(text_at(row, "/cost_per_call"), text_at(row, "/figures/cost/currency"))
                       : kUnknown,
                   all.empty() ? kUnknown : all,
                   day_at(row, "/first_call"),
                   day_at(row, "/last_call")});
    };
    for (const dom::element group : rows(answer, "groups"))
        line(by_version ? with_labels(answer, group_name(group)) : group_name(group), group);
    dom::element all;
    if (answer["all"].get(all) == simdjson::SUCCESS) line("all", all);
    table.print();
    if (number_at(answer, "/all/figures/calls") == 0)
        fmt::print("\nno call of this period names the prompt; a longer one: --days 365\n");
    const auto scores = rows(answer.at_pointer("/all").value_unsafe(), "scores");
    if (!scores.empty()) {
        fmt::print("\n");
        Table told({{"score", false, true}, {"calls", true}, {"average", true}, {"median", true}});
        for (const dom::element score : scores)
            told.row({text_at(score, "/name"), sum_at(score, "/calls"), number_of(score, "/average"),
                      number_of(score, "/median")});
        told.print();
    }
    if (text_at(answer, "/truncated") == "true") fmt::print("… and more: --limit\n");
}

Colour colour_of(const std::string& finding) {
    return finding == "better"                         ? Colour::Green
           : finding == "worse"                        ? Colour::Red
           : finding == "leaning"                      ? Colour::Yellow
           : finding == "open" || finding == "unknown" ? Colour::Dim
                                                       : Colour::Plain;
}

/// "about 900 more calls".
std::string more_of(dom::element metric, const char* pointer) {
    if (!has(metric, pointer)) return kUnknown;
    return grouped(static_cast<std::int64_t>(number_at(metric, pointer)));
}

void print_pair(dom::element answer, dom::element pair, const PerformanceFlags& flags) {
    const std::string a = text_at(pair, "/a"), b = text_at(pair, "/b");
    fmt::print(
        "\n{}\n",
        paint(printable(fmt::format("version {} against {}", with_labels(answer, b), with_labels(answer, a))),
              Colour::Bold));
    for (const dom::element warning : rows(pair, "warnings"))
        fmt::print("{}\n", paint(printable(text_in(warning)), Colour::Yellow));
    fmt::print("\n");
    using Column = Table::Column;
    std::vector<Column> columns = {
        {"", false, true},
        {a, true},
        {b, true},
        {"difference", true},
        Column{fmt::format("{:g} % interval", number_at(answer, "/confidence") * 100), true},
        Column{"p", true}.if_room(2),
        {"finding"},
        Column{"more calls", true}.if_room(1),
        Column{"effect", true}.if_room(3)};
    if (flags.effect) columns.push_back({fmt::format("to find {:g} %", *flags.effect), true});
    Table table(columns);
    const auto metrics = rows(pair, "metrics");
    for (const dom::element metric : metrics) {
        const std::string finding = text_at(metric, "/finding");
        if (finding == "unknown") continue;
        const Amount amount(metric);
        const bool share = text_at(metric, "/unit") == "share";
        std::vector<std::string> cells = {
            text_at(metric, "/metric"),
            amount.at(metric, "/a"),
            amount.at(metric, "/b"),
            amount.difference_at(metric, "/difference") + (share ? " points" : ""),
            fmt::format("{} to {}", amount.difference_at(metric, "/interval/0"),
                        amount.difference_at(metric, "/interval/1")),
            number_at(metric, "/adjusted_p_value") < 0.001
                ? "<0.001"
                : fmt::format("{:.3f}", number_at(metric, "/adjusted_p_value")),
            finding,
            finding == "open" || finding == "leaning" ? more_of(metric, "/more_calls") : "",
            has(metric, "/effect_size") ? fmt::format("{:+.2f}", number_at(metric, "/effect_size"))
                                        : kUnknown};
        std::vector<Colour> colours(cells.size(), Colour::Plain);
        colours[6] = colour_of(finding);
        if (flags.effect) cells.push_back(more_of(metric, "/more_values_for_wished"));
        table.row(std::move(cells), std::move(colours));
    }
    if (!table.empty()) {
        table.print();
        fmt::print("\n");
    }
    // What is settled first, then what is not, then what cannot be.
    for (const bool settled : {true, false})
        for (const dom::element metric : metrics) {
            const std::string finding = text_at(metric, "/finding");
            const bool is_settled = finding != "open" && finding != "leaning" && finding != "unknown";
            if (is_settled == settled && finding != "unknown")
                fmt::print("{}\n", printable(text_at(metric, "/sentence")));
        }
    for (const dom::element metric : metrics)
        if (text_at(metric, "/finding") == "unknown")
            fmt::print("{}\n", paint(printable(text_at(metric, "/sentence")), Colour::Dim));
}

void print_comparison(dom::element answer, const PerformanceFlags& flags) {
    print_head(answer);
    fmt::print("\n");
    Table versions({{"version", false, true},
                    {"calls", true},
                    {"first call"},
                    {"last call"},
                    Table::Column{"models", false, true}.if_room()});
    for (const dom::element version : rows(answer, "versions")) {
        std::string models;
        const auto all = rows(version, "models");
        for (std::size_t i = 0; i < std::min<std::size_t>(3, all.size()); ++i)
            models += fmt::format("{}{} {:.0f} %", models.empty() ? "" : ", ",
                                  has(all[i], "/model") ? text_at(all[i], "/model") : kUnknown,
                                  100 * number_at(all[i], "/calls") / number_at(version, "/calls", 1));
        if (all.size() > 3) models += ", …";
        versions.row({with_labels(answer, text_at(version, "/version")), sum_at(version, "/calls"),
                      day_at(version, "/first_call"), day_at(version, "/last_call"), models});
    }
    versions.print();
    for (const dom::element pair : rows(answer, "comparisons")) print_pair(answer, pair, flags);
    if (const auto family = static_cast<std::int64_t>(number_at(answer, "/family")); family > 1)
        fmt::print("\np-values are corrected for {} comparisons at once (Holm)\n", family);
    std::string left;
    for (const dom::element version : rows(answer, "left_out"))
        left += (left.empty() ? "" : ", ") + text_in(version);
    if (!left.empty())
        fmt::print("not compared, with fewer calls: {}; name them: steno prompts compare NAME V1 V2\n",
                   printable(left));
}

/// Of the days that have one, the last or first week's middle.
std::optional<double> middle(const std::vector<std::optional<double>>& values, bool last) {
    std::vector<double> some;
    for (const auto& value : values)
        if (value) some.push_back(*value);
    if (some.empty()) return std::nullopt;
    const std::size_t week = std::min<std::size_t>(7, some.size());
    std::vector<double> part(last ? some.end() - static_cast<std::ptrdiff_t>(week) : some.begin(),
                             last ? some.end() : some.begin() + static_cast<std::ptrdiff_t>(week));
    std::ranges::sort(part);
    return part[(part.size() - 1) / 2];
}

void print_trends(dom::element answer) {
    print_head(answer);
    fmt::print("\n");
    Table table({{"", false, true},
                 {"first week", true},
                 {"last week", true},
                 Table::Column{"by day"}.if_room(),
                 {"changed"}});
    std::vector<std::string> changes;
    for (const dom::element series : rows(answer, "series")) {
        std::vector<std::optional<double>> values;
        for (const dom::element value : rows(series, "values"))
            values.push_back(value.is_null() ? std::nullopt : std::optional(number_at(value, "")));
        const auto first = middle(values, false), last = middle(values, true);
        if (!first) continue;
        const Amount amount(series);
        std::string when;
        for (const dom::element change : rows(series, "changes")) {
            when += (when.empty() ? "" : ", ") + day_at(change, "/at");
            changes.push_back(text_at(change, "/sentence"));
        }
        table.row({text_at(series, "/metric"), amount.text(*first), amount.text(*last), sparkline(values, 60),
                   when},
                  {Colour::Plain, Colour::Plain, Colour::Plain, Colour::Plain, Colour::Yellow});
    }
    if (table.empty()) {
        fmt::print("no call of this period names the prompt; a longer one: --days 365\n");
        return;
    }
    table.print();
    fmt::print("\n");
    Table versions({{"version", false, true}, {"calls", true}, {"first call"}, {"last call"}});
    for (const dom::element version : rows(answer, "versions"))
        versions.row({with_labels(answer, text_at(version, "/version")), sum_at(version, "/calls"),
                      day_at(version, "/first_call"), day_at(version, "/last_call")});
    versions.print();
    fmt::print("\n{}\n", changes.empty() ? "no metric has changed its level" : "what changed its level");
    std::ranges::sort(changes);
    for (const std::string& change : changes) fmt::print("  {}\n", printable(change));
    const auto worse = rows(answer, "degradations");
    if (worse.empty()) return;
    fmt::print("\n{}\n", paint("worse since then, and still", Colour::Red));
    for (const dom::element one : worse) {
        fmt::print("  {} since {}\n", text_at(one, "/metric"), day_at(one, "/at"));
        if (has(one, "/alert"))
            fmt::print("    to be told next time: {}\n", printable(text_at(one, "/alert")));
        else if (has(one, "/why"))
            fmt::print("    no alert: {}\n", printable(text_at(one, "/why")));
    }
}

Question question_of(const PerformanceFlags& flags, std::string_view resource) {
    Question question(fmt::format("/api/v1/prompts/{}/{}", net::percent_encode(flags.name), resource));
    question.period(flags.period);
    question.add("metrics", flags.metrics);
    return question;
}

Result<int> performance(const Program& program, const PerformanceFlags& flags) {
    Question question = question_of(flags, "performance");
    question.add("version", flags.version);
    question.add("by", !flags.by.empty() ? flags.by : flags.version.empty() ? "" : "model.requested");
    question.add("score", flags.score);
    question.add("groups", std::to_string(flags.limit));
    STENO_TRY(question.filters(flags.filters));
    return show_answer(program, flags.record, question, [&flags](Api&, dom::element answer) -> Result<void> {
        print_performance(answer, flags);
        return {};
    });
}

Result<int> compare(const Program& program, const PerformanceFlags& flags) {
    Question question = question_of(flags, "compare");
    question.add("versions", fmt::format("{}", fmt::join(flags.versions, ",")));
    if (flags.confidence) question.add("confidence", fmt::format("{}", *flags.confidence / 100));
    if (flags.effect) question.add("effect", fmt::format("{}", *flags.effect / 100));
    STENO_TRY(question.filters(flags.filters));
    return show_answer(program, flags.record, question, [&flags](Api&, dom::element answer) -> Result<void> {
        print_comparison(answer, flags);
        return {};
    });
}

Result<int> trends(const Program& program, const PerformanceFlags& flags) {
    Question question = question_of(flags, "trends");
    STENO_TRY(question.filters(flags.filters));
    return show_answer(program, flags.record, question, [](Api&, dom::element answer) -> Result<void> {
        print_trends(answer);
        return {};
    });
}

constexpr const char* kMetrics =
    "with commas: success_rate, acceptance_rate, complete_rate, edit_distance, duration_p50, duration_p95, "
    "first_token_p50, cost_per_call, input_tokens, output_tokens, output_chars, score.NAME (default: all)";

}  // namespace

void add_prompt_performance(Program& program, CLI::App& prompts) {
    const auto flags = std::make_shared<PerformanceFlags>();
    const auto command = [&](const char* name, const char* help, const char* examples,
                             Result<int> (*run)(const Program&, const PerformanceFlags&)) {
        CLI::App* sub = program.add(prompts, name, help, examples);
        add_record_flags(*sub, flags->record);
        add_period_flags(*sub, flags->period);
        sub->add_option("name", flags->name, "the prompt, as calls name it; the registry need not have it")
            ->required();
        sub->add_option("--filter,-f", flags->filters, "FIELD[.OP]=VALUE; may be repeated")
            ->allow_extra_args(false);
        sub->callback(
            [run, flags, &program] { program.run = [run, flags](Program& p) { return run(p, *flags); }; });
        return sub;
    };

    CLI::App* sub = command("performance", "How a prompt's calls did, by version (default: the last 30 days)",
                            "  steno prompts performance answer --days 7\n"
                            "  steno prompts performance answer --version 2          # by model\n"
                            "  steno prompts performance answer --by prompt.version,model.requested\n",
                            performance);
    sub->add_option("--version", flags->version, "only this version, or where this label stands, by model");
    sub->add_option("--by", flags->by, "fields to group by, with commas (default prompt.version)");
    sub->add_option("--score", flags->score, "the score in the table (default quality)");
    sub->add_option("--limit,-n", flags->limit, "how many rows (default 20)")->check(CLI::Range(1, 1000));

    sub = command(
        "compare",
        "Versions of a prompt compared: what differs, how sure that is, what more calls would tell",
        "  steno prompts compare answer                    # all versions with the one in production\n"
        "  steno prompts compare answer 1 2 --days 14\n"
        "  steno prompts compare answer production staging --metrics acceptance_rate,cost_per_call\n"
        "  steno prompts compare answer 1 2 -f model.requested=gpt-4o-mini --effect 5\n",
        compare);
    sub->add_option("versions", flags->versions,
                    "versions or labels; the first is what others are compared with");
    sub->add_option("--metrics", flags->metrics, kMetrics);
    sub->add_option("--confidence", flags->confidence, "of intervals, in percent (default 95)")
        ->check(CLI::Range(50.0, 99.9999));
    sub->add_option("--effect", flags->effect,
                    "how many more calls would find a difference of so many percent of what there is")
        ->check(CLI::Range(0.01, 10000.0));

    sub = command("trends", "A prompt day by day, where it changed for good, and whether it became worse",
                  "  steno prompts trends answer --days 90\n"
                  "  steno prompts trends answer --days 30 --metrics duration_p95 -f prompt.version=2\n",
                  trends);
    sub->add_option("--metrics", flags->metrics, kMetrics);
}

}  // namespace steno::cli
