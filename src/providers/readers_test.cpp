// What requests and answers mean, beyond the cases of gateway_cases_test.cpp.

#include "providers/exchange_for_test.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace steno::providers {
namespace {

using Strings = std::vector<std::string>;

const std::string kAnswer =
    R"({"id":"c","model":"m-1","choices":[{"index":0,"message":{"role":"assistant","content":"x"},"finish_reason":"stop"}]})";

TEST(Requests, OpenAiChat) {
    Exchange exchange;
    exchange.request_headers = {{"X-Stainless-Retry-Count", "2"}, {"authorization", "Bearer sk-secret"}};
    exchange.request_body = R"({"model":"gpt-4o","stream":true,"temperature":0.20,"metadata":{"k":[1, 2]},
        "tools":[{"type":"function"}],"stream_options":null,
        "messages":[{"role":"system","content":"Be brief."},
          {"role":"user","name":"ann","content":[{"type":"text","text":"What is it?"},
            {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}},
            {"type":"input_audio","input_audio":{"data":"BBBB","format":"wav"}},
            {"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,CCCC"}},
            {"type":"new_thing","x":1.0}]}]})";
    exchange.response_body = kAnswer;
    const Call call = exchange.read();
    EXPECT_EQ(call.kind, Kind::Vision);
    EXPECT_EQ(call.name, "gpt-4o");
    EXPECT_EQ(call.model.requested, "gpt-4o");
    EXPECT_EQ(call.model.served, "m-1");
    EXPECT_EQ(call.provider.name, "openai");
    EXPECT_EQ(call.request.stream, true);
    EXPECT_EQ(call.request.tools.text, R"([{"type":"function"}])");
    EXPECT_EQ(call.request.parameters.text,
              R"({"temperature":0.20,"metadata":{"k":[1, 2]},"stream_options":null})");
    EXPECT_EQ(call.request.system, "");
    EXPECT_EQ(call.client_retry, 2);
    ASSERT_EQ(call.request.messages.size(), 2U);
    EXPECT_EQ(call.request.messages[0].role, "system");
    EXPECT_EQ(call.request.messages[1].name, "ann");
    const std::vector<Part>& parts = call.request.messages[1].parts;
    ASSERT_EQ(parts.size(), 5U);
    EXPECT_EQ(parts[1].type, PartType::Image);
    EXPECT_EQ(parts[1].url, "data:image/png;base64,AAAA");
    EXPECT_EQ(parts[1].mime, "image/png");
    EXPECT_EQ(parts[2].type, PartType::Audio);
    EXPECT_EQ(parts[2].url, "data:audio/wav;base64,BBBB");
    EXPECT_EQ(parts[3].type, PartType::Document);
    EXPECT_EQ(parts[3].name, "a.pdf");
    EXPECT_EQ(parts[4].type, PartType::Other);
    EXPECT_EQ(parts[4].value.text, R"({"type":"new_thing","x":1.0})");
    EXPECT_EQ(call.modality.input, (Strings{"text", "image", "audio", "pdf"}));
    EXPECT_EQ(call.modality.output, Strings{"text"});
    EXPECT_EQ(call.preview.prompt, "What is it?");
    EXPECT_EQ(call.preview.answer, "x");
}

