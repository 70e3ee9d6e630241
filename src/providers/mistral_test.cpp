// What is Mistral's own beside OpenAI's language.

#include "providers/exchange_for_test.hpp"

#include <gtest/gtest.h>

#include <string>

namespace steno::providers {
namespace {

using Strings = std::vector<std::string>;

Exchange mistral(std::string path, std::string request, std::string answer) {
    Exchange exchange;
    exchange.upstream = "mistral";
    exchange.path = std::move(path);
    exchange.request_body = std::move(request);
    exchange.response_body = std::move(answer);
    return exchange;
}

std::string sse(std::initializer_list<std::string> events) {
    std::string body;
    for (const std::string& event : events) body += "data: " + event + "\n\n";
    return body;
}

TEST(Mistral, ChatHasThinkingPartsArgumentsAsObjectsAndItsOwnCounts) {
    const Call call =
        mistral(
            "/v1/chat/completions",
            R"({"model":"magistral-medium-2509","messages":[
                {"role":"user","content":[{"type":"document_url","document_url":"https://x/y.pdf","document_name":"y"},{"type":"input_audio","input_audio":"https://x/z.mp3"}]},
                {"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"Hm"},{"type":"text","text":"m."}]},{"type":"text","text":"So"}],"prefix":true}],
                "random_seed":7})",
            R"({"id":"c","model":"magistral-medium-2509","choices":[{"index":0,"finish_reason":"tool_calls","message":{"role":"assistant",
                "content":[{"type":"thinking","thinking":[{"type":"text","text":"Let me see."}]},{"type":"text","text":"Yes."}],
                "tool_calls":[{"id":"t","function":{"name":"f","arguments":{"x":1}}}]}}],
                "usage":{"prompt_tokens":20,"completion_tokens":5,"total_tokens":25,"num_cached_tokens":16,"prompt_audio_seconds":12,"service_tier":"priority"}})")
            .read();
    EXPECT_EQ(call.provider.name, "mistral_ai");
    EXPECT_EQ(call.kind, Kind::Chat);
    EXPECT_EQ(call.request.messages[0].parts[0].type, PartType::Document);
    EXPECT_EQ(call.request.messages[0].parts[0].url, "https://x/y.pdf");
    EXPECT_EQ(call.request.messages[0].parts[1].url, "https://x/z.mp3");
    EXPECT_EQ(call.request.messages[1].parts[0].type, PartType::Reasoning);
    EXPECT_EQ(call.request.messages[1].parts[0].text, "Hmm.");
    EXPECT_EQ(call.response.messages[0].parts[0].text, "Let me see.");
    EXPECT_EQ(call.response.messages[0].parts[1].text, "Yes.");
    EXPECT_EQ(call.response.tool_calls[0].arguments.text, R"({"x":1})");
    EXPECT_EQ(call.usage.cache_read_tokens, 16);
    EXPECT_EQ(call.usage.seconds, 12);
    EXPECT_EQ(call.provider.service_tier, "priority");
}

TEST(Mistral, FillInTheMiddleIsAskedLikeACompletionAndAnsweredLikeAChat) {
    Exchange exchange = mistral(
        "/v1/fim/completions",
        R"({"model":"codestral-2508","prompt":"def f(","suffix":"return a","stream":true})",
        sse({R"({"id":"f","model":"codestral-2508","choices":[{"index":0,"delta":{"role":"assistant","content":"a"},"finish_reason":null}]})",
             R"({"id":"f","model":"codestral-2508","choices":[{"index":0,"delta":{"content":"):"},"finish_reason":"stop"}],"usage":{"prompt_tokens":6,"completion_tokens":2,"total_tokens":8}})",
             "[DONE]"}));
    const Call call = exchange.read_byte_by_byte();
    EXPECT_EQ(call.kind, Kind::Completion);
    EXPECT_EQ(call.request.messages[0].parts[0].text, "def f(");
    EXPECT_EQ(call.request.parameters.text, R"({"suffix":"return a"})");
    EXPECT_EQ(call.response.messages[0].parts[0].text, "a):");
    EXPECT_EQ(call.usage.output_tokens, 2);
    EXPECT_EQ(call.status, Status::Success);
}

TEST(Mistral, AgentsHaveNoModelUntilTheyAnswer) {
    const Call call =
        mistral(
            "/v1/agents/completions", R"({"agent_id":"ag_1","messages":[{"role":"user","content":"hi"}]})",
            R"({"id":"a","model":"mistral-medium-2508","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"ok"}}],"usage":{"prompt_tokens":1,"completion_tokens":1}})")
            .read();
    EXPECT_EQ(call.kind, Kind::Chat);
    EXPECT_EQ(call.name, "ag_1");
    EXPECT_EQ(call.model.requested, "");
    EXPECT_EQ(call.model.served, "mistral-medium-2508");
    EXPECT_EQ(call.request.parameters.text, R"({"agent_id":"ag_1"})");
}

