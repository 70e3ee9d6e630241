#include "ingest/recorder.hpp"
#include "io/memory_file_system.hpp"
#include "journal/journal.hpp"
#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "sources/gateway/experiments.hpp"
#include "sources/gateway/gateway.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace steno::gateway {
namespace {

/// Stands for memory that runs out in the middle of the work of recording.
struct Failing final : ingest::Consumer {
    void call_began(const Call&) override {
        if (at_beginning && !none) throw std::bad_alloc();
    }
    void call_ended(const Call&) override {
        if (!at_beginning && !none) throw std::bad_alloc();
    }
    bool at_beginning = true;
    bool none = false;
};

struct Ends final : ingest::Consumer {
    void call_began(const Call&) override {}
    void call_ended(const Call& call) override { last = call; }
    Call last;
};

/// An experiment on calls of the kind "faq": each is to ask another model.
struct AnotherModel final : ExperimentControl {
    [[nodiscard]] Standing standing(std::string_view type) const noexcept override {
        return type != "faq" ? Standing::None : is_read ? Standing::Ready : Standing::Unread;
    }
    [[nodiscard]] std::string_view what_is_unknown(const Experiment& part) const noexcept override {
        return part.id == "nowhere" ? "no such experiment" : "";
    }
    bool claim_read(std::string_view) noexcept override { return !is_read && !is_claimed.exchange(true); }
    void read(std::string_view) noexcept override { is_read = can_be_read; }
    [[nodiscard]] std::uint64_t text_bytes(std::string_view) const noexcept override { return bytes; }
    std::optional<Trial> assign(Call& call) noexcept override {
        Experiment& part = call.prompt.experiment;
        part.id = "e";
        if (!is_read) part.left_out = "not read yet";
        if (!part.left_out.empty()) return std::nullopt;
        part.variant = "b";
        part.unit = call.who.user_id;
        call.prompt.version = "2";
        return Trial{{.model = "another"},
                     std::make_shared<const std::vector<providers::RequestEdit>>(others)};
    }
    bool can_be_read = true;
    std::uint64_t bytes = 0;
    std::atomic<bool> is_claimed = false, is_read = false;
    std::vector<providers::RequestEdit> others;
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
        recorder->add_consumer(ends);
        loops.start();
        upstream.emplace(
            loops, net::ServerOptions{}, [this](net::ServerExchange& exchange) -> net::Task<void> {
                const auto body = co_await exchange.read_body(1u << 30);
                if (body) came = *body;
                net::ResponseHead head;
                head.headers.add("Content-Type", "application/json");
                co_await exchange.respond(head, "came: " + std::to_string(body ? body->size() : 0));
            });
        ASSERT_TRUE(upstream->listen({"127.0.0.1", 0}));
        client.emplace(loops, net::HttpClient::Options{});
        GatewayOptions options;
        options.upstreams.push_back(
            {"openai", *net::BaseUrl::parse("http://127.0.0.1:" + std::to_string(upstream->port()))});
        options.experiments = &experiments;
        options.body_memory_bytes = 4u << 20;
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

    /// The answer to a small request with these headers, of a call that is recorded.
    [[nodiscard]] Call recorded(std::string body, std::vector<std::pair<std::string, std::string>> headers) {
        failing.none = true;
        net::RequestHead head;
        head.method = "POST";
        head.target = "/openai/v1/chat/completions";
        for (auto& [name, value] : headers) head.headers.add(name, value);
        const auto to = net::BaseUrl::parse("http://127.0.0.1:" + std::to_string(server->port()));
        const auto answer = net::fetch(*to, head, body);
        EXPECT_TRUE(answer);
        if (answer) warning = answer->head.headers.get("x-steno-warning").value_or("");
        while (gateway->stats().active != 0) std::this_thread::yield();
        return ends.last;
    }

