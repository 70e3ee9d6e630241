#include "base/text.hpp"
#include "simulator/sim_fixture.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>

/// The shapes of the providers' answers, as their clients read them.
namespace steno::simulator {
namespace {

constexpr std::string_view kTools =
    R"("tools":[{"type":"function","function":{"name":"get_weather","parameters":{"type":"object","properties":)"
    R"({"city":{"type":"string"},"unit":{"type":"string","enum":["celsius","fahrenheit"]},"days":{"type":"integer"}},)"
    R"("required":["city"]}}},{"type":"function","function":{"name":"get_time","parameters":{"type":"object",)"
    R"("properties":{"city":{"type":"string"}}}}}])";

std::string chat(std::string_view prompt, std::string_view more = "") {
    return std::string(
               R"({"model":"gpt-4o-mini","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":")") +
           std::string(prompt) + "\"}]" + (more.empty() ? "" : ",") + std::string(more) + "}";
}

TEST_F(SimulatorTest, OpenAiChat) {
    const auto response = post("/openai/v1/chat/completions", chat("When is the meeting about budgets?"));
    EXPECT_EQ(response.head.status, 200);
    EXPECT_TRUE(response.head.headers.get("x-request-id")->starts_with("req_"));
    EXPECT_TRUE(response.head.headers.has("x-ratelimit-remaining-tokens"));
    const auto body = parse(response.body);
    EXPECT_EQ(text(body, "/object"), "chat.completion");
    EXPECT_EQ(text(body, "/model"), "gpt-4o-mini-2024-07-18");
    EXPECT_EQ(text(body, "/choices/0/finish_reason"), "stop");
    EXPECT_EQ(text(body, "/choices/0/message/role"), "assistant");
    EXPECT_GT(text(body, "/choices/0/message/content").size(), 20u);
    EXPECT_EQ(number(body, "/usage/total_tokens"),
              number(body, "/usage/prompt_tokens") + number(body, "/usage/completion_tokens"));
}

TEST_F(SimulatorTest, OpenAiChatStreamSaysTheSameAsTheWholeAnswer) {
    const auto whole = post_json("/openai/v1/chat/completions", chat("[sim text=one%20two%20three%20four]"));
    const auto response =
        post("/openai/v1/chat/completions", chat("[sim text=one%20two%20three%20four]",
                                                 R"("stream":true,"stream_options":{"include_usage":true})"));
    EXPECT_EQ(response.head.headers.get("content-type"), "text/event-stream; charset=utf-8");
    const auto events = events_of(response.body);
    ASSERT_GE(events.size(), 5u);
    EXPECT_EQ(events.back().data, "[DONE]");
    std::string said;
    for (std::size_t i = 0; i + 2 < events.size(); ++i) {
        const auto chunk = parse(events[i].data);
        EXPECT_EQ(text(chunk, "/object"), "chat.completion.chunk");
        EXPECT_TRUE(chunk.as_object().contains("usage"));
        EXPECT_TRUE(at(chunk, "/usage").is_null());
        said += text(chunk, "/choices/0/delta/content");
    }
    EXPECT_EQ(said, "one two three four");
    EXPECT_EQ(said, text(whole, "/choices/0/message/content"));
    EXPECT_EQ(text(parse(events[0].data), "/choices/0/delta/role"), "assistant");
    EXPECT_EQ(text(parse(events[events.size() - 3].data), "/choices/0/finish_reason"), "stop");
    const auto last = parse(events[events.size() - 2].data);
    EXPECT_TRUE(at(last, "/choices").as_array().empty());
    EXPECT_EQ(number(last, "/usage/completion_tokens"), number(whole, "/usage/completion_tokens"));

    const auto without =
        events_of(post("/openai/v1/chat/completions", chat("hello", R"("stream":true)")).body);
    EXPECT_THAT(without[without.size() - 2].data, testing::Not(testing::HasSubstr("usage")));
}

TEST_F(SimulatorTest, OpenAiChatCallsToolsUntilTheirResultsAreThere) {
    const auto body =
        post_json("/openai/v1/chat/completions", chat("Weather? [sim tool=get_weather]", kTools));
    EXPECT_EQ(text(body, "/choices/0/finish_reason"), "tool_calls");
    EXPECT_EQ(text(body, "/choices/0/message/tool_calls/0/function/name"), "get_weather");
    const auto arguments = parse(text(body, "/choices/0/message/tool_calls/0/function/arguments"));
    EXPECT_FALSE(text(arguments, "/city").empty());
    EXPECT_THAT(text(arguments, "/unit"), testing::AnyOf("celsius", "fahrenheit"));

    const std::string answered =
        R"({"model":"gpt-4o-mini","messages":[{"role":"user","content":"Weather?"},{"role":"assistant","tool_calls":[]},)"
        R"({"role":"tool","tool_call_id":"call_1","content":"12 degrees"}],)" +
        std::string(kTools) + "}";
    EXPECT_EQ(text(post_json("/openai/v1/chat/completions", answered), "/choices/0/finish_reason"), "stop");
}

TEST_F(SimulatorTest, OpenAiChatStreamsParallelToolCallsInFragments) {
    const auto events =
        events_of(post("/openai/v1/chat/completions",
                       chat("Weather? [sim tools=parallel]", std::string(kTools) + R"(,"stream":true)"))
                      .body);
    std::string ids[2];
    std::string arguments[2];
    for (const Event& event : events) {
        if (event.data == "[DONE]") break;
        const auto chunk = parse(event.data);
        const auto index = number(chunk, "/choices/0/delta/tool_calls/0/index");
        if (index < 0) continue;
        ids[index] += text(chunk, "/choices/0/delta/tool_calls/0/id");
        arguments[index] += text(chunk, "/choices/0/delta/tool_calls/0/function/arguments");
    }
    for (int i = 0; i < 2; ++i) {
        EXPECT_TRUE(ids[i].starts_with("call_"));
        EXPECT_TRUE(parse(arguments[i]).is_object());
    }
}

TEST_F(SimulatorTest, OpenAiReasoningModelsCountTheirReasoning) {
    const auto body = post_json(
        "/openai/v1/chat/completions",
        R"({"model":"o4-mini","messages":[{"role":"user","content":"Think. [sim reasoning=500 cached=7 text=ok]"}]})");
    EXPECT_EQ(number(body, "/usage/completion_tokens_details/reasoning_tokens"), 500);
    EXPECT_EQ(number(body, "/usage/completion_tokens"), 501);
    EXPECT_EQ(number(body, "/usage/prompt_tokens_details/cached_tokens"), 7);
}

TEST_F(SimulatorTest, OpenAiStructuredOutputFitsItsSchema) {
    const auto body = post_json(
        "/openai/v1/chat/completions",
        chat(
            "Extract.",
            R"("response_format":{"type":"json_schema","json_schema":{"name":"p","schema":{"type":"object",)"
            R"("properties":{"name":{"type":"string"},"tags":{"type":"array","items":{"$ref":"#/$defs/tag"}}},)"
            R"("$defs":{"tag":{"type":"string","enum":["a","b"]}}}}})"));
    const auto value = parse(text(body, "/choices/0/message/content"));
    EXPECT_FALSE(text(value, "/name").empty());
    EXPECT_THAT(text(value, "/tags/0"), testing::AnyOf("a", "b"));
}

TEST_F(SimulatorTest, OpenAiResponses) {
    const auto whole = post_json("/openai/v1/responses", R"({"model":"gpt-4.1","input":"Hello there"})");
    EXPECT_EQ(text(whole, "/object"), "response");
    EXPECT_EQ(text(whole, "/status"), "completed");
    EXPECT_EQ(text(whole, "/output/0/content/0/type"), "output_text");
    EXPECT_EQ(number(whole, "/usage/total_tokens"),
              number(whole, "/usage/input_tokens") + number(whole, "/usage/output_tokens"));

    const auto events = events_of(
        post("/openai/v1/responses", R"({"model":"gpt-5","input":"Hello there","stream":true})").body);
    std::string said;
    for (std::size_t i = 0; i < events.size(); ++i) {
        const auto event = parse(events[i].data);
        EXPECT_EQ(text(event, "/type"), events[i].name);
        EXPECT_EQ(number(event, "/sequence_number"), static_cast<std::int64_t>(i));
        if (events[i].name == "response.output_text.delta") said += text(event, "/delta");
        if (events[i].name == "response.output_text.done") EXPECT_EQ(text(event, "/text"), said);
    }
    EXPECT_EQ(events.front().name, "response.created");
    EXPECT_EQ(events.back().name, "response.completed");
    const auto last = parse(events.back().data);
    EXPECT_EQ(text(last, "/response/output/0/type"), "reasoning");
    EXPECT_EQ(text(last, "/response/output/1/content/0/text"), said);
    EXPECT_GT(number(last, "/response/usage/output_tokens_details/reasoning_tokens"), 0);

    const auto tools = post_json(
        "/openai/v1/responses",
        R"({"model":"gpt-4.1","input":"Weather?","tools":[{"type":"function","name":"w","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}]})");
    EXPECT_EQ(text(tools, "/output/0/type"), "function_call");
    EXPECT_FALSE(text(parse(text(tools, "/output/0/arguments")), "/city").empty());
    const auto cut =
        post_json("/openai/v1/responses", R"({"model":"gpt-4.1","input":"[sim finish=length]"})");
    EXPECT_EQ(text(cut, "/status"), "incomplete");
    EXPECT_EQ(text(cut, "/incomplete_details/reason"), "max_output_tokens");
}