TEST(Mistral, OcrCountsPagesAndAnswersWithTheirMarkdown) {
    Exchange exchange = mistral(
        "/v1/ocr",
        R"({"model":"mistral-ocr-latest","document":{"type":"document_url","document_url":"data:application/pdf;base64,AA=="},"include_image_base64":true})",
        R"({"pages":[{"index":0,"markdown":"# One","images":[],"dimensions":null},{"index":1,"markdown":"Two","images":[]}],"model":"mistral-ocr-2505","document_annotation":"{\"title\":\"One\"}","usage_info":{"pages_processed":2,"doc_size_bytes":1000}})");
    Call call = exchange.read();
    EXPECT_EQ(call.kind, Kind::Vision);
    EXPECT_EQ(call.modality.input, Strings{"pdf"});
    EXPECT_EQ(call.model.served, "mistral-ocr-2505");
    ASSERT_EQ(call.response.messages[0].parts.size(), 2u);
    EXPECT_EQ(call.response.messages[0].parts[1].text, "Two");
    EXPECT_EQ(call.response.structured.text, R"({"title":"One"})");
    EXPECT_EQ(call.usage.pages, 2);
    EXPECT_EQ(call.usage.input_tokens, std::nullopt);
    exchange.request_body = R"({"model":"mistral-ocr-latest","document":{"type":"file","file_id":"f-1"}})";
    call = exchange.read();
    EXPECT_EQ(call.request.messages[0].parts[0].type, PartType::Document);
    EXPECT_EQ(call.request.messages[0].parts[0].id, "f-1");
}

TEST(Mistral, ConversationsAreReadWholeAndFromTheirEvents) {
    Exchange exchange = mistral(
        "/v1/conversations/conv_1/restart",
        R"({"model":"mistral-medium-2508","instructions":"Be brief.","stream":true,"store":false,"inputs":[
            {"role":"user","content":"hi"},
            {"type":"function.call","tool_call_id":"t0","name":"f","arguments":"{\"x\":1}"},
            {"type":"function.result","tool_call_id":"t0","result":"42"}]})",
        sse({R"({"type":"conversation.response.started","conversation_id":"conv_2"})",
             R"({"type":"tool.execution.started","output_index":0,"id":"e","name":"web_search","arguments":""})",
             R"({"type":"tool.execution.done","output_index":0,"id":"e","name":"web_search","info":{}})",
             R"({"type":"message.output.delta","output_index":1,"id":"m","content":"It ","model":"mistral-medium-2508","role":"assistant"})",
             R"({"type":"message.output.delta","output_index":1,"id":"m","content":{"type":"text","text":"is."},"role":"assistant"})",
             R"({"type":"function.call.delta","output_index":2,"id":"c","tool_call_id":"t1","name":"f","arguments":"{\"x\""})",
             R"({"type":"function.call.delta","output_index":2,"id":"c","tool_call_id":"t1","name":"f","arguments":":2}"})",
             R"({"type":"conversation.response.done","usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":113,"connector_tokens":100,"connectors":{"web_search":1}}})"}));
    const Call streamed = exchange.read_byte_by_byte();
    EXPECT_EQ(streamed.status, Status::Success);
    EXPECT_EQ(streamed.kind, Kind::Chat);
    EXPECT_EQ(streamed.request.system, "Be brief.");
    ASSERT_EQ(streamed.request.messages.size(), 3u);
    EXPECT_EQ(streamed.request.messages[1].parts[0].value.text, R"({"x":1})");
    EXPECT_EQ(streamed.request.messages[2].parts[0].text, "42");
    EXPECT_EQ(streamed.request.parameters.text, R"({"store":false})");
    EXPECT_EQ(streamed.response.id, "conv_2");
    EXPECT_EQ(streamed.response.tool_calls.size(), 1u);
    EXPECT_EQ(streamed.response.tool_calls[0].id, "t1");
    EXPECT_EQ(streamed.response.tool_calls[0].arguments.text, R"({"x":2})");
    EXPECT_EQ(streamed.response.messages[0].parts[2].text, "It is.");
    EXPECT_EQ(streamed.usage.searches, 1);
    exchange.path = "/v1/conversations";
    exchange.response_body =
        R"({"object":"conversation.response","conversation_id":"conv_2","outputs":[
            {"type":"tool.execution","name":"web_search","arguments":""},
            {"type":"message.output","content":[{"type":"text","text":"It is."},{"type":"tool_reference","tool":"web_search","title":"x"}],"model":"mistral-medium-2508","role":"assistant"},
            {"type":"function.call","tool_call_id":"t1","name":"f","arguments":{"x":2}}],
            "usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":113,"connector_tokens":100,"connectors":{"web_search":1}}})";
    const Call whole = exchange.read();
    EXPECT_EQ(whole.usage, streamed.usage);
    EXPECT_EQ(whole.response.id, streamed.response.id);
    EXPECT_EQ(whole.response.tool_calls, streamed.response.tool_calls);
    EXPECT_EQ(whole.model, streamed.model);
    EXPECT_EQ(whole.response.messages[0].parts[2].type, PartType::Other);
}

