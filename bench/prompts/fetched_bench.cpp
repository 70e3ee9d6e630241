// What a prompt costs a program that has fetched it before: from the SDK's memory, and filled in.

#include "net/http_server.hpp"
#include "steno/prompts.hpp"
#include "steno/tracking.hpp"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>

namespace steno {
namespace {

/// Gives every prompt.
class AnyPrompt {
  public:
    AnyPrompt() {
        loops_.start();
        if (!server_.listen({"127.0.0.1", 0})) std::abort();
        TrackingOptions options;
        options.server = "http://127.0.0.1:" + std::to_string(server_.port());
        options.level = LogLevel::Off;
        options.max_spool_bytes = 0;
        start_tracking(options);
    }

  private:
    static net::Task<void> answer(net::ServerExchange& exchange) {
        (void)co_await exchange.respond(
            {},
            R"({"name":"support/answer","version":"1","text":"Answer {{question}} in a {{tone}} tone."})");
    }
    net::Loops loops_{1, 0};
    net::HttpServer server_{loops_, {}, answer};
};

void from_memory(benchmark::State& state) {
    static auto* const server = new AnyPrompt;
    benchmark::DoNotOptimize(server);
    const PromptOptions options{.label = "production", .max_age = std::chrono::hours(1)};
    for (auto _ : state) {
        const Prompt prompt = get_prompt("support/answer", options);
        if (!prompt) std::abort();
        benchmark::DoNotOptimize(prompt);
    }
}
BENCHMARK(from_memory)->Threads(1)->Threads(2)->UseRealTime();

void rendered(benchmark::State& state) {
    const Prompt prompt =
        get_prompt("support/answer", {.fallback = "Answer {{question}} in a {{tone}} tone."});
    for (auto _ : state) {
        const RenderedPrompt filled =
            prompt.render({{"question", "When is the meeting?"}, {"tone", "friendly"}});
        if (!filled) std::abort();
        benchmark::DoNotOptimize(filled);
    }
}
BENCHMARK(rendered);

}  // namespace
}  // namespace steno
