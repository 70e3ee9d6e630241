// What becomes of calls when all is not well between a program and its server.

#include "client/delivery.hpp"

#include "client/server_for_test.hpp"
#include "client/tracker.hpp"
#include "client/transport.hpp"
#include "steno/steno.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <latch>
#include <memory>
#include <set>
#include <sys/wait.h>
#include <thread>
#include <utility>
#include <vector>

namespace steno {
namespace {

using client::ScriptedServer;

class Delivered : public testing::Test {
  protected:
    void SetUp() override {
        folder_ =
            std::filesystem::path(testing::TempDir()) / ("steno-delivery-" + std::to_string(::getpid()));
        std::filesystem::remove_all(folder_);
        options_.spool_folder = folder_;
        options_.interval = std::chrono::milliseconds{1};
    }
    void TearDown() override {
        stop_tracking(std::chrono::milliseconds{0});
        std::filesystem::remove_all(folder_);
    }
    void start(const std::string& server) {
        options_.server = server;
        start_tracking(options_);
    }
    static std::string record(int number) {
        AiCall call("p", "m" + std::to_string(number));
        std::string id = call.id();
        call.output("answer");
        return id;
    }
    /// So many calls with answers of 4 KB, each as soon as there is a quarter of the memory for it. False:
    /// there was not.
    bool record_as_there_is_room(int calls) const {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{8};  // the server has 10
        const std::string answer(4096, 'x');
        for (int i = 0; i < calls; ++i) {
            while (tracking_stats().waiting_bytes > options_.max_memory_bytes / 4 * 3) {
                if (std::chrono::steady_clock::now() > end) return false;
                std::this_thread::yield();
            }
            AiCall("p", "m").output(answer);
        }
        return true;
    }
    std::size_t files() {
        std::error_code missing;
        const std::filesystem::directory_iterator all(folder_, missing);
        return missing ? 0 : static_cast<std::size_t>(std::distance(begin(all), end(all)));
    }

