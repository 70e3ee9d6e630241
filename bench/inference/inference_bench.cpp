// What it takes to compare two versions of a prompt over a million executions, from values in the order in
// which they came.
#include "inference/beliefs.hpp"
#include "inference/bootstrap.hpp"
#include "inference/change_points.hpp"
#include "inference/draws.hpp"
#include "inference/means.hpp"
#include "inference/quantiles.hpp"
#include "inference/ranks.hpp"
#include "inference/sequential.hpp"
#include "inference/shares.hpp"

#include <benchmark/benchmark.h>

#include <cmath>

namespace steno::inference {
namespace {

constexpr std::size_t kEach = 500'000;

/// Durations of calls in ms, lognormal; `whole`: as whole numbers, so that most occur many times.
std::vector<double> durations(std::uint64_t seed, double factor, bool whole = false,
                              std::size_t count = kEach) {
    Draws draws(seed);
    std::vector<double> values(count);
    for (double& value : values) {
        value = 800 * factor * std::exp(0.7 * draws.normal());
        if (whole) value = std::round(value);
    }
    return values;
}

Sample sample(std::uint64_t seed, double factor, bool whole = false) {
    return Sample::of(durations(seed, factor, whole)).value();
}

/// Arg: 1 for whole milliseconds.
void compare_a_million(benchmark::State& state) {
    const auto first = durations(1, 1, state.range(0)), second = durations(2, 1.01, state.range(0));
    for (auto _ : state) {
        const Sample a = Sample::of(first).value(), b = Sample::of(second).value();
        benchmark::DoNotOptimize(compare_means(a.moments(), b.moments()));
        benchmark::DoNotOptimize(compare_ranks(a, b));
        for (const double q : {0.5, 0.95, 0.99}) benchmark::DoNotOptimize(compare_quantiles(a, b, q));
        benchmark::DoNotOptimize(compare_shares({450'000, kEach}, {451'000, kEach}));
    }
}
BENCHMARK(compare_a_million)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void make_samples(benchmark::State& state) {
    const auto first = durations(1, 1), second = durations(2, 1.01);
    for (auto _ : state) {
        benchmark::DoNotOptimize(Sample::of(first));
        benchmark::DoNotOptimize(Sample::of(second));
    }
}
BENCHMARK(make_samples)->Unit(benchmark::kMillisecond);

void ranks(benchmark::State& state) {
    const Sample a = sample(1, 1), b = sample(2, 1.01);
    for (auto _ : state) benchmark::DoNotOptimize(compare_ranks(a, b));
}
BENCHMARK(ranks)->Unit(benchmark::kMillisecond);

void hodges_lehmann_shift(benchmark::State& state) {
    const Sample a = sample(1, 1, state.range(0)), b = sample(2, 1.01, state.range(0));
    for (auto _ : state) benchmark::DoNotOptimize(shift(a, b));
}
BENCHMARK(hodges_lehmann_shift)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void quantile_differences(benchmark::State& state) {
    const Sample a = sample(1, 1), b = sample(2, 1.01);
    for (auto _ : state)
        for (const double q : {0.5, 0.95, 0.99}) benchmark::DoNotOptimize(compare_quantiles(a, b, q));
}
BENCHMARK(quantile_differences)->Unit(benchmark::kMillisecond);

void bootstrap_of_ratios(benchmark::State& state) {
    const auto cost = durations(1, 1), tokens = durations(2, 1), other_cost = durations(3, 1),
               other_tokens = durations(4, 1);
    for (auto _ : state)
        benchmark::DoNotOptimize(bootstrap_difference(kEach, ratio_of_sums(cost, tokens), kEach,
                                                      ratio_of_sums(other_cost, other_tokens)));
}
BENCHMARK(bootstrap_of_ratios)->Unit(benchmark::kMillisecond);

void look_at_shares(benchmark::State& state) {
    for (auto _ : state)
        benchmark::DoNotOptimize(compare_bounded_sequence({3e5, 1'000'000}, {3.01e5, 1'000'000}));
}
BENCHMARK(look_at_shares)->Unit(benchmark::kMicrosecond);

void thompson_of_three(benchmark::State& state) {
    const std::vector<Belief> arms = {BetaBelief{300, 700}, BetaBelief{310, 690}, BetaBelief{200, 800}};
    std::uint64_t seed = 0;
    for (auto _ : state) benchmark::DoNotOptimize(thompson_choice(arms, Better::Higher, ++seed));
}
BENCHMARK(thompson_of_three)->Unit(benchmark::kNanosecond);

void changes_in_a_series(benchmark::State& state) {
    auto series = durations(5, 1, false, static_cast<std::size_t>(state.range(0)));
    for (std::size_t i = series.size() / 2; i < series.size(); ++i) series[i] *= 3;
    for (auto _ : state) benchmark::DoNotOptimize(change_points(series));
}
BENCHMARK(changes_in_a_series)->Arg(90)->Arg(10'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace steno::inference
