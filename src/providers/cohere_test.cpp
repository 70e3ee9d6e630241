// Cohere's languages: what v1, v2 and generate mean, whole and streamed, and what a broken stream leaves.

#include "providers/exchange_for_test.hpp"

#include <gtest/gtest.h>

#include <string>

namespace steno::providers {
namespace {

Exchange cohere(std::string path, std::string request, std::string answer,
                std::string type = "application/json") {
    Exchange exchange;
    exchange.upstream = "cohere";
    exchange.path = std::move(path);
    exchange.request_body = std::move(request);
    exchange.response_headers = {{"content-type", std::move(type)}};
    exchange.response_body = std::move(answer);
    return exchange;
}

std::string sse(std::initializer_list<std::string> events) {
    std::string body;
    for (const std::string& event : events) body += "data: " + event + "\n\n";
    return body;
}

std::string lines(std::initializer_list<std::string> events) {
    std::string body;
    for (const std::string& event : events) body += event + "\n";
    return body;
}

constexpr const char* kV2Request = R"({"model":"command-a-03-2025","messages":[
    {"role":"system","content":"Be brief."},
    {"role":"user","content":[{"type":"text","text":"What is here?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}]},
    {"role":"assistant","tool_plan":"I will look.","tool_calls":[{"id":"t1","type":"function","function":{"name":"look","arguments":"{\"at\":1}"}}]},
    {"role":"tool","tool_call_id":"t1","content":[{"type":"document","document":{"data":"a cat"}}]}],
    "documents":[{"id":"d","data":{"text":"cats"}}],"temperature":0.3})";

TEST(Cohere, V2RequestsHavePlansImagesAndDocuments) {
    const Call call = cohere("/v2/chat", kV2Request, "{}").read();
    EXPECT_EQ(call.kind, Kind::Vision);
    EXPECT_EQ(call.provider.name, "cohere");
    ASSERT_EQ(call.request.messages.size(), 4u);
    EXPECT_EQ(call.request.messages[1].parts[1].type, PartType::Image);
    EXPECT_EQ(call.request.messages[2].parts[0].type, PartType::Reasoning);
    EXPECT_EQ(call.request.messages[2].parts[0].text, "I will look.");
    EXPECT_EQ(call.request.messages[2].parts[1].value.text, R"({"at":1})");
    EXPECT_EQ(call.request.messages[3].parts[0].type, PartType::ToolResult);
    EXPECT_EQ(call.request.messages[3].parts[0].id, "t1");
    EXPECT_EQ(call.request.parameters.text,
              R"({"documents":[{"id":"d","data":{"text":"cats"}}],"temperature":0.3})");
}

TEST(Cohere, V2StreamsAreReadLikeWholeAnswers) {
    const std::string citation =
        R"({"start":0,"end":2,"text":"It","sources":[{"type":"document","id":"d"}],"type":"TEXT_CONTENT"})";
    const Call streamed =
        cohere(
            "/v2/chat",
            R"({"model":"command-a-reasoning-08-2025","stream":true,"messages":[{"role":"user","content":"hi"}]})",
            sse({R"({"type":"message-start","id":"m1","delta":{"message":{"role":"assistant"}}})",
                 R"({"type":"content-start","index":0,"delta":{"message":{"content":{"type":"thinking","thinking":""}}}})",
                 R"({"type":"content-delta","index":0,"delta":{"message":{"content":{"thinking":"Well"}}}})",
                 R"({"type":"content-end","index":0})",
                 R"({"type":"content-start","index":1,"delta":{"message":{"content":{"type":"text","text":""}}}})",
                 R"({"type":"content-delta","index":1,"delta":{"message":{"content":{"text":"It "}}}})",
                 R"({"type":"citation-start","index":0,"delta":{"message":{"citations":)" + citation + "}}}",
                 R"({"type":"citation-end","index":0})",
                 R"({"type":"content-delta","index":1,"delta":{"message":{"content":{"text":"is."}}}})",
                 R"({"type":"message-end","delta":{"finish_reason":"COMPLETE","usage":{"billed_units":{"input_tokens":2.0,"output_tokens":5.0},"tokens":{"input_tokens":70.0,"output_tokens":6.0},"cached_tokens":64}}})",
                 "[DONE]"}),
            "text/event-stream")
            .read_byte_by_byte();
    const Call whole =
        cohere(
            "/v2/chat",
            R"({"model":"command-a-reasoning-08-2025","messages":[{"role":"user","content":"hi"}]})",
            R"({"id":"m1","finish_reason":"COMPLETE","message":{"role":"assistant","content":[{"type":"thinking","thinking":"Well"},{"type":"text","text":"It is."}],"citations":[)" +
                citation +
                R"(]},"usage":{"billed_units":{"input_tokens":2.0,"output_tokens":5.0},"tokens":{"input_tokens":70.0,"output_tokens":6.0},"cached_tokens":64}})")
            .read();
    EXPECT_EQ(streamed.status, Status::Success);
    EXPECT_EQ(streamed.response.messages, whole.response.messages);
    EXPECT_EQ(streamed.usage, whole.usage);
    EXPECT_EQ(streamed.response.id, "m1");
    EXPECT_EQ(streamed.response.chunks, 10);
    ASSERT_EQ(whole.response.messages[0].parts.size(), 3u);
    EXPECT_EQ(whole.response.messages[0].parts[0].text, "Well");
    EXPECT_EQ(whole.response.messages[0].parts[1].text, "It is.");
    EXPECT_EQ(whole.response.messages[0].parts[2].value.text, R"({"citations":[)" + citation + "]}");
    EXPECT_EQ(whole.usage.input_tokens, 2);
    EXPECT_EQ(whole.usage.output_tokens, 5);
    EXPECT_EQ(whole.usage.cache_read_tokens, std::nullopt);  // counts in other tokens than those billed
}

TEST(Cohere, V2ToolCallsComeInPiecesAndInParallel) {
    const Call call =
        cohere(
            "/v2/chat", R"({"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]})",
            sse({R"({"type":"message-start","id":"m1","delta":{"message":{"role":"assistant"}}})",
                 R"({"type":"tool-plan-delta","delta":{"message":{"tool_plan":"I "}}})",
                 R"({"type":"tool-plan-delta","delta":{"message":{"tool_plan":"look."}}})",
                 R"({"type":"tool-call-start","index":0,"delta":{"message":{"tool_calls":{"id":"a","type":"function","function":{"name":"f","arguments":""}}}}})",
                 R"({"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":"{\"x\":"}}}}})",
                 R"({"type":"tool-call-start","index":1,"delta":{"message":{"tool_calls":{"id":"b","type":"function","function":{"name":"f","arguments":""}}}}})",
                 R"({"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":"1}"}}}}})",
                 R"({"type":"tool-call-end","index":0})",
                 R"({"type":"message-end","delta":{"finish_reason":"TOOL_CALL","usage":{"billed_units":{"input_tokens":1,"output_tokens":1}}}})"}),
            "text/event-stream")
            .read();
    EXPECT_EQ(call.status, Status::Success);
    ASSERT_EQ(call.response.tool_calls.size(), 2u);
    EXPECT_EQ(call.response.tool_calls[0].arguments.text, R"({"x":1})");
    EXPECT_EQ(call.response.tool_calls[1].id, "b");
    EXPECT_EQ(call.response.tool_calls[1].arguments.text, "{}");
    EXPECT_EQ(call.response.messages[0].parts[0].type, PartType::Reasoning);
    EXPECT_EQ(call.response.messages[0].parts[0].text, "I look.");
}

