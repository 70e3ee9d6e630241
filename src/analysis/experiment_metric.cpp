#include "analysis/experiment_metric.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace steno::analysis {

namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kTimes = {
    {{"duration", "time.duration_ms"}, {"first_token", "time.time_to_first_token_ms"}}};

constexpr std::string_view kNames =
    "success_rate, acceptance_rate, complete_rate, edit_distance, duration, first_token, cost_per_call, "
    "input_tokens, output_tokens, output_chars, score.NAME";

}  // namespace

Result<PromptMetric> experiment_metric(std::string_view name) {
    for (const auto& [time, field] : kTimes)
        if (name == time)
            return PromptMetric{.told = {std::string(name), Unit::Milliseconds, Better::Lower},
                                .kind = MetricKind::Mean,
                                .field = store::make_field(field).value()};
    auto metrics = prompt_metrics({std::string(name)}, {});
    if (!metrics)
        return fail(Code::InvalidArgument, fmt::format("experiments are not decided by \"{}\"", name),
                    std::string(kNames));
    if (metrics->front().kind == MetricKind::Quantile)
        return fail(
            Code::InvalidArgument,
            fmt::format("{} is a percentile, of which there is no result that holds at every look", name),
            "duration and first_token are the averages");
    return std::move(metrics->front());
}

}  // namespace steno::analysis
