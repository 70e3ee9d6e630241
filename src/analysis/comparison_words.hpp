#pragma once

#include "analysis/prompt_comparison.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// What a comparison says, in a sentence.
namespace steno::analysis {

/// "Version 2 is accepted more often than 1: +6.2 points (58.0 % → 64.2 %), 95 % interval +1.1 to +11.0
/// points."
std::string sentence_of(const MetricComparison& compared, const VersionComparison& versions,
                        std::size_t family, double confidence);

/// What a version does where its number of this metric is higher, or lower: "is accepted more often".
std::string phrase_of(const std::string& metric, bool higher);

/// What calls must say to be counted for a metric: "judged calls".
std::string values_of(std::string_view metric);

/// "58.0 %", "1,240 ms", "0.0021 USD"; a difference with its sign, a share's in points.
std::string amount_words(double value, Unit unit, const std::string& currency);
std::string difference_words(double value, Unit unit, const std::string& currency);
/// "1,234,567"
std::string count_words(std::uint64_t count);

/// Rounded up to two places: a figure to plan with has no more.
std::uint64_t planned(std::uint64_t count);

}  // namespace steno::analysis
