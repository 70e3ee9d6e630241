#pragma once

#include "inference/sample.hpp"
#include "inference/sequential.hpp"

#include <cstdint>
#include <optional>

/// Means over calls that come in units: what was assigned by chance is the user, and a user's calls are like
/// each other, so a hundred calls of one user say less than one call each of a hundred. Whoever counts calls
/// as if each had been drawn by itself finds differences where there are none (units_test.cpp says how
/// often).
///
/// The mean is that over the calls, Σ w x / Σ w, as everybody else counts it, and not that of the users'
/// means; its error is that of a ratio of sums over units, both of which vary (linearised variance: Cochran
/// 1977, Sampling Techniques, 6.4; Deng, Knoblich and Lu 2018, Applying the Delta Method in Metric Analytics,
/// KDD):
///   v = U/(U - 1) × Σ_u (s_u - R w_u)² / (Σ w)²,   R = Σ s / Σ w,   s_u = Σ w x, w_u = Σ w of unit u.
/// With one value a unit, all of weight 1, this is s²/n.
namespace steno::inference {

/// Of one unit: the weighted sum of its values, and the sum of their weights. The weight of a call is 1, or
/// one over the probability with which its unit got what it got, where that has changed (Horvitz and Thompson
/// 1952, JASA 47; Hájek 1971).
struct UnitValue {
    double sum = 0;
    double weight = 0;
};

/// Sums over the units of a sample. They can be added and subtracted, so a unit that has more is what it was
/// taken out and what it is put in. Values far from 0 with a small spread lose it in the squares: take
/// something near to their mean off first.
struct UnitSums {
    std::int64_t units = 0;
    double sum = 0, weight = 0;
    double sum_squares = 0, products = 0, weight_squares = 0;

    void add(const UnitValue& unit);
    void remove(const UnitValue& unit);
    UnitSums& operator+=(const UnitSums& other);

    [[nodiscard]] double mean() const { return sum / weight; }
    /// Of the mean. Absent: fewer than two units, or no weight.
    [[nodiscard]] std::optional<double> variance() const;
};

/// What is compared: units, and their calls one by one.
struct UnitSample {
    UnitSums units;
    Moments values;  ///< of the calls, each as one, unweighted
};

/// With fewer units of a sample, nothing is said of it. The interval of so few is wide (reach of ten standard
/// errors and more), so a spread that is not yet well known does no harm: units_test.cpp.
inline constexpr std::int64_t kLeastUnits = 30;

/// A mean's difference at every look, as compare_means_sequence makes it. What counts for how far the
/// evidence has come is not the number of calls n but the number of independent ones that say as much (the
/// effective sample size of Kish 1965, Survey Sampling), n × (s_a²/n_a + s_b²/n_b) / (v_a + v_b): between the
/// number of units and that of calls. It grows with what is known, also while the same users call again, as
/// the time of a Brownian motion does to which the difference at successive looks is near (Jennison and
/// Turnbull 1997, JASA 92).
struct UnitComparison {
    SequentialComparison found;
    double error = 0;      ///< standard error of the difference
    double effective = 0;  ///< independent values that say as much, of both together
};
/// Of b - `times` × a: with 1.1, whether b is more than a tenth above a. Absent: a sample has fewer than
/// kLeastUnits, or nothing varies.
Result<std::optional<UnitComparison>> compare_units_sequence(const UnitSample& a, const UnitSample& b,
                                                             const SequentialOptions& options = {},
                                                             double times = 1);

}  // namespace steno::inference
