#pragma once

#include <cstddef>
#include <vector>

namespace steno::inference {

/// The distribution of U under the hypothesis that both samples are of one distribution without ties:
/// element u is P(U = u), u from 0 to m × n. By Mann and Whitney's recurrence, all terms positive:
///   p(u; m, n) = m / (m + n) p(u - n; m - 1, n) + n / (m + n) p(u; m, n - 1)
/// For m × n of some thousands: the time grows with its square.
std::vector<double> rank_distribution(std::size_t m, std::size_t n);

}  // namespace steno::inference
