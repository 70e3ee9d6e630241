#include "inference/units.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace steno::inference {

void UnitSums::add(const UnitValue& unit) {
    ++units;
    sum += unit.sum;
    weight += unit.weight;
    sum_squares += unit.sum * unit.sum;
    products += unit.sum * unit.weight;
    weight_squares += unit.weight * unit.weight;
}

void UnitSums::remove(const UnitValue& unit) {
    --units;
    sum -= unit.sum;
    weight -= unit.weight;
    sum_squares -= unit.sum * unit.sum;
    products -= unit.sum * unit.weight;
    weight_squares -= unit.weight * unit.weight;
}

UnitSums& UnitSums::operator+=(const UnitSums& other) {
    units += other.units;
    sum += other.sum;
    weight += other.weight;
    sum_squares += other.sum_squares;
    products += other.products;
    weight_squares += other.weight_squares;
    return *this;
}

std::optional<double> UnitSums::variance() const {
    if (units < 2 || !(weight > 0)) return std::nullopt;
    const double n = static_cast<double>(units), ratio = mean();
    const double squares = sum_squares - 2 * ratio * products + ratio * ratio * weight_squares;
    // What is left by rounding where nothing varies.
    if (squares <= 1e-12 * sum_squares) return 0;
    return n / (n - 1) * squares / (weight * weight);
}

Result<std::optional<UnitComparison>> compare_units_sequence(const UnitSample& a, const UnitSample& b,
                                                             const SequentialOptions& options, double times) {
    STENO_TRY(check(options));
    if (!std::isfinite(times))
        return fail(Code::InvalidArgument, fmt::format("{} times a mean is none.", times));
    if (a.units.units < kLeastUnits || b.units.units < kLeastUnits) return std::nullopt;
    const auto va = a.units.variance(), vb = b.units.variance();
    if (!va || !vb || a.values.count() == 0 || b.values.count() == 0) return std::nullopt;
    const double variance = *vb + times * times * *va;
    if (!(variance > 0)) return std::nullopt;

    const double na = static_cast<double>(a.values.count()), nb = static_cast<double>(b.values.count());
    const double alone = b.values.variance() / nb + times * times * a.values.variance() / na;
    UnitComparison told;
    told.error = std::sqrt(variance);
    told.effective = std::max(1.0, (na + nb) * alone / variance);
    told.found = sequence_of(b.units.mean() - times * a.units.mean(), told.error, told.effective, options);
    told.found.a = a.units.mean();
    told.found.b = b.units.mean();
    return told;
}

}  // namespace steno::inference
