#include "store/duckdb/duckdb_store.hpp"

#include "base/cancellation.hpp"
#include "store/conformance/store_suite.hpp"
#include "store/duckdb/connection.hpp"

#include <atomic>
#include <csignal>
#include <fstream>
#include <iterator>
#include <map>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace steno::store::conformance {
namespace {

DuckdbOptions options_for(const std::string& folder) {
    DuckdbOptions options;
    options.folder = folder;
    options.memory_bytes = 256ULL << 20;
    options.scan_rows = 50;
    options.patience = std::chrono::minutes(2);  // no test depends on how busy the machine is
    return options;
}

class DuckdbStoreTest : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = (std::filesystem::temp_directory_path() / "steno-duckdb-XXXXXX").string();
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    [[nodiscard]] std::string file() const { return folder_ + "/calls.duckdb"; }
    [[nodiscard]] auto open() const { return open_duckdb_store(options_for(folder_)); }
    [[nodiscard]] auto open_compacting() const {
        DuckdbOptions options = options_for(folder_);
        options.worth_compacting = 1U << 20;
        return open_duckdb_store(options);
    }
    void fill() const {
        auto store = value(open());
        std::vector<Change> changes;
        for (const Call& call : plausible_calls(500, 1)) changes.push_back(upsert(call, changes.size() + 1));
        ASSERT_TRUE(store->apply(changes, std::vector<Watermark>{at(500)}));
        ASSERT_TRUE(store->checkpoint());
    }

    void fill_behind_room() const;

    std::string folder_;
};

}  // namespace

INSTANTIATE_TEST_SUITE_P(
    DuckDB, StoreSuite,
    ::testing::Values(Backend{
        "duckdb", [](const std::string& folder) { return open_duckdb_store(options_for(folder)); }, true}),
    name_of);

TEST_F(DuckdbStoreTest, ADamagedFileIsDataLoss) {
    fill();
    {
        std::fstream out(file(), std::ios::in | std::ios::out | std::ios::binary);
        for (int at = 0; at < 12288; ++at) out.put('x');
    }
    const auto store = open();
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, Code::DataLoss) << store.error().message;
    EXPECT_NE(store.error().remedy.find("rebuilt"), std::string::npos);
}

TEST_F(DuckdbStoreTest, AFileOfSomethingElseIsDataLoss) {
    std::filesystem::create_directories(folder_);
    std::ofstream(file()) << "this is no database, but long enough to be looked at "
                          << std::string(8192, '.');
    const auto store = open();
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, Code::DataLoss) << store.error().message;
}

constexpr std::uint64_t kBatch = 7;

