#include "cli/stats.hpp"

#include "base/percent.hpp"
#include "base/text.hpp"
#include "cli/answer.hpp"
#include "cli/api_client.hpp"
#include "cli/call_view.hpp"
#include "cli/command.hpp"
#include "cli/completeness.hpp"
#include "cli/every_bucket.hpp"
#include "cli/price_origins.hpp"
#include "cli/statistics_view.hpp"
#include "cli/stats_rows.hpp"
#include "cli/storage.hpp"
#include "cli/table_export.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <memory>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

struct StatsFlags {
    RecordFlags record;
    StatsQuestion question;
    TargetFlags target;
    bool storage = false;
    bool limited = false;           ///< --limit was given
    bool table = false;             ///< what to group by or measure was said
    std::int64_t slow_ms = -1;      ///< negative: as the configuration says
    std::int64_t high_tokens = -1;  ///< likewise
};

std::string cell_text(std::string_view measure, dom::element cell) {
    if (cell.is_null()) return kUnknown;
    if (cell.is_object()) {
        const std::string text = cost_sum(cell);
        return text.empty() ? kUnknown : text;
    }
    double number = 0;
    if (cell.get(number) != simdjson::SUCCESS) return text_at(cell, "");
    if (measure == "error_rate") return percent_text(number);
    if (measure.starts_with("duration") || measure.starts_with("ttft") || measure.starts_with("queued"))
        return milliseconds(number);
    if (std::int64_t whole = 0; cell.get(whole) == simdjson::SUCCESS) return grouped(whole);
    return fmt::format("{:g}", number);
}

/// Of the calls that are asked for. The caller adds how many groups, of what and in which order.
Result<Question> question_of(const StatsQuestion& flags, std::string_view by, std::string_view measures) {
    Question question("/api/v1/aggregate");
    question.add("group_by", by == "none" ? "" : by);
    question.period(flags.when);
    question.add("measures", measures);
    question.kinds(kinds_of(flags));
    STENO_TRY(question.filters(flags.filters));
    return question;
}

Result<bool> several_currencies(Api& api, const StatsQuestion& flags) {
    STENO_ASSIGN(const Question question, question_of(flags, "none", "cost"));
    STENO_ASSIGN(const std::string body, api.get(question.target()));
    dom::parser parser;
    dom::element answer;
    return parser.parse(body).get(answer) == simdjson::SUCCESS &&
           text_at(answer, "/groups/0/cost/currency") == "mixed";
}

bool measured(const StatsQuestion& flags, std::string_view name) {
    const auto measures = split(flags.measures, ',');
    return std::ranges::find(measures, name) != measures.end();
}

/// Nobody has said what rows are in the order of: if they can be, the dearest are first.
bool dearest_first(const StatsQuestion& flags) {
    return flags.order.empty() && flags.bucket.empty() && measured(flags, "cost");
}

/// Unless it is said: the dearest first, or, where calls were paid in several currencies and none is dearer
/// than another, those with the most calls; where cost is not asked for, the most of whatever is. Empty: rows
/// are in the order of time and of their keys.
Result<std::string> order_of(Api& api, const StatsQuestion& flags) {
    if (dearest_first(flags)) {
        STENO_ASSIGN(const bool several, several_currencies(api, flags));
        return std::string(!several ? "-cost" : measured(flags, "calls") ? "-calls" : "");
    }
    if (!flags.order.empty() || !flags.bucket.empty() || flags.measures.empty()) return flags.order;
    return "-" + std::string(split(flags.measures, ',').front());
}

