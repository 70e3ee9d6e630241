// Calls from a program's HTTP traffic: what a gateway would have recorded of the same bytes.

#include "client/address.hpp"
#include "client/chunks.hpp"
#include "client/recorded_for_test.hpp"
#include "net/content_coding.hpp"
#include "providers/exchange_for_test.hpp"
#include "record/json.hpp"
#include "record/json_reader.hpp"
#include "steno/http.hpp"
#include "steno/steno.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdlib>

namespace steno {
namespace {

using Traffic = providers::Exchange;

const std::string kAsked =
    R"({"model":"gpt-4o-mini","stream":true,"messages":[{"role":"user","content":"Where is it?"}]})";
const std::string kStream =
    "data: {\"id\":\"c1\",\"model\":\"gpt-4o-mini-2024-07-18\",\"choices\":[{\"index\":0,\"delta\":{"
    "\"role\":\"assistant\",\"content\":\"It is \"}}]}\n\n"
    "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"there \xf0\x9f\x98\x80\"}}]}\n\n"
    "data: "
    "{\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"t1\","
    "\"function\":{\"name\":\"find\",\"arguments\":\"{\\\"q\\\":1}\"}}]},\"finish_reason\":\"tool_calls\"}]"
    "}\n\n"
    "data: {\"id\":\"c1\",\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":7}}\n\n"
    "data: [DONE]\n\n";

Traffic stream() {
    Traffic traffic;
    traffic.request_headers = {{"Content-Type", "application/json"},
                               {"Authorization", "Bearer sk-SECRET0123456789"}};
    traffic.request_body = kAsked;
    traffic.response_headers = {{"Content-Type", "text/event-stream"},
                                {"x-request-id", "req_1"},
                                {"x-ratelimit-remaining-requests", "59"}};
    traffic.response_body = kStream;
    return traffic;
}

Traffic anthropic() {
    Traffic traffic;
    traffic.upstream = "anthropic";
    traffic.path = "/v1/messages";
    traffic.request_body =
        R"({"model":"claude-haiku-4-5","max_tokens":5,"messages":[{"role":"user","content":"Hi"}]})";
    traffic.response_headers = {{"content-type", "application/json"}, {"request-id", "req_2"}};
    traffic.response_body =
        R"({"id":"msg_1","type":"message","role":"assistant","model":"claude-haiku-4-5-20251001","content":[{"type":"text","text":"Hello"}],"stop_reason":"max_tokens","usage":{"input_tokens":8,"cache_read_input_tokens":2,"output_tokens":5}})";
    return traffic;
}

Traffic refused() {
    Traffic traffic;
    traffic.status = 429;
    traffic.response_headers = {{"content-type", "application/json"}, {"retry-after", "7"}};
    traffic.response_body =
        R"({"error":{"message":"Rate limit reached for sk-SECRET0123456789","type":"requests","code":"rate_limit_exceeded"}})";
    traffic.request_headers = {{"Authorization", "Bearer sk-SECRET0123456789"}};
    return traffic;
}

HttpHeaders views(const providers::Headers& headers) {
    return {headers.begin(), headers.end()};
}

/// What is the same whoever records it.
std::string essence(Call call) {
    call.id = {};
    call.started_at = call.ended_at = std::nullopt;
    call.time = {};
    call.source = {};
    call.provider.endpoint = {};
    call.provider.http_status.reset();
    call.provider.name.clear();
    call.preview = {};
    return to_json(call);
}

class Exchanges : public client::RecordedCalls {
  protected:
    void SetUp() override {
        ::unsetenv("STENO_RUN");
        RecordedCalls::SetUp();
    }

    /// Of all that were recorded.
    std::set<std::string> essences() {
        EXPECT_TRUE(flush(std::chrono::minutes{2}));
        std::set<std::string> all;
        for (const auto& [id, call] : server_.taken()) all.insert(essence(call));
        return all;
    }
};

std::string url_of(const Traffic& traffic) {
    return "https://api." + traffic.upstream + ".com" + traffic.path;
}

void tell(const Traffic& traffic, const std::vector<std::size_t>& cuts = {}) {
    const std::string url = url_of(traffic);
    HttpExchange exchange({.method = traffic.method,
                           .url = url,
                           .headers = views(traffic.request_headers),
                           .body = traffic.request_body});
    exchange.response(traffic.status, views(traffic.response_headers));
    std::size_t from = 0;
    for (const std::size_t cut : cuts) {
        exchange.body(std::string(traffic.response_body.substr(from, cut - from)));
        from = cut;
    }
    exchange.body(std::string(traffic.response_body.substr(from)));
    exchange.end();
}

