#include "analysis/experiment_result.hpp"

#include "analysis/experiment_calls_for_test.hpp"
#include "analysis/experiment_result_json.hpp"
#include "analysis/experiment_verdict.hpp"
#include "analysis/record_for_test.hpp"
#include "store/duckdb/duckdb_store.hpp"

#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <utility>

namespace steno::analysis {
namespace {

const ExperimentDifference& primary(const ExperimentResult& result, std::size_t variant = 1) {
    return *result.variants.at(variant).primary;
}

bool warned(const ExperimentResult& result, std::string_view words) {
    for (const std::string& warning : result.warnings)
        if (warning.find(words) != std::string::npos) return true;
    return false;
}

TEST(ExperimentResult, IsWhatCountingCallByCallGives) {
    const auto calls = experiment_calls({.alike = 1}, 1);
    Record record(calls);
    ExperimentQuestion question = experiment_question();
    question.guards = {{"duration", Better::Lower, 0.2, true}};
    question.also = {"success_rate", "cost_per_call", "output_tokens"};
    const ExperimentResult told = experiment_result(record.store(), question).value();

    struct Unit {
        double sum = 0, count = 0;
    };
    std::map<std::string, std::map<std::string, Unit>> units;
    std::map<std::string, std::uint64_t> all;
    std::map<std::string, std::set<std::string>> users;
    for (const Call& call : calls) {
        const auto& experiment = call.prompt.experiment;
        ++all[experiment.variant];
        users[experiment.variant].insert(experiment.unit);
        if (call.feedback.verdict.empty()) continue;
        Unit& unit = units[experiment.variant][experiment.unit];
        unit.sum += call.feedback.verdict == "accepted";
        ++unit.count;
    }
    std::map<std::string, std::pair<double, double>> means;  // and their variances
    for (const auto& [variant, of] : units) {
        double sum = 0, count = 0, squares = 0;
        for (const auto& [name, unit] : of) sum += unit.sum, count += unit.count;
        for (const auto& [name, unit] : of) squares += std::pow(unit.sum - sum / count * unit.count, 2);
        const double n = static_cast<double>(of.size());
        means[variant] = {sum / count, n / (n - 1) * squares / (count * count)};
    }
    for (const auto& variant : told.variants) {
        EXPECT_EQ(variant.calls, all[variant.name]);
        EXPECT_EQ(variant.units, users[variant.name].size());
        EXPECT_NEAR(variant.values[0].value.value(), means[variant.name].first, 1e-12);
        ASSERT_EQ(variant.values.size(), 5u);
        EXPECT_FALSE(variant.values[4].value);  // nobody says how many tokens
    }
    const ExperimentDifference& one = primary(told);
    EXPECT_NEAR(*one.difference, means["shorter"].first - means["control"].first, 1e-12);
    const double error = std::sqrt(means["shorter"].second + means["control"].second);
    EXPECT_NEAR((one.interval->low + one.interval->high) / 2, *one.difference, 1e-9);
    EXPECT_GT(one.interval->high - *one.difference, 3 * error);
    // Users are different: their calls say less than as many users would.
    EXPECT_LT(*one.effective, 0.8 * static_cast<double>(one.values_a + one.values_b));
    EXPECT_GT(*one.effective, 100);
    EXPECT_FALSE(told.reweighted);
    EXPECT_EQ(told.sampled, 1);
    EXPECT_EQ(told.ratio.units[0] + told.ratio.units[1], 200u);
    EXPECT_NEAR(told.ratio.expected[0], 100, 1e-9);
    EXPECT_FALSE(told.ratio.mismatch);
    EXPECT_EQ(told.ratio.crossed, 0u);
    EXPECT_EQ(told.variants[1].also[2].finding, ExperimentFinding::Unknown);
    EXPECT_EQ(told.variants[1].also[2].why, "no call says it");
    EXPECT_FALSE(told.variants[1].guards[0].breached);
    EXPECT_NEAR(*told.variants[0].best + *told.variants[1].best, 1, 1e-9);
}

TEST(ExperimentResult, OfDuckDbIsThatOfTheOracle) {
    auto calls = experiment_calls({}, 2);
    calls[5].prompt.experiment.probability.reset();
    calls[7].prompt.experiment.unit.clear();
    calls[9].prompt.experiment.variant = "gone";
    calls[11].prompt.experiment.id = "e-2";
    std::string folder = (std::filesystem::temp_directory_path() / "steno-experiment-XXXXXX").string();
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    store::DuckdbOptions options;
    options.folder = folder;
    options.memory_bytes = 256ULL << 20;
    Record memory(calls);
    auto engine = std::make_unique<Record>(store::open_duckdb_store(options).value());
    for (const Call& call : calls) engine->add(call);
    ExperimentQuestion question = experiment_question();
    question.also = {"success_rate", "cost_per_call", "duration", "complete_rate"};
    const auto json_of = [&](store::CallStore& store) {
        std::string text;
        JsonWriter json(text);
        json.begin_object();
        write_members(json, experiment_result(store, question).value());
        json.end_object();
        return text;
    };
    const std::string told = json_of(engine->store());
    const auto in_engine = experiment_result(engine->store(), question).value();
    EXPECT_EQ(in_engine.calls_left_out, 2u);
    ASSERT_EQ(in_engine.left_out.size(), 1u);
    EXPECT_EQ(in_engine.left_out[0].reason, "");
    EXPECT_EQ(in_engine.left_out[0].calls, 2u);
    simdjson::dom::parser a, b;
    const auto ours = a.parse(told).value(), theirs = b.parse(json_of(memory.store())).value();
    EXPECT_EQ(std::string(ours["sentence"].get_string().value()),
              std::string(theirs["sentence"].get_string().value()));
    for (std::size_t i = 0; i < 2; ++i) {
        const auto x = ours["variants"].at(i).value(), y = theirs["variants"].at(i).value();
        EXPECT_EQ(x["calls"].get_uint64().value(), y["calls"].get_uint64().value());
        for (std::size_t m = 0; m < 4; ++m)
            EXPECT_NEAR(x["values"].at(m)["value"].get_double().value(),
                        y["values"].at(m)["value"].get_double().value(), 1e-9);
    }
    engine.reset();
    std::filesystem::remove_all(folder);
}

TEST(ExperimentResult, FindsWhatIsBetterAndSaysWhenItWould) {
    Record better(experiment_calls({.users = 3000, .accepted_a = 0.5, .accepted_b = 0.62}, 3));
    const ExperimentResult told = experiment_result(better.store(), experiment_question()).value();
    EXPECT_EQ(primary(told).finding, ExperimentFinding::Better) << told.sentence;
    EXPECT_EQ(told.winner, "shorter");
    EXPECT_NE(told.sentence.find("shorter is accepted more often than control: +"), std::string::npos)
        << told.sentence;
    EXPECT_GT(*told.variants[1].best, 0.99);
    EXPECT_LT(*told.variants[1].expected_loss, 0.001);

    ExperimentQuestion turned = experiment_question();
    turned.better = Better::Lower;
    const ExperimentResult worse = experiment_result(better.store(), turned).value();
    EXPECT_EQ(primary(worse).finding, ExperimentFinding::Worse);
    EXPECT_EQ(worse.winner, "control");

    ExperimentQuestion stopped = experiment_question();
    stopped.stopped = {false, true};
    const ExperimentResult left = experiment_result(better.store(), stopped).value();
    EXPECT_EQ(left.winner, "control");  // which what is told of shorter alone would contradict
    EXPECT_TRUE(left.sentence.starts_with("shorter is accepted more often than control: +")) << left.sentence;
    EXPECT_TRUE(left.sentence.ends_with(". shorter was stopped; of those left: control.")) << left.sentence;

    Record few(experiment_calls({.users = 300, .accepted_a = 0.5, .accepted_b = 0.55}, 4));
    const ExperimentResult open = experiment_result(few.store(), experiment_question()).value();
    EXPECT_EQ(primary(open).finding, ExperimentFinding::Open);
    EXPECT_FALSE(open.winner);
    ASSERT_TRUE(primary(open).more_units) << open.sentence;
    EXPECT_NE(open.sentence.find("more users would settle it"), std::string::npos) << open.sentence;

    stopped = experiment_question({"control", "shorter", "third"});
    stopped.stopped = {false, true, false};
    const ExperimentResult undecided = experiment_result(few.store(), stopped).value();
    EXPECT_FALSE(undecided.winner);
    EXPECT_TRUE(undecided.sentence.ends_with(" shorter was stopped and cannot win.")) << undecided.sentence;

    ExperimentQuestion wide = experiment_question();
    wide.margin = 0.3;
    const ExperimentResult same = experiment_result(few.store(), wide).value();
    EXPECT_EQ(primary(same).finding, ExperimentFinding::Negligible) << same.sentence;
    EXPECT_EQ(same.winner, "control");
}

TEST(ExperimentResult, ItsCourseEndsWhereItStands) {
    Record record(experiment_calls({.users = 600}, 5));
    ExperimentQuestion question = experiment_question();
    const ExperimentResult told = experiment_result(record.store(), question).value();
    ASSERT_EQ(told.course.size(), 30u);
    EXPECT_EQ(told.course.front().at.unix_nanos, kBegin + calendar::kDay);
    const auto& last = told.course.back().variants[1];
    EXPECT_EQ(last.calls, primary(told).values_b);
    EXPECT_NEAR(*last.difference, *primary(told).difference, 1e-12);
    EXPECT_NEAR(last.interval->low, primary(told).interval->low, 1e-9);
    EXPECT_NEAR(last.interval->high, primary(told).interval->high, 1e-9);
    // Whoever looks at an earlier moment sees what was shown then.
    for (const std::int64_t day : {3, 12, 29}) {
        question.to = Timestamp{kBegin + day * calendar::kDay, 0};
        const ExperimentResult then = experiment_result(record.store(), question).value();
        const auto& point = told.course[static_cast<std::size_t>(day - 1)].variants[1];
        EXPECT_EQ(point.calls, primary(then).values_b) << day;
        EXPECT_NEAR(*point.difference, *primary(then).difference, 1e-12) << day;
        ASSERT_EQ(point.interval.has_value(), primary(then).interval.has_value()) << day;
        if (point.interval) EXPECT_NEAR(point.interval->low, primary(then).interval->low, 1e-9) << day;
    }
}

TEST(ExperimentResult, AGuardIsBreachedBeforeManyUsersCame) {
    Record record(experiment_calls({.users = 200, .failing_b = 0.6}, 6));
    ExperimentQuestion question = experiment_question();
    question.guards = {{"success_rate", Better::Higher, 0.05, false},
                       {"success_rate", Better::Higher, 0.1, true},
                       {"cost_per_call", Better::Lower, 0.1, true}};
    const ExperimentResult told = experiment_result(record.store(), question).value();
    const auto& guards = told.variants[1].guards;
    EXPECT_TRUE(guards[0].breached) << guards[0].sentence;
    EXPECT_TRUE(guards[1].breached) << guards[1].sentence;
    EXPECT_FALSE(guards[2].breached) << guards[2].sentence;
    EXPECT_NE(guards[0].sentence.find("is worse than control in success_rate by more than 5 points"),
              std::string::npos)
        << guards[0].sentence;
    EXPECT_NE(guards[2].sentence.find("is not seen to be worse"), std::string::npos) << guards[2].sentence;
}

TEST(ExperimentResult, OfRequestsAFewFailuresInARowAreEnough) {
    PromptCalls made(7);
    for (int i = 0; i < 40; ++i) {
        Call& call = made.add("answer", "1", 1 + 0.1 * i);
        call.prompt.experiment = {"e-1", i % 2 ? "shorter" : "control", fmt::format("r{}", i), 0.5, {}};
        if (i % 2) call.status = Status::Failure;
    }
    Record record(made.calls);
    ExperimentQuestion question = experiment_question();
    question.unit = "request";
    question.metric = "success_rate";
    question.guards = {{"success_rate", Better::Higher, 0.02, false}};
    const ExperimentResult told = experiment_result(record.store(), question).value();
    EXPECT_TRUE(told.variants[1].guards[0].breached) << told.variants[1].guards[0].sentence;
    EXPECT_EQ(primary(told).finding, ExperimentFinding::Worse) << told.sentence;
    // Of users the same says nothing yet: there may be one who always fails.
    for (Call& call : made.calls)
        call.prompt.experiment.unit = call.prompt.experiment.variant == "shorter" ? "u1" : "u2";
    Record users(made.calls);
    EXPECT_EQ(primary(experiment_result(users.store(), question).value()).finding,
              ExperimentFinding::Unknown);
}

TEST(ExperimentResult, WhatAlwaysFailsIsWorseHoweverManyCallsAUnitHas) {
    const auto world = [](std::size_t calls_a_unit, bool probabilities_differ, bool of_b_fails) {
        PromptCalls made(21);
        for (std::size_t unit = 0; unit < 100; ++unit) {
            const bool of_b = unit % 2 == 1;
            for (std::size_t i = 0; i < calls_a_unit; ++i) {
                Call& call = made.add("answer", "1", 1 + 0.1 * static_cast<double>(unit));
                const double probability = probabilities_differ && unit >= 50 ? (of_b ? 0.75 : 0.25) : 0.5;
                call.prompt.experiment = {
                    "e-1", of_b ? "shorter" : "control", fmt::format("u{}", unit), probability, {}};
                if (of_b && of_b_fails) call.status = Status::Failure;
            }
        }
        return made.calls;
    };
    ExperimentQuestion question = experiment_question();
    question.metric = "success_rate";
    question.guards = {{"success_rate", Better::Higher, 0.03, false},
                       {"success_rate", Better::Higher, 0.03, true}};
    for (const auto& [calls, differ] : {std::pair(3u, false), {1u, true}, {3u, true}, {1u, false}}) {
        SCOPED_TRACE(fmt::format("{} calls, probabilities differ: {}", calls, differ));
        Record record(world(calls, differ, true));
        const ExperimentResult told = experiment_result(record.store(), question).value();
        EXPECT_EQ(told.reweighted, differ);
        for (const ExperimentGuarded& guard : told.variants[1].guards)
            EXPECT_TRUE(guard.breached) << guard.sentence;
        EXPECT_EQ(primary(told).finding, ExperimentFinding::Worse) << told.sentence;
        EXPECT_LT(*primary(told).p_value, 1e-6);
        EXPECT_LT(primary(told).interval->high, -0.5);
        EXPECT_EQ(told.winner, "control");
        EXPECT_TRUE(told.course.back().variants[1].interval);
        // Where nothing fails nothing is found, and it is told how far that goes.
        Record good(world(calls, differ, false));
        const ExperimentResult none = experiment_result(good.store(), question).value();
        for (const ExperimentGuarded& guard : none.variants[1].guards)
            EXPECT_FALSE(guard.breached) << guard.sentence;
        EXPECT_EQ(primary(none).finding, ExperimentFinding::Open) << none.sentence;
        EXPECT_TRUE(primary(none).interval->contains(0));
    }
    // Where fewer of something is better, and the limit is a multiple of the control's.
    question.metric = "acceptance_rate";
    question.better = Better::Lower;
    question.guards = {{"acceptance_rate", Better::Lower, 0.5, true}};
    auto accepted = world(3, false, false);
    for (Call& call : accepted)
        call.feedback.verdict = call.prompt.experiment.variant == "shorter" ? "accepted" : "rejected";
    Record record(accepted);
    const ExperimentResult told = experiment_result(record.store(), question).value();
    EXPECT_TRUE(told.variants[1].guards[0].breached) << told.variants[1].guards[0].sentence;
    EXPECT_EQ(primary(told).finding, ExperimentFinding::Worse) << told.sentence;
}

TEST(ExperimentResult, WhoChangedSidesIsOneUnit) {
    auto calls = experiment_calls({.users = 200}, 22);
    std::set<std::string> users, crossed;
    std::map<std::string, std::set<std::string>> sides;
    for (std::size_t i = 0; i < calls.size(); ++i) {
        auto& experiment = calls[i].prompt.experiment;
        if (i % 3 == 0) experiment.variant = experiment.variant == "control" ? "shorter" : "control";
        users.insert(experiment.unit);
        sides[experiment.unit].insert(experiment.variant);
        if (sides[experiment.unit].size() == 2) crossed.insert(experiment.unit);
    }
    Record record(calls);
    const ExperimentResult told = experiment_result(record.store(), experiment_question()).value();
    EXPECT_TRUE(warned(
        told, fmt::format("{} of {} users have calls of several variants", crossed.size(), users.size())))
        << fmt::format("{}", fmt::join(told.warnings, "\n"));
}

TEST(ExperimentResult, UnitsThatAreNotDividedAsMeantAreTold) {
    auto calls = experiment_calls({.users = 2000}, 8);
    // A third of one variant's users is lost.
    std::erase_if(calls, [](const Call& call) {
        return call.prompt.experiment.variant == "shorter" && call.prompt.experiment.unit.back() < '3';
    });
    for (std::size_t i = 0; i < calls.size(); i += 10) calls[i].prompt.experiment.variant = "control";
    Record record(calls);
    const ExperimentResult told = experiment_result(record.store(), experiment_question()).value();
    EXPECT_TRUE(told.ratio.mismatch);
    EXPECT_LT(*told.ratio.p_value, 0.001);
    EXPECT_TRUE(warned(told, "not divided as the weights say"));
    EXPECT_GT(told.ratio.crossed, 100u);
    EXPECT_TRUE(warned(told, "have calls of several variants"));
}

TEST(ExperimentResult, ManyUnitsAreASampleAndSaySo) {
    Record record(experiment_calls({.users = 4000, .accepted_a = 0.5, .accepted_b = 0.65}, 9));
    const ExperimentResult all = experiment_result(record.store(), experiment_question()).value();
    const ExperimentResult some = experiment_result(record.store(), experiment_question(), 1500).value();
    EXPECT_LE(some.sampled, 0.5);
    EXPECT_GE(some.sampled, 0.125);
    EXPECT_TRUE(warned(some, "drawn by chance"));
    for (std::size_t v = 0; v < 2; ++v) {
        EXPECT_EQ(some.variants[v].calls, all.variants[v].calls);
        EXPECT_EQ(some.variants[v].values[0].value, all.variants[v].values[0].value);
        EXPECT_NEAR(static_cast<double>(some.variants[v].units), static_cast<double>(all.variants[v].units),
                    0.15 * static_cast<double>(all.variants[v].units));
    }
    EXPECT_NEAR(*primary(some).difference, *primary(all).difference, 0.06);
    EXPECT_GT(primary(some).interval->high - primary(some).interval->low,
              1.2 * (primary(all).interval->high - primary(all).interval->low));
    EXPECT_EQ(primary(some).finding, ExperimentFinding::Better);
}

TEST(ExperimentResult, WhereWeightsChangedCallsAreWeighted) {
    // Nine tenths get the new one from the day on from which everybody is content.
    PromptCalls made(10);
    for (int i = 0; i < 4000; ++i) {
        const bool late = i >= 2000;
        const double to_b = late ? 0.9 : 0.1;
        const bool of_b = made.unit() < to_b;
        Call& call = made.add("answer", "1", (late ? 15 : 0) + 14 * made.unit());
        call.prompt.experiment = {
            "e-1", of_b ? "shorter" : "control", fmt::format("u{}", i), of_b ? to_b : 1 - to_b, {}};
        call.feedback.verdict = made.unit() < (late ? 0.8 : 0.5) ? "accepted" : "rejected";
    }
    Record record(made.calls);
    ExperimentQuestion question = experiment_question();
    question.weights = {{Timestamp{kBegin, 0}, {0.9, 0.1}},
                        {Timestamp{kBegin + 15 * calendar::kDay, 0}, {0.1, 0.9}}};
    const ExperimentResult told = experiment_result(record.store(), question).value();
    EXPECT_TRUE(told.reweighted);
    EXPECT_TRUE(warned(told, "weights changed meanwhile"));
    EXPECT_NEAR(*primary(told).difference, 0, 0.05);
    EXPECT_TRUE(primary(told).interval->contains(0)) << told.sentence;
    EXPECT_GT(*told.variants[1].values[0].value - *told.variants[0].values[0].value, 0.2);
    EXPECT_FALSE(told.ratio.mismatch);
    EXPECT_NEAR(told.ratio.expected[0], 2000, 1e-6);
}

TEST(ExperimentResult, ABanditPrefersWhatIsBetterAndGoesOnWithTheOthers) {
    Record record(experiment_calls({.users = 2000, .accepted_a = 0.45, .accepted_b = 0.65}, 11));
    const ExperimentResult told = experiment_result(record.store(), experiment_question()).value();
    const auto weights = bandit_weights(told, {}).value();
    EXPECT_NEAR(weights[0], kLeastWeight, 0.002);
    EXPECT_NEAR(weights[1], 1 - kLeastWeight, 0.002);
    EXPECT_EQ(bandit_weights(told, {}), bandit_weights(told, {false, false}));
    EXPECT_EQ(bandit_weights(told, {false, true}).value(), (std::vector<double>{1, 0}));
    ExperimentQuestion question = experiment_question();
    question.metric = "cost_per_call";
    question.better = Better::Lower;
    const ExperimentResult costs = experiment_result(record.store(), question).value();
    ASSERT_TRUE(costs.variants[0].best);
    // The same question has the same answer, and another seed nearly so.
    EXPECT_EQ(costs.variants[0].best, experiment_result(record.store(), question)->variants[0].best);
    question.seed = 9;
    EXPECT_NEAR(*costs.variants[0].best, *experiment_result(record.store(), question)->variants[0].best,
                0.03);
    question.metric = "score.nobody";
    EXPECT_FALSE(bandit_weights(experiment_result(record.store(), question).value(), {}));
}

TEST(ExperimentResult, WithoutCallsOrWithOddOnesItIsStillTold) {
    Record empty{std::vector<Call>{}};
    const ExperimentResult nothing = experiment_result(empty.store(), experiment_question()).value();
    EXPECT_EQ(primary(nothing).finding, ExperimentFinding::Unknown);
    EXPECT_EQ(nothing.sentence, "Of acceptance_rate nothing can be said: no call says it.");
    EXPECT_FALSE(nothing.winner);
    EXPECT_FALSE(nothing.ratio.chi_square);
    EXPECT_EQ(nothing.variants[0].calls, 0u);

    auto calls = experiment_calls({}, 12);
    for (Call& call : calls) call.scores["odd"].value = 1e300;
    for (std::size_t i = 0; i < calls.size(); i += 3) calls[i].cost.currency = "EUR";
    Record odd(calls);
    ExperimentQuestion question = experiment_question();
    question.metric = "score.odd";
    question.also = {"cost_per_call"};
    const ExperimentResult told = experiment_result(odd.store(), question).value();
    EXPECT_NE(primary(told).why.find("too large"), std::string::npos) << primary(told).why;
    EXPECT_NE(told.variants[1].also[0].why.find("several currencies"), std::string::npos);
    EXPECT_TRUE(told.course.empty());

    for (const auto& wrong : {experiment_question({"only"}), experiment_question({})})
        EXPECT_EQ(experiment_result(odd.store(), wrong).error().code, Code::InvalidArgument);
    question.metric = "duration_p95";
    EXPECT_EQ(experiment_result(odd.store(), question).error().code, Code::InvalidArgument);
}

TEST(ExperimentResult, ThreeVariantsAreThreeChancesToBeWrongAndOneDecision) {
    auto calls = experiment_calls({.users = 6000, .accepted_a = 0.5, .accepted_b = 0.7}, 13);
    for (Call& call : calls) {
        auto& experiment = call.prompt.experiment;
        // Half of the control's users are the third's, which is the control.
        if (experiment.variant == "control" && experiment.unit.back() < '5') experiment.variant = "third";
        experiment.probability = experiment.variant == "shorter" ? 0.5 : 0.25;
    }
    Record record(calls);
    ExperimentQuestion question = experiment_question({"control", "shorter", "third"});
    question.weights[0].probabilities = {0.25, 0.5, 0.25};
    const ExperimentResult told = experiment_result(record.store(), question).value();
    EXPECT_EQ(primary(told, 1).finding, ExperimentFinding::Better);
    EXPECT_EQ(primary(told, 2).finding, ExperimentFinding::Open);
    EXPECT_NEAR(primary(told, 1).confidence, 0.975, 1e-12);
    EXPECT_FALSE(told.winner);
    EXPECT_EQ(told.sentence, "It is open which is best: of third against control it cannot be told yet.");
    question.margin = 0.15;
    const ExperimentResult enough = experiment_result(record.store(), question).value();
    EXPECT_EQ(enough.winner, "shorter");
}

TEST(ExperimentResult, SaysWhyCallsAreLeftOutAndHowManyOfThemDoNotSayIt) {
    auto calls = experiment_calls({.users = 40}, 3);
    ASSERT_GT(calls.size(), 100u);
    const auto leave_out = [&](std::size_t from, std::size_t to, const std::string& why) {
        for (std::size_t i = from; i < to; ++i) {
            auto& experiment = calls[i].prompt.experiment;
            experiment.variant.clear();
            experiment.unit.clear();
            experiment.left_out = why;
        }
    };
    leave_out(0, 3, "the caller wants no part");
    leave_out(3, 10, "the call says no user, by which the experiment divides");
    for (std::size_t i = 0; i < kMostReasons; ++i)
        leave_out(10 + 2 * i, 12 + 2 * i, fmt::format("the call brings no value for the variable v{:02}", i));
    calls[60].prompt.experiment.variant = "of another time";
    calls[61].prompt.experiment.unit.clear();
    // It has a variant and a unit, and is counted, whatever it says besides.
    calls[62].prompt.experiment.left_out = "the caller wants no part";
    Record record(calls);
    const auto told = experiment_result(record.store(), experiment_question()).value();
    std::uint64_t counted = 0, sum = 0;
    for (const auto& variant : told.variants) counted += variant.calls;
    EXPECT_EQ(told.calls_left_out, 52u);
    EXPECT_EQ(counted + told.calls_left_out, calls.size());
    for (const auto& some : told.left_out) sum += some.calls;
    EXPECT_EQ(sum, told.calls_left_out);
    ASSERT_EQ(told.left_out.size(), kMostReasons + 2);
    EXPECT_EQ(told.left_out[0].reason, "the call says no user, by which the experiment divides");
    EXPECT_EQ(told.left_out[0].calls, 7u);
    const auto of = [&](std::string_view reason) {
        const auto found = std::ranges::find(told.left_out, reason, &ExperimentResult::LeftOut::reason);
        return found == told.left_out.end() ? 0 : found->calls;
    };
    EXPECT_EQ(of("the caller wants no part"), 3u);
    EXPECT_EQ(of(kOtherReasons), 4u);
    EXPECT_EQ(of(""), 2u);
}

TEST(ExperimentResult, CountsRequestsThatWereLeftOutThoughNobodyCanTellWhatTheyAre) {
    auto calls = experiment_calls({.users = 40}, 3);
    const auto add = [&](Kind kind, const char* method, const std::string& why) {
        Call call = calls.front();
        call.id.bytes[0] ^= static_cast<std::uint8_t>(calls.size());
        call.kind = kind;
        call.provider.endpoint.method = method;
        call.prompt.experiment = {.id = "e-1", .left_out = why, .unknown = {}};
        calls.push_back(std::move(call));
    };
    const std::string no_json = "the request's body is no JSON object", off = "the caller wants no part";
    for (int i = 0; i < 3; ++i) add(Kind::Span, "POST", no_json);
    add(Kind::Span, "POST", off);
    add(Kind::Chat, "POST", off);
    // A session is left out with each of its calls; a function of a program is around its own.
    add(Kind::Span, "GET", off);
    add(Kind::Chat, "WS", off);
    add(Kind::Function, "", off);
    add(Kind::Span, "", off);
    add(Kind::Span, "POST", "");  // a file that is sent up, say
    Record record(calls);
    const auto told = experiment_result(record.store(), experiment_question()).value();
    EXPECT_EQ(told.calls_left_out, 6u);
    ASSERT_EQ(told.left_out.size(), 2u);
    EXPECT_EQ(told.left_out[0].reason, off);
    EXPECT_EQ(told.left_out[0].calls, 3u);
    EXPECT_EQ(told.left_out[1].reason, no_json);
    EXPECT_EQ(told.left_out[1].calls, 3u);
}

}  // namespace
}  // namespace steno::analysis
