#include "analysis/experiment_words.hpp"

#include "analysis/comparison_words.hpp"

#include <fmt/format.h>

namespace steno::analysis {

namespace {

/// A difference that takes more than this is as good as none.
constexpr std::uint64_t kMostTold = 1'000'000'000;

std::string figures_of(const ExperimentDifference& told) {
    const auto difference = [&](double value) {
        return difference_words(value, told.metric.unit, told.currency);
    };
    const auto amount = [&](double value) { return amount_words(value, told.metric.unit, told.currency); };
    return fmt::format("{} ({} → {})", difference(*told.difference), amount(*told.a), amount(*told.b));
}

std::string interval_of(const ExperimentDifference& told) {
    const auto difference = [&](double value) {
        return difference_words(value, told.metric.unit, told.currency);
    };
    return fmt::format("{:.3g} % interval {} to {}", told.confidence * 100, difference(told.interval->low),
                       difference(told.interval->high));
}

}  // namespace

std::string sentence_of(const ExperimentDifference& told, const std::string& a, const std::string& b,
                        double margin, const std::string& unit) {
    const std::string& metric = told.metric.name;
    if (told.finding == ExperimentFinding::Unknown)
        return fmt::format("Of {} nothing can be said: {}.", metric, told.why);
    const std::string figures = fmt::format("{}, {}", figures_of(told), interval_of(told));
    const std::string phrase = phrase_of(metric, *told.difference > 0);
    switch (told.finding) {
        case ExperimentFinding::Negligible:
            return fmt::format("In {} {} is as good as {}, to within {}: {}.", metric, b, a,
                               told.metric.unit == Unit::Share
                                   ? fmt::format("{:.3g} points", margin * 100)
                                   : amount_words(margin, told.metric.unit, told.currency),
                               figures);
        case ExperimentFinding::Open: {
            std::string more;
            if (told.more_units && *told.more_units > 0 && *told.more_units <= kMostTold)
                more = fmt::format("; about {} more {}s would settle it, if it is as large as it looks",
                                   count_words(*told.more_units), unit);
            if (*told.difference == 0)
                return fmt::format("In {} no difference of {} and {} is seen: {}{}.", metric, b, a, figures,
                                   more);
            return fmt::format("Whether {} {} than {} is open: {}{}.", b, phrase, a, figures, more);
        }
        default:
            return fmt::format("{} {} than {}: {}.", b, phrase, a, figures);
    }
}

std::string sentence_of(const ExperimentGuarded& told, const std::string& a, const std::string& b) {
    const ExperimentDifference& seen = told.difference;
    const std::string limit = told.guard.relative ? fmt::format("{:.3g} %", told.guard.worse_by * 100)
                              : seen.metric.unit == Unit::Share
                                  ? fmt::format("{:.3g} points", told.guard.worse_by * 100)
                                  : amount_words(told.guard.worse_by, seen.metric.unit, seen.currency);
    const std::string by = told.guard.worse_by > 0 ? fmt::format(" by more than {}", limit) : std::string();
    if (seen.finding == ExperimentFinding::Unknown)
        return fmt::format("Whether {} is worse than {} in {}{} cannot be said: {}.", b, a, seen.metric.name,
                           by, seen.why);
    return fmt::format("{} {} worse than {} in {}{}: {}.", b, told.breached ? "is" : "is not seen to be", a,
                       seen.metric.name, by, figures_of(seen));
}

}  // namespace steno::analysis
