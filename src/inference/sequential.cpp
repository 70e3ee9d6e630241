#include "inference/sequential.hpp"

#include "inference/distributions.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace steno::inference {

namespace {

constexpr int kHalvings = 44;  // of an interval of length 2: to 1e-13

Result<void> check(const BoundedSum& sample) {
    if (sample.sum >= 0 && sample.sum <= static_cast<double>(sample.count)) return {};
    return fail(Code::InvalidArgument,
                fmt::format("{} values from 0 to 1 cannot have the sum {}.", sample.count, sample.sum));
}

/// times × ln(p), nothing times anything being nothing.
double log_power(double p, double times) {
    return times > 0 ? times * std::log(p) : 0;
}

/// The logarithms that E(p) is made of, for one sample.
class Evidence {
  public:
    explicit Evidence(const BoundedSum& sample)
        : ones_(sample.sum),
          zeros_(static_cast<double>(sample.count) - sample.sum),
          mixture_(log_beta(0.5 + ones_, 0.5 + zeros_) - log_beta(0.5, 0.5)) {}

    [[nodiscard]] double mean() const { return ones_ / (ones_ + zeros_); }
    [[nodiscard]] double mixture() const { return mixture_; }
    [[nodiscard]] double likelihood(double p) const { return log_power(p, ones_) + log_power(1 - p, zeros_); }
    /// Its derivative; infinite at 0 and 1 where values stand against them.
    [[nodiscard]] double slope(double p) const {
        return (ones_ > 0 ? ones_ / p : 0) - (zeros_ > 0 ? zeros_ / (1 - p) : 0);
    }

  private:
    double ones_, zeros_, mixture_;
};

/// Where `refused` begins between `inside`, which is not refused, and `outside`; a little outside of it.
template <class Refused>
double boundary(double inside, double outside, const Refused& refused) {
    if (!refused(outside)) return outside;
    for (int i = 0; i < kHalvings; ++i) {
        const double middle = (inside + outside) / 2;
        (refused(middle) ? outside : inside) = middle;
    }
    return outside;
}

/// The greatest likelihood of both with means p and p + d: its logarithm is concave in p.
double likelihood_apart(const Evidence& a, const Evidence& b, double d) {
    double low = std::max(0.0, -d), high = std::min(1.0, 1 - d);
    for (int i = 0; i < kHalvings && low < high; ++i) {
        const double middle = (low + high) / 2;
        (a.slope(middle) + b.slope(middle + d) > 0 ? low : high) = middle;
    }
    const double p = (low + high) / 2;
    return a.likelihood(p) + b.likelihood(std::clamp(p + d, 0.0, 1.0));
}

/// Where both means are the same, the likelihood is greatest at the mean of all.
double same_mean_p(const Evidence& of_a, const Evidence& of_b, const BoundedSum& a, const BoundedSum& b) {
    const double pooled = (a.sum + b.sum) / (static_cast<double>(a.count) + static_cast<double>(b.count));
    return std::min(
        1.0, std::exp(of_a.likelihood(pooled) + of_b.likelihood(pooled) - of_a.mixture() - of_b.mixture()));
}

}  // namespace

Result<Interval> bounded_mean_sequence(const BoundedSum& sample, double confidence) {
    STENO_TRY(check(sample));
    STENO_TRY(check_confidence(confidence));
    if (sample.count == 0) return Interval{0, 1};
    const Evidence evidence(sample);
    const double bound = -std::log(1 - confidence), mean = evidence.mean();
    const auto refused = [&](double p) { return evidence.mixture() - evidence.likelihood(p) >= bound; };
    return Interval{boundary(mean, 0, refused), boundary(mean, 1, refused)};
}

Result<std::optional<SequentialComparison>> compare_bounded_sequence(const BoundedSum& a, const BoundedSum& b,
                                                                     double confidence) {
    STENO_TRY(check(a));
    STENO_TRY(check(b));
    STENO_TRY(check_confidence(confidence));
    if (a.count == 0 || b.count == 0) return std::nullopt;
    const Evidence of_a(a), of_b(b);
    const double mixture = of_a.mixture() + of_b.mixture(), bound = -std::log(1 - confidence);

    SequentialComparison found;
    found.a = a.mean();
    found.b = b.mean();
    found.difference = found.b - found.a;
    const auto refused = [&](double d) { return mixture - likelihood_apart(of_a, of_b, d) >= bound; };
    found.interval = {boundary(found.difference, -1, refused), boundary(found.difference, 1, refused)};
    found.p_value = same_mean_p(of_a, of_b, a, b);
    return found;
}

Result<double> same_mean_sequence(const BoundedSum& a, const BoundedSum& b) {
    STENO_TRY(check(a));
    STENO_TRY(check(b));
    if (a.count == 0 || b.count == 0) return 1.0;
    return same_mean_p(Evidence(a), Evidence(b), a, b);
}