TEST_F(SimulatorTest, OpenAiEmbeddings) {
    const auto floats = post_json("/openai/v1/embeddings",
                                  R"({"model":"text-embedding-3-small","input":["a","b"],"dimensions":8})");
    EXPECT_EQ(at(floats, "/data").as_array().size(), 2u);
    EXPECT_EQ(at(floats, "/data/1/embedding").as_array().size(), 8u);
    const auto base64 =
        post_json("/openai/v1/embeddings",
                  R"({"model":"text-embedding-3-small","input":"a","encoding_format":"base64"})");
    EXPECT_EQ(from_base64(text(base64, "/data/0/embedding"))->size(), 1536u * 4);
    EXPECT_EQ(number(base64, "/usage/prompt_tokens"), 1);
    EXPECT_NE(boost::json::serialize(at(floats, "/data/0/embedding")),
              boost::json::serialize(at(floats, "/data/1/embedding")));
}

constexpr std::string_view kClaude = R"({"model":"claude-sonnet-4-5","max_tokens":500,)";

TEST_F(SimulatorTest, AnthropicMessages) {
    const auto response = post(
        "/anthropic/v1/messages",
        std::string(kClaude) +
            R"("messages":[{"role":"user","content":"[sim cached=4 cache-write=3 cache-write-1h=2] What about the harvest of apples in autumn?"}]})");
    EXPECT_TRUE(response.head.headers.get("request-id")->starts_with("req_"));
    EXPECT_TRUE(response.head.headers.has("anthropic-ratelimit-input-tokens-remaining"));
    const auto body = parse(response.body);
    EXPECT_EQ(text(body, "/type"), "message");
    EXPECT_EQ(text(body, "/content/0/type"), "text");
    EXPECT_EQ(text(body, "/stop_reason"), "end_turn");
    EXPECT_EQ(number(body, "/usage/cache_read_input_tokens"), 4);
    EXPECT_EQ(number(body, "/usage/cache_creation_input_tokens"), 5);
    EXPECT_EQ(number(body, "/usage/cache_creation/ephemeral_1h_input_tokens"), 2);
    const auto counted =
        post_json("/anthropic/v1/messages/count_tokens",
                  std::string(kClaude) + R"("messages":[{"role":"user","content":"hello"}]})");
    EXPECT_GT(number(counted, "/input_tokens"), 0);
}

