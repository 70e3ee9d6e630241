#include "analysis/experiment_sequence.hpp"

#include "inference/units.hpp"

#include <algorithm>

namespace steno::analysis {

namespace {

using inference::Interval;

/// Of shares, the part of the error that the exact method has: half where each unit is one call, and both
/// are told; else a tenth, for it speaks only while nothing varies.
double part_of_exact(Exactly exactly) {
    return exactly == Exactly::Never ? 0 : exactly == Exactly::Always ? 0.5 : 0.1;
}

/// Where nothing varies the linearised error is 0 and says nothing; b - `times` × a by the exact method.
Result<std::optional<ExperimentSequence>> sequence_of_units(const ExperimentValues& a,
                                                            const ExperimentValues& b, double confidence,
                                                            double times) {
    auto of_a = each_as_one(a), of_b = each_as_one(b);
    if (!of_a || !of_b || !(times > 0)) return std::nullopt;
    // A part of values from 0 to 1 is from 0 to 1: the side that would leave it is left, the other scaled.
    const double scale = std::max(1.0, times);
    of_a->sum *= times / scale;
    of_b->sum /= scale;
    STENO_ASSIGN(const auto found, inference::compare_bounded_sequence(*of_a, *of_b, confidence));
    if (!found) return std::nullopt;
    return ExperimentSequence{{found->interval.low * scale, found->interval.high * scale},
                              found->p_value,
                              0,
                              static_cast<double>(of_a->count + of_b->count),
                              false};
}

}  // namespace

std::optional<inference::BoundedSum> each_as_one(const ExperimentValues& values) {
    const inference::UnitSums& units = values.sample.units;
    if (units.variance() != 0.0) return std::nullopt;
    const double count = static_cast<double>(units.units);
    return inference::BoundedSum{std::clamp(units.mean(), 0.0, 1.0) * count,
                                 static_cast<std::uint64_t>(units.units)};
}

Result<std::optional<ExperimentSequence>> sequence(const ExperimentValues& a, const ExperimentValues& b,
                                                   double origin, Exactly exactly, double confidence,
                                                   double times) {
    if (exactly == Exactly::Always && times != 1) exactly = Exactly::WhereNothingVaries;
    const double part = part_of_exact(exactly);
    const inference::SequentialOptions options{.confidence = 1 - (1 - confidence) * (1 - part),
                                               .planned = kPlannedValues};
    STENO_ASSIGN(const auto units, inference::compare_units_sequence(a.sample, b.sample, options, times));
    std::optional<ExperimentSequence> told;
    if (units) {
        const double shift = origin * (1 - times);
        const auto& found = units->found;
        told = {{found.interval.low + shift, found.interval.high + shift},
                std::min(1.0, found.p_value / (1 - part)),
                units->error,
                units->effective,
                true};
    }
    const double of_exact = 1 - (1 - confidence) * part;
    if (exactly == Exactly::WhereNothingVaries && !told) {
        STENO_ASSIGN(told, sequence_of_units(a, b, of_exact, times));
        if (told) told->p_value = std::min(1.0, told->p_value / part);
    }
    if (exactly != Exactly::Always) return told;
    STENO_ASSIGN(const auto exact, inference::compare_bounded_sequence(a.counted, b.counted, of_exact));
    if (!exact) return told;
    const double calls = static_cast<double>(a.counted.count + b.counted.count);
    const double p_value = std::min(1.0, exact->p_value / part);
    if (!told) return ExperimentSequence{exact->interval, p_value, 0, calls, false};
    const Interval both{std::max(told->interval.low, exact->interval.low),
                        std::min(told->interval.high, exact->interval.high)};
    told->interval = both.low <= both.high ? both : exact->interval;
    told->p_value = std::min(told->p_value, p_value);
    return told;
}

}  // namespace steno::analysis
