#include "store/answer_cache.hpp"

#include <gtest/gtest.h>

namespace steno::store {
namespace {

Hours days(std::initializer_list<std::int64_t> numbers) {
    Hours out;
    for (const std::int64_t day : numbers) out.add(Timestamp{day * kDay + 5, 0});
    return out;
}

Selection range(std::optional<std::int64_t> from, std::optional<std::int64_t> to) {
    Selection selection;
    if (from) selection.from = Timestamp{*from * kDay, 0};
    if (to) selection.to = Timestamp{*to * kDay, 0};
    return selection;
}

std::shared_ptr<const AggregateTable> answer(std::size_t groups) {
    auto table = std::make_shared<AggregateTable>();
    table->groups.resize(groups);
    return table;
}

TEST(AnswerCache, AnswersStayWhileTheirDaysDo) {
    AnswerCache cache;
    const std::string old = "old", recent = "recent", all = "all";
    const auto keep = [&](const std::string& question, const Selection& selection) {
        cache.keep(question, cache.version(selection), answer(1));
    };
    const auto there = [&](const std::string& question, const Selection& selection) {
        return cache.find(question, cache.version(selection)) != nullptr;
    };
    keep(old, range(10, 20));
    keep(recent, range(30, {}));
    keep(all, {});
    cache.changed(days({33}));
    EXPECT_TRUE(there(old, range(10, 20)));
    EXPECT_FALSE(there(recent, range(30, {})));
    EXPECT_FALSE(there(all, {}));
    keep(recent, range(30, {}));
    keep(all, {});
    Hours undated;
    undated.add(std::nullopt);
    cache.changed(undated);
    EXPECT_TRUE(there(recent, range(30, {})));
    EXPECT_FALSE(there(all, {}));
    cache.changed(days({-1, 19}));
    EXPECT_FALSE(there(old, range(10, 20)));
    cache.everything_changed();
    EXPECT_FALSE(there(recent, range(30, {})));
}

TEST(AnswerCache, AnAnswerComputedDuringAChangeIsNotKeptAsNewer) {
    AnswerCache cache;
    const std::string question = "q";
    const std::uint64_t before = cache.version({});
    cache.changed(days({1}));
    cache.keep(question, before, answer(1));
    EXPECT_EQ(cache.find(question, cache.version({})), nullptr);
    cache.keep(question, cache.version({}), answer(2));
    cache.keep(question, before, answer(1));  // a slow one, come late
    EXPECT_EQ(cache.find(question, cache.version({}))->groups.size(), 2U);
}

TEST(AnswerCache, OfAMomentItKnowsWhatIsStillAsItWas) {
    AnswerCache cache;
    const auto settled = [&](const Selection& selection, std::uint64_t then) {
        return cache.version(selection, then) != AnswerCache::kUnsettled;
    };
    cache.changed(days({10, 33}));
    const std::uint64_t then = cache.now();
    EXPECT_EQ(cache.version(range(30, 40), then), cache.version(range(30, 40)));
    cache.changed(days({12}));
    EXPECT_FALSE(settled(range(11, 13), then));
    EXPECT_FALSE(settled({}, then));
    EXPECT_TRUE(settled(range(11, 13), cache.now()));
    EXPECT_TRUE(settled(range(13, {}), then));
    const std::vector<Stretch> stretches = {{10 * kDay, 11 * kDay}, {12 * kDay, 13 * kDay}};
    const auto versions = cache.versions(stretches, then);
    EXPECT_EQ(versions[0], cache.version(range(10, 11)));
    EXPECT_EQ(versions[1], AnswerCache::kUnsettled);
    const std::uint64_t before = cache.now();
    Hours undated;
    undated.add(std::nullopt);
    cache.changed(undated);
    EXPECT_FALSE(settled({}, before));
    EXPECT_TRUE(settled(range({}, 40), before)) << "such calls lie in no range";
    cache.everything_changed();
    EXPECT_FALSE(settled(range(10, 11), before));
    EXPECT_TRUE(settled(range(10, 11), cache.now()));
}

TEST(AnswerCache, TellsQuestionsApart) {
    std::set<std::string> keys;
    AggregateQuery query;
    keys.insert(AnswerCache::key(query, {"q", {Value(std::string("1"))}}));
    keys.insert(AnswerCache::key(query, {"q", {Value(std::int64_t{1})}}));
    keys.insert(AnswerCache::key(query, {"q", {Value(std::string("1")), Value(std::string())}}));
    // The same two columns, read as one rate or as two numbers.
    query.measures = {make_measure("error_rate").value()};
    keys.insert(AnswerCache::key(query, {"q", {Value(std::string("1"))}}));
    query.measures = {make_measure("errors").value(), make_measure("calls").value()};
    keys.insert(AnswerCache::key(query, {"q", {Value(std::string("1"))}}));
    EXPECT_EQ(keys.size(), 5U);
}

TEST(AnswerCache, IsBounded) {
    AnswerCache cache;
    for (int i = 0; i < 400; ++i) cache.keep(std::to_string(i), 1, answer(1000));
    EXPECT_EQ(cache.find("0", 1), nullptr);
    EXPECT_NE(cache.find("399", 1), nullptr);
    cache.keep("large", 1, answer(AnswerCache::kMaxCells));
    EXPECT_EQ(cache.find("large", 1), nullptr);
    Hours many;
    for (std::int64_t hour = 0; hour <= static_cast<std::int64_t>(AnswerCache::kMaxHours); ++hour)
        many.hours.insert(hour);
    const auto before = cache.version(range(50'000, {}));
    cache.changed(many);
    EXPECT_NE(cache.version(range(50'000, {})), before) << "too many to tell apart: all count as changed";
}

}  // namespace
}  // namespace steno::store
