#include "analysis/comparison.hpp"
#include "analysis/month_forecast.hpp"
#include "analysis/odd_hours.hpp"
#include "analysis/trends.hpp"
#include "base/json_writer.hpp"
#include "base/time.hpp"
#include "calendar/period.hpp"
#include "server/api.hpp"
#include "server/query_parameters.hpp"

#include <fmt/format.h>

#include <charconv>

namespace steno::server {

namespace {

Result<double> fraction_parameter(const ApiRequest& request, std::string_view name, double otherwise,
                                  double least, double most) {
    const auto text = request.parameter(name);
    if (!text) return otherwise;
    double value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc() || end != text->data() + text->size() || !(value >= least && value <= most))
        return fail(Code::InvalidArgument,
                    fmt::format("{} must be a number from {} to {}", name, least, most));
    return value;
}

/// By the hour for a day or two, by the day for a quarter, else by the week.
std::string_view usual_bucket(const calendar::Period& period) {
    const std::int64_t days = (period.to.unix_nanos - period.from.unix_nanos) / calendar::kDay;
    return days <= 2 ? "hour" : days <= 93 ? "day" : days <= 730 ? "week" : "month";
}

constexpr double kThreshold = analysis::AnomalyOptions().threshold;

void write_finding(JsonWriter& json, const analysis::AnomalyFinding& finding) {
    std::int64_t judged = 0;
    for (const auto& hour : finding.hours) judged += hour.verdict != analysis::Verdict::Learning;
    json.member("hours", static_cast<std::int64_t>(finding.hours.size()));
    json.member("judged", judged);
    json.key("found");
    analysis::write(json, finding.found);
}

}  // namespace

Result<ApiAnswer> show_trends(Services& services, const ApiRequest& request) {
    STENO_ASSIGN(const calendar::Zone zone, zone_parameter(request));
    STENO_ASSIGN(const store::Selection selection,
                 selection_parameters(request, {"measure", "by", "bucket", "groups", "against"}));
    STENO_TRY(no_text(selection));
    analysis::TrendQuestion question;
    STENO_ASSIGN(question.measure, analysis::trend_measure(request.parameter("measure").value_or("cost")));
    STENO_ASSIGN(const calendar::Period now, period_parameter(request, zone, "30d"));
    calendar::Period before = calendar::before(now, zone);
    if (const auto against = request.parameter("against")) {
        STENO_ASSIGN(const Timestamp moment, now_parameter(request, zone));
        STENO_ASSIGN(before, calendar::parse_period(*against, zone, moment));
        before = calendar::as_far_as(before, now, zone);
    }
    STENO_ASSIGN(question.by, fields_parameter(request, "by", "none"));
    STENO_ASSIGN(const std::uint64_t groups,
                 number_parameter(request, "groups", question.groups, 0, analysis::kMaxTrendGroups));
    question.groups = static_cast<std::uint32_t>(groups);
    const std::string_view unit = request.parameter("bucket").value_or(usual_bucket(now));
    STENO_ASSIGN(question.bucket, bucket_parameter(request, unit));
    question.now = question.before = selection;
    question.now.from = now.from;
    question.now.to = now.to;
    question.before.from = before.from;
    question.before.to = before.to;

    services.data.calls().catch_up();
    STENO_ASSIGN(const auto calls, services.data.store().snapshot());
    STENO_ASSIGN(const analysis::Trend trend, analysis::trend(*calls, question));
    STENO_ASSIGN(const std::optional<Timestamp> begin, analysis::record_begin(*calls));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    write_period(json, "period", now, zone);
    write_period(json, "against", before, zone);
    write_moment(json, "record_begins", begin, zone);
    json.member("bucket", unit);
    analysis::write_members(json, question, trend);
    json.key("anomalies");
    const bool short_enough =
        now.to.unix_nanos - now.from.unix_nanos <= analysis::kMaxJudgedDays * calendar::kDay;
    if (question.measure.anomalies && short_enough) {
        STENO_ASSIGN(const analysis::AnomalyFindings findings,
                     analysis::find_anomalies(
                         *calls, {question.measure, selection, now.from, now.to, zone, kThreshold, {}}));
        json.begin_object();
        write_finding(json, findings.groups.front());
        json.end_object();
    } else {
        json.null();
    }
    json.end_object();
    return answer;
}

Result<ApiAnswer> show_anomalies(Services& services, const ApiRequest& request) {
    STENO_ASSIGN(const calendar::Zone zone, zone_parameter(request));
    STENO_ASSIGN(const store::Selection selection, selection_parameters(request, {"measure", "threshold"}));
    STENO_TRY(no_text(selection));
    STENO_ASSIGN(const analysis::TrendMeasure measure,
                 analysis::trend_measure(request.parameter("measure").value_or("cost")));
    STENO_ASSIGN(const calendar::Period period, period_parameter(request, zone, "7d"));
    STENO_ASSIGN(const double threshold, fraction_parameter(request, "threshold", kThreshold, 1, 100));
    services.data.calls().catch_up();
    STENO_ASSIGN(const auto calls, services.data.store().snapshot());
    STENO_ASSIGN(
        const analysis::AnomalyFindings findings,
        analysis::find_anomalies(*calls, {measure, selection, period.from, period.to, zone, threshold, {}}));
    const analysis::AnomalyFinding& finding = findings.groups.front();
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    write_period(json, "period", period, zone);
    json.member("measure", measure.name);
    json.member("unit", analysis::to_string(measure.unit));
    json.key("currency");
    if (finding.currency.empty())
        json.null();
    else
        json.string(finding.currency);
    json.member("threshold", threshold);
    write_finding(json, finding);
    json.key("series");
    json.begin_array();
    const auto number = [&](std::string_view name, const std::optional<double>& value) {
        json.key(name);
        if (value)
            json.number(*value);
        else
            json.null();
    };
    for (const analysis::Judgement& hour : finding.hours) {
        json.begin_object();
        json.member("begin", hour.begin.to_string());
        json.member("verdict", analysis::to_string(hour.verdict));
        number("value", hour.value);
        number("expected", hour.expected);
        number("low", hour.expected ? std::optional(hour.low) : std::nullopt);
        number("high", hour.expected ? std::optional(hour.high) : std::nullopt);
        number("score", hour.expected ? std::optional(hour.score) : std::nullopt);
        json.member("stretch_hours", hour.hours);
        json.end_object();
    }
    json.end_array();
    json.end_object();
    return answer;
}

Result<ApiAnswer> show_forecast(Services& services, const ApiRequest& request) {
    STENO_ASSIGN(const calendar::Zone zone, zone_parameter(request));
    STENO_ASSIGN(const store::Selection selection, selection_parameters(request, {"at", "coverage"}));
    STENO_TRY(no_text(selection));
    if (selection.from || selection.to)
        return fail(Code::InvalidArgument, "a forecast is of the month of one moment",
                    "leave out period, from and to; at=2026-11-20 looks at it as of then");
    STENO_ASSIGN(const Timestamp at, now_parameter(request, zone));
    STENO_ASSIGN(const double coverage, fraction_parameter(request, "coverage", 0.8, 0.5, 0.99));
    services.data.calls().catch_up();
    STENO_ASSIGN(const auto calls, services.data.store().snapshot());
    STENO_ASSIGN(const analysis::MonthForecast forecast,
                 analysis::forecast_month(*calls, selection, zone, at, coverage));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    analysis::write_members(json, forecast, zone);
    json.end_object();
    return answer;
}

}  // namespace steno::server
