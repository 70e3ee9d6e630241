#pragma once

#include "analysis/trends.hpp"

#include <map>
#include <string>

namespace steno::analysis {

/// What a month of AI calls will cost: what was spent is exact, what is to come a forecast.
struct MonthForecast {
    struct Day {
        Timestamp begin;
        std::optional<Decimal> cost;    ///< until now; absent for days to come, and where no call has a price
        std::optional<double> to_come;  ///< what is expected yet: of the rest of today, of days to come whole
    };
    Timestamp from, at, to;  ///< the month, and the moment from which it is looked at
    store::CostSum spent;
    std::map<std::string, Decimal> spent_by_currency;  ///< where `spent` is "mixed"
    std::optional<Decimal> total, low, high;  ///< of the whole month, to 6 places; absent: see `reason`
    double coverage = 0;                      ///< of low … high
    double off = 0;      ///< by how much past forecasts were off, in the middle, as a share of them
    int tried = 0;       ///< how many those are
    int days_ahead = 0;  ///< over how many days each
    std::string reason;  ///< why there is no forecast
    std::vector<Day> days;
};

/// Of the month that `at` is in, in the zone; calls that began at or after `at` are not looked at.
/// `selection`: its from and to are not looked at. Blocking; any thread.
Result<MonthForecast> forecast_month(store::CallQueries& store, const store::Selection& selection,
                                     const calendar::Zone& zone, Timestamp at, double coverage);

/// The members from, at, to, spent, forecast, reason, days.
void write_members(JsonWriter& json, const MonthForecast& forecast, const calendar::Zone& zone);

}  // namespace steno::analysis
