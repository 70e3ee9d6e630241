#include "analysis/anomaly.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <utility>

namespace steno::analysis {

namespace {

using calendar::kDay;
using calendar::kHour;

constexpr std::ptrdiff_t kHoursOfDay = 24, kHoursOfWeek = 168;
constexpr int kWeeks = 8;           // of history that shape an hour of the week
constexpr int kShapeDays = 28;      // and an hour of the day
constexpr int kLevelDays = 5;       // whose middle is the level
constexpr double kPriorWeight = 2;  // weeks: what the coarse shape counts against the weeks themselves
constexpr std::ptrdiff_t kLearning = 2 * kHoursOfWeek;
constexpr std::size_t kAlike = 168;  // hours that say how much an hour varies
constexpr std::array kStretches = {1, 6, 24};

/// The mean without the greatest and the least, where there are enough.
double trimmed_mean(std::span<double> values) {
    std::ranges::sort(values);
    if (values.size() >= 4) values = values.subspan(1, values.size() - 2);
    double sum = 0;
    for (const double value : values) sum += value;
    return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

/// Poisson's deviance residual of x where m is expected, with half a unit's continuity: in standard
/// deviations, and right far out in the tails and at nothing at all.
double deviance(double x, double m) {
    const double nearer = x > m ? std::max(m, x - 0.5) : std::min(m, x + 0.5);
    const double twice = 2 * ((nearer > 0 ? nearer * std::log(nearer / m) : 0) - (nearer - m));
    return std::copysign(std::sqrt(std::max(0.0, twice)), x - m);
}

class Series {
  public:
    Series(std::span<const Hour> hours, const calendar::Zone& zone, const AnomalyOptions& options)
        : options_(options) {
        if (hours.empty()) return;
        const std::int64_t first = local_hour(zone, hours.front().begin.unix_nanos),
                           last = local_hour(zone, hours.back().begin.unix_nanos);
        const auto count = static_cast<std::size_t>(std::max<std::int64_t>(0, last - first) + 1);
        weekday_ = first;
        value_.assign(count, 0);
        of_.assign(count, 0);
        std::vector<double> shown(count, 0);  // how often the wall showed the hour
        for (const Hour& hour : hours) {
            const std::int64_t at = local_hour(zone, hour.begin.unix_nanos) - first;
            if (at < 0 || static_cast<std::size_t>(at) >= count) continue;
            const auto i = static_cast<std::size_t>(at);
            const double weight = options.kind == SeriesKind::Sum ? 1 : hour.of;
            if (options.kind != SeriesKind::Sum && !(weight > 0)) continue;
            value_[i] += hour.value;
            of_[i] += weight;
            shown[i] += 1;
        }
        for (std::size_t i = 0; i < count; ++i) {
            // An hour that clocks show twice is as one of the usual length; one that they skip is unknown.
            if (options.kind == SeriesKind::Sum) {
                const bool skipped =
                    shown[i] == 0 && zone.local(zone.first_moment_of(wall(i)).unix_nanos) != wall(i);
                if (shown[i] > 1) value_[i] /= shown[i];
                of_[i] = skipped ? 0 : 1;
            } else if (options.kind == SeriesKind::Typical && shown[i] > 0) {
                value_[i] /= shown[i];
            }
        }
        exposure_.resize(count);
        for (std::size_t i = 0; i < count; ++i)
            exposure_[i] = options.kind == SeriesKind::Typical ? (of_[i] > 0 ? 1 : 0) : of_[i];
        values_before_.assign(count + 1, 0);
        exposure_before_.assign(count + 1, 0);
        for (std::size_t i = 0; i < count; ++i) {
            values_before_[i + 1] = values_before_[i] + value_[i];
            exposure_before_[i + 1] = exposure_before_[i] + exposure_[i];
        }
        expect();
    }

    static std::int64_t local_hour(const calendar::Zone& zone, std::int64_t unix_nanos) {
        return calendar::floor_to(zone.local(unix_nanos), kHour) / kHour;
    }

    [[nodiscard]] std::size_t size() const { return value_.size(); }
    [[nodiscard]] std::size_t index(const calendar::Zone& zone, Timestamp begin) const {
        return static_cast<std::size_t>(local_hour(zone, begin.unix_nanos) - weekday_);
    }

    /// All but begin; of_share: value and expected are told as shares.
    [[nodiscard]] Judgement judge_hour(std::size_t i) {
        Judgement judged;
        if (exposure_[i] > 0)
            judged.value = options_.kind == SeriesKind::Share ? value_[i] / of_[i] : value_[i];
        if (exposure_[i] <= 0 || static_cast<std::ptrdiff_t>(i) < kLearning || expected_[i] < 0)
            return judged;
        const double own = expected_[i];
        judged.expected = options_.kind == SeriesKind::Share ? own / of_[i] : own;
        judged.verdict = Verdict::Usual;
        const bool above = value_[i] > own;
        for (const int hours : kStretches) {
            const auto stretch = stretch_at(i, hours);
            if (!stretch) continue;
            const double spread = spread_at(i, hours, *stretch);
            const double score = score_of(*stretch, spread);
            if (hours == 1) {
                bounds(*stretch, spread, judged);
                if (options_.kind == SeriesKind::Share) judged.low /= of_[i], judged.high /= of_[i];
            }
            const bool goes_on = hours == 1 || ((score > 0) == above && far(value_[i], own));
            if (goes_on && std::abs(score) > std::abs(judged.score)) {
                judged.score = score;
                judged.hours = hours;
            }
            if (!goes_on || !far(stretch->value, stretch->expected)) continue;
            if (std::abs(score) > std::abs(judged.far_score)) judged.far_score = score;
            if (std::abs(score) >= options_.threshold)
                judged.verdict = score > 0 ? Verdict::High : Verdict::Low;
        }
        if (judged.verdict != Verdict::Usual && judged.hours == 1) odd_[i] = 1;
        return judged;
    }

  private:
    struct Stretch {
        double value = 0, expected = 0;
        double of = 0;  ///< of Typical: how many calls it is made of
    };

    [[nodiscard]] std::int64_t wall(std::size_t i) const {
        return (weekday_ + static_cast<std::int64_t>(i)) * kHour;
    }
    [[nodiscard]] bool far(double value, double expected) const {
        return std::abs(value - expected) >= options_.least_change * expected;
    }

    /// Mean value per exposure over the hours [from, to), clamped to the series; negative: unknown.
    [[nodiscard]] double mean(std::ptrdiff_t from, std::ptrdiff_t to) const {
        const auto begin = static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, from)),
                   end = static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, to));
        const double exposure = exposure_before_[end] - exposure_before_[begin];
        return exposure > 0 ? (values_before_[end] - values_before_[begin]) / exposure : -1;
    }

    /// The hour against the week around it, as far as that was before `now`; negative: unknown.
    [[nodiscard]] double ratio(std::ptrdiff_t at, std::ptrdiff_t now) const {
        if (at < 0 || exposure_[static_cast<std::size_t>(at)] <= 0) return -1;
        const std::ptrdiff_t end = std::min(now, std::max(at + kHoursOfWeek / 2, kHoursOfWeek));
        const double around = mean(end - kHoursOfWeek, end);
        const auto i = static_cast<std::size_t>(at);
        return around > 0 ? value_[i] / exposure_[i] / around : -1;
    }

    [[nodiscard]] double shape_at(std::ptrdiff_t i) const {
        if (options_.kind == SeriesKind::Share) return 1;
        std::array<double, kShapeDays> found{};
        const auto typical = [&](int count, std::ptrdiff_t step, std::size_t& known) {
            known = 0;
            for (int k = 1; k <= count; ++k)
                if (const double r = ratio(i - k * step, i); r >= 0) found[known++] = r;
            return known == 0 ? 1 : trimmed_mean(std::span(found).first(known));
        };
        std::size_t hours = 0, weeks = 0;
        const double of_hour = typical(kShapeDays, kHoursOfDay, hours);
        double of_day = 1;
        if (options_.kind == SeriesKind::Sum) {
            std::array<double, kWeeks> days{};
            std::size_t known = 0;
            const std::ptrdiff_t midnight = i - floor_hour(i);
            for (int k = 1; k <= kWeeks; ++k) {
                const std::ptrdiff_t begin = midnight - k * kHoursOfWeek;
                if (begin < 0) break;
                const std::ptrdiff_t end = std::min<std::ptrdiff_t>(i, begin + kHoursOfWeek * 4 / 7);
                const double around = mean(std::max<std::ptrdiff_t>(0, end - kHoursOfWeek), end);
                if (const double day = mean(begin, begin + kHoursOfDay); day >= 0 && around > 0)
                    days[known++] = day / around;
            }
            if (known > 0) of_day = trimmed_mean(std::span(days).first(known));
        }
        const double coarse = of_hour * of_day;
        const double fine = typical(kWeeks, kHoursOfWeek, weeks);
        // Times hardly have a week: theirs is drawn harder towards the hour of the day.
        const double prior = options_.kind == SeriesKind::Sum ? kPriorWeight : 4 * kPriorWeight;
        const auto weight = static_cast<double>(weeks);
        return (weight * fine + prior * coarse) / (weight + prior);
    }
    [[nodiscard]] std::ptrdiff_t floor_hour(std::ptrdiff_t i) const {
        return static_cast<std::ptrdiff_t>((weekday_ + i) % kHoursOfDay);
    }

    /// The shape and what is expected of every hour, in order: each from those before it.
    void expect() {
        shape_.assign(size(), 1);
        expected_.assign(size(), -1);
        odd_.assign(size(), 0);
        std::vector<double> shaped_before(size() + 1, 0);
        for (std::size_t i = 0; i < size(); ++i) {
            const auto at = static_cast<std::ptrdiff_t>(i);
            if (at >= kHoursOfWeek) {
                shape_[i] = shape_at(at);
                std::array<double, kLevelDays> levels{};
                std::size_t known = 0;
                for (int k = 0; k < kLevelDays; ++k) {
                    const std::size_t end = i - static_cast<std::size_t>(k * kHoursOfDay),
                                      begin = end - static_cast<std::size_t>(kHoursOfDay);
                    const double shaped = shaped_before[end] - shaped_before[begin];
                    if (shaped > 0) levels[known++] = (values_before_[end] - values_before_[begin]) / shaped;
                }
                if (known > 0)
                    expected_[i] = trimmed_mean(std::span(levels).first(known)) * shape_[i] * exposure_[i];
            }
            shaped_before[i + 1] = shaped_before[i] + shape_[i] * exposure_[i];
        }
    }

    /// The hours up to and with i; those found odd by themselves count as expected, else each would be found
    /// again for a day.
    [[nodiscard]] std::optional<Stretch> stretch_at(std::size_t i, int hours) const {
        Stretch stretch;
        double known = 0;
        for (std::size_t k = 0; k < static_cast<std::size_t>(hours) && k <= i; ++k) {
            const std::size_t at = i - k;
            if (expected_[at] < 0 || exposure_[at] <= 0) continue;
            const double value = k > 0 && odd_[at] != 0 ? expected_[at] : value_[at];
            if (options_.kind == SeriesKind::Typical) {
                if (!(value > 0 && expected_[at] > 0)) continue;
                stretch.value += std::log(value);
                stretch.expected += std::log(expected_[at]);
            } else {
                stretch.value += value;
                stretch.expected += expected_[at];
            }
            stretch.of += of_[at];
            known += 1;
        }
        if (known == 0) return std::nullopt;
        if (options_.kind == SeriesKind::Typical) {
            stretch.value = std::exp(stretch.value / known);
            stretch.expected = std::exp(stretch.expected / known);
        }
        return stretch;
    }

    [[nodiscard]] double least_spread() const {
        return options_.kind == SeriesKind::Typical ? 0.02
               : options_.kind == SeriesKind::Share ? 1
                                                    : options_.unit;
    }

    /// The difference in the form in which hours alike vary alike.
    [[nodiscard]] double residual(const Stretch& s) const {
        if (options_.kind == SeriesKind::Typical) return std::log(s.value / s.expected);
        return (s.value - s.expected) / std::sqrt(std::max(s.expected, least_spread()));
    }

    /// How much stretches like this one have varied: of sums the variance over the mean, of times the
    /// standard deviation of their logarithm.
    double spread_at(std::size_t i, int hours, const Stretch& here) {
        auto& past =
            past_[static_cast<std::size_t>(std::ranges::find(kStretches, hours) - kStretches.begin())];
        while (past.upto < i) {
            const std::size_t at = past.upto++;
            const bool known = expected_[at] >= 0 && exposure_[at] > 0;
            if (const auto s = known ? stretch_at(at, hours) : std::nullopt)
                past.add({options_.kind == SeriesKind::Typical ? s->of : s->expected, std::abs(residual(*s)),
                          s->value, at});
        }
        const double like = options_.kind == SeriesKind::Typical ? here.of : here.expected;
        const std::size_t oldest = i > static_cast<std::size_t>(kWeeks * kHoursOfWeek)
                                       ? i - static_cast<std::size_t>(kWeeks * kHoursOfWeek)
                                       : 0;
        past.forget_before(oldest);
        std::vector<double> far, events;
        const auto alike = past.alike(like);
        for (const std::size_t one : alike) {
            far.push_back(past.known[one].distance);
            if (past.known[one].value > 0) events.push_back(past.known[one].value);
        }
        const auto rank = [](std::vector<double>& values, double share) {
            const auto at = std::min(values.size() - 1,
                                     static_cast<std::size_t>(share * static_cast<double>(values.size())));
            std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(at));
            return values[at];
        };
        // As of a normal distribution by its middle, and by its flank, which is the greater one where tails
        // are heavy; up to one odd hour in twenty does not move it.
        const double sd = far.empty() ? 0 : std::max(rank(far, 0.5) * 1.4826, rank(far, 0.95) / 1.96);
        if (options_.kind == SeriesKind::Typical) return std::max(least_spread(), sd);
        // Where mostly nothing is, the middle and the flank are of hours without anything: what comes, if it
        // comes, says how large an event is.
        const bool rare = !events.empty() && events.size() * 3 < alike.size();
        return std::max({least_spread(), sd * sd, rare ? rank(events, 0.75) : 0.0});
    }

    [[nodiscard]] double score_of(const Stretch& s, double spread) const {
        if (options_.kind == SeriesKind::Typical) return std::log(s.value / s.expected) / spread;
        // Of an hour of which nothing is expected, half an event is: it may happen.
        return deviance(s.value / spread, std::max(s.expected / spread, 0.05));
    }

    /// What the hour could have been without a score beyond the threshold.
    void bounds(const Stretch& s, double spread, Judgement& judged) const {
        const auto edge = [&](double inside, double outside) {
            for (int step = 0; step < 60; ++step) {
                const double middle = (inside + outside) / 2;
                const bool odd =
                    std::abs(score_of({middle, s.expected, s.of}, spread)) >= options_.threshold &&
                    far(middle, s.expected);
                (odd ? outside : inside) = middle;
            }
            return inside;
        };
        double beyond = std::max(s.expected, spread);
        while (std::abs(score_of({beyond, s.expected, s.of}, spread)) < options_.threshold ||
               !far(beyond, s.expected))
            beyond *= 2;
        judged.high = edge(s.expected, beyond);
        const double nothing = options_.kind == SeriesKind::Typical ? s.expected * 1e-6 : 0;
        const bool can_be_low = std::abs(score_of({nothing, s.expected, s.of}, spread)) >= options_.threshold;
        judged.low = can_be_low ? edge(s.expected, nothing) : 0;
    }

    struct Past {
        struct Stretch {
            double size, distance, value;
            std::size_t at;
        };
        std::vector<Stretch> known;
        std::size_t upto = 0;

        void add(const Stretch& stretch) {
            if (!std::isfinite(stretch.size)) return;  // has no place in an order
            known.push_back(stretch);
            by_size_.insert(place_of(stretch.size, known.size() - 1), known.size() - 1);
        }
        void forget_before(std::size_t at) {
            for (; first_ < known.size() && known[first_].at < at; ++first_)
                by_size_.erase(place_of(known[first_].size, first_));
        }
        /// The kAlike of them whose sizes are nearest.
        [[nodiscard]] std::vector<std::size_t> alike(double size) const {
            std::vector<std::size_t> nearest;
            auto above = std::ranges::lower_bound(by_size_, size, {},
                                                  [this](std::size_t one) { return known[one].size; });
            auto below = above;
            while (nearest.size() < kAlike && (below != by_size_.begin() || above != by_size_.end())) {
                const bool larger = below == by_size_.begin() ||
                                    (above != by_size_.end() &&
                                     known[*above].size - size < size - known[*std::prev(below)].size);
                nearest.push_back(larger ? *above++ : *--below);
            }
            return nearest;
        }

      private:
        [[nodiscard]] std::vector<std::size_t>::iterator place_of(double size, std::size_t index) {
            return std::ranges::lower_bound(by_size_, std::pair(size, index), {}, [this](std::size_t one) {
                return std::pair(known[one].size, one);
            });
        }

        std::vector<std::size_t> by_size_;  // of `known`, from first_ on
        std::size_t first_ = 0;
    };

    AnomalyOptions options_;
    std::int64_t weekday_ = 0;  // the local hour, since 1970, of the first
    std::vector<double> value_, of_, exposure_, values_before_, exposure_before_, shape_, expected_;
    std::vector<char> odd_;
    std::array<Past, kStretches.size()> past_;
};

}  // namespace

