#pragma once

#include "base/error.hpp"
#include "pricing/catalogue.hpp"
#include "store/call_queries.hpp"
#include "suggestions/newest_calls.hpp"
#include "suggestions/suggestion.hpp"

#include <string>
#include <vector>

/// One look at the record for each kind of suggestion. Each adds what it finds, and tells what it looked at.
/// Below the numbers of calls that are named here a kind has nothing to say.
namespace steno::suggestions {

struct Evidence {
    store::CallQueries& store;
    store::Selection selection;  ///< AI calls of the span, without replays
    Span span;                   ///< of the record
    const pricing::Catalogue& prices;
    const NewestCalls& newest;
    double margin = 0;
    std::string score;
    std::string flags;  ///< of the commands that are told
};
using Found = std::vector<Suggestion>;
/// Of a kind, the greatest: what is beyond is cut, and Looked says so.
inline constexpr std::size_t kMostOfKind = 50;

// Of all calls, in sums that the store makes.

/// Calls of each of two models.
inline constexpr std::int64_t kFewestOfModel = 100;
/// Pairs of models that are compared, those where the dearer one cost most first. The intervals are those of
/// a family of so many as were compared (Bonferroni): that any model that is suggested is in truth worse by
/// more than the margin has a chance of 2.5 % at most.
inline constexpr std::size_t kMostPairs = 40;
Result<Looked> look_for_cheaper_models(const Evidence& evidence, Found& found);

/// Calls without a whole answer that cost something, of one task and model.
inline constexpr std::int64_t kFewestFailures = 10;
Result<Looked> look_for_paid_failures(const Evidence& evidence, Found& found);

/// Calls of one task and model, and the share of them that is surely cut: by the lower bound of the exact
/// interval, its confidence being that of a family of all groups with so many calls (Bonferroni). That any
/// is suggested whose share is in truth less has a chance of 2.5 % at most, however many groups there are.
inline constexpr std::int64_t kFewestCalls = 100;
inline constexpr double kLeastCutShare = 0.01;
Result<Looked> look_for_cut_answers(const Evidence& evidence, Found& found);

/// Of one prompt; the share that surely lacks variables, of the family of prompts.
inline constexpr double kLeastMissingShare = 0.02;
Result<Looked> look_for_missing_variables(const Evidence& evidence, Found& found);

// Of the newest calls, whose payloads were read.

inline constexpr std::int64_t kFewestOfPrefix = 50;
Result<Looked> look_for_uncached_prefixes(const Evidence& evidence, Found& found);

/// Calls that asked again, of one task and model.
inline constexpr std::int64_t kFewestRepeats = 20;
Result<Looked> look_for_repeated_requests(const Evidence& evidence, Found& found);

/// Answers with the same limit: a percentile of 99.9 is not told by fewer. It is high above so many times
/// that.
inline constexpr std::int64_t kFewestForLimit = 1000;
inline constexpr std::int64_t kHighLimit = 4;
Result<Looked> look_for_high_limits(const Evidence& evidence, Found& found);

Result<Looked> look_for_temperatures(const Evidence& evidence, Found& found);

}  // namespace steno::suggestions
