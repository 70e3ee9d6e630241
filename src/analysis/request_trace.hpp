#pragma once

#include "base/decimal.hpp"
#include "base/json_writer.hpp"
#include "record/call.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// Where a request's time and money went, and what could be saved of it.
namespace steno::analysis {

/// Calls by their places in the span that was looked at.
struct RequestTrace {
    /// The critical path: what the request's end waited for, moment by moment, in the order of time. `took`
    /// is the call's own time, without the calls in it. Absent call: between the roots, when nothing was
    /// recorded.
    struct Step {
        std::optional<std::size_t> call;
        Timestamp from;
        Duration took;
    };
    /// How much of the path is one call's own time, over all its steps.
    struct Share {
        std::size_t call = 0;
        Duration on_path;
    };
    /// All calls of one kind (agent, chat, function, …).
    struct Level {
        std::string kind;
        std::int64_t calls = 0;
        Duration own;      ///< their own times, without the calls in them; side by side counts each
        Duration on_path;  ///< of the critical path
        std::optional<std::int64_t> tokens;
        std::map<std::string, Decimal> cost;  ///< by currency
    };
    /// The same model asked the same thing more than once, in the order of time. The first was needed.
    struct Repeat {
        std::vector<std::size_t> calls;
        Duration took;                        ///< of all but the first
        std::map<std::string, Decimal> cost;  ///< of all but the first, by currency
    };
    /// `second` began after `first` had ended, beside it in the tree, though nothing that the first brought
    /// is in what the second was given.
    struct SideBySide {
        std::size_t first = 0;
        std::size_t second = 0;
        Duration saved;  ///< the shorter one's time
    };

    Duration whole;  ///< from the first beginning to the last end
    std::vector<Step> critical_path;
    std::vector<Share> bottlenecks;  ///< the greatest first
    std::vector<Level> levels;       ///< those with the most time on the path first
    std::vector<Repeat> repeats;     ///< the longest first
    std::vector<SideBySide> side_by_side;
    std::int64_t without_payload =
        0;  ///< AI calls and functions of which repeats and dependence cannot be told
};

/// Of a request's calls, with payloads where they are kept. Linear but for sorting.
RequestTrace trace_of(std::span<const Call> calls);

/// The members of one JSON object; calls are named by id.
void write_members(JsonWriter& json, const RequestTrace& trace, std::span<const Call> calls);

}  // namespace steno::analysis
