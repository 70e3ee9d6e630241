// What tracking a call costs the thread that makes it.
//
//   track THREADS CALLS LEVEL RATE SPOOL PATIENCE
//
// CALLS: of each thread. LEVEL: detailed, metrics-only. RATE: calls/s of all threads, made 32 at a time by
// each; 0: as fast as they can. SPOOL: the most megabytes in the spool folder. PATIENCE: seconds for the
// delivery when all calls have been made. The server is STENO_SERVER. Each call has a prompt and an answer of
// 1 KB, and counts. Timed are the statements that a program would have besides its own. Prints one JSON
// object: nanoseconds a call (p50, p99, p999), calls/s of all threads until they are done, and until all is
// delivered, what became of the calls, and the most memory that the process had, in bytes, less what the
// samples take.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <steno/steno.hpp>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBurst = 32;

double seconds_since(Clock::time_point begun) {
    return std::chrono::duration<double>(Clock::now() - begun).count();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 7) return 2;
    const auto threads = static_cast<std::size_t>(std::atoi(argv[1]));
    const auto calls = static_cast<std::size_t>(std::atoi(argv[2]));
    steno::TrackingOptions options;
    if (std::string_view(argv[3]) == "metrics-only") options.level = steno::LogLevel::MetricsOnly;
    const double rate = std::atof(argv[4]);
    options.max_spool_bytes = std::strtoull(argv[5], nullptr, 10) << 20;
    steno::start_tracking(options);
    const std::string prompt(1024, 'p');
    const std::string answer(1024, 'a');
    const steno::Context context = steno::Context().with_session("bench").with_user("u").with_agent("a");

    // Written to before, so that the memory is there.
    std::vector<std::vector<std::uint32_t>> samples(threads, std::vector<std::uint32_t>(calls, 1));
    std::vector<std::thread> running;
    const auto begun = Clock::now();
    for (std::size_t i = 0; i < threads; ++i) {
        running.emplace_back([&, i] {
            const steno::ContextScope scope(context);
            for (std::size_t n = 0; n < calls; ++n) {
                if (rate > 0 && n % kBurst == 0) {
                    const double due = static_cast<double>(n * threads) / rate;
                    std::this_thread::sleep_until(begun + std::chrono::duration_cast<Clock::duration>(
                                                              std::chrono::duration<double>(due)));
                }
                const auto before = Clock::now();
                {
                    steno::AiCall call("openai", "gpt-4o-mini");
                    call.message("user", prompt).output(answer);
                    call.usage({.input_tokens = 256, .output_tokens = 256});
                }
                samples[i][n] = static_cast<std::uint32_t>((Clock::now() - before).count());
            }
        });
    }
    for (std::thread& thread : running) thread.join();
    const double ended = seconds_since(begun);
    steno::stop_tracking(std::chrono::seconds{std::atoi(argv[6])});
    const double done = seconds_since(begun);
    struct rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const std::size_t memory =
        static_cast<std::size_t>(used.ru_maxrss) * 1024 - threads * calls * sizeof(std::uint32_t);

    std::vector<std::uint32_t> all;
    for (const auto& of : samples) all.insert(all.end(), of.begin(), of.end());
    std::ranges::sort(all);
    const auto at = [&](double share) {
        return all[static_cast<std::size_t>(share * static_cast<double>(all.size() - 1))];
    };
    const steno::TrackingStats stats = steno::tracking_stats();
    const auto total = static_cast<double>(threads * calls);
    std::printf(R"({"p50": %u, "p99": %u, "p999": %u, "tracked_per_s": %.0f, "delivered_per_s": %.0f, )"
                R"("ended": %lu, "delivered": %lu, "spooled": %lu, "dropped": %lu, "memory": %zu})"
                "\n",
                at(0.5), at(0.99), at(0.999), total / ended, total / done, stats.ended, stats.delivered,
                stats.spooled, stats.dropped, memory);
}