TEST(Cohere, ABrokenStreamKeepsItsTextAndGuessesNoUsage) {
    Exchange exchange =
        cohere("/v2/chat", R"({"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]})",
               sse({R"({"type":"message-start","id":"m1","delta":{"message":{"role":"assistant"}}})",
                    R"({"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"Half"}}}})"}),
               "text/event-stream");
    exchange.complete = false;
    const Call call = exchange.read();
    EXPECT_EQ(call.status, Status::Partial);
    EXPECT_EQ(call.response.messages[0].parts[0].text, "Half");
    EXPECT_EQ(call.usage, Usage{});
    exchange.response_body +=
        sse({R"({"type":"message-end","delta":{"finish_reason":"ERROR","error":"internal server error"}})"});
    const Call failed = exchange.read();
    EXPECT_EQ(failed.status, Status::Failure);
    EXPECT_EQ(failed.error.message, "internal server error");
    EXPECT_EQ(failed.response.finish_reasons, std::vector<std::string>{"ERROR"});
}

constexpr const char* kV1Request = R"({"model":"command-r","message":"","stream":true,"preamble":"Be brief.",
    "chat_history":[{"role":"USER","message":"sum 1 2"},{"role":"CHATBOT","message":"","tool_calls":[{"name":"sum","parameters":{"a":1}}]}],
    "tools":[{"name":"sum","description":"adds","parameter_definitions":{}}],
    "tool_results":[{"call":{"name":"sum","parameters":{"a":1}},"outputs":[{"sum":3}]}],"temperature":0})";

