#pragma once

#include <cstdint>
#include <optional>
#include <span>

/// What the days to come will sum up to: a pure function of daily sums. No I/O, no clock, no randomness.
///
/// A day is expected to be level × weekday × trend. weekday: what such days were against the week around
/// them, in the last eight weeks. level: the last two weeks without their weekdays, a single day counting as
/// four times the middle one at most. trend: how weeks changed (the middle of all pairs of the last six),
/// halved with every week ahead. The interval comes from making the same forecast on every past day that had
/// two weeks before it, over as many days as now, and seeing how far off it was.
namespace steno::analysis {

struct ForecastQuestion {
    std::span<const double> days;  ///< sums of whole days, without gaps, to yesterday
    int weekday = 0;               ///< of today; 0 Monday … 6 Sunday
    int ahead = 0;                 ///< days to forecast after today
    double of_today = 0;           ///< the part of today that is still to come, 0 … 1
    double coverage = 0.8;         ///< of the interval, 0.5 … 0.99
};

struct Forecast {
    double sum = 0;  ///< of the rest of today and the days ahead
    double low = 0;  ///< the sum is between these with the probability asked for
    double high = 0;
    double off = 0;      ///< by how much past forecasts were off, in the middle, as a share
    int tried = 0;       ///< how many past forecasts that is
    int days_ahead = 0;  ///< and of how many days: fewer than asked for with short history
};

/// Days of history without which there is no forecast.
inline constexpr std::size_t kForecastDays = 28;

/// Absent: too little history, or nothing was spent in it. 0 days and nothing of today to come: 0.
std::optional<Forecast> forecast(const ForecastQuestion& question);

/// What each day ahead is expected to be, the first being all of today. As many as `count`.
void forecast_days(std::span<const double> days, int weekday, std::span<double> out);

}  // namespace steno::analysis
