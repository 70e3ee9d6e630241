#include "prompt_types/totals.hpp"

#include "ingest/test_folder.hpp"
#include "prompt_types/record_for_test.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <stdexcept>
#include <vector>

namespace steno::prompt_types {
namespace {

using namespace std::chrono_literals;

struct Died : std::runtime_error {
    Died() : runtime_error("the process is dead") {}
};

/// The folder's store, with a fault or a limit.
class OtherStore final : public store::CallStore {
  public:
    explicit OtherStore(store::CallStore& inner) : inner_(inner) {}
    int failing_forgets = 0;
    std::uint32_t most_groups = store::kMaxGroups;  ///< by type and currency
    std::uint32_t most_types = store::kMaxGroups;   ///< by type alone

    void follow(store::Follower& follower) override { inner_.follow(follower); }
    Result<void> apply(std::span<const store::Change> changes,
                       std::span<const store::Watermark> marks) override {
        return inner_.apply(changes, marks);
    }
    Result<void> forget(std::span<const store::Position> until) override {
        if (failing_forgets-- > 0) return fail(Code::Unavailable, "the store is out");
        return inner_.forget(until);
    }
    Result<void> forget_payloads(std::span<const store::LostPayloads> lost) override {
        return inner_.forget_payloads(lost);
    }
    Result<std::vector<store::Watermark>> watermarks() override { return inner_.watermarks(); }
    Result<store::Page> find(const store::CallQuery& query) override { return inner_.find(query); }
    Result<std::vector<store::CallPositions>> positions(const store::CallQuery& query) override {
        return inner_.positions(query);
    }
    Result<std::optional<store::Row>> get(const Uuid& id, std::optional<std::string_view> project) override {
        return inner_.get(id, project);
    }
    Result<store::AggregateTable> aggregate(const store::AggregateQuery& query) override {
        store::AggregateQuery limited = query;
        if (query.group_by.size() == 2 && query.group_by[1].path() == "cost.currency")
            limited.limit = std::min(limited.limit, most_groups);
        if (query.group_by.size() == 1 && query.group_by[0].path() == "prompt.type")
            limited.limit = std::min(limited.limit, most_types);
        return inner_.aggregate(limited);
    }
    Result<std::uint64_t> count(const store::Selection& selection) override {
        return inner_.count(selection);
    }
    Result<std::unique_ptr<store::CallQueries>> snapshot(unsigned at_once) override {
        return inner_.snapshot(at_once);
    }
    Result<store::StoreStats> stats() override { return inner_.stats(); }
    Result<void> checkpoint() override { return inner_.checkpoint(); }

  private:
    store::CallStore& inner_;
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
        return custodian(custody::RetentionRules{days, 0, {}}, true);
    }
    std::unique_ptr<custody::Custodian> custodian(const custody::RetentionRules& rules, bool keep_latest) {
        return custodian(rules, keep_latest, folder_->store());
    }
    std::unique_ptr<custody::Custodian> custodian(const custody::RetentionRules& rules, bool keep_latest,
                                                  store::CallStore& store) {
        custody::Custodian::Options options;
        options.retention = rules;
        options.keep_latest = keep_latest;
        options.feeder = &folder_->feeder();
        options.heir = totals_.get();
        return std::make_unique<custody::Custodian>(files_, "/data", folder_->journal(), folder_->reader(),
                                                    store, options);
    }

    /// Of these kinds of prompt no texts are kept.
    void withhold(std::initializer_list<const char*> types) {
        auto table = std::make_shared<Table>(Defaults{});
        Settings off;
        off.track_full_data = false;
        for (const char* type : types) table->add(type, off);
        rules_.use(table);
    }

    /// As a program does that recorded it itself.
    void deliver(const Call& call) {
        std::vector<Call> calls{call};
        const auto delivered = folder_->recorder().deliver(calls);
        ASSERT_TRUE(delivered) << delivered.error().message;
        ASSERT_TRUE(folder_->journal().wait_durable(*delivered->last));
    }

    /// So that the segment with what was recorded before is full, and all of it is fed.
    void fill() {
        for (int i = 0; i < 30; ++i) record("other", 0);
        ASSERT_TRUE(folder_->feeder().catch_up(30s));
    }

