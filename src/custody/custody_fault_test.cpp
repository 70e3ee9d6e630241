// Recorder, journal, feeding, sealing and retention on disks that fail and machines that die: what was
// promised is on the record once, what a rule removed is gone everywhere, and the store is what feeding the
// journal anew would make.

#include "base/log.hpp"
#include "custody/custodian.hpp"
#include "ingest/test_store.hpp"
#include "io/faulty_file_system.hpp"
#include "journal/verify.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace steno::custody {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kDay = 86'400'000'000'000;
constexpr std::uint64_t kToItsEnd = 1'000'000;

enum class Death : std::uint8_t { Killed, PowerLost };

/// A data folder whose process dies again and again.
class Machine {
  public:
    explicit Machine(std::uint64_t seed) : files_(seed), random_(seed) {}

    /// One process: recovers, records, feeds, seals, removes, and dies at the given operation of its disk (or
    /// lives to its end). Returns how many operations there were.
    std::uint64_t live(std::uint64_t operations, Death death) {
        const std::uint64_t before = files_.operations();
        files_.die_at(operations);
        if (auto folder = open()) run(**folder);
        const std::uint64_t used = files_.operations() - before;
        if (death == Death::Killed) {
            files_.revive();
        } else {
            files_.crash();
            std::erase_if(calls_, [](const auto& entry) { return !entry.second.durable; });
        }
        check();
        return used;
    }

    /// Writes and fsyncs fail in the middle of the work of one process, which goes on.
    void live_with_failures(std::uint64_t count) {
        auto folder = open(20s);
        ASSERT_TRUE(folder) << folder.error().message;
        files_.fail_syncs(count);
        files_.fail_appends(count);
        files_.fail_truncations(count / 2);
        run(**folder);
        files_.fail_syncs(0);
        files_.fail_appends(0);
        files_.fail_truncations(0);
        ASSERT_TRUE((*folder)->feeder().catch_up(20s));
        EXPECT_EQ((*folder)->recorder().stats().lost, 0U);
        EXPECT_EQ(files_.syncs_after_failure(), 0U);
        folder->reset();
        check();
    }

    [[nodiscard]] const CustodyStats& custody() const { return custody_; }

  private:
    /// What was promised of a call.
    struct Promise {
        bool ended = false;    ///< its end is on the record …
        bool durable = false;  ///< … and survives the loss of power
        std::optional<std::uint64_t> end;
        bool accepted = false;     ///< so was this said of it …
        bool may_be_gone = false;  ///< it is so old that retention takes it …
        bool may_be_bare = false;  ///< … or its prompt and answer
        std::string prompt;
    };

    Result<std::unique_ptr<ingest::DataFolder>> open(std::chrono::milliseconds closing_patience = 0ms) {
        ingest::DataFolderOptions options;
        options.path = "/data";
        options.open_store = shared_.factory();
        options.prices = pricing::Catalogue::built_in();
        options.max_sync_delay = 1ms;
        options.segment_bytes = 4096;
        options.recorder.closing_patience = closing_patience;
        options.feeder.interval = 1ms;
        options.feeder.batch = 7;
        return ingest::DataFolder::open(files_, std::move(options));
    }

    std::unique_ptr<Custodian> custodian(ingest::DataFolder& folder) {
        Custodian::Options options;
        options.retention = {30, 0, {{"short", 7}}};
        return std::make_unique<Custodian>(files_, "/data", folder.journal(), folder.reader(), folder.store(),
                                           options);
    }

    void run(ingest::DataFolder& folder) {
        const auto keeper = custodian(folder);
        (void)keeper->finish_interrupted();
        for (int i = 0; i < 40 && !files_.dead(); ++i) {
            // Imports of long ago first, so that there are segments that may go.
            record(folder, i < 16 ? 100 : random_.next_u64() % 2 == 0 ? 10 : 0);
            if (random_.next_u64() % 4 == 0) settle(folder);
            if (random_.next_u64() % 6 != 0) continue;
            while (!files_.dead() && !folder.feeder().catch_up(20ms)) {
            }
            (void)keeper->seal_all();
            (void)keeper->apply_retention();
        }
        settle(folder);
        custody_.sealed_segments += keeper->stats().sealed_segments;
        custody_.redacted_segments += keeper->stats().redacted_segments;
        custody_.removed_segments += keeper->stats().removed_segments;
    }

