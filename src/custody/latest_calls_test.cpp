#include "custody/latest_calls.hpp"

#include "base/random.hpp"
#include "store/duckdb/duckdb_store.hpp"
#include "store/memory/memory_store.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace steno::custody {
namespace {

constexpr std::int64_t kHour = 3'600'000'000'000;
constexpr Timestamp kNow{1'000'000 * kHour};

/// Both stores must answer the same.
class LatestCallsTest : public testing::TestWithParam<bool> {
  protected:
    LatestCallsTest() {
        if (!GetParam()) return;
        store::DuckdbOptions options;
        options.folder = folder_;
        options.threads = 1;
        store_ = store::open_duckdb_store(options).value();
    }
    ~LatestCallsTest() override {
        store_.reset();
        std::filesystem::remove_all(folder_);
    }

    /// A call of a type that began so many hours ago.
    Uuid add(const std::string& type, std::optional<std::int64_t> hours_ago, Kind kind = Kind::Chat) {
        store::Upsert upsert;
        Call& call = upsert.row.call;
        call.id = Uuid::random(random_);
        call.kind = kind;
        call.prompt.type = type;
        call.privacy.withheld_by = "track_full_data";
        if (hours_ago) call.started_at = Timestamp{kNow.unix_nanos - *hours_ago * kHour};
        upsert.row.closed_at = {stream_, ++sequence_};
        changes_.emplace_back(upsert);
        return call.id;
    }
    void feed() {
        const store::Watermark mark{stream_, sequence_};
        EXPECT_TRUE(store_->apply(changes_, std::span(&mark, 1)));
        changes_.clear();
    }
    Uuid latest(const std::string& type, const store::Selection& among = {}) {
        feed();
        const auto found = latest_among(*store_, among, std::span(&type, 1), kNow);
        EXPECT_TRUE(found) << found.error().message;
        return found && found->contains(type) ? found->at(type).id : Uuid{};
    }

    std::string folder_ = testing::TempDir() + "steno-latest-" + Uuid::random(system_random()).to_string();
    SeededRandom random_{5};
    std::vector<store::Change> changes_;
    std::unique_ptr<store::CallStore> store_ = store::make_memory_store();
    Uuid stream_ = Uuid::named(Uuid{}, "stream");
    std::uint64_t sequence_ = 0;
};

TEST_P(LatestCallsTest, TheLatestIsTheAICallThatBeganLast) {
    add("page", 5);
    const Uuid last = add("page", 2);
    add("page", 3);
    add("page", 1, Kind::Function);
    add("other", 0);
    EXPECT_EQ(latest("page"), last);
    EXPECT_EQ(latest("none"), Uuid{});
}

TEST_P(LatestCallsTest, OfSeveralOfOneMomentOneIs) {
    std::vector<Uuid> ids;
    for (int i = 0; i < 20; ++i) ids.push_back(add("page", 2));
    EXPECT_EQ(latest("page"), std::ranges::max(ids));
    const auto calls = LatestCalls::read(*store_, kNow);
    ASSERT_TRUE(calls);
    EXPECT_EQ(std::ranges::count_if(ids, [&](const Uuid& id) { return calls->has(id); }), 1);
}

TEST_P(LatestCallsTest, WhatHasNoMomentOrOneFarAheadIsBehindAllOthers) {
    std::vector<Uuid> ids{add("page", std::nullopt), add("page", -1000), add("page", std::nullopt)};
    EXPECT_EQ(latest("page"), std::ranges::max(ids));
    const Uuid dated = add("page", 900);
    EXPECT_EQ(latest("page"), dated);
    const Uuid soon = add("page", -3);
    EXPECT_EQ(latest("page"), soon) << "clocks differ";
    EXPECT_LT(LatestCall::of(std::nullopt, ids[0], kNow), LatestCall::of(kNow, dated, kNow));
    EXPECT_EQ(LatestCall::of(Timestamp{kNow.unix_nanos + 25 * kHour}, dated, kNow),
              LatestCall::of(std::nullopt, dated, kNow));
}

TEST_P(LatestCallsTest, AmongSomeAnotherIs) {
    const Uuid first = add("page", 5);
    const Uuid second = add("page", 2);
    store::Selection gone;
    gone.closed_until = store::Position{stream_, 1};
    EXPECT_EQ(latest("page", gone), first);
    EXPECT_EQ(latest("page"), second);
}

TEST_P(LatestCallsTest, AnyNumberOfKindsIsGoneThrough) {
    std::map<std::string, Uuid> wanted;
    for (std::size_t i = 0; i < 2 * kTypesAtOnce + 5; ++i) {
        const std::string type = "made-of-" + std::to_string(i);
        add(type, 5);
        wanted[type] = add(type, i % 2 == 0 ? std::optional<std::int64_t>(4) : std::nullopt);
        if (i % 2 != 0) wanted[type] = add(type, 3);
    }
    feed();
    const auto calls = LatestCalls::read(*store_, kNow);
    ASSERT_TRUE(calls);
    std::set<std::string> names;
    for (std::string after;;) {
        const auto page = types_behind(*store_, {}, after);
        ASSERT_TRUE(page);
        if (page->empty()) break;
        EXPECT_LE(page->size(), kTypesAtOnce);
        names.insert(page->begin(), page->end());
        after = page->back();
    }
    EXPECT_EQ(names.size(), wanted.size());
    for (const auto& [type, id] : wanted) {
        EXPECT_TRUE(calls->has(id)) << type;
        EXPECT_FALSE(calls->is_superseded(type, Timestamp{kNow.unix_nanos}, id));
        EXPECT_TRUE(calls->is_superseded(type, Timestamp{kNow.unix_nanos - 9 * kHour}, id));
        EXPECT_TRUE(calls->is_superseded(type, std::nullopt, id));
    }
    EXPECT_FALSE(calls->is_superseded("none", std::nullopt, Uuid{}));
}

INSTANTIATE_TEST_SUITE_P(Stores, LatestCallsTest, testing::Bool(),
                         [](const auto& one) { return one.param ? "duckdb" : "memory"; });

}  // namespace
}  // namespace steno::custody