TEST(Requests, Responses) {
    Exchange exchange;
    exchange.path = "/v1/responses";
    exchange.request_body =
        R"({"model":"gpt-5","instructions":"Be brief.","reasoning":{"effort":"low"},"input":[
        {"role":"user","content":"hi"},
        {"type":"message","role":"user","content":[{"type":"input_text","text":"see"},{"type":"input_image","image_url":"https://x/y.png"}]},
        {"type":"reasoning","summary":[],"encrypted_content":"zzz"},
        {"type":"function_call","call_id":"c1","name":"f","arguments":"{\"a\":1}"},
        {"type":"function_call_output","call_id":"c1","output":"42"},
        {"type":"item_reference","id":"x"}]})";
    exchange.response_body =
        R"({"id":"resp_1","object":"response","model":"gpt-5","status":"incomplete","error":null,"incomplete_details":{"reason":"max_output_tokens"},"output":[{"type":"web_search_call","id":"ws"},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"par"}]},{"type":"function_call","call_id":"c2","name":"g","arguments":""}],"usage":{"input_tokens":1,"output_tokens":2}})";
    const Call call = exchange.read();
    EXPECT_EQ(call.kind, Kind::Vision);
    EXPECT_EQ(call.request.system, "Be brief.");
    EXPECT_EQ(call.request.parameters.text, R"({"reasoning":{"effort":"low"}})");
    ASSERT_EQ(call.request.messages.size(), 6U);
    EXPECT_EQ(call.request.messages[2].parts[0].type, PartType::Reasoning);
    EXPECT_EQ(call.request.messages[3].parts[0].value.text, R"({"a":1})");
    EXPECT_EQ(call.request.messages[4].role, "tool");
    EXPECT_EQ(call.request.messages[4].parts[0].text, "42");
    EXPECT_EQ(call.request.messages[5].parts[0].type, PartType::Other);
    EXPECT_EQ(call.status, Status::Partial);
    EXPECT_EQ(call.response.finish_reasons, Strings{"max_output_tokens"});
    ASSERT_EQ(call.response.tool_calls.size(), 1U);
    EXPECT_EQ(call.response.tool_calls[0].arguments.text, "{}");
    EXPECT_EQ(call.response.messages[0].parts[0].type, PartType::Other);
}

TEST(Requests, Anthropic) {
    Exchange exchange;
    exchange.upstream = "anthropic";
    exchange.path = "/v1/messages";
    exchange.request_headers = {{"anthropic-version", "2023-06-01"}, {"x-stainless-retry-count", "0"}};
    exchange.request_body = R"({"model":"claude-sonnet-4-5","max_tokens":10,
        "system":[{"type":"text","text":"One.","cache_control":{"type":"ephemeral"}},{"type":"text","text":"Two."}],
        "messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":"AAAA"}},
            {"type":"document","title":"T","source":{"type":"base64","media_type":"application/pdf","data":"BBBB"}},
            {"type":"text","text":"What?"}]},
          {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"tool_use","id":"t1","name":"f","input":{"a": 1}}]},
          {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"42"}]}]})";
    exchange.response_headers = {{"request-id", "req_9"},
                                 {"date", "Fri, 20 Nov 2026 10:00:00 GMT"},
                                 {"anthropic-ratelimit-requests-limit", "50"},
                                 {"anthropic-ratelimit-requests-remaining", "49"},
                                 {"anthropic-ratelimit-requests-reset", "2026-11-20T10:00:02Z"}};
    exchange.response_body =
        R"({"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-5-20250929","content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"{\"a\": 1}"}],"stop_reason":"max_tokens","usage":{"input_tokens":3,"output_tokens":4}})";
    const Call call = exchange.read();
    EXPECT_EQ(call.kind, Kind::Vision);
    EXPECT_EQ(call.request.system, "One.\nTwo.");
    EXPECT_EQ(call.request.parameters.text, R"({"max_tokens":10})");
    EXPECT_EQ(call.request.messages[0].parts[0].url, "data:image/jpeg;base64,AAAA");
    EXPECT_EQ(call.request.messages[0].parts[1].name, "T");
    EXPECT_EQ(call.request.messages[1].parts[1].value.text, R"({"a": 1})");
    EXPECT_EQ(call.request.messages[2].parts[0].id, "t1");
    EXPECT_EQ(call.provider.api_version, "2023-06-01");
    EXPECT_EQ(call.provider.request_id, "req_9");
    EXPECT_EQ(call.provider.rate_limit.requests.limit, 50);
    EXPECT_EQ(call.provider.rate_limit.requests.reset_ms, 2000);
    EXPECT_EQ(call.client_retry, 0);
    EXPECT_EQ(call.status, Status::Partial);
    EXPECT_EQ(call.response.structured.text, R"({"a": 1})");
    EXPECT_EQ(call.response.output_chars, 8);
    EXPECT_EQ(call.usage.billed.text, R"({"input_tokens":3,"output_tokens":4})");
    EXPECT_EQ(call.response.chunks, std::nullopt);
}

