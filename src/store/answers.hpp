#pragma once

#include "record/call.hpp"
#include "store/query.hpp"

#include <cstdint>
#include <optional>
#include <string>

/// The last step of a measure, the same for every backend: from exact sums to what is answered.
namespace steno::store {

/// Of a field's values. Integers, durations (nanoseconds) and money (units) add up in `exact`, Number in
/// `real`.
struct Sum {
    __int128 exact = 0;
    double real = 0;
    std::int64_t count = 0;
};

/// Absent over no values. Integers beyond 64 bits are answered as the nearest double.
Cell sum_cell(FieldType type, const Sum& sum);
/// Money is rounded half to even at the twelfth place and durations to the nanosecond; integers give a
/// double.
Cell average_cell(FieldType type, const Sum& sum);
/// Which of so many values, in ascending order from 0, is the percentile: ceil(count * fraction) - 1. `count`
/// is not 0.
std::uint64_t nearest_rank(std::uint64_t count, double fraction);
/// How a call counts in a sum of money.
enum class CostCount : std::uint8_t {
    Nothing,   ///< has no cost, and needs none
    Unpriced,  ///< reached a model, has no cost, and did not fail before its usage was known
    Dollars,
    EstimatedDollars,  ///< its usage, and with it the cost, is an estimate
    Other,             ///< in another currency
    EstimatedOther,
};
CostCount cost_count(const Call& call);

/// `low` and `high`: the least and the greatest currency of the calls in the total.
CostSum cost_cell(std::optional<Decimal> total, const std::optional<std::string>& low,
                  const std::optional<std::string>& high, std::int64_t unpriced_calls,
                  std::int64_t estimated_calls);

}  // namespace steno::store
