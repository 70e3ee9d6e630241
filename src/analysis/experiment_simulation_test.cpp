#include "analysis/experiment_calls_for_test.hpp"
#include "analysis/experiment_result.hpp"
#include "analysis/experiment_verdict.hpp"
#include "analysis/record_for_test.hpp"
#include "inference/draws.hpp"

#include <gtest/gtest.h>

#include <cmath>

/// Whole experiments, looked at and acted on again and again, with the truth known. (The methods alone, with
/// more worlds: src/inference/units_test.cpp, sequential_test.cpp.)
namespace steno::analysis {
namespace {

double uniform(inference::Draws& draws) {
    return static_cast<double>(draws() >> 11) * 0x1p-53;
}

struct Life {
    std::optional<int> concluded, stopped;  ///< the day
    std::string winner;
    double lost = 0;       ///< successes, against the better variant all the time
    double lost_even = 0;  ///< as if half had gone to each
    bool ever_wrong = false;
    std::vector<double> weights = {0.5, 0.5};
};

struct Scenario {
    double a = 0.5, b = 0.5;
    int days = 20, users_a_day = 20;
    bool bandit = false;
    double margin = 0;
    double fails_b = 0.02;
    double swing = 0;  ///< of both, from week to week
};

/// Users come, call for some days, and judge each answer; each evening the result is read from the record.
Life live(const Scenario& scenario, std::uint64_t seed) {
    inference::Draws draws(seed);
    Record record(std::vector<Call>{});
    ExperimentQuestion question = experiment_question();
    question.margin = scenario.margin;
    question.guards = {{"success_rate", Better::Higher, 0.03, false}};
    question.weights.clear();
    Life life;
    struct User {
        bool of_b;
        double mind, probability;
    };
    std::vector<User> users;
    for (int day = 0; day < scenario.days; ++day) {
        const auto at = [&](double hours) {
            return Timestamp{
                kBegin + day * calendar::kDay + static_cast<std::int64_t>(hours * double{calendar::kHour}),
                0};
        };
        question.weights.push_back({at(0), life.weights});
        for (int i = 0; i < scenario.users_a_day; ++i) {
            const bool of_b = uniform(draws) < life.weights[1];
            users.push_back({of_b, draws.beta(4, 4) - 0.5, life.weights[of_b]});
        }
        const double swing = scenario.swing * ((day / 7) % 2 ? 1 : -1);
        for (std::size_t i = 0; i < users.size(); ++i) {
            const User& user = users[i];
            const bool is_new = i + static_cast<std::size_t>(scenario.users_a_day) >= users.size();
            if (!is_new && uniform(draws) > 0.15) continue;
            const double mean = user.of_b ? scenario.b : scenario.a;
            const double best = std::max(scenario.a, scenario.b);
            for (double calls = 1 + 4 * uniform(draws); calls >= 1; --calls) {
                life.lost += best - mean;
                life.lost_even += best - (scenario.a + scenario.b) / 2;
                record.add(at(20 * uniform(draws)), [&](Call& call) {
                    call.prompt.experiment = {"e-1",
                                              user.of_b ? "shorter" : "control",
                                              fmt::format("u{}", i),
                                              user.probability,
                                              {}};
                    if (user.of_b && uniform(draws) < scenario.fails_b) call.status = Status::Failure;
                    call.feedback.verdict =
                        uniform(draws) < std::clamp(mean + swing + 0.5 * user.mind, 0.0, 1.0) ? "accepted"
                                                                                              : "rejected";
                });
            }
        }
        question.to = at(24);
        question.seed = static_cast<std::uint64_t>(day);
        const ExperimentResult result = experiment_result(record.store(), question).value();
        const ExperimentDifference& primary = *result.variants[1].primary;
        life.ever_wrong =
            life.ever_wrong || (primary.interval && !primary.interval->contains(scenario.b - scenario.a));
        if (result.variants[1].guards[0].breached && !life.stopped) life.stopped = day;
        if (result.winner && !life.concluded) {
            life.concluded = day;
            life.winner = *result.winner;
        }
        if (scenario.bandit)
            if (const auto weights = bandit_weights(result, {})) life.weights = *weights;
    }
    return life;
}

TEST(ExperimentSimulation, WithoutADifferenceNoneIsFoundAtAnyLook) {
    int found = 0, wrong = 0, stopped = 0;
    const int worlds = 60;
    for (int i = 0; i < worlds; ++i) {
        const Life life = live({}, 100 + static_cast<std::uint64_t>(i));
        found += life.concluded.has_value();
        wrong += life.ever_wrong;
        stopped += life.stopped.has_value();
    }
    RecordProperty("found", found);
    RecordProperty("stopped", stopped);
    // 5 % of 60 are three.
    EXPECT_LE(found, 3);
    EXPECT_LE(wrong, 3);
    EXPECT_LE(stopped, 1);
}

TEST(ExperimentSimulation, AWinnerIsFoundAndABadVariantStopped) {
    int won = 0, stopped = 0, days = 0;
    const int worlds = 12;
    for (int i = 0; i < worlds; ++i) {
        const Life better = live({.a = 0.45, .b = 0.65}, 200 + static_cast<std::uint64_t>(i));
        won += better.winner == "shorter";
        const Life bad = live({.fails_b = 0.4}, 300 + static_cast<std::uint64_t>(i));
        stopped += bad.stopped.has_value();
        days += bad.stopped.value_or(20);
    }
    RecordProperty("days_until_stopped", std::to_string(days / double{worlds}));
    EXPECT_GE(won, 10);
    EXPECT_GE(stopped, 11);
    EXPECT_LE(days, 8 * worlds);
}

TEST(ExperimentSimulation, ABanditLosesLessAndItsIntervalsHold) {
    double lost = 0, even = 0;
    int wrong = 0, better = 0;
    const int worlds = 24;
    for (int i = 0; i < worlds; ++i) {
        // Acceptance goes up and down by ten points from week to week, while the weights change too.
        const Life life =
            live({.a = 0.45, .b = 0.6, .bandit = true, .swing = 0.1}, 400 + static_cast<std::uint64_t>(i));
        lost += life.lost;
        even += life.lost_even;
        wrong += life.ever_wrong;
        better += life.weights[1] > 0.9;
    }
    RecordProperty("successes_lost", std::to_string(lost / worlds));
    RecordProperty("successes_lost_by_halves", std::to_string(even / worlds));
    EXPECT_LT(lost, 0.5 * even);
    EXPECT_LE(wrong, 2);
    EXPECT_GE(better, 20);
}

}  // namespace
}  // namespace steno::analysis
