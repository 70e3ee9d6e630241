// What a live experiment costs a call at the gateway: asked of a kind of prompt for which none runs,
// assigned, with another model, and with a version of the prompt filled in and put into the request; with the
// SDK the choice of a variant from the plan in memory (bench/prompts).

#include "base/random.hpp"
#include "experiments/at_gateway.hpp"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

namespace steno::experiments {
namespace {

constexpr std::string_view kText =
    "You answer questions of customers of a shop for garden tools.\n{{#facts}}\n- {{.}}\n{{/facts}}\n"
    "Answer {{question}} in a {{tone}} tone, in at most {{sentences}} sentences.";

/// Experiments that run: one on models, one on versions of a prompt.
class Served {
  public:
    Served() {
        const auto folder =
            std::filesystem::temp_directory_path() / ("steno-" + Uuid::random(system_random()).to_string());
        std::filesystem::create_directories(folder);
        auto database = control::Database::open((folder / "control.sqlite").string());
        if (!database || !registry_.open(**database)) std::abort();
        database_ = std::move(*database);
        prompts::NewVersion version;
        version.content.messages = {{"system", std::string(kText)}, {"user", "{{question}}"}};
        version.content.temperature = 0.2;
        if (!registry_.create("answer", "", {}, version, system_clock().now())) std::abort();
        Definition models;
        models.name = "models";
        models.prompt_type = "models";
        Changes mini;
        mini.settings.model = "gpt-4.1-mini";
        mini.settings.token_limit = 300;
        models.variants = {{"control", 1, false, mini}, {"b", 1, false, mini}};
        Definition words = models;
        words.name = words.prompt_type = "words";
        words.prompt = "answer";
        words.variants = {{"control", 1, false, {"1", {}}}, {"b", 1, false, {"1", {}}}};
        table_.use(std::make_shared<const Table>(std::vector<std::shared_ptr<const Running>>{
            std::make_shared<const Running>("0199a000-0000-7000-8000-000000000001", 1, models),
            std::make_shared<const Running>("0199a000-0000-7000-8000-000000000002", 1, words)}));
        control.read("models");
        control.read("words");
        std::filesystem::remove_all(folder);
    }

  private:
    std::unique_ptr<control::Database> database_;
    prompts::Registry registry_;
    PublishedTable table_{std::make_shared<const Table>()};

  public:
    AtGateway control{table_, registry_};
};

AtGateway& control() {
    static auto* const running = new Served;
    return running->control;
}

Call call_of(std::string_view type) {
    Call call;
    call.id = Uuid::random(system_random());
    call.prompt.type = type;
    call.who.user_id = "user-4711";
    call.prompt.variables.text =
        R"({"question":"When do the shears come?","tone":"friendly","sentences":3,"facts":["shears: 3 days","rakes: sold out"]})";
    return call;
}

void none_runs(benchmark::State& state) {
    const Call call = call_of("other");
    for (auto _ : state) benchmark::DoNotOptimize(control().standing(call.prompt.type));
}
BENCHMARK(none_runs)->Threads(1)->Threads(2);

void assigned(benchmark::State& state) {
    Call call = call_of("models");
    for (auto _ : state) {
        if (control().standing(call.prompt.type) != AtGateway::Standing::Ready) std::abort();
        auto trial = control().assign(call);
        if (!trial) std::abort();
        benchmark::DoNotOptimize(trial);
    }
}
BENCHMARK(assigned)->Threads(1)->Threads(2);

/// With a request of about so many bytes of text.
void edited(benchmark::State& state, std::string_view type) {
    const Call asked = call_of(type);
    const std::string body = R"({"model":"gpt-4o","temperature":1,"messages":[{"role":"system","content":")" +
                             std::string(static_cast<std::size_t>(state.range(0)), 's') +
                             R"("},{"role":"user","content":"When do the shears come?"}],"max_tokens":500})";
    providers::RequestView request{"POST", "/v1/chat/completions", "",
                                   [](std::string_view) { return std::nullopt; }, body};
    const providers::Provider& provider = providers::find_provider("openai").provider();
    Call call = asked;
    for (auto _ : state) {
        call.prompt = asked.prompt;
        auto trial = control().assign(call);
        if (!trial) std::abort();
        auto out = provider.edit_request(request, trial->edit, *trial->others);
        if (!out || *out == body) std::abort();
        benchmark::DoNotOptimize(out);
    }
}
void another_model(benchmark::State& state) {
    edited(state, "models");
}
void another_version(benchmark::State& state) {
    edited(state, "words");
}
BENCHMARK(another_model)->Arg(500)->Arg(4000);
BENCHMARK(another_version)->Arg(500)->Arg(4000);

}  // namespace
}  // namespace steno::experiments