    TrackingOptions options_;
    std::filesystem::path folder_;
};

TEST_F(Delivered, AllThatManyThreadsSay) {
    ScriptedServer server([](const auto&) { return 200; });
    start(server.url);
    constexpr int kThreads = 8;
    constexpr int kCalls = 2000;
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
        threads.emplace_back([] {
            for (int call = 0; call < kCalls; ++call) record(call);
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_TRUE(flush(std::chrono::minutes{2}));
    EXPECT_EQ(server.taken().size(), static_cast<std::size_t>(kThreads * kCalls));
    const TrackingStats stats = tracking_stats();
    EXPECT_EQ(stats.ended, stats.delivered);
    EXPECT_EQ(stats.dropped, 0U);
    EXPECT_EQ(stats.waiting_bytes, 0U);
    EXPECT_EQ(files(), 0U);
}

TEST_F(Delivered, LaterIfTheServerIsAway) {
    std::atomic<int> status{503};
    ScriptedServer server([&](const auto&) { return status.load(); });
    start(server.url);
    std::set<std::string> ids;
    for (int i = 0; i < 100; ++i) ids.insert(record(i));
    do {
        EXPECT_FALSE(flush(std::chrono::milliseconds{300}));
    } while (files() == 0);
    EXPECT_NE(last_tracking_error().find("503"), std::string::npos);
    status = 0;  // hangs up
    ids.insert(record(100));
    EXPECT_FALSE(flush(std::chrono::milliseconds{300}));
    status = 200;
    EXPECT_TRUE(flush(std::chrono::minutes{2}));
    std::set<std::string> taken;
    for (const auto& [id, call] : server.taken()) taken.insert(id.to_string());
    EXPECT_EQ(taken, ids);
    EXPECT_EQ(tracking_stats().dropped, 0U);
    EXPECT_EQ(last_tracking_error(), "");
    EXPECT_EQ(files(), 0U);
}

TEST_F(Delivered, NobodyWaitsForWhoDoesNotListen) {
    start("http://127.0.0.1:1");
    record(1);
    EXPECT_FALSE(flush(std::chrono::hours{1}));  // on disk, and no end in sight
    EXPECT_EQ(tracking_stats().spooled, 1U);
    EXPECT_NE(last_tracking_error().find("steno serve"), std::string::npos);
    ScriptedServer locked([](const auto&) { return 401; });
    start(locked.url);
    record(2);
    EXPECT_FALSE(flush(std::chrono::hours{1}));  // as long as it has another key
    EXPECT_NE(last_tracking_error().find("STENO_API_KEY"), std::string::npos);
    ScriptedServer other([](const auto&) { return 404; });
    start(other.url);
    record(3);
    EXPECT_FALSE(flush(std::chrono::hours{1}));
    EXPECT_NE(last_tracking_error().find("another program"), std::string::npos);
    options_.max_spool_bytes = 0;
    start("http://127.0.0.1:1");
    record(4);
    EXPECT_FALSE(flush(std::chrono::milliseconds{300}));  // in memory alone: there is something to wait for
    EXPECT_EQ(tracking_stats().spooled, 0U);
}

TEST_F(Delivered, ByTheNextProgramIfThisOneEnds) {
    start("http://127.0.0.1:1");
    std::set<std::string> ids;
    for (int i = 0; i < 10; ++i) ids.insert(record(i));
    stop_tracking(std::chrono::milliseconds{0});
    EXPECT_EQ(tracking_stats().spooled, 10U);
    ScriptedServer server([](const auto&) { return 200; });
    start(server.url);
    ids.insert(record(10));
    EXPECT_TRUE(flush(std::chrono::minutes{2}));
    EXPECT_EQ(server.taken().size(), ids.size());
    EXPECT_EQ(files(), 0U);
}

TEST_F(Delivered, AgainWhenTheAcknowledgementIsLost) {
    std::atomic<bool> first{true};
    ScriptedServer server([&](const auto&) { return first.exchange(false) ? 0 : 200; });
    start(server.url);
    const std::string id = record(1);
    EXPECT_TRUE(flush(std::chrono::minutes{2}));
    ASSERT_EQ(server.taken().size(), 1U);
    EXPECT_EQ(server.taken().begin()->first.to_string(), id);
    EXPECT_EQ(tracking_stats().delivered, 1U);
}

TEST_F(Delivered, NotWhatNoServerWillEverTake) {
    ScriptedServer server([](const auto&) { return 400; });
    start(server.url);
    record(1);
    EXPECT_TRUE(flush(std::chrono::minutes{2}));
    EXPECT_EQ(tracking_stats().rejected, 1U);
    EXPECT_NE(last_tracking_error().find("as the script says"), std::string::npos);
    EXPECT_EQ(files(), 0U);
}

TEST_F(Delivered, OnlyByWhatAccountsForEachCall) {
    std::atomic<int> status{ScriptedServer::kNotSteno};
    ScriptedServer server([&](const auto&) { return status.load(); });
    start(server.url);
    const std::string id = record(1);
    EXPECT_FALSE(flush(std::chrono::milliseconds{300}));
    EXPECT_NE(last_tracking_error().find("another program"), std::string::npos);
    EXPECT_EQ(tracking_stats().spooled, 1U);
    status = 200;
    EXPECT_TRUE(flush(std::chrono::minutes{2}));
    EXPECT_EQ(server.taken().begin()->first.to_string(), id);
}

TEST_F(Delivered, AServerThatIsAwayIsLeftAlone) {
    std::atomic<int> asked{0};
    ScriptedServer server([&](const auto&) { return ++asked, 503; });
    start(server.url);
    record(1);
    EXPECT_FALSE(flush(std::chrono::milliseconds{500}));
    EXPECT_LE(asked, 10);  // pauses of 100 ms and more
}

TEST_F(Delivered, WhatOthersPutIntoTheSpoolFolderHarmsNobody) {
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ / "0-huge.spool");
    std::filesystem::resize_file(folder_ / "0-huge.spool", std::uintmax_t{1} << 40);  // takes no room
    std::ofstream(folder_ / "1-nonsense.spool") << "nothing that is a delivery";
    std::filesystem::create_symlink("/dev/zero", folder_ / "2-endless.spool");
    ScriptedServer server([](const auto&) { return 200; });
    start(server.url);
    record(1);
    EXPECT_TRUE(flush(std::chrono::minutes{2}));
    EXPECT_EQ(server.taken().size(), 1U);
    EXPECT_TRUE(std::filesystem::exists(folder_ / "0-huge.spool.broken"));
    EXPECT_TRUE(std::filesystem::exists(folder_ / "1-nonsense.spool.broken"));
}

TEST_F(Delivered, TheEndWaitsForNoServer) {
    std::latch asked(1);
    std::latch end(1);
    ScriptedServer server([&](const auto&) {
        asked.count_down();
        end.wait();  // it hangs until the end is over
        return 0;
    });
    start(server.url);
    record(1);
    asked.wait();
    const auto begun = std::chrono::steady_clock::now();
    stop_tracking(std::chrono::milliseconds{50});
    // The server would have been waited for 10 s.
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds{8});
    EXPECT_EQ(tracking_stats().spooled, 1U);
    end.count_down();
}

TEST_F(Delivered, ByWayOfTheDiskIfTheServerIsSlow) {
    std::latch asked(1);
    std::latch end(1);
    std::atomic<std::size_t> taken{0};
    ScriptedServer server([&](const auto& calls) {
        if (!asked.try_wait()) asked.count_down();
        end.wait();
        taken += calls.size();
        return 200;
    });
    options_.max_memory_bytes = 1u << 20;
    start(server.url);
    record(1);
    asked.wait();
    constexpr int kCalls = 1024;  // four times the memory
    EXPECT_TRUE(record_as_there_is_room(kCalls));
    EXPECT_GE(tracking_stats().spooled, kCalls / 4U);
    EXPECT_EQ(tracking_stats().delivered, 0U);
    end.count_down();
    EXPECT_TRUE(flush(std::chrono::minutes{2}));
    EXPECT_EQ(taken, kCalls + 1U);  // each once
    EXPECT_EQ(server.taken().size(), kCalls + 1U);
    const TrackingStats stats = tracking_stats();
    EXPECT_EQ(stats.delivered, kCalls + 1U);
    EXPECT_EQ(stats.dropped, 0U);
    EXPECT_EQ(stats.waiting_bytes, 0U);
    EXPECT_EQ(files(), 0U);
}

TEST_F(Delivered, AllButWhatFoundNoRoomInMemoryNorOnDisk) {
    std::latch asked(1);
    std::latch end(1);
    ScriptedServer server([&](const auto&) {
        if (!asked.try_wait()) asked.count_down();
        end.wait();
        return 200;
    });
    options_.max_memory_bytes = 1u << 20;
    options_.max_spool_bytes = 100u << 10;
    start(server.url);
    record(1);
    asked.wait();
    constexpr int kCalls = 1024;
    const std::string answer(4096, 'x');
    for (int i = 0; i < kCalls; ++i) AiCall("p", "m").output(answer);
    // The disk takes what it may to the last call that fits, and no more.
    while (tracking_stats().spooled < 20) std::this_thread::yield();
    EXPECT_FALSE(flush(std::chrono::milliseconds{1}));
    EXPECT_LT(tracking_stats().spooled, 25U);
    end.count_down();
    EXPECT_TRUE(flush(std::chrono::minutes{2}));
    const TrackingStats stats = tracking_stats();
    EXPECT_GT(stats.dropped, 0U);
    EXPECT_EQ(stats.ended, kCalls + 1U);
    EXPECT_EQ(server.taken().size(), stats.ended - stats.dropped);
    EXPECT_EQ(stats.waiting_bytes, 0U);
    EXPECT_EQ(files(), 0U);
}

TEST_F(Delivered, FromMemoryIfTheDiskIsFull) {
    std::atomic<int> status{503};
    ScriptedServer server([&](const auto&) { return status.load(); });
    options_.max_spool_bytes = 1000;
    start(server.url);
    for (int i = 0; i < 100; ++i) record(i);
    EXPECT_FALSE(flush(std::chrono::milliseconds{300}));
    EXPECT_GT(tracking_stats().waiting_bytes, 0U);
    status = 200;
    EXPECT_TRUE(flush(std::chrono::minutes{2}));
    EXPECT_EQ(server.taken().size(), 100U);
    EXPECT_EQ(tracking_stats().dropped, 0U);
    EXPECT_EQ(tracking_stats().delivered, 100U);
}

TEST_F(Delivered, TheEndLeavesAllOnDiskIfTheServerHangs) {
    std::latch asked(1);
    std::latch end(1);
    ScriptedServer hanging([&](const auto&) {
        if (!asked.try_wait()) asked.count_down();
        end.wait();
        return 0;
    });
    options_.max_memory_bytes = 1u << 20;
    start(hanging.url);
    record(1);
    asked.wait();
    constexpr int kCalls = 1024;
    EXPECT_TRUE(record_as_there_is_room(kCalls));
    const auto begun = std::chrono::steady_clock::now();
    stop_tracking(std::chrono::milliseconds{50});
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds{8});
    EXPECT_EQ(tracking_stats().spooled, kCalls + 1U);
    EXPECT_EQ(tracking_stats().dropped, 0U);
    EXPECT_EQ(tracking_stats().waiting_bytes, 0U);
    end.count_down();
    ScriptedServer server([](const auto&) { return 200; });
    start(server.url);
    record(2);
    EXPECT_TRUE(flush(std::chrono::minutes{2}));
    EXPECT_EQ(server.taken().size(), kCalls + 2U);
}

TEST_F(Delivered, WhatIsDurableNeedsNoMemory) {
    std::latch end(1);
    ScriptedServer server([&](const auto&) {
        end.wait();
        return 200;
    });
    options_.durable = true;
    options_.max_memory_bytes = 1;
    start(server.url);
    for (int i = 0; i < 100; ++i) record(i);
    EXPECT_EQ(tracking_stats().spooled, 100U);  // each before its `end` returned
    end.count_down();
    EXPECT_TRUE(flush(std::chrono::minutes{2}));
    EXPECT_EQ(server.taken().size(), 100U);
    EXPECT_EQ(tracking_stats().dropped, 0U);
}

TEST_F(Delivered, NothingIsWaitedForOnceItWasGivenUp) {
    std::latch end(1);
    ScriptedServer server([&](const auto&) {
        end.wait();
        return 0;
    });
    auto transport = client::Transport::to(server.url, {});
    ASSERT_TRUE(transport);
    (*transport)->cancel();
    const std::string body(kDeliveryHead);
    std::promise<Result<client::Receipt>> answer;
    (*transport)->deliver(body, 0, std::chrono::hours{1}, [&](Result<client::Receipt> received) {
        answer.set_value(std::move(received));
    });
    const auto receipt = answer.get_future().get();
    end.count_down();
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().code, Code::Cancelled);
}

