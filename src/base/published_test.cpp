#include "base/published.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <latch>
#include <memory>
#include <set>
#include <thread>
#include <vector>

namespace steno {
namespace {

using Number = Published<int>;

std::shared_ptr<const int> number(int value) {
    return std::make_shared<const int>(value);
}

/// What each of so many new threads gets: more than there are desks.
std::vector<int> asked_by_threads(const Number& published) {
    std::vector<int> got(40);
    std::vector<std::jthread> threads;
    for (int& one : got) threads.emplace_back([&published, &one] { one = *published.now(); });
    threads.clear();
    return got;
}

TEST(Published, ThreadsHaveDesksOfTheirOwnAndGiveThemBack) {
    const std::size_t own = desk_of_this_thread();
    for (std::size_t i = 0; i < 3 * kDesks; ++i)
        std::jthread([&] { EXPECT_NE(desk_of_this_thread(), own); });  // it has ended by now
    std::array<std::size_t, kDesks> desks{};
    std::latch all_sit(kDesks);
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 1; i < kDesks; ++i)
            threads.emplace_back([&, i] {
                desks[i] = desk_of_this_thread();
                all_sit.arrive_and_wait();
            });
        desks[0] = own;
        all_sit.arrive_and_wait();
    }
    EXPECT_EQ(std::set(desks.begin(), desks.end()).size(), kDesks);
}

TEST(Published, WhatWasReplacedLivesAsLongAsSomebodyKeepsIt) {
    auto first = number(1);
    const std::weak_ptr<const int> life = first;
    Number published(std::move(first));
    auto kept = published.now();
    auto kept_too = published.now();
    published.use(number(2));
    EXPECT_EQ(*published.now(), 2);
    EXPECT_EQ(*kept, 1);
    kept.reset();
    EXPECT_EQ(*kept_too, 1);
    EXPECT_FALSE(life.expired());
    kept_too.reset();
    EXPECT_TRUE(life.expired());
}

TEST(Published, EveryThreadGetsWhatHolds) {
    Number published(number(1));
    EXPECT_EQ(std::ranges::count(asked_by_threads(published), 1), 40);
    published.use(number(2));
    EXPECT_EQ(std::ranges::count(asked_by_threads(published), 2), 40);
}

TEST(Published, OnceOneThreadHasGotTheNewValueNobodyGetsTheOldOne) {
    constexpr int kLast = 2000;
    Number published(number(0));
    std::atomic<int> newest = 0;  // that any thread has got
    std::atomic<int> went_back = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                for (int got = 0; got < kLast;) {
                    int before = newest;
                    got = *published.now();
                    if (got < before) ++went_back;
                    while (before < got && !newest.compare_exchange_weak(before, got)) {
                    }
                }
            });
        }
        for (int i = 1; i <= kLast; ++i) published.use(number(i));
    }
    EXPECT_EQ(went_back, 0);
}

TEST(Published, TwoWhoReplaceItDoNotLeaveBothValues) {
    Number published(number(0));
    for (int round = 0; round < 20; ++round) {
        {
            const std::jthread one([&] { published.use(number(1)); });
            const std::jthread other([&] { published.use(number(2)); });
        }
        const std::vector<int> got = asked_by_threads(published);
        EXPECT_EQ(std::ranges::count(got, got.front()), 40);
    }
}

}  // namespace
}  // namespace steno
