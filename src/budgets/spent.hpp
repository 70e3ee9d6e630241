#pragma once

#include "base/decimal.hpp"
#include "base/error.hpp"
#include "budgets/budget.hpp"
#include "record/call.hpp"
#include "store/call_queries.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace steno::budgets {

/// What a call adds to what is spent.
struct Share {
    std::optional<Decimal> cost;
    std::string currency;
    bool unpriced = false;   ///< reached a model, and nobody knows what it cost (store/answers.hpp)
    bool estimated = false;  ///< its usage, and with it its cost, is an estimate
};
Share share_of(const Call& call);

/// What calls have cost together. Exact; nothing is converted.
struct Spent {
    std::map<std::string, Decimal> by_currency;  ///< none that is nothing
    std::int64_t calls = 0;                      ///< AI calls
    std::int64_t unpriced = 0;                   ///< in no sum
    std::int64_t estimated = 0;                  ///< in the sums

    void add(const Share& share) { count(share, 1); }
    void take(const Share& share) { count(share, -1); }
    Spent& operator+=(const Spent& other);
    [[nodiscard]] Decimal in(const std::string& currency) const;
    friend bool operator==(const Spent&, const Spent&) = default;

  private:
    void count(const Share& share, int sign);
};

/// What the store says was spent.
Result<Spent> spent_in(store::CallQueries& store, const Budget& budget, const Span& span);

/// The same, of each day, or hour, of the budget's zone that had calls, in order.
struct Stretch {
    Timestamp begin;
    Spent spent;
};
Result<std::vector<Stretch>> spent_by(store::CallQueries& store, const Budget& budget, const Span& span,
                                      store::Bucket::Unit unit);

}  // namespace steno::budgets