TEST_F(Delivered, InHalvesWhatIsTooMuchAtOnce) {
    ScriptedServer server([](const auto& calls) { return calls.size() > 3 ? 413 : 200; });
    options_.interval = std::chrono::hours{1};
    start(server.url);
    for (int i = 0; i < 20; ++i) record(i);
    EXPECT_TRUE(flush(std::chrono::minutes{2}));
    EXPECT_EQ(server.taken().size(), 20U);
    EXPECT_EQ(tracking_stats().delivered, 20U);
}

TEST_F(Delivered, WithinTheBoundsOfMemoryAndDisk) {
    options_.max_memory_bytes = 1;
    options_.max_spool_bytes = 10;
    start("http://127.0.0.1:1");
    record(1);
    EXPECT_EQ(tracking_stats().dropped, 1U);
    options_.max_memory_bytes = 64u << 20;
    options_.max_spool_bytes = 500;
    start("http://127.0.0.1:1");
    for (int i = 0; i < 100; ++i) {
        record(i);
        flush(std::chrono::milliseconds{1});
    }
    stop_tracking(std::chrono::milliseconds{0});
    const TrackingStats stats = tracking_stats();
    EXPECT_GT(stats.spooled, 0U);
    EXPECT_GT(stats.dropped, 0U);
    EXPECT_EQ(stats.spooled + stats.dropped, 100U);
}

