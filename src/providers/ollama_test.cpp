// Ollama's own API.

#include "providers/exchange_for_test.hpp"

#include <gtest/gtest.h>

namespace steno::providers {
namespace {

using Strings = std::vector<std::string>;

Exchange ollama(std::string path, std::string request, std::string response, bool lines = false) {
    Exchange exchange;
    exchange.upstream = "ollama";
    exchange.path = std::move(path);
    exchange.request_body = std::move(request);
    exchange.response_headers = {{"content-type", lines ? "application/x-ndjson" : "application/json"}};
    exchange.response_body = std::move(response);
    return exchange;
}

constexpr const char* kLines =
    R"({"model":"qwen3","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"","thinking":"Let me "},"done":false}
{"model":"qwen3","message":{"role":"assistant","content":"","thinking":"see."},"done":false}
{"model":"qwen3","message":{"role":"assistant","content":"It is "},"done":false}
{"model":"qwen3","message":{"role":"assistant","content":"warm."},"done":false}
{"model":"qwen3","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"weather","arguments":{"city":"Kiel"}}},{"id":"call_2","function":{"index":1,"name":"time","arguments":{}}}]},"done":false}
{"model":"qwen3","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","total_duration":500,"load_duration":100,"prompt_eval_count":11,"prompt_eval_duration":150,"eval_count":22,"eval_duration":250}
)";

TEST(Ollama, ChatStreamsUnlessToldOtherwise) {
    const Exchange exchange = ollama(
        "/api/chat",
        R"({"model":"qwen3:8b","think":true,"options":{"num_ctx":4096},"tools":[{"type":"function"}],"messages":[
            {"role":"system","content":"Be brief."},{"role":"user","content":"Hi","images":["iVBORw0KGgoAAA"]},
            {"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]},
            {"role":"tool","tool_name":"f","content":"one"}]})",
        kLines, true);
    const Call call = exchange.read_byte_by_byte();
    EXPECT_EQ(call.status, Status::Success);
    EXPECT_EQ(call.kind, Kind::Vision);
    EXPECT_EQ(call.provider.name, "ollama");
    EXPECT_EQ(call.model.requested, "qwen3:8b");
    EXPECT_EQ(call.model.served, "qwen3");
    EXPECT_EQ(call.request.stream, true);
    EXPECT_EQ(call.request.parameters.text, R"({"think":true,"options":{"num_ctx":4096}})");
    ASSERT_EQ(call.request.messages.size(), 4U);
    EXPECT_EQ(call.request.messages[1].parts[1].url, "data:image/png;base64,iVBORw0KGgoAAA");
    EXPECT_EQ(call.request.messages[1].parts[1].mime, "image/png");
    EXPECT_EQ(call.request.messages[2].parts[0].value.text, R"({"a":1})");
    EXPECT_EQ(call.request.messages[3].parts[0].type, PartType::ToolResult);
    EXPECT_EQ(call.request.messages[3].parts[0].text, "one");
    ASSERT_EQ(call.response.messages.size(), 1U);
    const auto& parts = call.response.messages[0].parts;
    ASSERT_EQ(parts.size(), 4U);
    EXPECT_EQ(parts[0].type, PartType::Reasoning);
    EXPECT_EQ(parts[0].text, "Let me see.");
    EXPECT_EQ(parts[1].text, "It is warm.");
    ASSERT_EQ(call.response.tool_calls.size(), 2U);
    EXPECT_EQ(call.response.tool_calls[0].arguments.text, R"({"city":"Kiel"})");
    EXPECT_EQ(call.response.tool_calls[1].id, "call_2");
    EXPECT_EQ(call.response.finish_reasons, Strings{"stop"});
    EXPECT_EQ(call.response.chunks, 6);
    EXPECT_EQ(call.usage.input_tokens, 11);
    EXPECT_EQ(call.usage.output_tokens, 22);
    EXPECT_EQ(call.usage.billed.text, R"({"prompt_eval_count":11,"eval_count":22})");
    EXPECT_EQ(call.time.phases.at("provider_processing"), Duration{500});
    EXPECT_EQ(call.time.phases.at("load"), Duration{100});
    EXPECT_EQ(call.time.phases.at("prompt"), Duration{150});
    EXPECT_EQ(call.time.phases.at("completion"), Duration{250});
}

