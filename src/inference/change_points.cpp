#include "inference/change_points.hpp"

#include "inference/draws.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

namespace steno::inference {

namespace {

/// Twice the rank of each, less that of the middle: whole numbers, so that sums are exact. Ties share a rank.
std::vector<double> centred_ranks(std::span<const double> values) {
    std::vector<std::size_t> order(values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, {}, [&](std::size_t i) { return values[i]; });
    std::vector<double> ranks(values.size());
    for (std::size_t i = 0, end = 0; i < order.size(); i = end) {
        while (end < order.size() && values[order[end]] == values[order[i]]) ++end;
        for (std::size_t tied = i; tied < end; ++tied)
            ranks[order[tied]] = static_cast<double>(i + end) - static_cast<double>(order.size());
    }
    return ranks;
}

struct Split {
    std::size_t at = 0;
    double score = 0;  ///< squared, and without the factor that all splits of these points have in common
};

/// The split at which the ranks differ most. `weights[k]`: of k points before it.
Split best_split(std::span<const double> ranks, std::span<const double> weights, std::size_t least) {
    Split best;
    double sum = 0;
    for (std::size_t k = 1; k + least <= ranks.size(); ++k) {
        sum += ranks[k - 1];
        if (k < least) continue;
        if (const double score = sum * sum * weights[k]; score > best.score) best = {k, score};
    }
    return best;
}

class Search {
  public:
    Search(std::span<const double> series, const ChangePointOptions& options)
        : series_(series),
          options_(options),
          draws_(options.seed),
          // Enough that the least p-value is a tenth of what is asked for.
          permutations_(std::clamp(static_cast<int>(std::ceil(10 / options.false_alarms)), 1000, 10'000) -
                        1) {}

    /// The change within [begin, end), if there is one.
    std::optional<ChangePoint> find(std::size_t begin, std::size_t end) {
        const std::size_t size = end - begin, least = options_.least_apart;
        if (size < 2 * least) return std::nullopt;
        std::vector<double> ranks = centred_ranks(series_.subspan(begin, size)), weights(size);
        for (std::size_t k = 1; k < size; ++k)
            weights[k] = 1 / (static_cast<double>(k) * static_cast<double>(size - k));
        const Split seen = best_split(ranks, weights, least);
        if (seen.score <= 0) return std::nullopt;  // all the same

        // Once so many permutations are as far that it can be no change any more, the rest need not be tried
        // (Besag and Clifford 1991, Biometrika 78).
        const double tried = permutations_ + 1;
        int as_far = 0;
        for (int i = 0; i < permutations_; ++i) {
            for (std::size_t left = size; left > 1; --left)
                std::swap(ranks[left - 1], ranks[draws_.below(left)]);
            // Sums of the same ranks in another order are the same to the last bit.
            if (best_split(ranks, weights, least).score >= seen.score) ++as_far;
            if (as_far + 1 > options_.false_alarms * tried) return std::nullopt;
        }
        ChangePoint change;
        change.at = begin + seen.at;
        change.p_value = (as_far + 1) / tried;
        return change;
    }

    [[nodiscard]] double median(std::size_t begin, std::size_t end) const {
        std::vector<double> values(series_.begin() + static_cast<std::ptrdiff_t>(begin),
                                   series_.begin() + static_cast<std::ptrdiff_t>(end));
        const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
        std::ranges::nth_element(values, middle);
        return *middle;
    }

  private:
    std::span<const double> series_;
    const ChangePointOptions& options_;
    Draws draws_;
    int permutations_;
};

Result<void> check(std::span<const double> series, const ChangePointOptions& options) {
    if (!(options.false_alarms >= 0.001 && options.false_alarms <= 0.2))
        return fail(
            Code::InvalidArgument,
            fmt::format("The rate of false alarms is from 0.001 to 0.2, not {}.", options.false_alarms));
    if (options.least_apart < 2 || options.least_apart > kLongestSeries)
        return fail(Code::InvalidArgument, fmt::format("Changes are 2 to {} points apart, not {}.",
                                                       kLongestSeries, options.least_apart));
    if (series.size() > kLongestSeries)
        return fail(Code::InvalidArgument,
                    fmt::format("A series of {} points is longer than {}.", series.size(), kLongestSeries),
                    "Ask for longer steps, such as days instead of hours.");
    const auto wrong = std::ranges::find_if_not(series, [](double value) { return std::isfinite(value); });
    if (wrong != series.end())
        return fail(Code::InvalidArgument,
                    fmt::format("Point {} of the series is {}.", wrong - series.begin() + 1, *wrong));
    return {};
}

}  // namespace

Result<std::vector<ChangePoint>> change_points(std::span<const double> series,
                                               const ChangePointOptions& options) {
    STENO_TRY(check(series, options));
    Search search(series, options);
    std::vector<ChangePoint> found;
    std::vector<std::pair<std::size_t, std::size_t>> open = {{0, series.size()}};
    while (!open.empty() && found.size() < kMostChanges) {
        const auto [begin, end] = open.back();
        open.pop_back();
        const auto change = search.find(begin, end);
        if (!change) continue;
        found.push_back(*change);
        open.emplace_back(begin, change->at);
        open.emplace_back(change->at, end);
    }
    std::ranges::sort(found, {}, &ChangePoint::at);

    // A split of a stretch with several changes can lie between them: each is looked for anew where only one
    // is left, and given up if there is none.
    for (std::size_t i = 0; i < found.size();) {
        const std::size_t begin = i == 0 ? 0 : found[i - 1].at,
                          end = i + 1 == found.size() ? series.size() : found[i + 1].at;
        if (const auto change = search.find(begin, end)) {
            found[i++] = *change;
        } else {
            found.erase(found.begin() + static_cast<std::ptrdiff_t>(i));
        }
    }
    for (std::size_t i = 0; i < found.size(); ++i) {
        const std::size_t begin = i == 0 ? 0 : found[i - 1].at,
                          end = i + 1 == found.size() ? series.size() : found[i + 1].at;
        found[i].before = search.median(begin, found[i].at);
        found[i].after = search.median(found[i].at, end);
    }
    return found;
}

}  // namespace steno::inference