/// Calls number 1, 2, …, spread over three months; every third batch says something of a call three batches
/// back.
Call numbered_call(std::uint64_t number) {
    Call call;
    for (std::size_t i = 0; i < 8; ++i) call.id.bytes[i] = static_cast<std::uint8_t>(number >> 8 * i);
    call.started_at = Timestamp{
        1'780'000'000'000'000'000 + static_cast<std::int64_t>(number % 3) * 2'600'000'000'000'000, 0};
    return call;
}

bool is_said_of(std::uint64_t number, std::uint64_t watermark) {
    const std::uint64_t by = number + 3 * kBatch - 1;  // the last record of the batch that says it
    return by % (3 * kBatch) == 0 && by <= watermark;
}

/// Feeds, forgets and checkpoints until it is killed; a byte for each batch.
void feed_for_ever(CallStore& store, int acknowledged) {
    const auto marks = store.watermarks();
    std::uint64_t last = marks && !marks->empty() ? marks->front().sequence : 0;
    for (;;) {
        std::vector<Change> changes;
        for (std::uint64_t i = 0; i < kBatch; ++i) {
            ++last;
            changes.push_back(upsert(numbered_call(last), last));
        }
        if (last % (3 * kBatch) == 0 && last >= 3 * kBatch) {
            Said said;
            said.call = numbered_call(last - 3 * kBatch + 1).id;
            said.feedback.emplace().verdict = "accepted";
            changes.emplace_back(std::move(said));
        }
        const bool done = store.apply(changes, std::vector<Watermark>{at(last)}) &&
                          (last % 5 != 0 || store.forget(std::vector<Position>{at(last / 2)})) &&
                          (last % 4 != 0 || store.checkpoint());
        if (!done || write(acknowledged, "x", 1) != 1) _exit(1);
    }
}

TEST_F(DuckdbStoreTest, KilledAnywhereRowsAndWatermarkAgree) {
    std::uint64_t before = 0;
    for (int round = 1; round <= 15; ++round) {
        int acknowledged[2];
        ASSERT_EQ(pipe(acknowledged), 0);
        const pid_t child = fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            const auto store = open();
            if (store) feed_for_ever(**store, acknowledged[1]);
            _exit(2);
        }
        close(acknowledged[1]);
        char byte = 0;
        for (int batch = 0; batch < 2 * round; ++batch) ASSERT_EQ(read(acknowledged[0], &byte, 1), 1);
        ASSERT_EQ(kill(child, SIGKILL), 0);
        int status = 0;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        close(acknowledged[0]);

        const auto store = value(open());
        ASSERT_NE(store, nullptr);
        const auto marks = value(store->watermarks());
        ASSERT_EQ(marks.size(), 1U);
        const std::uint64_t last = marks[0].sequence;
        EXPECT_EQ(last % kBatch, 0U);
        EXPECT_GE(last, before + 2 * static_cast<std::uint64_t>(round) * kBatch) << "acknowledged, and lost";
        CallQuery query;
        ASSERT_TRUE(set_order(query, "id"));
        query.limit = kMaxPage;
        std::map<std::uint64_t, std::string> found;
        do {
            const Page page = value(store->find(query));
            for (const Row& row : page.rows) {
                const bool is_new = found.emplace(row.closed_at.sequence, row.call.feedback.verdict).second;
                EXPECT_TRUE(is_new) << "call " << row.closed_at.sequence << " is there twice";
                EXPECT_EQ(row.call.id, numbered_call(row.closed_at.sequence).id);
            }
            query.cursor = page.next_cursor.value_or("");
        } while (!query.cursor.empty());
        ASSERT_FALSE(found.empty());
        EXPECT_EQ(found.rbegin()->first, last);
        EXPECT_EQ(found.size(), last - found.begin()->first + 1) << "some are missing";
        for (const auto& [number, verdict] : found)
            EXPECT_EQ(verdict, is_said_of(number, last) ? "accepted" : "") << number;
        before = last;
    }
}

std::vector<Row> rows_in(CallStore& store) {
    std::vector<Row> rows;
    CallQuery query;
    EXPECT_TRUE(set_order(query, "id"));
    query.limit = kMaxPage;
    do {
        Page page = value(store.find(query));
        std::ranges::move(page.rows, std::back_inserter(rows));
        query.cursor = page.next_cursor.value_or("");
    } while (!query.cursor.empty());
    return rows;
}

/// 3,000 calls behind 24 MB that are free. (The engine frees the rows of calls that are gone by the hundred
/// thousand, too many for a test.)
void DuckdbStoreTest::fill_behind_room() const {
    const auto run = [&](const char* statement) {
        auto database = value(duckdb::Database::open(file(), options_for(folder_)));
        auto connection = value(duckdb::Connection::open(database));
        ASSERT_TRUE(connection.run(statement));
        ASSERT_TRUE(connection.run("CHECKPOINT"));
    };
    ASSERT_TRUE(open());
    run("CREATE TABLE room AS SELECT random() AS x FROM range(3000000)");
    {
        const auto store = value(open());
        std::vector<Change> changes;
        for (std::uint64_t number = 1; number <= 3000; ++number)
            changes.push_back(upsert(numbered_call(number), number));
        ASSERT_TRUE(store->apply(changes, std::vector<Watermark>{at(3000)}));
        Said said;
        said.call = numbered_call(4000).id;  // which has not come yet
        said.feedback.emplace().verdict = "accepted";
        ASSERT_TRUE(store->apply(std::vector<Change>{std::move(said)}, std::vector<Watermark>{at(3001)}));
        ASSERT_TRUE(store->forget(std::vector<Position>{at(1000)}));
        ASSERT_TRUE(store->checkpoint());
    }
    run("DROP TABLE room");
}