TEST(Cohere, V1RequestsAreHistoryAndMessage) {
    const Call call = cohere("/v1/chat", kV1Request, "{}").read();
    ASSERT_EQ(call.request.messages.size(), 3u);
    EXPECT_EQ(call.request.system, "Be brief.");
    EXPECT_EQ(call.request.messages[0].role, "user");
    EXPECT_EQ(call.request.messages[1].role, "assistant");
    EXPECT_EQ(call.request.messages[1].parts[0].type, PartType::ToolCall);
    EXPECT_EQ(call.request.messages[1].parts[0].value.text, R"({"a":1})");
    EXPECT_EQ(call.request.messages[2].parts[0].type, PartType::ToolResult);
    EXPECT_EQ(call.request.messages[2].parts[0].value.text, R"([{"sum":3}])");
    EXPECT_EQ(call.request.parameters.text, R"({"temperature":0})");
}

TEST(Cohere, V1StreamsInLinesAndInEvents) {
    const std::string start = R"({"is_finished":false,"event_type":"stream-start","generation_id":"g"})";
    const std::string plan =
        R"({"is_finished":false,"event_type":"tool-calls-chunk","tool_call_delta":{"text":"I add."}})";
    const std::string name =
        R"({"is_finished":false,"event_type":"tool-calls-chunk","tool_call_delta":{"index":0,"name":"sum"}})";
    const std::string arguments =
        R"({"is_finished":false,"event_type":"tool-calls-chunk","tool_call_delta":{"index":0,"parameters":"{\"a\":1}"}})";
    const std::string again =
        R"({"is_finished":false,"event_type":"tool-calls-generation","text":"I add.","tool_calls":[{"name":"sum","parameters":{"a":1}}]})";
    const std::string end =
        R"({"is_finished":true,"event_type":"stream-end","finish_reason":"COMPLETE","response":{"response_id":"r","generation_id":"g","text":"","finish_reason":"COMPLETE","tool_calls":[{"name":"sum","parameters":{"a":1}}],"citations":[{"start":0}],"meta":{"billed_units":{"input_tokens":4,"output_tokens":3,"search_units":1}}}})";
    Exchange exchange = cohere("/v1/chat", kV1Request, lines({start, plan, name, arguments, again, end}),
                               "application/stream+json");
    const Call call = exchange.read_byte_by_byte();
    EXPECT_EQ(call.status, Status::Success);
    EXPECT_EQ(call.response.id, "r");
    EXPECT_EQ(call.response.chunks, 6);
    EXPECT_EQ(call.response.finish_reasons, std::vector<std::string>{"COMPLETE"});
    ASSERT_EQ(call.response.tool_calls.size(), 1u);
    EXPECT_EQ(call.response.tool_calls[0].arguments.text, R"({"a":1})");
    EXPECT_EQ(call.usage.searches, 1);
    EXPECT_EQ(call.response.messages[0].parts.back().value.text, R"({"citations":[{"start":0}]})");
    exchange.response_body = sse({start, plan, name, arguments, again, end});
    exchange.response_headers = {{"content-type", "text/event-stream"}};
    EXPECT_EQ(exchange.read(), call);
    exchange.response_body = sse({start, plan, name, arguments, again});
    const Call cut = exchange.read();
    EXPECT_EQ(cut.status, Status::Partial);
    ASSERT_EQ(cut.response.tool_calls.size(), 1u);
    EXPECT_EQ(cut.response.messages[0].parts[0].text, "I add.");
    EXPECT_EQ(cut.usage, Usage{});
}

