#pragma once

#include "assignment/plan.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace steno::assignment {

struct Assignment {
    std::size_t variant = 0;  ///< its place in the plan
    /// With which a unit that takes part gets this variant: its part of all weights, the control's with those
    /// of stopped ones. The share of those that take part is not in it.
    double probability = 1;
    bool operator==(const Assignment&) const = default;
};

/// A plan made ready to be asked at each call: nothing is allocated, and of each variant one hash is made
/// (some 10 ns). Never changes; any thread.
///
/// Weighted rendezvous hashing (Thaler and Ravishankar 1998, IEEE/ACM Transactions on Networking 6; weights:
/// Resch 2015): with u a number between 0 and 1 from a hash of experiment, variant and unit, a unit gets the
/// variant with the least -ln(u) / weight. These are independent exponential times, so each variant is the
/// first with the probability of its weight; and when one weight grows, units move to that variant alone.
///
/// To be made again by anybody, xxHash's XXH64(text, seed) is all that is needed:
///   part(unit)       = XXH64(unit, XXH64(experiment's id, 0))
///   hash(v, unit)    = XXH64(unit, XXH64(v's name, XXH64(experiment's id, 1)))
///   number(hash)     = (hash >> 11) + ½, times 2⁻⁵³
/// A unit takes part if number(part(unit)) is below the share. Who comes first for a stopped variant gets the
/// control.
class Assigner {
  public:
    /// `plan` is one that `check` has passed.
    explicit Assigner(const Plan& plan);

    /// Absent: the unit takes no part. So does an empty one: nobody said who it is.
    [[nodiscard]] std::optional<Assignment> assign(std::string_view unit) const noexcept;

  private:
    struct Variant {
        std::uint64_t seed;
        double weight;
        Assignment assignment;  ///< of units that it comes first for
    };
    std::uint64_t share_seed_;
    double share_;
    std::vector<Variant> variants_;
};

}  // namespace steno::assignment