TEST_F(Delivered, ThoughItIsLargerThanTheMemoryIfTheDiskHasRoom) {
    ScriptedServer server([](const auto&) { return 200; });
    options_.max_memory_bytes = 1u << 20;
    start(server.url);
    AiCall("p", "m").output(std::string(3u << 20, 'x'));
    EXPECT_EQ(tracking_stats().spooled, 1U);  // before its `end` returned
    record(1);
    EXPECT_TRUE(flush(std::chrono::minutes{2}));
    EXPECT_EQ(server.taken().size(), 2U);
    EXPECT_EQ(tracking_stats().dropped, 0U);
    EXPECT_EQ(files(), 0U);
}

TEST_F(Delivered, NotAtAllWhereNobodyAskedForIt) {
    ::unsetenv("STENO_SERVER");
    client::Tracker::set_default_server_for_test("http://127.0.0.1:1");  // nobody is there
    start({});
    record(1);
    EXPECT_FALSE(flush(std::chrono::seconds{60}));
    EXPECT_EQ(tracking_stats().dropped, 1U);
    EXPECT_FALSE(tracking());
    EXPECT_EQ(files(), 0U);
    const ScriptedServer server([](const auto&) { return 200; });
    client::Tracker::set_default_server_for_test(server.url.c_str());
    start({});
    record(1);
    EXPECT_TRUE(flush(std::chrono::minutes{2}));
    EXPECT_EQ(tracking_stats().delivered, 1U);
}

