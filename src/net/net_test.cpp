// Server and client over real sockets of 127.0.0.1, each against the other and against scripts of raw bytes.

#include "base/blocking.hpp"
#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net/raw_sockets_for_test.hpp"
#include "net/workers.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <atomic>
#include <ctime>
#include <future>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace steno::net {
namespace {

using namespace std::chrono_literals;

class Net : public testing::Test {
  protected:
    void serve(ServerHandler handler, ServerOptions options = {}) {
        server.emplace(loops, options, std::move(handler));
        ASSERT_TRUE(server->listen({"127.0.0.1", 0}));
    }
    [[nodiscard]] BaseUrl url() const { return {false, {"127.0.0.1", server->port()}, ""}; }
    [[nodiscard]] RawSocket raw() const { return RawSocket::connect(server->port()); }

    struct Answer {
        Result<SimpleResponse> response = fail(Code::Internal, "not run");
        ClientStage stage = ClientStage::Body;
        bool reused = false;
    };
    Task<Answer> ask(BaseUrl to, RequestHead head, std::string body, ClientDeadlines deadlines = {}) {
        Answer answer;
        auto sent = co_await client.send(to, head, body, deadlines);
        if (!sent) {
            answer.stage = sent.error().stage;
            answer.response = std::unexpected(sent.error().error);
            co_return answer;
        }
        SimpleResponse response;
        response.head = (*sent)->head();
        answer.reused = (*sent)->reused_connection();
        for (;;) {
            const auto piece = co_await (*sent)->read_some();
            if (!piece) {
                answer.response = std::unexpected(piece.error());
                co_return answer;
            }
            if (piece->empty()) break;
            response.body.append(*piece);
        }
        answer.response = std::move(response);
        co_return answer;
    }
    Answer get(const BaseUrl& to, ClientDeadlines deadlines = {}, std::string method = "GET",
               std::string body = {}) {
        Answer answer;
        loops.run([&]() -> Task<void> {
            RequestHead head;
            head.method = method;
            answer = co_await ask(to, head, body, deadlines);
        });
        return answer;
    }

