#include "inference/ranks.hpp"

#include "inference/distributions.hpp"
#include "inference/rank_distribution.hpp"

#include <algorithm>
#include <cmath>

namespace steno::inference {

namespace {

/// Values of one sample, each as the share of the other sample that is below it (equal ones counted half).
struct Placements {
    double sum = 0, squares = 0;  // of what is above ½

    void add(double placement, double times) {
        sum += (placement - 0.5) * times;
        squares += (placement - 0.5) * (placement - 0.5) * times;
    }
    [[nodiscard]] double variance(double count) const {
        return std::max(0.0, (squares - sum * sum / count) / (count - 1));
    }
};

double exact_two_sided(std::size_t m, std::size_t n, double u) {
    const std::vector<double> probability = rank_distribution(m, n);
    const double nearer_end = std::min(u, static_cast<double>(m * n) - u);
    double tail = 0;
    for (std::size_t i = 0; static_cast<double>(i) <= nearer_end; ++i) tail += probability[i];
    return std::min(1.0, 2 * tail);
}

}  // namespace

std::string_view to_string(RankTest test) {
    return test == RankTest::Exact ? "mann_whitney_exact" : "mann_whitney_normal";
}

Result<RankComparison> compare_ranks(const Sample& a, const Sample& b, double confidence) {
    STENO_TRY(check_confidence(confidence));
    const auto x = a.sorted(), y = b.sorted();
    const double m = static_cast<double>(x.size()), n = static_cast<double>(y.size()), all = m + n;

    Placements of_a, of_b;
    double u = 0, ties = 0;  // ties: Σ(t³ - t)
    for (std::size_t i = 0, j = 0; i < x.size() || j < y.size();) {
        const double value = i == x.size() ? y[j] : j == y.size() ? x[i] : std::min(x[i], y[j]);
        const double below_a = static_cast<double>(i), below_b = static_cast<double>(j);
        while (i < x.size() && x[i] == value) ++i;
        while (j < y.size() && y[j] == value) ++j;
        const double here_a = static_cast<double>(i) - below_a, here_b = static_cast<double>(j) - below_b;
        const double tied = here_a + here_b;
        if (tied > 1) ties += tied * tied * tied - tied;
        if (here_a > 0) of_a.add((below_b + here_b / 2) / n, here_a);
        if (here_b > 0) {
            of_b.add((below_a + here_a / 2) / m, here_b);
            u += here_b * (below_a + here_a / 2);
        }
    }

    RankComparison found;
    found.u = u;
    found.superiority = u / (m * n);
    found.rank_biserial = 2 * found.superiority - 1;
    if (ties == 0 && x.size() * y.size() <= kExactRankPairs) {
        found.test = RankTest::Exact;
        found.p_value = exact_two_sided(x.size(), y.size(), u);
    } else if (const double variance = m * n / 12 * (all + 1 - ties / (all * (all - 1))); variance > 0) {
        const double beyond = std::max(0.0, std::abs(u - m * n / 2) - 0.5);
        found.p_value = normal_two_sided(beyond / std::sqrt(variance));
    }

    if (x.size() < 2 || y.size() < 2) return found;
    const double va = of_a.variance(m) / m, vb = of_b.variance(n) / n, both = va + vb;
    if (both <= 0) return found;
    BrunnerMunzelTest& free = found.brunner_munzel.emplace();
    free.degrees = both * both / (va * va / (m - 1) + vb * vb / (n - 1));
    free.t = (found.superiority - 0.5) / std::sqrt(both);
    free.p_value = student_two_sided(free.t, free.degrees);
    const double reach = student_reach(confidence, free.degrees) * std::sqrt(both);
    free.superiority = {std::max(0.0, found.superiority - reach), std::min(1.0, found.superiority + reach)};
    return found;
}

}  // namespace steno::inference
