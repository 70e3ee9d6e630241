#pragma once

#include "inference/draws.hpp"
#include "inference/sample.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

/// Worlds in which the truth is known, to see how often what is said of them is wrong.
namespace steno::inference {

inline double uniform(Draws& draws) {
    return static_cast<double>(draws() >> 11) * 0x1p-53;
}

inline std::uint64_t successes(Draws& draws, std::uint64_t of, double share) {
    std::uint64_t found = 0;
    for (std::uint64_t i = 0; i < of; ++i) found += uniform(draws) < share;
    return found;
}

inline std::vector<double> values(std::size_t count, const std::function<double()>& draw) {
    std::vector<double> made(count);
    for (double& value : made) value = draw();
    return made;
}
inline Sample sample(std::vector<double> values) {
    return Sample::of(std::move(values)).value();
}

/// How often `happens`, of `times`; told in the test's report.
inline double rate(const char* what, int times, const std::function<bool()>& happens) {
    int found = 0;
    for (int i = 0; i < times; ++i) found += happens();
    const double share = static_cast<double>(found) / times;
    ::testing::Test::RecordProperty(what, std::to_string(share));
    return share;
}

}  // namespace steno::inference
