// What the settings of prompt types cost a call: asked of one for which nothing is set and of one that does
// not keep its texts, by the number of types that have settings, by one thread and by several at once.

#include "base/random.hpp"
#include "prompt_types/rules.hpp"

#include <benchmark/benchmark.h>

#include <memory>
#include <string>

namespace steno::prompt_types {
namespace {

Rules& rules_of(std::int64_t types) {
    static Rules rules;
    TypeSettings all;
    for (std::int64_t n = 0; n < types; ++n) {
        Settings& settings = all["extract_page_metadata_" + std::to_string(n)];
        settings.track_full_data = n % 2 == 0;
        settings.sample_rate = 0.5;
    }
    rules.use(std::make_shared<const Table>(Defaults{}, all));
    return rules;
}

void admit(benchmark::State& state, const std::string& type) {
    static Rules* rules = nullptr;
    if (state.thread_index() == 0) rules = &rules_of(state.range(0));
    Call call;
    call.id = Uuid::random(system_random());
    call.prompt.type = type;
    for (auto _ : state) {
        call.privacy.full_data.reset();
        call.privacy.withheld_by.clear();
        rules->admit(call);
        benchmark::DoNotOptimize(rules->texts(call));
    }
}

void nothing_set(benchmark::State& state) {
    admit(state, "generate_image_metadata");
}
void texts_withheld(benchmark::State& state) {
    admit(state, "extract_page_metadata_1");
}
void no_type(benchmark::State& state) {
    admit(state, "");
}
BENCHMARK(no_type)->Arg(1000);
BENCHMARK(nothing_set)->Arg(0)->Arg(1000)->Arg(10'000)->Threads(1)->Threads(2)->Threads(4);
BENCHMARK(texts_withheld)->Arg(1000)->Arg(10'000)->Threads(1)->Threads(2)->Threads(4);

}  // namespace
}  // namespace steno::prompt_types
