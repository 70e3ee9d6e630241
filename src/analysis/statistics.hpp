#pragma once

#include "analysis/figures.hpp"
#include "base/error.hpp"
#include "record/call.hpp"
#include "store/call_queries.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// What the record says of a stretch of time: how much, what it cost, who and what, what failed, what was
/// slow.
///
/// What is counted (docs/statistics.md):
///   AI calls are the calls of kinds that reach a model; only they have tokens and cost.
///   Runs are the calls of kind agent, or function: they contain AI calls and are not AI calls.
///   An agent's own tokens and cost are those of the AI calls made in its name (trace.agent); those of its
///   subtree are its own and those of the agents within it (trace.outer_agents), each call once. The same
///   holds for functions (trace.function, trace.outer_functions). A call within two agents is in the subtree
///   of both: subtrees are not to be added up. A filter by agent (function) chooses whose subtrees are told,
///   and leaves in them what the agents within did.
///   A request is what has a request id of its own; an AI call without one is a request by itself.
///   A failure, where nothing else is said, is that of an AI call; those of runs are told beside it.
namespace steno::analysis {

struct StatisticsOptions {
    Duration slow{5'000'000'000};  ///< calls that took so long or longer are slow
    std::int64_t high_tokens = 0;  ///< AI calls with so many input tokens or more are large; 0: none is
    std::uint32_t calls = 10;      ///< entries of each list of calls, 0 … 1000
    std::uint32_t groups = 1000;   ///< rows of each table of groups, 1 … 10,000
    std::optional<store::Bucket> bucket;  ///< also a row each
};

struct Statistics {
    struct Agent {
        std::string name;
        Figures ai_calls;  ///< its own
        Sums subtree;      ///< these, and the AI calls of agents within it
        Figures runs;
    };
    struct Function {
        std::string name;
        Figures runs;
        Figures ai_calls;                                ///< made in it itself
        Sums subtree;                                    ///< these, and those of functions within it
        std::map<std::string, std::int64_t> operations;  ///< runs of each; those without one are not in it
    };
    struct Model {
        std::string provider;
        std::string name;
        Figures calls;
    };
    struct Bucket {
        Timestamp begin;
        std::int64_t requests = 0;
        Figures ai_calls;
    };
    struct Slow {
        Call call;  ///< columns only
        std::string reason;
    };

    std::int64_t requests = 0;
    Figures ai_calls;
    Figures functions;
    Figures agents;
    /// The dearest first (of agents the subtree), then by tokens, calls, runs, name; by tokens where costs
    /// are in several currencies.
    std::vector<Agent> by_agent;
    std::vector<Function> by_function;  ///< those with the most runs first
    std::vector<Model> by_model;
    std::vector<Bucket> buckets;   ///< those with calls, in the order of time
    std::vector<Call> expensive;   ///< AI calls, the dearest first; columns only
    std::vector<Slow> slow;        ///< the slowest first
    std::int64_t slow_calls = 0;   ///< how many there are
    std::vector<Call> large;       ///< AI calls, the most input tokens first; columns only
    std::int64_t large_calls = 0;  ///< how many there are
    bool truncated = false;        ///< a table has more groups than asked for
};

/// Calls of any kind that took so long or longer.
struct SlowCalls {
    std::vector<Statistics::Slow> slowest;  ///< the first of them, slowest first
    std::int64_t calls = 0;                 ///< how many there are
};
/// Text aside. `most`: 0 … store::kMaxPage. Blocking; any thread.
Result<SlowCalls> slow_calls(store::CallQueries& store, const store::Selection& selection, Duration threshold,
                             std::uint32_t most);
/// The member "slow": {"threshold_ms", "calls", "slowest": [{"reason", "call"}]}.
void write_slow(JsonWriter& json, const SlowCalls& slow, Duration threshold);

/// How many of its questions it asks at the same time.
inline constexpr unsigned kStatisticsAtOnce = 3;
/// Of the calls in the selection, text aside. It asks some twenty questions: of a snapshot all that it says
/// is about the same calls. Blocking; any thread. InvalidArgument: options out of bounds.
Result<Statistics> statistics(store::CallQueries& store, const store::Selection& selection,
                              const StatisticsOptions& options);

/// The members of the JSON object that GET /api/v1/statistics answers, but for the period.
void write_members(JsonWriter& json, const Statistics& statistics, const StatisticsOptions& options);

}  // namespace steno::analysis