TEST_F(Delivered, TheProgramsSignalsAreItsOwn) {
    ASSERT_NE(std::signal(SIGPIPE, SIG_DFL), SIG_ERR);
    std::atomic<int> status{0};  // hangs up
    ScriptedServer server([&](const auto&) { return status.load(); });
    start(server.url);
    for (int i = 0; i < 10; ++i) {
        record(i);
        flush(std::chrono::milliseconds{20});
    }
    status = 200;
    EXPECT_TRUE(flush(std::chrono::minutes{2}));
    EXPECT_EQ(std::signal(SIGPIPE, SIG_DFL), SIG_DFL);
}

TEST_F(Delivered, ItsThreadsTakeNoSignals) {
    const auto threads = [] {
        std::set<std::string> all;
        for (const auto& task : std::filesystem::directory_iterator("/proc/self/task"))
            all.insert(task.path());
        return all;
    };
    ScriptedServer server([](const auto&) { return 200; });
    const auto before = threads();
    start(server.url);
    std::size_t own = 0;
    for (const std::string& thread : threads()) {
        if (before.contains(thread)) continue;
        ++own;
        std::ifstream status(thread + "/status");
        std::string line;
        while (std::getline(status, line) && !line.starts_with("SigBlk:")) {
        }
        ASSERT_TRUE(line.starts_with("SigBlk:"));
        const auto blocked = std::stoull(line.substr(7), nullptr, 16);
        for (const int signal : {SIGTERM, SIGINT, SIGCHLD, SIGUSR1})
            EXPECT_NE(blocked >> (signal - 1) & 1, 0u);
    }
    EXPECT_GT(own, 0u);
    sigset_t mine;
    ASSERT_EQ(pthread_sigmask(SIG_BLOCK, nullptr, &mine), 0);
    EXPECT_EQ(sigismember(&mine, SIGTERM), 0);
}