    void record(ingest::DataFolder& folder, std::int64_t days_ago) {
        Call call;
        call.id = Uuid::random(random_);
        call.kind = Kind::Chat;
        call.name = std::string(random_.next_u64() % 300, 'n');
        const Timestamp started_at{system_clock().now().unix_nanos - days_ago * kDay};
        call.started_at = started_at;
        call.model.requested = "gpt-4o-mini";
        if (days_ago == 10) call.privacy.retention = "short";
        Message message;
        message.role = "user";
        message.parts.emplace_back().text = "prompt of " + call.id.to_string();
        call.request.messages.push_back(message);
        const Uuid id = call.id;
        Promise promise;
        promise.prompt = message.parts[0].text;
        promise.may_be_bare = days_ago > 7;  // (of the oldest, the segment with the beginning may be gone)
        bool begun = false;
        // In one record, or in two with an open call between them.
        if (random_.next_u64() % 4 == 0) {
            answer(call);
            if (const auto at = folder.recorder().complete(std::move(call))) promise.end = at->sequence;
        } else {
            ingest::OpenCall open = folder.recorder().begin(std::move(call));
            const auto recent = folder.recorder().recent(id);
            begun = recent && recent->opening;
            answer(open.call());
            open.end();
            if (open.position()) promise.end = open.position()->sequence;
        }
        promise.ended = promise.end.has_value();
        promise.may_be_gone = days_ago > 30 || !(begun || promise.ended);
        calls_[id] = std::move(promise);
        if (random_.next_u64() % 4 == 0) say(folder, id, started_at);
        // Of any call, and today: among the oldest ones, too.
        if (random_.next_u64() % 16 == 0) {
            const auto any =
                std::next(calls_.begin(), static_cast<std::ptrdiff_t>(random_.next_u64() % calls_.size()));
            say(folder, any->first, system_clock().now());
        }
    }

    static void answer(Call& call) {
        call.status = Status::Success;
        Message message;
        message.role = "assistant";
        message.parts.emplace_back().text = "an answer";
        call.response.messages.push_back(message);
        call.preview.answer = "an answer";
    }

    /// Acknowledged is what is said of a call once it is durable.
    void say(ingest::DataFolder& folder, const Uuid& id, Timestamp at) {
        Said said;
        said.call = id;
        said.feedback.emplace().verdict = "accepted";
        said.feedback->at = at;
        const auto said_at = folder.recorder().say(said);
        if (said_at && folder.journal().wait_durable(*said_at, 5s)) calls_[id].accepted = true;
    }

    /// Notes what is durable by now.
    void settle(ingest::DataFolder& folder) {
        (void)folder.journal().wait_durable(folder.journal().stats().appended, 5s);
        const std::uint64_t durable = folder.journal().durable().sequence;
        for (auto& [id, promise] : calls_) {
            if (!promise.end || *promise.end > durable) continue;
            promise.durable = true;
            promise.end.reset();  // a position of this process
        }
        if (files_.dead()) {
            for (auto& [id, promise] : calls_) promise.end.reset();
        }
    }

    static std::map<Uuid, store::Row> rows(store::CallStore& store) {
        std::map<Uuid, store::Row> all;
        store::CallQuery query;
        query.limit = store::kMaxPage;
        for (;;) {
            const auto page = store.find(query);
            EXPECT_TRUE(page) << page.error().message;
            if (!page) return all;
            for (const store::Row& row : page->rows)
                EXPECT_TRUE(all.emplace(row.call.id, row).second)
                    << row.call.id.to_string() << " is there twice";
            if (!page->next_cursor) return all;
            query.cursor = *page->next_cursor;
        }
    }

    /// What the next process shows, once it has also done what was left to do.
    std::map<Uuid, store::Row> rows_of_the_next_process(bool removes) {
        const auto folder = open();
        EXPECT_TRUE(folder) << folder.error().message;
        if (!folder) return {};
        EXPECT_FALSE((*folder)->store_rebuilt()) << "the store was ahead of the journal";
        EXPECT_TRUE((*folder)->feeder().catch_up(20s));
        EXPECT_EQ((*folder)->feeder().stats().damaged, 0U);
        if (removes) {
            const auto keeper = custodian(**folder);
            for (const auto& done :
                 {keeper->finish_interrupted(), keeper->seal_all(), keeper->apply_retention()})
                EXPECT_TRUE(done) << done.error().message;
        }
        const auto all = rows(*shared_.store);
        for (const auto& [id, row] : all) {
            const auto promise = calls_.find(id);
            const auto call = (*folder)->calls().get(id);
            EXPECT_TRUE(call) << call.error().message;
            if (!call || promise == calls_.end()) continue;
            const bool bare = call->request.messages.empty();
            if (!bare) EXPECT_EQ(call->request.messages[0].parts[0].text, promise->second.prompt);
            EXPECT_TRUE(!bare || promise->second.may_be_bare) << "a prompt is gone";
            EXPECT_EQ(row.call.preview.answer.empty(), call->response.messages.empty())
                << "the store does not show what the journal has";
        }
        return all;
    }

