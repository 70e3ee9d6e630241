#include "inference/bootstrap.hpp"

#include "inference/distributions.hpp"
#include "inference/draws.hpp"
#include "inference/quantiles.hpp"
#include "inference/sample.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <vector>

namespace steno::inference {

namespace {

constexpr std::uint64_t kJackknifed = 500;  // parts that are left out, one at a time

Result<void> check(std::uint64_t rows, const BootstrapOptions& options) {
    STENO_TRY(check_confidence(options.confidence));
    if (options.resamples < 100 || options.resamples > 100'000)
        return fail(Code::InvalidArgument,
                    fmt::format("100 to 100,000 resamples, not {}.", options.resamples), "Usual is 2000.");
    if (rows == 0) return fail_without_values();
    if (rows == 1)
        return fail(Code::FailedPrecondition, "One value does not say how it varies.",
                    "Choose a longer time.");
    if (rows > kMostRows)
        return fail(Code::InvalidArgument, fmt::format("{} rows are more than {}.", rows, kMostRows));
    return {};
}

/// One sample and what is said of it. `sign`: what its change does to the whole.
struct Side {
    std::uint64_t rows;
    const Statistic& statistic;
    double sign;

    [[nodiscard]] std::uint64_t drawn() const { return std::min<std::uint64_t>(rows, kMostDrawn); }

    [[nodiscard]] double of_all() const {
        std::vector<std::uint32_t> all(rows);
        std::iota(all.begin(), all.end(), 0U);
        return statistic(all);
    }

    [[nodiscard]] double of_resample(Draws& draws, std::vector<std::uint32_t>& scratch) const {
        scratch.resize(drawn());
        for (std::uint32_t& row : scratch) row = static_cast<std::uint32_t>(draws.below(rows));
        return statistic(scratch);
    }
};

/// What BCa's acceleration is made of, for each sample: Σ(U/n)³ and Σ(U/n)², U = (n - 1)(θ̄ - θ_i), θ_i being
/// without row i. Of many rows with parts left out instead, which are as skewed for their number as rows are
/// for theirs. Absent: without some row nothing is said.
struct Skew {
    double cubes = 0, squares = 0;
};
std::optional<Skew> skew(const Side& side) {
    const std::uint64_t parts = std::min(side.rows, kJackknifed);
    std::vector<double> without(parts);
    std::vector<std::uint32_t> kept;
    for (std::uint64_t part = 0; part < parts; ++part) {
        kept.clear();
        // Every parts-th row, so that rows that came after each other are spread over all parts.
        for (std::uint64_t row = 0; row < side.rows; ++row)
            if (row % parts != part) kept.push_back(static_cast<std::uint32_t>(row));
        without[part] = side.statistic(kept);
        if (!std::isfinite(without[part])) return std::nullopt;
    }
    const double n = static_cast<double>(parts);
    const double mean = std::accumulate(without.begin(), without.end(), 0.0) / n;
    Skew found;
    for (const double value : without) {
        const double u = side.sign * (n - 1) * (mean - value) / n;
        found.cubes += u * u * u;
        found.squares += u * u;
    }
    return found;
}

double quantile_linear(std::span<const double> sorted, double q) {
    const double place = q * static_cast<double>(sorted.size() - 1), floor = std::floor(place);
    const auto at = static_cast<std::size_t>(floor);
    return at + 1 < sorted.size() ? std::lerp(sorted[at], sorted[at + 1], place - floor) : sorted.back();
}

/// Which quantile of the draws is an interval's bound: of the percentile interval that of the normal
/// distribution itself, of BCa's one that is moved.
struct Correction {
    double bias = 0, acceleration = 0;

    /// The share of draws below the bound that is at z, and back.
    [[nodiscard]] double level(double z) const {
        return normal_cdf(bias + (bias + z) / (1 - acceleration * (bias + z)));
    }
    [[nodiscard]] double z_of(double level) const {
        const double moved = normal_quantile(level) - bias, by = 1 + acceleration * moved;
        if (by <= 0) return moved < 0 ? -INFINITY : INFINITY;  // no bound reaches so far
        return moved / by - bias;
    }
};

/// Absent: the draws are all on one side of the estimate, or the correction has no bounds.
std::optional<Correction> bca(std::span<const double> sorted, double estimate, double acceleration,
                              double confidence) {
    const auto [first, last] = std::ranges::equal_range(sorted, estimate);
    const double below = static_cast<double>(first - sorted.begin()),
                 to = static_cast<double>(last - sorted.begin());
    const double share = (below + to) / (2 * static_cast<double>(sorted.size()));
    if (!(share > 0 && share < 1)) return std::nullopt;
    const double bias = normal_quantile(share), z = normal_reach(confidence);
    if (acceleration * (bias + z) >= 1 || acceleration * (bias - z) >= 1) return std::nullopt;
    return Correction{bias, acceleration};
}

/// The level at which a bound is 0; the highest or the lowest one, where several are.
double level_of_0(std::span<const double> sorted, bool highest) {
    const auto [first, last] = std::ranges::equal_range(sorted, 0.0);
    const double count = static_cast<double>(sorted.size());
    const auto at = highest ? last : first;
    double place = highest ? -1 : 0;  // as in quantile_linear
    if (at == sorted.end()) {
        place = highest ? count - 1 : count;
    } else if (at != sorted.begin()) {
        place = static_cast<double>(at - sorted.begin()) - *at / (*at - *(at - 1));
    }
    return std::clamp(place / (count - 1), 1 / (count + 1), count / (count + 1));
}

/// The least α for which the bound between the estimate and 0 does not reach 0.
double p_value(std::span<const double> sorted, double estimate, const Correction& correction) {
    if (estimate == 0) return 1;
    const double z = correction.z_of(level_of_0(sorted, estimate > 0));
    return std::clamp(2 * normal_cdf(estimate > 0 ? z : -z), 2 / static_cast<double>(sorted.size() + 1), 1.0);
}

Result<Bootstrapped> run(std::span<const Side> sides, const BootstrapOptions& options) {
    Bootstrapped found;
    bool smaller = false;
    std::vector<double> of_all;
    for (const Side& side : sides) {
        STENO_TRY(check(side.rows, options));
        of_all.push_back(side.of_all());
        if (!std::isfinite(of_all.back()))
            return fail(Code::FailedPrecondition, "These values do not give the figure that is asked for.",
                        "A share of nothing has none: choose a longer time.");
        found.estimate += side.sign * of_all.back();
        found.drawn = std::max(found.drawn, static_cast<std::uint32_t>(side.drawn()));
        smaller = smaller || side.drawn() < side.rows;
    }

    Draws draws(options.seed);
    std::vector<std::uint32_t> scratch;
    std::vector<double> drawn;
    drawn.reserve(options.resamples);
    for (std::uint32_t i = 0; i < options.resamples; ++i) {
        double value = found.estimate;
        for (std::size_t s = 0; s < sides.size(); ++s) {
            const Side& side = sides[s];
            const double size = static_cast<double>(side.drawn()) / static_cast<double>(side.rows);
            value += side.sign * (side.of_resample(draws, scratch) - of_all[s]) * std::sqrt(size);
        }
        if (std::isfinite(value)) drawn.push_back(value);
    }
    found.resamples = static_cast<std::uint32_t>(drawn.size());
    if (drawn.size() * 100 < std::size_t{options.resamples} * 99)
        return fail(
            Code::FailedPrecondition,
            fmt::format("{} of {} resamples do not give the figure that is asked for: too few values are "
                        "above 0 below the line.",
                        options.resamples - found.resamples, options.resamples),
            "Choose a longer time.");
    std::ranges::sort(drawn);
    // Without squares of differences from 0, which would lose a small spread far out.
    double mean = 0, squares = 0, count = 0;
    for (const double value : drawn) {
        const double apart = value - mean;
        mean += apart / ++count;
        squares += apart * (value - mean);
    }
    found.standard_error = std::sqrt(squares / (count - 1));

    Correction correction;
    found.kind = BootstrapInterval::Percentile;
    if (options.kind == BootstrapInterval::Bca && !smaller && found.standard_error > 0) {
        Skew all;
        bool known = true;
        for (const Side& side : sides) {
            const auto one = skew(side);
            known = known && one.has_value();
            if (one) all.cubes += one->cubes, all.squares += one->squares;
        }
        const double acceleration = all.squares > 0 ? all.cubes / (6 * std::pow(all.squares, 1.5)) : 0;
        const auto corrected =
            known ? bca(drawn, found.estimate, acceleration, options.confidence) : std::nullopt;
        if (corrected) {
            correction = *corrected;
            found.kind = BootstrapInterval::Bca;
        }
    }
    const double z = normal_reach(options.confidence);
    found.interval = {quantile_linear(drawn, correction.level(-z)),
                      quantile_linear(drawn, correction.level(z))};
    if (sides.size() == 2) found.p_value = p_value(drawn, found.estimate, correction);
    return found;
}

}  // namespace

std::string_view to_string(BootstrapInterval kind) {
    return kind == BootstrapInterval::Percentile ? "percentile" : "bca";
}

Statistic mean_of(std::span<const double> column) {
    return [column](std::span<const std::uint32_t> rows) {
        double sum = 0;
        for (const std::uint32_t row : rows) sum += column[row];
        return sum / static_cast<double>(rows.size());
    };
}

Statistic ratio_of_sums(std::span<const double> above, std::span<const double> below) {
    return [above, below](std::span<const std::uint32_t> rows) {
        double top = 0, bottom = 0;
        for (const std::uint32_t row : rows) top += above[row], bottom += below[row];
        return top / bottom;
    };
}

Statistic quantile_of(std::span<const double> column, double q) {
    return [column, q](std::span<const std::uint32_t> rows) {
        std::vector<double> values;
        values.reserve(rows.size());
        for (const std::uint32_t row : rows) values.push_back(column[row]);
        const auto at = values.begin() + static_cast<std::ptrdiff_t>(quantile_rank(values.size(), q) - 1);
        std::ranges::nth_element(values, at);
        return *at;
    };
}

Result<Bootstrapped> bootstrap(std::uint64_t rows, const Statistic& statistic,
                               const BootstrapOptions& options) {
    return run(std::vector<Side>{{rows, statistic, 1}}, options);
}

Result<Bootstrapped> bootstrap_difference(std::uint64_t rows_a, const Statistic& a, std::uint64_t rows_b,
                                          const Statistic& b, const BootstrapOptions& options) {
    return run(std::vector<Side>{{rows_a, a, -1}, {rows_b, b, 1}}, options);
}

}  // namespace steno::inference
