#pragma once

#include "alerts/rule.hpp"
#include "alerts/rule_book.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "store/call_store.hpp"

#include <chrono>
#include <cstddef>
#include <vector>

namespace steno::alerts {

struct PreviewOptions {
    Timestamp from;
    Timestamp to;
    std::size_t most_evaluations = 2000;  ///< where the rule asks for more, it looks less often
    std::size_t most_events = 1000;
    std::chrono::milliseconds patience{20'000};
};

struct Preview {
    Timestamp from, to;
    Duration every{0};  ///< how often it looked: the rule's own pace, or a multiple of it
    std::size_t evaluations = 0;
    std::size_t notifications = 0;        ///< messages to each channel
    std::vector<Event> events;            ///< the oldest first; without samples
    std::optional<Timestamp> stopped_at;  ///< patience or room was over: nothing is said of later times
};

/// When the rule would have fired over what is recorded, by the code that evaluates it in the present. Calls
/// count from their beginning here, also while they were still running then. Blocking; Cancelled by the
/// thread's Cancellation.
Result<Preview> preview(store::CallStore& store, const Rule& rule, const PreviewOptions& options);

}  // namespace steno::alerts