Result<Table> table_of(const StatsQuestion& flags, std::string_view body, bool& truncated) {
    dom::parser parser;
    dom::array groups;
    dom::element whole;
    if (parser.parse(body.data(), body.size()).get(whole) != simdjson::SUCCESS ||
        whole["groups"].get(groups) != simdjson::SUCCESS) {
        return fail(Code::Internal, "the answer has no groups");
    }
    const std::string by = flags.by == "none" ? "" : flags.by;
    const auto keys = split(by, ',');
    const auto measures = split(flags.measures, ',');
    std::vector<Table::Column> columns;
    if (!flags.bucket.empty()) columns.push_back({flags.bucket});
    for (const std::string_view key : keys) columns.push_back({std::string(key), false, true});
    for (std::size_t i = 0; i < measures.size(); ++i) {
        const std::string name(measures[i]);
        const bool is_money = name == "cost" || name.contains("cost.total");
        Table::Column column = is_money ? Table::Column::amount(name) : Table::Column{name, true};
        // Without room the first and what it costs stay; of the rest the last go first.
        if (i > 0 && !is_money) column.spare = static_cast<int>(i);
        columns.push_back(std::move(column));
    }
    Table table(std::move(columns));
    truncated = text_at(whole, "/truncated") == "true";
    const std::vector<dom::element> found(groups.begin(), groups.end());
    // Where there is a line a bucket, one without calls has one, too.
    const bool every = !flags.bucket.empty() && keys.empty() && flags.order.empty() && !truncated;
    for (const BucketRow& row : every_bucket(whole, found, "/bucket", flags.bucket, every)) {
        std::vector<std::string> cells;
        if (!flags.bucket.empty()) cells.push_back(row.text(flags.bucket));
        if (row.row == nullptr) {
            for (const std::string_view measure : measures)
                cells.emplace_back(measure == "calls" || measure == "errors" ? "0" : kUnknown);
            table.row(std::move(cells));
            continue;
        }
        const dom::element group = *row.row;
        for (const std::string_view key : keys) {
            dom::element value;
            std::string_view text;
            if (group["key"][key].get(value) != simdjson::SUCCESS || value.is_null()) {
                cells.emplace_back(kUnknown);
            } else {
                cells.push_back(value.get(text) == simdjson::SUCCESS ? std::string(text)
                                                                     : simdjson::minify(value));
            }
        }
        for (const std::string_view measure : measures) {
            dom::element value;
            cells.push_back(group[measure].get(value) == simdjson::SUCCESS ? cell_text(measure, value) : "");
        }
        table.row(std::move(cells));
    }
    return table;
}

