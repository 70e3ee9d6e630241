#include "prompt_types/totals.hpp"

#include "ingest/test_folder.hpp"
#include "prompt_types/record_for_test.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace steno::prompt_types {
namespace {

using namespace std::chrono_literals;

struct Died : std::runtime_error {
    Died() : runtime_error("the process is dead") {}
};

class TotalsTest : public testing::Test {
  protected:
    TotalsTest() { (void)files_.make_directories("/data"); }

    void open(std::uint64_t segment_bytes = 16 << 10) {
        ingest::DataFolderOptions options;
        options.path = "/data";
        options.open_store = shared_.factory();
        options.prices = pricing::Catalogue::built_in();
        options.max_sync_delay = 1ms;
        options.segment_bytes = segment_bytes;
        options.feeder.interval = 1ms;
        auto folder = ingest::DataFolder::open(files_, std::move(options));
        ASSERT_TRUE(folder) << folder.error().message;
        folder_ = std::move(*folder);
        folder_->recorder().set_policy(rules_);
        database_ = control_.open();
        totals_ = std::make_unique<Totals>(folder_->store(), folder_->calls());
        const auto opened = totals_->open(*database_);
        ASSERT_TRUE(opened) << opened.error().message;
        ASSERT_TRUE(folder_->feeder().catch_up(30s));
    }
    void close() {
        totals_.reset();
        database_.reset();
        folder_.reset();
    }

    std::unique_ptr<custody::Custodian> custodian(std::int64_t days) {
        custody::Custodian::Options options;
        options.retention.days = days;
        options.feeder = &folder_->feeder();
        options.heir = totals_.get();
        return std::make_unique<custody::Custodian>(files_, "/data", folder_->journal(), folder_->reader(),
                                                    folder_->store(), options);
    }

    Call record(const std::string& type, std::int64_t days_ago) {
        Call call = typed_call(random_, type, days_ago);
        count(wanted_, call);
        const auto position = folder_->recorder().complete(call);
        EXPECT_TRUE(position);
        // Segments end by their size, which is looked at when they are fsynced.
        EXPECT_TRUE(folder_->journal().wait_durable(*position));
        return call;
    }

    void expect_totals() {
        ASSERT_TRUE(folder_->feeder().catch_up(30s));
        const auto all = totals_->all();
        ASSERT_TRUE(all) << all.error().message;
        expect_same(*all, wanted_);
    }

    static std::string text_of(const std::vector<Message>& messages) {
        return messages.empty() ? "" : messages.front().parts.front().text;
    }

