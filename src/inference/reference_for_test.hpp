#pragma once

#include <gtest/gtest.h>
#include <simdjson.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What SciPy and statsmodels say: tests/data/inference/reference.json, made by the script beside it.
namespace steno::inference {

using Json = simdjson::dom::element;

inline Json reference(std::string_view what) {
    static simdjson::dom::parser parser;
    static const Json all = parser.load(STENO_TEST_DATA "/inference/reference.json").value();
    return all[what].value();
}

inline double number(Json value) {
    return value.get_double().value();
}
inline double number(Json object, std::string_view key) {
    return number(object[key].value());
}
inline std::uint64_t whole(Json value) {
    return value.get_uint64().value();
}
inline bool has(Json object, std::string_view key) {
    auto member = object[key];
    return member.error() == simdjson::SUCCESS && !member.value().is_null();
}
inline std::vector<double> numbers(Json array) {
    std::vector<double> values;
    for (const Json value : array.get_array().value()) values.push_back(number(value));
    return values;
}
inline std::vector<double> numbers(Json object, std::string_view key) {
    return numbers(object[key].value());
}

/// To `digits` places, counted from the first that is not 0; `nothing`: what is as good as 0.
inline void expect_same(double ours, double theirs, std::string_view what, int digits = 9,
                        double nothing = 1e-12) {
    EXPECT_NEAR(ours, theirs, std::abs(theirs) * std::pow(10, -digits) + nothing) << what;
}
template <class Interval>
void expect_same(const Interval& ours, const std::vector<double>& theirs, std::string_view what,
                 int digits = 9, double nothing = 1e-12) {
    ASSERT_EQ(theirs.size(), 2U) << what;
    expect_same(ours.low, theirs[0], what, digits, nothing);
    expect_same(ours.high, theirs[1], what, digits, nothing);
}

}  // namespace steno::inference