/// A page about a period: no table of the user's own.
Result<int> show_statistics(const Program& program, const StatsFlags& flags, Api& api,
                            Completeness& completeness) {
    Question question("/api/v1/statistics");
    question.period(flags.question.when);
    question.add("bucket", flags.question.bucket);
    if (flags.slow_ms >= 0) question.add("slow_ms", std::to_string(flags.slow_ms));
    if (flags.high_tokens >= 0) question.add("high_tokens", std::to_string(flags.high_tokens));
    // A person sees the first rows of each table; a program gets all of them.
    if (!program.json) question.add("groups", std::to_string(flags.question.limit));
    STENO_TRY(question.filters(flags.question.filters));
    STENO_ASSIGN(const std::string body, api.get(question.target()));
    if (program.json) {
        fmt::print("{}\n", body);
        return completeness.exit_code();
    }
    dom::parser parser;
    dom::element statistics;
    if (parser.parse(body.data(), body.size()).get(statistics) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer is no JSON");
    STENO_ASSIGN(const std::string prices, price_origins(api, flags.question.when, flags.question.filters));
    print_statistics(statistics, flags.question.bucket, prices);
    return completeness.exit_code();
}

/// The whole table into a file, unless --limit says how much of it.
Result<void> export_stats(Api& api, const StatsFlags& flags) {
    STENO_ASSIGN(const exports::Format* format, format_of(flags.target, "csv"));
    StatsQuestion question = flags.question;
    if (!flags.limited) question.limit = store::kMaxGroups;
    STENO_ASSIGN(std::string body, stats_answer(api, question));
    const std::string by = question.by == "none" ? "" : question.by;
    STENO_ASSIGN(const StatsRows table, stats_rows(std::move(body), question.bucket, by, question.measures));
    if (table.truncated && !flags.limited)
        return fail(Code::ResourceExhausted,
                    fmt::format("there are more than {} groups", grouped(store::kMaxGroups)),
                    "a shorter time or fewer fields to group by; or the first of them: --limit N");
    return export_table(*table.rows, *format, flags.target, "groups", table.count);
}

Result<int> stats(const Program& program, const StatsFlags& flags) {
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    if (flags.storage) return show_storage(program, *api);
    STENO_ASSIGN(Completeness completeness, Completeness::begin(*api));
    if (flags.target.wanted()) {
        STENO_TRY(export_stats(*api, flags));
        return completeness.exit_code();
    }
    if (flags.question.when.given() && !flags.table)
        return show_statistics(program, flags, *api, completeness);
    StatsQuestion question = flags.question;
    if (program.json && !flags.limited) question.limit = store::kMaxGroups;
    STENO_ASSIGN(question.order, order_of(*api, question));
    STENO_ASSIGN(const std::string body, stats_answer(*api, question));
    if (program.json) {
        fmt::print("{}\n", body);
        return completeness.exit_code();
    }
    bool truncated = false;
    STENO_ASSIGN(const Table table, table_of(flags.question, body, truncated));
    dom::parser parser;
    dom::element answer;
    if (parser.parse(body).get(answer) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer is no JSON");
    const std::string counted = words_of_kinds(kinds_of(flags.question));
    if (table.empty()) {
        fmt::print("no {} that fit in {}, {}\n", counted, api->where(), period_of(answer));
        return completeness.exit_code();
    }
    fmt::print("{}, {}\n\n", counted, period_of(answer));
    table.print();
    if (truncated) fmt::print("… and more: --limit {}\n", flags.question.limit * 4);
    if (dearest_first(flags.question) && question.order != "-cost" && table.size() > 1)
        fmt::print("{}\n", kNotRanked);
    print_overlap(flags.question.by);
    return completeness.exit_code();
}

}  // namespace

std::string kinds_of(const StatsQuestion& question) {
    if (!question.kinds.empty()) return question.kinds;
    const auto keys = split(question.by, ',');
    const bool said = std::ranges::find(keys, std::string_view("kind")) != keys.end() ||
                      std::ranges::any_of(question.filters, [](std::string_view filter) {
                          return filter.starts_with("kind=") || filter.starts_with("kind.");
                      });
    return said ? "all" : "ai";
}

Result<std::string> stats_answer(Api& api, const StatsQuestion& flags) {
    STENO_ASSIGN(Question question, question_of(flags, flags.by, flags.measures));
    STENO_ASSIGN(const std::string order, order_of(api, flags));
    question.add("bucket", flags.bucket);
    question.add("order", order);
    question.add("limit", std::to_string(flags.limit));
    return api.get(question.target());
}

Result<StatsTable> ask_stats(Api& api, const StatsQuestion& question) {
    STENO_ASSIGN(const std::string body, stats_answer(api, question));
    bool truncated = false;
    STENO_ASSIGN(Table table, table_of(question, body, truncated));
    return StatsTable{std::move(table), truncated};
}

void add_stats(Program& program) {
    CLI::App* command = program.add(
        program.app, "stats", "A page about a period, or a table of your own: calls by any field and time",
        "  steno stats --days 7\n"
        "  steno stats --period this-month --tz Europe/Berlin --bucket day\n"
        "  steno stats\n"
        "  steno stats --by trace.agent --from 2026-11-01\n"
        "  steno stats --by model.requested --bucket day --measures calls,cost,duration_p95\n"
        "  steno stats --by none --measures calls,error_rate,cost -f labels.tags=demo\n"
        "  steno stats --kinds functions --by trace.function,trace.operation --measures calls,error_rate\n"
        "  steno stats --by who.user_id --bucket month --output users.xlsx\n"
        "  steno stats --storage\n"
        "\nColumns of the page:\n"
        "  average time   how long a call, or a run, took on average\n"
        "  95 % within    95 % of the runs took no longer\n"
        "  own cost       without the agents or functions within it; only where some are within others\n"
        "\nColumns of a table are its --measures: duration_p95 is what 95 % of the calls stayed within, ttft "
        "the\n"
        "time to the first token.\n");
    const auto flags = std::make_shared<StatsFlags>();
    add_record_flags(*command, flags->record);
    add_period_flags(*command, flags->question.when);
    auto* by = command->add_option(
        "--by", flags->question.by,
        "a table: fields to group by, with commas, or none (default provider.name,model.requested)");
    command->add_option("--bucket", flags->question.bucket, "also by minute, hour, day, week or month");
    command
        ->add_option("--slow-ms", flags->slow_ms,
                     "calls that took so long or longer are slow (default: statistics.slow_ms, 5000)")
        ->check(CLI::Range(0, 1'000'000'000));
    command
        ->add_option("--high-tokens", flags->high_tokens,
                     "AI calls with so many input tokens or more are large, and listed; 0: none is (default: "
                     "statistics.high_tokens)")
        ->check(CLI::Range(std::int64_t{0}, std::int64_t{1'000'000'000'000}));
    auto* measures =
        command->add_option("--measures", flags->question.measures,
                            "what to count, with commas: calls, errors, error_rate, cost, input_tokens, "
                            "duration_p95, ttft_avg, sum(field), distinct(field), p99(field), …");
    auto* order = command->add_option("--order", flags->question.order,
                                      "a measure, '-' in front for descending (default -cost)");
    command->add_option("--filter,-f", flags->question.filters, "FIELD[.OP]=VALUE; may be repeated");
    const CLI::Option* limit = command->add_option(
        "--limit,-n", flags->question.limit, "how many groups (default 30; in a file and with --json all)");
    add_target(*command, flags->target);
    auto* kinds = add_kinds_flag(*command, flags->question.kinds);
    command->add_flag("--storage", flags->storage, "instead: what the data folder takes of the disk");
    command->callback([flags, by, measures, order, kinds, limit, &program] {
        flags->table = by->count() > 0 || measures->count() > 0 || order->count() > 0 || kinds->count() > 0;
        flags->limited = limit->count() > 0;
        program.run = [flags](Program& p) { return stats(p, *flags); };
    });
}

}  // namespace steno::cli