TEST_F(Exchanges, AreReadAsTheGatewayReadsThem) {
    std::set<std::string> expected;
    for (const Traffic& traffic : {stream(), anthropic()}) {
        expected.insert(essence(traffic.read()));
        tell(traffic);
    }
    EXPECT_EQ(essences(), expected);
}

TEST_F(Exchanges, CutAnywhereAreTheSame) {
    for (const Traffic& traffic : {stream(), anthropic(), refused()}) {
        for (std::size_t cut = 0; cut <= traffic.response_body.size(); ++cut) tell(traffic, {cut});
    }
    EXPECT_EQ(count(), stream().response_body.size() + anthropic().response_body.size() +
                           refused().response_body.size() + 3);
    EXPECT_EQ(essences().size(), 3U);
}

TEST_F(Exchanges, ThatBreakOffAnywhereTellNoUsageThatDidNotCome) {
    const Traffic traffic = stream();
    const std::string url = url_of(traffic);
    const std::size_t usage_is_whole = kStream.find("\n\ndata: [DONE]");
    const std::size_t over = kStream.find("\"tool_calls\"}]}\n\n") + 16;
    std::vector<std::string> ids;  // by where it was cut
    for (std::size_t cut = 0; cut < kStream.size(); ++cut) {
        HttpExchange exchange({.url = url, .body = kAsked});
        exchange.response(200, views(traffic.response_headers));
        exchange.body(kStream.substr(0, cut));
        ids.push_back(exchange.id());
        exchange.fail(Failure::Timeout, "no more came");
    }
    ASSERT_TRUE(flush(std::chrono::minutes{2}));
    const auto taken = server_.taken();
    for (std::size_t cut = 0; cut < kStream.size(); ++cut) {
        const Call& call = taken.at(*Uuid::parse(ids[cut]));
        EXPECT_EQ(call.usage.input_tokens.has_value(), cut >= usage_is_whole) << cut;
        if (cut >= over) continue;
        EXPECT_EQ(call.error.type, ErrorType::Timeout) << cut;
        EXPECT_TRUE(call.status == Status::Failure || call.status == Status::Partial) << cut;
    }
}

TEST_F(Exchanges, ErrorsAreKeptWithoutTheKey) {
    tell(refused());
    const Call call = only();
    EXPECT_EQ(call.status, Status::Failure);
    EXPECT_EQ(call.error.type, ErrorType::RateLimit);
    EXPECT_EQ(call.provider.http_status, 429);
    EXPECT_NE(call.error.message.find("***"), std::string::npos);
    EXPECT_EQ(to_json(call).find("SECRET"), std::string::npos);
}

TEST_F(Exchanges, ThatAreNotReadToTheirEndAreCancelled) {
    {
        HttpExchange exchange({.url = "https://api.openai.com/v1/chat/completions", .body = kAsked});
        HttpExchange moved(std::move(exchange));
        moved.response(200);
        moved.body(kStream.substr(0, 150));
    }
    const Call call = only();
    EXPECT_EQ(call.status, Status::Cancelled);
    EXPECT_EQ(call.model.requested, "gpt-4o-mini");
}

TEST_F(Exchanges, CodedAnswersAreUndone) {
    Traffic traffic = stream();
    const std::string expected = essence(traffic.read());
    traffic.response_headers.emplace("Content-Encoding", "gzip");
    traffic.response_body = net::gzip(kStream);
    for (std::size_t cut = 0; cut <= traffic.response_body.size(); ++cut) tell(traffic, {cut});
    EXPECT_EQ(essences(), std::set{expected});
}

TEST_F(Exchanges, ACodingThatIsNotOneIsAnAnswerThatCannotBeRead) {
    Traffic traffic = anthropic();
    traffic.response_headers.emplace("content-encoding", "gzip");  // it is not
    tell(traffic);
    const Call call = only();
    EXPECT_EQ(call.status, Status::Failure);
    EXPECT_EQ(call.error.type, ErrorType::MalformedResponse);
    EXPECT_EQ(call.model.requested, "claude-haiku-4-5");
}

