#pragma once

#include "base/error.hpp"
#include "base/hash.hpp"
#include "record/call.hpp"
#include "store/query.hpp"
#include "suggestions/suggestion.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// What stands in payloads (prompts, parameters, answers) is not in the store: it is read of the newest calls
/// only, and no more of it is held than what suggestions need.
namespace steno::suggestions {

/// A page of calls with their payloads, newest first: the journal's reader.
struct Page {
    std::vector<Call> calls;
    std::optional<std::string> next_cursor;
};
using Pages = std::function<Result<Page>(const store::CallQuery& query)>;

struct SeenCall {
    Call call;                      ///< without prompt, answer and parameters
    std::optional<Sha256> request;  ///< of all that was asked; absent: not kept, or not whole (masked, cut)
    Sha256 answer = {};
    std::optional<Sha256> prefix;  ///< of tools and system prompt, where these are long enough to be cached
    std::optional<std::int64_t> limit;  ///< of output tokens
    std::optional<double> temperature;
};

struct NewestCalls {
    std::vector<SeenCall> calls;             ///< in the order of time
    Span span;                               ///< in which they are all AI calls of the selection
    bool all = true;                         ///< the span is the whole one that was asked for
    std::int64_t unread = 0;                 ///< calls of these whose prompts were not kept, or not whole
    std::map<Sha256, std::string> prefixes;  ///< the texts
};
/// A prefix of fewer bytes has fewer tokens than any provider caches.
inline constexpr std::size_t kLeastPrefixBytes = 1024;
/// Texts of prefixes beyond that are not looked at.
inline constexpr std::size_t kMostPrefixBytes = 64u << 20;

/// The newest `most` AI calls of the selection, which has from and to. Memory grows with `most` and not with
/// the length of prompts.
Result<NewestCalls> read_newest(const Pages& pages, const store::Selection& selection, Span span,
                                std::uint64_t most);

}  // namespace steno::suggestions