TEST(Cohere, GenerateStreamsSeveralGenerations) {
    const Call call =
        cohere(
            "/v1/generate", R"({"model":"command","prompt":"hi","num_generations":2,"stream":true})",
            lines(
                {R"({"event_type":"text-generation","index":1,"text":"b","is_finished":false})",
                 R"({"event_type":"text-generation","index":0,"text":"a","is_finished":false})",
                 R"({"event_type":"stream-end","is_finished":true,"finish_reason":"COMPLETE","response":{"id":"g","prompt":"hi","generations":[{"id":"1","index":0,"text":"a","finish_reason":"COMPLETE"},{"id":"2","index":1,"text":"b","finish_reason":"MAX_TOKENS"}]}})"}),
            "application/stream+json")
            .read();
    EXPECT_EQ(call.kind, Kind::Completion);
    EXPECT_EQ(call.status, Status::Partial);
    ASSERT_EQ(call.response.messages.size(), 2u);
    EXPECT_EQ(call.response.messages[1].parts[0].text, "b");
    EXPECT_EQ(call.response.finish_reasons, (std::vector<std::string>{"COMPLETE", "MAX_TOKENS"}));
    EXPECT_EQ(call.response.id, "g");
}

TEST(Cohere, EmbedsTextsAndImagesInSeveralTypes) {
    Exchange exchange = cohere(
        "/v2/embed",
        R"({"model":"embed-v4.0","input_type":"search_document","embedding_types":["ubinary","float"],"inputs":[{"content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}]}]})",
        R"({"id":"e","embeddings":{"float":null,"ubinary":[[1,2],[3,4],[5,6]]},"meta":{"billed_units":{"input_tokens":4,"images":1,"image_tokens":3}}})");
    const Call call = exchange.read();
    EXPECT_EQ(call.kind, Kind::Embedding);
    EXPECT_EQ(call.modality.input, (std::vector<std::string>{"text", "image"}));
    EXPECT_EQ(call.response.output.text, R"({"count":3,"dimensions":16})");
    EXPECT_EQ(call.usage.images, 1);
    EXPECT_EQ(call.usage.image_input_tokens, 3);
    EXPECT_EQ(call.usage.input_tokens, 7);  // Cohere counts them apart; all of it is input
    exchange.response_body = R"({"id":"e","embeddings":[[1,2],[3,4]],"response_type":"embeddings_floats"})";
    EXPECT_EQ(exchange.read().response.output.text, R"({"count":2,"dimensions":2})");
    EXPECT_EQ(exchange.read().usage, Usage{});
    exchange.response_body = R"({"embeddings":{"base64":["AACAPwAAgD8AAIA/"]}})";
    EXPECT_EQ(exchange.read().response.output.text, R"({"count":1,"dimensions":3})");
}

TEST(Cohere, ErrorsAreFlatAndTrialKeysHaveLimits) {
    Exchange exchange = cohere(
        "/v2/chat", R"({"model":"m","messages":[{"role":"user","content":"hi"}]})",
        R"({"id":"x","message":"You are using a Trial key, which is limited to 20 API calls / minute."})");
    exchange.status = 429;
    exchange.response_headers.emplace("x-trial-endpoint-call-limit", "20");
    exchange.response_headers.emplace("x-trial-endpoint-call-remaining", "0");
    exchange.response_headers.emplace("x-debug-trace-id", "trace");
    const Call call = exchange.read();
    EXPECT_EQ(call.status, Status::Failure);
    EXPECT_EQ(call.error.type, ErrorType::RateLimit);
    EXPECT_EQ(call.error.message, "You are using a Trial key, which is limited to 20 API calls / minute.");
    EXPECT_EQ(call.response.id, "");
    EXPECT_EQ(call.provider.rate_limit.windows.at("requests_minute").limit, 20);
    EXPECT_EQ(call.provider.rate_limit.windows.at("requests_minute").remaining, 0);
    EXPECT_EQ(call.provider.request_id, "trace");
    exchange.status = 400;
    exchange.response_body = R"({"message":"too many tokens: size limit exceeded by 2 tokens."})";
    EXPECT_EQ(exchange.read().error.type, ErrorType::ContextLength);
}

