#include "base/cancellation.hpp"
#include "base/random.hpp"
#include "store/cells.hpp"
#include "store/conformance/store_suite.hpp"
#include "store/memory/memory_store.hpp"

#include <fmt/format.h>

#include <atomic>
#include <future>
#include <random>
#include <thread>

// Snapshots: all that is asked of one is about the same calls, whatever is applied meanwhile.
namespace steno::store::conformance {
namespace {

AggregateQuery calls_by(std::string_view name) {
    AggregateQuery query;
    if (!name.empty()) query.group_by.push_back(field(name));
    query.measures = {value(make_measure("calls")), value(make_measure("sum(usage.input_tokens)")),
                      value(make_measure("duration_p95"))};
    query.limit = kMaxGroups;
    return query;
}

struct Sums {
    std::int64_t calls = 0;
    std::int64_t tokens = 0;
    friend bool operator==(const Sums&, const Sums&) = default;
};

Sums sums_of(CallQueries& calls, const AggregateQuery& query) {
    Sums sums;
    for (const auto& group : value(calls.aggregate(query)).groups) {
        sums.calls += count_in(group.cells[0]);
        sums.tokens += count_in(group.cells[1]);
    }
    return sums;
}

}  // namespace

TEST_P(StoreSuite, ASnapshotStaysAsItWas) {
    const auto calls = plausible_calls(1200, 71);
    std::mt19937_64 random(71);
    std::vector<AggregateQuery> queries;
    for (int i = 0; i < 20; ++i) queries.push_back(random_aggregate(random));
    NumberQuery numbers{{}, field("model.requested"), {"gpt-4o", "gemini-2.5-pro"}, {}, {}};
    numbers.numbers = {field("usage.input_tokens"), field("scores.quality")};
    CallQuery dearest;
    dearest.order = field("cost.total");
    dearest.limit = 7;
    auto oracle = make_memory_store();
    std::uint64_t sequence = 0;
    const auto to_both = [&](const auto& change) {
        for (CallStore* each : {store_.get(), oracle.get()}) ASSERT_TRUE(change(*each));
    };
    for (std::size_t i = 0; i < calls.size();) {
        std::vector<Change> batch;
        for (const std::size_t end = std::min(calls.size(), i + 400); i < end; ++i)
            batch.push_back(upsert(calls[i], ++sequence));
        to_both([&](CallStore& each) { return each.apply(batch, std::vector<Watermark>{at(sequence)}); });
        const auto snapshot = value(store().snapshot(2));
        const auto wanted = value(oracle->snapshot());
        ASSERT_NE(snapshot, nullptr);
        // What is asked of one state must not become the answer about the other.
        for (std::size_t k = 0; k < queries.size(); k += 2)
            expect_same(value(snapshot->aggregate(queries[k])), value(wanted->aggregate(queries[k])),
                        fmt::format("question {} before", k));

        std::vector<Change> later;
        for (int k = 0; k < 20; ++k) {
            Call late = calls[random() % i];
            late.usage.input_tokens = 7;
            late.started_at = Timestamp{
                1'760'000'000'000'000'000 + static_cast<std::int64_t>(random() % 7'000'000'000'000'000), 0};
            later.push_back(upsert(late, ++sequence, true));
        }
        to_both([&](CallStore& each) { return each.apply(later, std::vector<Watermark>{at(sequence)}); });
        const LostPayloads lost{at(0).stream, sequence / 4, sequence / 2, {}};
        to_both([&](CallStore& each) { return each.forget_payloads(std::span(&lost, 1)); });
        to_both([&](CallStore& each) { return each.forget(std::vector<Position>{at(sequence / 5)}); });

        for (std::size_t k = 0; k < queries.size(); ++k) {
            const std::string what = fmt::format("question {} with {} calls", k, i);
            const auto now = value(oracle->aggregate(queries[k]));
            if (k % 3 == 0) expect_same(value(store().aggregate(queries[k])), now, what + ", now");
            expect_same(value(snapshot->aggregate(queries[k])), value(wanted->aggregate(queries[k])),
                        what + ", then");
            expect_same(value(store().aggregate(queries[k])), now, what + ", now again");
            const Selection& selection = queries[k].selection;
            EXPECT_EQ(value(snapshot->count(selection)), value(wanted->count(selection))) << what;
            dearest.selection = selection;
            EXPECT_TRUE(value(snapshot->find(dearest)).rows == value(wanted->find(dearest)).rows) << what;
            CallQuery all;
            all.selection = selection;
            all.limit = 100;
            EXPECT_TRUE(value(snapshot->positions(all)) == value(wanted->positions(all))) << what;
        }
        EXPECT_TRUE(all_rows(*snapshot) == all_rows(*wanted));
        EXPECT_TRUE(numbers_of(*snapshot, numbers) == numbers_of(*wanted, numbers));
        const Uuid& replaced = std::get<Upsert>(later.front()).row.call.id;
        EXPECT_TRUE(value(snapshot->get(replaced)) == value(wanted->get(replaced)));
    }
}

TEST_P(StoreSuite, GroupsAddUpWhileCallsComeAndChange) {
    const auto calls = plausible_calls(4000, 72);
    apply(std::vector<Call>(calls.begin(), calls.begin() + 1500));
    std::atomic<bool> done = false;
    std::jthread writer([&] {
        std::mt19937_64 random(72);
        std::uint64_t sequence = 10'000;
        for (std::size_t i = 1500; i < calls.size();) {
            std::vector<Change> batch;
            for (const std::size_t end = std::min(calls.size(), i + 1 + random() % 60); i < end; ++i)
                batch.push_back(upsert(calls[i], ++sequence));
            for (int k = 0; k < 5; ++k) {  // moves to another model
                Call late = calls[random() % i];
                late.model.requested = fmt::format("model-{}", random() % 9);
                batch.push_back(upsert(late, ++sequence, true));
            }
            EXPECT_TRUE(store().apply(batch, std::vector<Watermark>{at(sequence)}));
            if (random() % 10 == 0) EXPECT_TRUE(store().checkpoint());
        }
        done = true;
    });
    std::vector<std::jthread> readers;
    for (int reader = 0; reader < 3; ++reader) {
        readers.emplace_back([&] {
            std::int64_t most = 0;
            do {
                const auto snapshot = value(store().snapshot(3));
                ASSERT_NE(snapshot, nullptr);
                const auto asked = [&](std::string_view by) {
                    return std::async(std::launch::async,
                                      [&, by] { return sums_of(*snapshot, calls_by(by)); });
                };
                auto by_model = asked("model.requested"), by_status = asked("status");
                const Sums all = sums_of(*snapshot, calls_by(""));
                EXPECT_EQ(by_model.get(), all);
                EXPECT_EQ(by_status.get(), all);
                EXPECT_EQ(value(snapshot->count({})), static_cast<std::uint64_t>(all.calls));
                EXPECT_EQ(all_rows(*snapshot).size(), static_cast<std::size_t>(all.calls));
                EXPECT_GE(all.calls, most) << "calls that were there are gone";
                most = all.calls;
            } while (!done);
            EXPECT_GT(most, 0);
        });
    }
}

TEST_P(StoreSuite, WhoGoesAwayLeavesNothingBehind) {
    apply(plausible_calls(300, 74));
    for (int round = 0; round < 100; ++round) {
        Cancellation cancellation;
        const Cancellation::Scope client(cancellation);
        const auto snapshot = value(store().snapshot(2));
        ASSERT_NE(snapshot, nullptr);
        std::jthread leaves([&] {
            for (int k = 0; k < round % 7; ++k) std::this_thread::yield();
            cancellation.cancel();
        });
        for (const char* by : {"model.requested", "status", "who.user_id"}) {
            const auto answer = snapshot->aggregate(calls_by(by));
            if (!answer) EXPECT_EQ(answer.error().code, Code::Cancelled) << answer.error().message;
        }
        leaves.join();
        // Somebody else goes before anything was asked.
        const auto unasked = store().snapshot(2);
        if (!unasked) EXPECT_EQ(unasked.error().code, Code::Cancelled) << unasked.error().message;
        apply(plausible_calls(1, 75 + static_cast<unsigned>(round)));
    }
    const auto snapshot = value(store().snapshot(CallStore::kMostAtOnce));
    ASSERT_NE(snapshot, nullptr);
    EXPECT_EQ(sums_of(*snapshot, calls_by("status")), sums_of(*snapshot, calls_by("")));
}

TEST_P(StoreSuite, NoCallIsMissedWhileTheLogIsFoldedIn) {
    const auto calls = plausible_calls(6000, 72);
    std::uint64_t sequence = 0;
    std::vector<Change> first;
    for (std::size_t i = 0; i < 1200; ++i) first.push_back(upsert(calls[i], ++sequence));
    ASSERT_TRUE(store().apply(first, std::vector<Watermark>{at(sequence)}));
    std::atomic<bool> done = false;
    std::jthread writer([&] {
        std::mt19937_64 random(72);
        std::size_t i = first.size();
        for (int round = 0; round < 300; ++round) {
            std::vector<Change> batch;
            for (const std::size_t end = i + 1 + random() % 20; i < end; ++i)
                batch.push_back(upsert(calls[i], ++sequence));
            for (int k = 0; k < 5; ++k) batch.push_back(upsert(calls[random() % i], ++sequence, true));
            EXPECT_TRUE(store().apply(batch, std::vector<Watermark>{at(sequence)}));
            if (random() % 3 == 0) static_cast<void>(store().checkpoint());
        }
        done = true;
    });
    CallQuery all;
    all.limit = kMaxPositions;
    std::vector<std::jthread> readers;
    for (int reader = 0; reader < 3; ++reader) {
        readers.emplace_back([&] {
            while (!done) {
                const auto snapshot = value(store().snapshot());
                ASSERT_NE(snapshot, nullptr);
                const std::size_t there = value(snapshot->positions(all)).size();
                for (int again = 0; again < 10; ++again)
                    EXPECT_EQ(value(snapshot->positions(all)).size(), there);
            }
        });
    }
}

TEST_P(StoreSuite, AsManySnapshotsAsAnybodyNeeds) {
    apply(plausible_calls(50, 73));
    for (int round = 0; round < 100; ++round) {
        const auto one = value(store().snapshot(CallStore::kMostAtOnce));
        const auto other = value(store().snapshot(1000));
        ASSERT_TRUE(one && other);
        EXPECT_EQ(value(one->count({})), 50U);
        EXPECT_EQ(value(other->count({})), 50U);
    }
}

}  // namespace steno::store::conformance
