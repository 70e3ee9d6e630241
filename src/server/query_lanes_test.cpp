#include "server/query_lanes.hpp"

#include "base/cancellation.hpp"
#include "net/raw_sockets_for_test.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

namespace steno::server {
namespace {

/// A server with two lanes: what asks for /slow stays until it is let go or cancelled.
class QueryLanesTest : public testing::Test {
  protected:
    void SetUp() override {
        loops.start();
        http.emplace(loops, net::ServerOptions{},
                     [this](net::ServerExchange& exchange) { return serve(exchange); });
        ASSERT_TRUE(http->listen({"127.0.0.1", 0}));
    }
    void TearDown() override {
        let_go = true;
        http->stop(std::chrono::milliseconds(0));
        loops.stop();
    }

    net::Task<void> serve(net::ServerExchange& exchange) {
        const bool slow = exchange.head().path() == "/slow";
        auto answer = co_await (slow ? searches : lists).ask(exchange, [&]() -> Result<ApiAnswer> {
            if (exchange.head().path() == "/throws") throw std::bad_alloc();
            while (slow && !let_go && !Cancellation::asked()) std::this_thread::yield();
            if (Cancellation::asked()) return fail(Code::Cancelled, "asked to");
            return ApiAnswer{};
        });
        if (!answer) co_return;
        net::ResponseHead head;
        head.status = answer->status;
        for (const auto& [name, value] : answer->headers) head.headers.add(name, value);
        co_await exchange.respond(head, answer->body);
    }

    [[nodiscard]] net::RawSocket ask(const std::string& path) const {
        net::RawSocket socket = net::RawSocket::connect(http->port());
        socket.send("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        return socket;
    }
    /// Nobody is hurried: what is waited for comes, or the test hangs.
    static void until(const std::function<bool()>& holds) {
        while (!holds()) std::this_thread::yield();
    }

    net::Loops loops{1, 1};
    QueryLane searches{"text searches", 2, 3};
    QueryLane lists{"lists", 1, 8};
    std::atomic<bool> let_go = false;
    std::optional<net::HttpServer> http;
};

TEST_F(QueryLanesTest, AQuestionThatThrowsGivesItsPlaceBack) {
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(ask("/throws").read_all().starts_with("HTTP/1.1 500 ")) << i;
    EXPECT_TRUE(ask("/list").read_all().starts_with("HTTP/1.1 200 "));
    until([&] { return lists.stats().running == 0 && lists.stats().waiting == 0; });
}

TEST_F(QueryLanesTest, WhatIsSlowHoldsUpNothingOfAnotherKind) {
    std::vector<net::RawSocket> slow;
    for (int i = 0; i < 5; ++i) slow.push_back(ask("/slow"));
    until([&] { return searches.stats().running == 2 && searches.stats().waiting == 3; });
    EXPECT_TRUE(ask("/list").read_all().starts_with("HTTP/1.1 200 "));
    EXPECT_EQ(searches.stats().running, 2u);

    const std::string refused = ask("/slow").read_all();
    EXPECT_TRUE(refused.starts_with("HTTP/1.1 503 ")) << refused;
    EXPECT_NE(refused.find("Retry-After: 1\r\n"), std::string::npos) << refused;
    EXPECT_NE(refused.find("5 text searches are under way or wait already"), std::string::npos) << refused;
    EXPECT_EQ(searches.stats().refused, 1u);

    let_go = true;
    for (const net::RawSocket& socket : slow) EXPECT_TRUE(socket.read_all().starts_with("HTTP/1.1 200 "));
    until([&] { return searches.stats().running + searches.stats().waiting == 0; });
    EXPECT_EQ(searches.stats().answered, 5u);
    EXPECT_EQ(searches.stats().cancelled, 0u);
}

TEST_F(QueryLanesTest, WhoLeavesIsNotWorkedForAnyMore) {
    std::vector<net::RawSocket> slow;
    for (int i = 0; i < 5; ++i) slow.push_back(ask("/slow"));
    until([&] { return searches.stats().running == 2 && searches.stats().waiting == 3; });
    slow.clear();
    until([&] { return searches.stats().cancelled == 5; });
    until([&] { return searches.stats().running + searches.stats().waiting == 0; });
    EXPECT_EQ(searches.stats().answered, 0u);
    EXPECT_FALSE(let_go);
}

TEST_F(QueryLanesTest, AServerThatStopsLeavesNothingRunning) {
    const net::RawSocket slow = ask("/slow");
    until([&] { return searches.stats().running == 1; });
    http->stop(std::chrono::milliseconds(0));
    until([&] { return searches.stats().cancelled == 1; });
}

TEST(QueryLanes, WhatReadsManyCallsDoesNotHoldUpLists) {
    QueryLanes lanes;
    net::RequestHead head;
    const ApiRequest request{head, {}, {}, {}};
    for (const char* const path : {"/api/v1/aggregate", "/api/v1/prices/fit?versions=1"}) {
        head.target = path;
        EXPECT_EQ(&lanes.of(request), &lanes.sums) << path;
    }
    head.target = "/api/v1/prices";
    EXPECT_EQ(&lanes.of(request), &lanes.lists);
    head.method = "POST";  // says what calls need that the prices lack
    EXPECT_EQ(&lanes.of(request), &lanes.sums);
    EXPECT_TRUE(match(head.method, head.path()).route->asks);
}

TEST(Cancellation, IsAskedOfTheThreadThatWorksForIt) {
    Cancellation cancellation;
    cancellation.cancel();
    EXPECT_FALSE(Cancellation::asked());
    {
        const Cancellation::Scope scope(cancellation);
        EXPECT_TRUE(Cancellation::asked());
        std::jthread([] { EXPECT_FALSE(Cancellation::asked()); });
    }
    EXPECT_FALSE(Cancellation::asked());
}

}  // namespace
}  // namespace steno::server
