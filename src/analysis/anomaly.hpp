#pragma once

#include "calendar/zone.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

/// Hours that are not like the others: a pure function of an hourly series. No I/O, no clock, no randomness.
///
/// What is usual in an hour is told from the hours before it alone:
///   expected = level × shape
/// shape: what this hour of the week (on the wall clock of the zone) was, against the week around it, in up
/// to eight weeks before; the greatest and the least are left out, and with little history the mean draws
/// towards that of the hour of the day and of the day of the week; shares have no shape. level: the last five
/// days against their shapes, the highest and the lowest left out, so that growth is followed and one odd day
/// is not.
///
/// How far an hour is from that is measured against how far the hours most like it (by what was expected of
/// them) have been, robustly; counts are never held to be less random than Poisson's. The score is in
/// standard deviations: of sums the deviance residual of a Poisson distribution with that dispersion, which
/// is right for small counts and for none at all; of typical values the difference of logarithms.
///
/// The last hour, six hours and 24 hours are each looked at so: what is too small to be seen in one hour may
/// go on. A wider stretch counts only while its newest hour deviates the same way.
/// docs/trends.md has the rates of detection and of false alarms, and where the method comes from.
namespace steno::analysis {

enum class SeriesKind : std::uint8_t {
    Sum,      ///< grows with traffic: calls, tokens, money. An hour in which nothing was is 0
    Share,    ///< `value` of `of`: failures of calls. Hours with `of` 0 say nothing
    Typical,  ///< a time per call, its median or percentile; `of` calls. Hours without calls say nothing
};

struct Hour {
    Timestamp begin;
    double value = 0;
    double of = 1;  ///< of Share and Typical: how many it is made of. Not looked at for Sum
};

struct AnomalyOptions {
    SeriesKind kind = SeriesKind::Sum;
    /// Of sums: the size of one event, 1 for calls, of money what a dear call costs. A single event more or
    /// less is never an anomaly.
    double unit = 1;
    double threshold = 4.5;     ///< the score from which an hour is one
    double least_change = 0.3;  ///< and at least so far from what was expected, as a share of it
};

enum class Verdict : std::uint8_t {
    Learning,  ///< less than two weeks of history, or the hour says nothing
    Usual,
    High,
    Low,
};
std::string_view to_string(Verdict verdict);  ///< "learning", "usual", "high", "low"

struct Judgement {
    Timestamp begin;
    Verdict verdict = Verdict::Learning;
    std::optional<double> value;     ///< of the hour; of Share the share; absent where it says nothing
    std::optional<double> expected;  ///< of the hour, in the same unit; absent while learning
    double low = 0, high = 0;        ///< between these the hour alone is no anomaly
    double score = 0;                ///< of the stretch that deviates most; negative: low
    int hours = 1;                   ///< how long that stretch is: 1, 6 or 24, ending with this hour
    /// The same, of the stretches at least `least_change` away alone: an anomaly from the threshold on.
    double far_score = 0;
};

/// One judgement for each hour from `from` (else the first of `series`) to the last; hours that are not in it
/// are 0 for Sum and say nothing otherwise. Ascending, one entry an hour, whole hours only: leave out the
/// hour that is not over, and begin with the first that the record has at all (what was before it is not 0,
/// but unknown). An hour takes about 0.1 ms, so an alert that asks for the newest (`from`: its beginning)
/// costs nothing, and a month of hours a tenth of a second.
std::vector<Judgement> judge(std::span<const Hour> series, const calendar::Zone& zone,
                             const AnomalyOptions& options, std::optional<Timestamp> from = {});

/// How much history changes a judgement: more than this is not looked at.
inline constexpr int kAnomalyHistoryDays = 63;

/// Hours in a row that deviate the same way, as one event; up to two usual hours between them are part of it.
struct Anomaly {
    Timestamp from;
    Timestamp to;  ///< the end of its last hour
    Verdict verdict = Verdict::High;
    double score = 0;     ///< of its most deviating hour
    double value = 0;     ///< Sum: of all its hours together; else of that hour
    double expected = 0;  ///< likewise
};
std::vector<Anomaly> anomalies(std::span<const Judgement> judgements, SeriesKind kind);

}  // namespace steno::analysis
