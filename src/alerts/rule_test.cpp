#include "alerts/rule.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>

namespace steno::alerts {
namespace {

TEST(Rule, IsReadAndWrittenTheSame) {
    const auto rule =
        rule_from_json("r", R"({"description": "d", "metric": "failure_rate", "filters": ["project=shop"],
        "group_by": ["model.requested"], "window": "1h", "tz": "Europe/Berlin", "delay": "30s", "when": "above",
        "warning": "5%", "critical": 0.2, "recover": 0.03, "min_calls": 20, "for": 3, "every": "5m", "renotify": "4h",
        "channels": ["ops"]})");
    ASSERT_TRUE(rule) << rule.error().message;
    EXPECT_EQ(rule->warning.value(), Decimal::parse("0.05").value());
    EXPECT_EQ(rule->critical.value(), Decimal::parse("0.2").value());
    EXPECT_EQ(rule->evaluations, 3);
    EXPECT_EQ(rule->every.nanos, 300'000'000'000);
    const auto again = rule_from_json("r", to_json(*rule));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(to_json(*again), to_json(*rule));
    EXPECT_TRUE(same_watched(*rule, *again));
    for (
        const char* json :
        {R"({"kind": "budget", "budget": "shop-month", "at": [80, 100], "projected": true, "renotify": "1d"})",
         R"({"kind": "budget"})",
         R"({"kind": "anomaly", "metric": "cost", "filters": ["project=shop"], "tz": "Europe/Berlin",
              "when": "above", "warning": 5, "recover": 3, "at_least": "$2", "delay": "10m"})",
         R"({"kind": "anomaly", "metric": "requests"})"}) {
        const auto one = rule_from_json("r", json);
        ASSERT_TRUE(one) << json << ": " << one.error().message;
        const auto back = rule_from_json("r", to_json(*one));
        ASSERT_TRUE(back) << to_json(*one) << ": " << back.error().message;
        EXPECT_EQ(to_json(*back), to_json(*one));
    }
    for (const Rule& one : default_rules()) {
        const auto back = rule_from_json(one.name, to_json(one));
        ASSERT_TRUE(back) << one.name << ": " << back.error().message;
        EXPECT_EQ(to_json(*back), to_json(one));
    }
}

TEST(Rule, WhatMakesNoSenseIsRefusedWithAWord) {
    struct Case {
        const char* json;
        const char* word;
    };
    const std::array cases{
        Case{"5", "object"},
        Case{R"({})", "metric: it is missing"},
        Case{R"({"metric": "falure_rate", "warning": 0.1})", "did you mean failure_rate?"},
        Case{R"({"metric": "durration_p95", "warning": 1})", "did you mean duration_p95?"},
        Case{R"({"metric": "duration_p95", "warning": "soon"})", "milliseconds"},
        Case{R"x({"metric": "max(started_at)", "warning": 1})x", "no number"},
        Case{R"({"metrics": "cost", "warning": 1})", "did you mean metric?"},
        Case{R"({"metric": "cost"})", "no threshold"},
        Case{R"({"metric": "cost", "warning": 5, "critical": 2})", "warning: it is beyond critical"},
        Case{R"({"metric": "calls", "when": "below", "warning": 2, "critical": 5})",
             "warning: it is beyond critical"},
        Case{R"({"metric": "cost", "warning": 5, "recover": 6})", "recover: it is beyond the threshold"},
        Case{R"({"metric": "cost", "warning": -5})", "below zero"},
        Case{R"({"metric": "failure_rate", "warning": 5})", "at most 1"},
        Case{R"({"metric": "calls", "when": "below", "warning": 0})", "nothing is below zero"},
        Case{R"({"metric": "cost", "warning": 5, "when": "sideways"})", "above or below"},
        Case{R"({"metric": "cost", "warning": 5, "window": "2026-11"})", "window"},
        Case{R"({"metric": "cost", "warning": 5, "window": "5000d"})", "window"},
        Case{R"({"metric": "cost", "warning": 5, "window": "1s"})", "window"},
        Case{R"({"metric": "cost", "warning": 5, "window": "soon"})", "window"},
        Case{R"({"metric": "cost", "warning": 5, "tz": "Mars/Olympus"})", "time zone"},
        Case{R"({"metric": "cost", "warning": 5, "filters": ["projekt=x"]})", "filters"},
        Case{R"({"metric": "cost", "warning": 5, "filters": ["project="]})", "filters"},
        Case{R"({"metric": "cost", "warning": 5, "group_by": ["modell.requested"]})", "group_by"},
        Case{R"({"metric": "cost", "warning": 5, "for": 0})", "for"},
        Case{R"({"metric": "cost", "warning": 5, "every": "1ms"})", "every"},
        Case{R"({"metric": "cost", "warning": 5, "renotify": "5s"})", "renotify"},
        Case{R"({"metric": "cost", "warning": 5, "against": "never"})", "against"},
        Case{R"({"kind": "nonsense"})", "kind"},
        Case{R"({"kind": "missing_data", "warning": 5})", "warning"},
        Case{R"({"kind": "missing_data", "severity": "ok"})", "severity"},
        Case{R"({"kind": "missing_data", "window": "today"})", "has just begun"},
        Case{R"({"kind": "missing_data", "window": "1d"})", "has just begun"},
        Case{R"({"kind": "missing_data", "window": "this-month", "tz": "Europe/Berlin"})", "has just begun"},
        Case{R"({"metric": "calls", "when": "below", "warning": 5, "window": "this-week"})",
             "has just begun"},
        Case{R"({"kind": "budget", "metric": "cost"})", "a rule of kind budget has none"},
        Case{R"({"kind": "budget", "window": "1h"})", "the budget says"},
        Case{R"({"kind": "budget", "filters": ["project=x"]})", "filters"},
        Case{R"({"kind": "budget", "at": [0]})", "no percentage"},
        Case{R"({"kind": "budget", "at": 80})", "list of percentages"},
        Case{R"({"kind": "budget", "at": []})", "nothing to tell"},
        Case{R"({"kind": "budget", "for": 2})", "for"},
        Case{R"({"metric": "cost", "warning": 5, "at": [80]})", "a rule of kind threshold has none"},
        Case{R"({"kind": "anomaly"})", "metric: it is missing"},
        Case{R"({"kind": "anomaly", "metric": "cache_share"})", "not looked for"},
        Case{R"({"kind": "anomaly", "metric": "cost", "group_by": ["projekt"]})", "group_by"},
        Case{R"({"kind": "anomaly", "metric": "cost", "window": "2h"})", "window"},
        Case{R"({"kind": "anomaly", "metric": "cost", "warning": 1})", "below 2"},
        Case{R"({"kind": "anomaly", "metric": "cost", "warning": 9, "critical": 5})", "beyond critical"},
        Case{R"({"kind": "anomaly", "metric": "cost", "when": "sideways"})", "either, above or below"},
        Case{R"({"kind": "anomaly", "metric": "cost", "every": "5s"})", "once an hour"},
        Case{R"({"kind": "calls", "over": 5})", "field: it is missing"},
        Case{R"({"kind": "calls", "field": "model.requested", "over": 5})", "no number"},
        Case{R"({"kind": "calls", "field": "time.duration_ms"})", "over: it is missing"},
        Case{R"({"metric": "cost", "warning": 5, "over": 5})", "over"}};
    for (const Case& one : cases) {
        const auto refused = rule_from_json("r", one.json);
        ASSERT_FALSE(refused) << one.json;
        EXPECT_EQ(refused.error().code, Code::InvalidArgument) << one.json;
        const std::string text = refused.error().message + " / " + refused.error().remedy;
        EXPECT_NE(text.find(one.word), std::string::npos) << one.json << ": " << text;
    }
}