TEST_F(Exchanges, CodedRequestsAreUndone) {
    Traffic traffic = anthropic();
    traffic.request_body = net::gzip(traffic.request_body);
    traffic.request_headers.emplace("content-encoding", "gzip");
    tell(traffic);
    EXPECT_EQ(only().request.messages.at(0).parts.at(0).text, "Hi");
}

TEST_F(Exchanges, OfOthersLeaveNothing) {
    for (const std::string_view url :
         {"https://example.com/v1/chat/completions", "", "://", "https://",
          "api.openai.com.evil.example/v1/x", "https://api.openai.com@example.com/v1/chat/completions",
          "http://127.0.0.1:8787/openai/v1/responses"}) {
        HttpExchange exchange({.url = url, .body = kAsked});
        EXPECT_FALSE(exchange.recorded()) << url;
        EXPECT_EQ(exchange.id(), "");
        exchange.response(200);
        exchange.body("{}");
        exchange.end();
    }
    HttpExchange models({.method = "GET", .url = "https://api.openai.com/v1/models"});
    EXPECT_FALSE(models.recorded());
    EXPECT_EQ(count(), 0U);
}

TEST_F(Exchanges, ThatAGatewayAnswersAreOnItsRecord) {
    HttpExchange exchange({.url = "http://127.0.0.1:8787/openai/v1/chat/completions",
                           .body = kAsked,
                           .provider = "openai",
                           .base_url = "http://127.0.0.1:8787/openai"});
    EXPECT_TRUE(exchange.recorded());
    exchange.response(200, {{"x-steno-call-id", "0199a000-0000-7000-8000-000000000000"}});
    exchange.body(kStream);
    exchange.end();
    EXPECT_EQ(exchange.id(), "");
    EXPECT_EQ(count(), 0U);
}

TEST_F(Exchanges, ThatGoToAGatewayOfOursAreLeftToIt) {
    ::setenv("STENO_RUN", "http://127.0.0.1:45678", 1);
    for (const std::string& base : {server_.url + "/openai", std::string("http://127.0.0.1:45678/openai"),
                                    std::string("http://127.0.0.1:45679/openai")}) {
        const std::string url = base + "/v1/chat/completions";
        HttpExchange exchange({.url = url, .body = kAsked, .provider = "openai", .base_url = base});
        EXPECT_EQ(exchange.recorded(), base.ends_with(":45679/openai"));
        exchange.fail(Failure::Timeout, "no answer");
    }
    ::unsetenv("STENO_RUN");
    EXPECT_EQ(count(), 1U);
}

TEST_F(Exchanges, AtAnAddressOfOnesOwn) {
    const auto tell_to = [](std::string_view url, std::string_view base) {
        HttpExchange exchange({.url = url, .body = kAsked, .provider = "vllm", .base_url = base});
        if (!exchange.recorded()) return false;
        exchange.response(200, {{"content-type", "text/event-stream"}});
        exchange.body(kStream);
        exchange.end();
        return true;
    };
    EXPECT_TRUE(tell_to("http://127.0.0.1:8000/v1/chat/completions", ""));
    EXPECT_TRUE(tell_to("http://127.0.0.1:8000/v1/chat/completions?x=1#y", "http://127.0.0.1:8000/"));
    EXPECT_TRUE(tell_to("https://Proxy.example:443/ai/v1/chat/completions", "https://proxy.example/ai"));
    EXPECT_TRUE(tell_to("http://127.0.0.1:8000/v1/chat/completions", "http://127.0.0.1:8000/v1"));
    EXPECT_FALSE(tell_to("http://127.0.0.1:8000/v1/chat/completions", "http://127.0.0.1:8001"));
    EXPECT_FALSE(tell_to("http://127.0.0.1:8000/v1/chat/completions", "http://127.0.0.1:8000/v"));
    ASSERT_TRUE(flush(std::chrono::minutes{2}));
    const auto taken = server_.taken();
    ASSERT_EQ(taken.size(), 4U);
    for (const auto& [id, call] : taken) {
        EXPECT_EQ(call.provider.name, "vllm");
        EXPECT_EQ(call.usage.output_tokens, 7);
    }
}

