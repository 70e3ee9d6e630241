#pragma once

#include "base/json_writer.hpp"
#include "store/query.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace steno::analysis {

/// What every group of calls is told by. Absent where no call of the group says it: never 0 instead.
struct Figures {
    std::int64_t calls = 0;
    std::int64_t failures = 0;  ///< status failure
    /// Exact; what exceeds 64 bits (calls can say anything) is told as the greatest number.
    std::optional<std::int64_t> input_tokens;
    std::optional<std::int64_t> output_tokens;
    store::CostSum cost;
    std::optional<Duration> duration;  ///< of all calls together; those side by side count each
    std::optional<Duration> duration_average;
    std::optional<Duration> duration_p95;
    std::optional<Duration> first_token_p50;

    /// Input and output; absent when neither is known.
    [[nodiscard]] std::optional<std::int64_t> tokens() const;
    /// failures / calls; absent without calls.
    [[nodiscard]] std::optional<double> failure_rate() const;
};

/// The measures that figures_of reads, in its order.
std::vector<store::Measure> figures_measures();
inline constexpr std::size_t kFiguresMeasures = 9;

/// From the cells of a group whose measures begin with figures_measures().
Figures figures_of(std::span<const store::Cell> cells);

/// The members of a JSON object: calls, failures, failure_rate, success_rate, input_tokens, output_tokens,
/// total_tokens, average_tokens, cost, duration_ms, average_duration_ms, p95_duration_ms,
/// p50_first_token_ms; null where absent.
void write_members(JsonWriter& json, const Figures& figures);
/// `key`: an object of these members.
void write_figures(JsonWriter& json, std::string_view key, const Figures& figures);
/// {"total", "currency", "unpriced_calls", "estimated_calls"}; the first two only where they are known.
void write(JsonWriter& json, const store::CostSum& cost);

}  // namespace steno::analysis
