#pragma once

#include "analysis/quality.hpp"
#include "base/error.hpp"
#include "base/json_writer.hpp"
#include "store/call_queries.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// How the executions of one prompt did: how they ended, how long they took, what they used and cost, and
/// what was said of their answers; by version, or by any other fields.
///
/// What is counted (docs/prompt-performance.md): AI calls whose prompt.name is that. Whether the registry has
/// such a prompt makes no difference.
namespace steno::analysis {

/// The calls of the selection that are executions of this prompt.
store::Selection executions_of(std::string_view prompt, store::Selection selection);

/// Of a number, over the calls that have it. Percentiles are values that occurred. Times in milliseconds.
struct Spread {
    std::int64_t calls = 0;
    std::optional<double> average, p50, p95;
};

/// Of a group of executions. Absent where no call says it: never 0 instead.
struct PromptPerformance {
    Quality quality;  ///< with its cost in each currency where there are several
    Spread duration, first_token;
    std::optional<double> duration_p90, duration_p99;  ///< milliseconds
    Spread input_tokens, output_tokens, output_chars;
    struct Score {
        std::string name;
        std::int64_t calls = 0;  ///< with a number of that name
        std::optional<double> average, median;
    };
    std::vector<Score> scores;             ///< those that calls of this group have
    std::optional<Timestamp> first, last;  ///< when the first and the last of them began

    /// The exact sum, divided by the calls that have a price; absent without one, and in several currencies.
    [[nodiscard]] std::optional<Decimal> cost_per_call() const;
    std::int64_t priced = 0;  ///< calls with a price
};

struct PromptPerformanceQuestion {
    std::string prompt;
    store::Selection selection;
    std::vector<store::Field> by;  ///< at most kMostPerformanceBy; none: no groups
    std::string score = "quality";
    std::uint32_t groups = 100;  ///< 1 … 10,000: those with the most calls
};
inline constexpr std::size_t kMostPerformanceBy = 4;

struct PromptPerformanceReport {
    struct Group {
        std::vector<std::optional<store::Value>> key;  ///< one a field; absent: the calls without it
        PromptPerformance performance;
    };
    PromptPerformance all;
    std::vector<Group> groups;  ///< most calls first
    bool truncated = false;     ///< there are more groups, or scores than kMostPromptScores
};
/// Told of one prompt: those that most calls have.
inline constexpr std::size_t kMostPromptScores = 6;

/// Text of the selection aside. Blocking; any thread. InvalidArgument: a question out of bounds.
Result<PromptPerformanceReport> prompt_performance(store::CallQueries& store,
                                                   const PromptPerformanceQuestion& question);

/// The members of GET /api/v1/prompts/{name}/performance, but for name and period.
void write_members(JsonWriter& json, const PromptPerformanceReport& report,
                   const PromptPerformanceQuestion& question);

/// What is counted of the executions, in one question and exactly: calls, statuses, verdicts, whole prompts,
/// and money in each currency. Of `quality` only these, and figures.calls, .failures, .cost, .by_currency.
struct Counts {
    std::vector<std::optional<store::Value>> key;
    std::optional<Timestamp> bucket;  ///< its beginning, if there are buckets
    Quality quality;
    std::int64_t priced = 0;  ///< calls with a price
};
/// A row a group and bucket. ResourceExhausted: there are more than the store tells at once.
Result<std::vector<Counts>> counts_of(store::CallQueries& store, const store::Selection& executions,
                                      const std::vector<store::Field>& by,
                                      const std::optional<store::Bucket>& bucket = {});

/// The names of scores that these calls have, those of most calls first.
Result<std::vector<std::string>> score_names(store::CallQueries& store, const store::Selection& executions,
                                             std::size_t most, bool& truncated);

}  // namespace steno::analysis
