#pragma once

#include "inference/interval.hpp"
#include "inference/sample.hpp"
#include "inference/sample_size.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

/// Results that may be looked at at any time, and acted on at once. A test for a sample of fixed size that is
/// looked at again and again "finds" a difference sooner or later: in nearly a third of all experiments
/// without one (sequential_test.cpp). What is here holds at all looks together: the probability that one of
/// these intervals, ever, does not hold the truth is 1 - confidence at most. No look has to be planned;
/// whether to go on, to stop, or to send more calls to one side can be decided from what was seen.
///
/// All of it is computed from sums, so whoever reads the record at a later time finds what was shown then.
namespace steno::inference {

/// Sums of values from 0 to 1: shares (each value 0 or 1), scores, similarities. Other bounded values are to
/// be moved and scaled to that.
struct BoundedSum {
    double sum = 0;
    std::uint64_t count = 0;

    [[nodiscard]] double mean() const { return sum / static_cast<double>(count); }
};

/// The mean of one sample: all p for which the mixture e-process
///   E(p) = B(½ + S, ½ + n - S) / (B(½, ½) p^S (1 - p)^(n - S)),   S = Σ x_i,
/// is below 1/α. For shares this is the beta-binomial mixture (Robbins 1970, Annals of Mathematical
/// Statistics 41; Howard, Ramdas, McAuliffe and Sekhon 2021, Annals of Statistics 49). It holds for all
/// values from 0 to 1, because each factor (q/p)^x ((1-q)/(1-p))^(1-x) is convex in x and so at most 1 in the
/// mean; for values that seldom come near 0 or 1 it is wide. Exact at every n, from the first value on; the
/// values need not be of one distribution, only of this mean given those before. 0 values: 0 to 1.
/// InvalidArgument: a sum below 0 or above the count.
Result<Interval> bounded_mean_sequence(const BoundedSum& sample, double confidence = kConfidence);

struct SequentialComparison {
    double a = 0, b = 0;
    double difference = 0;  ///< b - a
    Interval interval;      ///< of the difference, at every look
    /// Of both being the same: if they are, the probability that it is ever at or below α is α at most.
    double p_value = 1;
};

/// The difference of two such means, by the product of both e-processes: all d for which the least
/// E_a(p) E_b(p + d) over p is below 1/α. However calls are divided between a and b, and when that changes.
/// Exact at every n, and careful: to find ten points (60 against 50 %) it takes about twice as many calls as
/// compare_means_sequence. Absent until both have a value.
Result<std::optional<SequentialComparison>> compare_bounded_sequence(const BoundedSum& a, const BoundedSum& b,
                                                                     double confidence = kConfidence);

/// Only whether both are the same: the p-value of the above, a hundred times as quick. 1 until both have a
/// value.
Result<double> same_mean_sequence(const BoundedSum& a, const BoundedSum& b);

struct SequentialOptions {
    double confidence = kConfidence;
    /// Values of both samples at which the interval is to be narrowest against others of its kind; it must
    /// not depend on what was seen. The method holds whatever it is.
    double planned = 10'000;
};

/// InvalidArgument: a confidence that is none, or `planned` not from 1 to 10^15.
Result<void> check(const SequentialOptions& options);

/// How many standard errors the interval of the sequence below reaches to each side, after as many values:
///   √(2 (N ρ² + 1) / (N ρ²) × ln(√(N ρ² + 1) / α)),   ρ² = (-2 ln α + ln(-2 ln α) + 1) / planned.
/// Whatever is asymptotically normal can be followed with it, if N grows as what is known of it does (as one
/// over its variance). For options that are checked, and values above 0.
double sequence_reach(double values, const SequentialOptions& options = {});

/// What that says of a difference with this standard error: `a` and `b` are left to whoever knows them.
SequentialComparison sequence_of(double difference, double error, double values,
                                 const SequentialOptions& options = {});

/// Below this many values of a sample, nothing is said of means without bounds.
inline constexpr std::uint64_t kLeastForMeans = 100;

/// The difference of two means of any values (money, times), by the asymptotic confidence sequence of
/// Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024, Annals of Statistics 52, theorem 2.2):
///   d ± s × sequence_reach(N),   s² = s_a²/n_a + s_b²/n_b, N = n_a + n_b.
/// Right for many values, as the t test is; what it keeps of its promise with skewed ones from
/// kLeastForMeans on is measured in sequential_test.cpp. The share of calls that goes to each must settle
/// somewhere between none and all. Also for shares, where it is narrower than the exact one.
/// Absent: a sample has fewer than kLeastForMeans values, or nothing varies.
Result<std::optional<SequentialComparison>> compare_means_sequence(const Moments& a, const Moments& b,
                                                                   const SequentialOptions& options = {});

/// What an interval of a difference b - a says to who waits for a result.
enum class Verdict : std::uint8_t {
    Open,        ///< go on
    Higher,      ///< all of it is above 0
    Lower,       ///< all of it is below 0
    Negligible,  ///< it holds 0, and all of it is nearer to 0 than `margin`: b is as good as a
};
std::string_view to_string(Verdict verdict);  ///< "open", "higher", "lower", "negligible"

/// `margin`: a difference that would not matter; 0: every one does. Also right for a limit of a guard: the
/// interval less the limit is above 0 once b is worse than a by more than it.
Verdict verdict(const Interval& difference, double margin = 0);

/// How many times as much as was seen until now would give a verdict other than Open, in kPower of cases, if
/// the difference is as large as it looks: the least t for which the interval of a difference that is nearer
/// to 0 than this one by z_power standard errors leaves out 0 (or, of one that much further from it, lies
/// within the margin). A figure to plan with. Absent: more than kMostTimes.
inline constexpr double kMostTimes = 1e6;
std::optional<double> times_needed(double difference, double error, double values, double margin,
                                   const SequentialOptions& options = {});
/// The same for compare_bounded_sequence.
Result<std::optional<double>> times_needed(const BoundedSum& a, const BoundedSum& b, double margin,
                                           double confidence = kConfidence);

}  // namespace steno::inference
