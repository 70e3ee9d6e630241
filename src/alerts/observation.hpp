#pragma once

#include "alerts/rule.hpp"
#include "base/error.hpp"
#include "calendar/period.hpp"
#include "store/call_store.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace steno::alerts {

/// What was measured of one group in a rule's window.
struct Observation {
    std::vector<std::optional<store::Value>> key;  ///< one a field of group_by
    std::string group;  ///< the same as text that tells groups apart: a JSON array, "" without group_by
    std::int64_t calls = 0;
    std::optional<Decimal> value;  ///< what is compared with the thresholds
    std::string because;           ///< why it is not known
    std::optional<Decimal> now;    ///< of a ratio: the two that are compared
    std::optional<Decimal> before;
    std::string currency;  ///< of money, where it is known
    std::int64_t unpriced_calls = 0;
};

struct Observations {
    calendar::Period window;
    std::vector<Observation> groups;  ///< without group_by: exactly one
    bool truncated = false;           ///< there are more than kMaxGroups; those with the most calls are here
};

/// The rule's window that ends at `now`, with AI calls alone unless a filter of the rule names a kind. The
/// same for the present and the past. At most four questions to the store. Blocking; any thread.
Result<Observations> observe(store::CallStore& store, const Rule& rule, Timestamp now);

/// The ids of up to `most` calls that show it best.
Result<std::vector<std::string>> samples(store::CallStore& store, const Rule& rule,
                                         const calendar::Period& window, const Observation& observation,
                                         std::uint32_t most);

/// What the window selects.
store::Selection selection_of(const Rule& rule, const calendar::Period& window);

/// A group as people read it: "gpt-4o", "gpt-4o, billing"; "–" for calls without the field. One line, at most
/// about 200 bytes of each value.
std::string group_text(std::string_view group);

}  // namespace steno::alerts