std::string_view to_string(Verdict verdict) {
    switch (verdict) {
        case Verdict::Learning:
            return "learning";
        case Verdict::Usual:
            return "usual";
        case Verdict::High:
            return "high";
        case Verdict::Low:
            break;
    }
    return "low";
}

std::vector<Judgement> judge(std::span<const Hour> series, const calendar::Zone& zone,
                             const AnomalyOptions& options, std::optional<Timestamp> from) {
    std::vector<Judgement> judgements;
    if (series.empty()) return judgements;
    const std::int64_t last = series.back().begin.unix_nanos;
    const std::int64_t asked = std::max(from.value_or(series.front().begin), series.front().begin).unix_nanos;
    series = series.subspan(static_cast<std::size_t>(
        std::ranges::lower_bound(series, asked - kAnomalyHistoryDays * kDay, {},
                                 [](const Hour& hour) { return hour.begin.unix_nanos; }) -
        series.begin()));
    Series prepared(series, zone, options);
    std::size_t known = 0;
    for (std::int64_t at = series.front().begin.unix_nanos; at <= last; at += kHour) {
        while (known < series.size() && series[known].begin.unix_nanos < at) ++known;
        // Whether an hour was odd by itself matters to the stretches of the day behind it.
        if (at < asked - kDay) continue;
        Judgement judged = prepared.judge_hour(prepared.index(zone, zone.at(at)));
        if (at < asked) continue;
        judged.begin = zone.at(at);
        const bool there = known < series.size() && series[known].begin.unix_nanos == at;
        if (options.kind == SeriesKind::Sum) judged.value = there ? series[known].value : 0;
        judgements.push_back(judged);
    }
    return judgements;
}

