#include "cli/yesterday.hpp"

#include "cli/stats.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <ctime>

namespace steno::cli {

namespace {

std::string rfc3339(std::time_t moment) {
    return Timestamp{.unix_nanos = std::int64_t{moment} * 1'000'000'000}.to_string();
}

Result<Table> ask(Api& api, StatsQuestion question, const std::string& by) {
    question.by = by;
    // Agents and functions contain AI calls, and have tokens of their calls alone.
    question.filters = {"kind.in=" + ai_kinds()};
    if (by.starts_with("trace.")) question.filters.push_back(by + ".exists=true");
    return ask_stats(api, question);
}

}  // namespace

Day day_before(Timestamp now) {
    const auto moment = static_cast<std::time_t>(now.unix_nanos / 1'000'000'000);
    std::tm parts{};
    ::localtime_r(&moment, &parts);
    const auto midnight = [&parts](int days_ago) {
        std::tm day{};
        day.tm_year = parts.tm_year;
        day.tm_mon = parts.tm_mon;
        day.tm_mday = parts.tm_mday - days_ago;
        day.tm_isdst = -1;
        return ::mktime(&day);
    };
    const std::time_t from = midnight(1);
    std::tm day{};
    ::localtime_r(&from, &day);
    return {fmt::format("{:04}-{:02}-{:02}", day.tm_year + 1900, day.tm_mon + 1, day.tm_mday), rfc3339(from),
            rfc3339(midnight(0))};
}

Result<void> print_yesterday(Api& api, Timestamp now) {
    const Day day = day_before(now);
    StatsQuestion question;
    question.when.from = day.from;
    question.when.to = day.to;
    question.measures = "calls,errors,input_tokens,output_tokens,cost,duration_p50,duration_p95";
    question.limit = 5;
    STENO_ASSIGN(const Table models, ask(api, question, "model.requested"));
    if (models.empty()) return {};
    STENO_ASSIGN(const Table all, ask(api, question, "none"));
    STENO_ASSIGN(const Table agents, ask(api, question, "trace.agent"));
    STENO_ASSIGN(const Table functions, ask(api, question, "trace.function"));
    fmt::print("AI calls of yesterday, {}\n", day.name);
    for (const Table* table : {&all, &models, &agents, &functions}) {
        if (table->empty()) continue;
        table->print();
        fmt::print("\n");
    }
    std::fflush(stdout);
    return {};
}

}  // namespace steno::cli
