#include "store/answers.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace steno::store {
namespace {

__int128 divided(__int128 sum, std::int64_t count) {
    __int128 quotient = sum / count;
    const __int128 twice_rest = (sum % count) * 2;
    const __int128 distance = twice_rest < 0 ? -twice_rest : twice_rest;
    if (distance > count || (distance == count && quotient % 2 != 0)) quotient += sum < 0 ? -1 : 1;
    return quotient;
}

Cell whole(__int128 value) {
    if (value > std::numeric_limits<std::int64_t>::max() || value < std::numeric_limits<std::int64_t>::min())
        return Value(static_cast<double>(value));
    return Value(static_cast<std::int64_t>(value));
}

Cell span_of(__int128 nanos) {
    const Cell cell = whole(nanos);
    const auto* fits = std::get_if<std::int64_t>(&std::get<Value>(cell));
    return fits == nullptr ? cell : Cell(Value(Duration{*fits}));
}

}  // namespace

Cell sum_cell(FieldType type, const Sum& sum) {
    if (sum.count == 0) return std::monostate{};
    switch (type) {
        case FieldType::Number:
            return Value(sum.real);
        case FieldType::Decimal:
            return Value(Decimal::from_units(sum.exact));
        case FieldType::Duration:
            return span_of(sum.exact);
        default:
            return whole(sum.exact);
    }
}

Cell average_cell(FieldType type, const Sum& sum) {
    if (sum.count == 0) return std::monostate{};
    switch (type) {
        case FieldType::Number:
            return Value(sum.real / static_cast<double>(sum.count));
        case FieldType::Decimal:
            return Value(Decimal::from_units(divided(sum.exact, sum.count)));
        case FieldType::Duration:
            return span_of(divided(sum.exact, sum.count));
        default:
            return Value(static_cast<double>(sum.exact) / static_cast<double>(sum.count));
    }
}

std::uint64_t nearest_rank(std::uint64_t count, double fraction) {
    // The same arithmetic as DuckDB's quantile_disc: safe against rounding of count * fraction.
    const auto all = static_cast<double>(count);
    const auto above = static_cast<std::uint64_t>(std::floor(all - all * fraction));
    return std::max<std::uint64_t>(1, count - above) - 1;
}

CostCount cost_count(const Call& call) {
    if (!call.cost.total) {
        const bool used = call.usage.input_tokens || call.usage.output_tokens;
        const bool priceable = reaches_a_model(call.kind) && (call.status != Status::Failure || used);
        return priceable ? CostCount::Unpriced : CostCount::Nothing;
    }
    const bool estimated = call.usage.estimated.value_or(false);
    if (call.cost.currency == "USD") return estimated ? CostCount::EstimatedDollars : CostCount::Dollars;
    return estimated ? CostCount::EstimatedOther : CostCount::Other;
}

CostSum cost_cell(std::optional<Decimal> total, const std::optional<std::string>& low,
                  const std::optional<std::string>& high, std::int64_t unpriced_calls,
                  std::int64_t estimated_calls) {
    const bool mixed = low != high;
    return {.total = mixed ? std::nullopt : total,
            .currency = mixed ? "mixed" : low.value_or(""),
            .unpriced_calls = unpriced_calls,
            .estimated_calls = estimated_calls};
}

}  // namespace steno::store
