#pragma once

#include "alerts/rule.hpp"
#include "analysis/anomaly.hpp"
#include "base/error.hpp"
#include "budgets/states.hpp"
#include "calendar/period.hpp"
#include "store/call_queries.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace steno::alerts {

/// Of a rule of kind Budget: where one stands.
struct BudgetSight {
    budgets::State state;
    bool projection = false;  ///< the group is about what will be spent, not about what is
    int step = 0;             ///< the highest of the percentages that is reached; 0: none
};

/// What was measured of one group in a rule's window.
struct Observation {
    std::vector<std::optional<store::Value>> key;  ///< one a field of group_by
    std::string group;  ///< the same as text that tells groups apart: a JSON array, "" without group_by
    std::int64_t calls = 0;
    std::optional<Decimal> value;  ///< what is compared with the thresholds
    std::string because;           ///< why it is not known
    std::optional<Decimal> now;    ///< of a ratio: the two that are compared; of an anomaly: the hour itself
    std::optional<Decimal> before;
    std::string currency;  ///< of money, where it is known
    std::int64_t unpriced_calls = 0;
    std::optional<BudgetSight> budget;
    std::optional<analysis::Judgement> hour;  ///< of an anomaly: what was expected of it
    bool learning = false;                    ///< of an anomaly: there is too little history yet
};

struct Observations {
    calendar::Period window;
    std::vector<Observation> groups;  ///< without group_by: exactly one
    bool truncated = false;           ///< there are more than kMaxGroups; those with the most calls are here
    bool complete = true;             ///< of budgets: one that is not here is no more
};

/// The rule's window that ends at `now`, with AI calls alone unless a filter of the rule names a kind. The
/// same for the present and the past. At most four questions to the store, of kind Anomaly a handful.
/// Blocking; any thread. Not of kind Budget.
Result<Observations> observe(store::CallQueries& store, const Rule& rule, Timestamp now);

/// Of kind Budget: a group a budget, ["NAME"], and with `projected` one of what will be spent,
/// ["NAME","projected"]. `complete`: see budgets::States.
Observations observe_budgets(const Rule& rule, std::span<const budgets::State> states, bool complete = true);

/// Of kind Anomaly: every hour that ended in (from, to], in order, as it was seen when it had ended, each
/// group by itself. The newest alone costs as many questions as a thousand. Of more than `most` hours of
/// groups the latest. The groups are those with the most calls in these hours and what is learned from.
Result<std::vector<Observations>> observe_hours(store::CallQueries& store, const Rule& rule, Timestamp from,
                                                Timestamp to,
                                                std::size_t most = std::numeric_limits<std::size_t>::max());
/// The end of the last whole hour, on the wall clock of the rule's zone, that is over at that moment.
std::int64_t hour_over_at(const Rule& rule, Timestamp now);

/// The ids of up to `most` calls that show it best.
Result<std::vector<std::string>> samples(store::CallQueries& store, const Rule& rule,
                                         const calendar::Period& window, const Observation& observation,
                                         std::uint32_t most);

/// What the window selects.
store::Selection selection_of(const Rule& rule, const calendar::Period& window);

/// A group as text that tells it from others: see Observation.
std::string group_name(const std::vector<std::optional<store::Value>>& key);
/// A group as people read it: "gpt-4o", "gpt-4o, billing"; "–" for calls without the field. One line, at most
/// about 200 bytes of each value.
std::string group_text(std::string_view group);

}  // namespace steno::alerts
