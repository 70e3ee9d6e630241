#pragma once

#include "base/error.hpp"

#include <cstdint>
#include <span>

/// Whether units fell to the variants of an experiment as the weights say. Where they did not, something
/// decides who is counted, and no difference of theirs can be believed: calls of one variant are lost, or not
/// told as such (Fabijan and others 2019, Diagnosing Sample Ratio Mismatch in Online Controlled Experiments,
/// KDD).
namespace steno::inference {

/// Pearson's test (1900, Philosophical Magazine 50): Σ (O - E)² / E, by the χ² distribution. For one look.
struct FitTest {
    double chi_square = 0;
    double degrees = 0;
    double p_value = 1;
};
/// `expected`: how many of each there should be; not whole, their sum that of the counts, each above 0.
/// InvalidArgument: other numbers, or fewer than two.
Result<FitTest> chi_square_fit(std::span<const std::uint64_t> counts, std::span<const double> expected);

/// The same at every look: at or below α, ever, with probability α at most if all is well. The mixture
/// e-process of the multinomial distribution (Lindon and Malek 2022, Anytime-Valid Inference for Multinomial
/// Count Data, NeurIPS), with Jeffreys' prior:
///   E = B(½ + n_1, …, ½ + n_k) / (B(½, …, ½) Π_u θ_u)
/// θ_u being the probability with which unit u was to get what it got, `log_probability` Σ_u ln θ_u: it may
/// have been another one for each of them.
Result<double> fit_sequence(std::span<const std::uint64_t> counts, double log_probability);

}  // namespace steno::inference