std::vector<Anomaly> anomalies(std::span<const Judgement> judgements, SeriesKind kind) {
    std::vector<Anomaly> found;
    std::size_t last = 0;  // index behind the last odd hour
    for (std::size_t i = 0; i < judgements.size(); ++i) {
        const Judgement& judged = judgements[i];
        if (judged.verdict != Verdict::High && judged.verdict != Verdict::Low) continue;
        const bool goes_on = !found.empty() && found.back().verdict == judged.verdict && i - last <= 2;
        if (!goes_on) {
            found.push_back({judged.begin, judged.begin, judged.verdict, 0, 0, 0});
            last = i;
        }
        Anomaly& anomaly = found.back();
        anomaly.to = {judged.begin.unix_nanos + kHour, judged.begin.offset_minutes};
        const bool peak = std::abs(judged.score) > std::abs(anomaly.score);
        if (peak) anomaly.score = judged.score;
        if (kind == SeriesKind::Sum) {
            for (std::size_t k = last; k <= i; ++k) {
                anomaly.value += judgements[k].value.value_or(0);
                anomaly.expected += judgements[k].expected.value_or(0);
            }
        } else if (peak) {
            anomaly.value = judged.value.value_or(0);
            anomaly.expected = judged.expected.value_or(0);
        }
        last = i + 1;
    }
    return found;
}

}  // namespace steno::analysis