TEST_F(SimulatorTest, AnthropicStreamHasTheRightSequence) {
    const auto events = events_of(
        post(
            "/anthropic/v1/messages",
            std::string(kClaude) +
                R"("stream":true,"thinking":{"type":"enabled","budget_tokens":1024},"tools":[{"name":"get_weather","input_schema":{"type":"object","properties":{"city":{"type":"string"}}}}],"messages":[{"role":"user","content":"Weather? [sim tools=parallel]"}]})")
            .body);
    std::vector<std::string> names;
    std::vector<std::string> blocks;
    std::string arguments;
    for (const Event& event : events) {
        EXPECT_EQ(text(parse(event.data), "/type"), event.name);
        if (names.empty() || names.back() != event.name) names.push_back(event.name);
        if (event.name == "content_block_start")
            blocks.push_back(text(parse(event.data), "/content_block/type"));
        if (number(parse(event.data), "/index") == 1)
            arguments += text(parse(event.data), "/delta/partial_json");
    }
    EXPECT_EQ(names.front(), "message_start");
    EXPECT_EQ(names[names.size() - 2], "message_delta");
    EXPECT_EQ(names.back(), "message_stop");
    EXPECT_THAT(blocks, testing::ElementsAre("thinking", "tool_use", "tool_use"));
    EXPECT_FALSE(text(parse(arguments), "/city").empty());
    const auto delta = parse(events[events.size() - 2].data);
    EXPECT_EQ(text(delta, "/delta/stop_reason"), "tool_use");
    EXPECT_GT(number(delta, "/usage/output_tokens"), 1);
    EXPECT_EQ(number(parse(events[0].data), "/message/usage/output_tokens"), 1);
}

