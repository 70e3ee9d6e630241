#include "providers/exchange_for_test.hpp"

#include <gtest/gtest.h>

namespace steno::providers {
namespace {

Exchange deployment(std::string_view path = "/openai/deployments/my-gpt/chat/completions") {
    Exchange exchange;
    exchange.upstream = "azure";
    exchange.path = path;
    exchange.query = "api-version=2024-10-21&api-key=SECRET";
    exchange.request_body = R"({"messages":[{"role":"user","content":"hi"}]})";
    exchange.response_headers = {{"apim-request-id", "apim-1"}, {"x-ms-region", "Sweden Central"}};
    return exchange;
}

constexpr std::string_view kAnswer =
    R"({"id":"chatcmpl-1","model":"gpt-4o-mini-2024-07-18","prompt_filter_results":[{"prompt_index":0,)"
    R"("content_filter_results":{"hate":{"filtered":false}}}],"choices":[{"index":0,"finish_reason":"stop",)"
    R"("content_filter_results":{"violence":{"filtered":false,"severity":"safe"}},)"
    R"("message":{"role":"assistant","content":"Hi"}}],"usage":{"prompt_tokens":5,"completion_tokens":1}})";

TEST(Azure, ADeploymentIsTheModelAskedFor) {
    Exchange exchange = deployment();
    exchange.response_body = kAnswer;
    const Call call = exchange.read();
    EXPECT_EQ(call.provider.name, "azure.ai.openai");
    EXPECT_EQ(call.provider.api_version, "2024-10-21");
    EXPECT_EQ(call.provider.region, "Sweden Central");
    EXPECT_EQ(call.provider.request_id, "apim-1");
    EXPECT_EQ(call.model.requested, "my-gpt");
    EXPECT_EQ(call.model.served, "gpt-4o-mini-2024-07-18");
    EXPECT_EQ(call.usage.input_tokens, 5);
    EXPECT_EQ(
        call.response.output.text,
        R"({"prompt_filter_results":[{"prompt_index":0,"content_filter_results":{"hate":{"filtered":false}}}],)"
        R"("content_filter_results":[{"violence":{"filtered":false,"severity":"safe"}}]})");
    EXPECT_EQ(exchange.read_byte_by_byte(), call);
}

TEST(Azure, WhatABodyDoesNotSayTheHeadMay) {
    Exchange exchange = deployment("/openai/deployments/drawer/embeddings");
    exchange.request_body = R"({"input":"a"})";
    exchange.response_headers.emplace("x-ms-served-model", "text-embedding-3-small");
    exchange.response_body =
        R"({"data":[{"embedding":[0.5,1]}],"usage":{"prompt_tokens":1,"total_tokens":1}})";
    EXPECT_EQ(exchange.read().model.served, "text-embedding-3-small");
    exchange.response_body = R"({"data":[{"embedding":[0.5,1]}],"model":"own"})";
    EXPECT_EQ(exchange.read().model.served, "own");
}

TEST(Azure, AStreamBeginsWithAnEmptyChunk) {
    Exchange exchange = deployment();
    exchange.response_headers.emplace("content-type", "text/event-stream");
    exchange.response_body =
        "data: "
        "{\"choices\":[],\"created\":0,\"id\":\"\",\"model\":\"\",\"object\":\"\",\"prompt_filter_results\":"
        "[{\"prompt_index\":0,\"content_filter_results\":{}}]}\n\n"
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},"
        "\"content_filter_results\":{}}],\"id\":\"chatcmpl-1\",\"model\":\"gpt-4o\"}\n\n"
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"},\"content_filter_results\":"
        "{\"hate\":{\"filtered\":false}}}],\"id\":\"chatcmpl-1\",\"model\":\"gpt-4o\"}\n\n"
        "data: "
        "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"id\":\"chatcmpl-1\"}\n\n"
        "data: [DONE]\n\n";
    const Call call = exchange.read();
    EXPECT_EQ(call.status, Status::Success);
    EXPECT_EQ(call.response.id, "chatcmpl-1");
    EXPECT_EQ(call.model.served, "gpt-4o");
    EXPECT_EQ(call.response.messages.at(0).parts.at(0).text, "Hi");
    EXPECT_TRUE(
        call.response.output.text.ends_with(R"("content_filter_results":[{"hate":{"filtered":false}}]})"));
    EXPECT_EQ(exchange.read_byte_by_byte(), call);
}

TEST(Azure, ABlockedPromptIsAContentFilterError) {
    Exchange exchange = deployment();
    exchange.status = 400;
    exchange.response_body =
        R"({"error":{"message":"The response was filtered due to the prompt triggering a policy.","type":null,)"
        R"("param":"prompt","code":"content_filter","status":400,"innererror":{"code":)"
        R"("ResponsibleAIPolicyViolation","content_filter_result":{"hate":{"filtered":true}}}}})";
    const Call call = exchange.read();
    EXPECT_EQ(call.error.type, ErrorType::ContentFilter);
    EXPECT_EQ(call.error.provider_code, "content_filter");
    EXPECT_EQ(call.error.http_status, 400);
}

TEST(Azure, ErrorsAreTold) {
    Exchange exchange = deployment();
    exchange.status = 401;
    exchange.response_body = R"({"error":{"code":"401","message":"Access denied due to invalid key."}})";
    EXPECT_EQ(exchange.read().error.type, ErrorType::Authentication);
    exchange.status = 404;
    exchange.response_body = R"({"error":{"code":"DeploymentNotFound","message":"does not exist"}})";
    EXPECT_EQ(exchange.read().error.type, ErrorType::NotFound);
    exchange.status = 200;  // seen from the content filter
    exchange.response_body = R"({"error":{"code":"content_filter","message":"filtered"}})";
    EXPECT_EQ(exchange.read().status, Status::Failure);
    EXPECT_EQ(exchange.read().error.type, ErrorType::ContentFilter);
}

TEST(Azure, RateLimitsThatDoNotApplyAreAbsent) {
    Exchange exchange = deployment();
    exchange.response_body = kAnswer;
    exchange.response_headers.emplace("x-ratelimit-limit-requests", "0");
    exchange.response_headers.emplace("x-ratelimit-remaining-requests", "-1");
    exchange.response_headers.emplace("x-ratelimit-limit-tokens", "120000");
    exchange.response_headers.emplace("x-ratelimit-remaining-tokens", "119000");
    exchange.response_headers.emplace("x-ratelimit-reset-tokens", "30");
    const RateLimit limits = exchange.read().provider.rate_limit;
    EXPECT_EQ(limits.requests, Limit{});
    EXPECT_EQ(limits.tokens.limit, 120'000);
    EXPECT_EQ(limits.tokens.remaining, 119'000);
    EXPECT_EQ(limits.tokens.reset_ms, 30'000);
}

TEST(Azure, VersionOneAndInferenceNameTheModelInTheBody) {
    Exchange exchange = deployment("/openai/v1/chat/completions");
    exchange.query.clear();
    exchange.request_body = R"({"model":"my-gpt","messages":[{"role":"user","content":"hi"}]})";
    exchange.response_body = kAnswer;
    EXPECT_EQ(exchange.read().model.requested, "my-gpt");
    exchange.path = "/models/chat/completions";
    exchange.response_body =
        R"({"id":"1","model":"grok-4","choices":[{"index":0,"finish_reason":"stop","message":)"
        R"({"content":"Hi"}}],"usage":{"prompt_tokens":5,"completion_tokens":1,)"
        R"("cost_in_usd_ticks":25000000}})";
    const Call call = exchange.read();
    EXPECT_EQ(call.provider.name, "azure.ai.inference");
    EXPECT_EQ(call.cost.total->to_string(), "0.002500000000");
    exchange.path = "/openai/responses";
    exchange.request_body = R"({"model":"my-gpt","input":"hi"})";
    EXPECT_EQ(exchange.read().kind, Kind::Chat);
    EXPECT_EQ(exchange.read().provider.name, "azure.ai.openai");
}

TEST(Azure, FoundrySpeaksAnthropicsLanguageToo) {
    Exchange exchange = deployment("/anthropic/v1/messages");
    exchange.query.clear();
    exchange.request_headers = {{"anthropic-version", "2023-06-01"}};
    exchange.request_body =
        R"({"model":"claude-haiku-4-5","max_tokens":9,"messages":[{"role":"user","content":"hi"}]})";
    exchange.response_body =
        R"({"id":"msg_1","model":"claude-haiku-4-5","role":"assistant","content":[{"type":"text",)"
        R"("text":"Hi"}],"stop_reason":"end_turn","usage":{"input_tokens":5,"output_tokens":1}})";
    const Call call = exchange.read();
    EXPECT_EQ(call.provider.name, "azure.ai.inference");
    EXPECT_EQ(call.provider.api_version, "2023-06-01");
    EXPECT_EQ(call.usage.output_tokens, 1);
    EXPECT_EQ(call.response.messages.at(0).parts.at(0).text, "Hi");
}

TEST(Azure, NothingElseOfTheQueryIsKept) {
    Exchange exchange = deployment();
    exchange.query = "api-version=%2e%2eSECRET&api-version=2024-10-21";
    exchange.response_body = kAnswer;
    EXPECT_EQ(exchange.read().provider.api_version, "");
}

}  // namespace
}  // namespace steno::providers
