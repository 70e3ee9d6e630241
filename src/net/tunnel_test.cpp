// Upgraded connections, and a tunnel between two: a real client, a server in the middle that passes bytes on,
// and an upstream behind it.

#include "net/byte_stream.hpp"
#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net/raw_sockets_for_test.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <optional>

namespace steno::net {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kAsk =
    "GET /up HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n";
constexpr std::string_view kSwitch =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: test\r\nConnection: Upgrade\r\n\r\n";

class Tunnel : public testing::Test {
  protected:
    /// Passes bytes between its client and `upstream`; how that ended is in `ended`.
    void pass_on(BaseUrl upstream, TunnelLimits limits = {}) {
        middle.emplace(loops, ServerOptions{},
                       [this, upstream, limits](ServerExchange& exchange) -> Task<void> {
                           RequestHead head;
                           head.headers.add("Upgrade", "test");
                           auto answer = co_await client.upgrade(upstream, head, {});
                           if (!answer || !answer->stream) {
                               ResponseHead refusal;
                               refusal.status = answer ? answer->answer->head().status : 502;
                               (void)co_await exchange.respond(refusal, "");
                               co_return;
                           }
                           auto stream = co_await exchange.upgrade(answer->answer->head());
                           if (!stream) co_return;
                           TunnelWatch watch = [this](Side from, std::string_view bytes) -> Task<void> {
                               (from == Side::Client ? from_client : from_upstream) += bytes.size();
                               if (bytes.empty()) ++ends;
                               co_return;
                           };
                           const TunnelEnd end = co_await tunnel(**stream, *answer->stream, limits, watch);
                           answer->stream.reset();
                           stream->reset();
                           ended.set_value(end);
                       });
        ASSERT_TRUE(middle->listen({"127.0.0.1", 0}));
    }
    /// A client after its upgrade, which has read up to `until`.
    [[nodiscard]] RawSocket connect(std::string_view until = "\r\n\r\n") const {
        RawSocket socket = RawSocket::connect(middle->port());
        socket.send(kAsk);
        const std::string head = socket.read_until(until);
        EXPECT_TRUE(head.ends_with(until)) << head;
        EXPECT_TRUE(head.starts_with("HTTP/1.1 101 ")) << head;
        EXPECT_NE(head.find("Connection: Upgrade\r\n"), std::string::npos);
        return socket;
    }
    TunnelEnd how_it_ended() {
        auto future = ended.get_future();
        EXPECT_EQ(future.wait_for(20s), std::future_status::ready);
        return future.get();
    }