    struct Started {
        Loops loops{2, 1};
        Started() { loops.start(); }
    } started;
    Loops& loops = started.loops;
    HttpClient client{loops, {}};
    std::optional<HttpServer> server;
};

Task<void> echo(ServerExchange& exchange) {
    auto body = co_await exchange.read_body(128u << 20);
    ResponseHead head;
    if (!body) {
        const Code code = body.error().code;
        head.status = code == Code::ResourceExhausted ? 413 : code == Code::DeadlineExceeded ? 408 : 400;
        (void)co_await exchange.respond(head, body.error().message);
        co_return;
    }
    if (exchange.head().path() == "/chunked") {
        (void)co_await exchange.write_head(head, std::nullopt);
        for (std::size_t at = 0; at < body->size(); at += 100'000) {
            if (!co_await exchange.write(std::string_view(*body).substr(at, 100'000))) co_return;
        }
        (void)co_await exchange.finish();
        co_return;
    }
    (void)co_await exchange.respond(head, *body);
}

TEST_F(Net, ALoopGoesOnWhileItsThreadIsHeldUp) {
    Loops one(1, 0);
    one.start();
    std::promise<void> meanwhile;
    std::atomic<int> order = 0;
    // The first two would wait for each other for ever, were they not run by two threads.
    const auto held_up = [&]() -> Task<void> {
        one.spawn([&]() -> Task<void> {
            for (int i = 0; i < 3; ++i) co_await sleep_for(1ms);
            EXPECT_EQ(order++, 0);
            meanwhile.set_value();
        });
        co_await sleep_for(1ms);
        {
            const BlockingSection section;
            meanwhile.get_future().wait();
        }
        EXPECT_EQ(order++, 1);
        co_await sleep_for(1ms);
    };
    for (int round = 0; round < 3; ++round) {
        order = 0;
        meanwhile = {};
        one.run(held_up);
        EXPECT_EQ(order, 2);
    }
    one.stop();
}

TEST_F(Net, KeepsConnections) {
    serve(echo);
    for (int i = 0; i < 20; ++i) {
        RequestHead head;
        head.method = "POST";
        head.target = i % 2 == 0 ? "/" : "/chunked";
        Answer answer;
        // One loop, so that one pool is used.
        std::promise<void> done;
        loops.spawn(
            [&]() -> Task<void> {
                answer = co_await ask(url(), head, "body " + std::to_string(i));
                done.set_value();
            },
            0);
        done.get_future().wait();
        ASSERT_TRUE(answer.response) << answer.response.error().message;
        EXPECT_EQ(answer.response->body, "body " + std::to_string(i));
        EXPECT_EQ(answer.reused, i > 0);
    }
    EXPECT_EQ(server->connections(), 1u);
}

TEST_F(Net, PipelinedRequestsAreAnsweredInOrder) {
    serve(echo);
    const RawSocket socket = raw();
    std::string all;
    for (int i = 0; i < 50; ++i)
        all += "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n" + std::to_string(10 + i);
    all += "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    socket.send(all);
    const std::string answers = socket.read_all();
    std::size_t at = 0;
    for (int i = 0; i < 50; ++i) {
        at = answers.find("\r\n\r\n" + std::to_string(10 + i), at);
        ASSERT_NE(at, std::string::npos) << i;
    }
    EXPECT_NE(answers.find("Connection: close", at), std::string::npos);
}

TEST_F(Net, ChunkedRequestsMayBeSplitAnywhere) {
    serve(echo);
    const std::string request =
        "POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5\r\nhello\r\n1;ext=1\r\n \r\nA\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n";
    const RawSocket socket = raw();
    for (std::size_t cut = 1; cut < request.size(); ++cut) {
        socket.send(request.substr(0, cut));
        socket.send(request.substr(cut));
        const std::string answer = socket.read_until("hello 0123456789");
        ASSERT_NE(answer.find("200 OK"), std::string::npos) << cut << answer;
    }
}

TEST_F(Net, ChunkedAnswersMayBeSplitAnywhere) {
    const std::string answer =
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n "
        "\r\nA\r\n0123456789\r\n0\r\n\r\n";
    std::vector<std::function<void(RawSocket&)>> scripts;
    scripts.emplace_back([&](RawSocket& socket) {
        for (std::size_t cut = 1; cut < answer.size(); ++cut) {
            (void)socket.read_until("\r\n\r\n");
            socket.send(std::string_view(answer).substr(0, cut));
            socket.send(std::string_view(answer).substr(cut));
        }
    });
    const RawUpstream upstream(std::move(scripts));
    std::promise<void> done;
    loops.spawn(
        [&]() -> Task<void> {
            for (std::size_t cut = 1; cut < answer.size(); ++cut) {
                const Answer got = co_await ask(upstream.url(), {}, "");
                EXPECT_TRUE(got.response) << cut;
                if (!got.response) break;
                EXPECT_EQ(got.response->body, "hello 0123456789") << cut;
                EXPECT_EQ(got.response->head.status, 200);
            }
            done.set_value();
        },
        0);
    done.get_future().wait();
}

TEST_F(Net, LargeBodiesBothWays) {
    serve(echo);
    std::string body(64u << 20, '\0');
    for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 31 >> 3);
    for (const char* target : {"/", "/chunked"}) {
        Answer answer;
        loops.run([&]() -> Task<void> {
            RequestHead head;
            head.method = "POST";
            head.target = target;
            answer = co_await ask(url(), head, body);
        });
        ASSERT_TRUE(answer.response) << answer.response.error().message;
        EXPECT_TRUE(answer.response->body == body);
    }
}

TEST_F(Net, TooLargeBodiesAreRefusedAndTheAnswerArrives) {
    serve([](ServerExchange& exchange) -> Task<void> {
        const auto body = co_await exchange.read_body(1000);
        ResponseHead head;
        head.status = body ? 200 : 413;
        (void)co_await exchange.respond(head, "said");
    });
    const RawSocket socket = raw();
    socket.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n" +
                std::string(3'000'000, 'x'));
    EXPECT_NE(socket.read_all().find("413"), std::string::npos);
    const RawSocket chunked = raw();
    chunked.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n800\r\n" +
                 std::string(0x800, 'x') + "\r\n0\r\n\r\n");
    EXPECT_NE(chunked.read_all().find("413"), std::string::npos);
}

TEST_F(Net, BadRequestsAreRefused) {
    serve(echo);
    const std::string long_value(100'000, 'v');
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"nonsense\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"},
        {"GET / HTTP/3.0\r\nHost: a\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n", "400"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", "400"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", "400"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", "400"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", "400"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", "400"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", "400"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400"},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: " + long_value + "\r\n\r\n", "431"},
        {"GET /" + long_value + " HTTP/1.1\r\nHost: a\r\n\r\n", "431"},
    };
    for (const auto& [request, status] : cases) {
        const RawSocket socket = raw();
        socket.send(request);
        EXPECT_EQ(socket.read_all().substr(0, 12), "HTTP/1.1 " + status) << request.substr(0, 80);
    }
}

