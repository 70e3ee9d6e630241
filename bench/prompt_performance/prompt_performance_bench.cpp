// How long it takes to tell, compare and follow the versions of a prompt. Usage: prompt_performance_bench
// [CALLS [OF_ALL]]: so many executions of it (1,000,000), of two versions, which are every OF_ALL-th call of
// the record (1). In a folder of its own in TMPDIR.
#include "analysis/prompt_comparison.hpp"
#include "analysis/prompt_performance.hpp"
#include "analysis/prompt_trends.hpp"
#include "base/random.hpp"
#include "store/duckdb/duckdb_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <random>
#include <sys/resource.h>
#include <unistd.h>

namespace {

using namespace steno;

constexpr std::int64_t kBegin = 1'788'000'000'000'000'000, kDay = 86'400'000'000'000;
constexpr int kDays = 30, kRounds = 7;

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double wall_seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Call call_of(std::mt19937_64& random, Random& ids, std::int64_t start, bool of_prompt) {
    std::normal_distribution<double> normal;
    const bool second = random() % 2 == 0;
    Call call;
    call.id = Uuid::at(start, ids);
    call.kind = Kind::Chat;
    call.status = random() % 50 == 0 ? Status::Failure : Status::Success;
    call.started_at = Timestamp{start, 0};
    call.environment = random() % 10 == 0 ? "staging" : "prod";
    call.model.requested = fmt::format("model-{}", random() % 4);
    call.prompt.name = of_prompt ? "answer" : fmt::format("other-{}", random() % 20);
    call.prompt.version = second ? "2" : "1";
    call.prompt.all_variables_present = random() % 30 != 0;
    call.time.duration =
        Duration{static_cast<std::int64_t>((second ? 0.79e9 : 0.8e9) * std::exp(0.7 * normal(random)))};
    if (random() % 2 == 0)
        call.time.time_to_first_token =
            Duration{static_cast<std::int64_t>(3e8 * std::exp(0.4 * normal(random)))};
    call.usage.input_tokens = static_cast<std::int64_t>(random() % 8000);
    call.usage.output_tokens = static_cast<std::int64_t>(random() % 800);
    call.response.output_chars = static_cast<std::int64_t>(random() % 3000);
    call.cost.total = Decimal::from_units(static_cast<__int128>(random() % 90'000'000'000));
    call.cost.currency = "USD";
    if (random() % 20 == 0) {
        call.feedback.verdict = random() % 100 < (second ? 64 : 60) ? "accepted" : "rejected";
        call.feedback.edit_distance = static_cast<std::int64_t>(random() % 300);
    }
    if (random() % 30 == 0) call.scores["quality"].value = static_cast<double>(random() % 101);
    return call;
}

/// Each round differs from all before by a nanosecond of its period, so that no answer is one of before.
void measure(const char* what, const std::function<bool(store::Selection)>& ask) {
    std::vector<double> wall, cpu;
    static int asked = 0;
    for (int round = 0; round < kRounds; ++round) {
        store::Selection selection;
        ++asked;
        selection.from = Timestamp{kBegin - asked};
        selection.to = Timestamp{kBegin + kDays * kDay + asked};
        const double wall_before = wall_seconds(), cpu_before = cpu_seconds();
        if (!ask(selection)) std::exit(1);
        wall.push_back((wall_seconds() - wall_before) * 1000);
        cpu.push_back((cpu_seconds() - cpu_before) * 1000);
    }
    std::ranges::sort(wall);
    std::ranges::sort(cpu);
    fmt::print("{:<36} {:>8.0f} ms (least {:.0f}), CPU {:>8.0f} ms\n", what, wall[kRounds / 2], wall[0],
               cpu[kRounds / 2]);
}

}  // namespace

int main(int count, char** arguments) {
    const std::size_t calls = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 1'000'000;
    const std::size_t of_all = count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 1;
    const auto folder =
        std::filesystem::temp_directory_path() / fmt::format("steno-prompt-performance-bench-{}", getpid());
    store::DuckdbOptions options;
    options.folder = folder;
    auto store = store::open_duckdb_store(options);
    if (!store) {
        fmt::print(stderr, "{}\n", store.error().message);
        return 1;
    }
    std::mt19937_64 random(1);
    SeededRandom ids(1);
    constexpr std::size_t kBatch = 20'000;
    std::vector<store::Change> changes;
    const std::size_t all = calls * of_all;
    for (std::size_t i = 0; i < all; ++i) {
        store::Upsert upsert;
        const auto at = static_cast<double>(i) / static_cast<double>(all);
        upsert.row.call =
            call_of(random, ids, kBegin + static_cast<std::int64_t>(at * kDays * static_cast<double>(kDay)),
                    i % of_all == 0);
        upsert.row.closed_at.sequence = i + 1;
        changes.emplace_back(std::move(upsert));
        if (changes.size() < kBatch && i + 1 < all) continue;
        const store::Watermark mark{{}, i + 1};
        if (!(*store)->apply(changes, std::span(&mark, 1))) return 1;
        changes.clear();
    }
    if (!(*store)->checkpoint()) return 1;
    fmt::print("{} executions of two versions among {} calls\n", calls, all);

    measure("performance by version", [&](store::Selection selection) {
        analysis::PromptPerformanceQuestion question;
        question.prompt = "answer";
        question.selection = std::move(selection);
        question.by = {store::make_field("prompt.version").value()};
        const auto told = analysis::prompt_performance(**store, question);
        return told && told->all.quality.figures.calls == static_cast<std::int64_t>(calls);
    });
    const auto compare = [&](store::Selection selection, std::vector<std::string> metrics) {
        analysis::PromptComparisonQuestion question;
        question.prompt = "answer";
        question.selection = std::move(selection);
        question.metrics = std::move(metrics);
        const auto told = analysis::compare_versions(**store, question);
        return told && told->versions[0].calls + told->versions[1].calls == static_cast<std::int64_t>(calls);
    };
    measure("compare, all metrics",
            [&](store::Selection selection) { return compare(std::move(selection), {}); });
    measure("compare, shares alone", [&](store::Selection selection) {
        return compare(std::move(selection), {"success_rate", "acceptance_rate"});
    });
    measure("trends of 30 days, all metrics", [&](store::Selection selection) {
        analysis::PromptTrendQuestion question;
        question.prompt = "answer";
        question.selection = std::move(selection);
        return analysis::prompt_trend(**store, question).has_value();
    });
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    fmt::print("most memory: {} MB\n", usage.ru_maxrss / 1024);
    store->reset();
    std::filesystem::remove_all(folder);
    return 0;
}
