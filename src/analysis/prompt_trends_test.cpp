#include "analysis/prompt_trends.hpp"

#include "analysis/prompt_calls_for_test.hpp"
#include "analysis/record_for_test.hpp"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <functional>
#include <set>

namespace steno::analysis {
namespace {

constexpr int kDays = 40;

/// So many calls a day, as `fill` makes them; with one day without any.
std::vector<Call> days(int calls, const std::function<void(PromptCalls&, Call&, int day)>& fill,
                       std::uint64_t seed = 5) {
    PromptCalls made(seed);
    for (int day = 0; day < kDays; ++day)
        for (int i = 0; i < (day == 6 ? 0 : calls); ++i)
            fill(made, made.add("answer", day < 25 ? "1" : "2", day + 0.9 * made.unit()), day);
    return std::move(made.calls);
}

PromptTrendQuestion question(std::vector<std::string> metrics = {}) {
    PromptTrendQuestion question;
    question.prompt = "answer";
    question.metrics = std::move(metrics);
    question.selection.from = Timestamp{kBegin};
    question.selection.to = Timestamp{kBegin + kDays * calendar::kDay};
    return question;
}

const PromptTrend::Series& series(const PromptTrend& trend, std::string_view name) {
    const auto found = std::ranges::find(trend.series, name,
                                         [](const auto& one) -> std::string_view { return one.metric.name; });
    if (found == trend.series.end()) throw std::out_of_range(std::string(name));
    return *found;
}

std::int64_t day_of(const Timestamp& at) {
    return (at.unix_nanos - kBegin) / calendar::kDay;
}

TEST(PromptTrend, DaysAreWhatIsCountedCallByCall) {
    // kBegin is a midnight, so that days are days.
    ASSERT_EQ(kBegin % calendar::kDay, 0);
    const std::vector<Call> calls = days(12, [](PromptCalls& made, Call& call, int) {
        if (made.one_in(6)) call.status = Status::Failure;
        if (made.one_in(3)) call.feedback.verdict = made.one_in(2) ? "accepted" : "rejected";
        call.time.duration = Duration{made.below(4'000'000'000)};
        call.cost.total = Decimal::from_units(made.below(1'000'000'000));
        call.cost.currency = "USD";
        if (made.one_in(4)) call.scores["quality"].value = static_cast<double>(made.below(100));
    });
    Record record(calls);
    const PromptTrend told = prompt_trend(record.store(), question()).value();
    ASSERT_EQ(told.days.size(), static_cast<std::size_t>(kDays));
    for (int day = 0; day < kDays; ++day) {
        SCOPED_TRACE(day);
        const auto at = static_cast<std::size_t>(day);
        std::vector<double> durations, costs, scores;
        double all = 0, succeeded = 0, judged = 0, accepted = 0;
        for (const Call& call : calls) {
            if (day_of(*call.started_at) != day) continue;
            ++all;
            succeeded += call.status == Status::Success;
            judged += !call.feedback.verdict.empty();
            accepted += call.feedback.verdict == "accepted";
            durations.push_back(static_cast<double>(call.time.duration->nanos) / 1e6);
            costs.push_back(call.cost.total->to_double());
            if (call.scores.contains("quality")) scores.push_back(*call.scores.at("quality").value);
        }
        EXPECT_EQ(told.days[at].calls, static_cast<std::int64_t>(all));
        EXPECT_EQ(day_of(told.days[at].begin), day);
        const auto expect = [&](const char* name, std::optional<double> wanted) {
            const auto& value = series(told, name).values[at];
            ASSERT_EQ(value.has_value(), wanted.has_value()) << name;
            if (wanted) EXPECT_NEAR(*value, *wanted, 1e-9 + 1e-9 * *wanted) << name;
        };
        const auto mean = [](const std::vector<double>& of) -> std::optional<double> {
            if (of.empty()) return std::nullopt;
            double sum = 0;
            for (const double value : of) sum += value;
            return sum / static_cast<double>(of.size());
        };
        expect("success_rate", all > 0 ? std::optional(succeeded / all) : std::nullopt);
        expect("acceptance_rate", judged > 0 ? std::optional(accepted / judged) : std::nullopt);
        expect("cost_per_call", mean(costs));
        expect("score.quality", mean(scores));
        std::ranges::sort(durations);
        expect("duration_p50",
               durations.empty() ? std::nullopt : std::optional(durations[(durations.size() + 1) / 2 - 1]));
        expect("first_token_p50", std::nullopt);
    }
    ASSERT_EQ(told.versions.size(), 2u);
    EXPECT_EQ(told.versions[0].version, "1");
    EXPECT_EQ(told.versions[0].calls + told.versions[1].calls, static_cast<std::int64_t>(calls.size()));
}

TEST(PromptTrend, AChangeForGoodIsFoundWhereItIs) {
    Record record(days(60, [](PromptCalls& made, Call& call, int day) {
        call.time.duration = Duration{static_cast<std::int64_t>((day < 25 ? 1e9 : 1.5e9) * made.skewed())};
        call.usage.output_tokens = (day < 10 ? 100 : 150) + made.below(50);
        if (made.one_in(20)) call.status = Status::Failure;
        call.feedback.verdict = made.unit() < (day < 25 ? 0.6 : 0.8) ? "accepted" : "rejected";
    }));
    const PromptTrend told = prompt_trend(record.store(), question()).value();
    const auto& latency = series(told, "duration_p50").changes;
    ASSERT_EQ(latency.size(), 1u);
    EXPECT_EQ(day_of(latency[0].at), 25);
    EXPECT_EQ(latency[0].worse, true);
    EXPECT_TRUE(latency[0].lasts);
    EXPECT_EQ(latency[0].versions, std::vector<std::string>{"2"});
    EXPECT_NEAR(latency[0].after / latency[0].before, 1.5, 0.15);
    EXPECT_NE(latency[0].sentence.find("version 2 first called then"), std::string::npos)
        << latency[0].sentence;
    const auto& accepted = series(told, "acceptance_rate").changes;
    ASSERT_EQ(accepted.size(), 1u);
    EXPECT_EQ(accepted[0].worse, false);
    const auto& tokens = series(told, "output_tokens").changes;
    ASSERT_EQ(tokens.size(), 1u);
    EXPECT_EQ(day_of(tokens[0].at), 10);
    EXPECT_EQ(tokens[0].worse, std::nullopt);
    EXPECT_TRUE(tokens[0].versions.empty());
    EXPECT_TRUE(series(told, "success_rate").changes.empty());

    std::set<std::string> worse;
    for (const auto& one : told.degradations) worse.insert(one.metric);
    EXPECT_EQ(worse, (std::set<std::string>{"duration_p50", "duration_p95"}));
    EXPECT_TRUE(told.degradations[0].alert.starts_with(
        "steno alerts set answer-duration_p50 --metric duration_p50 --filter prompt.name=answer --window 24h "
        "--warning "))
        << told.degradations[0].alert;
}

/// Version 2 from the beginning of the question on, until it is rolled back after 15 days of it.
std::vector<Call> rolled_back() {
    PromptCalls made(5);
    for (int day = 0; day < kDays; ++day)
        for (int i = 0; i < 30; ++i) {
            const bool second = day >= 10 && day < 25;
            Call& call = made.add("answer", second ? "2" : "1", day + 0.9 * made.unit());
            call.environment = i % 3 == 0 ? "staging" : "prod";
            call.labels.attributes["size"] = std::string("5");
            call.time.duration = Duration{static_cast<std::int64_t>((second ? 1e9 : 1.5e9) * made.skewed())};
        }
    return std::move(made.calls);
}

TEST(PromptTrend, AVersionOfBeforeThePeriodIsCalledAgain) {
    Record record(rolled_back());
    auto asked = question({"duration_p50"});
    asked.selection.from = Timestamp{kBegin + 10 * calendar::kDay};
    const PromptTrend told = prompt_trend(record.store(), asked).value();
    const auto& changes = series(told, "duration_p50").changes;
    ASSERT_EQ(changes.size(), 1u);
    EXPECT_EQ(day_of(changes[0].at), 25);
    EXPECT_TRUE(changes[0].versions.empty());
    EXPECT_EQ(changes[0].again, std::vector<std::string>{"1"});
    EXPECT_TRUE(changes[0].sentence.ends_with("; version 1 called again then.")) << changes[0].sentence;
}

TEST(PromptTrend, AnAlertIsOfTheCallsThatWereAskedFor) {
    Record record(rolled_back());
    const auto told = [&](const char* field, const char* value) {
        auto asked = question({"duration_p50"});
        asked.selection.from = Timestamp{kBegin + 10 * calendar::kDay};
        asked.selection.filters = {store::make_filter(field, value).value()};
        const PromptTrend trend = prompt_trend(record.store(), asked).value();
        if (trend.degradations.size() != 1) throw std::out_of_range(field);
        return trend.degradations[0];
    };
    const auto starts = [&](const char* field, const char* value, const char* wanted) {
        const auto one = told(field, value);
        EXPECT_TRUE(one.alert.starts_with(wanted)) << one.alert << one.why;
        EXPECT_TRUE(one.why.empty()) << one.why;
    };
    starts("environment", "prod",
           "steno alerts set answer-duration_p50-prod --metric duration_p50 --filter environment=prod "
           "--filter prompt.name=answer --window 24h ");
    starts(
        "time.duration_ms.gte", "0.5",
        "steno alerts set answer-duration_p50-0.5 --metric duration_p50 --filter time.duration_ms.gte=0.5 ");
    starts("labels.attributes.size", "\"5\"",
           "steno alerts set answer-duration_p50-5 --metric duration_p50 --filter "
           "'labels.attributes.size=\"5\"' ");
    // A rule with a filter on kinds counts all of these: that they reach a model has to be said.
    const auto kinds = told("kind.ne", "embedding").alert;
    EXPECT_NE(kinds.find("--filter kind.ne=embedding --filter kind.in=chat,"), std::string::npos) << kinds;
    // Which is over soon, or was.
    const auto timed = told("started_at.gte", "2026-01-01T00:00:00Z");
    EXPECT_TRUE(timed.alert.empty()) << timed.alert;
    EXPECT_NE(timed.why.find("the filter on started_at"), std::string::npos) << timed.why;
}

TEST(PromptTrend, TheP95OfAFewCallsIsNotTold) {
    PromptCalls made(5);
    for (int day = 0; day < kDays; ++day)
        for (int i = 0; i < 25; ++i) {
            Call& call = made.add("answer", "1", day + 0.9 * made.unit());
            if (i >= (day % 2 == 0 ? 20 : 19)) call.time.duration.reset();
        }
    Record record(made.calls);
    const PromptTrend told = prompt_trend(record.store(), question()).value();
    for (std::size_t day = 0; day < told.days.size(); ++day) {
        EXPECT_EQ(series(told, "duration_p95").values[day].has_value(), day % 2 == 0) << day;
        EXPECT_TRUE(series(told, "duration_p50").values[day].has_value()) << day;
    }
}

TEST(PromptTrend, WhatIsUsualOnAWeekdayIsNoChange) {
    int changes = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Record record(days(
            20,
            [](PromptCalls& made, Call& call, int day) {
                const double by = day % 7 >= 5 ? 2e9 : 1e9;
                call.time.duration = Duration{static_cast<std::int64_t>(by * made.skewed())};
                if (made.one_in(day % 7 >= 5 ? 4 : 20)) call.status = Status::Failure;
            },
            seed));
        const PromptTrend told =
            prompt_trend(record.store(), question({"duration_p50", "success_rate"})).value();
        for (const auto& one : told.series) changes += static_cast<int>(one.changes.size());
    }
    EXPECT_LE(changes, 3);  // of 40 series at 1 %
}

TEST(PromptTrend, AChangeOfSharesIsFoundOnItsDay) {
    int found = 0, days_off = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Record record(days(
            25,
            [](PromptCalls& made, Call& call, int day) {
                if (made.unit() < (day < 25 ? 0.02 : 0.25)) call.status = Status::Failure;
            },
            seed));
        const PromptTrend told = prompt_trend(record.store(), question({"success_rate"})).value();
        for (const auto& change : told.series.at(0).changes) {
            ++found;
            days_off += static_cast<int>(std::abs(day_of(change.at) - 25));
        }
    }
    EXPECT_EQ(found, 20);
    EXPECT_LE(days_off, 10);
}

TEST(PromptTrend, MoneyOfSeveralCurrenciesHasNoTrend) {
    Record record(days(5, [](PromptCalls& made, Call& call, int) {
        call.cost.total = Decimal::parse("0.01");
        call.cost.currency = made.one_in(2) ? "EUR" : "USD";
    }));
    const PromptTrend told = prompt_trend(record.store(), question()).value();
    EXPECT_EQ(series(told, "cost_per_call").currency, "mixed");
    EXPECT_TRUE(std::ranges::none_of(series(told, "cost_per_call").values,
                                     [](const auto& value) { return value.has_value(); }));
}

TEST(PromptTrend, OfFewDaysOrNoneNothingIsSaid) {
    Record empty;
    const PromptTrend none = prompt_trend(empty.store(), question()).value();
    EXPECT_EQ(none.days.size(), static_cast<std::size_t>(kDays));
    EXPECT_TRUE(none.degradations.empty());
    EXPECT_TRUE(none.versions.empty());
    auto asked = question();
    asked.selection.to = Timestamp{kBegin + 3 * calendar::kDay};
    Record record(days(5, [](PromptCalls&, Call&, int) {}));
    EXPECT_EQ(prompt_trend(record.store(), asked)->days.size(), 3u);
    asked.selection.to = Timestamp{kBegin + 2000 * calendar::kDay};
    EXPECT_EQ(prompt_trend(record.store(), asked).error().code, Code::InvalidArgument);
    asked.selection.to.reset();
    EXPECT_EQ(prompt_trend(record.store(), asked).error().code, Code::InvalidArgument);
    EXPECT_EQ(prompt_trend(record.store(), question({"speed"})).error().code, Code::InvalidArgument);
}

TEST(PromptTrend, IsWrittenAsJson) {
    Record record(days(30, [](PromptCalls& made, Call& call, int day) {
        if (made.one_in(day < 20 ? 50 : 5)) call.status = Status::Failure;
    }));
    const PromptTrend told = prompt_trend(record.store(), question({"success_rate"})).value();
    std::string text;
    JsonWriter json(text);
    json.begin_object();
    write_members(json, told);
    json.end_object();
    simdjson::dom::parser parser;
    simdjson::dom::element parsed;
    ASSERT_EQ(parser.parse(text).get(parsed), simdjson::SUCCESS) << text;
    EXPECT_TRUE(parsed.at_pointer("/series/0/values/6").is_null());
    EXPECT_EQ(parsed.at_pointer("/degradations/0/metric").get_string().value(), "success_rate");
    EXPECT_NE(parsed.at_pointer("/degradations/0/alert").get_string().value().find("--below --warning"),
              std::string_view::npos);
}

}  // namespace
}  // namespace steno::analysis