TEST_F(DuckdbStoreTest, TheLogIsFoldedInThoughSomebodyAlwaysReads) {
    DuckdbOptions options = options_for(folder_);
    options.log_bytes = 1U << 20;
    const auto store = value(open_duckdb_store(options));
    std::atomic<std::uint64_t> applied = 0;
    std::atomic<bool> done = false;
    const auto read_on = [&] {
        while (!done) {
            const std::uint64_t least = applied;
            const auto reading = value(store->snapshot());
            EXPECT_GE(value(reading->count({})), least);
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    };
    std::vector<std::jthread> readers;
    for (int reader = 0; reader < 3; ++reader) readers.emplace_back(read_on);
    std::uint64_t sequence = 0;
    for (std::uint64_t round = 0; round < 60; ++round) {
        std::vector<Change> changes;
        for (int i = 0; i < 300; ++i) {
            Call call = numbered_call(++sequence);
            call.preview.answer = std::string(300, static_cast<char>('a' + sequence % 26));
            changes.push_back(upsert(call, sequence));
        }
        EXPECT_TRUE(store->apply(changes, std::vector<Watermark>{at(sequence)}));
        applied = sequence;
        std::error_code none;
        const auto log = std::filesystem::file_size(file() + ".wal", none);
        EXPECT_TRUE(none || log < 6U << 20) << "round " << round << ": " << log;
    }
    done = true;
}

TEST_F(DuckdbStoreTest, ALogThatIsReadAllTheTimeIsFoldedInLater) {
    DuckdbOptions options = options_for(folder_);
    options.patience = std::chrono::milliseconds(1);
    const auto store = value(open_duckdb_store(options));
    ASSERT_TRUE(store->apply({}, std::vector<Watermark>{at(1)}));
    auto reading = value(store->snapshot());
    const auto refused = store->checkpoint();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::Unavailable);
    EXPECT_EQ(value(reading->count({})), 0U);
    reading = nullptr;
    EXPECT_TRUE(store->checkpoint());
}

TEST_F(DuckdbStoreTest, WhatIsFreeIsGivenBackToTheDisk) {
    fill_behind_room();
    auto store = value(open());
    const std::vector<Row> rows = rows_in(*store);
    ASSERT_EQ(rows.size(), 2'000U);
    const auto marks = value(store->watermarks());
    const StoreStats before = value(store->stats());
    EXPECT_GT(before.unused, 16U << 20);
    store = nullptr;

    store = value(open_compacting());
    const StoreStats after = value(store->stats());
    EXPECT_LT(after.bytes, before.bytes - (16U << 20));
    EXPECT_EQ(after.waiting, 1U);
    EXPECT_TRUE(rows_in(*store) == rows);
    EXPECT_EQ(value(store->watermarks()), marks);
    ASSERT_TRUE(store->apply(std::vector<Change>{upsert(numbered_call(4000), 4000)},
                             std::vector<Watermark>{at(4000)}));
    store = nullptr;

    store = value(open_compacting());
    EXPECT_EQ(rows_in(*store).size(), 2'001U);
    EXPECT_EQ(value(store->get(numbered_call(4000).id))->call.feedback.verdict, "accepted");
    EXPECT_FALSE(std::filesystem::exists(file() + ".compacted"));
}

TEST_F(DuckdbStoreTest, AFileThatIsNotMostlyFreeIsLeftAsItIs) {
    fill();
    struct stat before{};
    ASSERT_EQ(stat(file().c_str(), &before), 0);
    ASSERT_TRUE(open_compacting());
    struct stat after{};
    ASSERT_EQ(stat(file().c_str(), &after), 0);
    EXPECT_EQ(after.st_ino, before.st_ino);
}

TEST_F(DuckdbStoreTest, KilledWhileItIsCompactedItIsWhole) {
    fill_behind_room();
    const std::string kept = folder_ + "/kept";
    std::filesystem::copy_file(file(), kept);
    const std::vector<Row> rows = rows_in(*value(open()));
    for (int round = 0; round < 12; ++round) {
        std::filesystem::copy_file(kept, file(), std::filesystem::copy_options::overwrite_existing);
        int begun[2];
        ASSERT_EQ(pipe(begun), 0);
        const pid_t child = fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            if (write(begun[1], "x", 1) != 1) _exit(1);
            _exit(open_compacting() ? 0 : 1);
        }
        close(begun[1]);
        char byte = 0;
        ASSERT_EQ(read(begun[0], &byte, 1), 1);
        close(begun[0]);
        std::this_thread::sleep_for(std::chrono::milliseconds(25 * round));
        kill(child, SIGKILL);
        int status = 0;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
        const auto store = value(open());
        ASSERT_TRUE(rows_in(*store) == rows) << "round " << round;
        EXPECT_FALSE(std::filesystem::exists(file() + ".compacted"));
    }
}

TEST_F(DuckdbStoreTest, AnotherVersionIsToBeRebuilt) {
    fill();
    {
        auto database = value(duckdb::Database::open(file(), options_for(folder_)));
        auto connection = value(duckdb::Connection::open(database));
        ASSERT_TRUE(connection.run("UPDATE schema SET version = '0-older'"));
    }
    const auto store = open();
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, Code::FailedPrecondition);
    EXPECT_NE(store.error().remedy.find("rebuilt"), std::string::npos);
}

