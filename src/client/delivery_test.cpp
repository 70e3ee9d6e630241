// What becomes of calls when all is not well between a program and its server.

#include "client/server_for_test.hpp"
#include "steno/steno.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <sys/wait.h>
#include <thread>
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
    EXPECT_TRUE(flush());
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
    EXPECT_FALSE(flush(std::chrono::milliseconds{300}));
    EXPECT_NE(last_tracking_error().find("503"), std::string::npos);
    EXPECT_GE(files(), 1U);
    status = 0;  // hangs up
    ids.insert(record(100));
    EXPECT_FALSE(flush(std::chrono::milliseconds{300}));
    status = 200;
    EXPECT_TRUE(flush());
    std::set<std::string> taken;
    for (const auto& [id, call] : server.taken()) taken.insert(id.to_string());
    EXPECT_EQ(taken, ids);
    EXPECT_EQ(tracking_stats().dropped, 0U);
    EXPECT_EQ(last_tracking_error(), "");
    EXPECT_EQ(files(), 0U);
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
    EXPECT_TRUE(flush());
    EXPECT_EQ(server.taken().size(), ids.size());
    EXPECT_EQ(files(), 0U);
}

TEST_F(Delivered, AgainWhenTheAcknowledgementIsLost) {
    std::atomic<bool> first{true};
    ScriptedServer server([&](const auto&) { return first.exchange(false) ? 0 : 200; });
    start(server.url);
    const std::string id = record(1);
    EXPECT_TRUE(flush());
    ASSERT_EQ(server.taken().size(), 1U);
    EXPECT_EQ(server.taken().begin()->first.to_string(), id);
    EXPECT_EQ(tracking_stats().delivered, 1U);
}

TEST_F(Delivered, NotWhatNoServerWillEverTake) {
    ScriptedServer server([](const auto&) { return 400; });
    start(server.url);
    record(1);
    EXPECT_TRUE(flush());
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
    EXPECT_TRUE(flush());
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
    EXPECT_TRUE(flush());
    EXPECT_EQ(server.taken().size(), 1U);
    EXPECT_TRUE(std::filesystem::exists(folder_ / "0-huge.spool.broken"));
    EXPECT_TRUE(std::filesystem::exists(folder_ / "1-nonsense.spool.broken"));
}

TEST_F(Delivered, TheEndWaitsForNoServer) {
    std::atomic<bool> end{false};
    ScriptedServer server([&](const auto&) {
        while (!end) std::this_thread::sleep_for(std::chrono::milliseconds{5});  // it hangs
        return 0;
    });
    start(server.url);
    record(1);
    stop_tracking(std::chrono::milliseconds{50});
    EXPECT_EQ(tracking_stats().spooled, 1U);
    end = true;
}

TEST_F(Delivered, InHalvesWhatIsTooMuchAtOnce) {
    ScriptedServer server([](const auto& calls) { return calls.size() > 3 ? 413 : 200; });
    options_.interval = std::chrono::hours{1};
    start(server.url);
    for (int i = 0; i < 20; ++i) record(i);
    EXPECT_TRUE(flush());
    EXPECT_EQ(server.taken().size(), 20U);
    EXPECT_EQ(tracking_stats().delivered, 20U);
}

TEST_F(Delivered, WithinTheBoundsOfMemoryAndDisk) {
    options_.max_memory_bytes = 1;
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

TEST_F(Delivered, NotAtAllWhereNobodyAskedForIt) {
    ::unsetenv("STENO_SERVER");
    ::setenv("STENO_TRACKING", "on", 1);
    options_.server.clear();  // the default address: in a test's surroundings somebody may be there or not
    start_tracking(options_);
    record(1);
    flush(std::chrono::milliseconds{2000});
    ::unsetenv("STENO_TRACKING");
    const TrackingStats stats = tracking_stats();
    EXPECT_EQ(stats.delivered + stats.rejected + stats.dropped, 1U);
    if (stats.dropped == 1) {
        EXPECT_FALSE(tracking());
        EXPECT_EQ(files(), 0U);
    }
}

TEST_F(Delivered, AChildAfterForkDeliversItsOwn) {
    ScriptedServer server([](const auto&) { return 200; });
    start(server.url);
    const std::string parents = record(1);
    const pid_t child = ::fork();
    if (child == 0) {
        const std::string mine = record(2);
        const bool delivered = flush() && mine != parents && tracking_stats().delivered == 1;
        ::_exit(delivered ? 0 : 1);
    }
    record(3);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_TRUE(flush());
    EXPECT_EQ(server.taken().size(), 3U);
}

TEST_F(Delivered, AnAddressThatIsNoneTurnsItOff) {
    start("nonsense");
    record(1);
    flush(std::chrono::milliseconds{2000});
    EXPECT_FALSE(tracking());
    EXPECT_NE(last_tracking_error().find("no address"), std::string::npos);
}

}  // namespace
}  // namespace steno
