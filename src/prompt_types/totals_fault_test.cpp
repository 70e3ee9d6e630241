// Totals of prompt types on disks that fail and machines that die, with retention at work: whatever happens,
// each call that the store ever had counts once.

#include "base/log.hpp"
#include "io/faulty_file_system.hpp"
#include "prompt_types/record_for_test.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

namespace steno::prompt_types {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kToItsEnd = 1'000'000;

enum class Death : std::uint8_t { Killed, PowerLost };

/// A data folder whose process dies again and again. The control database is on a real disk, and lives.
class Machine {
  public:
    explicit Machine(std::uint64_t seed) : files_(seed), random_(seed) {}

    /// One process: recovers, records, feeds, seals, removes, and dies at the given operation of its disk (or
    /// lives to its end). Returns how many operations there were.
    std::uint64_t live(std::uint64_t operations, Death death) {
        const std::uint64_t before = files_.operations();
        files_.die_at(operations);
        if (auto parts = open()) run(*parts);
        const std::uint64_t used = files_.operations() - before;
        if (death == Death::Killed)
            files_.revive();
        else
            files_.crash();
        check();
        return used;
    }

    [[nodiscard]] std::uint64_t removed() const { return removed_; }

  private:
    struct Parts {
        std::unique_ptr<ingest::DataFolder> folder;
        std::unique_ptr<control::Database> database;
        std::unique_ptr<Totals> totals;
        std::unique_ptr<custody::Custodian> custodian;
    };

    std::unique_ptr<Parts> open() {
        ingest::DataFolderOptions options;
        options.path = "/data";
        options.open_store = shared_.factory();
        options.prices = pricing::Catalogue::built_in();
        options.max_sync_delay = 1ms;
        options.segment_bytes = 4096;
        options.recorder.closing_patience = 0ms;
        options.feeder.interval = 1ms;
        options.feeder.batch = 7;
        auto folder = ingest::DataFolder::open(files_, std::move(options));
        if (!folder) return nullptr;
        auto parts = std::make_unique<Parts>();
        parts->folder = std::move(*folder);
        parts->database = control_.open();
        parts->totals = std::make_unique<Totals>(parts->folder->store(), parts->folder->calls());
        EXPECT_TRUE(parts->totals->open(*parts->database));
        custody::Custodian::Options keep;
        keep.retention.days = 30;
        keep.feeder = &parts->folder->feeder();
        keep.heir = parts->totals.get();
        parts->custodian = std::make_unique<custody::Custodian>(
            files_, "/data", parts->folder->journal(), parts->folder->reader(), parts->folder->store(), keep);
        return parts;
    }

    void run(Parts& parts) {
        ingest::DataFolder& folder = *parts.folder;
        (void)parts.custodian->finish_interrupted();
        for (int i = 0; i < 40 && !files_.dead(); ++i) {
            const bool old = i < 20 || random_.next_u64() % 2 == 0;
            Call call = typed_call(random_, random_.next_u64() % 3 == 0 ? "page" : "image", old ? 100 : 0);
            (void)folder.recorder().complete(std::move(call));
            if (random_.next_u64() % 6 != 0) continue;
            while (!files_.dead() && !folder.feeder().catch_up(20ms)) {
            }
            note_all(*shared_.store);
            (void)parts.custodian->seal_all();
            (void)parts.custodian->apply_retention();
        }
        // What it feeds while it ends is on the record, too.
        removed_ += parts.custodian->stats().removed_segments;
    }

    /// Every call that the store has or had.
    void note_all(store::CallStore& store) {
        store::CallQuery query;
        query.limit = store::kMaxPage;
        for (;;) {
            const auto page = store.find(query);
            ASSERT_TRUE(page) << page.error().message;
            for (const store::Row& row : page->rows) seen_.emplace(row.call.id, row.call);
            if (!page->next_cursor) return;
            query.cursor = *page->next_cursor;
        }
    }

    void check() {
        const auto parts = open();
        ASSERT_NE(parts, nullptr);
        ASSERT_TRUE(parts->folder->feeder().catch_up(20s));
        note_all(*shared_.store);
        for (const bool removes : {false, true}) {
            const auto done =
                removes ? parts->custodian->apply_retention() : parts->custodian->finish_interrupted();
            ASSERT_TRUE(done) << done.error().message;
            if (removes) ASSERT_TRUE(parts->custodian->seal_all());
            Totals::ByType wanted;
            for (const auto& [id, call] : seen_) count(wanted, call);
            const auto all = parts->totals->all();
            ASSERT_TRUE(all) << all.error().message;
            expect_same(*all, wanted);
        }
    }

    io::FaultyFileSystem files_;
    SeededRandom random_;
    ingest::SharedStore shared_;
    ControlFile control_;
    std::map<Uuid, Call> seen_;
    std::uint64_t removed_ = 0;
};

struct TotalsFaults : testing::Test {
    TotalsFaults() { log::configure(log::Level::Off, false); }
};

TEST_F(TotalsFaults, DyingAtAnyOperationCountsEachCallOnce) {
    Machine whole(1);
    const std::uint64_t operations = whole.live(kToItsEnd, Death::Killed);
    EXPECT_GT(whole.removed(), 0U);
    for (const Death death : {Death::Killed, Death::PowerLost}) {
        for (std::uint64_t n = 1; n < operations; n += 1 + n / 16) {
            SCOPED_TRACE(testing::Message()
                         << "operation " << n << (death == Death::Killed ? ", killed" : ", power lost"));
            Machine machine(n);
            machine.live(n, death);
            machine.live(n / 2 + 20, death);  // and again while it recovers, or soon after
            if (HasFailure()) return;
        }
    }
}

}  // namespace
}  // namespace steno::prompt_types
