#pragma once

#include "base/error.hpp"
#include "inference/interval.hpp"
#include "inference/sample.hpp"
#include "inference/shares.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Whether one way of doing a task is as good as another. That no difference was found is not enough: few
/// calls find none. The interval of the difference must leave out every loss that would matter.
namespace steno::suggestions {

/// What is said of the answers of some calls.
struct Said {
    inference::Share accepted;   ///< of those with a verdict
    inference::Share succeeded;  ///< of all calls
    inference::Moments score;    ///< of those with a number
};

enum class Standing : std::uint8_t {
    Better,      ///< the interval is above 0
    Negligible,  ///< within the margin, to both sides
    NoWorse,     ///< above -margin; by how much it is better is open
    Worse,       ///< below 0, however little
    Open,        ///< it may be worse by more than the margin
};
std::string_view to_string(Standing standing);  ///< "better", "negligible", "no_worse", "worse", "open"

struct Compared {
    std::string metric;  ///< "acceptance_rate", "score.quality", "success_rate"
    std::uint64_t values_a = 0, values_b = 0;
    double a = 0, b = 0;
    inference::Interval interval;  ///< of b - a
    double margin = 0;             ///< in the metric's own unit
    Standing standing = Standing::Open;
};

/// Below so many verdicts, or scores, of one of the two nothing is said by them.
inline constexpr std::uint64_t kFewestJudged = 100;

/// b against a, by success and by everything that people or judges said of both often enough. `margin`: of
/// shares in absolute terms (0.05: five points), of scores as a part of a's mean.
Result<std::vector<Compared>> compare_answers(const Said& a, const Said& b, std::string_view score,
                                              double margin, double confidence);

/// Whether any of it says how good answers are: success alone does not.
bool tells_quality(const std::vector<Compared>& compared);
/// Of what was compared, everything is so that b may take a's place.
bool may_replace(const std::vector<Compared>& compared);
/// Everything is negligible.
bool makes_no_difference(const std::vector<Compared>& compared);

/// "acceptance 71.2 % against 70.4 % (-1.9 to +3.5 points)": for sentences; b first.
std::string words(const Compared& compared);

}  // namespace steno::suggestions
