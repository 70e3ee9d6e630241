#include "analysis/experiment_result_json.hpp"

#include "analysis/figures.hpp"
#include "analysis/json_rows.hpp"
#include "base/json_or_null.hpp"

#include <optional>
#include <string>

namespace steno::analysis {

namespace {

void write_interval(JsonWriter& json, const std::optional<inference::Interval>& interval) {
    json.key("interval");
    if (!interval) return json.null();
    json.begin_array();
    json.number(interval->low);
    json.number(interval->high);
    json.end_array();
}

void write_members(JsonWriter& json, const ExperimentDifference& told) {
    json.member("metric", told.metric.name);
    json.member("unit", to_string(told.metric.unit));
    json.member("better", to_string(told.metric.better));
    if (told.metric.unit == Unit::Money) write_name(json, "currency", told.currency);
    json.member("values_a", told.values_a);
    json.member("values_b", told.values_b);
    number_or_null(json, "a", told.a);
    number_or_null(json, "b", told.b);
    number_or_null(json, "difference", told.difference);
    number_or_null(json, "relative", told.relative);
    write_interval(json, told.interval);
    json.member("confidence", told.confidence);
    number_or_null(json, "p_value", told.p_value);
    number_or_null(json, "effective_calls", told.effective);
    json.member("finding", to_string(told.finding));
    if (!told.why.empty()) json.member("why", told.why);
}

void write_difference(JsonWriter& json, const ExperimentDifference& told) {
    write_members(json, told);
    number_or_null(json, "more_units", told.more_units);
    json.member("sentence", told.sentence);
}

void write_guard(JsonWriter& json, const ExperimentGuarded& told) {
    json.member("worse_by", told.guard.worse_by);
    json.member("relative_limit", told.guard.relative);
    json.member("breached", told.breached);
    write_members(json, told.difference);
    json.member("sentence", told.sentence);
}

void write_ratio(JsonWriter& json, const SampleRatio& ratio) {
    json.key("sample_ratio");
    json.begin_object();
    json.key("units");
    json.begin_array();
    for (const std::uint64_t units : ratio.units) json.number(units);
    json.end_array();
    json.key("expected");
    json.begin_array();
    for (const double expected : ratio.expected) json.number(expected);
    json.end_array();
    number_or_null(json, "chi_square", ratio.chi_square);
    number_or_null(json, "p_value", ratio.p_value);
    number_or_null(json, "always_valid_p_value", ratio.always_valid_p_value);
    json.member("mismatch", ratio.mismatch);
    json.member("crossed_units", ratio.crossed);
    json.end_object();
}

}  // namespace

void write_members(JsonWriter& json, const ExperimentResult& result) {
    text_or_null(json, "winner", result.winner.value_or(""));
    json.member("sentence", result.sentence);
    json.key("warnings");
    json.begin_array();
    for (const std::string& warning : result.warnings) json.string(warning);
    json.end_array();
    write_rows(json, "metrics", result.metrics, [&](const ComparedMetric& metric) {
        json.member("metric", metric.name);
        json.member("unit", to_string(metric.unit));
        json.member("better", to_string(metric.better));
    });
    write_rows(json, "variants", result.variants, [&](const ExperimentVariantResult& variant) {
        json.member("name", variant.name);
        json.member("units", variant.units);
        json.member("calls", variant.calls);
        write_rows(json, "values", variant.values, [&](const ExperimentVariantResult::Value& value) {
            json.member("metric", value.metric);
            json.member("calls", value.calls);
            number_or_null(json, "value", value.value);
        });
        number_or_null(json, "best", variant.best);
        number_or_null(json, "expected_loss", variant.expected_loss);
        json.key("primary");
        if (variant.primary) {
            json.begin_object();
            write_difference(json, *variant.primary);
            json.end_object();
        } else {
            json.null();
        }
        write_rows(json, "guards", variant.guards,
                   [&](const ExperimentGuarded& told) { write_guard(json, told); });
        write_rows(json, "also", variant.also,
                   [&](const ExperimentDifference& told) { write_difference(json, told); });
    });
    write_ratio(json, result.ratio);
    write_rows(json, "course", result.course, [&](const ExperimentPoint& point) {
        json.member("at", point.at.to_string());
        write_rows(json, "variants", point.variants, [&](const ExperimentPoint::Of& of) {
            json.member("calls", of.calls);
            number_or_null(json, "value", of.value);
            number_or_null(json, "difference", of.difference);
            write_interval(json, of.interval);
        });
    });
    json.member("calls_left_out", result.calls_left_out);
    write_rows(json, "left_out", result.left_out, [&](const ExperimentResult::LeftOut& some) {
        text_or_null(json, "reason", some.reason);
        json.member("calls", some.calls);
    });
    json.member("sampled", result.sampled);
    json.member("reweighted", result.reweighted);
}

}  // namespace steno::analysis
