#include "analysis/prompt_comparison.hpp"

#include "analysis/prompt_calls_for_test.hpp"
#include "analysis/prompt_comparison_json.hpp"
#include "analysis/record_for_test.hpp"
#include "inference/correction.hpp"
#include "inference/means.hpp"
#include "inference/quantiles.hpp"
#include "inference/shares.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <functional>

namespace steno::analysis {
namespace {

/// Versions that calls are given to by chance, and how each of them is.
struct World {
    std::size_t calls = 2000;
    std::function<void(PromptCalls&, Call&, bool of_b)> fill = [](PromptCalls&, Call&, bool) {};
};

std::vector<Call> world(const World& how, std::uint64_t seed = 5) {
    PromptCalls made(seed);
    for (std::size_t i = 0; i < how.calls; ++i) {
        const bool of_b = made.one_in(2);
        Call& call = made.add("answer", of_b ? "2" : "1", 20 * made.unit());
        how.fill(made, call, of_b);
    }
    return std::move(made.calls);
}

PromptComparisonQuestion question(std::vector<std::string> metrics = {}) {
    PromptComparisonQuestion question;
    question.prompt = "answer";
    question.metrics = std::move(metrics);
    return question;
}

const MetricComparison& metric(const PromptComparison& comparison, std::string_view name,
                               std::size_t pair = 0) {
    const auto& metrics = comparison.comparisons.at(pair).metrics;
    const auto found = std::ranges::find(
        metrics, name, [](const MetricComparison& one) -> std::string_view { return one.metric.name; });
    if (found == metrics.end()) throw std::out_of_range(std::string(name));
    return *found;
}

std::vector<double> values(const std::vector<Call>& calls, const char* version,
                           const std::function<std::optional<double>(const Call&)>& of) {
    std::vector<double> found;
    for (const Call& call : calls)
        if (const auto value = of(call); value && call.prompt.version == version) found.push_back(*value);
    return found;
}

bool warned(const PromptComparison& comparison, std::string_view of, std::size_t pair = 0) {
    return std::ranges::any_of(comparison.comparisons.at(pair).warnings,
                               [&](const std::string& text) { return text.contains(of); });
}

TEST(PromptComparison, IsWhatTheStatisticsSayOfTheCalls) {
    const std::vector<Call> calls =
        world({3000, [](PromptCalls& made, Call& call, bool of_b) {
                   if (made.one_in(of_b ? 40 : 12)) call.status = Status::Failure;
                   if (made.one_in(3))
                       call.feedback.verdict = made.unit() < (of_b ? 0.7 : 0.55) ? "accepted" : "rejected";
                   call.time.duration =
                       Duration{static_cast<std::int64_t>((of_b ? 0.8e9 : 1e9) * made.skewed())};
                   if (made.one_in(30)) call.feedback.edit_distance = made.below(of_b ? 300 : 200);
                   call.cost.total = Decimal::from_units(static_cast<std::int64_t>(2e9 * made.skewed()));
                   call.cost.currency = "USD";
                   if (made.one_in(4)) call.scores["valid"].value = made.one_in(of_b ? 3 : 2) ? 0 : 1;
               }});
    Record record(calls);
    const PromptComparison told = compare_versions(record.store(), question()).value();
    ASSERT_EQ(told.comparisons.size(), 1u);
    EXPECT_EQ(told.comparisons[0].a, "1");
    EXPECT_EQ(told.comparisons[0].b, "2");
    EXPECT_EQ(told.comparisons[0].warnings.size(), 1u);
    EXPECT_TRUE(warned(told, "did not succeed equally often (1: "));
    const auto count = [&](const char* version, auto&& fits) {
        return static_cast<std::uint64_t>(std::ranges::count_if(
            calls, [&](const Call& call) { return call.prompt.version == version && fits(call); }));
    };
    const auto any = [](const Call&) { return true; };
    const auto succeeded = [](const Call& call) { return call.status == Status::Success; };
    const auto success = inference::compare_shares({count("1", succeeded), count("1", any)},
                                                   {count("2", succeeded), count("2", any)})
                             .value();
    const MetricComparison& by_success = metric(told, "success_rate");
    EXPECT_EQ(by_success.difference, success.difference);
    EXPECT_EQ(by_success.interval->low, success.interval.low);
    EXPECT_EQ(by_success.p_value, success.p_value);
    EXPECT_EQ(by_success.finding, Finding::Better);
    EXPECT_TRUE(by_success.sentence.starts_with("Version 2 succeeds more often than 1: +"))
        << by_success.sentence;

    const auto accepted = [](const Call& call) { return call.feedback.verdict == "accepted"; };
    const auto judged = [](const Call& call) { return !call.feedback.verdict.empty(); };
    const MetricComparison& by_verdict = metric(told, "acceptance_rate");
    EXPECT_EQ(by_verdict.values_a, static_cast<std::int64_t>(count("1", judged)));
    EXPECT_EQ(by_verdict.p_value, inference::compare_shares({count("1", accepted), count("1", judged)},
                                                            {count("2", accepted), count("2", judged)})
                                      ->p_value);

    const auto duration = [](const Call& call) {
        return std::optional(static_cast<double>(call.time.duration->nanos) / 1e6);
    };
    const auto sample = [&](const char* version) {
        return inference::Sample::of(values(calls, version, duration)).value();
    };
    const auto p95 = inference::compare_quantiles(sample("1"), sample("2"), 0.95).value();
    const MetricComparison& by_p95 = metric(told, "duration_p95");
    EXPECT_NEAR(*by_p95.difference, p95.difference, 1e-9);
    EXPECT_NEAR(*by_p95.p_value, *p95.p_value, 1e-12);
    EXPECT_EQ(by_p95.test, "order_statistics");
    EXPECT_EQ(metric(told, "duration_p50").finding, Finding::Better);
    EXPECT_LT(*metric(told, "duration_p50").effect_size, -0.2);

    const auto cost = [](const Call& call) { return std::optional(call.cost.total->to_double()); };
    const auto means = inference::compare_means(inference::Moments::of(values(calls, "1", cost)).value(),
                                                inference::Moments::of(values(calls, "2", cost)).value())
                           .value();
    const MetricComparison& by_cost = metric(told, "cost_per_call");
    EXPECT_EQ(by_cost.test, "welch");
    EXPECT_EQ(by_cost.currency, "USD");
    EXPECT_NEAR(*by_cost.p_value, means.welch->p_value, 1e-6);
    EXPECT_NEAR(by_cost.interval->high, means.welch->interval.high, 1e-12);

    EXPECT_EQ(metric(told, "edit_distance").test, "welch");
    // A score that only says yes or no is a share.
    const MetricComparison& by_score = metric(told, "score.valid");
    EXPECT_EQ(by_score.metric.unit, Unit::Share);
    EXPECT_EQ(by_score.test, "two_proportion_z");

    std::vector<double> p_values, adjusted;
    for (const MetricComparison& one : told.comparisons[0].metrics) {
        if (!one.p_value) continue;
        p_values.push_back(*one.p_value);
        adjusted.push_back(*one.adjusted_p_value);
    }
    EXPECT_EQ(told.family, p_values.size());
    EXPECT_EQ(adjusted, inference::holm(p_values).value());
    EXPECT_EQ(metric(told, "complete_rate").finding, Finding::Unknown);
    EXPECT_EQ(metric(told, "complete_rate").why, "no call says it");
}

TEST(PromptComparison, WithoutADifferenceNothingIsFound) {
    int found = 0, leaning = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        Record record(world({600,
                             [](PromptCalls& made, Call& call, bool) {
                                 if (made.one_in(20)) call.status = Status::Failure;
                                 call.time.duration =
                                     Duration{static_cast<std::int64_t>(1e9 * made.skewed())};
                                 call.usage.output_tokens = made.below(300);
                                 if (made.one_in(3))
                                     call.feedback.verdict = made.one_in(2) ? "accepted" : "rejected";
                             }},
                            seed));
        const PromptComparison told = compare_versions(record.store(), question()).value();
        bool any = false;
        for (const MetricComparison& one : told.comparisons[0].metrics) {
            any |= one.finding != Finding::Open && one.finding != Finding::Leaning &&
                   one.finding != Finding::Unknown;
            leaning += one.finding == Finding::Leaning;
        }
        found += any;
    }
    EXPECT_LE(found, 5);    // of 40 families at 5 %: two are to be expected
    EXPECT_GE(leaning, 1);  // what one comparison alone would have called a difference
}

TEST(PromptComparison, SaysHowManyMoreCallsWouldTell) {
    Record record(world({1200, [](PromptCalls& made, Call& call, bool of_b) {
                             if (made.one_in(3))
                                 call.feedback.verdict =
                                     made.unit() < (of_b ? 0.64 : 0.58) ? "accepted" : "rejected";
                         }}));
    auto asked = question({"acceptance_rate"});
    asked.effect = 0.1;
    const PromptComparison told = compare_versions(record.store(), asked).value();
    const MetricComparison& one = metric(told, "acceptance_rate");
    ASSERT_EQ(one.finding, Finding::Open) << one.sentence;
    ASSERT_TRUE(one.more_values && one.more_calls);
    // A third of the calls is judged.
    EXPECT_NEAR(static_cast<double>(*one.more_calls) / static_cast<double>(*one.more_values), 3, 0.4);
    EXPECT_NE(one.sentence.find("more judged calls would settle it"), std::string::npos) << one.sentence;
    EXPECT_NEAR(*one.wished, 0.1 * *one.a, 1e-12);
    EXPECT_GT(*one.more_for_wished, 0u);
    // To plan with: of two places, in the sentence as elsewhere.
    for (std::uint64_t count : {*one.more_values, *one.more_calls, *one.more_for_wished}) {
        while (count >= 100 && count % 10 == 0) count /= 10;
        EXPECT_LT(count, 100u);
    }
    // As many more, and as they were until now: then it is settled about as often as planned.
    int settled = 0;
    const std::size_t all = 1200 + static_cast<std::size_t>(*one.more_calls);
    for (std::uint64_t seed = 100; seed < 110; ++seed) {
        const double a = *one.a, b = *one.b;
        Record more(world({all,
                           [a, b](PromptCalls& made, Call& call, bool of_b) {
                               if (made.one_in(3))
                                   call.feedback.verdict =
                                       made.unit() < (of_b ? b : a) ? "accepted" : "rejected";
                           }},
                          seed));
        settled +=
            metric(compare_versions(more.store(), question({"acceptance_rate"})).value(), "acceptance_rate")
                .finding == Finding::Better;
    }
    EXPECT_GE(settled, 5);
}

TEST(PromptComparison, WhatIsNotComparableIsTold) {
    PromptCalls made(7);
    for (int i = 0; i < 200; ++i) {
        Call& first = made.add("answer", "1", 10 * made.unit());
        first.environment = "prod";
        Call& second = made.add("answer", "2", 8 + 10 * made.unit());
        second.model.requested = made.one_in(3) ? "small" : "large";
        second.environment = "staging";
    }
    for (int i = 0; i < 3; ++i) made.add("answer", "3", 20 * made.unit());
    Record record(made.calls);
    const PromptComparison told = compare_versions(record.store(), question()).value();
    ASSERT_EQ(told.comparisons.size(), 2u);
    EXPECT_TRUE(warned(told, "at different times"));
    EXPECT_TRUE(warned(told, "different models (1: most often small (100 %); 2: most often large ("));
    EXPECT_TRUE(warned(told, "different environments"));
    EXPECT_TRUE(warned(told, "version 3 has only 3 calls", 1));
    EXPECT_FALSE(warned(told, "has only"));
    EXPECT_EQ(metric(told, "duration_p50", 1).finding, Finding::Unknown);
    EXPECT_EQ(metric(told, "duration_p50", 1).why, "200 and 3 calls say it, and 30 of each are needed");
    // Three calls are compared as shares all the same, exactly.
    EXPECT_EQ(metric(told, "success_rate", 1).p_value, 1);
    EXPECT_EQ(told.versions[1].models.at("large") + told.versions[1].models.at("small"), 200);
}

TEST(PromptComparison, MoneyOfSeveralCurrenciesIsNotCompared) {
    Record record(world({200, [](PromptCalls&, Call& call, bool of_b) {
                             call.cost.total = Decimal::parse("0.01");
                             call.cost.currency = of_b ? "EUR" : "USD";
                         }}));
    const PromptComparison told = compare_versions(record.store(), question({"cost_per_call"})).value();
    EXPECT_EQ(metric(told, "cost_per_call").finding, Finding::Unknown);
    EXPECT_NE(metric(told, "cost_per_call").why.find("several currencies"), std::string::npos);
    EXPECT_EQ(told.family, 0u);
}

TEST(PromptComparison, ScoresThatCannotBeComparedSpoilNothing) {
    Record record(world({300, [](PromptCalls& made, Call& call, bool) {
                             call.scores["odd"].value = made.one_in(50) ? 1e300 : 1.5;
                         }}));
    const PromptComparison told = compare_versions(record.store(), question()).value();
    EXPECT_EQ(metric(told, "score.odd").finding, Finding::Unknown);
    EXPECT_FALSE(metric(told, "score.odd").why.empty());
    EXPECT_NE(metric(told, "success_rate").finding, Finding::Unknown);
}

TEST(PromptComparison, OfMoreValuesThanAreHeldSomeAreDrawn) {
    const std::vector<Call> calls =
        world({6000, [](PromptCalls& made, Call& call, bool of_b) {
                   call.time.duration =
                       Duration{static_cast<std::int64_t>((of_b ? 0.8e9 : 1e9) * made.skewed())};
               }});
    Record record(calls);
    const auto asked = question({"success_rate", "duration_p50"});
    const PromptComparison all = compare_versions(record.store(), asked).value();
    const PromptComparison some = compare_versions(record.store(), asked, 2000).value();
    EXPECT_FALSE(warned(all, "drawn by chance"));
    EXPECT_TRUE(warned(some, "1000 calls of a version were drawn by chance"));
    EXPECT_EQ(metric(all, "success_rate").values_a, metric(some, "success_rate").values_a);
    const MetricComparison &whole = metric(all, "duration_p50"), &part = metric(some, "duration_p50");
    EXPECT_EQ(part.values_a, whole.values_a);
    EXPECT_NEAR(*part.a, *whole.a, 0.1 * *whole.a);
    EXPECT_GT(part.interval->high - part.interval->low, whole.interval->high - whole.interval->low);
    EXPECT_EQ(part.finding, Finding::Better);
}

TEST(PromptComparison, MoreOfAScoreIsBetterForQualityAlone) {
    Record record(world({600, [](PromptCalls& made, Call& call, bool of_b) {
                             for (const char* name : {"quality", "toxicity"})
                                 call.scores[name].value = (of_b ? 60 : 50) + 10 * made.unit();
                             call.feedback.edit_distance = (of_b ? 300 : 100) + made.below(50);
                         }}));
    const PromptComparison told = compare_versions(record.store(), question()).value();
    EXPECT_EQ(metric(told, "score.quality").finding, Finding::Better);
    EXPECT_EQ(metric(told, "score.toxicity").finding, Finding::Higher);
    // Of calls that were not edited it says nothing.
    const MetricComparison& edits = metric(told, "edit_distance");
    EXPECT_EQ(edits.finding, Finding::Higher);
    EXPECT_TRUE(edits.sentence.starts_with("Version 2 has more changed where it is edited than 1: +"))
        << edits.sentence;
}

TEST(PromptComparison, FailingAtOnceIsNotFast) {
    const auto made = world({2000, [](PromptCalls& made, Call& call, bool of_b) {
                                 call.time.duration =
                                     Duration{static_cast<std::int64_t>(1e9 * made.skewed())};
                                 if (!of_b || !made.one_in(2)) return;
                                 call.status = Status::Failure;
                                 call.time.duration = Duration{5'000'000};
                             }});
    Record record(made);
    auto asked = question({"duration_p50"});
    EXPECT_TRUE(warned(compare_versions(record.store(), asked).value(),
                       "they did not succeed equally often (1: 100.0 %; 2: "));
    asked.metrics = {"acceptance_rate"};
    EXPECT_FALSE(warned(compare_versions(record.store(), asked).value(), "equally often"));
    asked.metrics = {"duration_p50"};
    asked.selection.filters.push_back(store::make_filter("status", store::Op::Eq, "success").value());
    const PromptComparison told = compare_versions(record.store(), asked).value();
    EXPECT_FALSE(warned(told, "equally often"));
    EXPECT_NE(metric(told, "duration_p50").finding, Finding::Better);
}

TEST(PromptComparison, AWishedShareIsAShare) {
    Record record(world({1000, [](PromptCalls& made, Call& call, bool) {
                             if (made.one_in(30)) call.status = Status::Failure;
                             call.scores["toxicity"].value = made.one_in(4) ? 1 : 0;
                         }}));
    auto asked = question({"success_rate"});
    asked.effect = 0.5;
    const PromptComparison high = compare_versions(record.store(), asked).value();
    const MetricComparison& success = metric(high, "success_rate");
    EXPECT_TRUE(success.wished);
    EXPECT_FALSE(success.more_for_wished);
    EXPECT_TRUE(success.sentence.contains(" points more is no share; the greatest effect to ask for is "))
        << success.sentence;
    asked.effect = 0.001;
    const PromptComparison low = compare_versions(record.store(), asked).value();
    EXPECT_GT(*metric(low, "success_rate").more_for_wished, 0u);
    EXPECT_FALSE(metric(low, "success_rate").sentence.contains("no share"));
    asked.effect = 5;
    EXPECT_EQ(compare_versions(record.store(), asked).error().code, Code::InvalidArgument);
    asked.metrics = {"duration_p50"};
    EXPECT_TRUE(compare_versions(record.store(), asked));
    asked.metrics = {"score.toxicity"};  // a share, as its values show
    EXPECT_FALSE(metric(compare_versions(record.store(), asked).value(), "score.toxicity").more_for_wished);
}

TEST(PromptComparison, WhatTheTestAloneLeavesOpenIsSaidSo) {
    // Newcombe's interval leaves out 0 where Fisher's test does not: few calls, and both ends of the scale.
    for (const int failed : {3, 4, 5, 6}) {
        PromptCalls made(1);
        for (int i = 0; i < 12; ++i) {
            made.add("answer", "1", 1);
            if (Call& call = made.add("answer", "2", 1); i < failed) call.status = Status::Failure;
        }
        Record record(made.calls);
        const PromptComparison told = compare_versions(record.store(), question({"success_rate"})).value();
        const MetricComparison& one = metric(told, "success_rate");
        EXPECT_EQ(told.family, 1u);
        EXPECT_NE(one.more_values, 0u);
        EXPECT_NE(one.more_calls, 0u);
        if (failed != 4) continue;
        ASSERT_EQ(one.finding, Finding::Leaning) << one.sentence;
        EXPECT_TRUE(one.sentence.contains("than 1, but the test leaves it open (p = 0.09")) << one.sentence;
    }
}

TEST(PromptComparison, WhatNeverVariesIsToldAsItIs) {
    Record record(world({600, [](PromptCalls&, Call& call, bool of_b) {
                             call.usage.input_tokens = 40;
                             call.usage.output_tokens = of_b ? 250 : 100;
                         }}));
    const PromptComparison told =
        compare_versions(record.store(), question({"input_tokens", "output_tokens"})).value();
    EXPECT_EQ(metric(told, "output_tokens").finding, Finding::Unknown);
    EXPECT_EQ(metric(told, "output_tokens").sentence,
              "In output_tokens nothing varies: always 100 against always 250.");
    EXPECT_EQ(metric(told, "input_tokens").why, "always 40.0 in both");
    EXPECT_EQ(told.family, 0u);
}

TEST(PromptComparison, VersionsAreChosenAndRefused) {
    PromptCalls made(8);
    for (const char* version : {"1.9", "1.10", "2", "", "1.2", "1.10"})
        for (int i = 0; i < 40; ++i) made.add("answer", version, 20 * made.unit());
    for (int i = 0; i < 40; ++i) made.add("single", "1", 1);
    Record record(made.calls);
    const auto compared = [&](auto&& change) {
        PromptComparisonQuestion asked = question({"success_rate"});
        change(asked);
        return compare_versions(record.store(), asked);
    };
    const auto names = [](const PromptComparison& told) {
        std::string text;
        for (const VersionUse& use : told.versions) text += use.version + " ";
        return text;
    };
    EXPECT_EQ(names(compared([](auto&) {}).value()), "1.2 1.9 1.10 2 ");
    EXPECT_EQ(names(compared([](auto& asked) { asked.baseline = "1.10"; }).value()), "1.10 1.2 1.9 2 ");
    EXPECT_EQ(names(compared([](auto& asked) { asked.baseline = "7"; }).value()), "1.2 1.9 1.10 2 ");
    EXPECT_EQ(names(compared([](auto& asked) { asked.versions = {"2", "1.9"}; }).value()), "2 1.9 ");
    const auto refused = [&](auto&& change) { return compared(change).error(); };
    EXPECT_EQ(refused([](auto& asked) { asked.versions = {"2", "2"}; }).code, Code::InvalidArgument);
    EXPECT_EQ(refused([](auto& asked) { asked.versions = {"2", "3"}; }).code, Code::NotFound);
    EXPECT_NE(refused([](auto& asked) { asked.versions = {"2", "3"}; }).remedy.find("1.2, 1.9, 1.10, 2"),
              std::string::npos);
    EXPECT_EQ(refused([](auto& asked) { asked.versions = {"2"}; }).code, Code::FailedPrecondition);
    EXPECT_EQ(refused([](auto& asked) { asked.prompt = "single"; }).code, Code::FailedPrecondition);
    EXPECT_EQ(refused([](auto& asked) { asked.prompt = "none"; }).code, Code::NotFound);
    EXPECT_EQ(refused([](auto& asked) { asked.metrics = {"speed"}; }).code, Code::InvalidArgument);
    EXPECT_EQ(refused([](auto& asked) { asked.confidence = 95; }).code, Code::InvalidArgument);
    EXPECT_EQ(refused([](auto& asked) { asked.effect = 0; }).code, Code::InvalidArgument);
}

TEST(PromptComparison, OfManyVersionsThoseWithTheMostCalls) {
    PromptCalls made(9);
    for (int version = 1; version <= 10; ++version)
        for (int i = 0; i < (version == 3 ? 2 : 30); ++i) made.add("answer", fmt::to_string(version), 1);
    made.add("answer", "11", 1);
    Record record(made.calls);
    const PromptComparison told = compare_versions(record.store(), question({"success_rate"})).value();
    EXPECT_EQ(told.versions.size(), kMostCompared);
    EXPECT_EQ(told.comparisons.size(), kMostCompared - 1);
    EXPECT_EQ(told.left_out, (std::vector<std::string>{"1", "3", "11"}));
    EXPECT_EQ(told.versions.front().version, "2");
}

TEST(PromptComparison, VersionsAreInTheOrderOfTheirNumbers) {
    const std::vector<std::string> ordered = {"",  "1",    "1.2", "1.9", "1.10", "1.10.1",
                                              "2", "2-rc", "10",  "a",   "v2",   "v10"};
    for (std::size_t i = 0; i < ordered.size(); ++i)
        for (std::size_t j = 0; j < ordered.size(); ++j)
            EXPECT_EQ(earlier_version(ordered[i], ordered[j]), i < j) << ordered[i] << " " << ordered[j];
    EXPECT_NE(earlier_version("1.0", "1.00"), earlier_version("1.00", "1.0"));
}

TEST(PromptComparison, IsWrittenAsJson) {
    Record record(world({400, [](PromptCalls& made, Call& call, bool of_b) {
                             if (made.one_in(of_b ? 5 : 20)) call.status = Status::Failure;
                         }}));
    auto asked = question();
    asked.effect = 0.05;
    const PromptComparison told = compare_versions(record.store(), asked).value();
    std::string text;
    JsonWriter json(text);
    json.begin_object();
    write_members(json, told);
    json.end_object();
    simdjson::dom::parser parser;
    simdjson::dom::element parsed;
    ASSERT_EQ(parser.parse(text).get(parsed), simdjson::SUCCESS) << text;
    const auto first = parsed.at_pointer("/comparisons/0/metrics/0").value();
    EXPECT_EQ(first["metric"].get_string().value(), "success_rate");
    EXPECT_EQ(first["finding"].get_string().value(), "worse");
    EXPECT_LT(first["interval"].at(1).get_double().value(), 0);
    EXPECT_TRUE(first["wished_difference"].is_double());
    EXPECT_EQ(parsed.at_pointer("/versions/0/models/0/model").get_string().value(), "small");
    EXPECT_TRUE(parsed.at_pointer("/versions/0/environments/0/environment").is_null());
}

}  // namespace
}  // namespace steno::analysis
