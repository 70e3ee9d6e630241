#include "simulator/simulator.hpp"

#include "net/content_coding.hpp"
#include "simulator/language.hpp"
#include "simulator/sim_fixture.hpp"

#include <gmock/gmock.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <future>
#include <thread>

namespace steno::simulator {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kChat = "/openai/v1/chat/completions";
constexpr std::string_view kMessages = "/anthropic/v1/messages";
constexpr std::string_view kGenerate = "/gemini/v1beta/models/gemini-2.5-flash:generateContent";
constexpr std::string_view kHello =
    R"({"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hello gardens"}]})";
constexpr std::string_view kHelloStream =
    R"({"model":"gpt-4o-mini","stream":true,"messages":[{"role":"user","content":"Hello gardens"}]})";
constexpr std::string_view kClaudeHello =
    R"({"model":"claude-haiku-4-5","max_tokens":50,"messages":[{"role":"user","content":"Hello"}]})";
constexpr std::string_view kClaudeStream =
    R"({"model":"claude-haiku-4-5","max_tokens":50,"stream":true,"messages":[{"role":"user","content":"Hello"}]})";
constexpr std::string_view kGeminiHello = R"({"contents":[{"parts":[{"text":"Hello"}]}]})";

TEST_F(SimulatorTest, TheSameSeedAndRequestGiveTheSameBytes) {
    const auto first = post(kChat, kHello);
    const auto second = post(kChat, kHello);
    EXPECT_EQ(first.body, second.body);
    EXPECT_EQ(first.head.headers.get("x-request-id"), second.head.headers.get("x-request-id"));
    Simulator other(loops_, {8, 0});
    ASSERT_TRUE(other.listen({"127.0.0.1", 0}));
    net::RequestHead head;
    head.method = "POST";
    head.target = kChat;
    const auto third = net::fetch({false, {"127.0.0.1", other.port()}, ""}, head, kHello);
    ASSERT_TRUE(third);
    EXPECT_NE(first.body, third->body);
}

TEST_F(SimulatorTest, ErrorsHaveTheProvidersShapes) {
    struct Case {
        std::string_view target;
        std::string_view body;
        std::string_view knob;
        std::string_view value;
        int status;
        std::string_view path;
        std::string_view expected;
    };
    for (const Case& c : {
             Case{kChat, kHello, "status", "429", 429, "/error/code", "rate_limit_exceeded"},
             Case{kChat, kHello, "error", "auth", 401, "/error/code", "invalid_api_key"},
             Case{kChat, kHello, "error", "context_length", 400, "/error/code", "context_length_exceeded"},
             Case{kChat, kHello, "status", "500", 500, "/error/type", "server_error"},
             Case{kMessages, kClaudeHello, "error", "overloaded", 529, "/error/type", "overloaded_error"},
             Case{kMessages, kClaudeHello, "status", "529", 529, "/error/type", "overloaded_error"},
             Case{kMessages, kClaudeHello, "error", "rate_limit", 429, "/error/type", "rate_limit_error"},
             Case{kGenerate, kGeminiHello, "error", "rate_limit", 429, "/error/status", "RESOURCE_EXHAUSTED"},
             Case{kGenerate, kGeminiHello, "status", "503", 503, "/error/status", "UNAVAILABLE"},
         }) {
        const auto response =
            post(c.target, c.body, {{"x-sim-" + std::string(c.knob), std::string(c.value)}});
        EXPECT_EQ(response.head.status, c.status) << c.target;
        EXPECT_EQ(text(parse(response.body), c.path), c.expected);
        if (c.status == 429 && c.target != kGenerate) EXPECT_TRUE(response.head.headers.has("retry-after"));
    }
}

TEST_F(SimulatorTest, BadRequestsAreRefusedAsByTheProvider) {
    EXPECT_EQ(post(kChat, "{").head.status, 400);
    EXPECT_EQ(post(kChat, "{}").head.status, 400);
    EXPECT_EQ(post(kMessages, R"({"model":"m","messages":[{"role":"user","content":"x"}]})").head.status,
              400);
    EXPECT_EQ(post("/openai/v1/nothing", kHello).head.status, 404);
    EXPECT_EQ(post("/gemini/v1beta/models/x:dance", kGeminiHello).head.status, 404);
    const auto misspelt = post(kChat, kHello, {{"x-sim-dealy-ms", "5"}});
    EXPECT_EQ(misspelt.head.status, 400);
    EXPECT_THAT(misspelt.body, HasSubstr("there is no knob"));
}

TEST_F(SimulatorTest, AnErrorInsideAStream) {
    const auto chat = events_of(post(kChat, kHelloStream, {{"x-sim-stream-error-after", "2"}}).body);
    ASSERT_EQ(chat.size(), 3u);
    EXPECT_EQ(text(parse(chat[2].data), "/error/type"), "server_error");
    const auto claude = events_of(post(kMessages, kClaudeStream, {{"x-sim-stream-error-after", "4"}}).body);
    ASSERT_EQ(claude.size(), 5u);
    EXPECT_EQ(claude[4].name, "error");
    EXPECT_EQ(text(parse(claude[4].data), "/error/type"), "overloaded_error");
    for (const char* after : {"0", "1", "100"}) {
        const auto array = post_json("/gemini/v1beta/models/gemini-2.5-flash:streamGenerateContent",
                                     kGeminiHello, {{"x-sim-stream-error-after", after}});
        ASSERT_TRUE(array.is_array());
        EXPECT_EQ(text(array.as_array().back(), "/error/status"), "UNAVAILABLE") << after;
    }
}

TEST_F(SimulatorTest, CutsAreSeenAsCuts) {
    EXPECT_FALSE(try_post(kChat, kHelloStream, {{"x-sim-cut-after", "2"}}));
    EXPECT_FALSE(try_post(kChat, kHelloStream, {{"x-sim-cut-after", "0"}}));
    EXPECT_FALSE(try_post(kChat, kHello, {{"x-sim-cut-after-bytes", "20"}}));
    EXPECT_FALSE(try_post(kChat, kHelloStream, {{"x-sim-cut-after-bytes", "300"}}));
    // The client may see the cut before the simulator has counted it.
    for (int tries = 0; simulator_.counts().cut < 4 && tries < 10'000; ++tries) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    EXPECT_EQ(simulator_.counts().cut, 4u);
}

TEST_F(SimulatorTest, TheFormOfTheAnswer) {
    EXPECT_EQ(text(post_json(kChat, kHello, {{"x-sim-echo", "1"}}), "/choices/0/message/content"),
              "Hello gardens");
    EXPECT_EQ(text(post_json(kChat, kHello, {{"x-sim-size", "100000"}}), "/choices/0/message/content").size(),
              100'000u);
    const auto tokens = post_json(kChat, kHello, {{"x-sim-tokens", "300"}});
    EXPECT_EQ(number(tokens, "/usage/completion_tokens"), 300);
    const auto cut = post_json(
        kChat, R"({"model":"gpt-4o","max_tokens":5,"messages":[{"role":"user","content":"Hello"}]})");
    EXPECT_EQ(text(cut, "/choices/0/finish_reason"), "length");
    EXPECT_EQ(number(cut, "/usage/completion_tokens"), 5);
    EXPECT_THAT(post(kChat, kHello, {{"x-sim-usage", "none"}}).body, Not(HasSubstr("usage")));
    EXPECT_EQ(events_of(post(kChat, kHelloStream, {{"x-sim-chunks", "7"}}).body).size(), 7u + 3);
    const auto plain = post(kChat, kHelloStream);
    EXPECT_EQ(post(kChat, kHelloStream, {{"x-sim-split", "1"}}).body, plain.body);
    const auto crlf = post(kChat, kHelloStream, {{"x-sim-crlf", "1"}});
    EXPECT_THAT(crlf.body, HasSubstr("\r\n\r\n"));
    EXPECT_EQ(events_of(crlf.body).size(), events_of(plain.body).size());
    boost::json::error_code error;
    boost::json::parse(post(kChat, kHello, {{"x-sim-malformed", "json"}}).body, error);
    EXPECT_TRUE(error);
    EXPECT_THAT(post(kChat, kHelloStream, {{"x-sim-malformed", "sse"}}).body, HasSubstr("[{\"del\n"));
}

TEST_F(SimulatorTest, ContentCodingsAreSentWhereAskedForAndAccepted) {
    const auto plain = post(kChat, kHelloStream);
    for (const char* coding : {"gzip", "br"}) {
        const auto coded =
            post(kChat, kHelloStream, {{"accept-encoding", "gzip, br"}, {"x-sim-encoding", coding}});
        EXPECT_EQ(coded.head.headers.get("content-encoding"), coding);
        auto decoder = net::make_decoder(coding, 1 << 20);
        ASSERT_TRUE(decoder);
        std::string decoded;
        ASSERT_TRUE((*decoder)->feed(coded.body, decoded));
        EXPECT_EQ(decoded, plain.body);
    }
    EXPECT_FALSE(post(kChat, kHello, {{"x-sim-encoding", "gzip"}}).head.headers.has("content-encoding"));
}

TEST_F(SimulatorTest, ASilentProviderNeverAnswers) {
    net::RequestHead head;
    head.method = "POST";
    head.target = kChat;
    head.headers.add("x-sim-silent", "1");
    net::ClientDeadlines deadlines;
    deadlines.first_byte = std::chrono::milliseconds(50);
    const auto response = net::fetch(url(), head, kHello, deadlines);
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, Code::DeadlineExceeded);
}

TEST_F(SimulatorTest, StoppingCutsWhatIsRunning) {
    for (const char* knob : {"x-sim-silent: 1", "x-sim-delay-ms: 3600000"}) {
        Simulator other(loops_, {1, 0});
        ASSERT_TRUE(other.listen({"127.0.0.1", 0}));
        const std::string_view text(knob);
        net::RequestHead head;
        head.method = "POST";
        head.target = kChat;
        head.headers.add(std::string(text.substr(0, text.find(':'))),
                         std::string(text.substr(text.find(' ') + 1)));
        const net::BaseUrl to{false, {"127.0.0.1", other.port()}, ""};
        auto answer = std::async(std::launch::async, [&] { return net::fetch(to, head, kHello); });
        while (other.counts().requests == 0) std::this_thread::yield();
        other.stop();
        EXPECT_FALSE(answer.get()) << knob;
    }
}

TEST_F(SimulatorTest, InstantAnswersAreWholeAnswers) {
    EXPECT_EQ(text(post_json(kChat, kHello, {{"x-sim-instant", "1"}}), "/choices/0/message/content"), "Ok.");
    EXPECT_EQ(events_of(post(kChat, kHelloStream, {{"x-sim-instant", "1"}}).body).back().data, "[DONE]");
    EXPECT_EQ(text(post_json(kMessages, kClaudeHello, {{"x-sim-instant", "1"}}), "/content/0/text"), "Ok.");
    EXPECT_EQ(events_of(post(kMessages, kClaudeStream, {{"x-sim-instant", "1"}}).body).back().name,
              "message_stop");
    EXPECT_EQ(text(post_json(kGenerate, kGeminiHello, {{"x-sim-instant", "1"}}),
                   "/candidates/0/content/parts/0/text"),
              "Ok.");
}

TEST_F(SimulatorTest, TheFirstNameMayBeLeftOut) {
    EXPECT_EQ(text(post_json("/v1/chat/completions", kHello), "/object"), "chat.completion");
    EXPECT_EQ(text(post_json("/v1/messages", kClaudeHello), "/type"), "message");
    EXPECT_EQ(text(post_json("/groq/v1/chat/completions", kHello), "/object"), "chat.completion");
}

RC_GTEST_PROP(SimulatorProperties, PiecesJoinedAreTheText, (std::string text)) {
    const auto count = *rc::gen::inRange<std::size_t>(0, 9);
    Dice dice(*rc::gen::arbitrary<std::uint64_t>());
    std::string joined;
    const auto pieces = cut_into_pieces(dice, text, count);
    for (const std::string& piece : pieces) joined += piece;
    RC_ASSERT(joined == text);
    if (count > 0) RC_ASSERT(pieces.size() == count);
}

}  // namespace
}  // namespace steno::simulator
