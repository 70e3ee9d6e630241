#include "cli/question.hpp"

#include "net/http.hpp"
#include "store/query.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace steno::cli {

void add_period_flags(CLI::App& command, PeriodFlags& flags) {
    auto* days =
        command.add_option("--days", flags.days, "the last so many days, today's included and until now");
    days->check(CLI::Range(1, 36500));
    auto* period =
        command.add_option("--period", flags.period,
                           "today, yesterday, this-week, last-week, this-month, last-month, 24h, 7d, 4w, "
                           "3mo, 2026, 2026-11, 2026-W47 or 2026-11-20");
    period->excludes(days);
    auto* from =
        command.add_option("--from", flags.from, "calls that began at or after this time (RFC 3339) or day");
    auto* to = command.add_option("--to", flags.to,
                                  "calls that began before this time; a day is part of the period");
    for (CLI::Option* end : {from, to}) end->excludes(days)->excludes(period);
    command.add_option(
        "--tz", flags.tz,
        "whose days, weeks and months: a name such as Europe/Berlin, local, or +01:00 (default UTC)");
}

CLI::Option* add_kinds_flag(CLI::App& command, std::string& kinds) {
    return command
        .add_option("--kinds", kinds,
                    "what is counted: ai (calls that reach a model: the default), functions, agents (runs, "
                    "which contain AI calls) or all")
        ->check(CLI::IsMember({"ai", "functions", "agents", "all"}));
}

std::string words_of_kinds(std::string_view kinds) {
    if (kinds == "functions") return "runs of functions";
    if (kinds == "agents") return "runs of agents";
    return kinds == "all" ? "calls of all kinds" : "AI calls";
}

std::string ai_kinds() {
    std::string names;
    for (const store::Value& kind : store::ai_calls().values)
        names += (names.empty() ? "" : ",") + std::get<std::string>(kind);
    return names;
}

void Question::add(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    target_ += target_.find('?') == std::string::npos ? '?' : '&';
    target_ += net::percent_encode(name) + "=" + net::percent_encode(value);
}

void Question::period(const PeriodFlags& flags) {
    add("period", flags.days > 0 ? fmt::format("{}d", flags.days) : flags.period);
    add("from", flags.from);
    add("to", flags.to);
    add("tz", flags.tz);
    add("at", flags.at);
}

void Question::kinds(std::string_view kinds) {
    if (kinds == "ai") add("kind.in", ai_kinds());
    if (kinds == "functions") add("kind", "function");
    if (kinds == "agents") add("kind", "agent");
}

Result<void> Question::filters(const std::vector<std::string>& filters) {
    for (const std::string& filter : filters) {
        const std::size_t equals = filter.find('=');
        if (equals == std::string::npos || equals == 0)
            return fail(Code::InvalidArgument, "\"" + filter + "\" is no filter",
                        "FIELD=VALUE, such as status=failure");
        // Parameters of the API are no fields: they would change the question without a word.
        const std::string_view name = std::string_view(filter).substr(0, equals);
        static constexpr std::array kParameters = {
            "from",     "to",           "period",      "tz",     "bucket",      "group_by",  "by",
            "against",  "measures",     "order",       "limit",  "groups",      "slow_ms",   "fields",
            "cursor",   "text",         "measure",     "at",     "coverage",    "threshold", "score",
            "minutes",  "threshold_ms", "high_tokens", "kinds",  "margin",      "newest",    "version",
            "versions", "metrics",      "confidence",  "effect", "false_alarms"};
        if (std::ranges::find(kParameters, name) != kParameters.end())
            return fail(Code::InvalidArgument, "\"" + filter + "\" is no filter",
                        fmt::format("{} is no field of calls; see --help for the flags", name));
        if (equals + 1 == filter.size())
            return fail(Code::InvalidArgument, fmt::format("the filter {} has no value", name),
                        "leave it out, or ask for calls without the field: -f FIELD.exists=false");
        add(filter.substr(0, equals), filter.substr(equals + 1));
    }
    return {};
}

}  // namespace steno::cli