TEST_F(Net, AnswersWithoutBodies) {
    serve([](ServerExchange& exchange) -> Task<void> {
        ResponseHead head;
        if (exchange.head().path() == "/204") head.status = 204;
        if (exchange.head().path() == "/304") head.status = 304;
        head.headers.add("date", "now");
        (void)co_await exchange.respond(head, "body");
    });
    const RawSocket socket = raw();
    socket.send(
        "HEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET /204 HTTP/1.1\r\nHost: x\r\n\r\nGET /304 HTTP/1.1\r\nHost: "
        "x\r\n\r\n"
        "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n");
    EXPECT_EQ(socket.read_all(),
              "HTTP/1.1 200 OK\r\ndate: now\r\nContent-Length: 4\r\n\r\n"
              "HTTP/1.1 204 No Content\r\ndate: now\r\n\r\n"
              "HTTP/1.1 304 Not Modified\r\ndate: now\r\nContent-Length: 4\r\n\r\n"
              "HTTP/1.1 200 OK\r\ndate: now\r\nContent-Length: 4\r\nConnection: keep-alive\r\n\r\nbody"
              "HTTP/1.1 200 OK\r\ndate: now\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody");
    EXPECT_EQ(get(url(), {}, "HEAD").response->body, "");
}

TEST_F(Net, EveryAnswerSaysWhen) {
    serve(echo);
    for (const char* request : {"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "nonsense\r\n\r\n",
                                "POST /chunked HTTP/1.0\r\nContent-Length: 1\r\n\r\n1"}) {
        const RawSocket socket = raw();
        const std::int64_t before = std::time(nullptr);
        socket.send(request);
        const std::string answer = socket.read_all();
        bool found = false;
        // The coarse clock may be a tick behind the other.
        for (std::int64_t second = before - 1; second <= std::time(nullptr); ++second) {
            found = found || answer.find("\r\nDate: " + http_date(second) + "\r\n") != std::string::npos;
        }
        EXPECT_TRUE(found) << answer;
        EXPECT_EQ(answer.find("Date: "), answer.rfind("Date: "));
    }
}

