#include "inference/fit.hpp"

#include "inference/reference_for_test.hpp"
#include "inference/simulation_for_test.hpp"

#include <array>

namespace steno::inference {
namespace {

TEST(Fit, IsWhatSciPySays) {
    for (const Json one : reference("fits").get_array().value()) {
        std::vector<std::uint64_t> counts;
        for (const double count : numbers(one, "counts")) counts.push_back(static_cast<std::uint64_t>(count));
        std::vector<double> expected = numbers(one, "shares");
        double all = 0, log_probability = 0;
        for (const std::uint64_t count : counts) all += static_cast<double>(count);
        for (std::size_t i = 0; i < counts.size(); ++i) {
            log_probability += static_cast<double>(counts[i]) * std::log(expected[i]);
            expected[i] *= all;
        }
        SCOPED_TRACE(testing::Message() << counts[0] << " of " << all);
        const FitTest found = chi_square_fit(counts, expected).value();
        expect_same(found.chi_square, number(one, "chi_square"), "chi-square");
        expect_same(found.p_value, number(one, "p"), "p");
        EXPECT_EQ(found.degrees, static_cast<double>(counts.size() - 1));
        expect_same(fit_sequence(counts, log_probability).value(), number(one, "sequence_p"), "sequence", 6);
    }
}

TEST(Fit, WhatCannotBeIsRefused) {
    const std::array<std::uint64_t, 2> counts = {3, 5};
    for (const std::array<double, 2>& wrong : {std::array{4.0, 3.0}, {8.0, 0.0}, {9.0, -1.0}, {NAN, 4.0}})
        EXPECT_EQ(chi_square_fit(counts, wrong).error().code, Code::InvalidArgument);
    EXPECT_FALSE(chi_square_fit(std::span(counts).first(1), std::array{3.0}));
    EXPECT_FALSE(fit_sequence(counts, 1));
    EXPECT_FALSE(fit_sequence(counts, -INFINITY));
    EXPECT_FALSE(fit_sequence({}, -1));
    EXPECT_EQ(fit_sequence(std::array<std::uint64_t, 2>{}, 0).value(), 1);
}

TEST(Fit, LookingAfterEveryUnitFindsNothingAndALossIsFound) {
    Draws draws(51);
    const int worlds = 300, units = 3000;
    int fixed_fooled = 0;
    const auto ever = [&](double share, bool count_fixed) {
        std::array<std::uint64_t, 2> counts{};
        bool found = false, fixed = false;
        for (int i = 1; i <= units; ++i) {
            ++counts[uniform(draws) < share];
            found = found || fit_sequence(counts, i * std::log(0.5)).value() <= 0.01;
            if (count_fixed && !fixed && i % 10 == 0)
                fixed = chi_square_fit(counts, std::array{i / 2.0, i / 2.0}).value().p_value <= 0.01;
        }
        fixed_fooled += fixed;
        return found;
    };
    EXPECT_LE(rate("sequence_alarms_without_cause", worlds, [&] { return ever(0.5, true); }), 0.01);
    // The test for one look, looked at every tenth unit.
    RecordProperty("chi_square_alarms_without_cause", std::to_string(fixed_fooled / double{worlds}));
    EXPECT_GE(fixed_fooled, worlds / 20);
    EXPECT_GE(rate("a_tenth_lost_is_found", 100, [&] { return ever(0.45, false); }), 0.95);
}

TEST(Fit, AlsoWhereWeightsChanged) {
    Draws draws(52);
    EXPECT_LE(rate("alarms_with_weights_that_change", 300,
                   [&] {
                       std::array<std::uint64_t, 2> counts{};
                       double log_probability = 0, share = 0.5;
                       for (int i = 1; i <= 2000; ++i) {
                           if (i % 100 == 0) share = 0.1 + 0.8 * uniform(draws);
                           const bool second = uniform(draws) < share;
                           ++counts[second];
                           log_probability += std::log(second ? share : 1 - share);
                           if (fit_sequence(counts, log_probability).value() <= 0.01) return true;
                       }
                       return false;
                   }),
              0.01);
}

}  // namespace
}  // namespace steno::inference
