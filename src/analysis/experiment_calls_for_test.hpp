#pragma once

#include "analysis/experiment_result.hpp"
#include "analysis/prompt_calls_for_test.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <vector>

/// Experiments whose truth is known.
namespace steno::analysis {

inline ExperimentQuestion experiment_question(std::vector<std::string> variants = {"control", "shorter"}) {
    ExperimentQuestion question;
    question.id = "e-1";
    question.metric = "acceptance_rate";
    const std::size_t count = variants.size();
    question.variants = std::move(variants);
    question.weights = {{Timestamp{kBegin, 0}, std::vector<double>(count, 1 / static_cast<double>(count))}};
    question.from = Timestamp{kBegin, 0};
    question.to = Timestamp{kBegin + 30 * calendar::kDay, 0};
    return question;
}

/// Users who each have a mind of their own, and call now and then.
struct ExperimentWorld {
    std::size_t users = 200;
    double accepted_a = 0.5, accepted_b = 0.5;
    double failing_b = 0.02;  ///< of the calls of b; of a: 0.02
    double alike = 4;         ///< the users' shares are around the variant's, the more alike the nearer
    std::size_t most_calls = 20;
};

inline std::vector<Call> experiment_calls(const ExperimentWorld& world, std::uint64_t seed) {
    PromptCalls made(seed);
    for (std::size_t user = 0; user < world.users; ++user) {
        const bool of_b = made.one_in(2);
        const double mean = of_b ? world.accepted_b : world.accepted_a;
        const double share = mean + (made.unit() - 0.5) / world.alike;
        const double first = 30 * made.unit();
        const auto calls =
            1 + static_cast<std::size_t>(static_cast<double>(world.most_calls) * made.unit() * made.unit());
        for (std::size_t i = 0; i < calls; ++i) {
            Call& call = made.add("answer", of_b ? "2" : "1", first + (29.9 - first) * made.unit());
            call.prompt.experiment = {.id = "e-1",
                                      .variant = of_b ? "shorter" : "control",
                                      .unit = fmt::format("u{}", user),
                                      .probability = 0.5,
                                      .unknown = {}};
            if (made.unit() < (of_b ? world.failing_b : 0.02)) call.status = Status::Failure;
            call.time.duration = Duration{static_cast<std::int64_t>(1e9 * made.skewed())};
            call.cost.total = Decimal::from_units(10'000'000'000 + made.below(1'000'000'000));
            call.cost.currency = "USD";
            if (made.one_in(2)) call.feedback.verdict = made.unit() < share ? "accepted" : "rejected";
        }
    }
    return made.calls;
}

}  // namespace steno::analysis