TEST_F(Exchanges, FillACallThatIsOpen) {
    {
        AiCall call("openai", "as the program calls it");
        call.tag("mine");
        HttpExchange exchange({.url = "https://api.openai.com/v1/chat/completions", .body = kAsked}, call);
        EXPECT_EQ(exchange.id(), call.id());
        exchange.response(200, {{"content-type", "text/event-stream"}});
        exchange.body(kStream);
        exchange.end();
        call.attribute("good", true);
    }
    const Call call = only();
    EXPECT_EQ(call.name, "as the program calls it");
    EXPECT_EQ(call.model.requested, "gpt-4o-mini");
    EXPECT_EQ(call.usage.input_tokens, 12);
    EXPECT_EQ(call.labels.tags, std::vector<std::string>{"mine"});
    EXPECT_TRUE(call.time.time_to_first_token);
    EXPECT_EQ(call.response.tool_calls.at(0).name, "find");
}

TEST_F(Exchanges, LeaveWhatTheProgramSaidOfItsCall) {
    {
        AiCall call("openai", "m", Kind::Intent);
        call.parameters(R"({"stream":false,"attempt":{"of":3}})");
        HttpExchange exchange({.url = "https://api.openai.com/v1/chat/completions",
                               .body = R"({"model":"gpt-4o-mini","stream":true,"top_p":0.5,"messages":[]})"},
                              call);
        exchange.response(200, {{"content-type", "text/event-stream"}});
        exchange.body(kStream);
        exchange.end();
    }
    const Call call = only();
    EXPECT_EQ(call.kind, Kind::Intent);
    EXPECT_EQ(call.request.parameters.text, R"({"top_p":0.5,"stream":false,"attempt":{"of":3}})");
    EXPECT_EQ(call.usage.input_tokens, 12);
}

TEST_F(Exchanges, OfABrokenRequestHaveParametersThatAreJson) {
    const std::string whole = R"({"model":"gpt-4o-mini","top_p":0.5,"metadata":{"a":true},"messages":[]})";
    const std::string attempt = R"("attempt":{"of":3})";
    for (std::size_t size = 0; size <= whole.size(); ++size) {
        for (const std::string& said : {"{" + attempt + "}", std::string(R"({"a":tru)"), std::string()}) {
            AiCall call("openai", "m");
            if (!said.empty()) call.parameters(said).tag(said);
            HttpExchange exchange(
                {.url = "https://api.openai.com/v1/chat/completions", .body = whole.substr(0, size)}, call);
            exchange.response(400, {{"content-type", "application/json"}});
            exchange.body(R"({"error":{"message":"no"}})");
            exchange.end();
        }
    }
    EXPECT_EQ(count(), 3 * (whole.size() + 1));
    for (const auto& [id, call] : server_.taken()) {
        const std::string& text = call.request.parameters.text;
        JsonReader in(text);
        EXPECT_TRUE(text.empty() || (in.skip() && in.at_end())) << text;
        EXPECT_EQ(text.contains(attempt), call.labels.tags == std::vector{"{" + attempt + "}"}) << text;
    }
}

TEST_F(Exchanges, HaveTheContextAndTheLevel) {
    TrackingOptions options;
    options.server = server_.url;
    options.interval = std::chrono::milliseconds{1};
    options.level_by_prompt_type = {{"secret", LogLevel::MetricsOnly}, {"none", LogLevel::Off}};
    start_tracking(options);
    const Context context = Context().with_session("s-1").with_agent("calendar");
    {
        const ContextScope secret(context.with_prompt({.type = "secret"}));
        tell(stream());
    }
    const ContextScope none(context.with_prompt({.type = "none"}));
    tell(stream());
    const Call call = only();
    EXPECT_EQ(call.trace.session_id, "s-1");
    EXPECT_EQ(call.trace.agent, "calendar");
    EXPECT_EQ(call.usage.output_tokens, 7);
    EXPECT_TRUE(call.request.messages.empty());
    EXPECT_EQ(to_json(call).find("Where is it"), std::string::npos);
}

TEST(HttpTraffic, WithRecordingOffIsNotLookedAt) {
    stop_tracking();
    HttpExchange exchange({.url = "https://api.openai.com/v1/chat/completions", .body = kAsked});
    EXPECT_FALSE(exchange.recorded());
    exchange.response(200);
    exchange.end();
    HttpTranscript transcript({}, Context());
    transcript.sent_head("POST /v1/chat/completions HTTP/1.1\r\nHost: api.openai.com\r\n\r\n");
    transcript.end();
    EXPECT_EQ(transcript.id(), "");
}

// As text.

