#pragma once

#include "analysis/prompt_metrics.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "calendar/zone.hpp"
#include "inference/interval.hpp"
#include "store/call_queries.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a live experiment has shown until now. It may be asked for at any time and acted on at once: all
/// intervals hold at all looks together (inference/sequential.hpp).
///
/// What is counted: AI calls that say prompt.experiment.id, by the variant that they say. **The unit of
/// analysis is the unit of assignment**: what was drawn by chance is the user (or session, or request), so
/// means are over all calls, and how sure they are is told from how users differ (inference/units.hpp). Calls
/// of a unit that are each alone and say yes or no are besides held against an exact method, which needs no
/// least number: then each of the two gets half of the error, and what both leave is told. Of shares of units
/// with several calls (or of different probabilities) the exact method has a tenth of the error, and is asked
/// only where no unit of either side differs from the others of its side (all of it failed, nothing of the
/// control's did): there the linearised one can say nothing, and each unit counts as one value, its mean.
///
/// Each call counts as one over the probability with which its unit got its variant. While weights stay as
/// they are this changes nothing; where they change, a good week in which more calls went to one variant does
/// not look like its merit.
namespace steno::analysis {

struct ExperimentGuard {
    std::string metric;
    Better better = Better::Higher;
    double worse_by = 0;    ///< than the control, in the metric's unit
    bool relative = false;  ///< instead as a share of what the control has
};

struct ExperimentQuestion {
    std::string id;
    std::string unit = "user";          ///< what a unit is, for people
    std::vector<std::string> variants;  ///< the first is the control
    /// With which a unit that took part got each variant, from a moment on; in order of time.
    struct Weights {
        Timestamp from;
        std::vector<double> probabilities;
    };
    std::vector<Weights> weights;
    std::vector<bool> stopped;  ///< variants that cannot win any more; empty: none is
    std::string metric;
    Better better = Better::Higher;
    double margin = 0;  ///< a difference of it that would not matter
    std::vector<ExperimentGuard> guards;
    std::vector<std::string> also;  ///< metrics that are told and decide nothing
    std::optional<Timestamp> from, to;
    calendar::Zone zone;  ///< at the end of whose days or hours there is a point of the course
    double confidence = inference::kConfidence;
    std::uint64_t seed = 0;  ///< of the draws for `best`
};
/// Independent values for which intervals are narrowest: as many as experiments usually come to. They hold
/// with any number.
inline constexpr double kPlannedValues = 5'000;
/// Units that are held at a time. Of experiments with more, a half, a quarter, … drawn by chance is looked
/// at: how sure things are is told from these, and that they are a sample; calls are counted all the same.
inline constexpr std::size_t kMostHeldUnits = 1'000'000;
inline constexpr std::size_t kMostCoursePoints = 100;
/// That are told, of why calls are left out; what is beyond is one more, kOtherReasons.
inline constexpr std::size_t kMostReasons = 20;
inline constexpr std::string_view kOtherReasons = "other reasons";

enum class ExperimentFinding : std::uint8_t {
    Better,
    Worse,
    Negligible,  ///< the difference is smaller than the margin
    Open,
    Unknown,  ///< nothing can be said; `why` says why
};
std::string_view to_string(ExperimentFinding finding);  ///< "better", "worse", "negligible", "open", …

/// A variant against the control: b - a.
struct ExperimentDifference {
    ComparedMetric metric;
    std::string currency;                      ///< of money
    std::uint64_t values_a = 0, values_b = 0;  ///< calls that say it
    std::optional<double> a, b, difference;    ///< as the calls are weighted
    std::optional<double> relative;            ///< over a, where a is not 0
    std::optional<inference::Interval> interval;
    std::optional<double> p_value;  ///< of no difference, at every look
    double confidence = inference::kConfidence;
    /// Independent calls that say as much as these: what like calls of the same users leave of their number.
    std::optional<double> effective;
    ExperimentFinding finding = ExperimentFinding::Unknown;
    std::string why;
    /// How many more units of the two, divided as now, would settle what is open if it is as large as it
    /// looks (inference::times_needed). Rounded up to two places.
    std::optional<std::uint64_t> more_units;
    std::string sentence;
};

struct ExperimentGuarded {
    ExperimentGuard guard;
    /// The difference; its `interval` is that of how much worse than the limit it is: above 0, it is.
    ExperimentDifference difference;
    bool breached = false;
    std::string sentence;
};

struct ExperimentVariantResult {
    std::string name;
    std::uint64_t calls = 0, units = 0;
    struct Value {
        std::string metric;
        std::uint64_t calls = 0;      ///< that say it
        std::optional<double> value;  ///< of all of them alike: as it is counted elsewhere
    };
    std::vector<Value> values;  ///< as ExperimentResult::metrics
    /// Of being the best, by the primary metric, and what is lost on average by using this one if another is
    /// better (inference/beliefs.hpp). Absent: no call says it.
    std::optional<double> best, expected_loss;
    // Against the control; absent of the control itself.
    std::optional<ExperimentDifference> primary;
    std::vector<ExperimentDifference> also;
    std::vector<ExperimentGuarded> guards;
};

/// Whether units fell to the variants as the weights say (inference/fit.hpp).
struct SampleRatio {
    std::vector<std::uint64_t> units;  ///< by the variant of their first call
    std::vector<double> expected;
    std::optional<double> chi_square, p_value;  ///< for one look, as it is usually told
    std::optional<double> always_valid_p_value;
    bool mismatch = false;      ///< that is below kMismatch
    std::uint64_t crossed = 0;  ///< units with calls of several variants
};
inline constexpr double kMismatch = 0.001;

struct ExperimentPoint {
    Timestamp at;  ///< the end of an hour, a day or a week, or now
    struct Of {
        std::uint64_t calls = 0;  ///< that say it
        std::optional<double> value, difference;
        std::optional<inference::Interval> interval;
    };
    std::vector<Of> variants;  ///< the control's difference is absent
};

struct ExperimentResult {
    std::vector<ComparedMetric> metrics;  ///< the primary one, those of guards, and others
    std::vector<ExperimentVariantResult> variants;
    SampleRatio ratio;
    std::vector<ExperimentPoint> course;  ///< of the primary metric
    /// AI calls that name the experiment and no variant of it, or no unit; and requests to the gateway that
    /// were left out of it and of which cannot be told what they are (their body is no JSON).
    std::uint64_t calls_left_out = 0;
    /// Why, as the calls say it (prompt.experiment.left_out), most calls first; "" of those that say nothing:
    /// their unit is missing, or their variant is none of the experiment.
    struct LeftOut {
        std::string reason;
        std::uint64_t calls = 0;
    };
    std::vector<LeftOut> left_out;
    double sampled = 1;       ///< of all units: those that were looked at
    bool reweighted = false;  ///< probabilities changed
    /// The variant that is to be used from now on, if one can be told: one that is better than the control
    /// while of no other it is open whether it is; or the control, if all are worse, no better or stopped.
    std::optional<std::string> winner;
    std::string sentence;
    std::vector<std::string> warnings;
};

/// Blocking; any thread. InvalidArgument: a metric that is none, a question without variants.
Result<ExperimentResult> experiment_result(store::CallQueries& store, const ExperimentQuestion& question,
                                           std::size_t most_units = kMostHeldUnits);

}  // namespace steno::analysis
