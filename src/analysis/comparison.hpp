#pragma once

#include "analysis/figures.hpp"
#include "base/error.hpp"
#include "store/call_queries.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace steno::analysis {

/// Two stretches of time side by side: all calls, and each group of them.
struct Comparison {
    struct Group {
        std::vector<std::optional<store::Value>> key;  ///< one a field; absent: the calls without it
        Figures now;
        Figures before;
    };
    Figures now;
    Figures before;
    /// Those whose cost changed most first (as far as both tell one; where all costs are in one currency),
    /// then by tokens and calls; a group that is in one of the two only has no calls in the other.
    std::vector<Group> groups;
    bool truncated = false;  ///< one of the two has more groups than kMaxCompared: sums of groups are not all
};

/// How many groups each of the two may have.
inline constexpr std::uint32_t kMaxCompared = 20'000;

/// The AI calls of the two selections, text aside, by these fields (at most store::kMaxGroupBy). Blocking;
/// any thread.
Result<Comparison> compare(store::CallQueries& store, const store::Selection& now,
                           const store::Selection& before, const std::vector<store::Field>& by);

/// When the first call of the record began, by which one sees whether a period is on it at all; absent where
/// no call says when. Blocking; any thread.
Result<std::optional<Timestamp>> record_begin(store::CallQueries& store);

/// The members now, before, groups (the first `limit` of them; key, now, before each) and truncated.
void write_members(JsonWriter& json, const Comparison& comparison, const std::vector<store::Field>& by,
                   std::size_t limit);

}  // namespace steno::analysis
