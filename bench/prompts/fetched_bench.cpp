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
        std::string body =
            R"({"name":"support/answer","version":"1","text":"Answer {{question}} in a {{tone}} tone.")";
        if (exchange.head().target.contains("experiment"))
            body +=
                R"(,"experiment":{"id":"0199a000-0000-7000-8000-000000000001","name":"tone","unit":"user",)"
                R"("share":1,"revision":2,"variants":[{"name":"control","weight":1,"stopped":false},)"
                R"({"name":"short","weight":1,"stopped":false}]},"variants":[)"
                R"({"variant":"short","name":"support/answer","version":"2","text":"{{question}}"}])";
        (void)co_await exchange.respond({}, body + "}");
    }
    net::Loops loops_{1, 0};
    net::HttpServer server_{loops_, {}, answer};
};

void serve() {
    static auto* const server = new AnyPrompt;
    benchmark::DoNotOptimize(server);
}

void from_memory(benchmark::State& state) {
    serve();
    const PromptOptions options{.label = "production", .max_age = std::chrono::hours(1)};
    for (auto _ : state) {
        const Prompt prompt = get_prompt("support/answer", options);
        if (!prompt) std::abort();
        benchmark::DoNotOptimize(prompt);
    }
}
BENCHMARK(from_memory)->Threads(1)->Threads(2)->UseRealTime();

/// Where an experiment runs: the variant of a user is chosen at each fetch.
void of_an_experiment(benchmark::State& state) {
    serve();
    const PromptOptions options{.label = "production", .max_age = std::chrono::hours(1), .unit = "user-4711"};
    for (auto _ : state) {
        const Prompt prompt = get_prompt("support/experiment", options);
        if (prompt.variant().empty()) std::abort();
        benchmark::DoNotOptimize(prompt);
    }
}
BENCHMARK(of_an_experiment)->Threads(1)->Threads(2)->UseRealTime();

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
