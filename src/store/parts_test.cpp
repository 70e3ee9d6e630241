#include "store/parts.hpp"

#include "store/sql.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <set>
#include <string>

namespace steno::store {
namespace {

TEST(Stretches, ARangeIsCutIntoHoursDaysAndWhatIsLeft) {
    std::mt19937_64 random(1);
    for (int i = 0; i < 2000; ++i) {
        const auto begin = static_cast<std::int64_t>(random() % (60 * kDay)) - 30 * kDay;
        const std::int64_t end = begin + 1 + static_cast<std::int64_t>(random() % (10 * kDay));
        const CutTime pieces = cut({begin, end});
        std::vector<Stretch> all = pieces.whole;
        all.insert(all.end(), pieces.rest.begin(), pieces.rest.end());
        std::ranges::sort(all);
        ASSERT_EQ(all.front().begin, begin);
        ASSERT_EQ(all.back().end, end);
        for (std::size_t at = 1; at < all.size(); ++at) ASSERT_EQ(all[at - 1].end, all[at].begin);
        int hours = 0;
        for (const Stretch& stretch : pieces.whole) {
            const std::int64_t width = stretch.end - stretch.begin;
            ASSERT_TRUE(width == kHour || width == kDay);
            ASSERT_EQ(stretch.begin % width, 0);
            hours += width == kHour ? 1 : 0;
        }
        ASSERT_LE(hours, 46);
        ASSERT_LE(pieces.rest.size(), 2U);
    }
    EXPECT_TRUE(cut({5, 6}).whole.empty());
    EXPECT_EQ(cut({0, kDay}).whole, (std::vector<Stretch>{{0, kDay}}));
    EXPECT_TRUE(cut({0, kDay}).rest.empty());
}

TEST(RankedNumbers, RangesAreInTheOrderOfNumbers) {
    EXPECT_EQ(RankedNumbers::range_of(std::numeric_limits<std::int64_t>::min()), 0U);
    EXPECT_EQ(RankedNumbers::range_of(-1), 0U);
    EXPECT_EQ(RankedNumbers::range_of(0), 1U);
    EXPECT_LT(RankedNumbers::range_of(std::numeric_limits<std::int64_t>::max()), RankedNumbers::kRanges);
    std::size_t before = 1;
    for (std::int64_t number = 1; number < 100'000; ++number) {
        const std::size_t range = RankedNumbers::range_of(number);
        ASSERT_TRUE(range == before || range == before + 1) << number;
        before = range;
    }
    for (int bit = 4; bit < 63; ++bit) {
        const std::int64_t power = std::int64_t{1} << bit;
        EXPECT_EQ(RankedNumbers::range_of(power), RankedNumbers::range_of(power - 1) + 1) << bit;
    }
}

TEST(RankedNumbers, KeepsWhatItIsTold) {
    std::vector<std::int64_t> numbers;
    for (std::int64_t n = 0; n < 5000; ++n) numbers.push_back(n * 7);
    RankedNumbers ranked(numbers);
    std::uint64_t counted = 0;
    for (const auto& count : ranked.counts()) counted += count.numbers;
    EXPECT_EQ(counted, numbers.size());
    const auto range = static_cast<std::uint16_t>(RankedNumbers::range_of(7000));
    EXPECT_EQ(ranked.in(range), nullptr);
    std::vector<bool> wanted(RankedNumbers::kRanges);
    wanted[range] = true;
    ranked.keep(wanted);
    ASSERT_NE(ranked.in(range), nullptr);
    for (const std::int64_t number : *ranked.in(range)) EXPECT_EQ(RankedNumbers::range_of(number), range);
    EXPECT_EQ(ranked.in(static_cast<std::uint16_t>(range + 1)), nullptr);
}

TEST(Joining, DifferentValuesAreCountedOnceWhereverTheyAre) {
    AggregateQuery query;
    query.measures = {make_measure("distinct(trace.request_id)").value()};
    const PartQuery asked = PartQuery::of(query).value();
    std::mt19937_64 random(3);
    for (int round = 0; round < 300; ++round) {
        std::set<Fingerprint> all;
        const auto some = [&](std::uint64_t from) {
            std::set<Fingerprint> prints;
            for (std::uint64_t n = random() % 400; n > 0; --n) prints.insert({random() % from, random() % 2});
            all.insert(prints.begin(), prints.end());
            Part part;
            part.groups.emplace_back().told_apart = {{prints.begin(), prints.end()}};
            return part;
        };
        std::vector<Part> parts;
        for (std::uint64_t n = random() % 4; n > 0; --n) parts.push_back(some(500));
        Different different;
        for (int answer = 0; answer < 3; ++answer) {  // the second time it is known of those that stay
            const std::vector<Part> moving{some(700), some(50)};
            Joining joining(query, asked);
            for (const Part& part : parts) joining.add(part);
            for (const Part& part : moving) joining.add_moving(part);
            const AggregateTable table = joining.answer(different);
            EXPECT_EQ(table.groups.front().cells.front(), Cell(Value(static_cast<std::int64_t>(all.size()))));
            all.clear();
            for (const Part& part : parts)
                all.insert(part.groups[0].told_apart[0].begin(), part.groups[0].told_apart[0].end());
        }
    }
}

TEST(Literals, AreOnlyWhatCannotEndAString) {
    for (const char* text : {"", "gpt-4.1-mini", "a b_c", "2026-11-22T00:00:00Z", "user@example.org/1:2"})
        EXPECT_TRUE(sql::plain(text)) << text;
    for (const char* text :
         {"'", "a'b", "\"", "\\", "a;b", "a%", "$1", "a\nb", "\x01", "\xc3\xa9", "a--b;", "(", "*"})
        EXPECT_FALSE(sql::plain(text)) << text;
    EXPECT_FALSE(sql::plain(std::string_view("a\0b", 3)));
    EXPECT_FALSE(sql::plain(std::string(201, 'a')));
}

}  // namespace
}  // namespace steno::store