TEST_F(DuckdbStoreTest, ASecondProcessIsRefused) {
    int ready[2];
    int leave[2];
    ASSERT_EQ(pipe(ready), 0);
    ASSERT_EQ(pipe(leave), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    char byte = 'x';
    if (child == 0) {
        close(leave[1]);
        const auto store = open();
        byte = store ? 'y' : 'n';
        _exit(write(ready[1], &byte, 1) == 1 && read(leave[0], &byte, 1) == 0 ? 0 : 1);
    }
    ASSERT_EQ(read(ready[0], &byte, 1), 1);
    EXPECT_EQ(byte, 'y');
    const auto store = open();
    EXPECT_FALSE(store);
    if (!store) {
        EXPECT_EQ(store.error().code, Code::Unavailable) << store.error().message;
        EXPECT_NE(store.error().message.find("in use"), std::string::npos);
    }
    for (const int end : {leave[0], leave[1], ready[0], ready[1]}) close(end);
    int status = 0;
    waitpid(child, &status, 0);
}

TEST_F(DuckdbStoreTest, ReachesNothingOutsideItsFile) {
    fill();
    auto database = value(duckdb::Database::open(file(), options_for(folder_)));
    auto connection = value(duckdb::Connection::open(database));
    EXPECT_FALSE(connection.run("SELECT * FROM read_csv('/etc/passwd')"));
    EXPECT_FALSE(connection.run("COPY calls TO '/tmp/steno-escape.csv'"));
    EXPECT_FALSE(connection.run("INSTALL httpfs"));
}

TEST_F(DuckdbStoreTest, AQueryThatTakesTooLongIsStopped) {
    auto options = options_for(folder_);
    auto database = value(duckdb::Database::open(file(), options));
    auto connection = value(duckdb::Connection::open(database));
    const auto answer = connection.run(
        {"SELECT count(*) FROM range(100000000) a, range(100000) b WHERE a.range <> b.range", {}},
        std::chrono::milliseconds(1));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Code::DeadlineExceeded);
    EXPECT_TRUE(connection.run("SELECT 1")) << "the connection goes on";
}

TEST_F(DuckdbStoreTest, AQueryThatNobodyWaitsForIsStopped) {
    auto database = value(duckdb::Database::open(file(), options_for(folder_)));
    auto connection = value(duckdb::Connection::open(database));
    Cancellation cancellation;
    std::jthread client([&] { cancellation.cancel(); });
    {
        const Cancellation::Scope scope(cancellation);
        const auto answer = connection.run(
            {"SELECT count(*) FROM range(100000000) a, range(100000) b WHERE a.range <> b.range", {}},
            std::chrono::hours(1));
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().code, Code::Cancelled);
        EXPECT_TRUE(connection.run("SELECT 1")) << "what must be done is done for nobody, too";
    }
    EXPECT_TRUE(connection.run("SELECT 1")) << "the connection goes on";
}

TEST_F(DuckdbStoreTest, WhatNobodyWaitsForLeavesNoTransactionToTheNext) {
    const auto store = value(open());
    for (int round = 0; round < 200; ++round) {
        {
            Cancellation cancellation;
            const Cancellation::Scope scope(cancellation);
            const auto snapshot = value(store->snapshot());
            cancellation.cancel();
        }
        const auto next = store->snapshot();
        ASSERT_TRUE(next) << "round " << round << ": " << next.error().message;
    }
}

}  // namespace steno::store::conformance
