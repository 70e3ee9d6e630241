#pragma once

#include "base/error.hpp"
#include "base/json_writer.hpp"
#include "pricing/catalogue.hpp"
#include "store/call_queries.hpp"
#include "suggestions/newest_calls.hpp"
#include "suggestions/suggestion.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// What to change to spend less or to get better answers, from the record: each with its evidence.
///
/// Looked at are AI calls, without replays. Nothing is suggested that the record does not show: below the
/// numbers of looks.hpp there is no suggestion, and of each kind it is told what was looked at. What was not
/// assigned by chance stays a caveat.
namespace steno::suggestions {

struct Question {
    store::Selection selection;  ///< with from and to; without text
    std::vector<Kind> kinds;     ///< none: all
    double margin = 0.05;        ///< what is lost at most by what is called as good, see equivalence.hpp
    std::string score = "quality";
    std::string
        flags;  ///< the period and filters as flags of commands, " --days 30": for those that are told
    std::uint64_t newest = 10'000;  ///< calls whose prompts and answers are read, up to kMostNewest
};
inline constexpr std::uint64_t kMostNewest = 20'000;

struct Suggestions {
    Span span;                            ///< of the question, where there is a record
    std::vector<Suggestion> suggestions;  ///< those that save money first: by currency, the greatest first
    std::vector<Looked> looked;           ///< one for each kind
    struct Newest {
        std::int64_t calls = 0, unread = 0;
        Span span;
        bool all = true;
    };
    std::optional<Newest> newest;  ///< absent: no kind that was asked for needs them
};

/// Blocking; any thread. InvalidArgument: a question out of bounds. Time grows with the calls of the period
/// as a few sums over them do, and with `newest`; memory with `newest`.
Result<Suggestions> suggest(store::CallQueries& store, const pricing::Catalogue& prices, const Pages& pages,
                            const Question& question);

/// The members of GET /api/v1/suggestions, but for the period.
void write_members(JsonWriter& json, const Suggestions& suggestions, const Question& question);

}  // namespace steno::suggestions
