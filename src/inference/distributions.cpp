#include "inference/distributions.hpp"

#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/non_central_t.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <boost/math/special_functions/gamma.hpp>

#include <cmath>
#include <numbers>

namespace steno::inference {

namespace {

namespace policies = boost::math::policies;
using policies::ignore_error;
using Quiet =
    policies::policy<policies::domain_error<ignore_error>, policies::pole_error<ignore_error>,
                     policies::overflow_error<ignore_error>, policies::underflow_error<ignore_error>,
                     policies::evaluation_error<ignore_error>, policies::rounding_error<ignore_error>,
                     policies::indeterminate_result_error<ignore_error>>;
using Normal = boost::math::normal_distribution<double, Quiet>;
using Student = boost::math::students_t_distribution<double, Quiet>;
using NonCentralT = boost::math::non_central_t_distribution<double, Quiet>;
using Binomial = boost::math::binomial_distribution<double, Quiet>;

}  // namespace

double normal_cdf(double z) {
    return boost::math::cdf(Normal(), z);
}

double normal_quantile(double p) {
    return boost::math::quantile(Normal(), p);
}

double normal_two_sided(double z) {
    return boost::math::erfc(std::abs(z) / std::numbers::sqrt2, Quiet());
}

double normal_reach(double confidence) {
    return boost::math::quantile(boost::math::complement(Normal(), (1 - confidence) / 2));
}

double student_two_sided(double t, double degrees) {
    return 2 * boost::math::cdf(boost::math::complement(Student(degrees), std::abs(t)));
}

double student_reach(double confidence, double degrees) {
    return boost::math::quantile(boost::math::complement(Student(degrees), (1 - confidence) / 2));
}

double student_power(double reach, double degrees, double noncentrality) {
    const NonCentralT distribution(degrees, noncentrality);
    return boost::math::cdf(boost::math::complement(distribution, reach)) +
           boost::math::cdf(distribution, -reach);
}

double binomial_cdf(double k, double n, double p) {
    if (k < 0) return 0;
    return k >= n ? 1 : boost::math::cdf(Binomial(n, p), k);
}

double binomial_low(double k, double n, double tail) {
    return Binomial::find_lower_bound_on_p(n, k, tail);
}

double binomial_high(double k, double n, double tail) {
    return Binomial::find_upper_bound_on_p(n, k, tail);
}

double chi_square_above(double value, double degrees) {
    return boost::math::gamma_q(degrees / 2, value / 2, Quiet());
}

double log_gamma(double x) {
    return boost::math::lgamma(x, Quiet());
}

double log_beta(double a, double b) {
    return log_gamma(a) + log_gamma(b) - log_gamma(a + b);
}

}  // namespace steno::inference