    struct Started {
        Loops loops{2, 1};
        Started() { loops.start(); }
    } started;
    Loops& loops = started.loops;
    HttpClient client{loops, {}};
    std::optional<HttpServer> middle;
    std::promise<TunnelEnd> ended;
    std::atomic<std::size_t> from_client{0};
    std::atomic<std::size_t> from_upstream{0};
    std::atomic<int> ends{0};
};

TEST_F(Tunnel, PassesBytesBothWaysAndAHalfClose) {
    const std::string large(5'000'000, 'x');
    RawUpstream upstream({[&](RawSocket& socket) {
        EXPECT_NE(socket.read_until("\r\n\r\n").find("Connection: Upgrade\r\n"), std::string::npos);
        socket.send(std::string(kSwitch) + "right behind the head.");
        EXPECT_EQ(socket.read_until("ping"), "ping");
        socket.send("pong");
        EXPECT_EQ(socket.read_all(), large);  // up to the half-close
        socket.send("all came");
    }});
    pass_on(upstream.url());
    RawSocket socket = connect("\r\n\r\nright behind the head.");
    socket.send("ping");
    EXPECT_EQ(socket.read_until("pong"), "pong");
    socket.send(large);
    socket.finish();
    EXPECT_EQ(socket.read_all(), "all came");
    const TunnelEnd end = how_it_ended();
    EXPECT_EQ(end.side, Side::Client);
    EXPECT_EQ(end.why, TunnelEnd::Why::Closed);
    EXPECT_EQ(from_client, large.size() + 4);
    EXPECT_EQ(ends, 2);
}

TEST_F(Tunnel, BothSidesTalkAtOnceAndOneReadsLate) {
    const std::string large(20'000'000, 'y');
    RawUpstream upstream({[&](RawSocket& socket) {
        (void)socket.read_until("\r\n\r\n");
        socket.send(kSwitch);
        const std::string begun = socket.read_until("!");
        std::thread sender([&] {
            socket.send(large);
            socket.finish();
        });
        EXPECT_EQ(begun.size() + socket.read_all().size(), 1 + large.size());
        sender.join();
    }});
    pass_on(upstream.url());
    RawSocket socket = connect();
    socket.send("!");
    socket.send(large);  // nobody reads here what the upstream says meanwhile: it must wait, and not be lost
    socket.finish();
    EXPECT_EQ(socket.read_all().size(), large.size());
    EXPECT_EQ(how_it_ended().why, TunnelEnd::Why::Closed);
    EXPECT_EQ(from_upstream, large.size());
}

TEST_F(Tunnel, AClientThatBreaksIsNoticedAtOnce) {
    std::promise<std::string> rest;
    RawUpstream upstream({[&](RawSocket& socket) {
        (void)socket.read_until("\r\n\r\n");
        socket.send(kSwitch);
        rest.set_value(socket.read_all());
    }});
    pass_on(upstream.url());
    RawSocket socket = connect();
    socket.send("last words");
    while (from_client == 0) std::this_thread::yield();
    socket.reset();
    const TunnelEnd end = how_it_ended();
    EXPECT_EQ(end.side, Side::Client);
    EXPECT_EQ(end.why, TunnelEnd::Why::Broken);
    EXPECT_EQ(rest.get_future().get(), "last words");
}

TEST_F(Tunnel, AnUpstreamThatBreaksEndsTheClientToo) {
    RawUpstream upstream({[&](RawSocket& socket) {
        (void)socket.read_until("\r\n\r\n");
        socket.send(std::string(kSwitch) + "half a sen");
        (void)socket.read_until("go");
        socket.reset();
    }});
    pass_on(upstream.url());
    RawSocket socket = connect("\r\n\r\nhalf a sen");
    socket.send("go");
    EXPECT_EQ(socket.read_all(), "");
    socket.close();
    const TunnelEnd end = how_it_ended();
    EXPECT_EQ(end.side, Side::Upstream);
    EXPECT_EQ(end.why, TunnelEnd::Why::Broken);
}

TEST_F(Tunnel, LimitsEndIt) {
    for (const bool stalls : {false, true}) {
        ended = {};
        std::promise<void> over;
        RawUpstream upstream({[&](RawSocket& socket) {
            (void)socket.read_until("\r\n\r\n");
            socket.send(kSwitch);
            if (stalls) socket.send(std::string(50'000'000, 'z'));
            over.get_future().wait();
        }});
        TunnelLimits limits;
        (stalls ? limits.write_stall : limits.idle) = 400ms;
        pass_on(upstream.url(), limits);
        const RawSocket socket = connect();
        const TunnelEnd end = how_it_ended();
        EXPECT_EQ(end.side, Side::Client);
        EXPECT_EQ(end.why, stalls ? TunnelEnd::Why::Stalled : TunnelEnd::Why::Idle);
        over.set_value();
        middle.reset();
    }
}

TEST_F(Tunnel, ARefusalIsAnOrdinaryAnswer) {
    RawUpstream upstream({[&](RawSocket& socket) {
        (void)socket.read_until("\r\n\r\n");
        socket.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
        (void)socket.read_all();
    }});
    pass_on(upstream.url());
    RawSocket socket = RawSocket::connect(middle->port());
    socket.send(kAsk);
    EXPECT_TRUE(socket.read_until("\r\n\r\n").starts_with("HTTP/1.1 403 "));
}

TEST_F(Tunnel, AServerThatStopsCutsIt) {
    RawUpstream upstream({[&](RawSocket& socket) {
        (void)socket.read_until("\r\n\r\n");
        socket.send(kSwitch);
        (void)socket.read_all();
    }});
    pass_on(upstream.url());
    const RawSocket socket = connect();
    middle->stop(0ms);
    EXPECT_EQ(how_it_ended().why, TunnelEnd::Why::Stopped);
}

TEST_F(Tunnel, AStreamIsReadAndWrittenByItself) {
    middle.emplace(loops, ServerOptions{}, [](ServerExchange& exchange) -> Task<void> {
        auto stream = co_await exchange.upgrade({});
        if (!stream) co_return;
        const auto nothing = co_await (*stream)->read_some(0ms);
        EXPECT_EQ(nothing.error().code, Code::DeadlineExceeded);
        for (;;) {
            const auto piece = co_await (*stream)->read_some(20s);
            if (!piece || piece->empty()) break;
            if (!co_await (*stream)->write(*piece)) break;
        }
        (*stream)->finish();
    });
    ASSERT_TRUE(middle->listen({"127.0.0.1", 0}));
    RawSocket socket = connect();
    socket.send("to and fro");
    EXPECT_EQ(socket.read_until("fro"), "to and fro");
    socket.finish();
    EXPECT_EQ(socket.read_all(), "");
}

}  // namespace
}  // namespace steno::net
