#include "analysis/forecast.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <vector>

namespace steno::analysis {

namespace {

constexpr std::size_t kWeek = 7, kSeason = 8 * kWeek, kLevel = 2 * kWeek, kTrendWeeks = 6;
constexpr std::size_t kTraining = 2 * kWeek;  // before a past day on which a forecast is tried
constexpr std::size_t kTried = 180;           // past days, the last ones
constexpr double kDamping = 0.5;              // of the trend, a week

double median(std::vector<double>& values) {
    if (values.empty()) return 0;
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

double sum(std::span<const double> days) {
    return std::accumulate(days.begin(), days.end(), 0.0);
}

/// What the weekdays are against their week; 1 counts as one week more, so that two weeks say only so much.
std::array<double, kWeek> weekdays(std::span<const double> days, int today) {
    std::array<double, kWeek> factors{}, seen{};
    factors.fill(1);
    seen.fill(1);
    for (std::size_t i = days.size() > kSeason ? days.size() - kSeason : 0; i < days.size(); ++i) {
        const std::size_t begin = std::min(i > 3 ? i - 3 : 0, days.size() - kWeek);
        const double week = sum(days.subspan(begin, kWeek)) / kWeek;
        if (!(week > 0)) continue;
        const std::size_t back = days.size() - i;
        const std::size_t weekday =
            (static_cast<std::size_t>(today) + 7 * kWeek * kWeek - back % kWeek) % kWeek;
        factors[weekday] += std::min(days[i] / week, 3.0);
        seen[weekday] += 1;
    }
    double all = 0;
    for (std::size_t i = 0; i < kWeek; ++i) all += factors[i] /= seen[i];
    for (double& factor : factors) factor *= kWeek / all;
    return factors;
}

/// By what the logarithm of a week's sum changes a week.
double trend(std::span<const double> days) {
    std::vector<double> weeks;
    for (std::size_t k = 1; k <= kTrendWeeks && k * kWeek <= days.size(); ++k)
        weeks.push_back(sum(days.subspan(days.size() - k * kWeek, kWeek)));
    std::vector<double> slopes;
    for (std::size_t newer = 0; newer < weeks.size(); ++newer)
        for (std::size_t older = newer + 1; older < weeks.size(); ++older)
            if (weeks[newer] > 0 && weeks[older] > 0)
                slopes.push_back(std::log(weeks[newer] / weeks[older]) / static_cast<double>(older - newer));
    if (weeks.size() < 3) return 0;
    return std::clamp(median(slopes), -0.5, 0.5);
}

double total(std::span<const double> days, int weekday, int ahead, double of_today) {
    std::vector<double> expected(static_cast<std::size_t>(ahead) + 1);
    forecast_days(days, weekday, expected);
    return expected.front() * of_today + sum(std::span(expected).subspan(1));
}

/// Of a normal distribution and, where few forecasts stand beside each other, wider, as Student's does.
double quantile(double coverage, double independent) {
    double low = 0, high = 4;
    for (int step = 0; step < 60; ++step) {
        const double middle = (low + high) / 2;
        (std::erf(middle / std::sqrt(2.0)) < coverage ? low : high) = middle;
    }
    return low * (1 + (1 + low * low) / 4 / independent);
}

}  // namespace

void forecast_days(std::span<const double> days, int weekday, std::span<double> out) {
    std::ranges::fill(out, 0.0);
    if (days.size() < kWeek) return;
    const auto factors = weekdays(days, weekday);
    const std::size_t known = std::min(kLevel, days.size());
    std::vector<double> plain;  // without their weekday
    for (std::size_t back = 1; back <= known; ++back) {
        const double factor = factors[(static_cast<std::size_t>(weekday) + kWeek * kWeek - back) % kWeek];
        plain.push_back(days[days.size() - back] / std::max(factor, 0.05));
    }
    std::vector<double> copy = plain;
    const double most = 4 * median(copy);
    double level = 0;
    for (double& day : plain) level += most > 0 ? std::min(day, most) : day;
    level /= static_cast<double>(known);
    const double a_week = trend(days);
    // The level is that of the middle of the last two weeks.
    double growth = a_week * static_cast<double>(known) / 2 / kWeek;
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = level * factors[(static_cast<std::size_t>(weekday) + i) % kWeek] * std::exp(growth);
        growth += a_week / kWeek * std::pow(kDamping, static_cast<double>(i) / kWeek);
    }
}

std::optional<Forecast> forecast(const ForecastQuestion& question) {
    const auto& [days, weekday, ahead, of_today, coverage] = question;
    if (days.size() < kForecastDays || !(sum(days) > 0)) return std::nullopt;
    Forecast found;
    found.sum = total(days, weekday, ahead, of_today);
    // With little history the forecasts that can be tried reach less far, and are off by more for it.
    const std::size_t most = (days.size() - kTraining) / 2;
    const int horizon = std::min(ahead + 1, static_cast<int>(most));
    found.days_ahead = horizon;
    std::vector<double> off;
    double squares = 0;
    const std::size_t last = days.size() - static_cast<std::size_t>(horizon);
    for (std::size_t origin = std::max(kTraining, last > kTried ? last - kTried : 0); origin <= last;
         ++origin) {
        const std::size_t back = days.size() - origin;
        const int then =
            static_cast<int>((static_cast<std::size_t>(weekday) + kWeek * days.size() - back) % kWeek);
        // As now: of the first day only a part. What part of its cost that was is not known of days alone, so
        // that part of it is taken.
        const double expected = total(days.first(origin), then, horizon - 1, of_today);
        const double came =
            days[origin] * of_today + sum(days.subspan(origin + 1, static_cast<std::size_t>(horizon) - 1));
        if (!(expected > 0)) continue;
        const double error = std::log((came + expected * 0.01) / (expected * 1.01));
        squares += error * error;
        off.push_back(std::abs(came / expected - 1));
    }
    if (off.empty()) return std::nullopt;
    found.tried = static_cast<int>(off.size());
    const double spread = std::sqrt(squares / static_cast<double>(off.size()));
    const double independent = 1 + static_cast<double>(off.size()) / static_cast<double>(horizon);
    const double reach = quantile(coverage, independent) * spread;
    found.low = found.sum * std::exp(-reach);
    found.high = found.sum * std::exp(reach);
    found.off = median(off);
    return found;
}

}  // namespace steno::analysis