TEST_F(Delivered, BeginningAgainLeavesNothingBehind) {
    const auto count = [](const char* what) {
        return std::distance(std::filesystem::directory_iterator(what),
                             std::filesystem::directory_iterator());
    };
    ScriptedServer server([](const auto&) { return 200; });
    start(server.url);
    const auto threads = count("/proc/self/task");
    const auto descriptors = count("/proc/self/fd");
    for (int i = 0; i < 20; ++i) start("http://127.0.0.1:1");
    start(server.url);
    EXPECT_EQ(count("/proc/self/task"), threads);
    EXPECT_EQ(count("/proc/self/fd"), descriptors);
}

TEST_F(Delivered, ABeginningIsNoGapForOthers) {
    ScriptedServer server([](const auto&) { return 200; });
    start(server.url);
    std::atomic<bool> end{false};
    std::atomic<bool> gap{false};
    std::thread other([&] {
        while (!end) {
            if (!tracking()) gap = true;
        }
    });
    for (int i = 0; i < 20; ++i) start(server.url);
    end = true;
    other.join();
    EXPECT_FALSE(gap);
}

TEST_F(Delivered, EachCallThatEndsIsCounted) {
    ScriptedServer server([](const auto&) { return 200; });
    for (int round = 0; round < 50; ++round) {
        start(server.url);
        const TrackingStats before = tracking_stats();
        std::vector<std::thread> threads;
        std::atomic<bool> end{false};
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                while (!end) record(1);
            });
        }
        while (tracking_stats().ended == before.ended) std::this_thread::yield();
        stop_tracking(std::chrono::milliseconds{0});
        end = true;
        for (std::thread& thread : threads) thread.join();
        const TrackingStats stats = tracking_stats();
        EXPECT_EQ(stats.ended, stats.delivered + stats.spooled + stats.rejected + stats.dropped);
        EXPECT_EQ(stats.waiting_bytes, 0U);
        std::filesystem::remove_all(folder_);
    }
}

TEST_F(Delivered, MemoryThatIsKeptIsBounded) {
    options_.max_memory_bytes = 1u << 20;
    options_.server = "http://127.0.0.1:1";
    options_.interval = std::chrono::hours{1};
    client::Delivery delivery(options_, true);
    std::vector<CallScope::Draft*> drafts;
    for (int i = 0; i < 1000; ++i) {
        drafts.push_back(new CallScope::Draft);
        drafts.back()->header.assign(2000, 'x');
    }
    for (CallScope::Draft* const draft : drafts) delivery.push(draft);
    while (delivery.stats().spooled + delivery.stats().dropped < drafts.size())
        delivery.flush(std::chrono::milliseconds{10});
    // An eighth of it, and what a thread has at hand.
    EXPECT_LE(delivery.pool().bytes(), 128u << 10);
    EXPECT_GT(delivery.pool().bytes(), 96u << 10);
    const std::uint64_t before = delivery.pool().bytes();
    CallScope::Draft* const draft = delivery.pool().take();
    EXPECT_GT(delivery.pool().bytes(), before / 4);  // one thread takes a few
    delete draft;
}

