#include "custody/custodian.hpp"

#include "base/log.hpp"
#include "ingest/data_folder.hpp"
#include "io/memory_file_system.hpp"
#include "journal/verify.hpp"
#include "store/memory/memory_store.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <new>
#include <thread>
#include <vector>

namespace steno::custody {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kDay = 86'400'000'000'000;

class CustodianTest : public testing::Test {
  protected:
    CustodianTest() { (void)files_.make_directories("/data"); }

    void open() {
        ingest::DataFolderOptions options;
        options.path = "/data";
        options.open_store = [](const std::string&) -> Result<std::unique_ptr<store::CallStore>> {
            return store::make_memory_store();
        };
        options.prices = pricing::Catalogue::built_in();
        options.segment_bytes = 64 << 10;
        options.feeder.interval = 1ms;
        auto folder = ingest::DataFolder::open(files_, std::move(options));
        ASSERT_TRUE(folder) << folder.error().message;
        folder_ = std::move(*folder);
    }

    std::unique_ptr<Custodian> custodian(RetentionRules rules = {}) {
        Custodian::Options options;
        options.retention = std::move(rules);
        return std::make_unique<Custodian>(files_, "/data", folder_->journal(), folder_->reader(),
                                           folder_->store(), options);
    }

    /// Calls of a conversation that grows, the first of them `days_ago`.
    void record(int calls, std::int64_t days_ago, const std::string& retention = "") {
        std::string history = "We talk about the weather in Graz. ";
        for (int i = 0; i < calls; ++i) {
            Call call;
            call.id = Uuid::random(system_random());
            call.kind = Kind::Chat;
            call.status = Status::Success;
            call.project = "weather";
            call.started_at = Timestamp{system_clock().now().unix_nanos - days_ago * kDay + i};
            call.trace.session_id = "session" + std::to_string(i % 5);
            call.privacy.retention = retention;
            Message message;
            message.role = "user";
            history += "And what of day number " + std::to_string(i) + "? It rains. ";
            message.parts.emplace_back().text = history;
            call.request.messages.push_back(message);
            calls_.push_back(call);
            const auto position = folder_->recorder().complete(call);
            ASSERT_TRUE(position);
            if (i % 8 == 0) ASSERT_TRUE(folder_->journal().wait_durable(*position));
        }
        ASSERT_TRUE(folder_->feeder().catch_up(30s));
    }

    std::size_t files_named(std::string_view end) {
        std::size_t count = 0;
        for (const auto& stream : *files_.list("/data/journal")) {
            if (!stream.is_directory) continue;
            for (const auto& file : *files_.list("/data/journal/" + stream.name))
                count += file.name.ends_with(end);
        }
        return count;
    }

    std::string text_of(const Uuid& id) {
        const auto call = folder_->calls().get(id);
        EXPECT_TRUE(call) << call.error().message;
        return call && !call->request.messages.empty() ? call->request.messages[0].parts[0].text : "";
    }

    void expect_intact() {
        folder_.reset();
        const auto report = journal::verify(files_, "/data");
        ASSERT_TRUE(report);
        EXPECT_TRUE(report->intact);
    }