Result<void> check(const SequentialOptions& options) {
    STENO_TRY(check_confidence(options.confidence));
    if (options.planned >= 1 && options.planned <= 1e15) return {};
    return fail(Code::InvalidArgument, fmt::format("{} values cannot be planned.", options.planned));
}

namespace {

/// N ρ².
double scaled_by(double values, const SequentialOptions& options) {
    const double twice = -2 * std::log(1 - options.confidence);
    return values * (twice + std::log(twice) + 1) / options.planned;
}

}  // namespace

double sequence_reach(double values, const SequentialOptions& options) {
    const double scaled = scaled_by(values, options);
    return std::sqrt(2 * (scaled + 1) / scaled * (std::log1p(scaled) / 2 - std::log(1 - options.confidence)));
}

SequentialComparison sequence_of(double difference, double error, double values,
                                 const SequentialOptions& options) {
    const double reach = error * sequence_reach(values, options);
    SequentialComparison found;
    found.difference = difference;
    found.interval = {difference - reach, difference + reach};
    // The α at which the interval ends at 0.
    const double scaled = scaled_by(values, options), z = difference / error;
    found.p_value = std::min(1.0, std::exp(std::log1p(scaled) / 2 - z * z * scaled / (2 * (scaled + 1))));
    return found;
}

Result<std::optional<SequentialComparison>> compare_means_sequence(const Moments& a, const Moments& b,
                                                                   const SequentialOptions& options) {
    STENO_TRY(check(options));
    if (a.count() < kLeastForMeans || b.count() < kLeastForMeans) return std::nullopt;
    const double na = static_cast<double>(a.count()), nb = static_cast<double>(b.count());
    const double error = std::sqrt(a.variance() / na + b.variance() / nb);
    if (error <= 0) return std::nullopt;
    SequentialComparison found = sequence_of(b.mean() - a.mean(), error, na + nb, options);
    found.a = a.mean();
    found.b = b.mean();
    return found;
}

std::string_view to_string(Verdict verdict) {
    switch (verdict) {
        case Verdict::Open:
            return "open";
        case Verdict::Higher:
            return "higher";
        case Verdict::Lower:
            return "lower";
        case Verdict::Negligible:
            return "negligible";
    }
    return "open";
}

Verdict verdict(const Interval& difference, double margin) {
    if (difference.low > 0) return Verdict::Higher;
    if (difference.high < 0) return Verdict::Lower;
    return difference.low > -margin && difference.high < margin ? Verdict::Negligible : Verdict::Open;
}

namespace {

/// The least number of times for which `settled(times)`, which is then so for all that are more.
template <class Settled>
std::optional<double> least_times(const Settled& settled) {
    double low = 1, high = 1;
    while (!settled(high)) {
        low = high;
        high *= 2;
        if (high > kMostTimes) return std::nullopt;
    }
    while (high - low > 1e-3 * high) {
        const double middle = (low + high) / 2;
        (settled(middle) ? high : low) = middle;
    }
    return high;
}

}  // namespace

std::optional<double> times_needed(double difference, double error, double values, double margin,
                                   const SequentialOptions& options) {
    const double z = normal_quantile(kPower), size = std::abs(difference);
    return least_times([&](double times) {
        const double reach = (sequence_reach(values * times, options) + z) * error / std::sqrt(times);
        return reach < size || size + reach < margin;
    });
}

Result<std::optional<double>> times_needed(const BoundedSum& a, const BoundedSum& b, double margin,
                                           double confidence) {
    STENO_TRY(check(a));
    STENO_TRY(check(b));
    STENO_TRY(check_confidence(confidence));
    if (a.count == 0 || b.count == 0) return std::nullopt;
    const auto spread = [](const BoundedSum& s) {
        return s.mean() * (1 - s.mean()) / static_cast<double>(s.count);
    };
    const double z = normal_quantile(kPower), error = std::sqrt(spread(a) + spread(b)),
                 difference = b.mean() - a.mean();
    return least_times([&](double times) {
        const auto count = [&](const BoundedSum& s) {
            return static_cast<std::uint64_t>(static_cast<double>(s.count) * times);
        };
        const auto settles = [&](double off) {
            const double mean = std::clamp(b.mean() + off * z * error / std::sqrt(times), 0.0, 1.0);
            const auto found =
                compare_bounded_sequence({a.mean() * static_cast<double>(count(a)), count(a)},
                                         {mean * static_cast<double>(count(b)), count(b)}, confidence);
            return found && *found ? verdict((*found)->interval, margin) : Verdict::Open;
        };
        const double away = difference < 0 ? -1 : 1;
        const Verdict nearer = settles(-away);
        return nearer == (difference < 0 ? Verdict::Lower : Verdict::Higher) ||
               settles(away) == Verdict::Negligible;
    });
}

}  // namespace steno::inference
