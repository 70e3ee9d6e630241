#pragma once

#include "inference/interval.hpp"
#include "inference/sample.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

/// Ranks: whether the values of one sample tend to be larger than those of another. For what is skewed
/// (times, money, lengths): one value of a million changes no more than any other.
namespace steno::inference {

enum class RankTest : std::uint8_t {
    Exact,   ///< no value twice, and n_a × n_b at most kExactRankPairs
    Normal,  ///< otherwise: the normal approximation, corrected for ties
};
std::string_view to_string(RankTest test);  ///< "mann_whitney_exact", "mann_whitney_normal"

inline constexpr std::uint64_t kExactRankPairs = 2500;

/// Is the superiority ½, whatever the spreads? Brunner and Munzel's test (2000, Biometrical Journal 42):
/// Welch's test of the placements, which are where the values of one sample stand in the other's
/// distribution. Mann and Whitney's also answers, too often or too seldom, when only the spreads differ.
struct BrunnerMunzelTest {
    double t = 0;
    double degrees = 0;
    double p_value = 1;
    Interval superiority;  ///< within 0 and 1
};

struct RankComparison {
    double u = 0;  ///< pairs in which b is the larger, equal ones counted half

    /// Mann and Whitney's test (1947, Annals of Mathematical Statistics 18), two-sided: are both samples of
    /// one distribution? Exact: from their recurrence for U. Normal: z = (|U - m n / 2| - ½) / σ,
    /// σ² = m n / 12 × (N + 1 - Σ(t³ - t) / (N (N - 1))) with t values in a tie, as SciPy has it. 1 where all
    /// values are the same.
    double p_value = 1;
    RankTest test = RankTest::Normal;

    /// Of two calls, how probably that of b has the larger value: P(B > A) + ½ P(B = A) = U / (m n).
    double superiority = 0.5;
    /// Twice that, less 1: from -1 to 1, 0 is no tendency (Cureton 1956, Psychometrika 21; Cliff's delta).
    double rank_biserial = 0;

    /// Absent: a sample with one value, or samples that do not overlap.
    std::optional<BrunnerMunzelTest> brunner_munzel;
};

/// Reads both samples once.
Result<RankComparison> compare_ranks(const Sample& a, const Sample& b, double confidence = kConfidence);

/// By how much b is shifted against a: the median of all n_a × n_b differences b_j - a_i (Hodges and Lehmann
/// 1963, Annals of Mathematical Statistics 34).
struct Shift {
    double estimate = 0;
    /// The shifts that Mann and Whitney's test does not refuse (Hollander and Wolfe, Nonparametric
    /// Statistical Methods, 4.3): from the C-th smallest difference to the C-th largest; C from the exact
    /// distribution where compare_ranks uses it, else ⌊m n / 2 - z √(m n (N + 1) / 12)⌋, which with ties is
    /// wide rather than narrow. Absent: too few values for this confidence.
    std::optional<Interval> interval;
};

/// Exact, and no list of the differences is made: how many of them are below a value is counted in one walk
/// through both samples, some dozens of times at most.
Result<Shift> shift(const Sample& a, const Sample& b, double confidence = kConfidence);

}  // namespace steno::inference
