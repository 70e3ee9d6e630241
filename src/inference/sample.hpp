#pragma once

#include "base/error.hpp"

#include <cstdint>
#include <span>
#include <vector>

/// What was measured, as the comparisons take it: as sums, which a database can make, or as the values in
/// order. What cannot be compared (no value, NaN, infinity) is refused here, once.
namespace steno::inference {

/// Values further from 0 are refused: their squares would leave what a double holds.
inline constexpr double kLargestValue = 1e100;

/// No values: FailedPrecondition, in the same words everywhere.
std::unexpected<Error> fail_without_values();

/// Count, mean and squared deviations: all that a comparison of means needs.
class Moments {
  public:
    /// Of a count, a mean and a variance with n - 1 below (VAR_SAMP of SQL; 0 of a single value).
    /// FailedPrecondition: count 0; InvalidArgument: not finite, too large, or the variance below 0.
    static Result<Moments> of(std::uint64_t count, double mean, double variance);

    /// Of values in any order. In blocks of two passes each, joined by the formula of Chan, Golub and LeVeque
    /// (1979), so that a small spread far from 0 is not lost.
    static Result<Moments> of(std::span<const double> values);

    [[nodiscard]] std::uint64_t count() const { return count_; }
    [[nodiscard]] double mean() const { return mean_; }
    /// Squared deviations from the mean over n - 1; 0 of a single value, which says nothing of it.
    [[nodiscard]] double variance() const;
    [[nodiscard]] double squared_deviations() const { return squares_; }

    /// As if the values of the other had been among these.
    void add(const Moments& other);
    /// As if `value` had been measured `times` times more. For values that are known to be finite.
    void add(double value, std::uint64_t times = 1);

    Moments() = default;  ///< of nothing yet: only to add to

  private:
    std::uint64_t count_ = 0;
    double mean_ = 0;
    double squares_ = 0;
};

/// FailedPrecondition: nothing was added.
Result<void> check(const Moments& moments);

/// Values in ascending order, with their moments. Sorted when it is made (a million values take a tenth of a
/// second); every comparison after that reads it once at most a few dozen times.
class Sample {
  public:
    /// FailedPrecondition: no values. InvalidArgument: one of them is NaN, infinite or beyond kLargestValue;
    /// the message says which.
    static Result<Sample> of(std::vector<double> values);

    [[nodiscard]] std::span<const double> sorted() const { return values_; }
    [[nodiscard]] std::uint64_t count() const { return values_.size(); }
    [[nodiscard]] const Moments& moments() const { return moments_; }

  private:
    std::vector<double> values_;
    Moments moments_;
};

}  // namespace steno::inference
