#include "analysis/experiment_verdict.hpp"

#include "analysis/comparison_words.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace steno::analysis {

namespace {

constexpr double kMuchCrossed = 0.01;  ///< of all units, that a warning says it

}  // namespace

std::optional<std::string> winner_of(const ExperimentResult& result, const std::vector<bool>& stopped) {
    const ExperimentVariantResult* best = nullptr;
    for (std::size_t i = 1; i < result.variants.size(); ++i) {
        const ExperimentVariantResult& variant = result.variants[i];
        if (i < stopped.size() && stopped[i]) continue;
        switch (variant.primary->finding) {
            case ExperimentFinding::Open:
            case ExperimentFinding::Unknown:
                return std::nullopt;
            case ExperimentFinding::Better:
                if (best == nullptr ||
                    std::abs(*variant.primary->difference) > std::abs(*best->primary->difference))
                    best = &variant;
                break;
            default:
                break;
        }
    }
    return best == nullptr ? result.variants.front().name : best->name;
}

namespace {

/// Whatever is said of a variant that was stopped, it cannot win: " mini was stopped; of those left:
/// control."
std::string stopped_words(const ExperimentResult& result, const std::vector<bool>& stopped) {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < result.variants.size(); ++i)
        if (i < stopped.size() && stopped[i]) out.push_back(result.variants[i].name);
    if (out.empty()) return {};
    return fmt::format(" {} {} stopped{}.", fmt::join(out, ", "), out.size() == 1 ? "was" : "were",
                       result.winner ? "; of those left: " + *result.winner : " and cannot win");
}

/// What the differences come to, but for a word on what was stopped.
std::string summary_of_differences(const ExperimentResult& result, const std::vector<bool>& stopped) {
    const std::string& control = result.variants.front().name;
    if (result.winner) {
        if (*result.winner != control) {
            const auto found =
                std::ranges::find(result.variants, *result.winner, &ExperimentVariantResult::name);
            return found->primary->sentence;
        }
        if (result.variants.size() == 2) return result.variants[1].primary->sentence;
        return fmt::format("No variant {}is better than {}.",
                           std::ranges::find(stopped, true) != stopped.end() ? "that is left " : "", control);
    }
    if (result.variants.size() == 2) return result.variants[1].primary->sentence;
    std::vector<std::string> open;
    for (std::size_t i = 1; i < result.variants.size(); ++i) {
        const auto& variant = result.variants[i];
        const bool out = i < stopped.size() && stopped[i];
        if (!out && (variant.primary->finding == ExperimentFinding::Open ||
                     variant.primary->finding == ExperimentFinding::Unknown))
            open.push_back(variant.name);
    }
    return fmt::format("It is open which is best: of {} against {} it cannot be told yet.",
                       fmt::join(open, ", "), control);
}

}  // namespace

std::string summary_of(const ExperimentResult& result, const std::vector<bool>& stopped) {
    return summary_of_differences(result, stopped) + stopped_words(result, stopped);
}

std::vector<std::string> warnings_of(const ExperimentResult& result, const ExperimentQuestion& question) {
    std::vector<std::string> warnings;
    // By the variant of their first call: each once, whatever variants it has seen.
    double held = 0;
    for (const std::uint64_t first : result.ratio.units) held += static_cast<double>(first);
    const auto units = static_cast<std::uint64_t>(held / result.sampled);
    if (result.ratio.mismatch)
        warnings.push_back(fmt::format(
            "{}s are not divided as the weights say (p = {:.2g}, at every look): calls of a variant are lost "
            "or not told, and no difference can be believed until it is known why",
            question.unit, *result.ratio.always_valid_p_value));
    if (static_cast<double>(result.ratio.crossed) > kMuchCrossed * static_cast<double>(units))
        warnings.push_back(fmt::format("{} of {} {}s have calls of several variants{}",
                                       count_words(result.ratio.crossed), count_words(units), question.unit,
                                       result.reweighted ? ": weights changed" : ""));
    if (result.reweighted)
        warnings.push_back(
            "weights changed meanwhile: calls are weighted by the probability of their variant, and what "
            "each variant comes to differs from that");
    if (result.sampled < 1)
        warnings.push_back(fmt::format("how sure things are is told from 1 of {:.0f} {}s, drawn by chance",
                                       1 / result.sampled, question.unit));
    if (result.winner && question.from && question.to &&
        question.to->unix_nanos - question.from->unix_nanos < 7 * calendar::kDay)
        warnings.push_back("this is of less than a week: other days may be different");
    return warnings;
}

std::optional<std::vector<double>> bandit_weights(const ExperimentResult& result,
                                                  const std::vector<bool>& stopped) {
    const auto stops = [&](std::size_t i) { return i < stopped.size() && stopped[i]; };
    double all = 0;
    std::size_t in_use = 0;
    for (std::size_t i = 0; i < result.variants.size(); ++i) {
        if (!result.variants[i].best) return std::nullopt;
        if (stops(i)) continue;
        ++in_use;
        all += *result.variants[i].best;
    }
    const double least = std::min(kLeastWeight, 0.5 / static_cast<double>(std::max<std::size_t>(1, in_use)));
    std::vector<double> weights(result.variants.size());
    for (std::size_t i = 0; i < weights.size(); ++i) {
        if (stops(i)) continue;
        const double chance = all > 0 ? *result.variants[i].best / all : 1 / static_cast<double>(in_use);
        // Of what is left beside the least of each. To a thousandth: more is not known.
        const double weight = least + (1 - least * static_cast<double>(in_use)) * chance;
        weights[i] = std::round(weight * 1000) / 1000;
    }
    return weights;
}

}  // namespace steno::analysis