    void check() {
        const auto there = rows_of_the_next_process(true);
        for (const auto& [id, promise] : calls_) {
            const auto row = there.find(id);
            if (row == there.end()) {
                EXPECT_TRUE(promise.may_be_gone) << "an acknowledged call is missing";
                continue;
            }
            if (promise.ended) EXPECT_EQ(row->second.call.status, Status::Success);
            if (promise.accepted) EXPECT_EQ(row->second.call.feedback.verdict, "accepted");
        }
        const auto report = journal::verify(files_, "/data");
        ASSERT_TRUE(report) << report.error().message;
        EXPECT_TRUE(report->intact);
        for (const journal::StreamReport& stream : report->streams) {
            if (stream.first_damage)
                ADD_FAILURE() << "segment " << stream.first_damage->segment << ", record "
                              << stream.first_damage->sequence << ": " << stream.first_damage->reason;
        }
        shared_.fresh = true;
        EXPECT_TRUE(there == rows_of_the_next_process(false)) << "feeding anew makes another store";
    }

    io::FaultyFileSystem files_;
    SeededRandom random_;
    ingest::SharedStore shared_;
    std::map<Uuid, Promise> calls_;
    CustodyStats custody_;
};

struct CustodyFaults : testing::Test {
    CustodyFaults() { log::configure(log::Level::Off, false); }
};

TEST_F(CustodyFaults, DyingAtAnyOperationLosesNothingPromisedAndTheStoreIsARebuild) {
    Machine whole(1);
    const std::uint64_t operations = whole.live(kToItsEnd, Death::Killed);
    EXPECT_GT(whole.custody().sealed_segments, 0U);
    EXPECT_GT(whole.custody().redacted_segments, 0U);
    EXPECT_GT(whole.custody().removed_segments, 0U);
    constexpr auto kKilled = Death::Killed;
    constexpr auto kPowerLost = Death::PowerLost;
    // The last: what a killed process did not make durable must not be built upon before it is.
    for (const auto& [first, second] :
         {std::pair(kKilled, kKilled), std::pair(kPowerLost, kPowerLost), std::pair(kKilled, kPowerLost)}) {
        for (std::uint64_t n = 1; n < operations; n += 1 + n / 12) {
            SCOPED_TRACE(testing::Message()
                         << "operation " << n << (first == kKilled ? ", killed" : ", power lost")
                         << (second == kKilled ? ", killed" : ", power lost"));
            Machine machine(n);
            machine.live(n, first);
            machine.live(n / 2 + 20, second);  // and again while it recovers, or soon after
            if (HasFailure()) return;
        }
    }
}

RC_GTEST_FIXTURE_PROP(CustodyFaults, AnyRowOfDeathsLosesNothingPromised, (std::uint64_t seed)) {
    const auto deaths = *rc::gen::container<std::vector<std::pair<std::uint64_t, bool>>>(
        rc::gen::pair(rc::gen::inRange<std::uint64_t>(1, 1500), rc::gen::arbitrary<bool>()));
    Machine machine(seed);
    for (std::size_t i = 0; i < std::min<std::size_t>(deaths.size(), 4); ++i) {
        machine.live(deaths[i].first, deaths[i].second ? Death::Killed : Death::PowerLost);
    }
    RC_ASSERT(!testing::Test::HasFailure());
}

TEST_F(CustodyFaults, FailuresInTheMiddleLoseNothing) {
    for (std::uint64_t count = 1; count <= 6; ++count) {
        SCOPED_TRACE(count);
        Machine machine(count);
        machine.live_with_failures(count);
        machine.live(50 * count, Death::PowerLost);
        if (HasFailure()) return;
    }
}

}  // namespace
}  // namespace steno::custody