TEST(Requests, Gemini) {
    Exchange exchange;
    exchange.upstream = "gemini";
    exchange.path = "/v1beta/models/gemini-2.5-flash:generateContent";
    exchange.query = "key=AIzaSySecretSecret";
    exchange.request_body =
        R"({"systemInstruction":{"parts":[{"text":"Be brief."}]},"generationConfig":{"temperature":0.5},
        "contents":[{"parts":[{"text":"hi"},{"inlineData":{"mimeType":"video/mp4","data":"AAAA"}},{"file_data":{"mime_type":"application/pdf","file_uri":"gs://x"}}]},
          {"role":"model","parts":[{"functionCall":{"name":"f","args":{"a":1}}}]}]})";
    exchange.response_body =
        R"({"candidates":[{"content":{"role":"model","parts":[{"text":"hm","thought":true},{"text":"Hello"},{"functionCall":{"id":"x","name":"g","args":{}}},{"executableCode":{"code":"1"}}]},"finishReason":"STOP","index":0},{"content":{"parts":[{"text":"Hi"}]},"finishReason":"MAX_TOKENS","index":1}],"modelVersion":"gemini-2.5-flash-002","responseId":"r1"})";
    const Call call = exchange.read();
    EXPECT_EQ(call.kind, Kind::Chat);
    EXPECT_EQ(call.provider.name, "gcp.gemini");
    EXPECT_EQ(call.model.requested, "gemini-2.5-flash");
    EXPECT_EQ(call.request.system, "Be brief.");
    EXPECT_EQ(call.request.parameters.text, R"({"generationConfig":{"temperature":0.5}})");
    EXPECT_EQ(call.request.stream, false);
    EXPECT_EQ(call.modality.input, (Strings{"text", "video", "pdf"}));
    EXPECT_EQ(call.response.finish_reasons, (Strings{"STOP", "MAX_TOKENS"}));
    EXPECT_EQ(call.status, Status::Partial);
    ASSERT_EQ(call.response.messages.size(), 2U);
    EXPECT_EQ(call.response.messages[0].parts.size(), 4U);
    EXPECT_EQ(call.response.messages[0].parts[0].type, PartType::Reasoning);
    EXPECT_EQ(call.response.tool_calls[0].name, "g");
    EXPECT_EQ(call.response.output_chars, 7);
    EXPECT_EQ(call.response.id, "r1");
}

TEST(Requests, EmbeddingsKeepTheirShapeAndNotTheirNumbers) {
    Exchange exchange;
    exchange.path = "/v1/embeddings";
    exchange.request_body = R"({"model":"e","input":["a","b"],"encoding_format":"float"})";
    exchange.response_body =
        R"({"object":"list","model":"e","data":[{"embedding":[0.1,0.2,0.3]},{"embedding":[1,2,3]}],"usage":{"prompt_tokens":2,"total_tokens":2}})";
    const Call call = exchange.read();
    EXPECT_EQ(call.kind, Kind::Embedding);
    EXPECT_EQ(call.request.input.text, R"(["a","b"])");
    EXPECT_EQ(call.response.output.text, R"({"count":2,"dimensions":3})");
    EXPECT_EQ(call.usage.input_tokens, 2);
    EXPECT_EQ(call.usage.output_tokens, std::nullopt);

    exchange.response_body = R"({"data":[{"embedding":"AACAPwAAAEAAAEBA"}]})";  // three float32
    EXPECT_EQ(exchange.read().response.output.text, R"({"count":1,"dimensions":3})");

    exchange.upstream = "gemini";
    exchange.path = "/v1beta/models/gemini-embedding-001:batchEmbedContents";
    exchange.request_body = R"({"requests":[{"content":{"parts":[{"text":"a"}]}}]})";
    exchange.response_body = R"({"embeddings":[{"values":[1,2,3,4]}]})";
    EXPECT_EQ(exchange.read().response.output.text, R"({"count":1,"dimensions":4})");
    EXPECT_EQ(exchange.read().model.requested, "gemini-embedding-001");
}

TEST(Requests, UnknownEndpointsAndBodiesAreSpans) {
    for (const char* upstream : {"openai", "anthropic", "gemini", "somewhere"}) {
        Exchange exchange;
        exchange.upstream = upstream;
        exchange.method = "GET";
        exchange.path = "/v1/models";
        exchange.query = "key=secret";
        exchange.request_body = "";
        exchange.response_body = std::string("\0\xff binary", 9);
        const Call call = exchange.read();
        EXPECT_EQ(call.kind, Kind::Span);
        EXPECT_EQ(call.name, "GET /v1/models");
        EXPECT_EQ(call.status, Status::Success);
        EXPECT_EQ(call.response, ResponseFacts{});
    }
    Exchange broken;
    broken.request_body = "{\"model\":";
    broken.status = 400;
    broken.response_body =
        R"({"error":{"message":"We could not parse the JSON body.","type":"invalid_request_error"}})";
    const Call call = broken.read();
    EXPECT_EQ(call.kind, Kind::Span);
    EXPECT_EQ(call.error.type, ErrorType::InvalidRequest);
    // a stored response that is fetched again costs nothing again
    Exchange stored;
    stored.method = "GET";
    stored.path = "/v1/responses/resp_1";
    stored.request_body = "";
    stored.response_body = R"({"id":"resp_1","usage":{"input_tokens":1,"output_tokens":2}})";
    EXPECT_EQ(stored.read().usage, Usage{});
}

