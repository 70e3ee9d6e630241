#pragma once

#include "budgets/budget.hpp"
#include "budgets/spent.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace steno::budgets {

/// Where a budget stands in its present period.
struct State {
    Budget budget;
    Span period;
    /// False, in the moments after a start and where the store cannot be read: `spent` has only what is known
    /// to this process yet, and the gateway keeps to that.
    bool known = false;
    Spent spent;       ///< by calls that are over, in all currencies
    Decimal reserved;  ///< for calls that are under way, in the budget's currency
    std::int64_t under_way = 0;
    std::uint64_t refused = 0;  ///< calls that the gateway did not let pass, in this period, since the start
    std::int64_t at = 0;        ///< when this was so, nanoseconds since 1970

    /// In the budget's currency.
    [[nodiscard]] Decimal total() const { return spent.in(budget.currency); }
    /// Negative: more was spent than the limit.
    [[nodiscard]] Decimal remaining() const { return budget.limit - total(); }
    /// Of the limit; absent where that is 0.
    [[nodiscard]] std::optional<double> percent() const;
    [[nodiscard]] bool used_up() const { return total() >= budget.limit; }
    /// So much of the limit, exactly.
    [[nodiscard]] bool reached(int percent) const;
    /// The soft percentages that are reached, ascending.
    [[nodiscard]] std::vector<int> crossed() const;
    /// When the limit will be reached if the rest of the period is as its beginning; absent: not in this
    /// period, or it is reached already.
    [[nodiscard]] std::optional<Timestamp> used_up_at() const;
};

/// Who can say that: for alerts and pages, which need no more of budgets.
class States {
  public:
    virtual ~States() = default;
    /// Of all budgets, by name. Any thread; in memory.
    [[nodiscard]] virtual std::vector<State> states() = 0;
    /// False: budgets could not be read, or not all of them, and from what is missing nothing follows. Any
    /// thread.
    [[nodiscard]] virtual bool complete() const = 0;
};

}  // namespace steno::budgets
