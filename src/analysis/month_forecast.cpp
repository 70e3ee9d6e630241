#include "analysis/month_forecast.hpp"

#include "analysis/figures.hpp"
#include "analysis/forecast.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace steno::analysis {

namespace {

using calendar::kDay;
using calendar::kHour;

constexpr std::int64_t kHistoryDays = 364, kHoursOfToday = 28;

Decimal in_money(double amount) {
    return Decimal::parse(fmt::format("{:.6f}", std::clamp(amount, 0.0, 1e14))).value_or(Decimal());
}

/// The part of a day's cost that usually comes after this time of day.
Result<double> still_to_come(store::CallQueries& store, const store::Selection& selection,
                             const calendar::Zone& zone, Timestamp at) {
    TrendQuestion question;
    STENO_ASSIGN(question.measure, trend_measure("cost"));
    question.now = selection;
    const std::int64_t now = zone.local(at.unix_nanos), today = calendar::floor_to(now, kDay);
    question.now.from = zone.first_moment_of(today - kHoursOfToday * kDay);
    question.now.to = zone.first_moment_of(today);
    question.bucket = {store::Bucket::Unit::Hour, zone};
    STENO_ASSIGN(const Trend trend, analysis::trend(store, question));
    double all = 0, later = 0;
    for (const Trend::Point& point : trend.all.points) {
        const std::int64_t begin = zone.local(point.begin.unix_nanos);
        const std::int64_t of_day = begin - calendar::floor_to(begin, kDay);
        const double cost = to_double(point.value).value_or(0);
        all += cost;
        later += cost *
                 std::clamp(static_cast<double>(of_day + kHour - (now - today)) / static_cast<double>(kHour),
                            0.0, 1.0);
    }
    if (all > 0) return later / all;
    return static_cast<double>(kDay - (now - today)) / static_cast<double>(kDay);
}

}  // namespace

Result<MonthForecast> forecast_month(store::CallQueries& store, const store::Selection& selection,
                                     const calendar::Zone& zone, Timestamp at, double coverage) {
    const std::int64_t now = zone.local(at.unix_nanos), today = calendar::floor_to(now, kDay);
    const std::int64_t month = calendar::month_begin(now), next = calendar::add_months(month, 1);
    MonthForecast found;
    found.from = zone.first_moment_of(month);
    found.at = zone.at(at.unix_nanos);
    found.to = zone.first_moment_of(next);
    found.coverage = coverage;

    store::AggregateQuery spent;
    spent.selection = selection;
    spent.selection.from = found.from;
    spent.selection.to = at;
    spent.selection.filters.push_back(store::ai_calls());
    spent.measures = sums_measures();
    if (at > found.from) {
        STENO_ASSIGN(FiguresTable table, figures(store, spent));
        Figures& sums = table.groups.front().figures;
        found.spent = std::move(sums.cost);
        found.spent_by_currency = std::move(sums.by_currency);
    }

    STENO_ASSIGN(const auto first, first_call(store, selection));
    const std::int64_t begun = first ? calendar::floor_to(zone.local(first->unix_nanos), kDay) + kDay : today;
    const std::int64_t oldest = std::min(month, std::max(begun, today - kHistoryDays * kDay));
    TrendQuestion question;
    STENO_ASSIGN(question.measure, trend_measure("cost"));
    question.now = selection;
    question.now.from = zone.first_moment_of(oldest);
    question.now.to = zone.first_moment_of(today + kDay);
    if (at < *question.now.to) question.now.to = at;
    question.bucket = {store::Bucket::Unit::Day, zone};
    std::vector<double> history;  // whole days since the first call, to yesterday
    if (*question.now.from < *question.now.to) {
        STENO_ASSIGN(const Trend trend, analysis::trend(store, question));
        for (const Trend::Point& point : trend.all.points) {
            const std::int64_t day = calendar::floor_to(zone.local(point.begin.unix_nanos), kDay);
            if (day >= begun && day < today) history.push_back(to_double(point.value).value_or(0));
            if (day < month) continue;
            const auto* cost = std::get_if<Decimal>(&point.value);
            found.days.push_back({point.begin, cost == nullptr ? std::nullopt : std::optional(*cost), {}});
        }
        if (trend.currency == "mixed")
            found.reason = "costs are in several currencies: filter by cost.currency";
    }
    ForecastQuestion ask{history, static_cast<int>((today / kDay + 3) % 7),
                         static_cast<int>((next - today) / kDay) - 1, 0, coverage};
    STENO_ASSIGN(ask.of_today, still_to_come(store, selection, zone, at));
    if (found.reason.empty() && history.size() < kForecastDays)
        found.reason = fmt::format("a forecast needs {} whole days of calls, and here are {}", kForecastDays,
                                   history.size());
    const auto told = found.reason.empty() ? forecast(ask) : std::nullopt;
    std::vector<double> expected(static_cast<std::size_t>(ask.ahead) + 1);
    if (told) forecast_days(history, ask.weekday, expected);
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const Timestamp begin = zone.first_moment_of(today + static_cast<std::int64_t>(i) * kDay);
        if (found.days.empty() || found.days.back().begin < begin) found.days.push_back({begin, {}, {}});
        if (told) found.days.back().to_come = expected[i] * (i == 0 ? ask.of_today : 1);
    }
    if (!told) {
        if (found.reason.empty()) found.reason = "no call of the days before has a price";
        return found;
    }
    const Decimal so_far = found.spent.total.value_or(Decimal());
    found.total = so_far + in_money(told->sum);
    found.low = so_far + in_money(told->low);
    found.high = so_far + in_money(told->high);
    found.off = told->off;
    found.tried = told->tried;
    found.days_ahead = told->days_ahead;
    return found;
}

void write_members(JsonWriter& json, const MonthForecast& found, const calendar::Zone& zone) {
    json.member("from", found.from.to_string());
    json.member("at", found.at.to_string());
    json.member("to", found.to.to_string());
    json.member("tz", zone.name());
    json.key("spent");
    write(json, found.spent, found.spent_by_currency);
    json.key("forecast");
    if (found.total) {
        json.begin_object();
        json.member("total", found.total->to_string());
        json.member("low", found.low->to_string());
        json.member("high", found.high->to_string());
        json.member("coverage", found.coverage);
        json.member("off", found.off);
        json.member("tried", found.tried);
        json.member("days_ahead", found.days_ahead);
        json.end_object();
    } else {
        json.null();
    }
    json.key("reason");
    if (found.reason.empty())
        json.null();
    else
        json.string(found.reason);
    json.key("days");
    json.begin_array();
    for (const auto& day : found.days) {
        json.begin_object();
        json.member("begin", day.begin.to_string());
        json.key("cost");
        if (day.cost)
            json.string(day.cost->to_string());
        else
            json.null();
        json.key("expected");
        if (day.to_come)
            json.number(*day.to_come);
        else
            json.null();
        json.end_object();
    }
    json.end_array();
}

}  // namespace steno::analysis