TEST_F(Net, HeadersCannotBeInjected) {
    serve([](ServerExchange& exchange) -> Task<void> {
        ResponseHead head;
        head.headers.add("X", "a\r\nSet-Cookie: b");
        const auto sent = co_await exchange.write_head(head, 0);
        EXPECT_FALSE(sent);
    });
    const Answer answer = get(url());
    EXPECT_EQ(answer.response->head.status, 500);
    EXPECT_FALSE(answer.response->head.headers.has("set-cookie"));
    Answer refused;
    loops.run([&]() -> Task<void> {
        RequestHead head;
        head.headers.add("X", "a\nb");
        refused = co_await ask(url(), head, "");
        EXPECT_EQ(refused.response.error().code, Code::InvalidArgument);
        head.headers = {};
        head.target = "/ HTTP/1.1\r\nX: y";
        refused = co_await ask(url(), head, "");
    });
    EXPECT_EQ(refused.response.error().code, Code::InvalidArgument);
}

TEST_F(Net, ExpectContinueIsAnswered) {
    serve(echo);
    const RawSocket socket = raw();
    socket.send(
        "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\nConnection: "
        "close\r\n\r\n");
    EXPECT_EQ(socket.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    socket.send("body");
    EXPECT_NE(socket.read_all().find("\r\n\r\nbody"), std::string::npos);
}

TEST_F(Net, AHandlerThatThrowsOrCutsIsSeen) {
    serve([](ServerExchange& exchange) -> Task<void> {
        if (exchange.head().path() == "/throw") throw std::runtime_error("on purpose");
        (void)co_await exchange.write_head({}, std::nullopt);
        (void)co_await exchange.write("begun");
    });
    const RawSocket socket = raw();
    socket.send("GET /throw HTTP/1.1\r\nHost: x\r\n\r\nGET /cut HTTP/1.1\r\nHost: x\r\n\r\n");
    const std::string answers = socket.read_all();
    EXPECT_EQ(answers.substr(0, 12), "HTTP/1.1 500");
    EXPECT_TRUE(answers.ends_with("5\r\nbegun\r\n")) << answers;
    EXPECT_EQ(get(url()).response.error().code, Code::Unavailable);
}

TEST_F(Net, SlowHeadsAndBodiesTimeOut) {
    ServerOptions options;
    options.head_time = 30ms;
    options.body_stall = 30ms;
    options.idle = 60s;
    serve(echo, options);
    const RawSocket head = raw();
    head.send("GET / HT");
    EXPECT_EQ(head.read_all(), "");
    for (const char* begun : {"Content-Length: 4\r\n\r\nab", "Transfer-Encoding: chunked\r\n\r\n4\r\nab",
                              "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n"}) {
        const RawSocket body = raw();
        body.send(std::string("POST / HTTP/1.1\r\nHost: x\r\n") + begun);
        if (std::string_view(begun).starts_with("Expect")) (void)body.read_until("\r\n\r\n");
        const std::string answer = body.read_until("ms");  // the client stays until it has its answer
        EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 408") << begun;
        EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
        EXPECT_TRUE(answer.ends_with("for 30 ms")) << answer;
        EXPECT_EQ(body.read_all(), "");
    }
}

TEST_F(Net, TooManyConnectionsAreToldSo) {
    ServerOptions options;
    options.max_connections = 1;
    serve(echo, options);
    const RawSocket first = raw();
    first.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_NE(first.read_until("\r\n\r\n").find("200"), std::string::npos);
    const RawSocket second = raw();
    EXPECT_NE(second.read_all().find("503"), std::string::npos);
}

/// The client goes while the upstream is silent, or in the middle of its answer: the upstream is cancelled at
/// once.
class ClientGone : public Net, public testing::WithParamInterface<std::tuple<bool, bool>> {};

TEST_P(ClientGone, CancelsTheUpstream) {
    const auto [by_reset, after_some] = GetParam();
    std::promise<void> upstream_asked;
    std::promise<std::string> upstream_saw_end;
    std::vector<std::function<void(RawSocket&)>> scripts;
    scripts.emplace_back([&, some = after_some](RawSocket& socket) {
        (void)socket.read_until("\r\n\r\n");
        if (some) socket.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n");
        upstream_asked.set_value();
        upstream_saw_end.set_value(socket.read_all());
    });
    const RawUpstream upstream(std::move(scripts));
    std::promise<bool> handler_ended;
    serve([&](ServerExchange& exchange) -> Task<void> {
        CancelHandle cancel;
        exchange.on_client_gone([&] { cancel.cancel(); });
        auto sent = co_await client.send(upstream.url(), {}, "", {}, &cancel);
        if (!sent) {
            handler_ended.set_value(sent.error().error.code == Code::Cancelled &&
                                    exchange.gone() == ServerExchange::Gone::Client);
            co_return;
        }
        exchange.on_client_gone([&] { (*sent)->cancel(); });
        (void)co_await exchange.write_head((*sent)->head(), std::nullopt);
        for (;;) {
            const auto piece = co_await (*sent)->read_some();
            if (!piece) {
                handler_ended.set_value(piece.error().code == Code::Cancelled &&
                                        exchange.gone() == ServerExchange::Gone::Client);
                co_return;
            }
            (void)co_await exchange.write(*piece);
        }
    });
    RawSocket socket = raw();
    socket.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    upstream_asked.get_future().wait();
    if (after_some) (void)socket.read_until("some");
    if (by_reset) {
        socket.reset();
    } else {
        socket.close();
    }
    EXPECT_TRUE(handler_ended.get_future().get());
    EXPECT_EQ(upstream_saw_end.get_future().get(), "");
}
INSTANTIATE_TEST_SUITE_P(Ways, ClientGone, testing::Combine(testing::Bool(), testing::Bool()));

TEST_F(Net, CutAnswersAreErrors) {
    for (const char* answer :
         {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", "HTTP/1.1 20", ""}) {
        std::vector<std::function<void(RawSocket&)>> scripts;
        scripts.emplace_back([&](RawSocket& socket) {
            (void)socket.read_until("\r\n\r\n");
            socket.send(answer);
        });
        const RawUpstream upstream(std::move(scripts));
        EXPECT_EQ(get(upstream.url()).response.error().code, Code::Unavailable) << answer;
    }
    std::vector<std::function<void(RawSocket&)>> scripts;
    scripts.emplace_back([](RawSocket& socket) {
        (void)socket.read_until("\r\n\r\n");
        socket.send("HTTP/1.1 200 OK\r\n\r\nuntil the end");
    });
    const RawUpstream upstream(std::move(scripts));
    EXPECT_EQ(get(upstream.url()).response->body, "until the end");
}

TEST_F(Net, RefusedConnectionsAndUnknownHosts) {
    std::uint16_t port = 0;
    {
        const RawUpstream closed({});
        port = closed.url().endpoint.port;
    }
    const Answer refused = get({false, {"127.0.0.1", port}, ""});
    EXPECT_EQ(refused.response.error().code, Code::Unavailable);
    EXPECT_EQ(refused.stage, ClientStage::Connect);
    const Answer unknown = get({false, {"no-such-host.invalid", 80}, ""});
    EXPECT_NE(unknown.response.error().code, Code::Internal);
    EXPECT_EQ(unknown.stage, ClientStage::Connect);
}

TEST_F(Net, DeadlinesByStage) {
    ClientDeadlines deadlines;
    deadlines.first_byte = 20ms;
    deadlines.idle = 20ms;
    std::vector<std::function<void(RawSocket&)>> scripts;
    scripts.emplace_back([](RawSocket& socket) { (void)socket.read_all(); });
    scripts.emplace_back([](RawSocket& socket) {
        (void)socket.read_until("\r\n\r\n");
        socket.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
        (void)socket.read_all();
    });
    const RawUpstream upstream(std::move(scripts));
    const Answer silent = get(upstream.url(), deadlines);
    EXPECT_EQ(silent.response.error().code, Code::DeadlineExceeded);
    EXPECT_EQ(silent.stage, ClientStage::FirstByte);
    deadlines.first_byte = 60s;
    const Answer stalled = get(upstream.url(), deadlines);
    EXPECT_EQ(stalled.response.error().code, Code::DeadlineExceeded);
    EXPECT_EQ(stalled.stage, ClientStage::Body);
}

TEST_F(Net, AClosedPooledConnectionIsReplaced) {
    std::promise<void> closed;
    std::vector<std::function<void(RawSocket&)>> scripts;
    scripts.emplace_back([&](RawSocket& socket) {
        (void)socket.read_until("\r\n\r\n");
        socket.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1");
        socket.close();
        closed.set_value();
    });
    scripts.emplace_back([](RawSocket& socket) {
        (void)socket.read_until("\r\n\r\n");
        socket.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2");
    });
    const RawUpstream upstream(std::move(scripts));
    std::string bodies;
    std::promise<void> done;
    loops.spawn(
        [&]() -> Task<void> {
            bodies += (co_await ask(upstream.url(), {}, "")).response->body;
            closed.get_future().wait();
            const Answer second = co_await ask(upstream.url(), {}, "");
            EXPECT_TRUE(second.response);
            if (second.response) bodies += second.response->body;
            done.set_value();
        },
        0);
    done.get_future().wait();
    EXPECT_EQ(bodies, "12");
}

TEST_F(Net, CancellingAFinishedExchangeTouchesNobodyElse) {
    serve(echo);
    loops.run([&]() -> Task<void> {
        RequestHead head;
        head.method = "POST";
        auto first = co_await client.send(url(), head, "first", {});
        while (!(co_await (*first)->read_some())->empty()) {
        }
        auto second = co_await client.send(url(), head, "second", {});
        EXPECT_TRUE((*second)->reused_connection());
        (*first)->cancel();
        const auto piece = co_await (*second)->read_some();
        EXPECT_TRUE(piece);
        if (piece) EXPECT_EQ(*piece, "second");
    });
}

TEST_F(Net, ASlowReaderPausesTheWriter) {
    std::atomic<bool> all_written = false;
    serve([&](ServerExchange& exchange) -> Task<void> {
        (void)co_await exchange.write_head({}, std::nullopt);
        const std::string piece(1 << 20, 'z');
        for (int i = 0; i < 64; ++i) {
            if (!co_await exchange.write(piece)) co_return;
        }
        all_written = true;
        (void)co_await exchange.finish();
    });
    const RawSocket socket = raw();
    socket.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    (void)socket.read_until("\r\n\r\n");
    EXPECT_FALSE(all_written);  // 64 MiB are more than the kernel takes
    EXPECT_GT(socket.read_all().size(), 63u << 20);
    EXPECT_TRUE(all_written);
}

TEST_F(Net, AReaderThatStallsIsCutAndToldFromOneThatLeaves) {
    ServerOptions options;
    options.write_stall = 30ms;
    std::promise<std::pair<Code, ServerExchange::Gone>> ended;
    serve(
        [&](ServerExchange& exchange) -> Task<void> {
            (void)co_await exchange.write_head({}, std::nullopt);
            const std::string piece(1 << 20, 'z');
            for (;;) {
                const auto written = co_await exchange.write(piece);
                if (written) continue;
                ended.set_value({written.error().code, exchange.gone()});
                co_return;
            }
        },
        options);
    const RawSocket socket = raw();
    socket.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(ended.get_future().get(), std::pair(Code::DeadlineExceeded, ServerExchange::Gone::Stalled));
}

TEST_F(Net, ThreeHundredConnections) {
    serve(echo);
    std::atomic<int> good = 0;
    std::atomic<int> left = 300;
    std::promise<void> done;
    for (int i = 0; i < 300; ++i) {
        loops.spawn([&, i]() -> Task<void> {
            for (int round = 0; round < 5; ++round) {
                RequestHead head;
                head.method = "POST";
                head.target = round % 2 == 0 ? "/" : "/chunked";
                const std::string body(static_cast<std::size_t>(i * 100 + round), 'b');
                const Answer answer = co_await ask(url(), head, body);
                if (answer.response && answer.response->body == body) ++good;
            }
            if (--left == 0) done.set_value();
        });
    }
    done.get_future().wait();
    EXPECT_EQ(good, 1500);
}

/// A request that waits for its turn is read already, so that no read is pending that the cut would abort.
class Stop : public Net, public testing::WithParamInterface<const char*> {};

TEST_P(Stop, CutsWhatRuns) {
    std::promise<void> running;
    std::atomic<bool> told = false;
    serve([&](ServerExchange& exchange) -> Task<void> {
        Event gone;
        exchange.on_client_gone([&] { gone.notify(); });
        (void)co_await exchange.write_head({}, std::nullopt);
        EXPECT_EQ(exchange.gone(), ServerExchange::Gone::No);
        running.set_value();
        told = co_await gone.wait_for(60s);
        EXPECT_EQ(exchange.gone(), ServerExchange::Gone::Stopped);
    });
    const RawSocket idle = raw();
    const RawSocket busy = raw();
    busy.send(GetParam());
    running.get_future().wait();
    server->stop(10ms);
    EXPECT_EQ(server->connections(), 0u);
    EXPECT_TRUE(told);
    EXPECT_EQ(idle.read_all(), "");
}
INSTANTIATE_TEST_SUITE_P(
    Requests, Stop,
    testing::Values("GET / HTTP/1.1\r\nHost: x\r\n\r\n",
                    "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /next HTTP/1.1\r\nHost: x\r\n\r\n"));

TEST_F(Net, StoppingTheLoopsEndsEverything) {
    std::promise<void> running;
    serve([&](ServerExchange& exchange) -> Task<void> {
        running.set_value();
        while (co_await sleep_for(1h)) {
        }
        (void)co_await exchange.respond({}, "late");
    });
    const RawSocket busy = raw();
    busy.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    running.get_future().wait();
    loops.stop();
    EXPECT_EQ(server->connections(), 0u);
}

TEST_F(Net, WhatWorkBesideALoopThrowsComesOutAtTheLoop) {
    Workers workers(1);
    int caught = 0;
    int value = 0;
    loops.run([&]() -> Task<void> {
        const auto expect = [&](auto task) -> Task<void> {
            try {
                co_await std::move(task);
                ADD_FAILURE() << "it went on as if the work were done";
            } catch (const std::bad_alloc&) {
                ++caught;
            } catch (int) {
                ++caught;
            }
        };
        co_await expect(workers.run([] { throw std::bad_alloc(); }));
        co_await expect(workers.run([] { throw 7; }));
        co_await expect(workers.value([]() -> int { throw std::bad_alloc(); }));
        co_await expect(blocking(loops, [] { throw std::bad_alloc(); }));
        co_await expect(blocking_value(loops, []() -> int { throw std::bad_alloc(); }));
        value = co_await workers.value([] { return 42; });
    });
    EXPECT_EQ(caught, 5);
    EXPECT_EQ(value, 42);
}

TEST_F(Net, BlockingWorkEventsAndFetch) {
    serve(echo);
    Event event;
    int value = 0;
    bool woken = false;
    bool timed_out = true;
    loops.run([&]() -> Task<void> {
        value = co_await blocking_value(loops, [] { return 42; });
        event.notify();
        woken = co_await event.wait_for(60s);
        timed_out = !co_await event.wait_for(1ms);
    });
    EXPECT_EQ(value, 42);
    EXPECT_TRUE(woken);
    EXPECT_TRUE(timed_out);
    RequestHead head;
    head.method = "POST";
    EXPECT_EQ(fetch(url(), head, "by hand")->body, "by hand");
    EXPECT_EQ(fetch(url(), head, "by hand", {}, 3).error().code, Code::ResourceExhausted);
    HttpServer second(loops, {}, echo);
    EXPECT_EQ(second.listen({"127.0.0.1", server->port()}).error().code, Code::Unavailable);
}

}  // namespace
}  // namespace steno::net