    io::MemoryFileSystem files_;
    ingest::SharedStore shared_;
    ControlFile control_;
    Rules rules_;
    std::unique_ptr<ingest::DataFolder> folder_;
    std::unique_ptr<control::Database> database_;
    std::unique_ptr<Totals> totals_;
    Totals::ByType wanted_;
    SeededRandom random_{3};
};

TEST_F(TotalsTest, AreTheSumsOfTheCallsOfAType) {
    open();
    for (int i = 0; i < 40; ++i) record(i % 3 == 0 ? "page" : "image", i);
    record("", 0);
    Call function = typed_call(random_, "page", 0);
    function.kind = Kind::Function;  // reaches no model
    ASSERT_TRUE(folder_->recorder().complete(function));
    expect_totals();
    EXPECT_EQ(totals_->of("page")->value().calls, wanted_["page"].calls);
    EXPECT_FALSE(totals_->of("none")->has_value());
    EXPECT_FALSE(totals_->latest("none")->has_value());
}

TEST_F(TotalsTest, GoOnWhenRetentionRemovesTheCallsAndTheLatestOfThemStays) {
    open();
    Call last_page, last_image;
    for (int i = 0; i < 60; ++i)
        (i % 2 == 0 ? last_page : last_image) = record(i % 2 == 0 ? "page" : "image", 100 - i % 3);
    for (int i = 0; i < 60; ++i) record("image", 0);
    ASSERT_TRUE(folder_->feeder().catch_up(30s));
    const std::uint64_t before = *folder_->store().count({});
    const auto keeper = custodian(30);
    ASSERT_TRUE(keeper->seal_all());
    ASSERT_TRUE(keeper->apply_retention());
    ASSERT_LT(*folder_->store().count({}), before);
    expect_totals();
    EXPECT_GT(totals_->of("page")->value().removed, 0);
    // Once more, and in another process.
    for (int i = 0; i < 60; ++i) record("page", 90);
    ASSERT_TRUE(folder_->feeder().catch_up(30s));
    close();
    open();
    const auto second = custodian(30);
    ASSERT_TRUE(second->finish_interrupted());
    ASSERT_TRUE(second->seal_all());
    ASSERT_TRUE(second->apply_retention());
    expect_totals();
    // A store that is fed anew has the same.
    close();
    shared_.fresh = true;
    open();
    ASSERT_TRUE(custodian(30)->finish_interrupted());
    expect_totals();
}

TEST_F(TotalsTest, TheLatestCallIsKeptWholeWhenItIsRemoved) {
    open(4 << 10);
    Call last;
    for (int i = 0; i < 30; ++i) last = record("page", 100 - i);
    for (int i = 0; i < 10; ++i) record("other", 70);  // so that its file has none of today
    for (int i = 0; i < 30; ++i) record("other", 0);
    ASSERT_TRUE(folder_->feeder().catch_up(30s));
    const auto keeper = custodian(30);
    ASSERT_TRUE(keeper->seal_all());
    ASSERT_TRUE(keeper->apply_retention());
    const auto gone = folder_->store().get(last.id);
    ASSERT_TRUE(gone);
    ASSERT_FALSE(gone->has_value()) << "the test removes too little";
    const auto latest = totals_->latest("page");
    ASSERT_TRUE(latest) << latest.error().message;
    ASSERT_TRUE(latest->has_value());
    EXPECT_EQ((*latest)->id, last.id);
    EXPECT_EQ(text_of((*latest)->request.messages), "prompt of " + last.id.to_string());
    EXPECT_EQ(text_of((*latest)->response.messages), "answer to " + last.id.to_string());
    EXPECT_EQ((*latest)->cost.total, last.cost.total);
    // A newer one takes its place.
    const Call newer = record("page", 0);
    ASSERT_TRUE(folder_->feeder().catch_up(30s));
    EXPECT_EQ(totals_->latest("page")->value().id, newer.id);
}

TEST_F(TotalsTest, OfTextsThatAreNotTrackedTheLatestAloneIsThereWhenTheFileIsSealed) {
    auto table = std::make_shared<Table>(Defaults{});
    Settings off;
    off.track_full_data = false;
    table->add("page", off);
    rules_.use(table);
    open(4 << 10);
    std::vector<Call> calls;
    for (int i = 0; i < 20; ++i) calls.push_back(record("page", 20 - i));
    Call refused = typed_call(random_, "image", 0);
    refused.privacy.full_data = false;  // by its caller: not even as the latest
    ASSERT_TRUE(folder_->recorder().complete(refused));
    for (int i = 0; i < 30; ++i) record("other", 0);
    ASSERT_TRUE(folder_->feeder().catch_up(30s));
    ASSERT_TRUE(custodian(0)->seal_all());
    for (const Call& call : calls) {
        const auto read = folder_->calls().get(call.id);
        ASSERT_TRUE(read);
        const bool is_last = call.id == calls.back().id;
        EXPECT_EQ(text_of(read->request.messages), is_last ? "prompt of " + call.id.to_string() : "");
        EXPECT_EQ(text_of(read->response.messages), is_last ? "answer to " + call.id.to_string() : "");
        EXPECT_EQ(read->preview, Preview{});
    }
    EXPECT_EQ(text_of(folder_->calls().get(refused.id)->request.messages), "");
    EXPECT_EQ(text_of(totals_->latest("page")->value().request.messages),
              "prompt of " + calls.back().id.to_string());

    // Once another is the latest, its texts go, too, and nothing else does.
    const auto keeper = custodian(0);
    ASSERT_TRUE(keeper->drop_superseded());
    EXPECT_EQ(keeper->stats().redacted_segments, 0u);
    const Call newer = record("page", 0);
    ASSERT_TRUE(folder_->feeder().catch_up(30s));
    ASSERT_TRUE(keeper->drop_superseded());
    EXPECT_EQ(keeper->stats().redacted_segments, 1u);
    EXPECT_EQ(text_of(folder_->calls().get(calls.back().id)->request.messages), "");
    EXPECT_EQ(text_of(totals_->latest("page")->value().request.messages),
              "prompt of " + newer.id.to_string());
    ASSERT_TRUE(keeper->drop_superseded());
    EXPECT_EQ(keeper->stats().redacted_segments, 1u) << "once is enough";
}

enum class Moment : std::uint8_t { BeforeTheJournal, BeforeTheStore, BeforeItCounts, Never };

/// A process that dies while calls are removed, at each of the moments that differ.
class Dying : public TotalsTest, public testing::WithParamInterface<Moment> {
  protected:
    /// What another process finds and does. `removed`: whether the journal says that they are gone.
    void go_on(const store::Position& until, bool removed) {
        totals_ = std::make_unique<Totals>(folder_->store(), folder_->calls());
        ASSERT_TRUE(totals_->open(*database_));
        const std::vector<store::Position> marks(removed ? 1 : 0, until);
        const auto resumed = totals_->resume(marks, [&] { return folder_->store().forget(marks); });
        ASSERT_TRUE(resumed) << resumed.error().message;
        expect_totals();
    }
};

TEST_P(Dying, EachCallCountsOnce) {
    open(4 << 10);
    ASSERT_TRUE(custodian(0)->finish_interrupted());
    Call last;
    for (int i = 0; i < 15; ++i) last = record("page", 100 - i);
    ASSERT_TRUE(folder_->feeder().catch_up(30s));
    const journal::Position end = folder_->journal().durable();
    const store::Position until{end.stream, end.sequence};
    bool removed = false;
    const auto remove = [&]() -> Result<void> {
        if (GetParam() == Moment::BeforeTheJournal) throw Died();
        removed = true;
        if (GetParam() == Moment::BeforeTheStore) throw Died();
        const auto forgotten = folder_->store().forget(std::span(&until, 1));
        if (GetParam() == Moment::BeforeItCounts) throw Died();
        return forgotten;
    };
    if (GetParam() == Moment::Never)
        ASSERT_TRUE(totals_->inherit(until, remove));
    else
        EXPECT_THROW((void)totals_->inherit(until, remove), Died);
    go_on(until, removed);
    const auto latest = totals_->latest("page");
    ASSERT_TRUE(latest && latest->has_value());
    EXPECT_EQ((*latest)->id, last.id);
    EXPECT_EQ(text_of((*latest)->request.messages), "prompt of " + last.id.to_string());
    go_on(until, removed);  // and the next one finds nothing to do
    ASSERT_TRUE(totals_->inherit(until, [&] { return folder_->store().forget(std::span(&until, 1)); }));
    expect_totals();
    EXPECT_EQ(totals_->of("page")->value().removed, 15);
    go_on(until, true);
}

INSTANTIATE_TEST_SUITE_P(Totals, Dying,
                         testing::Values(Moment::BeforeTheJournal, Moment::BeforeTheStore,
                                         Moment::BeforeItCounts, Moment::Never));

TEST_F(TotalsTest, WithoutADatabaseNothingIsRemoved) {
    open(4 << 10);
    for (int i = 0; i < 30; ++i) record("page", 100);
    ASSERT_TRUE(folder_->feeder().catch_up(30s));
    Totals closed(folder_->store(), folder_->calls());
    closed.stay_closed(Error(Code::DataLoss, "the file is damaged"));
    bool removed = false;
    const store::Position until{folder_->journal().stream(), 10};
    EXPECT_EQ(closed
                  .inherit(until,
                           [&] {
                               removed = true;
                               return Result<void>();
                           })
                  .error()
                  .message,
              "the file is damaged");
    EXPECT_FALSE(removed);
}

}  // namespace
}  // namespace steno::prompt_types
