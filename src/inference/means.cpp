#include "inference/means.hpp"

#include "inference/distributions.hpp"

#include <cmath>

namespace steno::inference {

Result<std::optional<Interval>> mean_interval(const Moments& sample, double confidence) {
    STENO_TRY(check(sample));
    STENO_TRY(check_confidence(confidence));
    if (sample.variance() <= 0) return std::nullopt;
    const double n = static_cast<double>(sample.count()),
                 reach = student_reach(confidence, n - 1) * std::sqrt(sample.variance() / n);
    return Interval{sample.mean() - reach, sample.mean() + reach};
}

Result<MeanComparison> compare_means(const Moments& a, const Moments& b, double confidence) {
    STENO_TRY(check(a));
    STENO_TRY(check(b));
    STENO_TRY(check_confidence(confidence));
    MeanComparison found;
    found.a = a.mean();
    found.b = b.mean();
    found.difference = found.b - found.a;
    if (found.a > 0 && found.b > 0) found.relative = found.difference / found.a;

    const double na = static_cast<double>(a.count()), nb = static_cast<double>(b.count());
    const double squares = a.squared_deviations() + b.squared_deviations();
    if (squares > 0 && na + nb > 2) {
        const double degrees = na + nb - 2;
        found.cohens_d = found.difference / std::sqrt(squares / degrees);
        // Γ of one has a pole at 0: of three values there is no correction without bias.
        if (degrees > 1)
            found.hedges_g = *found.cohens_d *
                             std::exp(log_gamma(degrees / 2) - log_gamma((degrees - 1) / 2)) /
                             std::sqrt(degrees / 2);
    }
    if (squares <= 0 || a.count() < 2 || b.count() < 2) return found;

    const double va = a.variance() / na, vb = b.variance() / nb, both = va + vb;
    if (both <= 0) return found;  // less than the smallest double
    // By their shares of the sum, so that neither very small nor very large variances leave a double.
    const double fa = va / both, fb = vb / both;
    WelchTest& welch = found.welch.emplace();
    welch.degrees = 1 / (fa * fa / (na - 1) + fb * fb / (nb - 1));
    const double error = std::sqrt(both), reach = student_reach(confidence, welch.degrees);
    welch.t = found.difference / error;
    welch.p_value = student_two_sided(welch.t, welch.degrees);
    welch.interval = {found.difference - reach * error, found.difference + reach * error};

    if (found.relative) {
        const double ratio = found.b / found.a, g = reach * reach * (va / found.a / found.a);
        if (g < 1) {
            const double root = reach / found.a * std::sqrt(vb * (1 - g) + ratio * ratio * va);
            found.relative_interval = Interval{(ratio - root) / (1 - g) - 1, (ratio + root) / (1 - g) - 1};
        }
    }
    return found;
}

}  // namespace steno::inference