TEST(Requests, TheModelInThePathCounts) {
    Exchange azure;
    azure.path = "/openai/deployments/my%20dep/chat/completions";
    azure.response_body = kAnswer;
    EXPECT_EQ(azure.read().model.requested, "my dep");
}

TEST(Answers, AzuresFirstChunkIsEmpty) {
    Exchange exchange;
    exchange.response_body =
        "data: {\"choices\":[],\"id\":\"\",\"model\":\"\",\"object\":\"\",\"prompt_filter_results\":[]}\n\n"
        "data: "
        "{\"id\":\"c1\",\"model\":\"gpt-4o\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"},"
        "\"finish_reason\":\"stop\"}]}\n\n";
    EXPECT_EQ(exchange.read().response.id, "c1");
    EXPECT_EQ(exchange.read().model.served, "gpt-4o");
}

TEST(Answers, RefusalsReasoningAndChoicesInAnyOrder) {
    Exchange exchange;
    exchange.response_body =
        "data: {\"choices\":[{\"index\":1,\"delta\":{\"refusal\":\"I \"}}]}\n\n"
        "data: "
        "{\"choices\":[{\"index\":0,\"delta\":{\"reasoning_content\":\"hm\"}},{\"index\":1,\"delta\":{"
        "\"refusal\":\"can't.\"}}]}\n\n"
        "data: "
        "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"[1]\"}},{\"index\":1,\"delta\":{},\"finish_"
        "reason\":\"stop\"}]}\n\n"
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}]}\n\ndata: [DONE]\n\n";
    const Call call = exchange.read_byte_by_byte();
    ASSERT_EQ(call.response.messages.size(), 2U);
    EXPECT_EQ(call.response.finish_reasons, (Strings{"length", "stop"}));
    EXPECT_EQ(call.status, Status::Partial);
    EXPECT_EQ(call.response.messages[0].parts[0].text, "hm");
    EXPECT_EQ(call.response.structured.text, "[1]");
    EXPECT_EQ(call.response.messages[1].parts[0].value.text, R"({"type":"refusal","refusal":"I can't."})");
}

TEST(Answers, MalformedBodiesAndEvents) {
    Exchange exchange;
    for (const char* body :
         {"", "{", "<html>hello</html>", "{\"choices\":[}", "data: {\"choices\":[}\n\n", "data: {]\n\n"}) {
        exchange.response_body = body;
        const Call call = exchange.read();
        EXPECT_EQ(call.status, Status::Failure) << body;
        EXPECT_EQ(call.error.type, ErrorType::MalformedResponse) << body;
    }
}

TEST(Answers, ABlockedPromptIsAContentFilter) {
    Exchange exchange;
    exchange.upstream = "gemini";
    exchange.request_body = R"({"contents":[]})";
    for (const char* method : {"generateContent", "streamGenerateContent"}) {
        exchange.path = std::string("/v1beta/models/m:") + method;
        for (const char* wrap : {"{}", "[{}]", "data: {}\n\n"}) {
            std::string body = wrap;
            if (body.starts_with('[') && exchange.path.find("stream") == std::string::npos) continue;
            body.replace(
                body.find("{}"), 2,
                R"({"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":4}})");
            exchange.response_body = body;
            const Call call = exchange.read();
            EXPECT_EQ(call.status, Status::Failure) << body;
            EXPECT_EQ(call.error.type, ErrorType::ContentFilter);
            EXPECT_EQ(call.error.provider_code, "SAFETY");
            EXPECT_EQ(call.usage.input_tokens, 4);
        }
    }
}