    io::MemoryFileSystem files_;
    std::unique_ptr<ingest::DataFolder> folder_;
    std::vector<Call> calls_;
};

TEST_F(CustodianTest, LeavesWhatAnotherProcessWritesAloneUntilThatIsDone) {
    open();
    journal::Options options;
    options.recover = false;
    options.segment_bytes = 4096;
    auto other = *journal::Journal::open(files_, "/data", std::move(options));
    ingest::Recorder recorder(*other, pricing::Catalogue::built_in());
    std::vector<Uuid> ids;
    for (int i = 0; i < 100; ++i) {
        Call call;
        call.id = Uuid::random(system_random());
        call.kind = Kind::Chat;
        call.started_at = Timestamp{system_clock().now().unix_nanos - 100 * kDay};
        ids.push_back(call.id);
        const auto position = recorder.complete(call);
        ASSERT_TRUE(position);
        ASSERT_TRUE(other->wait_durable(*position));
    }
    ASSERT_GT(other->stats().segments, 2u);
    RetentionRules rules;
    rules.days = 30;
    const auto keeper = custodian(rules);
    const auto all_fed = [&] {
        EXPECT_TRUE(folder_->feeder().catch_up(30s));
        return *folder_->store().count({}) == ids.size();
    };
    const auto until = std::chrono::steady_clock::now() + 30s;
    while (!all_fed() && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(1ms);
    ASSERT_TRUE(keeper->seal_all());
    ASSERT_TRUE(keeper->apply_retention());
    EXPECT_EQ(keeper->stats().sealed_segments, 0u);
    EXPECT_TRUE(all_fed());

    ASSERT_TRUE(other->close());
    EXPECT_TRUE(all_fed());
    ASSERT_TRUE(keeper->seal_all());
    EXPECT_GT(keeper->stats().sealed_segments, 2u);
    ASSERT_TRUE(keeper->apply_retention());
    EXPECT_EQ(*folder_->store().count({}), 0u);
    expect_intact();
}

TEST_F(CustodianTest, SealsWhatIsFullAndKeepsEveryWord) {
    open();
    record(160, 1);
    const auto keeper = custodian();
    ASSERT_TRUE(keeper->seal_all());
    const CustodyStats stats = keeper->stats();
    EXPECT_GT(stats.sealed_segments, 1u);
    EXPECT_LT(stats.sealed_bytes_after * 5, stats.sealed_bytes_before) << "a conversation repeats itself";
    EXPECT_EQ(files_named(".sts"), stats.sealed_segments);
    EXPECT_EQ(files_named(".stj"), 1u) << "the one that is written to";
    for (const Call& call : calls_) EXPECT_EQ(text_of(call.id), call.request.messages[0].parts[0].text);
    expect_intact();
    // The next process seals the rest, and a store fed anew from sealed files is the same.
    open();
    ASSERT_TRUE(folder_->feeder().catch_up(30s));
    ASSERT_TRUE(custodian()->seal_all());
    EXPECT_EQ(folder_->store().count({}).value(), calls_.size());
    for (const Call& call : calls_) EXPECT_EQ(text_of(call.id), call.request.messages[0].parts[0].text);
    expect_intact();
}

TEST_F(CustodianTest, ASearchFindsInSealedFilesWhatItFoundBefore) {
    open();
    record(160, 1);
    const auto found = [&](const std::string& text) {
        store::CallQuery query;
        query.selection.text = text;
        query.limit = store::kMaxPage;
        const auto page = folder_->calls().find(query, false);
        EXPECT_TRUE(page) << page.error().message;
        return page ? page->calls.size() : 0;
    };
    const auto keeper = custodian();
    for (const bool sealed : {false, true}) {
        if (sealed) ASSERT_TRUE(keeper->seal_all());
        EXPECT_EQ(found("DAY number 17? It"), 160u - 17u) << sealed;
        EXPECT_EQ(found("umber 15"), 160u - 15u) << sealed;
        EXPECT_EQ(found("day number 9999"), 0u) << sealed;
        EXPECT_EQ(found("rains. and"), 159u) << sealed;
    }
    EXPECT_GT(keeper->stats().sealed_segments, 1u);
}

TEST_F(CustodianTest, TheThreadSealsByItself) {
    open();
    record(120, 1);
    const auto keeper = custodian();
    keeper->start();
    while (files_named(".sts") == 0) std::this_thread::yield();
}

/// Of whoever lists a folder the memory runs out, as long as it is `out`.
class OutOfMemory final : public io::FileSystem {
  public:
    explicit OutOfMemory(io::FileSystem& inner) : inner_(inner) {}
    std::atomic<bool> out = true;

    Result<std::vector<io::DirectoryEntry>> list(const std::string& path) override {
        if (out) throw std::bad_alloc();
        return inner_.list(path);
    }
    Result<std::unique_ptr<io::File>> open_read(const std::string& path) override {
        return inner_.open_read(path);
    }
    Result<std::unique_ptr<io::File>> open_append(const std::string& path) override {
        return inner_.open_append(path);
    }
    Result<std::unique_ptr<io::File>> create(const std::string& path) override { return inner_.create(path); }
    Result<void> rename(const std::string& from, const std::string& to) override {
        return inner_.rename(from, to);
    }
    Result<void> unlink(const std::string& path) override { return inner_.unlink(path); }
    Result<void> make_directories(const std::string& path) override { return inner_.make_directories(path); }
    bool exists(const std::string& path) override { return inner_.exists(path); }
    Result<void> sync_directory(const std::string& path) override { return inner_.sync_directory(path); }
    Result<std::unique_ptr<io::FileLock>> lock(const std::string& path) override { return inner_.lock(path); }

  private:
    io::FileSystem& inner_;
};

TEST_F(CustodianTest, AnExceptionIsAFailureAndEndsNothing) {
    open();
    record(120, 1);
    OutOfMemory files(files_);
    Custodian::Options options;
    options.retention = {30, 0, {}};
    options.seal_interval = 1ms;
    Custodian keeper(files, "/data", folder_->journal(), folder_->reader(), folder_->store(), options);
    keeper.start();
    // What was left undone, sealing, retention, and sealing once more.
    while (keeper.stats().failures < 4) std::this_thread::yield();
    EXPECT_EQ(files_named(".sts"), 0u);
    files.out = false;
    while (files_named(".sts") == 0) std::this_thread::yield();
}

TEST_F(CustodianTest, OldCallsGoAndTheirSpaceComesBack) {
    open();
    record(160, 100);
    const std::size_t old = calls_.size();
    record(160, 1);
    const auto keeper = custodian({30, 0, {}});
    ASSERT_TRUE(keeper->seal_all());
    ASSERT_TRUE(keeper->apply_retention());
    EXPECT_GT(keeper->stats().removed_segments, 0u);
    for (std::size_t i = old; i < calls_.size(); ++i) EXPECT_NE(text_of(calls_[i].id), "");
    EXPECT_FALSE(folder_->calls().get(calls_[0].id)) << "not even its row is left";
    const std::uint64_t left = folder_->store().count({}).value();
    EXPECT_LT(left, calls_.size());
    EXPECT_GE(left, calls_.size() - old);
    expect_intact();
    open();
    ASSERT_TRUE(folder_->feeder().catch_up(30s));
    EXPECT_EQ(folder_->store().count({}).value(), left) << "fed anew it is the same";
}

TEST_F(CustodianTest, SegmentsOfNothingButOldCostsGoToo) {
    open();
    record(8, 100);
    // A re-pricing of 90 days ago fills segments in which there is nothing but costs.
    const Timestamp then{system_clock().now().unix_nanos - 90 * kDay};
    std::vector<Said> costs(400);
    for (Said& said : costs) {
        said.call = calls_[0].id;
        said.project = "weather";
        said.cost.emplace().total = *Decimal::parse("0.25");
        said.cost->currency = "USD";
        said.cost->repricing = then.to_string().substr(0, 10) + "-3f9c0a";
    }
    for (int i = 0; i < 10; ++i) {
        const auto position = folder_->recorder().say(costs);
        ASSERT_TRUE(position);
        ASSERT_TRUE(folder_->journal().wait_durable(*position));
    }
    record(160, 1);
    const auto keeper = custodian({30, 0, {}});
    ASSERT_TRUE(keeper->seal_all());
    ASSERT_TRUE(keeper->apply_retention());
    EXPECT_GT(keeper->stats().removed_segments, 2u) << "all but those of yesterday's calls";
    EXPECT_FALSE(folder_->calls().get(calls_[0].id));
    for (std::size_t i = 8; i < calls_.size(); ++i) EXPECT_NE(text_of(calls_[i].id), "");
    expect_intact();
}

TEST_F(CustodianTest, PayloadsOfAClassGoAndFiguresStay) {
    open();
    record(160, 10, "short");
    const auto keeper = custodian({0, 0, {{"short", 7}}});
    ASSERT_TRUE(keeper->seal_all());
    ASSERT_TRUE(keeper->apply_retention());
    EXPECT_GT(keeper->stats().redacted_segments, 0u);
    EXPECT_EQ(text_of(calls_[0].id), "");
    EXPECT_EQ(folder_->calls().get(calls_[0].id)->trace.session_id, "session0");
    EXPECT_EQ(folder_->calls().get(calls_[0].id)->preview.prompt, "") << "the store forgets it too";
    const auto before = keeper->stats().redacted_segments;
    ASSERT_TRUE(keeper->apply_retention());
    EXPECT_EQ(keeper->stats().redacted_segments, before) << "once is enough";
    expect_intact();
}

}  // namespace
}  // namespace steno::custody
