#include "ingest/recorder.hpp"
#include "io/memory_file_system.hpp"
#include "journal/journal.hpp"
#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "sources/gateway/gateway.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <new>
#include <optional>
#include <string>
#include <thread>

namespace steno::gateway {
namespace {

/// Stands for memory that runs out in the middle of the work of recording.
struct Failing final : ingest::Consumer {
    void call_began(const Call&) override {
        if (at_beginning) throw std::bad_alloc();
    }
    void call_ended(const Call&) override {
        if (!at_beginning) throw std::bad_alloc();
    }
    bool at_beginning = true;
};

/// A gateway before an upstream that says how many bytes came.
class RelayTest : public testing::Test {
  protected:
    void SetUp() override {
        auto opened = journal::Journal::open(files, "/data");
        ASSERT_TRUE(opened) << opened.error().message;
        journal = std::move(*opened);
        recorder.emplace(*journal, pricing::Catalogue::built_in());
        recorder->add_consumer(failing);
        loops.start();
        upstream.emplace(loops, net::ServerOptions{}, [](net::ServerExchange& exchange) -> net::Task<void> {
            const auto body = co_await exchange.read_body(1u << 30);
            net::ResponseHead head;
            head.headers.add("Content-Type", "application/json");
            co_await exchange.respond(head, "came: " + std::to_string(body ? body->size() : 0));
        });
        ASSERT_TRUE(upstream->listen({"127.0.0.1", 0}));
        client.emplace(loops, net::HttpClient::Options{});
        GatewayOptions options;
        options.upstreams.push_back(
            {"openai", *net::BaseUrl::parse("http://127.0.0.1:" + std::to_string(upstream->port()))});
        gateway.emplace(loops, *client, &*recorder, std::move(options));
        server.emplace(loops, net::ServerOptions{}, [this](net::ServerExchange& exchange) -> net::Task<void> {
            const auto route = gateway->route(exchange.head().path());
            co_await gateway->handle(exchange, *route);
        });
        ASSERT_TRUE(server->listen({"127.0.0.1", 0}));
    }
    void TearDown() override {
        server->stop(std::chrono::milliseconds(0));
        upstream->stop(std::chrono::milliseconds(0));
        loops.stop();
    }
    [[nodiscard]] std::string ask(std::size_t size) const {
        net::RequestHead head;
        head.method = "POST";
        head.target = "/openai/v1/chat/completions";
        const auto to = net::BaseUrl::parse("http://127.0.0.1:" + std::to_string(server->port()));
        const auto answer = net::fetch(*to, head, std::string(size, 'x'));
        return answer ? answer->body : answer.error().message;
    }

    io::MemoryFileSystem files;
    std::unique_ptr<journal::Journal> journal;
    Failing failing;
    std::optional<ingest::Recorder> recorder;
    net::Loops loops{1, 1};
    std::optional<net::HttpServer> upstream;
    std::optional<net::HttpClient> client;
    std::optional<Gateway> gateway;
    std::optional<net::HttpServer> server;
};

TEST_F(RelayTest, HostsThatAreMadeUpLeaveRoomForOthers) {
    const auto held = gateway->route("/azure@Held.openai.azure.com/openai/x");
    ASSERT_TRUE(held);
    EXPECT_EQ(held->url.endpoint.host, "held.openai.azure.com");
    for (int n = 0; n < 3000; ++n)
        ASSERT_TRUE(gateway->route("/azure@h" + std::to_string(n) + ".openai.azure.com/x")) << n;
    EXPECT_EQ(gateway->route("/azure@HELD.openai.azure.com/"), held);
    EXPECT_EQ(held->name, "azure@held.openai.azure.com");
    EXPECT_FALSE(gateway->route("/azure@evil.example/x"));
}

// Small ones are recorded on the loop, large ones beside it.
TEST_F(RelayTest, WhatCannotBeRecordedIsRelayedAllTheSame) {
    for (const bool at_beginning : {true, false}) {
        failing.at_beginning = at_beginning;
        for (const std::size_t size : {10u, 3u << 20}) {
            SCOPED_TRACE(testing::Message() << size << (at_beginning ? " at the beginning" : " at the end"));
            EXPECT_EQ(ask(size), "came: " + std::to_string(size));
        }
    }
    EXPECT_GT(gateway->stats().large_works, 0U);
    while (gateway->stats().active != 0) std::this_thread::yield();  // a client has its answer a moment before
}

}  // namespace
}  // namespace steno::gateway
