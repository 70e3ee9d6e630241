#include "store/duckdb/duckdb_store.hpp"

#include "store/conformance/store_suite.hpp"
#include "store/duckdb/connection.hpp"

#include <fstream>
#include <sys/wait.h>
#include <unistd.h>

namespace steno::store::conformance {
namespace {

DuckdbOptions options_for(const std::string& folder) {
    DuckdbOptions options;
    options.folder = folder;
    options.memory_bytes = 256ULL << 20;
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
    void fill() const {
        auto store = value(open());
        std::vector<Change> changes;
        for (const Call& call : plausible_calls(500, 1)) changes.push_back(upsert(call, changes.size() + 1));
        ASSERT_TRUE(store->apply(changes, std::vector<Watermark>{at(500)}));
        ASSERT_TRUE(store->checkpoint());
    }

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

}  // namespace steno::store::conformance