TEST(Cohere, SpeaksOpenAisLanguageUnderCompatibilityAndNothingOfTheRest) {
    Exchange exchange = cohere(
        "/compatibility/v1/chat/completions", R"({"model":"m","messages":[{"role":"user","content":"hi"}]})",
        R"({"id":"c","model":"m","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"ok"}}]})");
    EXPECT_EQ(exchange.read().kind, Kind::Chat);
    EXPECT_EQ(exchange.read().provider.name, "cohere");
    EXPECT_EQ(exchange.read().response.messages[0].parts[0].text, "ok");
    exchange.path = "/v1/tokenize";
    EXPECT_EQ(exchange.read().kind, Kind::Span);
    EXPECT_EQ(exchange.read().name, "POST /v1/tokenize");
}

TEST(Rerank, IsOneLanguageOfManyHosts) {
    Exchange exchange;
    exchange.path = "/v1/rerank";
    exchange.request_body = R"({"model":"r-1","query":"q","documents":["a",{"text":"b"}],"top_n":1})";
    exchange.response_body =
        R"({"id":"i","model":"r-1","results":[{"index":1,"relevance_score":0.5}],"usage":{"total_tokens":7}})";
    for (const char* host : {"jina", "together", "my-vllm"}) {
        exchange.upstream = host;
        const Call call = exchange.read();
        EXPECT_EQ(call.kind, Kind::Rerank);
        EXPECT_EQ(call.request.input.text, R"({"query":"q","documents":["a",{"text":"b"}]})");
        EXPECT_EQ(call.request.parameters.text, R"({"top_n":1})");
        EXPECT_EQ(call.response.output.text, R"([{"index":1,"relevance_score":0.5}])");
        EXPECT_EQ(call.usage.input_tokens, 7);
        EXPECT_EQ(call.usage.output_tokens, std::nullopt);
        EXPECT_EQ(call.model.served, "r-1");
    }
    exchange.request_body = R"({"query":"q","texts":["a"]})";
    exchange.response_body = R"([{"index":0,"score":0.9}])";
    EXPECT_EQ(exchange.read().request.input.text, R"({"query":"q","texts":["a"]})");
    EXPECT_EQ(exchange.read().response.output.text, R"([{"index":0,"score":0.9}])");
    exchange.upstream = "voyage";
    exchange.response_body =
        R"({"object":"list","data":[{"index":0,"relevance_score":0.9}],"model":"rerank-2","usage":{"total_tokens":9}})";
    EXPECT_EQ(exchange.read().provider.name, "voyageai");
    EXPECT_EQ(exchange.read().response.output.text, R"([{"index":0,"relevance_score":0.9}])");
    EXPECT_EQ(exchange.read().usage.input_tokens, 9);
}

TEST(Voyage, EmbedsImagesAndPartsOfDocuments) {
    Exchange exchange;
    exchange.upstream = "voyage";
    exchange.path = "/v1/multimodalembeddings";
    exchange.request_body =
        R"({"model":"voyage-multimodal-3","inputs":[{"content":[{"type":"text","text":"a"},{"type":"image_url","image_url":"https://x/y.png"}]}]})";
    exchange.response_body =
        R"({"object":"list","data":[{"object":"embedding","embedding":[1,2,3],"index":0}],"model":"voyage-multimodal-3","usage":{"text_tokens":5,"image_pixels":2000,"total_tokens":9}})";
    Call call = exchange.read();
    EXPECT_EQ(call.kind, Kind::Embedding);
    EXPECT_EQ(call.modality.input, (std::vector<std::string>{"text", "image"}));
    EXPECT_EQ(call.response.output.text, R"({"count":1,"dimensions":3})");
    EXPECT_EQ(call.usage.input_tokens, 9);
    exchange.path = "/v1/contextualizedembeddings";
    exchange.request_body = R"({"model":"voyage-context-3","inputs":[["a","b"],["c"]]})";
    exchange.response_body =
        R"({"object":"list","data":[{"object":"list","data":[{"embedding":[1,2],"index":0},{"embedding":[3,4],"index":1}],"index":0},{"object":"list","data":[{"embedding":[5,6],"index":0}],"index":1}],"model":"voyage-context-3","usage":{"total_tokens":3}})";
    call = exchange.read();
    EXPECT_EQ(call.request.input.text, R"([["a","b"],["c"]])");
    EXPECT_EQ(call.response.output.text, R"({"count":3,"dimensions":2})");
}

}  // namespace
}  // namespace steno::providers
