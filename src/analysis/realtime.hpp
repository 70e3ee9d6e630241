#pragma once

#include "analysis/statistics.hpp"
#include "base/error.hpp"
#include "record/call.hpp"

#include <cstdint>
#include <set>
#include <span>
#include <string>

namespace steno::analysis {

/// What goes on: the calls that ended in the last minutes, whenever they began, and those that run now.
/// Tokens and cost of a call are known when it ends, so it counts then.
struct Realtime {
    Statistics ended;                     ///< without lists of calls
    std::set<std::string> active_agents;  ///< named by one of those calls, or by one that runs
    std::int64_t running_ai_calls = 0;    ///< of those given
};

/// `running`: as far as they are known. `from`: when the last minutes began. Blocking; any thread.
Result<Realtime> realtime(store::CallQueries& store, const store::Selection& selection, Timestamp from,
                          std::span<const Call> running);

/// The members of the JSON object that GET /api/v1/realtime answers, but for the period and what only a
/// server knows.
void write_members(JsonWriter& json, const Realtime& realtime, Duration time);

}  // namespace steno::analysis