TEST(Rule, WhatIsMissingIsMissingFromWholeWindows) {
    for (const char* window : {"1m", "24h", "7d", "3mo", "yesterday", "last-week", "last-month"}) {
        const std::string json = fmt::format(R"("window": "{}")", window);
        EXPECT_TRUE(rule_from_json("r", R"({"kind": "missing_data", )" + json + "}")) << window;
        EXPECT_TRUE(rule_from_json("r", R"({"metric": "cost", "when": "below", "warning": 1, )" + json + "}"))
            << window;
    }
    // A share of a day that has just begun is a share, and a sum above a threshold is above it.
    EXPECT_TRUE(rule_from_json(
        "r", R"({"metric": "success_rate", "when": "below", "warning": 0.5, "window": "today"})"));
    EXPECT_TRUE(rule_from_json("r", R"({"metric": "cost", "warning": 5, "window": "today"})"));
}

TEST(Rule, AmountsAreWrittenAsPeopleDo) {
    EXPECT_EQ(parse_amount(Unit::Share, "x", "5%").value(), Decimal::parse("0.05").value());
    EXPECT_EQ(parse_amount(Unit::Share, "x", "0.1 %").value(), Decimal::parse("0.001").value());
    EXPECT_EQ(parse_amount(Unit::Money, "x", "$12.50").value(), Decimal::parse("12.5").value());
    EXPECT_EQ(parse_amount(Unit::Milliseconds, "x", "1.5s").value(), Decimal::parse("1500").value());
    EXPECT_EQ(parse_amount(Unit::Milliseconds, "x", "250ms").value(), Decimal::parse("250").value());
    EXPECT_FALSE(parse_amount(Unit::Number, "x", "5%"));
    EXPECT_EQ(shown(Unit::Share, *Decimal::parse("0.0512")), "5.12 %");
    EXPECT_EQ(measured(Unit::Share, *Decimal::parse("0.0512")), "5.1 %");
    EXPECT_EQ(measured(Unit::Money, *Decimal::parse("1234.5"), "USD"), "$1,234.50");
    EXPECT_EQ(shown(Unit::Money, *Decimal::parse("1234.5"), "USD"), "$1,234.50");
    EXPECT_EQ(shown(Unit::Money, *Decimal::parse("2"), "EUR"), "2.00 EUR");
    EXPECT_EQ(shown(Unit::Money, *Decimal::parse("0.000123")), "0.000123");
    EXPECT_EQ(shown(Unit::Milliseconds, *Decimal::parse("1234.5")), "1.23 s");
    EXPECT_EQ(shown(Unit::Number, *Decimal::parse("1234567")), "1,234,567");
    EXPECT_EQ(span_text(parse_span("x", "90m").value()), "90m");
    EXPECT_EQ(span_text(parse_span("x", "48h").value()), "2d");
    EXPECT_EQ(span_text(parse_span("x", "0").value()), "0");
    for (const char* bad : {"", "5", "m", "-5m", "5 m", "1y", "99999999999d"})
        EXPECT_FALSE(parse_span("x", bad)) << bad;
}

}  // namespace
}  // namespace steno::alerts