TEST(Mistral, AConversationsErrorAndItsBreaking) {
    Exchange exchange =
        mistral("/v1/conversations", R"({"agent_id":"ag_1","inputs":"hi","stream":true})",
                sse({R"({"type":"conversation.response.started","conversation_id":"conv_2"})",
                     R"({"type":"message.output.delta","content":"Half","role":"assistant"})"}));
    EXPECT_EQ(exchange.read().status, Status::Partial);
    EXPECT_EQ(exchange.read().usage, Usage{});
    exchange.response_body +=
        sse({R"({"type":"conversation.response.error","message":"Rate limit exceeded","code":429})"});
    const Call call = exchange.read();
    EXPECT_EQ(call.status, Status::Failure);
    EXPECT_EQ(call.error.type, ErrorType::RateLimit);
    EXPECT_EQ(call.error.provider_code, "429");
    EXPECT_EQ(call.error.message, "Rate limit exceeded");
    EXPECT_EQ(call.response.messages[0].parts[0].text, "Half");
}

TEST(Mistral, TranscriptionsHaveEventsOfTheirOwn) {
    Exchange exchange = mistral(
        "/v1/audio/transcriptions", "",
        R"({"model":"voxtral-mini-2507","text":"Hello.","language":"en","segments":[],"usage":{"prompt_audio_seconds":3,"prompt_tokens":4,"completion_tokens":20,"total_tokens":406}})");
    const Call whole = exchange.read();
    EXPECT_EQ(whole.model.served, "voxtral-mini-2507");
    EXPECT_EQ(whole.response.messages[0].parts[0].text, "Hello.");
    EXPECT_EQ(whole.usage.seconds, 3);
    EXPECT_EQ(whole.usage.output_tokens, 20);
    exchange.response_body = sse(
        {R"({"type":"transcription.language","audio_language":"en"})",
         R"({"type":"transcription.text.delta","text":"Hel"})",
         R"({"type":"transcription.text.delta","text":"lo."})",
         R"({"type":"transcription.done","model":"voxtral-mini-2507","text":"Hello.","language":"en","usage":{"prompt_audio_seconds":3,"prompt_tokens":4,"completion_tokens":20,"total_tokens":406}})"});
    const Call streamed = exchange.read_byte_by_byte();
    EXPECT_EQ(streamed.status, Status::Success);
    EXPECT_EQ(streamed.response.messages, whole.response.messages);
    EXPECT_EQ(streamed.usage, whole.usage);
}

TEST(Mistral, ErrorsComeInThreeForms) {
    Exchange exchange;
    exchange.upstream = "mistral";
    exchange.status = 401;
    exchange.response_body = R"({"detail":"Unauthorized"})";
    EXPECT_EQ(exchange.read().error.type, ErrorType::Authentication);
    EXPECT_EQ(exchange.read().error.message, "Unauthorized");
    exchange.status = 422;
    exchange.response_body =
        R"({"detail":[{"type":"missing","loc":["body","messages"],"msg":"Field required"}]})";
    EXPECT_EQ(exchange.read().error.type, ErrorType::InvalidRequest);
    EXPECT_NE(exchange.read().error.message.find("Field required"), std::string::npos);
    exchange.status = 400;
    exchange.response_body =
        R"({"object":"error","message":"Invalid model: m","type":"invalid_model","param":null,"code":"1500"})";
    EXPECT_EQ(exchange.read().error.provider_type, "invalid_model");
    EXPECT_EQ(exchange.read().error.provider_code, "1500");
    exchange.status = 200;
    exchange.response_body = sse(
        {R"({"id":"c","choices":[{"index":0,"delta":{"content":"a"}}]})",
         R"({"object":"error","message":"Service unavailable.","type":"unreachable_backend","param":null,"code":"1100"})"});
    EXPECT_EQ(exchange.read().status, Status::Failure);
    EXPECT_EQ(exchange.read().error.message, "Service unavailable.");
}

}  // namespace
}  // namespace steno::providers
