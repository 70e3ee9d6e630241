#include "analysis/prompt_metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace steno::analysis {

namespace {

struct Known {
    std::string_view name;
    MetricKind kind;
    std::string_view field;
    double quantile;
    Unit unit;
    Better better;
};
constexpr std::array kKnown = {
    Known{"success_rate", MetricKind::Succeeded, "", 0, Unit::Share, Better::Higher},
    Known{"acceptance_rate", MetricKind::Accepted, "", 0, Unit::Share, Better::Higher},
    Known{"complete_rate", MetricKind::Complete, "", 0, Unit::Share, Better::Higher},
    Known{"edit_distance", MetricKind::Mean, "feedback.edit_distance", 0, Unit::Number, Better::Neither},
    Known{"duration_p50", MetricKind::Quantile, "time.duration_ms", 0.5, Unit::Milliseconds, Better::Lower},
    Known{"duration_p95", MetricKind::Quantile, "time.duration_ms", 0.95, Unit::Milliseconds, Better::Lower},
    Known{"first_token_p50", MetricKind::Quantile, "time.time_to_first_token_ms", 0.5, Unit::Milliseconds,
          Better::Lower},
    Known{"cost_per_call", MetricKind::Mean, "cost.total", 0, Unit::Money, Better::Lower},
    Known{"input_tokens", MetricKind::Mean, "usage.input_tokens", 0, Unit::Number, Better::Neither},
    Known{"output_tokens", MetricKind::Mean, "usage.output_tokens", 0, Unit::Number, Better::Neither},
    Known{"output_chars", MetricKind::Mean, "response.output_chars", 0, Unit::Number, Better::Neither},
};
constexpr std::string_view kScore = "score.", kQualityScore = "quality";

Result<PromptMetric> made(std::string_view name) {
    PromptMetric metric;
    metric.told.name = name;
    if (const auto* known = std::ranges::find(kKnown, name, &Known::name); known != kKnown.end()) {
        metric.told = {std::string(name), known->unit, known->better};
        metric.kind = known->kind;
        metric.quantile = known->quantile;
        if (!known->field.empty()) metric.field = store::make_field(known->field).value();
        return metric;
    }
    if (const std::string_view score = score_of(name); !score.empty()) {
        // Of a score that is not the documented one nobody says whether more of it is good: toxicity.
        metric.told.better = score == kQualityScore ? Better::Higher : Better::Neither;
        STENO_ASSIGN(metric.field, store::make_field(fmt::format("scores.{}", score)));
        return metric;
    }
    std::string names;
    for (const Known& known : kKnown) names += fmt::format("{}, ", known.name);
    return fail(Code::InvalidArgument, fmt::format("prompts are not measured by \"{}\"", name),
                names + "score.NAME");
}

}  // namespace

std::string_view to_string(Better better) {
    static constexpr std::array<std::string_view, 3> kNames = {"higher", "lower", "neither"};
    return kNames[static_cast<std::size_t>(better)];
}

std::string_view score_of(std::string_view metric) {
    return metric.starts_with(kScore) ? metric.substr(kScore.size()) : std::string_view();
}

Result<std::vector<PromptMetric>> prompt_metrics(const std::vector<std::string>& names,
                                                 const std::vector<std::string>& scores) {
    std::vector<std::string> wanted = names;
    if (names.empty()) {
        for (const Known& known : kKnown) wanted.emplace_back(known.name);
        for (const std::string& score : scores) wanted.push_back(fmt::format("{}{}", kScore, score));
    }
    std::vector<PromptMetric> metrics;
    for (const std::string& name : wanted) {
        if (std::ranges::any_of(metrics, [&](const PromptMetric& one) { return one.told.name == name; }))
            continue;
        STENO_ASSIGN(PromptMetric metric, made(name));
        metrics.push_back(std::move(metric));
    }
    return metrics;
}

}  // namespace steno::analysis
