#pragma once

#include "base/random.hpp"

#include <cstdint>
#include <limits>

namespace steno::inference {

/// Randomness from a seed, for resampling and for beliefs: the same seed gives the same draws. Meets the
/// standard's requirements of a generator. One thread at a time.
class Draws {
  public:
    using result_type = std::uint64_t;
    explicit Draws(std::uint64_t seed) : random_(seed) {}

    static constexpr result_type min() { return 0; }
    static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }
    result_type operator()() { return random_.next_u64(); }

    /// 0 … bound - 1, bound up to 2^32. Without division (Lemire 2019), and without his second look: one
    /// number is more probable than another by bound / 2^64 at most.
    std::uint64_t below(std::uint64_t bound) {
        return static_cast<std::uint64_t>((static_cast<unsigned __int128>((*this)()) * bound) >> 64);
    }

    double normal();             ///< mean 0, standard deviation 1
    double gamma(double shape);  ///< scale 1; shape above 0
    double beta(double a, double b);

  private:
    SeededRandom random_;
};

}  // namespace steno::inference
