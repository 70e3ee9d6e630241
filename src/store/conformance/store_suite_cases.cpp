#include "record/testing/arbitrary_call.hpp"
#include "store/conformance/store_suite.hpp"
#include "store/folding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <random>
#include <thread>
#include <utility>

// Content: what is applied is there, whole, folded, once; and stays so.
namespace steno::store::conformance {
namespace {

Said feedback(const Call& call, std::string verdict, std::string project = {}) {
    Said said;
    said.call = call.id;
    said.project = std::move(project);
    said.feedback.emplace().verdict = std::move(verdict);
    return said;
}

Said score(const Call& call, std::string name, double number) {
    Said said;
    said.call = call.id;
    said.score_name = std::move(name);
    said.score.emplace().value = number;
    return said;
}

std::vector<Call> arbitrary_calls(std::size_t count, double density, bool any_bytes) {
    SeededRandom ids(count);
    std::vector<Call> calls;
    for (std::size_t i = 0; i < count; ++i) {
        Call call =
            steno::testing::arbitrary_call({.seed = i + 1, .density = density, .any_bytes = any_bytes});
        call.id = Uuid::random(ids);
        calls.push_back(std::move(call));
    }
    return calls;
}

}  // namespace

TEST_P(StoreSuite, KeepsAnyCallWhole) {
    std::map<Uuid, std::pair<Call, std::size_t>> expected;
    std::size_t count = 60;
    for (const bool any_bytes : {false, true}) {
        for (const double density : {0.05, 0.5, 1.0}) {
            const auto calls = arbitrary_calls(count++, density, any_bytes);
            apply(calls);
            for (std::size_t i = 0; i < calls.size(); ++i)
                expected.emplace(calls[i].id, std::pair(as_stored(calls[i]), i + 1));
        }
    }
    const auto rows = all_rows(store());
    ASSERT_EQ(rows.size(), expected.size());
    for (const Row& row : rows) {
        const auto& [call, sequence] = expected.at(row.call.id);
        ASSERT_TRUE(row.call == call) << "the " << sequence << "th call of its batch";
        if (call.started_at) {
            EXPECT_EQ(row.call.started_at->offset_minutes, call.started_at->offset_minutes);
        }
        EXPECT_EQ(row.closed_at, at(sequence));
        EXPECT_EQ(row.opened_at.has_value(), sequence % 2 == 0);
    }
    EXPECT_TRUE(value(store().get(rows[7].call.id)) == rows[7]);
}

TEST_P(StoreSuite, LeavesThePayloadToTheJournal) {
    Call call;
    call.id = Uuid::random(system_random());
    call.request.messages.push_back({.role = "user", .name = {}, .parts = {}, .unknown = {}});
    call.request.system = "secret";
    call.raw.request = "bytes";
    call.preview.prompt = "hello";
    apply({call});
    const auto row = value(store().get(call.id));
    ASSERT_TRUE(row);
    EXPECT_TRUE(row->call.request.messages.empty());
    EXPECT_TRUE(row->call.request.system.empty());
    EXPECT_TRUE(row->call.raw.request.empty());
    EXPECT_EQ(row->call.preview.prompt, "hello");
}

TEST_P(StoreSuite, GivesNothingForAnUnknownId) {
    EXPECT_FALSE(value(store().get(Uuid{})));
    EXPECT_EQ(value(store().stats()).rows, 0U);
    EXPECT_TRUE(value(store().find({})).rows.empty());
}

TEST_P(StoreSuite, IdentityIsProjectAndId) {
    Call one = plausible_calls(1, 1)[0];
    one.project = "one";
    Call two = one;
    two.project = "two";
    two.started_at = Timestamp{1'790'000'000'000'000'000, 0};
    apply({one, two});
    EXPECT_EQ(value(store().count({})), 2U);
    EXPECT_EQ(value(store().get(one.id, "one"))->call.project, "one");
    EXPECT_EQ(value(store().get(one.id))->call.project, "two");
    EXPECT_FALSE(value(store().get(one.id, "")));
    apply({feedback(one, "accepted", "one")});
    EXPECT_EQ(value(store().get(one.id, "one"))->call.feedback.verdict, "accepted");
    EXPECT_EQ(value(store().get(one.id, "two"))->call.feedback.verdict, "");
    apply({feedback(one, "rejected")});
    EXPECT_EQ(value(store().get(one.id, "one"))->call.feedback.verdict, "rejected");
    EXPECT_EQ(value(store().get(one.id, "two"))->call.feedback.verdict, "rejected");
}

TEST_P(StoreSuite, FoldsWhatIsSaidInAnyOrder) {
    // Before the call, in its batch on both sides of it, after it: the last word counts.
    std::vector<std::size_t> order = {0, 1, 2, 3, 4};
    std::uint64_t seed = 100;
    do {
        // The two words on tone stay in their order.
        if (std::ranges::find(order, 2U) > std::ranges::find(order, 3U)) continue;
        // Batch by batch takes long on a disk: every seventh order.
        for (const bool together : {true, false}) {
            if (!together && seed % 7 != 0) continue;
            const Call call = plausible_calls(1, ++seed)[0];
            const std::vector<Change> parts = {upsert(call, 4), feedback(call, "accepted"),
                                               score(call, "tone", 3), score(call, "tone", 4),
                                               score(call, "depth", 1)};
            std::vector<Change> batch;
            for (const std::size_t part : order) {
                batch.push_back(parts[part]);
                if (together) continue;
                apply(batch);
                batch.clear();
            }
            apply(batch);
            const auto row = value(store().get(call.id));
            ASSERT_TRUE(row);
            EXPECT_EQ(row->call.feedback.verdict, "accepted");
            ASSERT_EQ(row->call.scores.size(), call.scores.size() + 2);
            EXPECT_EQ(row->call.scores.at("tone").value, 4);
            EXPECT_EQ(row->call.model, call.model);
        }
    } while (std::ranges::next_permutation(order).found);
    EXPECT_EQ(value(store().stats()).waiting, 0U);
    EXPECT_EQ(value(store().stats()).rows, seed - 100);
}

TEST_P(StoreSuite, ACostOfARePricingStays) {
    // The call, the call once more with another cost, and what a re-pricing said of it, in any order.
    std::vector<std::size_t> order = {0, 1, 2};
    std::uint64_t seed = 900;
    do {
        for (const bool together : {true, false}) {
            Call call = plausible_calls(1, ++seed)[0];
            call.cost = {};
            call.cost.total = *Decimal::parse("1.5");
            call.cost.currency = "USD";
            Call again = call;
            again.cost.total = *Decimal::parse("2.5");
            Said said;
            said.call = call.id;
            said.project = call.project;
            said.cost.emplace();
            said.cost->total = *Decimal::parse("0.000000000001");
            said.cost->currency = "EUR";
            said.cost->price_id = "p@2026-11-22/own-1";
            said.cost->source = "custom";
            said.cost->repricing = "2026-11-22-000001";
            said.cost->former = {call.cost.total, "USD", "", "", {}};
            const std::vector<Change> parts = {upsert(call, 4), upsert(again, 5, true), said};
            std::vector<Change> batch;
            for (const std::size_t part : order) {
                batch.push_back(parts[part]);
                if (together) continue;
                apply(batch);
                batch.clear();
            }
            apply(batch);
            const auto row = value(store().get(call.id));
            ASSERT_TRUE(row);
            EXPECT_EQ(row->call.cost, *said.cost);
        }
    } while (std::ranges::next_permutation(order).found);
    EXPECT_EQ(value(store().stats()).waiting, 0U);
}

TEST_P(StoreSuite, ACostOfARePricingStaysWhereUsageAndBillComeLater) {
    Call call = plausible_calls(1, 950)[0];
    call.cost = {};
    call.cost.total = *Decimal::parse("1.5");
    call.cost.currency = "USD";
    Said said;
    said.call = call.id;
    said.project = call.project;
    said.cost.emplace();
    said.cost->total = *Decimal::parse("0.75");
    said.cost->currency = "USD";
    said.cost->repricing = "2026-11-22-000001";
    Call again = call;
    again.usage.input_tokens = 987'654;
    again.model.served = "another";
    again.cost.total = *Decimal::parse("2.5");
    again.cost.source = "provider";
    apply({upsert(call, 4), said, upsert(again, 5, true)});
    const auto row = value(store().get(call.id));
    ASSERT_TRUE(row);
    EXPECT_EQ(row->call.usage.input_tokens, 987'654);
    EXPECT_EQ(row->call.model.served, "another");
    EXPECT_EQ(row->call.cost, *said.cost);
}

TEST_P(StoreSuite, MuchThatIsSaidOfCallsThatAreNotThereWaits) {
    // Of each call three words, so that they lie in several inserts of a backend.
    const auto calls = plausible_calls(500, 960);
    std::vector<Change> words;
    for (const char* const verdict : {"rejected", "modified", "accepted"})
        for (const Call& call : calls) words.push_back(feedback(call, verdict));
    apply(words);
    EXPECT_EQ(value(store().stats()).waiting, words.size());
    if (GetParam().durable) reopen();
    apply({upsert(calls[0], 1), upsert(calls[300], 2)});
    EXPECT_EQ(value(store().stats()).waiting, words.size() - 6);
    std::vector<Change> rest;
    for (std::size_t i = 0; i < calls.size(); ++i)
        if (i != 0 && i != 300) rest.push_back(upsert(calls[i], 10 + i));
    apply(rest);
    EXPECT_EQ(value(store().stats()).waiting, 0U);
    CallQuery query;
    query.limit = kMaxPage;
    const auto page = value(store().find(query));
    EXPECT_EQ(page.rows.size(), calls.size());
    for (const Row& row : page.rows) EXPECT_EQ(row.call.feedback.verdict, "accepted");
}

TEST_P(StoreSuite, WhatWaitsSurvivesReopening) {
    if (!GetParam().durable) GTEST_SKIP() << "this backend keeps nothing";
    const auto calls = plausible_calls(2, 3);
    apply({feedback(calls[0], "rejected"), feedback(calls[1], "modified"), feedback(calls[0], "accepted")});
    EXPECT_EQ(value(store().stats()).waiting, 3U);
    reopen();
    apply(calls);
    EXPECT_EQ(value(store().get(calls[0].id))->call.feedback.verdict, "accepted");
    EXPECT_EQ(value(store().get(calls[1].id))->call.feedback.verdict, "modified");
    EXPECT_EQ(value(store().stats()).waiting, 0U);
    reopen();
    EXPECT_EQ(value(store().stats()).waiting, 0U);
}

TEST_P(StoreSuite, ASecondArrivalAmends) {
    Call first = plausible_calls(1, 4)[0];
    first.model = {.requested = "a", .served = "b", .unknown = {}};
    first.labels.attributes = {{"x", 1.0}, {"y", "kept"}};
    Call second;
    second.id = first.id;
    second.project = first.project;
    second.kind = Kind::Vision;
    second.status = Status::Partial;
    second.model.served = "c";
    second.labels.attributes = {{"x", 2.0}};
    const std::vector<Change> said = {feedback(first, "accepted")};
    apply(std::vector<Change>{upsert(first, 2)});
    apply(said);
    apply(std::vector<Change>{upsert(second, 5, true)});
    const auto row = value(store().get(first.id));
    ASSERT_TRUE(row);
    EXPECT_EQ(row->call.model.requested, "a");
    EXPECT_EQ(row->call.model.served, "c");
    EXPECT_EQ(row->call.kind, Kind::Vision);
    EXPECT_EQ(row->call.status, Status::Partial);
    EXPECT_EQ(row->call.started_at, first.started_at);
    EXPECT_EQ(row->call.labels.attributes.at("x"), AttributeValue(2.0));
    EXPECT_EQ(row->call.labels.attributes.at("y"), AttributeValue("kept"));
    EXPECT_EQ(row->call.feedback.verdict, "accepted");
    EXPECT_EQ(row->closed_at, at(5));
    EXPECT_EQ(row->opened_at, at(1));
    EXPECT_EQ(value(store().count({})), 1U);
}

TEST_P(StoreSuite, TwiceInOneBatchIsOneRow) {
    const Call call = plausible_calls(1, 5)[0];
    apply(std::vector<Change>{upsert(call, 1), upsert(call, 2)});
    EXPECT_EQ(value(store().count({})), 1U);
}

TEST_P(StoreSuite, RemembersWatermarksWithTheRows) {
    const Uuid other = *Uuid::parse("00000000-0000-4000-8000-000000000001");
    const auto calls = plausible_calls(3, 6);
    apply(std::vector<Change>{upsert(calls[0], 1)}, {at(1)});
    apply(std::vector<Change>{upsert(calls[1], 2)}, {at(2), {other, 70}});
    apply(std::vector<Change>{}, {at(3)});
    if (GetParam().durable) reopen();
    const std::vector<Watermark> expected = {{other, 70}, at(3)};
    EXPECT_EQ(value(store().watermarks()), expected);
    EXPECT_EQ(value(store().count({})), 2U);
    apply(std::vector<Change>{upsert(calls[2], 4)}, {at(4)});
    EXPECT_EQ(value(store().watermarks())[1], at(4));
}

TEST_P(StoreSuite, ForgetsWhatTheJournalLost) {
    const Uuid other = *Uuid::parse("00000000-0000-4000-8000-000000000001");
    const auto calls = plausible_calls(200, 10);
    std::vector<Change> changes;
    for (std::size_t i = 0; i < calls.size(); ++i) {
        Change change = upsert(calls[i], i + 1);
        if (i % 2 == 1) std::get<Upsert>(change).row.closed_at.stream = other;
        changes.push_back(std::move(change));
    }
    apply(changes, {at(200), {other, 200}});
    const std::vector<Row> all = all_rows(store());
    const auto left_after = [&](std::uint64_t sequence) {
        std::vector<Row> left = all;
        std::erase_if(left, [&](const Row& row) {
            return row.closed_at.stream == at(1).stream && row.closed_at.sequence <= sequence;
        });
        return left;
    };
    // Twice, and with less afterwards: no difference.
    for (const std::uint64_t sequence : {101, 101, 50}) {
        ASSERT_TRUE(store().forget(std::vector<Position>{at(sequence)}));
        ASSERT_TRUE(all_rows(store()) == left_after(101));
    }
    EXPECT_FALSE(value(store().get(calls[0].id)));
    EXPECT_EQ(value(store().watermarks()).size(), 2U);
    apply(std::vector<Change>{upsert(calls[0], 201)}, {at(201)});
    ASSERT_TRUE(store().checkpoint());
    if (GetParam().durable) reopen();
    EXPECT_EQ(value(store().count({})), left_after(101).size() + 1);
    EXPECT_TRUE(value(store().get(calls[0].id)));
    // A stream that is gone entirely leaves no mark; more of it may come all the same.
    ASSERT_TRUE(store().forget(std::vector<Position>{at(300), {other, 0}}));
    EXPECT_EQ(value(store().watermarks()), (std::vector<Watermark>{{other, 200}}));
    EXPECT_EQ(value(store().count({})), 100U);
    apply(std::vector<Change>{upsert(calls[2], 301)}, {at(301)});
    if (GetParam().durable) reopen();
    EXPECT_EQ(value(store().watermarks()), (std::vector<Watermark>{{other, 200}, at(301)}));
    EXPECT_EQ(value(store().count({})), 101U);
    EXPECT_TRUE(store().forget({}));
}

TEST_P(StoreSuite, KnowsBeforehandWhichCallsItWouldForget) {
    const auto calls = plausible_calls(300, 18);
    std::vector<Change> changes;
    const Uuid other = Uuid::named(at(1).stream, "another");
    for (std::size_t i = 0; i < calls.size(); ++i) {
        auto one = std::get<Upsert>(upsert(calls[i], i + 1));
        if (i % 3 == 0) one.row.closed_at.stream = other;
        changes.push_back(one);
    }
    apply(changes, {at(300), {other, 300}});
    Selection going;
    going.closed_until = at(150);
    std::vector<Call> wanted;
    for (std::size_t i = 0; i < 150; ++i)
        if (i % 3 != 0) wanted.push_back(calls[i]);
    EXPECT_EQ(value(store().count(going)), wanted.size());
    CallQuery query;
    query.selection = going;
    query.limit = kMaxPage;
    EXPECT_EQ(value(store().find(query)).rows.size(), wanted.size());
    // With filters, and in sums.
    AggregateQuery sums;
    sums.selection.filters.push_back(ai_calls());
    sums.group_by.push_back(field("model.requested"));
    for (const char* name : {"calls", "errors", "cost", "max(started_at)"})
        sums.measures.push_back(value(make_measure(name)));
    const auto oracle = oracle_of(wanted);
    const AggregateTable expected = value(oracle->aggregate(sums));
    sums.selection.closed_until = going.closed_until;
    EXPECT_EQ(value(store().aggregate(sums)).groups, expected.groups);
    const std::uint64_t before = value(store().count({}));
    ASSERT_TRUE(store().forget(std::vector<Position>{*going.closed_until}));
    EXPECT_EQ(value(store().count({})), before - wanted.size());
    EXPECT_EQ(value(store().count(going)), 0U);
    EXPECT_TRUE(value(store().aggregate(sums)).groups.empty());
}

TEST_P(StoreSuite, LeavesOutWhatIsNotToBeListedUnlessAsked) {
    auto calls = plausible_calls(60, 19);
    for (std::size_t i = 0; i < calls.size(); ++i)
        if (i % 4 < 2) calls[i].privacy.listed = i % 4 == 0;
    apply(calls);
    Selection listed;
    leave_out_unlisted(listed);
    EXPECT_EQ(value(store().count(listed)), 45U);
    Selection asked;
    asked.filters.push_back(value(make_filter("privacy.listed", "false")));
    leave_out_unlisted(asked);
    EXPECT_EQ(asked.filters.size(), 1U);
    EXPECT_EQ(value(store().count(asked)), 15U);
}

TEST_P(StoreSuite, ForgetsPayloadsOfARetentionClass) {
    auto calls = plausible_calls(30, 9);
    std::vector<Change> changes;
    for (std::size_t i = 0; i < calls.size(); ++i) {
        calls[i].privacy.retention = i % 3 == 0 ? "short" : i % 3 == 1 ? "" : "long";
        calls[i].preview.prompt = "what was asked";
        calls[i].preview.answer = "what came back";
        changes.push_back(upsert(calls[i], i + 1));
    }
    apply(changes, {at(30)});
    const Uuid stream = at(1).stream;
    for (int times = 0; times < 2; ++times)
        ASSERT_TRUE(
            store().forget_payloads(std::vector<LostPayloads>{{stream, 4, 20, "short"}, {stream, 1, 2, ""}}));
    if (GetParam().durable) reopen();
    for (std::size_t i = 0; i < calls.size(); ++i) {
        const std::uint64_t sequence = i + 1;
        const bool lost = (i % 3 == 0 && sequence >= 4 && sequence <= 20) || (i % 3 == 1 && sequence <= 2);
        const auto row = value(store().get(calls[i].id));
        ASSERT_TRUE(row);
        EXPECT_EQ(row->call.preview, lost ? Preview{} : calls[i].preview) << sequence;
        EXPECT_EQ(row->call.privacy.retention, calls[i].privacy.retention);
    }
}

TEST_P(StoreSuite, SameContentInWhateverBatches) {
    const auto calls = plausible_calls(300, 7);
    std::vector<Change> changes;
    std::mt19937_64 random(7);
    for (std::size_t i = 0; i < calls.size(); ++i) {
        changes.push_back(upsert(calls[i], i + 1));
        if (random() % 5 == 0)
            changes.push_back(feedback(calls[random() % calls.size()], fmt::format("v{}", i)));
        if (random() % 9 == 0)
            changes.push_back(score(calls[random() % calls.size()], "s", static_cast<double>(i)));
        if (random() % 9 == 0) {
            Call late = calls[random() % (i + 1)];
            late.release = fmt::format("r{}", i);
            changes.push_back(upsert(late, i + 1000, true));
        }
    }
    apply(changes);
    const std::vector<Row> whole = all_rows(store());
    EXPECT_EQ(whole.size(), calls.size());
    store_.reset();
    std::filesystem::remove_all(folder_ / "store");
    reopen();
    for (std::size_t i = 0; i < changes.size();) {
        const std::size_t size = std::min<std::size_t>(1 + random() % 40, changes.size() - i);
        apply(std::vector<Change>(changes.begin() + static_cast<std::ptrdiff_t>(i),
                                  changes.begin() + static_cast<std::ptrdiff_t>(i + size)));
        i += size;
        if (GetParam().durable && random() % 6 == 0) reopen();
    }
    EXPECT_TRUE(all_rows(store()) == whole);
}

namespace {

/// Holds what it is told against what it was told before.
class Listener final : public Follower {
  public:
    void call_changed(const Call* before, const Call& now) override {
        const auto [at, is_new] = calls_.try_emplace({now.id, now.project});
        EXPECT_EQ(before == nullptr, is_new);
        if (before != nullptr && !is_new) EXPECT_TRUE(as_stored(*before) == at->second);
        at->second = as_stored(now);
        ++told_;
    }
    void calls_forgotten() override { forgotten_ = true; }

    /// The content by what was told; of calls that are gone nothing is told but that there are some.
    void expect_same(const std::vector<Row>& rows) {
        if (std::exchange(forgotten_, false)) {
            calls_.clear();
            for (const Row& row : rows) calls_.emplace(std::pair(row.call.id, row.call.project), row.call);
        }
        ASSERT_EQ(calls_.size(), rows.size());
        for (const Row& row : rows) {
            const auto at = calls_.find({row.call.id, row.call.project});
            ASSERT_TRUE(at != calls_.end() && at->second == row.call);
        }
    }
    [[nodiscard]] std::size_t told() const { return told_; }

  private:
    std::map<std::pair<Uuid, std::string>, Call> calls_;
    bool forgotten_ = false;
    std::size_t told_ = 0;
};

}  // namespace

TEST_P(StoreSuite, TellsItsFollowerOfEveryChange) {
    Listener listener;
    store().follow(listener);
    const auto calls = plausible_calls(240, 41);
    std::mt19937_64 random(41);
    std::uint64_t sequence = 0;
    for (std::size_t i = 0; i < calls.size();) {
        std::vector<Change> batch;
        for (const std::size_t end = std::min(calls.size(), i + 1 + random() % 20); i < end; ++i) {
            batch.push_back(upsert(calls[i], ++sequence));
            if (random() % 6 == 0) batch.push_back(upsert(calls[i], ++sequence));  // twice in one batch
        }
        // Said of calls that are there, that come in this batch, and that come later.
        for (int said = 0; said < 3; ++said)
            batch.push_back(feedback(calls[random() % calls.size()], fmt::format("v{}", random() % 3)));
        batch.push_back(score(calls[random() % i], "s", static_cast<double>(random() % 9)));
        if (random() % 3 == 0) {
            Call late = calls[random() % i];
            late.release = "late";
            batch.push_back(upsert(late, ++sequence, true));
        }
        const std::size_t before = listener.told();
        apply(batch, {at(sequence)});
        EXPECT_GT(listener.told(), before);
        ASSERT_NO_FATAL_FAILURE(listener.expect_same(all_rows(store())));
        if (random() % 5 == 0) {
            ASSERT_TRUE(store().forget(std::vector<Position>{at(sequence / 8)}));
            ASSERT_NO_FATAL_FAILURE(listener.expect_same(all_rows(store())));
        }
    }
    store_.reset();  // whom it tells must outlive it
}

TEST_P(StoreSuite, BatchesLargerThanTheEnginesOwn) {
    const auto calls = plausible_calls(5000, 8);
    apply(calls);
    ASSERT_TRUE(store().checkpoint());
    EXPECT_EQ(value(store().stats()).rows, 5000U);
    EXPECT_EQ(all_rows(store()).size(), 5000U);
}

TEST_P(StoreSuite, ReadersSeeWholeBatches) {
    const auto calls = plausible_calls(2000, 9);
    std::atomic<bool> done = false;
    std::atomic<int> torn = 0;
    std::vector<std::jthread> readers;
    for (int i = 0; i < 3; ++i)
        readers.emplace_back([&] {
            while (!done) {
                const auto count = store().count({});
                if (!count || *count % 100 != 0) ++torn;
            }
        });
    for (std::size_t i = 0; i < calls.size(); i += 100) {
        std::vector<Change> batch;
        for (std::size_t j = i; j < i + 100; ++j) batch.push_back(upsert(calls[j], j + 1));
        apply(batch);
        if (i % 500 == 0) EXPECT_TRUE(store().checkpoint());
    }
    done = true;
    readers.clear();
    EXPECT_EQ(torn, 0);
    EXPECT_EQ(value(store().count({})), calls.size());
}

}  // namespace steno::store::conformance