TEST(Ollama, GenerateWithoutAStream) {
    const Exchange exchange = ollama(
        "/api/generate", R"({"model":"m","prompt":"Say","system":"Be brief.","stream":false})",
        R"({"model":"m","response":"Said","thinking":"hm","done":true,"done_reason":"length","context":[1,2],"eval_count":2})");
    const Call call = exchange.read();
    EXPECT_EQ(call.kind, Kind::Completion);
    EXPECT_EQ(call.status, Status::Partial);
    EXPECT_EQ(call.request.stream, false);
    EXPECT_EQ(call.request.system, "Be brief.");
    EXPECT_EQ(call.request.messages.at(0).parts.at(0).text, "Say");
    EXPECT_EQ(call.response.messages.at(0).parts.at(1).text, "Said");
    EXPECT_EQ(call.usage.input_tokens, std::nullopt);  // the prompt was in the cache; absent is not zero
    EXPECT_EQ(call.usage.output_tokens, 2);
}

TEST(Ollama, EmbeddingsOfBothApis) {
    const Call now = ollama("/api/embed", R"({"model":"m","input":["a","b"]})",
                            R"({"model":"m","embeddings":[[1,2,3],[4,5,6]],"prompt_eval_count":4})")
                         .read();
    EXPECT_EQ(now.kind, Kind::Embedding);
    EXPECT_EQ(now.request.input.text, R"(["a","b"])");
    EXPECT_EQ(now.response.output.text, R"({"count":2,"dimensions":3})");
    EXPECT_EQ(now.usage.input_tokens, 4);
    EXPECT_EQ(now.request.stream, std::nullopt);
    const Call old =
        ollama("/api/embeddings", R"({"model":"m","prompt":"a"})", R"({"embedding":[1,2]})").read();
    EXPECT_EQ(old.kind, Kind::Embedding);
    EXPECT_EQ(old.request.input.text, R"("a")");
    EXPECT_EQ(old.response.output.text, R"({"count":1,"dimensions":2})");
    EXPECT_EQ(old.usage, Usage{});
}

TEST(Ollama, ErrorsAtOnceAndInTheMiddle) {
    Exchange missing =
        ollama("/api/chat", R"({"model":"m","messages":[]})", R"({"error":"model 'm' not found"})");
    missing.status = 404;
    EXPECT_EQ(missing.read().error.type, ErrorType::NotFound);
    EXPECT_EQ(missing.read().error.message, "model 'm' not found");

    const Exchange broken =
        ollama("/api/chat", R"({"model":"m","messages":[]})",
               R"({"model":"m","message":{"role":"assistant","content":"Par"},"done":false}
{"error":"an error was encountered while running the model: unexpected EOF"}
)",
               true);
    const Call call = broken.read_byte_by_byte();
    EXPECT_EQ(call.status, Status::Failure);
    EXPECT_EQ(call.error.message, "an error was encountered while running the model: unexpected EOF");
    EXPECT_EQ(call.response.messages.at(0).parts.at(0).text, "Par");
    EXPECT_EQ(call.usage, Usage{});
}

TEST(Ollama, ACutStreamIsPartialAndHasNoUsage) {
    const std::string lines = kLines;
    for (std::size_t size = 300; size < lines.size() - 3; size += 7) {
        Exchange exchange =
            ollama("/api/chat", R"({"model":"m","messages":[]})", lines.substr(0, size), true);
        exchange.complete = false;
        const Call call = exchange.read();
        EXPECT_EQ(call.status, Status::Partial) << size;
        EXPECT_EQ(call.usage, Usage{}) << size;
    }
}

TEST(Ollama, WhatManagesModelsIsASpan) {
    Exchange pull = ollama("/api/pull", R"({"model":"m"})", "{\"status\":\"success\"}\n", true);
    EXPECT_EQ(pull.read().kind, Kind::Span);
    EXPECT_EQ(pull.read().name, "POST /api/pull");
    EXPECT_EQ(pull.read().status, Status::Success);
    Exchange tags = ollama("/api/tags", "", R"({"models":[]})");
    tags.method = "GET";
    EXPECT_EQ(tags.read().name, "GET /api/tags");
}

TEST(Ollama, SpeaksItsNeighboursLanguages) {
    const Call chat =
        ollama(
            "/v1/chat/completions", R"({"model":"m","messages":[{"role":"user","content":"hi"}]})",
            R"({"id":"c","model":"m","choices":[{"index":0,"message":{"content":"ho"},"finish_reason":"stop"}]})")
            .read();
    EXPECT_EQ(chat.kind, Kind::Chat);
    EXPECT_EQ(chat.provider.name, "ollama");
    const Call messages =
        ollama(
            "/v1/messages", R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}]})",
            R"({"type":"message","id":"msg_1","model":"m","content":[{"type":"text","text":"ho"}],"stop_reason":"end_turn","usage":{"input_tokens":3,"output_tokens":1}})")
            .read();
    EXPECT_EQ(messages.kind, Kind::Chat);
    EXPECT_EQ(messages.provider.name, "ollama");
    EXPECT_EQ(messages.usage.input_tokens, 3);
    EXPECT_EQ(messages.response.finish_reasons, Strings{"end_turn"});
}

}  // namespace
}  // namespace steno::providers