    io::MemoryFileSystem files;
    std::unique_ptr<journal::Journal> journal;
    Failing failing;
    Ends ends;
    AnotherModel experiments;
    std::string came;     ///< to the upstream
    std::string warning;  ///< in the last answer
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
    while (gateway->stats().active != 0)
        std::this_thread::yield();  // a client has its answer a moment before
}

constexpr const char* kBody = R"({"model": "mine", "messages":[{"role":"user","content":"Why?"}]})";

TEST_F(RelayTest, ARequestOfAnExperimentIsSentAsTheVariantHasIt) {
    const Call call = recorded(kBody, {{"x-steno-prompt-type", "faq"}, {"x-steno-user", "ann"}});
    const std::string sent = R"({"model": "another", "messages":[{"role":"user","content":"Why?"}]})";
    EXPECT_TRUE(experiments.is_read);
    EXPECT_EQ(came, sent);
    EXPECT_EQ(call.model.requested, "another");
    EXPECT_EQ(call.raw.request, sent);
    EXPECT_EQ(call.raw.client_request, kBody);
    EXPECT_EQ(call.prompt.version, "2");
    EXPECT_EQ(call.prompt.experiment.id, "e");
    EXPECT_EQ(call.prompt.experiment.variant, "b");
    EXPECT_EQ(call.prompt.experiment.unit, "ann");
    EXPECT_EQ(call.prompt.experiment.left_out, "");
}

TEST_F(RelayTest, WhatIsOfNoExperimentGoesAsItCame) {
    const auto goes = [&](std::vector<std::pair<std::string, std::string>> headers,
                          std::string_view body = kBody) {
        const Call call = recorded(std::string(body), std::move(headers));
        EXPECT_EQ(came, body);
        EXPECT_EQ(call.raw.client_request, "");
        EXPECT_EQ(call.prompt.version, "");
        return call.prompt.experiment;
    };
    EXPECT_EQ(goes({}), Experiment());
    EXPECT_EQ(goes({{"x-steno-prompt-type", "other"}}), Experiment());
    EXPECT_EQ(goes({{"x-steno-prompt-type", "other"}, {"x-steno-experiment", "off"}}), Experiment());
    const auto left_out = [](const Experiment& part) {
        EXPECT_EQ(part.id, "e");
        EXPECT_EQ(part.variant, "");
        EXPECT_EQ(part.unit, "");
        return part.left_out;
    };
    const std::pair<std::string, std::string> type = {"x-steno-prompt-type", "faq"};
    EXPECT_EQ(left_out(goes({type, {"x-steno-experiment", "off"}})), kOptedOut);
    EXPECT_EQ(left_out(goes({type, {"authorization", "AWS4-HMAC-SHA256 Credential=x"}})),
              "the client has signed the request");
    for (const char* name :
         {"Content-MD5", "Digest", "Content-Digest", "x-amz-content-sha256", "Signature-Input"})
        EXPECT_EQ(left_out(goes({type, {name, "x"}})), "the client has signed the request") << name;
    EXPECT_EQ(left_out(goes({type, {"authorization", "Signature keyId=x"}})),
              "the client has signed the request");
    EXPECT_EQ(left_out(goes({type, {"content-encoding", "gzip"}})), "the request's body is compressed");
    EXPECT_EQ(left_out(goes({type}, "no JSON")), "the request's body is no JSON object");
    experiments.others = {{.texts = {{"user", "a"}, {"user", "b"}}}};
    EXPECT_EQ(left_out(goes({type})), "the prompt has more messages than the request");
}

TEST_F(RelayTest, LongTextsAreFilledInBesideTheLoop) {
    (void)recorded(kBody, {{"x-steno-prompt-type", "faq"}});
    EXPECT_EQ(gateway->stats().large_works, 0U);
    experiments.bytes = 1u << 20;
    const Call call = recorded(kBody, {{"x-steno-prompt-type", "faq"}});
    EXPECT_EQ(call.prompt.experiment.variant, "b");
    EXPECT_EQ(gateway->stats().large_works, 1U) << "what is large are the texts, not the request";
}

TEST_F(RelayTest, TheClientsRequestBesideTheEditedOneHasToHaveRoom) {
    const std::vector<std::pair<std::string, std::string>> type = {{"x-steno-prompt-type", "faq"}};
    const auto body_of = [](std::size_t size) {
        return R"({"model":"mine","messages":[{"role":"user","content":")" + std::string(size, 'x') + "\"}]}";
    };
    std::string body = body_of(1'900'000);
    EXPECT_EQ(recorded(body, type).raw.client_request, body);
    EXPECT_EQ(gateway->stats().body_bytes, 0U);
    std::uint64_t of_others = 0;
    const auto goes_as_it_came = [&] {
        const Call call = recorded(body, type);
        EXPECT_EQ(came, body);
        EXPECT_EQ(call.prompt.experiment.variant, "");
        EXPECT_EQ(call.prompt.experiment.left_out, kNoMemory);
        EXPECT_EQ(gateway->stats().body_bytes, of_others);
    };
    body = body_of(2'200'000);
    goes_as_it_came();
    // Whoever gets which variant: what counts is the longest text of all.
    body = body_of(1'000'000);
    experiments.bytes = 3u << 20;
    goes_as_it_came();
    body = kBody;
    of_others = 2u << 20;
    const auto others = gateway->bodies().take(of_others);
    goes_as_it_came();
}

