#include "cli/alert_rule.hpp"

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "io/file_system.hpp"

#include <fmt/format.h>

namespace steno::cli {

namespace {

void write_texts(JsonWriter& json, std::string_view key, const std::vector<std::string>& texts) {
    if (texts.empty()) return;
    json.key(key);
    json.begin_array();
    for (const std::string& text : texts) json.string(text);
    json.end_array();
}

/// "50,80,100", or "none".
Result<void> write_percentages(JsonWriter& json, std::string_view key, std::string_view text) {
    if (text.empty()) return {};
    json.key(key);
    json.begin_array();
    for (std::string_view part : split(text == "none" ? "" : text, ',')) {
        if (part.ends_with('%')) part.remove_suffix(1);
        const bool digits = !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
        if (!digits || part.size() > 4 || part.front() == '0')
            return fail(Code::InvalidArgument, fmt::format("--{}: \"{}\" is no percentage", key, part),
                        "whole numbers with commas between, such as 50,80,100, or none");
        json.raw(part);
    }
    json.end_array();
    return {};
}

}  // namespace

Result<std::string> rule_json(const RuleFlags& flags, std::string_view tz) {
    if (!flags.file.empty()) return io::read_file(io::posix_file_system(), flags.file, 1 << 20);
    std::string out;
    JsonWriter json(out);
    const auto text = [&](std::string_view key, std::string_view value) {
        if (!value.empty()) json.member(key, value);
    };
    json.begin_object();
    text("description", flags.description);
    const bool budget = !flags.budget.empty() || flags.any_budget;
    const int kinds = !flags.metric.empty() + flags.missing_data + !flags.calls_over.empty() + budget;
    if (kinds != 1)
        return fail(Code::InvalidArgument, "what is watched?",
                    "one of --metric NAME, --calls-over FIELD=AMOUNT, --missing-data, --budget NAME, "
                    "--any-budget, or --file RULE.json");
    if (!budget && (!flags.at.empty() || flags.projected))
        return fail(Code::InvalidArgument, "--at and --projected are of budgets",
                    "with --budget NAME or --any-budget");
    if (flags.anomaly && flags.metric.empty())
        return fail(Code::InvalidArgument, "--anomaly is of a metric", "--metric cost --anomaly");
    if (budget) {
        if (!flags.budget.empty() && flags.any_budget)
            return fail(Code::InvalidArgument, "which budget?", "--budget NAME or --any-budget");
        json.member("kind", "budget");
        text("budget", flags.budget);
        STENO_TRY(write_percentages(json, "at", flags.at));
        if (flags.projected) json.member("projected", true);
    } else if (flags.anomaly) {
        json.member("kind", "anomaly");
        json.member("metric", flags.metric);
        if (flags.below != flags.above) json.member("when", flags.below ? "below" : "above");
    } else if (flags.missing_data) {
        json.member("kind", "missing_data");
    } else if (!flags.calls_over.empty()) {
        const std::size_t equals = flags.calls_over.find('=');
        if (equals == std::string::npos)
            return fail(Code::InvalidArgument, "--calls-over takes FIELD=AMOUNT",
                        "--calls-over time.duration_ms=30s");
        json.member("kind", "calls");
        json.member("field", flags.calls_over.substr(0, equals));
        json.member("over", flags.calls_over.substr(equals + 1));
    } else {
        json.member("metric", flags.metric);
        if (flags.below) json.member("when", "below");
        if (flags.against_before) json.member("against", "before");
    }
    write_texts(json, "filters", flags.filters);
    text("group_by", flags.by);
    text("window", flags.window);
    text("tz", tz);
    text("delay", flags.delay);
    text("warning", flags.warning);
    text("critical", flags.critical);
    text("recover", flags.recover);
    text("at_least", flags.at_least);
    text("severity", flags.severity);
    if (flags.min_calls >= 0) json.member("min_calls", flags.min_calls);
    if (flags.evaluations > 0) json.member("for", flags.evaluations);
    text("every", flags.every);
    text("renotify", flags.renotify);
    if (flags.no_recovery) json.member("tell_recovery", false);
    write_texts(json, "channels", flags.channels);
    json.end_object();
    return out;
}

void add_rule_flags(CLI::App& command, RuleFlags& flags) {
    command.add_option("--metric,-m", flags.metric,
                       "what is watched: failure_rate, cost, duration_p95, tokens, share(FILTER), …");
    command.add_option("--calls-over", flags.calls_over,
                       "FIELD=AMOUNT: single calls that have more than that");
    command.add_flag("--missing-data", flags.missing_data, "that there are no calls");
    command.add_option("--budget", flags.budget, "how much of this budget is spent (steno budgets)");
    command.add_flag("--any-budget", flags.any_budget, "of every budget");
    command.add_option("--at", flags.at,
                       "percentages of a budget, 50,80,100, or none (default: those of the budget)");
    command.add_flag("--projected", flags.projected,
                     "also when at its rate a budget is used up before its period ends");
    command.add_flag("--anomaly", flags.anomaly,
                     "that the last whole hour of the metric is not like those before it");
    command.add_option("--filter,-f", flags.filters, "only calls with FIELD[.OP]=VALUE; may be repeated");
    command.add_option("--by", flags.by, "a level for each value of these fields (up to 3, with commas)");
    command.add_option("--window,-w", flags.window, "15m, 1h, 24h, today, this-month, 7d, … (default 15m)");
    command.add_option("--warning", flags.warning,
                       "threshold: a number, 5%, 1.5s, $10; of --anomaly a score (default 4.5)");
    command.add_option("--critical", flags.critical, "threshold of the worse level");
    auto* below = command.add_flag("--below", flags.below,
                                   "it fires at or below the thresholds; of --anomaly: too little alone");
    command.add_flag("--above", flags.above, "the default; of --anomaly: too much alone")->excludes(below);
    command.add_option("--recover", flags.recover, "it is over only at this value");
    command.add_flag("--against-before", flags.against_before,
                     "compare the ratio to the window before: --warning 2 is twice as much");
    command.add_option("--at-least", flags.at_least, "what is less than that does not matter");
    command.add_option("--severity", flags.severity,
                       "warning or critical, of --missing-data and --calls-over");
    command.add_option("--min-calls", flags.min_calls, "with fewer calls it is not judged");
    command.add_option("--for", flags.evaluations, "so many evaluations in a row must say so (default 1)");
    command.add_option("--every", flags.every, "how often it is evaluated (default 1m)");
    command.add_option("--delay", flags.delay, "the window ends so long ago: calls appear when they end");
    command.add_option("--file", flags.file, "a rule as JSON, instead of flags");
}

void add_renotify_flag(CLI::App& command, RuleFlags& flags) {
    command.add_option("--renotify", flags.renotify,
                       "while it fires, tell again after so long (default never)");
}

}  // namespace steno::cli
