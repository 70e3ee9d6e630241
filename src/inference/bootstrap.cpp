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

/// Which quantiles of the draws the bounds are. Absent: the draws are all on one side of the estimate.
std::optional<Interval> bca_levels(std::span<const double> sorted, double estimate, double acceleration,
                                   double confidence) {
    const auto [first, last] = std::ranges::equal_range(sorted, estimate);
    const double below = static_cast<double>(first - sorted.begin()),
                 to = static_cast<double>(last - sorted.begin());
    const double share = (below + to) / (2 * static_cast<double>(sorted.size()));
    if (!(share > 0 && share < 1)) return std::nullopt;
    const double bias = normal_quantile(share), z = normal_reach(confidence);
    const auto moved = [&](double at) {
        return normal_cdf(bias + (bias + at) / (1 - acceleration * (bias + at)));
    };
    if (acceleration * (bias + z) >= 1 || acceleration * (bias - z) >= 1) return std::nullopt;
    return Interval{moved(-z), moved(z)};
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

    Interval levels{(1 - options.confidence) / 2, (1 + options.confidence) / 2};
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
        const auto moved =
            known ? bca_levels(drawn, found.estimate, acceleration, options.confidence) : std::nullopt;
        if (moved) {
            levels = *moved;
            found.kind = BootstrapInterval::Bca;
        }
    }
    found.interval = {quantile_linear(drawn, levels.low), quantile_linear(drawn, levels.high)};
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