TEST_F(RelayTest, WhatIsAddedSoThatAStreamTellsItsUsageIsNotInTheRecordsRequest) {
    constexpr const char* kStream = R"({"model": "mine", "stream":true, "messages":[]})";
    constexpr const char* kEdited = R"({"model": "another", "stream":true, "messages":[]})";
    constexpr std::string_view kAdded = R"("stream_options":{"include_usage":true},)";
    for (const bool in_experiment : {false, true}) {
        std::vector<std::pair<std::string, std::string>> headers;
        if (in_experiment) headers = {{"x-steno-prompt-type", "faq"}};
        const Call call = recorded(kStream, headers);
        EXPECT_EQ(call.raw.request, in_experiment ? kEdited : kStream);
        EXPECT_EQ(call.raw.client_request, in_experiment ? kStream : "");
        EXPECT_EQ(call.usage.asked, true) << "which says that this came besides:";
        EXPECT_EQ(came, std::string(call.raw.request).insert(1, kAdded));
    }
}

TEST_F(RelayTest, ACallDoesNotWaitForAnExperimentThatCannotBeRead) {
    experiments.can_be_read = false;
    for (int n = 0; n < 2; ++n) {
        const Call call = recorded(kBody, {{"x-steno-prompt-type", "faq"}, {"x-steno-prompt-version", "7"}});
        EXPECT_EQ(came, kBody);
        EXPECT_EQ(call.prompt.experiment.left_out, "not read yet");
        EXPECT_EQ(call.prompt.version, "7");
    }
}

TEST_F(RelayTest, WhatAProgramHasAssignedIsNotAssignedAgain) {
    const Call call = recorded(
        kBody,
        {{"x-steno-prompt-type", "faq"},
         {"x-steno-prompt-version", "7"},
         {"x-steno-experiment", R"({"id":"x","variant":"v","unit":"ann","probability":0.25,"revision":3})"}});
    EXPECT_EQ(came, kBody);
    EXPECT_EQ(call.prompt.version, "7");
    EXPECT_EQ(call.prompt.experiment.id, "x");
    EXPECT_EQ(call.prompt.experiment.variant, "v");
    EXPECT_EQ(call.prompt.experiment.unit, "ann");
    EXPECT_EQ(call.prompt.experiment.probability, 0.25);
    EXPECT_EQ(call.prompt.experiment.revision, 3);
    EXPECT_EQ(warning, "");
}