TEST(DraftsAtHand, AreBounded) {
    // A thread of its own, which has none yet, in every way that it comes by them.
    std::thread([] {
        client::DraftPool pool(64u << 20);
        for (const std::size_t size : {std::size_t{3}, std::size_t{3000}, std::size_t{60'000}}) {
            const auto filled = [&] {
                auto* const draft = new CallScope::Draft;
                for (std::string* const text : {&draft->header, &draft->messages, &draft->answer})
                    text->assign(size, 'x');
                return draft;
            };
            for (int i = 0; i < 2000; ++i) {
                client::DraftPool::put_at_hand(filled());
                ASSERT_LE(client::DraftPool::bytes_at_hand(), client::DraftPool::kAtHandBytes);
            }
            EXPECT_GT(client::DraftPool::bytes_at_hand(), client::DraftPool::kAtHandBytes / 4);
            CallScope::Draft* chain = nullptr;
            for (int i = 0; i < 50; ++i) {
                CallScope::Draft* const draft = filled();
                draft->next = std::exchange(chain, draft);
            }
            pool.give(chain);
            const std::uint64_t kept = pool.bytes();
            EXPECT_GT(kept, 50 * size);
            std::vector<CallScope::Draft*> taken;
            while (pool.bytes() != 0) {
                taken.push_back(pool.take());
                ASSERT_LE(client::DraftPool::bytes_at_hand(), client::DraftPool::kAtHandBytes);
            }
            while (client::DraftPool::bytes_at_hand() != 0) taken.push_back(pool.take());
            EXPECT_GE(taken.size(), 50U);
            for (CallScope::Draft* const draft : taken) delete draft;
        }
        // One that is larger than all of it is kept nowhere.
        auto* const large = new CallScope::Draft;
        for (std::string* const text :
             {&large->header, &large->messages, &large->answer, &large->request, &large->response})
            text->assign(60'000, 'x');
        pool.give(large);
        EXPECT_EQ(pool.bytes(), 0U);
    }).join();
}

TEST_F(Delivered, AChildAfterForkDeliversItsOwn) {
    ScriptedServer server([](const auto&) { return 200; });
    start(server.url);
    const std::string parents = record(1);
    const pid_t child = ::fork();
    if (child == 0) {
        const std::string mine = record(2);
        const bool delivered =
            flush(std::chrono::minutes{2}) && mine != parents && tracking_stats().delivered == 1;
        ::_exit(delivered ? 0 : 1);
    }
    record(3);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_TRUE(flush(std::chrono::minutes{2}));
    EXPECT_EQ(server.taken().size(), 3U);
}

TEST_F(Delivered, AnAddressThatIsNoneTurnsItOff) {
    start("nonsense");
    record(1);
    flush(std::chrono::milliseconds{2000});
    EXPECT_FALSE(tracking());
    EXPECT_NE(last_tracking_error().find("no address"), std::string::npos);
}

TEST_F(Delivered, APasswordInAnAddressIsNotShown) {
    for (const char* const address :
         {"http://user:s3cr3t@host", "http://user:s3cr3t@host:8787/x", "https://s3cr3t@host",
          "user:s3cr3t@host", "http//user:s3c/s3cr3t@host", "http://u:s3cr3t?s3cr3t@host:1",
          "http://host:8787?key=s3cr3t", "ftp://host/#s3cr3t", "http://a@b:s3cr3t@host\033[2J"}) {
        start(address);
        EXPECT_FALSE(tracking());
        const std::string error = last_tracking_error();
        EXPECT_NE(error.find("host"), std::string::npos) << error;
        EXPECT_NE(error.find("no address"), std::string::npos) << error;
        EXPECT_EQ(error.find("s3c"), std::string::npos) << error;
        EXPECT_EQ(error.find('\033'), std::string::npos) << error;
    }
}

TEST_F(Delivered, AKeyThatCannotBeOneTurnsItOff) {
    ScriptedServer server([](const auto&) { return 200; });
    options_.api_key = "secret\n";
    start(server.url);
    EXPECT_FALSE(tracking());
    EXPECT_NE(last_tracking_error().find("control character"), std::string::npos);
    EXPECT_EQ(last_tracking_error().find("secret"), std::string::npos);
}

TEST_F(Delivered, AFolderOfSomebodyElseIsSaidToBe) {
    std::filesystem::create_directories(folder_);
    std::filesystem::permissions(folder_, std::filesystem::perms::all);
    start("http://127.0.0.1:1");
    record(1);
    stop_tracking(std::chrono::milliseconds{0});
    EXPECT_NE(last_tracking_error().find("everybody"), std::string::npos);
    EXPECT_EQ(tracking_stats().dropped, 1U);
}

}  // namespace
}  // namespace steno
