#pragma once

#include "analysis/figures.hpp"
#include "base/error.hpp"
#include "store/call_queries.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// How well AI calls do: how they end, what people and judges say of their answers, and whether their prompts
/// had all they needed.
///
/// What is counted (docs/quality.md): AI calls. Rates are absent over none: never 0 instead.
namespace steno::analysis {

/// Of a group of AI calls.
struct Quality {
    Figures figures;
    std::map<std::string, std::int64_t> statuses;  ///< those that occur
    std::map<std::string, std::int64_t>
        verdicts;                         ///< accepted, rejected, modified; calls without one are not in it
    std::int64_t edits = 0;               ///< calls with an edit distance
    std::optional<double> edit_distance;  ///< their average
    std::int64_t scored = 0;              ///< calls with a value of the score that was asked for
    std::optional<double> score;          ///< their average
    std::int64_t complete = 0;            ///< calls whose prompt had all its variables
    std::int64_t incomplete = 0;          ///< and those whose prompt lacked some; of others nobody says it

    /// Calls with this status / all.
    [[nodiscard]] std::optional<double> rate(const std::string& status) const;
    /// Accepted / those with a verdict.
    [[nodiscard]] std::optional<double> acceptance_rate() const;
    /// Complete / those of which it is known.
    [[nodiscard]] std::optional<double> data_quality_rate() const;
};

struct QualityOptions {
    std::vector<store::Field> by;  ///< groups; none: no groups
    std::string score = "quality";
    std::uint32_t groups = 100;  ///< 1 … 10,000: those with the most calls
};

struct QualityReport {
    struct Group {
        std::vector<std::optional<store::Value>> key;  ///< one a field; absent: the calls without it
        Quality quality;
    };
    /// What one score says, over the calls that have it.
    struct Score {
        std::string name;
        std::int64_t calls = 0;   ///< with this score
        std::int64_t valued = 0;  ///< of these: with a number, not a label alone
        std::optional<double> average, least, median, greatest;
    };
    Quality all;
    std::vector<Group> groups;  ///< most calls first
    std::vector<Score> scores;  ///< most calls first, at most kMostScores
    bool truncated = false;     ///< there are more groups, or scores
};
inline constexpr std::size_t kMostScores = 50;

/// Of the AI calls in the selection, text aside. Blocking; any thread. InvalidArgument: options out of
/// bounds.
Result<QualityReport> quality(store::CallQueries& store, const store::Selection& selection,
                              const QualityOptions& options);

/// Of one group: statuses, success_rate, failure_rate, partial_rate, feedback, score, edit_distance,
/// data_quality. Not its figures.
void write_members(JsonWriter& json, const Quality& quality, std::string_view score);
/// The members of the JSON object that GET /api/v1/quality answers, but for the period.
void write_members(JsonWriter& json, const QualityReport& report, const QualityOptions& options);

/// Prompts that were sent without some of their variables.
struct MissingVariables {
    struct Variable {
        std::string name;
        std::int64_t calls = 0;  ///< without it
    };
    struct Prompt {
        std::string type, name, version;  ///< empty: the calls do not say
        std::int64_t complete = 0;
        std::int64_t incomplete = 0;
        std::vector<Variable> missing;  ///< most calls first
    };
    std::int64_t calls = 0;  ///< AI calls
    std::int64_t complete = 0;
    std::int64_t incomplete = 0;
    std::vector<Variable> variables;  ///< most calls first
    std::vector<Prompt> prompts;      ///< those with incomplete calls, most of these first
    std::vector<std::int64_t> told;   ///< calls of each prompt that say it, of complete prompts, too
    bool truncated = false;           ///< there are more variables or prompts than `groups`
};

/// Of the AI calls in the selection, text aside. Blocking; any thread. `groups`: rows of each table, 1 …
/// 10,000.
Result<MissingVariables> missing_variables(store::CallQueries& store, const store::Selection& selection,
                                           std::uint32_t groups);

/// The members of the JSON object that GET /api/v1/data-quality answers, but for the period and the calls.
void write_members(JsonWriter& json, const MissingVariables& missing);

/// What tells incomplete calls from others.
store::Filter incomplete_prompts();

}  // namespace steno::analysis
