#include "inference/draws.hpp"

#include <boost/random/beta_distribution.hpp>
#include <boost/random/gamma_distribution.hpp>
#include <boost/random/normal_distribution.hpp>

namespace steno::inference {

// Boost's, not the standard library's, which may draw differently in each version.

double Draws::normal() {
    return boost::random::normal_distribution<double>()(*this);
}

double Draws::gamma(double shape) {
    return boost::random::gamma_distribution<double>(shape)(*this);
}

double Draws::beta(double a, double b) {
    return boost::random::beta_distribution<double>(a, b)(*this);
}

}  // namespace steno::inference
