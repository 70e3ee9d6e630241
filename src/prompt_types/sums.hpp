#pragma once

#include "base/decimal.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "control/database.hpp"
#include "store/call_queries.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

/// Sums of AI calls by kind of prompt: of the record, and as rows of the control database.
namespace steno::prompt_types {

/// What the AI calls of one kind of prompt come to: those of the record, and those that retention has removed
/// from it.
struct Total {
    struct Money {
        Decimal sum;
        std::int64_t calls = 0;  ///< that have a cost in this currency
    };
    std::int64_t calls = 0;
    std::int64_t failures = 0;
    std::int64_t unpriced = 0;          ///< see store::CostSum
    std::map<std::string, Money> cost;  ///< by currency
    std::optional<Timestamp> first;     ///< when they began
    std::optional<Timestamp> last;
    std::int64_t removed = 0;  ///< of the calls, those that are not on the record any more

    void add(const Total& other);
};

using TotalsByType = std::map<std::string, Total, std::less<>>;

/// What one type's calls in one currency come to; no currency: those without a cost.
struct Part {
    std::int64_t calls = 0;
    std::int64_t failures = 0;
    std::int64_t unpriced = 0;
    std::int64_t priced = 0;
    Decimal cost;
    std::optional<Timestamp> first;
    std::optional<Timestamp> last;

    /// The sum of both, in the same currency.
    void add(const Part& other);
};
void add(Total& total, const std::string& currency, const Part& part);
/// From the columns calls, failures, unpriced, priced, cost, first, last on. DataLoss.
Result<Part> part_of(const control::Row& row, std::size_t from);

/// AI calls that have a kind of prompt, and those of one.
store::Selection typed_calls();
store::Selection calls_of(std::string_view type);

/// Groups of a page: a type has as many as it has currencies, and one for the calls without a cost.
inline constexpr std::uint32_t kGroupsAPage = 10'000;
/// Of the calls of the record, and of whole types: those behind `after` in the order of their names; empty:
/// there are no more.
Result<TotalsByType> page_on_record(store::CallQueries& store, const store::Selection& selection,
                                    std::string_view after);

}  // namespace steno::prompt_types
