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

Result<std::optional<SequentialComparison>> compare_means_sequence(const Moments& a, const Moments& b,
                                                                   const SequentialOptions& options) {
    STENO_TRY(check_confidence(options.confidence));
    if (!(options.planned >= 1 && options.planned <= 1e15))
        return fail(Code::InvalidArgument, fmt::format("{} values cannot be planned.", options.planned));
    if (a.count() < kLeastForMeans || b.count() < kLeastForMeans) return std::nullopt;
    const double na = static_cast<double>(a.count()), nb = static_cast<double>(b.count());
    const double error = std::sqrt(a.variance() / na + b.variance() / nb);
    if (error <= 0) return std::nullopt;

    const double alpha = 1 - options.confidence, twice = -2 * std::log(alpha);
    const double scaled = (na + nb) * (twice + std::log(twice) + 1) / options.planned;  // N ρ²
    const double log_root = std::log1p(scaled) / 2;
    const double reach = error * std::sqrt(2 * (scaled + 1) / scaled * (log_root - std::log(alpha)));

    SequentialComparison found;
    found.a = a.mean();
    found.b = b.mean();
    found.difference = found.b - found.a;
    found.interval = {found.difference - reach, found.difference + reach};
    // The α at which the interval ends at 0.
    const double z = found.difference / error;
    found.p_value = std::min(1.0, std::exp(log_root - z * z * scaled / (2 * (scaled + 1))));
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

}  // namespace steno::inference
