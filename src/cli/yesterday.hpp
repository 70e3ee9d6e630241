#pragma once

#include "base/error.hpp"
#include "base/time.hpp"
#include "cli/api_client.hpp"

#include <string>

namespace steno::cli {

/// The day before the one that `now` is in, in this machine's time zone: from midnight to midnight, be it 23
/// or 25 hours.
struct Day {
    std::string name;      ///< "2026-11-20"
    std::string from, to;  ///< RFC 3339
};
Day day_before(Timestamp now);

/// Prints what the AI calls of that day took and cost: in all, by model, by agent, by function; as `steno
/// stats` does. Nothing if there was none.
Result<void> print_yesterday(Api& api, Timestamp now);

}  // namespace steno::cli
