#include "analysis/prompt_comparison_json.hpp"

#include "analysis/figures.hpp"
#include "analysis/json_rows.hpp"
#include "base/json_or_null.hpp"

#include <string>

namespace steno::analysis {

namespace {

void write(JsonWriter& json, const MetricComparison& told) {
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
    json.key("interval");
    if (told.interval) {
        json.begin_array();
        json.number(told.interval->low);
        json.number(told.interval->high);
        json.end_array();
    } else {
        json.null();
    }
    write_name(json, "test", told.test);
    number_or_null(json, "p_value", told.p_value);
    number_or_null(json, "adjusted_p_value", told.adjusted_p_value);
    write_name(json, "effect", told.effect);
    number_or_null(json, "effect_size", told.effect_size);
    json.member("finding", to_string(told.finding));
    if (!told.why.empty()) json.member("why", told.why);
    number_or_null(json, "more_values", told.more_values);
    number_or_null(json, "more_calls", told.more_calls);
    if (told.wished) {
        json.member("wished_difference", *told.wished);
        number_or_null(json, "more_values_for_wished", told.more_for_wished);
    }
    json.member("sentence", told.sentence);
}

}  // namespace

void write_members(JsonWriter& json, const PromptComparison& comparison) {
    json.member("confidence", comparison.confidence);
    json.member("family", comparison.family);
    write_rows(json, "versions", comparison.versions, [&](const VersionUse& use) { write_use(json, use); });
    json.key("left_out");
    json.begin_array();
    for (const std::string& version : comparison.left_out) json.string(version);
    json.end_array();
    write_rows(json, "comparisons", comparison.comparisons, [&](const VersionComparison& pair) {
        json.member("a", pair.a);
        json.member("b", pair.b);
        json.key("warnings");
        json.begin_array();
        for (const std::string& warning : pair.warnings) json.string(warning);
        json.end_array();
        write_rows(json, "metrics", pair.metrics, [&](const MetricComparison& told) { write(json, told); });
    });
}

}  // namespace steno::analysis