/// All that goes out, and all that comes back.
struct Wire {
    std::string head =
        "POST /v1/chat/completions HTTP/1.1\r\nHost: api.openai.com\r\nContent-Type: application/json\r\n"
        "Authorization: Bearer sk-SECRET0123456789\r\n\r\n";
    std::string body = kAsked;
    std::string answer_head =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nx-request-id: req_1\r\n"
        "X-RateLimit-Remaining-Requests: 59\r\n\r\n";
    std::string answer = kStream;

    /// Each text in two pieces, cut at `cut`, or whole where it is shorter.
    void tell(HttpTranscript& transcript, std::size_t cut = 0) const {
        const auto in_two = [cut](const std::string& text, auto&& take) {
            take(std::string(text.substr(0, cut)));
            if (cut < text.size()) take(std::string(text.substr(cut)));
        };
        in_two(head, [&](const std::string& piece) { transcript.sent_head(piece); });
        in_two(body, [&](const std::string& piece) { transcript.sent_body(piece); });
        in_two(answer_head, [&](const std::string& piece) { transcript.received_head(piece); });
        in_two(answer, [&](const std::string& piece) { transcript.received_body(piece); });
    }
};

std::string chunked(std::string_view content, std::size_t size) {
    std::string framed;
    while (!content.empty()) {
        const std::string_view chunk = content.substr(0, size);
        content.remove_prefix(chunk.size());
        char digits[16];
        std::snprintf(digits, sizeof digits, "%zX", chunk.size());
        framed += std::string(digits) + ";extension\r\n" + std::string(chunk) + "\r\n";
    }
    return framed + "0\r\nTrailer: x\r\n\r\n";
}

TEST_F(Exchanges, AsTextCutAnywhereAreTheSame) {
    const Wire plain;
    Wire framed;
    framed.head.insert(framed.head.size() - 2, "Transfer-Encoding: chunked\r\n");
    framed.body = chunked(kAsked, 7);
    framed.answer_head.insert(framed.answer_head.size() - 2, "transfer-encoding: chunked\r\n");
    framed.answer = chunked(kStream, 100);
    for (const Wire& wire : {plain, framed}) {
        for (std::size_t cut = 0; cut <= wire.answer.size(); ++cut) {
            HttpTranscript transcript({}, Context());
            wire.tell(transcript, cut);
            transcript.end();
        }
    }
    EXPECT_EQ(essences(), std::set{essence(stream().read())});
    EXPECT_EQ(count(), plain.answer.size() + framed.answer.size() + 2);
}

TEST_F(Exchanges, AsTextWithInterimAnswersProxiesAndRetries) {
    const Wire wire;
    HttpTranscript transcript({}, Context());
    transcript.sent_head("CONNECT api.openai.com:443 HTTP/1.1\r\nHost: api.openai.com:443\r\n\r\n");
    transcript.received_head("HTTP/1.1 200 Connection established\r\n\r\n");
    transcript.sent_head(wire.head);  // the connection was dead
    transcript.sent_head(wire.head);
    transcript.sent_body(wire.body.substr(0, 10));
    transcript.received_head("HTTP/1.1 100 Continue\r\n\r\n");
    transcript.sent_body(wire.body.substr(10));
    transcript.received_head("HTTP/2 200 \r\n" + wire.answer_head.substr(17));
    transcript.received_body(wire.answer);
    transcript.received_head("trailer: x\r\n\r\n");
    EXPECT_EQ(transcript.id(), "");
    transcript.end();
    const Call call = only();
    EXPECT_EQ(transcript.id(), call.id.to_string());
    EXPECT_EQ(essence(call), essence(stream().read()));
}

TEST_F(Exchanges, AsTextAfterARedirect) {
    const Wire wire;
    HttpTranscript transcript({}, Context());
    transcript.sent_head("POST /old HTTP/1.1\r\nHost: example.com\r\n\r\n");
    transcript.sent_body(wire.body);
    transcript.received_head("HTTP/1.1 307 Temporary Redirect\r\nLocation: https://api.openai.com/\r\n\r\n");
    transcript.received_body("elsewhere");
    wire.tell(transcript);
    transcript.end();
    EXPECT_EQ(essence(only()), essence(stream().read()));
}

