#pragma once

#include "inference/interval.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

/// The bootstrap (Efron 1979, Annals of Statistics 7; Efron and Tibshirani 1993, An Introduction to the
/// Bootstrap): an interval for whatever can be computed from rows, by computing it again from rows that are
/// drawn, with replacement, from those that were seen. For what has no formula: cost per accepted answer,
/// tokens per second, means of skewed money. Percentiles of many values have a faster one in quantiles.hpp.
namespace steno::inference {

/// What the rows of these numbers say, a number occurring as often as the row was drawn. Any columns can
/// stand behind it. NaN or infinity: they say nothing (all divisors 0); it must not throw, and not keep
/// anything.
using Statistic = std::function<double(std::span<const std::uint32_t> rows)>;

/// Three usual ones. Their columns must outlive them, and have every row that is drawn from.
Statistic mean_of(std::span<const double> column);
Statistic ratio_of_sums(std::span<const double> above, std::span<const double> below);
Statistic quantile_of(std::span<const double> column, double q);  ///< the ⌈n q⌉-th value, as in quantiles.hpp

enum class BootstrapInterval : std::uint8_t {
    /// From the α/2 to the 1 - α/2 quantile of what was drawn.
    Percentile,
    /// Bias-corrected and accelerated (Efron 1987, JASA 82): those quantiles moved to Φ(z₀ + (z₀ + z) / (1 -
    /// a (z₀ + z))), with z₀ from the share of draws below the estimate and a, from the jackknife, from how
    /// skewed the rows are. As SciPy has it, for two samples too.
    Bca,
};
std::string_view to_string(BootstrapInterval kind);  ///< "percentile", "bca"

struct BootstrapOptions {
    double confidence = kConfidence;
    BootstrapInterval kind = BootstrapInterval::Bca;
    std::uint32_t resamples = 2000;  ///< 100 to 100,000
    std::uint64_t seed = 1;
};

/// From this many rows of a sample on, a resample has only so many, and what it deviates is made smaller by
/// √(drawn / rows): the m out of n bootstrap (Bickel, Götze and van Zwet 1997, Statistica Sinica 7), which is
/// right for what varies as 1/√n, as means, ratios and percentiles do. So the time hardly grows with the rows
/// (docs/benchmarks.md has it). Its interval is of percentiles: at this size there is nothing left to
/// correct.
inline constexpr std::uint32_t kMostDrawn = 5'000;
/// The most rows of a sample; the numbers of all of them take four bytes each.
inline constexpr std::uint64_t kMostRows = 50'000'000;

struct Bootstrapped {
    double estimate = 0;  ///< of all rows
    Interval interval;
    double standard_error = 0;
    BootstrapInterval kind = BootstrapInterval::Bca;  ///< which it is: Percentile where a resample is smaller
    std::uint32_t resamples = 0;                      ///< that said something; the interval is of these
    std::uint32_t drawn = 0;                          ///< rows in each, of the larger sample
};

/// Of one sample of `rows` rows. FailedPrecondition: fewer than two rows; all rows together say nothing, or
/// more than one resample in a hundred does; the message says so. InvalidArgument: options out of bounds.
Result<Bootstrapped> bootstrap(std::uint64_t rows, const Statistic& statistic,
                               const BootstrapOptions& options = {});

/// Of the difference b - a of two samples, each drawn from for itself.
Result<Bootstrapped> bootstrap_difference(std::uint64_t rows_a, const Statistic& a, std::uint64_t rows_b,
                                          const Statistic& b, const BootstrapOptions& options = {});

}  // namespace steno::inference
