// Feeding the DuckDB store and asking it: CPU time a call of apply in batches of 1000 (20,000 if kept), bytes
// on disk, and how long the questions of a first page take. Usage: store_bench [CALLS [LOG_MB [DATA]]]: the
// engine's log is folded in at so many MB. In a folder of its own in TMPDIR; with DATA in a new data folder
// without a journal, which is kept, for bench/queries.
#include "base/random.hpp"
#include "store/duckdb/duckdb_store.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <sys/resource.h>
#include <unistd.h>

namespace {

using namespace steno;
using namespace steno::store;

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

/// What the gateway records of a chat call: about 35 fields and a preview of 2 × 200 bytes.
Call chat(std::mt19937_64& random, Random& ids, std::int64_t start) {
    Call call;
    call.id = Uuid::at(start, ids);
    call.kind = Kind::Chat;
    call.status = random() % 50 == 0 ? Status::Failure : Status::Success;
    call.name = fmt::format("model-{}", random() % 12);
    call.time.duration = Duration{static_cast<std::int64_t>(200'000'000 + random() % 3'000'000'000)};
    call.time.time_to_first_token = Duration{static_cast<std::int64_t>(100'000'000 + random() % 400'000'000)};
    call.started_at = Timestamp{start, 60};
    call.ended_at = Timestamp{start + call.time.duration->nanos, 60};
    call.project = "shop";
    call.environment = "prod";
    call.trace.agent = fmt::format("agent-{}", random() % 6);
    call.who.user_id = fmt::format("user-{}", random() % 5000);
    call.provider.name = "openai";
    call.provider.endpoint = {
        .method = "POST", .host = "api.openai.com", .path = "/v1/chat/completions", .unknown = {}};
    call.provider.request_id = fmt::format("req_{:016x}", random());
    call.provider.http_status = 200;
    call.model = {.requested = call.name, .served = call.name + "-2026-07-18", .unknown = {}};
    call.request.stream = true;
    call.response.id = fmt::format("chatcmpl-{:016x}", random());
    call.response.finish_reasons = {"stop"};
    call.response.chunks = static_cast<std::int64_t>(random() % 300);
    call.response.output_chars = static_cast<std::int64_t>(random() % 2000);
    call.modality.input = {"text"};
    call.modality.output = {"text"};
    call.usage.input_tokens = static_cast<std::int64_t>(random() % 8000);
    call.usage.output_tokens = static_cast<std::int64_t>(random() % 800);
    call.usage.cache_read_tokens = static_cast<std::int64_t>(random() % 1000);
    call.usage.billed.text = R"({"prompt_tokens":31,"completion_tokens":6,"total_tokens":37})";
    call.cost.total = Decimal::from_units(static_cast<__int128>(random() % 90'000'000'000));
    call.cost.input = call.cost.total;
    call.cost.currency = "USD";
    call.cost.price_id = call.name + "@2026";
    call.cost.source = "catalogue";
    call.prompt.type = "answer_question";
    call.labels.tags = {"demo"};
    call.labels.attributes = {{"tone", "friendly"}, {"level", 2.0}};
    call.preview.prompt = fmt::format("Question {} {}", random(), std::string(180, 'q'));
    call.preview.answer = fmt::format("Answer {} {}", random(), std::string(170, 'a'));
    return call;
}

/// One of many calls that are spread evenly over 90 days: of each request of four, the third is a function,
/// and of every tenth the first is an agent, with another agent's call within.
Call call_of(std::mt19937_64& random, Random& ids, std::size_t number, std::size_t calls) {
    constexpr std::int64_t kEnd = 1'790'000'000'000'000'000, kDays = 90;
    const std::int64_t between = kDays * 86'400'000'000'000 / static_cast<std::int64_t>(calls);
    Call call = chat(random, ids, kEnd - static_cast<std::int64_t>(calls - number) * between);
    const std::size_t request = number / 4, place = number % 4;
    call.trace.session_id = fmt::format("session-{}", request / 5);
    call.trace.request_id = fmt::format("request-{}", request);
    call.trace.sequence = static_cast<std::int64_t>(place);
    const bool by_agents = request % 10 == 0;
    if (place == 2 || (place == 0 && by_agents)) {
        call.kind = place == 2 ? Kind::Function : Kind::Agent;
        call.provider = {};
        call.model = {};
        call.usage = {};
        call.cost = {};
        call.response = {};
    }
    if (place == 2) {
        call.trace.function = call.name = fmt::format("tool-{}", random() % 8);
        call.trace.operation = random() % 3 == 0 ? "create" : "read";
    }
    if (place == 3 && by_agents) {
        call.trace.outer_agents = {std::move(call.trace.agent)};
        call.trace.agent = "searcher";
    }
    return call;
}

template <class T>
T must(Result<T> result) {
    if (!result) {
        fmt::print(stderr, "{}\n", result.error().message);
        std::exit(1);
    }
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

template <class F>
void timed(const char* what, F&& ask) {
    ask();
    double best = 1e9;
    for (int i = 0; i < 5; ++i) {
        const double begin = wall_seconds();
        ask();
        best = std::min(best, wall_seconds() - begin);
    }
    fmt::print("{:<44} {:8.1f} ms (best of 5)\n", what, best * 1e3);
}

}  // namespace

int main(int argc, char** argv) {
    const std::size_t calls = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 300'000;
    DuckdbOptions options;
    if (argc > 2) options.log_bytes = std::strtoull(argv[2], nullptr, 10) << 20;
    const std::filesystem::path kept = argc > 3 ? argv[3] : "";
    options.folder =
        kept.empty() ? std::filesystem::temp_directory_path() / fmt::format("steno-store-bench-{}", getpid())
                     : kept / "store";
    std::filesystem::create_directories(options.folder);
    auto store = must(open_duckdb_store(options));
    std::mt19937_64 random(1);
    SeededRandom ids(1);
    const Uuid stream = Uuid::random(ids);
    const std::size_t batch_size = kept.empty() ? 1000 : 20'000;
    double cpu = 0;
    double wall = 0;
    Uuid middle;
    for (std::size_t done = 0; done < calls;) {
        std::vector<Change> batch;
        for (std::size_t i = 0; i < batch_size; ++i) {
            Upsert upsert;
            upsert.row.call = call_of(random, ids, done + i, calls);
            upsert.row.closed_at = {stream, done + i + 1};
            if (done + i == calls / 2) middle = upsert.row.call.id;
            batch.emplace_back(std::move(upsert));
        }
        done += batch.size();
        const Watermark mark{stream, done};
        const double cpu_begin = cpu_seconds();
        const double wall_begin = wall_seconds();
        // A kept folder has no journal: a store that claims to have read of one would be made anew.
        must(store->apply(batch, kept.empty() ? std::span(&mark, 1) : std::span<const Watermark>()));
        cpu += cpu_seconds() - cpu_begin;
        wall += wall_seconds() - wall_begin;
    }
    const double number = static_cast<double>(calls);
    fmt::print("apply, batches of {}: {:.1f} us CPU, {:.1f} us wall a call\n", batch_size, cpu / number * 1e6,
               wall / number * 1e6);
    const double cpu_begin = cpu_seconds();
    must(store->checkpoint());
    fmt::print("checkpoint: {:.1f} us CPU a call\n", (cpu_seconds() - cpu_begin) / number * 1e6);
    fmt::print("on disk: {:.0f} bytes a call\n", static_cast<double>(must(store->stats()).bytes) / number);

    AggregateQuery by_model;
    by_model.group_by = {must(make_field("model.requested"))};
    by_model.measures = {must(make_measure("calls")), must(make_measure("cost")),
                         must(make_measure("duration_p95"))};
    // Each question is another one, so that none is answered from before.
    std::int64_t asked = 0;
    const auto aggregate = [&](AggregateQuery query) {
        query.selection.from = Timestamp{++asked, 0};
        must(store->aggregate(query));
    };
    timed("group by model: calls, cost, duration_p95", [&] { aggregate(by_model); });
    AggregateQuery by_tone = by_model;
    by_tone.group_by = {must(make_field("labels.attributes.tone"))};
    timed("group by attribute", [&] { aggregate(by_tone); });
    AggregateQuery by_day = by_model;
    by_day.bucket = must(make_bucket("day", "60"));
    timed("group by day and model", [&] { aggregate(by_day); });
    timed("newest 50", [&] { must(store->find({})); });
    CallQuery user;
    user.selection.filters = {must(make_filter("who.user_id", "user-77"))};
    timed("newest 50 of a user", [&] { must(store->find(user)); });
    timed("one by id", [&] { must(store->get(middle)); });
    store.reset();
    if (kept.empty()) std::filesystem::remove_all(options.folder);
}
