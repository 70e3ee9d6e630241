#pragma once

#include "inference/interval.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

/// Shares: how many of how many were accepted, succeeded, fitted their schema; and whether two of them
/// differ.
///
/// Everywhere in this module `a` is what is compared with (the version in use) and `b` what is compared (the
/// new one); a difference is b - a, so that more is above 0.
namespace steno::inference {

struct Share {
    std::uint64_t successes = 0;
    std::uint64_t of = 0;

    [[nodiscard]] double value() const { return static_cast<double>(successes) / static_cast<double>(of); }
};

/// FailedPrecondition: of nothing. InvalidArgument: more successes than there are, or more than 2^53.
Result<void> check(const Share& share);

/// Wilson's score interval (Wilson 1927, "Probable inference, the law of succession, and statistical
/// inference", JASA 22): all p for which (p̂ - p)² <= z² p (1 - p) / n. Good from small counts on, and never
/// beyond 0 and 1.
Result<Interval> wilson(const Share& share, double confidence = kConfidence);

/// The exact interval (Clopper and Pearson 1934, "The use of confidence or fiducial limits illustrated in the
/// case of the binomial", Biometrika 26): either bound is wrong with a chance of (1 - confidence) / 2 at
/// most, for every share, count and confidence. Wilson's is narrower and wrong as often on the average over
/// shares, but far more often where few of many were seen and the confidence is high: use this one where a
/// decision rests on one bound, of a family above all.
Result<Interval> exact_interval(const Share& share, double confidence = kConfidence);

enum class ShareTest : std::uint8_t {
    TwoProportionZ,  ///< every expected count is 5 or more (Cochran 1954, Biometrics 10)
    FisherExact,     ///< fewer were seen
};
std::string_view to_string(ShareTest test);  ///< "two_proportion_z", "fisher_exact"

struct ShareComparison {
    double a = 0, b = 0;
    double difference = 0;  ///< b - a, 0.062 being 6.2 points

    /// Of the difference: Newcombe's hybrid score interval (Newcombe 1998, "Interval estimation for the
    /// difference between independent proportions", Statistics in Medicine 17, method 10):
    ///   low  = d - √((b - l_b)² + (u_a - a)²), high = d + √((u_b - b)² + (a - l_a)²),
    /// l and u being Wilson's bounds.
    Interval interval;

    ShareTest test = ShareTest::TwoProportionZ;
    /// TwoProportionZ: of z = d / √(p (1 - p) (1/n_a + 1/n_b)) with the pooled share p, two-sided, without
    /// continuity correction. FisherExact: the probability of all tables with these margins that are no more
    /// probable than this one (Fisher 1935; as R and SciPy sum it). A p-value and the interval come from
    /// different approximations: where one is just on this side of the line the other can be on that.
    double p_value = 1;
    std::optional<double> z;  ///< of TwoProportionZ

    /// Cohen's h = 2 arcsin √b - 2 arcsin √a (Cohen 1988, Statistical Power Analysis, 6.2): 0.2 is called
    /// small, 0.5 medium, 0.8 large.
    double cohens_h = 0;

    /// The odds of b over the odds of a, with Woolf's interval exp(ln OR ± z √Σ 1/n_ij) (Woolf 1955, Annals
    /// of Human Genetics 19). Where one of the four counts is 0, 0.5 is added to each (Haldane 1956, Anscombe
    /// 1956).
    double odds_ratio = 1;
    Interval odds_ratio_interval;
};

/// A share of very many, or of one, is as good as any other; time does not grow with the counts.
Result<ShareComparison> compare_shares(const Share& a, const Share& b, double confidence = kConfidence);

}  // namespace steno::inference
