// What a fetch of a prompt by name and label costs the registry, by the number of the prompt's versions and
// the length of its text.

#include "prompts/registry.hpp"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <unistd.h>

namespace steno::prompts {
namespace {

void fetch(benchmark::State& state) {
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("steno-bench-prompts." + std::to_string(::getpid()));
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    const auto database = control::Database::open((folder / "control.sqlite").string());
    Registry registry;
    NewPrompt prompt{"support/answer"};
    const std::string text(static_cast<std::size_t>(state.range(1)), 'x');
    for (std::int64_t n = 1; n <= state.range(0); ++n) {
        NewVersion& version = prompt.versions.emplace_back();
        version.number = *VersionNumber::parse(std::to_string(n));
        version.content.model = "gpt-4o-mini";
        version.content.text = "Answer {{question}} in a {{tone}} tone. " + std::to_string(n) + text;
        if (n == 1) version.labels = {"production"};
    }
    if (!database || !registry.open(**database) || !registry.take_over({prompt}, {1, 0})) std::abort();
    for (auto _ : state) {
        auto found = registry.find("support/answer", "production");
        if (!found) std::abort();
        benchmark::DoNotOptimize(found);
    }
    std::filesystem::remove_all(folder);
}
BENCHMARK(fetch)->ArgsProduct({{1, 10, 100, 1000}, {1000, 100'000}})->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace steno::prompts