TEST(Answers, GeminisArrayIsReadAsItArrives) {
    Exchange exchange;
    exchange.upstream = "gemini";
    exchange.path = "/v1beta/models/m:streamGenerateContent";
    exchange.request_body = R"({"contents":[]})";
    exchange.response_body =
        "[{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hel\"}]}}],\"usageMetadata\":{"
        "\"promptTokenCount\":1,\"candidatesTokenCount\":1}}\n,\r\n"
        "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"lo "
        "]\"}]},\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":1,"
        "\"candidatesTokenCount\":2}}\n]\n";
    const Call call = exchange.read_byte_by_byte();
    EXPECT_EQ(call.status, Status::Success);
    EXPECT_EQ(call.response.messages[0].parts[0].text, "Hello ]");
    EXPECT_EQ(call.usage.output_tokens, 2);
    EXPECT_EQ(call.response.chunks, 2);
}

TEST(Answers, WhatIsKeptIsBounded) {
    const std::string big(1 << 20, 'x');
    std::string body;
    for (int i = 0; i < 70; ++i)
        body += R"(data: {"choices":[{"index":0,"delta":{"content":")" + big + "\"}}]}\n\n";
    Exchange exchange;
    exchange.response_body = body + "data: [DONE]\n\n";
    const Call call = exchange.read();
    EXPECT_LE(call.response.messages[0].parts[0].text.size(), std::size_t{64} << 20);
    EXPECT_GT(call.response.messages[0].parts[0].text.size(), std::size_t{60} << 20);
    ASSERT_TRUE(call.privacy.truncated.contains("response.messages"));
    EXPECT_GE(call.privacy.truncated.at("response.messages").bytes, std::int64_t{70} << 20);
    EXPECT_EQ(call.response.chunks, 70);
}

TEST(Table, AProviderIsFoundUnderItsNameInTheRecordToo) {
    for (const auto& [name, upstream] : {std::pair{"azure.ai.openai", "azure"},
                                         {"aws-bedrock", "bedrock"},
                                         {"TogetherAI", "together"},
                                         {"x_ai", "xai"},
                                         {"gcp.vertex_ai", "vertex"},
                                         {"voyageai", "voyage"}}) {
        EXPECT_EQ(find_provider(name).upstream, upstream);
    }
    EXPECT_EQ(find_provider("my-own").record_name, "my-own");
}

TEST(Languages, AHostMaySpeakTheLanguageOfAnother) {
    const std::tuple<const char*, const char*, const char*> cases[] = {
        {"/v1/messages", R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}]})",
         R"({"id":"msg_1","model":"m","role":"assistant","content":[{"type":"text","text":"ok"}],"stop_reason":"end_turn","usage":{"input_tokens":3,"output_tokens":2}})"},
        {"/v1beta/models/m:generateContent", R"({"contents":[{"role":"user","parts":[{"text":"hi"}]}]})",
         R"({"candidates":[{"content":{"role":"model","parts":[{"text":"ok"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":2}})"},
        {"/api/chat", R"({"model":"m","stream":false,"messages":[{"role":"user","content":"hi"}]})",
         R"({"model":"m","message":{"role":"assistant","content":"ok"},"done":true,"done_reason":"stop","prompt_eval_count":3,"eval_count":2})"},
        {"/v2/chat", R"({"model":"m","messages":[{"role":"user","content":"hi"}]})",
         R"({"id":"1","finish_reason":"COMPLETE","message":{"role":"assistant","content":[{"type":"text","text":"ok"}]},"usage":{"billed_units":{"input_tokens":3,"output_tokens":2}}})"},
        {"/model/m/converse", R"({"messages":[{"role":"user","content":[{"text":"hi"}]}]})",
         R"({"output":{"message":{"role":"assistant","content":[{"text":"ok"}]}},"stopReason":"end_turn","usage":{"inputTokens":3,"outputTokens":2,"totalTokens":5}})"},
    };
    for (const auto& [path, body, answer] : cases) {
        for (const char* const upstream : {"my-proxy", "deepseek"}) {
            Exchange exchange;
            exchange.upstream = upstream;
            exchange.path = path;
            exchange.request_body = body;
            exchange.response_body = answer;
            const Call call = exchange.read();
            EXPECT_EQ(call.kind, Kind::Chat) << path;
            EXPECT_EQ(call.model.requested, "m") << path;
            EXPECT_EQ(call.usage.input_tokens, 3) << path;
            EXPECT_EQ(call.usage.output_tokens, 2) << path;
            if (upstream == std::string_view("deepseek")) EXPECT_EQ(call.provider.name, "deepseek") << path;
        }
    }
}

