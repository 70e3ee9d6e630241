#include "inference/distributions.hpp"
#include "inference/rank_distribution.hpp"
#include "inference/ranks.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

namespace steno::inference {

namespace {

/// All differences y_j - x_i of two ascending series, as if they were a list in order.
///
/// Rounding does not disturb the order (a larger y or a smaller x never gives a smaller difference), so they
/// can be counted row by row with one pointer that only advances.
class Differences {
  public:
    Differences(std::span<const double> x, std::span<const double> y) : x_(x), y_(y) {
        below_ = std::nextafter(y.front() - x.back(), -std::numeric_limits<double>::infinity());
        most_ = y.back() - x.front();
        if (count() > kEnumerated) sketch_ = sketch();
    }

    [[nodiscard]] std::uint64_t count() const { return std::uint64_t{x_.size()} * y_.size(); }

    /// The differences of the ranks k and (if `next`) k + 1, k from 1.
    [[nodiscard]] std::pair<double, double> at(std::uint64_t k, bool next = false) {
        // low has fewer than k differences at or below it, high at least k (and one more for `next`).
        const std::uint64_t wanted = next ? k + 1 : k;
        double low = below_, high = most_;
        std::uint64_t at_low = 0, at_high = count();
        for (const auto& [value, counted] : counted_) {  // what earlier questions have found
            if (counted < k && counted >= at_low && value > low) low = value, at_low = counted;
            if (counted >= wanted && counted <= at_high && value < high) high = value, at_high = counted;
        }
        // Rounds of two probes, one on each side of k. Where a round did not narrow it much, the next one
        // looks for a difference that occurs very often, which no value between two others cuts, and halves.
        bool stuck = false;
        std::uint64_t before = at_high - at_low;
        for (int probes = 0; at_high - at_low > kEnumerated && std::nextafter(low, high) < high; ++probes) {
            const bool first = probes % 2 == 0;
            if (first && probes > 0) {
                stuck = !stuck && at_high - at_low > before / 4;
                before = at_high - at_low;
            }
            double probe = 0;
            if (probes < 2) {
                probe = sketched(k, first ? -kSketchError : kSketchError);
            } else if (!stuck) {
                probe = interpolated(k, first ? -1 : 1, low, at_low, high, at_high);
            } else if (first) {
                probe = next_above(low);
                if (probe >= high) return {high, high};  // all that is left are equal
            } else {
                probe = probes < kPatience ? low / 2 + high / 2 : middle(low, high);
            }
            if (!(probe > low && probe < high)) continue;
            const std::uint64_t counted = count_to(probe);
            counted_.emplace_back(probe, counted);
            if (counted < k) {
                low = probe, at_low = counted;
            } else if (counted >= wanted) {
                if (stuck && first) return {probe, probe};  // nothing lies between low and it
                high = probe, at_high = counted;
            } else {
                return {largest_to(probe), next_above(probe)};  // between the two that are asked for
            }
        }
        if (at_high - at_low > kEnumerated) return {high, high};  // no double lies between
        std::vector<double> inside = within(low, high);
        const auto first = inside.begin() + static_cast<std::ptrdiff_t>(k - at_low - 1);
        std::ranges::nth_element(inside, first);
        return {*first, next ? *std::min_element(first + 1, inside.end()) : *first};
    }

  private:
    static constexpr std::size_t kGrid = 256;              // values of each sample in the sketch
    static constexpr std::uint64_t kEnumerated = 1 << 20;  // differences that are listed at the end: 8 MB
    static constexpr double kSketchError = 0.002;          // of all ranks
    static constexpr int kPatience = 60;                   // probes; usual are six

    /// Without branches on the values, which are as good as random.
    [[nodiscard]] std::uint64_t count_to(double bound) const {
        std::uint64_t counted = 0;
        std::size_t i = 0, j = 0;
        while (i < x_.size() && j < y_.size()) {
            const std::size_t within = y_[j] - x_[i] <= bound;
            j += within;
            i += 1 - within;
            counted += j * (1 - within);
        }
        return counted + (x_.size() - i) * j;
    }

    [[nodiscard]] double next_above(double bound) const {
        double least = std::numeric_limits<double>::infinity();
        std::size_t j = 0;
        for (const double x : x_) {
            while (j < y_.size() && y_[j] - x <= bound) ++j;
            if (j == y_.size()) break;
            least = std::min(least, y_[j] - x);
        }
        return least;
    }

