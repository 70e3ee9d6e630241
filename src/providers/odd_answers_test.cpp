// Answers as no provider should give them: nothing of them may become a wrong fact.

#include "providers/exchange_for_test.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace steno::providers {
namespace {

using Strings = std::vector<std::string>;

/// Everything that answers with one document, with the least that such an answer has; "" where nothing has to
/// be in it.
struct Shape {
    const char* upstream;
    const char* path;
    const char* least;
    const char* request = R"({"model":"m","messages":[]})";
};
constexpr Shape kShapes[] = {
    {"openai", "/v1/chat/completions", R"({"choices":[]})"},
    {"xai", "/v1/chat/completions", R"({"request_id":"r"})"},
    {"perplexity", "/async/chat/completions", R"({"id":"1","status":"CREATED"})"},
    {"openai", "/v1/completions", R"({"choices":[]})"},
    {"openai", "/v1/responses", R"({"output":[]})"},
    {"openai", "/v1/embeddings", R"({"data":[]})"},
    {"openai", "/v1/moderations", R"({"results":[]})"},
    {"openai", "/v1/images/generations", R"({"data":[]})"},
    {"openai", "/v1/videos", R"({"id":"video_1"})"},
    {"openai", "/v1/audio/transcriptions", R"({"text":""})"},
    {"azure", "/openai/deployments/d/chat/completions", R"({"choices":[]})"},
    {"jina", "/v1/rerank", R"({"results":[]})"},
    {"anthropic", "/v1/messages", R"({"content":[]})"},
    {"anthropic", "/v1/complete", R"({"completion":""})"},
    {"anthropic", "/v1/messages/count_tokens", R"({"input_tokens":0})"},
    {"gemini", "/v1beta/models/m:generateContent", R"({"usageMetadata":{"promptTokenCount":4}})"},
    {"gemini", "/v1beta/models/m:embedContent", R"({"embedding":{}})"},
    {"gemini", "/v1beta/models/m:batchEmbedContents", R"({"embeddings":[]})"},
    {"gemini", "/v1beta/models/m:predict", R"({"predictions":[]})", R"({"instances":[{"prompt":"x"}]})"},
    {"gemini", "/v1beta/models/m:predictLongRunning", R"({"name":"operations/1"})",
     R"({"instances":[{"prompt":"x"}]})"},
    {"gemini", "/v1beta/models/m:countTokens", R"({"totalTokens":0})"},
    {"gemini", "/v1beta/interactions", R"({"status":"queued"})"},
    {"vertex", "/v1/projects/p/locations/l/publishers/anthropic/models/m:rawPredict", R"({"content":[]})"},
    {"bedrock", "/model/m/converse", R"({"output":{}})"},
    {"bedrock", "/model/amazon.titan-text-lite-v1/invoke", R"({"results":[]})", R"({"inputText":"x"})"},
    {"cohere", "/v2/chat", R"({"message":{}})"},
    {"cohere", "/v1/chat", R"({"text":""})", R"({"message":"x"})"},
    {"cohere", "/v1/generate", R"({"generations":[]})", R"({"prompt":"x"})"},
    {"cohere", "/v2/embed", R"({"embeddings":{}})", R"({"texts":["x"]})"},
    {"cohere", "/v2/rerank", R"({"results":[]})"},
    {"mistral", "/v1/ocr", R"({"pages":[]})"},
    {"mistral", "/v1/conversations", R"({"outputs":[]})"},
    {"mistral", "/v1/audio/transcriptions", R"({"text":""})"},
    {"ollama", "/api/chat", R"({"done":true})", R"({"model":"m","stream":false,"messages":[]})"},
    {"ollama", "/api/generate", R"({"response":""})", R"({"model":"m","stream":false,"prompt":""})"},
    {"ollama", "/api/embed", R"({"embeddings":[]})"},
};

TEST(OddAnswers, OneThatHasNothingOfItsEndpointIsMalformed) {
    for (const Shape& shape : kShapes) {
        Exchange exchange;
        exchange.upstream = shape.upstream;
        exchange.path = shape.path;
        exchange.request_body = shape.request;
        exchange.response_headers = {{"content-type", "application/json"}};
        for (const char* const empty : {"{}", R"({"choices":null,"ok":true,"usage":{"prompt_tokens":3}})"}) {
            if (std::string_view(shape.path).contains("ountTokens") ||
                std::string_view(shape.path).contains("count_tokens")) {
                if (empty[1] != '}') continue;  // any object will do
            }
            exchange.response_body = empty;
            const Call call = exchange.read_byte_by_byte();
            EXPECT_EQ(call.status, Status::Failure) << shape.upstream << shape.path << empty;
            EXPECT_EQ(call.error.type, ErrorType::MalformedResponse) << shape.upstream << shape.path << empty;
        }
        exchange.response_body = shape.least;
        EXPECT_EQ(exchange.read().status, Status::Success) << shape.upstream << shape.path;
        exchange.response_body = "{}";
        exchange.status = 202;  // what will be, is elsewhere
        EXPECT_EQ(exchange.read().status, Status::Success) << shape.upstream << shape.path;
    }
}

TEST(OddAnswers, WhatAMalformedOneToldIsKept) {
    Exchange exchange;
    exchange.response_body = R"({"id":"c1","model":"m-1","usage":{"prompt_tokens":3,"completion_tokens":0}})";
    const Call call = exchange.read();
    EXPECT_EQ(call.error.type, ErrorType::MalformedResponse);
    EXPECT_EQ(call.response.id, "c1");
    EXPECT_EQ(call.model.served, "m-1");
    EXPECT_EQ(call.usage.input_tokens, 3);
}

TEST(OddAnswers, WhereNothingHasToBeInThemNothingIsMissed) {
    for (const auto& [method, path] : {std::pair{"DELETE", "/v1/files/f"},
                                       {"GET", "/v1/files"},
                                       {"GET", "/v1/models"},
                                       {"DELETE", "/v1/responses/r"},
                                       {"POST", "/v1/files"},
                                       {"GET", "/v1/batches/b"},
                                       {"POST", "/v1/unheard/of"}}) {
        Exchange exchange;
        exchange.method = method;
        exchange.path = path;
        exchange.response_headers = {{"content-type", "application/json"}};
        exchange.response_body = "{}";
        EXPECT_EQ(exchange.read().status, Status::Success) << path;
        exchange.response_body = "";
        exchange.status = 204;
        EXPECT_EQ(exchange.read().status, Status::Success) << path;
    }
}

Call chat(std::string body, bool complete = true) {
    Exchange exchange;
    exchange.response_body = std::move(body);
    exchange.complete = complete;
    const Call call = exchange.read();
    EXPECT_TRUE(exchange.read_byte_by_byte() == call);
    return call;
}

TEST(OddAnswers, OfANameThatStandsTwiceTheLastCounts) {
    // As for every client's parser: ECMA-404 leaves it open, RFC 8259 (section 4) says that most take the
    // last.
    const Call call =
        chat(R"({"model":"a","model":"b","choices":[{"message":{"content":"no"},"finish_reason":"length"}],)"
             R"("choices":[{"message":{"content":"yes"},"finish_reason":"stop"}],)"
             R"("usage":{"prompt_tokens":1,"completion_tokens":2,"prompt_tokens":31}})");
    EXPECT_EQ(call.model.served, "b");
    EXPECT_EQ(call.response.messages.at(0).parts.at(0).text, "yes");
    EXPECT_EQ(call.status, Status::Success);
    EXPECT_EQ(call.usage.input_tokens, 31);
}

TEST(OddAnswers, ChoicesAndCallsOfABodyStayApartWhateverTheirIndex) {
    const Call call = chat(
        R"({"choices":[{"index":0,"message":{"tool_calls":[)"
        R"({"index":0,"id":"c","function":{"name":"f","arguments":"{}"}},)"
        R"({"index":0,"id":"c","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"},)"
        R"({"index":0,"message":{"content":"b"},"finish_reason":"stop"},)"
        R"({"index":99999999999999999,"message":{"content":"c"},"finish_reason":"stop"}]})");
    ASSERT_EQ(call.response.messages.size(), 3U);
    EXPECT_EQ(call.response.messages[1].parts.at(0).text, "b");
    EXPECT_EQ(call.response.messages[2].parts.at(0).text, "c");
    EXPECT_EQ(call.response.finish_reasons, (Strings{"tool_calls", "stop", "stop"}));
    ASSERT_EQ(call.response.tool_calls.size(), 2U);
    EXPECT_EQ(call.response.tool_calls[1].arguments.text, "{}");
}

TEST(OddAnswers, UsageWithinAChoiceIsTheAnswers) {
    const Call call = chat(
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n"
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\","
        "\"usage\":{\"prompt_tokens\":19,\"completion_tokens\":13,\"total_tokens\":32}}]}\n\ndata: "
        "[DONE]\n\n");
    EXPECT_EQ(call.usage.input_tokens, 19);
    EXPECT_EQ(call.usage.output_tokens, 13);
}

TEST(OddAnswers, ATotalIsNoInputWhereSomethingIsPutOut) {
    const Call call = chat(R"({"choices":[{"message":{"content":"a"}}],"usage":{"total_tokens":37}})");
    EXPECT_EQ(call.usage.input_tokens, std::nullopt);
    EXPECT_EQ(call.usage.billed.text, R"({"total_tokens":37})");
    Exchange embedding;
    embedding.upstream = "voyage";
    embedding.path = "/v1/embeddings";
    embedding.response_body = R"({"data":[{"embedding":[0.5]}],"usage":{"total_tokens":37}})";
    EXPECT_EQ(embedding.read().usage.input_tokens, 37);
}

TEST(OddAnswers, CountsThatAreNoneAreAbsent) {
    for (const char* const count :
         {"-1", "31.5", "1e400", "\"31\"", "true", "null", "[31]", "9223372036854775808", "9007199254740992",
          "99999999999999999999999999"}) {
        const Call call = chat(fmt::format(
            R"({{"choices":[{{"message":{{"content":"a"}}}}],"usage":{{"prompt_tokens":{},"completion_tokens":6}}}})",
            count));
        EXPECT_EQ(call.usage.input_tokens, std::nullopt) << count;
        EXPECT_EQ(call.usage.output_tokens, 6) << count;
        EXPECT_EQ(call.status, Status::Success) << count;
    }
    for (const char* const number : {"NaN", "Infinity", "0031", "+31", "0x1f"}) {
        const Call call = chat(fmt::format(R"({{"choices":[],"usage":{{"prompt_tokens":{}}}}})", number));
        EXPECT_EQ(call.error.type, ErrorType::MalformedResponse) << number;
        EXPECT_EQ(call.usage, Usage{}) << number;
    }
}

TEST(OddAnswers, WhatIsNeitherJsonNorAStreamIsMalformed) {
    for (const char* const body :
         {"\"hello\"", "null", "true", "12", "upstream connect error", "\x1f\x8b\x08\x01"}) {
        const Call call = chat(body);
        EXPECT_EQ(call.status, Status::Failure) << body;
        EXPECT_EQ(call.error.type, ErrorType::MalformedResponse) << body;
    }
}

TEST(OddAnswers, AStreamThatEndsBeforeItsContentIsAFailure) {
    Exchange exchange;
    exchange.response_headers = {{"content-type", "text/event-stream"}};
    exchange.response_body = ": waiting\n\n: waiting\n\n";
    Call call = exchange.read();
    EXPECT_EQ(call.status, Status::Failure);
    EXPECT_EQ(call.error.type, ErrorType::Connection);
    exchange.response_body += "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n";
    call = exchange.read();
    EXPECT_EQ(call.status, Status::Partial);
    EXPECT_EQ(call.error.type, ErrorType::Connection);
}

TEST(OddAnswers, APlaceholderThatComesLastIsStillNone) {
    Exchange exchange;
    exchange.upstream = "anthropic";
    exchange.path = "/v1/messages";
    exchange.response_body =
        "data: "
        "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":7}"
        "}\n\n"
        "data: "
        "{\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"usage\":{\"input_tokens\":10,\"output_"
        "tokens\":1}}}\n\n"
        "data: {\"type\":\"message_stop\"}\n\n";
    const Call call = exchange.read();
    EXPECT_EQ(call.usage.input_tokens, 10);
    EXPECT_EQ(call.usage.output_tokens, std::nullopt);
}

TEST(OddAnswers, AResponseThatFailedIsNoSuccess) {
    Exchange exchange;
    exchange.path = "/v1/responses";
    exchange.request_body = R"({"model":"m","input":"hi"})";
    const std::string response =
        R"({"id":"r","status":"failed","error":null,"output":[],"usage":{"input_tokens":5,"output_tokens":2}})";
    for (const std::string& body :
         {response, "data: {\"type\":\"response.completed\",\"response\":" + response + "}\n\n"}) {
        exchange.response_body = body;
        const Call call = exchange.read();
        EXPECT_EQ(call.status, Status::Failure) << body;
        EXPECT_EQ(call.error.type, ErrorType::Server) << body;
        EXPECT_EQ(call.usage.output_tokens, 2) << body;
    }
}

}  // namespace
}  // namespace steno::providers
