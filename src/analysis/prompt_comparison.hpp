#pragma once

#include "analysis/prompt_metrics.hpp"
#include "analysis/version_use.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "calendar/zone.hpp"
#include "inference/interval.hpp"
#include "store/call_queries.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Versions of a prompt compared on recorded calls: is the difference real, how large is it, how sure is
/// that, and how many more calls would tell.
///
/// Shares (succeeded, accepted, complete) are counted exactly and compared by Newcombe's interval and the
/// two-proportion or Fisher's test; percentiles by order statistics; means by Welch's test (src/inference
/// says what each of them is). All p-values of an answer are one family, corrected by Holm. What was not
/// assigned by chance is not made comparable by arithmetic: versions that were used at other times, with
/// other models or in other environments are told so, and those of which more calls succeeded, for times,
/// costs and lengths are of all calls.
namespace steno::analysis {

enum class Finding : std::uint8_t {
    Better,
    Worse,
    Higher,  ///< of what is neither better nor worse
    Lower,
    Leaning,  ///< the interval leaves out 0, the test does not, alone or among so many comparisons
    Open,     ///< it may be more or less
    Unknown,  ///< nothing can be said; `why` says why
};
std::string_view to_string(Finding finding);  ///< "better", "worse", "higher", "lower", "leaning", …

/// A difference b - a: b is the version that is compared, a the one it is compared with. Durations in
/// milliseconds, money in `currency` as a double (exact sums: prompt_performance.hpp).
struct MetricComparison {
    ComparedMetric metric;
    std::string currency;                     ///< of money
    std::int64_t values_a = 0, values_b = 0;  ///< calls that say it
    std::uint64_t compared = 0;               ///< of both together; fewer where they are samples
    std::optional<double> a, b, difference;
    std::optional<double> relative;  ///< the difference over a, where a is not 0
    std::optional<inference::Interval> interval;
    std::string test;  ///< "two_proportion_z", "fisher_exact", "order_statistics", "welch"
    std::optional<double> p_value;
    std::optional<double> adjusted_p_value;  ///< by Holm, over all comparisons of the answer
    std::string effect;                      ///< "cohens_h", "hedges_g", "rank_biserial"
    std::optional<double> effect_size;
    Finding finding = Finding::Unknown;
    std::string why;        ///< of Unknown
    bool constant = false;  ///< Unknown, since no value of either version differs from its others
    /// How many more calls that say it, of both together in the proportion of now, would settle what is open,
    /// if it is as large as it looks (with kPower, at the corrected level); and how many calls in all that
    /// takes, so many of them saying it as now. Absent: no number would, or by this estimate there are
    /// enough, which the test does not bear out. These, and more_for_wished, are figures to plan with:
    /// rounded up to two places.
    std::optional<std::uint64_t> more_values, more_calls;
    /// Where an effect was wished for: that difference, and how many more calls that say it would find it.
    /// Absent: no number would, or so much more is no share.
    std::optional<double> wished;
    std::optional<std::uint64_t> more_for_wished;
    /// 97 % and 5 % more of it.
    [[nodiscard]] bool wished_is_no_share() const {
        return wished && metric.unit == Unit::Share && *a + *wished > 1;
    }
    std::string sentence;  ///< all of this for people
};

struct VersionComparison {
    std::string a, b;
    std::vector<std::string> warnings;  ///< why they may not be comparable
    std::vector<MetricComparison> metrics;
};

struct PromptComparisonQuestion {
    std::string prompt;
    store::Selection selection;
    calendar::Zone zone;  ///< whose days
    std::vector<std::string>
        versions;                      ///< the first is compared with; none: those that calls have, by number
    std::string baseline;              ///< of these, if it is among them, the one to compare with
    std::vector<std::string> metrics;  ///< none: all that the calls have
    double confidence = inference::kConfidence;
    std::optional<double>
        effect;  ///< a wished difference, as a share of what the first version has: 0.05; of shares at most 1
};
inline constexpr std::size_t kMostCompared = 8;  ///< versions
/// With fewer of one of them nothing is said of means and percentiles.
inline constexpr std::uint64_t kFewestValues = 30;
/// Values of single calls that are held at a time, of all versions and metrics together: 128 MB. Where there
/// are more, each version's are a sample of so many drawn by chance, which a warning says; shares are counted
/// of all.
inline constexpr std::uint64_t kMostHeldValues = 16'000'000;

struct PromptComparison {
    std::vector<VersionUse> versions;  ///< as they were compared: the baseline first
    std::vector<VersionComparison> comparisons;
    std::size_t family = 0;  ///< p-values that were corrected together
    double confidence = inference::kConfidence;
    std::vector<std::string> left_out;  ///< versions on calls that are too many to compare at once
};

/// Blocking; any thread. InvalidArgument: a version twice, an unknown metric, options out of bounds.
/// NotFound: no call names a version that was asked for. FailedPrecondition: there are not two versions on
/// calls.
Result<PromptComparison> compare_versions(store::CallQueries& store, const PromptComparisonQuestion& question,
                                          std::uint64_t most_held_values = kMostHeldValues);

/// 1.9 before 1.10: runs of digits are numbers.
bool earlier_version(std::string_view a, std::string_view b);

}  // namespace steno::analysis
