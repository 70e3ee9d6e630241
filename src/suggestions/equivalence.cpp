#include "suggestions/equivalence.hpp"

#include "inference/means.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace steno::suggestions {

namespace {

constexpr std::string_view kAcceptance = "acceptance_rate", kSuccess = "success_rate";

Standing standing_of(const inference::Interval& interval, double margin) {
    if (interval.high < 0) return Standing::Worse;
    if (interval.low > 0) return Standing::Better;
    if (interval.low <= -margin) return Standing::Open;
    return interval.high < margin ? Standing::Negligible : Standing::NoWorse;
}

Result<Compared> by_share(std::string_view metric, const inference::Share& a, const inference::Share& b,
                          double margin, double confidence) {
    STENO_ASSIGN(const inference::ShareComparison found, inference::compare_shares(a, b, confidence));
    return Compared{std::string(metric),
                    a.of,
                    b.of,
                    found.a,
                    found.b,
                    found.interval,
                    margin,
                    standing_of(found.interval, margin)};
}

}  // namespace

std::string_view to_string(Standing standing) {
    static constexpr std::array<std::string_view, 5> kNames = {"better", "negligible", "no_worse", "worse",
                                                               "open"};
    return kNames[static_cast<std::size_t>(standing)];
}

Result<std::vector<Compared>> compare_answers(const Said& a, const Said& b, std::string_view score,
                                              double margin, double confidence) {
    std::vector<Compared> compared;
    if (std::min(a.accepted.of, b.accepted.of) >= kFewestJudged) {
        STENO_ASSIGN(Compared found, by_share(kAcceptance, a.accepted, b.accepted, margin, confidence));
        compared.push_back(std::move(found));
    }
    if (std::min(a.score.count(), b.score.count()) >= kFewestJudged) {
        STENO_ASSIGN(const inference::MeanComparison found,
                     inference::compare_means(a.score, b.score, confidence));
        // Scores that are all the same have no spread to make an interval of, and need none.
        const inference::Interval interval =
            found.welch ? found.welch->interval : inference::Interval{found.difference, found.difference};
        const double allowed = margin * std::abs(found.a);
        compared.push_back({fmt::format("score.{}", score), a.score.count(), b.score.count(), found.a,
                            found.b, interval, allowed, standing_of(interval, allowed)});
    }
    STENO_ASSIGN(Compared success, by_share(kSuccess, a.succeeded, b.succeeded, margin, confidence));
    compared.push_back(std::move(success));
    return compared;
}

bool tells_quality(const std::vector<Compared>& compared) {
    return std::ranges::any_of(compared, [](const Compared& one) { return one.metric != kSuccess; });
}

bool may_replace(const std::vector<Compared>& compared) {
    return std::ranges::all_of(compared, [](const Compared& one) {
        return one.standing != Standing::Worse && one.standing != Standing::Open;
    });
}

bool makes_no_difference(const std::vector<Compared>& compared) {
    return std::ranges::all_of(compared,
                               [](const Compared& one) { return one.standing == Standing::Negligible; });
}

std::string words(const Compared& one) {
    if (one.metric != kAcceptance && one.metric != kSuccess)
        return fmt::format("{} {:.3g} against {:.3g} ({:+.2g} to {:+.2g})", one.metric, one.b, one.a,
                           one.interval.low, one.interval.high);
    return fmt::format("{} {:.1f} % against {:.1f} % ({:+.1f} to {:+.1f} points)",
                       one.metric == kAcceptance ? "accepted" : "succeeded", one.b * 100, one.a * 100,
                       one.interval.low * 100, one.interval.high * 100);
}

}  // namespace steno::suggestions