TEST_F(RelayTest, WhatIsOddAboutAnAssignmentIsSaid) {
    const auto part_of = [&](const std::string& more) {
        const Call call =
            recorded(kBody, {{"x-steno-experiment", R"({"id":"x","variant":"v","unit":"ann")" + more + "}"}});
        EXPECT_EQ(call.prompt.experiment.variant, "v");
        return call.prompt.experiment;
    };
    for (const char* probability : {"0", "2", "-1", "1e-300", "\"0.5\"", "true"}) {
        EXPECT_FALSE(part_of(R"(,"probability":)" + std::string(probability)).probability) << probability;
        EXPECT_TRUE(warning.starts_with("x-steno-experiment taken in part: ")) << warning;
    }
    for (const char* revision : {"0", "-1", "1.5", "\"1\""}) {
        EXPECT_FALSE(part_of(R"(,"revision":)" + std::string(revision)).revision) << revision;
        EXPECT_TRUE(warning.starts_with("x-steno-experiment taken in part: ")) << warning;
    }
    EXPECT_EQ(part_of(R"(,"probability":1e-9,"revision":null)").probability, 1e-9);
    EXPECT_EQ(warning, "");
    EXPECT_EQ(part_of(R"(,"probability":1,"revision":1)").revision, 1);
    EXPECT_EQ(warning, "");
    // No JSON: nothing is taken.
    EXPECT_EQ(
        recorded(kBody, {{"x-steno-experiment", R"({"id":"x","variant":"v","unit":"a","probability":NaN})"}})
            .prompt.experiment,
        Experiment());
    EXPECT_TRUE(warning.starts_with("x-steno-experiment ignored: ")) << warning;
    EXPECT_EQ(recorded(kBody, {{"x-steno-experiment", R"({"id":"nowhere","variant":"v","unit":"a"})"}})
                  .prompt.experiment.id,
              "nowhere");
    EXPECT_EQ(warning, "x-steno-experiment taken as it is: no such experiment");
}

TEST_F(RelayTest, WhyAnAssignmentIsNotTakenIsSaid) {
    const std::string longest(300, 'u');
    for (const auto& [value, why] :
         {std::pair<std::string, std::string>{R"({"id":"x","variant":")" + longest + R"(","unit":"a"})",
                                              "its variant has 300 bytes, and may have 200"},
          {R"({"id":7,"variant":"v","unit":"a"})", "its id is no text"},
          {R"({"variant":"v","unit":"a"})", "it has no id"},
          {R"({"id":"x","unit":"a","variant":null})", "it has no variant"},
          {R"({"id":"x","variant":"v"})", "it has no unit"},
          {R"({"id":"x","variant":"v","unit":"a","left_out":"so"})",
           "it is left out, and has a variant or unit"},
          {R"(["x"])", "it is another JSON value"},
          {R"({"id":)", "it is no JSON"}}) {
        EXPECT_EQ(recorded(kBody, {{"x-steno-experiment", value}}).prompt.experiment, Experiment()) << value;
        EXPECT_TRUE(warning.starts_with("x-steno-experiment ignored: ")) << warning;
        EXPECT_TRUE(warning.ends_with("; " + why)) << warning;
    }
    recorded(kBody,
             {{"x-steno-experiment", R"({"id":"x","variant":"v","unit":"a","probability":2,"revision":0})"}});
    EXPECT_TRUE(warning.ends_with("; its probability is none, nor is its revision")) << warning;
}

TEST_F(RelayTest, OfALongUnitTheBeginningCounts) {
    const auto unit_of = [&](const std::string& unit) {
        return recorded(kBody,
                        {{"x-steno-experiment", R"({"id":"x","variant":"v","unit":")" + unit + R"("})"}})
            .prompt.experiment.unit;
    };
    EXPECT_EQ(unit_of(std::string(300, 'u')), std::string(200, 'u'));
    EXPECT_EQ(warning, "");
    EXPECT_EQ(unit_of(std::string(199, 'u') + "é"), std::string(199, 'u'));  // no half of a character
    EXPECT_EQ(warning, "");
}

TEST_F(RelayTest, BytesThatAreNotUtf8AreSaidToBeSo) {
    Call call = recorded(kBody, {{"x-steno-variables", "{\"who\":\"Zo\xeb\"}"}});
    EXPECT_EQ(call.prompt.variables.text, "");
    EXPECT_EQ(
        warning,
        R"(x-steno-variables ignored: it should be a JSON object, in UTF-8 or with escapes such as \u00e9; )"
        "its bytes are not UTF-8");
    call = recorded(kBody, {{"x-steno-variables", R"({"who":"Zo\u00eb"})"}});
    EXPECT_NE(call.prompt.variables.text, "");
    EXPECT_EQ(warning, "");
    call = recorded(kBody, {{"x-steno-user", "Zo\xeb"}});
    EXPECT_EQ(call.who.user_id, "");
    EXPECT_TRUE(warning.ends_with("at most 200 bytes of UTF-8; its bytes are not UTF-8")) << warning;
}

}  // namespace
}  // namespace steno::gateway
