#pragma once

#include "alerts/rule.hpp"
#include "alerts/rule_book.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "store/call_queries.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace steno::alerts {

struct PreviewOptions {
    Timestamp from;
    Timestamp to;
    std::size_t most_evaluations = 2000;  ///< where the rule asks for more, it looks less often
    std::size_t most_events = 1000;
    std::size_t most_groups = 100'000;  ///< in all evaluations together
    std::chrono::milliseconds patience{20'000};
};

/// A change of a level, or (from and to are the same) a reminder.
struct PreviewEvent {
    Event event;        ///< without samples
    bool told = false;  ///< a message to each channel; else it changed in silence
};

struct Preview {
    Timestamp from, to;
    Duration every{0};  ///< how often it looked: the rule's own pace, or a multiple of it
    std::size_t evaluations = 0;
    std::size_t notifications = 0;         ///< messages to each channel
    std::size_t judged = 0;                ///< evaluations of a group that led to a level
    std::size_t unknown = 0;               ///< and those that did not
    std::string because;                   ///< why not, most of the time
    std::vector<PreviewEvent> events;      ///< the oldest first; of more than `most_events` the latest
    std::size_t more_events = 0;           ///< earlier ones, which are not among them
    std::optional<Timestamp> looked_from;  ///< patience or room was over: nothing is said of earlier times
};

/// When the rule would have fired over what is recorded, by the code that evaluates it in the present. Calls
/// count from their beginning here, also while they were still running then. `budgets`: as they are defined
/// now, for rules that watch them. Blocking; Cancelled by the thread's Cancellation.
Result<Preview> preview(store::CallQueries& store, const Rule& rule, const PreviewOptions& options,
                        std::span<const budgets::Budget> budgets = {});

}  // namespace steno::alerts
