// What one append costs the thread that appends, for a record of about 1.5 KB: a header of 200 bytes and two
// payloads. The file system is the real one; the folder is under $TMPDIR or /tmp and is removed at the end.

#include "journal/journal.hpp"
#include "journal/reader.hpp"

#include <benchmark/benchmark.h>

#include <filesystem>
#include <memory>
#include <string>
#include <unistd.h>

namespace {

using namespace steno;
using namespace steno::journal;

struct Folder {
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "steno_bench_XXXXXX").string();
        path = ::mkdtemp(name.data());
    }
    ~Folder() { std::filesystem::remove_all(path); }
    std::string path;
};

std::unique_ptr<Folder> folder;
std::unique_ptr<Journal> the_journal;

void set_up(const benchmark::State&) {
    folder = std::make_unique<Folder>();
    the_journal = std::move(*Journal::open(io::posix_file_system(), folder->path));
}
void tear_down(const benchmark::State&) {
    the_journal.reset();
    folder.reset();
}

Result<Position> append_one(const std::string& header, const std::string& prompt, const std::string& answer) {
    const Payload payloads[] = {{PayloadClass::Durable, "", "", prompt},
                                {PayloadClass::Durable, "", "", answer}};
    Entry entry;
    entry.header = header;
    entry.payloads = payloads;
    return the_journal->append(entry);
}

void append(benchmark::State& state) {
    const std::string header(200, 'h');
    const std::string prompt(800, 'p');
    const std::string answer(500, 'a');
    for (auto _ : state) {
        if (!append_one(header, prompt, answer)) state.SkipWithError("append failed");
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(append)->Setup(set_up)->Teardown(tear_down)->Threads(1)->Threads(2)->UseRealTime()->Iterations(
    200'000);

void append_and_wait(benchmark::State& state) {
    const std::string header(200, 'h');
    const std::string prompt(800, 'p');
    const std::string answer(500, 'a');
    for (auto _ : state) {
        const auto position = append_one(header, prompt, answer);
        if (!position || !the_journal->wait_durable(*position)) state.SkipWithError("append failed");
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(append_and_wait)->Setup(set_up)->Teardown(tear_down)->Threads(1)->Threads(8)->UseRealTime();

void fill(std::int64_t records) {
    const std::string header(200, 'h');
    const std::string prompt(800, 'p');
    const std::string answer(500, 'a');
    Position last;
    for (std::int64_t i = 0; i < records; ++i) {
        if (const auto position = append_one(header, prompt, answer)) last = *position;
    }
    (void)the_journal->wait_durable(last);
}

constexpr std::int64_t kStored = 200'000;

void read_random(benchmark::State& state) {
    fill(kStored);
    const auto reader = std::move(*Reader::open(io::posix_file_system(), folder->path, the_journal.get()));
    SeededRandom random(1);
    for (auto _ : state) {
        const Position position{the_journal->stream(), random.next_u64() % kStored + 1};
        if (!reader->read(position)) state.SkipWithError("read failed");
    }
}
BENCHMARK(read_random)->Setup(set_up)->Teardown(tear_down);

void scan(benchmark::State& state) {
    fill(kStored);
    const auto reader = std::move(*Reader::open(io::posix_file_system(), folder->path, the_journal.get()));
    for (auto _ : state) {
        const auto cursor = std::move(*reader->scan(the_journal->stream()));
        std::int64_t records = 0;
        while (*cursor->next()) ++records;
        if (records != kStored) state.SkipWithError("records are missing");
    }
    state.SetItemsProcessed(state.iterations() * kStored);
}
BENCHMARK(scan)->Setup(set_up)->Teardown(tear_down)->Unit(benchmark::kMillisecond);

}  // namespace
