#include "inference/correction.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>

namespace steno::inference {

Result<std::vector<double>> holm(std::span<const double> p_values) {
    for (const double p : p_values)
        if (!(p >= 0 && p <= 1))
            return fail(Code::InvalidArgument, fmt::format("A p-value is from 0 to 1, and this is {}.", p));
    std::vector<std::size_t> order(p_values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, {}, [&](std::size_t i) { return p_values[i]; });
    std::vector<double> adjusted(p_values.size());
    double greatest = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
        greatest = std::max(greatest, static_cast<double>(order.size() - i) * p_values[order[i]]);
        adjusted[order[i]] = std::min(1.0, greatest);
    }
    return adjusted;
}

double confidence_of_family(std::size_t intervals, double confidence) {
    constexpr double kSurest = 0.999999;
    return std::min(kSurest, 1 - (1 - confidence) / static_cast<double>(std::max<std::size_t>(1, intervals)));
}

}  // namespace steno::inference
