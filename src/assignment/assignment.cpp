#define XXH_INLINE_ALL  // nothing to link: programs load libsteno.so beside any version of xxHash

#include "assignment/assignment.hpp"

#include <xxhash.h>

#include <cmath>
#include <limits>

namespace steno::assignment {

namespace {

std::uint64_t hash(std::string_view text, std::uint64_t seed) noexcept {
    return XXH64(text.data(), text.size(), seed);
}

/// Neither 0 nor 1, so that its logarithm is a number below 0.
double number(std::uint64_t hash) noexcept {
    return (static_cast<double>(hash >> 11) + 0.5) * 0x1p-53;
}

}  // namespace

Assigner::Assigner(const Plan& plan) : share_seed_(hash(plan.id, 0)), share_(plan.share) {
    double sum = 0;
    for (const WeightedVariant& variant : plan.variants) sum += variant.weight;
    const std::uint64_t seed = hash(plan.id, 1);
    double control = 0;
    for (std::size_t i = 0; i < plan.variants.size(); ++i) {
        const auto& [name, weight, stopped] = plan.variants[i];
        if (i == 0 || stopped) control += weight;
        variants_.push_back({hash(name, seed), weight, {stopped ? 0 : i, weight / sum}});
    }
    for (Variant& variant : variants_)
        if (variant.assignment.variant == 0) variant.assignment.probability = control / sum;
}

std::optional<Assignment> Assigner::assign(std::string_view unit) const noexcept {
    if (unit.empty() || number(hash(unit, share_seed_)) >= share_) return {};
    Assignment first;
    double least = std::numeric_limits<double>::infinity();
    for (const Variant& variant : variants_) {
        // Of weight 0: later than any other.
        const double time = -std::log(number(hash(unit, variant.seed))) / variant.weight;
        if (time >= least) continue;
        least = time;
        first = variant.assignment;
    }
    return first;
}

}  // namespace steno::assignment
