#include "demo/rhythm.hpp"

#include <algorithm>
#include <array>

namespace steno::demo {

namespace {

constexpr std::int64_t kMinute = 60'000'000'000;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;

/// By the hour of the day in UTC: offices in Europe, then in America, then few.
constexpr std::array<double, 24> kByHour{.22, .18, .16,  .16,  .18, .25, .42, .72, 1.0, 1.1, 1.12, 1.02,
                                         .95, 1.1, 1.15, 1.12, 1.0, .85, .72, .62, .55, .46, .36,  .28};

double intensity(std::int64_t unix_nanos) {
    const std::int64_t day = unix_nanos / kDay;
    const std::int64_t weekday = (day + 3) % 7;  // 1970-01-01 was a Thursday; 0 is Monday
    constexpr std::array<double, 7> kByWeekday{1.0, 1.06, 1.05, 1.02, .9, .34, .3};
    return kByWeekday[static_cast<std::size_t>(weekday)] *
           kByHour[static_cast<std::size_t>(unix_nanos % kDay / kHour)];
}

}  // namespace

Rhythm::Rhythm(std::int64_t end_unix_nanos, double days, std::uint64_t seed) : end_(end_unix_nanos) {
    const auto length = static_cast<std::int64_t>(days * static_cast<double>(kDay));
    begin_ = end_ - length;
    const std::int64_t steps = std::clamp<std::int64_t>(length / (15 * kMinute), 1, 100'000);
    step_ = std::max<std::int64_t>(length / steps, 1);
    Draws draws(seed ^ 0x9e3779b97f4a7c15);
    double sum = 0;
    double of_today = 1;
    std::int64_t today = -1;
    for (std::int64_t i = 0; i < steps; ++i) {
        const std::int64_t at = begin_ + i * step_;
        if (at / kDay != today) {
            today = at / kDay;
            of_today = .9 + .2 * draws.unit();
        }
        sum += intensity(at) * of_today * (.85 + .3 * static_cast<double>(i) / static_cast<double>(steps));
        until_.push_back(sum);
    }
    for (double& part : until_) part /= sum;

    // At two in the afternoon of a working day, if the record is long enough to choose.
    const auto place = [&](double part, std::int64_t longest, std::string_view provider, ErrorType error,
                           double rate) {
        std::int64_t from = begin_ + static_cast<std::int64_t>(static_cast<double>(length) * part);
        if (length >= 7 * kDay) {
            const std::int64_t weekday = (from / kDay + 3) % 7;
            from = from / kDay * kDay + 14 * kHour - (weekday >= 5 ? (weekday - 4) * kDay : 0);
        }
        incidents_.push_back({from, from + std::min(longest, length / 30), provider, error, rate});
    };
    place(.38, 150 * kMinute, "openai", ErrorType::Server, .4);
    place(.57, 20 * kHour, "gcp.gemini", ErrorType::RateLimit, .12);
    place(.74, 70 * kMinute, "anthropic", ErrorType::Overloaded, .35);
}

std::int64_t Rhythm::moment(double part) const {
    const auto found = std::lower_bound(until_.begin(), until_.end(), part);
    const auto index = static_cast<std::size_t>(std::min(found, until_.end() - 1) - until_.begin());
    const double before = index == 0 ? 0 : until_[index - 1];
    const double within = std::clamp((part - before) / (until_[index] - before), 0.0, 1.0);
    const std::int64_t at = begin_ + static_cast<std::int64_t>(index) * step_ +
                            static_cast<std::int64_t>(within * static_cast<double>(step_));
    return std::min(at, end_);
}

double Rhythm::progress(std::int64_t unix_nanos) const {
    return std::clamp(static_cast<double>(unix_nanos - begin_) / static_cast<double>(end_ - begin_), 0.0,
                      1.0);
}

std::int64_t Rhythm::within(std::int64_t now, double seconds, std::int64_t parts) const {
    const std::int64_t left = std::max<std::int64_t>((end_ - now) / (parts + 1), 0);
    return std::min(static_cast<std::int64_t>(seconds * 1e9), left);
}

const Rhythm::Incident* Rhythm::incident(std::int64_t unix_nanos, std::string_view provider) const {
    for (const Incident& incident : incidents_)
        if (incident.provider == provider && unix_nanos >= incident.from && unix_nanos < incident.to)
            return &incident;
    return nullptr;
}

}  // namespace steno::demo