constexpr std::string_view kContents =
    R"({"contents":[{"role":"user","parts":[{"text":"Tell me of rivers and bridges"}]}])";

TEST_F(SimulatorTest, GeminiGenerateContent) {
    const auto body =
        post_json("/gemini/v1beta/models/gemini-2.5-pro:generateContent", std::string(kContents) + "}");
    EXPECT_EQ(text(body, "/candidates/0/content/role"), "model");
    EXPECT_EQ(text(body, "/candidates/0/finishReason"), "STOP");
    EXPECT_EQ(text(body, "/modelVersion"), "gemini-2.5-pro");
    EXPECT_GT(number(body, "/usageMetadata/thoughtsTokenCount"), 0);
    EXPECT_EQ(number(body, "/usageMetadata/totalTokenCount"),
              number(body, "/usageMetadata/promptTokenCount") +
                  number(body, "/usageMetadata/candidatesTokenCount") +
                  number(body, "/usageMetadata/thoughtsTokenCount"));
    const auto tools = post_json(
        "/gemini/v1beta/models/gemini-2.5-flash:generateContent",
        std::string(kContents) +
            R"(,"tools":[{"functionDeclarations":[{"name":"find","parameters":{"type":"OBJECT","properties":{"city":{"type":"STRING"}}}}]}]})");
    EXPECT_EQ(text(tools, "/candidates/0/content/parts/0/functionCall/name"), "find");
    EXPECT_FALSE(text(tools, "/candidates/0/content/parts/0/functionCall/args/city").empty());
    const auto blocked = post_json("/gemini/v1beta/models/gemini-2.5-flash:generateContent",
                                   std::string(kContents) + "}", {{"x-sim-error", "content_filter"}});
    EXPECT_EQ(text(blocked, "/promptFeedback/blockReason"), "PROHIBITED_CONTENT");
}

TEST_F(SimulatorTest, GeminiStreamsAsEventsAndAsAnArray) {
    const std::string body = std::string(kContents) + "}";
    const auto events =
        events_of(post("/gemini/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse", body).body);
    const auto list = post_json("/gemini/v1beta/models/gemini-2.5-flash:streamGenerateContent", body);
    ASSERT_EQ(list.as_array().size(), events.size());
    std::string from_events;
    std::string from_list;
    for (std::size_t i = 0; i < events.size(); ++i) {
        const auto chunk = parse(events[i].data);
        from_events += text(chunk, "/candidates/0/content/parts/0/text");
        from_list += text(list.as_array()[i], "/candidates/0/content/parts/0/text");
        EXPECT_EQ(text(chunk, "/candidates/0/finishReason"), i + 1 == events.size() ? "STOP" : "");
    }
    EXPECT_EQ(from_events, from_list);
    EXPECT_GT(from_events.size(), 20u);
}

TEST_F(SimulatorTest, GeminiEmbeddingsAndTokens) {
    const auto one = post_json("/gemini/v1beta/models/gemini-embedding-001:embedContent",
                               R"({"content":{"parts":[{"text":"a"}]},"outputDimensionality":5})");
    EXPECT_EQ(at(one, "/embedding/values").as_array().size(), 5u);
    const auto many = post_json(
        "/gemini/v1beta/models/gemini-embedding-001:batchEmbedContents",
        R"({"requests":[{"content":{"parts":[{"text":"a"}]}},{"content":{"parts":[{"text":"b"}]}}]})");
    EXPECT_EQ(at(many, "/embeddings").as_array().size(), 2u);
    EXPECT_EQ(at(many, "/embeddings/1/values").as_array().size(), 3072u);
    EXPECT_GT(
        number(post_json("/gemini/v1beta/models/gemini-2.5-flash:countTokens", std::string(kContents) + "}"),
               "/totalTokens"),
        0);
}

}  // namespace
}  // namespace steno::simulator
