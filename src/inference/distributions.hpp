#pragma once

/// The distributions that the tests and intervals of this module are made of: Boost.Math's, compiled once and
/// with one policy: nothing throws, and what is outside of a function's domain is NaN.
namespace steno::inference {

double normal_cdf(double z);
double normal_quantile(double p);
double normal_two_sided(double z);  ///< P(|Z| >= |z|), without the cancellation of 1 - cdf

/// How many standard errors an interval of this confidence reaches to each side.
double normal_reach(double confidence);

double student_two_sided(double t, double degrees);
double student_reach(double confidence, double degrees);

/// The power of a two-sided t test: P(|T| > reach), T having this noncentrality.
double student_power(double reach, double degrees, double noncentrality);

double chi_square_above(double value, double degrees);  ///< P(χ² >= value)

double binomial_cdf(double k, double n, double p);  ///< P(X <= k), k whole

/// The p of which P(X >= k), and P(X <= k), of n is `tail`: k whole, above 0, and below n.
double binomial_low(double k, double n, double tail);
double binomial_high(double k, double n, double tail);

double log_gamma(double x);
double log_beta(double a, double b);

}  // namespace steno::inference