TEST(Table, NamesAreUniqueAndUnknownOnesAreOpenAiCompatible) {
    Strings names;
    for (const ProviderRow& row : provider_table()) {
        names.emplace_back(row.upstream);
        const std::string_view url = row.default_url.empty() ? row.example_url : row.default_url;
        EXPECT_TRUE(url.starts_with("https://") || url.starts_with("http://127.0.0.1:")) << url;
        EXPECT_EQ(find_provider(row.upstream).record_name, row.record_name);
    }
    std::sort(names.begin(), names.end());
    EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
    const ProviderRow vllm = find_provider("my-vllm");
    EXPECT_EQ(vllm.record_name, "my-vllm");
    EXPECT_EQ(vllm.default_url, "");
    Exchange exchange;
    exchange.upstream = "my-vllm";
    exchange.response_body = kAnswer;
    EXPECT_EQ(exchange.read().provider.name, "");
    EXPECT_EQ(exchange.read().model.served, "m-1");
}

/// Bytes that look like traffic, with damage.
rc::Gen<std::string> damaged_traffic() {
    static const std::vector<std::string> kPieces{
        "data: ",
        "event: error\n",
        "\n\n",
        "[DONE]",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"choices\"",
        "\"delta\"",
        "\"content\"",
        "\"x\"",
        "\"tool_calls\"",
        "\"index\"",
        "0",
        "-1",
        "1e999",
        "99999999999999999999",
        "null",
        "\"usage\"",
        "\"prompt_tokens\"",
        "\"error\"",
        "\"type\"",
        "\"content_block_start\"",
        "\"content_block_delta\"",
        "\"message_start\"",
        "\"message\"",
        "\"candidates\"",
        "\"parts\"",
        "\"response\"",
        "\"response.completed\"",
        "\"event_type\"",
        "\"step.delta\"",
        "\"interaction\"",
        "\"event_type\"",
        "\"stream-end\"",
        "\"message-end\"",
        "\"tool_calls\":{",
        "\"embeddings\"",
        "\"output\"",
        "\xff",
        "\"\\ud800\"",
        "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}",
        "data: {\"type\":\"content_block_stop\",\"index\":7}\n\n"};
    return rc::gen::map(rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(kPieces)),
                        [](const std::vector<std::string>& pieces) {
                            std::string all;
                            for (const std::string& piece : pieces) all += piece;
                            return all;
                        });
}

RC_GTEST_PROP(Readers, SurviveAnythingAndReadItTheSameHoweverItIsCut, ()) {
    static const std::vector<std::pair<std::string, std::string>> kEndpoints{
        {"openai", "/v1/chat/completions"},
        {"openai", "/v1/responses"},
        {"openai", "/v1/embeddings"},
        {"openai", "/v1/completions"},
        {"anthropic", "/v1/messages"},
        {"gemini", "/v1beta/models/m:streamGenerateContent"},
        {"gemini", "/v1beta/models/m:embedContent"},
        {"gemini", "/v1beta/models/m:predict"},
        {"gemini", "/v1beta/interactions"},
        {"azure", "/openai/deployments/d/chat/completions"},
        {"vertex", "/v1/projects/p/locations/l/publishers/anthropic/models/m:streamRawPredict"},
        {"cohere", "/v2/chat"},
        {"cohere", "/v1/generate"},
        {"cohere", "/v2/embed"},
        {"jina", "/v1/rerank"},
        {"mistral", "/v1/conversations"},
        {"mistral", "/v1/ocr"},
        {"openai", "/v1/files"}};
    const auto endpoint = *rc::gen::elementOf(kEndpoints);
    Exchange exchange;
    exchange.upstream = endpoint.first;
    exchange.path = endpoint.second;
    exchange.status = *rc::gen::elementOf(std::vector<int>{200, 200, 429});
    exchange.request_body = *damaged_traffic();
    exchange.response_body = *damaged_traffic();
    exchange.complete = *rc::gen::arbitrary<bool>();
    const Call whole = exchange.read();
    RC_ASSERT(whole.status != Status::Running);
    RC_ASSERT(exchange.read_byte_by_byte() == whole);
}

}  // namespace
}  // namespace steno::providers