    std::string prompt_of(const Uuid& id) {
        const auto call = folder_->calls().get(id);
        EXPECT_TRUE(call) << call.error().message;
        return call ? text_of(call->request.messages) : "";
    }
    std::string prompt_of_latest(const std::string& type) {
        const auto call = totals_->latest(type);
        EXPECT_TRUE(call && call->has_value());
        return call && *call ? text_of((*call)->request.messages) : "";
    }

    /// A call of "page" that retention has removed from the record; it is the latest.
    Call removed_page(const custody::RetentionRules& rules, bool keep_latest) {
        open(4 << 10);
        Call last;
        for (int i = 0; i < 30; ++i) last = record("page", 100 - i);
        for (int i = 0; i < 10; ++i) record("other", 70);  // so that its file has none of today
        fill();
        const auto keeper = custodian(rules, keep_latest);
        EXPECT_TRUE(keeper->seal_all());
        const auto applied = keeper->apply_retention();
        EXPECT_TRUE(applied) << applied.error().message;
        const auto gone = folder_->store().get(last.id);
        EXPECT_TRUE(gone && !gone->has_value()) << "the test removes too little";
        return last;
    }

    /// Whether the bytes are anywhere in the control database's files.
    [[nodiscard]] bool control_has(const std::string& bytes) const {
        for (const auto& file : std::filesystem::directory_iterator(control_.folder())) {
            std::ifstream in(file.path(), std::ios::binary);
            const std::string content{std::istreambuf_iterator<char>(in), {}};
            if (content.contains(bytes)) return true;
        }
        return false;
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
    const Call last = removed_page({30, 0, {}}, true);
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
    // And with the next round no byte of the old one is left.
    ASSERT_TRUE(control_has("prompt of " + last.id.to_string()));
    ASSERT_TRUE(custodian(30)->apply_retention());
    EXPECT_FALSE(control_has("prompt of " + last.id.to_string()));
    EXPECT_EQ(totals_->latest("page")->value().id, newer.id);
}

TEST_F(TotalsTest, OfARemovedLatestCallTheFiguresAloneStayWhereItsTextsAreNotToBeKept) {
    const Call last = removed_page({30, 0, {}}, false);
    const auto latest = totals_->latest("page");
    ASSERT_TRUE(latest && latest->has_value());
    EXPECT_EQ((*latest)->id, last.id);
    EXPECT_EQ((*latest)->cost.total, last.cost.total);
    EXPECT_EQ((*latest)->request, RequestFacts{});
    EXPECT_TRUE((*latest)->response.messages.empty());
    EXPECT_FALSE(control_has("prompt of "));
    EXPECT_FALSE(control_has("answer to "));
}

TEST_F(TotalsTest, RulesForTextsHoldForARemovedLatestCallToo) {
    const Call last = removed_page({30, 0, {}}, true);
    EXPECT_NE(prompt_of_latest("page"), "");
    // Somebody sets that texts go after 80 days; it is 70 days old.
    ASSERT_TRUE(custodian({30, 80, {}}, true)->apply_retention());
    EXPECT_NE(prompt_of_latest("page"), "");
    ASSERT_TRUE(custodian({0, 60, {{"", 0}}}, true)->apply_retention());
    EXPECT_NE(prompt_of_latest("page"), "") << "this class is kept";
    ASSERT_TRUE(custodian({30, 60, {}}, true)->apply_retention());
    EXPECT_EQ(prompt_of_latest("page"), "");
    EXPECT_EQ(totals_->latest("page")->value().cost.total, last.cost.total);
    EXPECT_FALSE(control_has("prompt of " + last.id.to_string()));
}

TEST_F(TotalsTest, OfARemovedCallOfUnknownAgeRulesForTextsTakeThemAtOnce) {
    open(4 << 10);
    Call undated = typed_call(random_, "page", 0);
    undated.started_at.reset();
    deliver(undated);
    for (int i = 0; i < 30; ++i) record("other", 100);
    fill();
    const auto keeper = custodian(30);
    ASSERT_TRUE(keeper->seal_all());
    ASSERT_TRUE(keeper->apply_retention());
    ASSERT_FALSE(folder_->store().get(undated.id)->has_value());
    EXPECT_EQ(prompt_of_latest("page"), "prompt of " + undated.id.to_string());
    ASSERT_TRUE(custodian({30, 60, {}}, true)->apply_retention());
    EXPECT_EQ(prompt_of_latest("page"), "");
}

TEST_F(TotalsTest, TheLatestCallsNeedNotBeKeptAnyMore) {
    const Call last = removed_page({30, 0, {}}, true);
    ASSERT_TRUE(control_has("prompt of " + last.id.to_string()));
    ASSERT_TRUE(custodian({}, false)->apply_retention());
    EXPECT_EQ(prompt_of_latest("page"), "");
    EXPECT_EQ(totals_->latest("page")->value().id, last.id);
    EXPECT_FALSE(control_has("prompt of " + last.id.to_string()));
}

TEST_F(TotalsTest, MoreTypesThanAnAnswerHasRoomForAreRemovedAllTheSame) {
    open();
    OtherStore small(folder_->store());
    small.most_groups = 50;
    totals_ = std::make_unique<Totals>(small, folder_->calls());
    ASSERT_TRUE(totals_->open(*database_));
    const std::size_t types = 2 * custody::kTypesAtOnce + 7;
    std::map<std::string, Uuid> latest;
    for (std::size_t i = 0; i < 2 * types; ++i) {
        const std::string type = "made-of-" + std::to_string(i % types);
        latest[type] = record(type, 100).id;
    }
    const Call page = record("page", 0);
    expect_totals();
    const journal::Position end = folder_->journal().durable();
    const store::Position until{end.stream, end.sequence - 1};
    const custody::RetentionRules rules;
    ASSERT_TRUE(totals_->prepare(until, {rules, true, system_clock().now()}));
    const auto inherited =
        totals_->inherit(until, [&] { return folder_->store().forget(std::span(&until, 1)); });
    ASSERT_TRUE(inherited) << inherited.error().message;
    ASSERT_EQ(*folder_->store().count({}), 1u);
    expect_totals();
    for (const auto& [type, id] : latest) EXPECT_EQ(totals_->latest(type)->value().id, id);
    EXPECT_EQ(totals_->latest("page")->value().id, page.id);
}

TEST_F(TotalsTest, ARemovalThatFailsBehindTheJournalIsFinishedByTheSameProcess) {
    open(4 << 10);
    for (int i = 0; i < 30; ++i) record("page", 100);
    for (int i = 0; i < 10; ++i) record("other", 70);
    fill();
    OtherStore store(folder_->store());
    store.failing_forgets = 1;
    const auto keeper = custodian({30, 0, {}}, true, store);
    store.failing_forgets = 0;
    ASSERT_TRUE(keeper->finish_interrupted());
    ASSERT_TRUE(keeper->seal_all());
    store.failing_forgets = 1;
    EXPECT_EQ(keeper->apply_retention().error().message, "the store is out");
    expect_totals();
    ASSERT_EQ(totals_->of("page")->value().removed, 0);
    ASSERT_TRUE(keeper->apply_retention());
    EXPECT_EQ(totals_->of("page")->value().removed, 30);
    expect_totals();
    store::Selection pages;
    pages.filters.push_back(*store::make_filter("prompt.type", "page"));
    EXPECT_EQ(*folder_->store().count(pages), 0u);
}

TEST_F(TotalsTest, TheLatestCallKeepsItsTextsHoweverOftenItIsDelivered) {
    withhold({"page"});
    open(4 << 10);
    record("page", 2);
    Call call = typed_call(random_, "page", 1);
    call.privacy.full_data.reset();
    count(wanted_, call);
    deliver(call);
    deliver(call);
    // What is said of it later, without its type, is no other call's.
    Call more;
    more.id = call.id;
    more.kind = Kind::Chat;
    more.status = Status::Success;
    more.labels.tags = {"late"};
    deliver(more);
    fill();
    ASSERT_TRUE(custodian(0)->seal_all());
    EXPECT_EQ(prompt_of(call.id), "prompt of " + call.id.to_string());
    EXPECT_EQ(prompt_of_latest("page"), "prompt of " + call.id.to_string());
    // All of its records let go of them when another is the latest.
    record("page", 0);
    ASSERT_TRUE(folder_->feeder().catch_up(30s));
    ASSERT_TRUE(custodian(0)->drop_superseded());
    EXPECT_EQ(prompt_of(call.id), "");
}

TEST_F(TotalsTest, CallsThatDoNotSayWhenTheyBeganAreLatestOnlyAmongThemselves) {
    withhold({"page", "undated"});
    open(4 << 10);
    std::vector<Uuid> without;
    for (int i = 0; i < 8; ++i) {
        Call call = typed_call(random_, i % 2 == 0 ? "page" : "undated", 0);
        call.started_at.reset();
        without.push_back(call.id);
        deliver(call);
    }
    const Call dated = record("page", 1);
    fill();
    const auto keeper = custodian(0);
    ASSERT_TRUE(keeper->seal_all());
    const Uuid greatest = std::max({without[1], without[3], without[5], without[7]});
    for (const Uuid& id : without)
        EXPECT_EQ(prompt_of(id), id == greatest ? "prompt of " + id.to_string() : "");
    EXPECT_EQ(prompt_of_latest("page"), "prompt of " + dated.id.to_string());
    EXPECT_EQ(prompt_of_latest("undated"), "prompt of " + greatest.to_string());
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(keeper->drop_superseded());
    EXPECT_EQ(keeper->stats().redacted_segments, 0u) << "nothing was to be dropped";
}

TEST_F(TotalsTest, ACallOfTheFarFutureIsNotTheLatestForYears) {
    withhold({"page"});
    open(4 << 10);
    deliver(typed_call(random_, "page", -30'000));
    const Call real = record("page", 0);
    fill();
    ASSERT_TRUE(custodian(0)->seal_all());
    EXPECT_EQ(totals_->latest("page")->value().id, real.id);
    EXPECT_EQ(prompt_of(real.id), "prompt of " + real.id.to_string());
}

TEST_F(TotalsTest, AFileIsNotCompressedAnewForEachOfItsTexts) {
    withhold({"page", "image"});
    open(4 << 10);
    const Call page = record("page", 0);
    const Call image = record("image", 0);
    fill();
    const auto keeper = custodian(0);
    ASSERT_TRUE(keeper->seal_all());
    record("page", 0);
    ASSERT_TRUE(folder_->feeder().catch_up(30s));
    ASSERT_TRUE(keeper->drop_superseded(24h));
    EXPECT_EQ(keeper->stats().redacted_segments, 0u) << "it waits for the other";
    EXPECT_NE(prompt_of(page.id), "");
    record("image", 0);
    ASSERT_TRUE(folder_->feeder().catch_up(30s));
    ASSERT_TRUE(keeper->drop_superseded(24h));
    EXPECT_EQ(keeper->stats().redacted_segments, 1u);
    EXPECT_EQ(prompt_of(page.id), "");
    EXPECT_EQ(prompt_of(image.id), "");
}

TEST_F(TotalsTest, OfTextsThatAreNotTrackedTheLatestAloneIsThereWhenTheFileIsSealed) {
    withhold({"page"});
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
    const custody::RetentionRules rules;
    ASSERT_TRUE(totals_->prepare(until, {rules, true, system_clock().now()}));
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
    ASSERT_TRUE(totals_->prepare(until, {rules, true, system_clock().now()}));
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

TEST_F(TotalsTest, WhichTypesThereAreIsAskedAPageAtATime) {
    open();
    std::set<std::string> names;
    for (int i = 0; i < 10; ++i) {
        names.insert("type-" + std::to_string(i));
        (void)record("type-" + std::to_string(i), 0);
    }
    (void)record("", 0);
    ASSERT_TRUE(folder_->feeder().catch_up(30s));
    for (const std::uint32_t most : {1, 3, 10}) {
        OtherStore paged(folder_->store());
        paged.most_types = most;
        Totals totals(paged, folder_->calls());
        ASSERT_TRUE(totals.open(*database_));
        const auto all = totals.types([](const std::string&) { return true; });
        ASSERT_TRUE(all) << all.error().message;
        EXPECT_EQ(*all, names);
        EXPECT_EQ(*totals.types([](const std::string& type) { return type == "type-7"; }),
                  std::set<std::string>{"type-7"});
    }
}

}  // namespace
}  // namespace steno::prompt_types