    [[nodiscard]] double largest_to(double bound) const {
        double most = below_;
        std::size_t j = 0;
        for (const double x : x_) {
            while (j < y_.size() && y_[j] - x <= bound) ++j;
            if (j > 0) most = std::max(most, y_[j - 1] - x);
        }
        return most;
    }

    /// Above low, up to high.
    [[nodiscard]] std::vector<double> within(double low, double high) const {
        std::vector<double> found;
        std::size_t from = 0;
        for (const double x : x_) {
            while (from < y_.size() && y_[from] - x <= low) ++from;
            for (std::size_t j = from; j < y_.size() && y_[j] - x <= high; ++j) found.push_back(y_[j] - x);
        }
        return found;
    }

    /// Differences of evenly spaced values of each, in order: a sketch of all of them.
    [[nodiscard]] std::vector<double> sketch() const {
        const auto thin = [](std::span<const double> values) {
            const std::size_t kept = std::min(kGrid, values.size());
            std::vector<double> some;
            for (std::size_t i = 0; i < kept; ++i)
                some.push_back(values[(2 * i + 1) * values.size() / (2 * kept)]);
            return some;
        };
        std::vector<double> differences;
        for (const double x : thin(x_))
            for (const double y : thin(y_)) differences.push_back(y - x);
        std::ranges::sort(differences);
        return differences;
    }
    /// What the sketch takes for rank k, moved by a share of all ranks.
    [[nodiscard]] double sketched(std::uint64_t k, double moved) const {
        const double size = static_cast<double>(sketch_.size());
        const double place = (static_cast<double>(k) / static_cast<double>(count()) + moved) * size;
        return sketch_[static_cast<std::size_t>(std::clamp(place, 0.0, size - 1))];
    }

    /// By the ranks at both ends, a little to one side, so that the next bracket has k inside of it.
    static double interpolated(std::uint64_t k, int side, double low, std::uint64_t at_low, double high,
                               std::uint64_t at_high) {
        const double inside = static_cast<double>(at_high - at_low);
        const double share = static_cast<double>(k - at_low) / inside + side * 0.01;
        return low + (high - low) * std::clamp(share, 0.0, 1.0);
    }

    /// Half as many doubles are on either side, so that 64 of these always end the search.
    static double middle(double low, double high) {
        const auto order = [](double value) {
            const auto bits = std::bit_cast<std::int64_t>(value);
            return bits < 0 ? std::numeric_limits<std::int64_t>::min() - bits : bits;
        };
        const std::int64_t a = order(low), b = order(high);
        const std::int64_t half = (a & b) + ((a ^ b) >> 1);
        return std::bit_cast<double>(half < 0 ? std::numeric_limits<std::int64_t>::min() - half : half);
    }

    std::span<const double> x_, y_;
    double below_ = 0, most_ = 0;
    std::vector<double> sketch_;
    std::vector<std::pair<double, std::uint64_t>> counted_;
};

bool without_ties(const Sample& a, const Sample& b) {
    std::vector<double> all(a.sorted().begin(), a.sorted().end());
    all.insert(all.end(), b.sorted().begin(), b.sorted().end());
    std::ranges::sort(all);
    return std::ranges::adjacent_find(all) == all.end();
}

/// C: how many differences are left out at each end. 0: there are too few for this confidence.
std::uint64_t outside(const Sample& a, const Sample& b, double confidence) {
    const double m = static_cast<double>(a.count()), n = static_cast<double>(b.count());
    if (a.count() * b.count() <= kExactRankPairs && without_ties(a, b)) {
        const std::vector<double> probability = rank_distribution(a.count(), b.count());
        double tail = 0;
        std::uint64_t c = 0;
        while (tail + probability[c] <= (1 - confidence) / 2) tail += probability[c++];
        return c;
    }
    const double c = std::floor(m * n / 2 - normal_reach(confidence) * std::sqrt(m * n / 12 * (m + n + 1)));
    return c > 0 ? static_cast<std::uint64_t>(c) : 0;
}

}  // namespace

Result<Shift> shift(const Sample& a, const Sample& b, double confidence) {
    STENO_TRY(check_confidence(confidence));
    Differences differences(a.sorted(), b.sorted());
    const std::uint64_t count = differences.count();
    Shift found;
    if (count % 2 == 1) {
        found.estimate = differences.at(count / 2 + 1).first;
    } else {
        const auto [left, right] = differences.at(count / 2, true);
        found.estimate = left + (right - left) / 2;
    }
    if (const std::uint64_t c = outside(a, b, confidence); c > 0)
        found.interval = Interval{differences.at(c).first, differences.at(count + 1 - c).first};
    return found;
}

}  // namespace steno::inference