TEST_F(Exchanges, AsTextThatWereNeverSent) {
    HttpTranscript transcript({.request_body = kAsked}, Context().with_session("s"));
    transcript.fail(Failure::Connection, "Could not connect", "https://api.openai.com/v1/chat/completions");
    HttpTranscript other({.request_body = kAsked}, Context());
    other.fail(Failure::Connection, "Could not connect", "https://example.com/v1/chat/completions");
    const Call call = only();
    EXPECT_EQ(call.status, Status::Failure);
    EXPECT_EQ(call.error.type, ErrorType::Connection);
    EXPECT_EQ(call.model.requested, "gpt-4o-mini");
    EXPECT_EQ(call.trace.session_id, "s");
}

TEST_F(Exchanges, AsTextThatWereNotAnswered) {
    const Wire wire;
    HttpTranscript transcript({.request_body = kAsked}, Context());
    transcript.sent_head(wire.head);
    transcript.sent_body(wire.body.substr(0, 20));
    transcript.fail(Failure::Timeout, "Timeout was reached", "https://api.openai.com/v1/chat/completions");
    const Call call = only();
    EXPECT_EQ(call.error.type, ErrorType::Timeout);
    EXPECT_EQ(call.request.messages.at(0).parts.at(0).text, "Where is it?");
}

/// Of a body that is too long the pieces that still fit would be another one, with a hole that nobody sees.
TEST_F(Exchanges, AsTextThatAreTooLongAreReadByTheirAnswers) {
    const Wire wire;
    const std::string begin = R"({"model":"gpt-4o-mini","messages":[{"role":"user","content":")";
    const std::string end = R"("}],"stream":true})";
    const std::string half((HttpTranscript::kMostRequest / 2) + 1, 'x');
    for (const std::string_view promised : {std::string_view(), std::string_view(kAsked)}) {
        HttpTranscript transcript({.request_body = promised}, Context());
        transcript.sent_head(wire.head);
        for (const std::string* piece : {&begin, &half, &half, &end}) transcript.sent_body(*piece);
        transcript.received_head(wire.answer_head);
        transcript.received_body(wire.answer);
        transcript.end();
        EXPECT_TRUE(flush(std::chrono::minutes{2}));
        const auto taken = server_.taken();
        const auto call = std::ranges::find_if(
            taken, [&](const auto& one) { return one.second.id.to_string() == transcript.id(); });
        ASSERT_NE(call, taken.end());
        EXPECT_EQ(call->second.request.messages.size(), promised.empty() ? 0U : 1U);
        EXPECT_FALSE(call->second.response.messages.empty());
    }
}

TEST(HttpTraffic, WhateverItIsHarmsNothing) {
    TrackingOptions options;
    options.server = "http://127.0.0.1:1";
    options.max_spool_bytes = 0;
    options.exit_patience = std::chrono::milliseconds{0};
    start_tracking(options);
    const std::string known =
        "POST /v1/chat/completions HTTP/1.1\r\nHost: api.openai.com\r\n\r\nHTTP/1.1 200\r\n\r\n";
    EXPECT_TRUE(rc::check([&] {
        HttpTranscript transcript({}, Context());
        for (int i = 0; i < 20; ++i) {
            const auto junk = *rc::gen::oneOf(rc::gen::arbitrary<std::string>(),
                                              rc::gen::map(rc::gen::inRange<std::size_t>(0, known.size()),
                                                           [&](std::size_t at) { return known.substr(at); }));
            switch (*rc::gen::inRange(0, 4)) {
                case 0:
                    transcript.sent_head(junk);
                    break;
                case 1:
                    transcript.sent_body(junk);
                    break;
                case 2:
                    transcript.received_head(junk);
                    break;
                default:
                    transcript.received_body(junk);
            }
        }
        const std::string url = *rc::gen::arbitrary<std::string>();
        const HttpExchange exchange({.url = url});
        transcript.fail(Failure::Connection, "over", url);
    }));
    stop_tracking(std::chrono::milliseconds{0});
}

TEST(Chunks, WhatIsNoneIsLeftOut) {
    const auto content = [](std::string_view framed) {
        std::string text;
        client::Chunks().feed(framed, text);
        return text;
    };
    EXPECT_EQ(content("3\r\nabc\r\n0\r\n\r\nmore"), "abc");
    EXPECT_EQ(content("5\r\nabc"), "abc");
    EXPECT_EQ(content("\r\nabc"), "");
    EXPECT_EQ(content("xyz"), "");
    EXPECT_EQ(content("fffffffffffffffff\r\nabc"), "");
}

}  // namespace
}  // namespace steno
