#include "inference/rank_distribution.hpp"

#include <algorithm>

namespace steno::inference {

std::vector<double> rank_distribution(std::size_t m, std::size_t n) {
    const std::size_t rows = std::max(m, n), columns = std::min(m, n);  // it is the same for n and m
    std::vector<std::vector<double>> row(columns + 1, {1.0});
    for (std::size_t i = 1; i <= rows; ++i) {
        for (std::size_t j = 1; j <= columns; ++j) {
            const double all = static_cast<double>(i + j);
            const double from_above = static_cast<double>(i) / all, from_left = static_cast<double>(j) / all;
            const std::vector<double>& left = row[j - 1];
            std::vector<double> here(i * j + 1, 0.0);
            for (std::size_t u = 0; u < row[j].size(); ++u) here[u + j] = from_above * row[j][u];
            for (std::size_t u = 0; u < left.size(); ++u) here[u] += from_left * left[u];
            row[j] = std::move(here);
        }
    }
    return row[columns];
}

}  // namespace steno::inference
