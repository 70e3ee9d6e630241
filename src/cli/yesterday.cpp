#include "cli/yesterday.hpp"

#include "cli/call_view.hpp"
#include "cli/question.hpp"
#include "cli/statistics_view.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <cstdio>
#include <ctime>

namespace steno::cli {

namespace {

std::string rfc3339(std::time_t moment) {
    return Timestamp{.unix_nanos = std::int64_t{moment} * 1'000'000'000}.to_string();
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
    constexpr std::uint32_t kRows = 5;
    Question question("/api/v1/statistics");
    question.add("from", day.from);
    question.add("to", day.to);
    question.add("groups", std::to_string(kRows));
    question.add("limit", "0");
    STENO_ASSIGN(const std::string body, api.get(question.target()));
    simdjson::dom::parser parser;
    simdjson::dom::element statistics;
    if (parser.parse(body).get(statistics) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer is no JSON");
    if (number_at(statistics, "/ai_calls/calls") == 0) return {};
    fmt::print("AI calls of yesterday, {}\n", day.name);
    print_summary(statistics);
    fmt::print("\n");
    std::fflush(stdout);
    return {};
}

}  // namespace steno::cli
