#include "inference/fit.hpp"

#include "inference/distributions.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace steno::inference {

Result<FitTest> chi_square_fit(std::span<const std::uint64_t> counts, std::span<const double> expected) {
    double all = 0, meant = 0;
    for (const std::uint64_t count : counts) all += static_cast<double>(count);
    bool above_0 = true;
    for (const double one : expected) {
        above_0 = above_0 && one > 0;
        meant += one;
    }
    if (counts.size() < 2 || counts.size() != expected.size() || !above_0 ||
        !(std::abs(all - meant) <= 1e-6 * all))
        return fail(Code::InvalidArgument,
                    fmt::format("{} counts with the sum {} cannot be held against {} with the sum {}.",
                                counts.size(), all, expected.size(), meant));
    FitTest found;
    found.degrees = static_cast<double>(counts.size() - 1);
    for (std::size_t i = 0; i < counts.size(); ++i) {
        const double off = static_cast<double>(counts[i]) - expected[i];
        found.chi_square += off * off / expected[i];
    }
    found.p_value = chi_square_above(found.chi_square, found.degrees);
    return found;
}

Result<double> fit_sequence(std::span<const std::uint64_t> counts, double log_probability) {
    if (counts.size() < 2 || !(log_probability <= 0) || !std::isfinite(log_probability))
        return fail(Code::InvalidArgument, fmt::format("{} counts with the log probability {} cannot be held "
                                                       "against each other.",
                                                       counts.size(), log_probability));
    const double k = static_cast<double>(counts.size());
    double all = 0, mixture = log_gamma(k / 2) - k * log_gamma(0.5);
    for (const std::uint64_t count : counts) {
        mixture += log_gamma(0.5 + static_cast<double>(count));
        all += static_cast<double>(count);
    }
    mixture -= log_gamma(k / 2 + all);
    return std::min(1.0, std::exp(log_probability - mixture));
}

}  // namespace steno::inference
