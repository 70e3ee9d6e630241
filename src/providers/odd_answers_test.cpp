// Answers as no provider should give them: nothing of them may become a wrong fact.

#include "providers/exchange_for_test.hpp"
#include "providers/json_view.hpp"
#include "record/json.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
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

TEST(OddAnswers, AStreamOfNothingButItsEndIsMalformed) {
    for (const char* const body :
         {"data: [DONE]\n\n", "data: {}\n\ndata: [DONE]\n\n", "data: {\"id\":\"c\"}\n\ndata: [DONE]\n\n"}) {
        const Call call = chat(body);
        EXPECT_EQ(call.status, Status::Failure) << body;
        EXPECT_EQ(call.error.type, ErrorType::MalformedResponse) << body;
    }
    for (const char* const verb : {"generateContent", "streamGenerateContent"}) {
        for (const char* const body : {"[]", "[{}]", "[{\"responseId\":\"r\"}]", "[42]"}) {
            Exchange exchange;
            exchange.upstream = "gemini";
            exchange.path = fmt::format("/v1beta/models/m:{}", verb);
            exchange.response_headers = {{"content-type", "application/json"}};
            exchange.response_body = body;
            const Call call = exchange.read_byte_by_byte();
            EXPECT_EQ(call.status, Status::Failure) << body;
            EXPECT_EQ(call.error.type, ErrorType::MalformedResponse) << body;
        }
    }
    // A model may have nothing to say.
    EXPECT_EQ(chat("data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: "
                   "[DONE]\n\n")
                  .status,
              Status::Success);
}

TEST(OddAnswers, AnEventThatIsNoObjectIsMalformed) {
    const std::string before = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\ndata: ";
    for (const char* const event : {"42", "\"a\"", "[]", "true"}) {
        const Call call = chat(before + event + "\n\ndata: [DONE]\n\n");
        EXPECT_EQ(call.error.type, ErrorType::MalformedResponse) << event;
        EXPECT_EQ(call.response.messages.at(0).parts.at(0).text, "a");
    }
    EXPECT_EQ(chat(before + "null\n\ndata: [DONE]\n\n").status, Status::Success);  // as a sign of life
}

TEST(OddAnswers, LinesAreReadWhateverTheirContentTypeIs) {
    Exchange exchange;
    exchange.upstream = "ollama";
    exchange.path = "/api/chat";
    exchange.response_headers = {{"content-type", "application/json"}};
    exchange.response_body =
        "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"hel\"},\"done\":false}\n"
        "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"lo\"},\"done\":true,"
        "\"done_reason\":\"stop\",\"prompt_eval_count\":5,\"eval_count\":2}\n";
    Call call = exchange.read_byte_by_byte();
    EXPECT_EQ(call.status, Status::Success);
    EXPECT_EQ(call.response.messages.at(0).parts.at(0).text, "hello");
    EXPECT_EQ(call.usage.output_tokens, 2);
    EXPECT_EQ(call.response.chunks, 2);
    exchange.complete = false;
    exchange.response_body.resize(exchange.response_body.size() - 20);
    call = exchange.read();
    EXPECT_EQ(call.status, Status::Partial);
    EXPECT_EQ(call.response.messages.at(0).parts.at(0).text, "hel");
    EXPECT_EQ(call.usage, Usage{});
    exchange.response_body = "{\n  \"message\": {\"content\": \"hel";  // one document, cut
    EXPECT_EQ(exchange.read().error.type, ErrorType::Connection);
}

TEST(OddAnswers, ACharacterInTwoHalvesIsOne) {
    const auto event = [](std::string_view content) {
        return fmt::format("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n",
                           content);
    };
    const auto text_of = [&](const std::vector<std::string_view>& pieces) {
        std::string body;
        for (const std::string_view piece : pieces) body += event(piece);
        const Call call = chat(body + "data: [DONE]\n\n");
        EXPECT_EQ(call.status, Status::Success);
        return call.response.messages.at(0).parts.at(0).text;
    };
    EXPECT_EQ(text_of({R"(a \ud83d)", R"(\uDE00 b)"}), "a \U0001F600 b");
    EXPECT_EQ(text_of({R"(\ud83d)", R"(\ude00\ud83d)", R"(\ude00)"}), "\U0001F600\U0001F600");
    EXPECT_EQ(text_of({R"(\ud83d)", "", R"(\ude00)"}), "\U0001F600");
    EXPECT_EQ(text_of({R"(\ud83d)", "x", R"(\ude00)"}), "\uFFFDx\uFFFD");
    EXPECT_EQ(text_of({R"(\ud83d)", R"(\ud83d\ude00)"}), "\uFFFD\U0001F600");
    EXPECT_EQ(text_of({R"(\\ud83d)", R"(\ude00)"}), "\\ud83d\uFFFD");
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

/// An answer as it should be, of which one value after another is replaced.
struct Good {
    const char* upstream;
    const char* path;
    const char* type;
    const char* body;
};
constexpr const char* kJson = "application/json";
constexpr const char* kEvents = "text/event-stream";
constexpr Good kGood[] = {
    {"openai", "/v1/chat/completions", kJson,
     R"({"choices":[{"index":0,"message":{"role":"assistant","content":"hello","refusal":"no","reasoning_content":"hm",)"
     R"("tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},"finish_reason":"stop"}]})"},
    {"openai", "/v1/chat/completions", kEvents,
     "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"hello\"}}]}\n\n"
     "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"function\":"
     "{\"name\":\"f\",\"arguments\":\"{}\"}}]},\"finish_reason\":\"stop\"}]}\n\n"
     "data: [DONE]\n\n"},
    {"mistral", "/v1/chat/completions", kJson,
     R"({"choices":[{"index":0,"message":{"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text",)"
     R"("text":"hm"}]},{"type":"text","text":"hello"}]},"finish_reason":"stop"}]})"},
    {"openai", "/v1/completions", kJson,
     R"({"choices":[{"index":0,"text":"hello","finish_reason":"stop"}]})"},
    {"openai", "/v1/responses", kJson,
     R"({"output":[{"type":"reasoning","summary":[{"type":"summary_text","text":"hm"}]},)"
     R"({"type":"message","role":"assistant","content":[{"type":"output_text","text":"hello"},{"type":"refusal","refusal":"no"}]},)"
     R"({"type":"function_call","call_id":"c","name":"f","arguments":"{}"}],"status":"completed"})"},
    {"openai", "/v1/responses", kEvents,
     "data: {\"type\":\"response.output_text.delta\",\"output_index\":0,\"delta\":\"hello\"}\n\n"
     "data: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\",\"output\":[]}}\n\n"},
    {"anthropic", "/v1/messages", kJson,
     R"({"role":"assistant","content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"hello"},)"
     R"({"type":"tool_use","id":"c","name":"f","input":{"a":1}}],"stop_reason":"end_turn"})"},
    {"anthropic", "/v1/messages", kEvents,
     "data: {\"type\":\"message_start\",\"message\":{\"role\":\"assistant\",\"content\":[]}}\n\n"
     "data: "
     "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"
     "data: "
     "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"hello\"}}"
     "\n\n"
     "data: "
     "{\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"c\","
     "\"name\":\"f\",\"input\":{}}}\n\n"
     "data: "
     "{\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_"
     "json\":\"{}\"}}\n\n"
     "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n"
     "data: {\"type\":\"message_stop\"}\n\n"},
    {"anthropic", "/v1/complete", kJson, R"({"completion":"hello","stop_reason":"stop"})"},
    {"gemini", "/v1beta/models/m:generateContent", kJson,
     R"({"candidates":[{"index":0,"content":{"role":"model","parts":[{"text":"hm","thought":true},{"text":"hello"},)"
     R"({"functionCall":{"name":"f","args":{"a":1}}}]},"finishReason":"STOP"}]})"},
    {"gemini", "/v1beta/models/m:streamGenerateContent", kJson,
     R"([{"candidates":[{"content":{"role":"model","parts":[{"text":"hello"}]}}]},{"candidates":[{"content":{"parts":[{"text":"!"}]},"finishReason":"STOP"}]}])"},
    {"cohere", "/v2/chat", kJson,
     R"({"message":{"role":"assistant","tool_plan":"hm","content":[{"type":"text","text":"hello"}],)"
     R"("tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"COMPLETE"})"},
    {"cohere", "/v1/chat", kJson,
     R"({"text":"hello","tool_calls":[{"name":"f","parameters":{"a":1}}],"finish_reason":"COMPLETE"})"},
    {"cohere", "/v1/generate", kJson, R"({"generations":[{"text":"hello","finish_reason":"COMPLETE"}]})"},
    {"mistral", "/v1/conversations", kJson,
     R"({"outputs":[{"type":"message.output","role":"assistant","content":"hello"},)"
     R"({"type":"function.call","tool_call_id":"c","name":"f","arguments":"{}"}]})"},
    {"ollama", "/api/chat", kJson,
     R"({"message":{"role":"assistant","thinking":"hm","content":"hello","tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]},)"
     R"("done_reason":"stop","done":true})"},
    {"ollama", "/api/chat", "application/x-ndjson",
     "{\"message\":{\"role\":\"assistant\",\"content\":\"hello\"}}\n{\"message\":{\"content\":\"!\"},"
     "\"done\":true}\n"},
    {"ollama", "/api/generate", kJson, R"({"thinking":"hm","response":"hello","done":true})"},
    {"bedrock", "/model/m/converse", kJson,
     R"({"output":{"message":{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"hm"}}},{"text":"hello"},)"
     R"({"toolUse":{"toolUseId":"c","name":"f","input":{"a":1}}}]}},"stopReason":"end_turn"})"},
};

struct Place {
    std::size_t at;
    std::size_t length;
    bool is_object;
};

/// Where the values of the text stand, but for those that say how others are to be read.
void find_values(std::string_view text, JsonValue value, std::vector<Place>& out) {
    out.push_back(
        {static_cast<std::size_t>(value.raw().data() - text.data()), value.raw().size(), value.is_object()});
    for (const auto [key, member] : value.members()) {
        const bool says_how = key.is("type") || key.is("index") || key.is("role") || key.is("thought");
        if (!says_how) find_values(text, member, out);
    }
    for (const JsonValue element : value.elements()) find_values(text, element, out);
}

std::vector<Place> values_of(const std::string& body) {
    std::vector<Place> found;
    JsonDocument document;
    if (document.parse(body)) {
        find_values(body, document.root(), found);
        return found;
    }
    const std::string_view all = body;
    for (std::size_t from = 0; from < all.size();) {
        const std::size_t end = std::min(all.find('\n', from), all.size());
        std::string_view line = all.substr(from, end - from);
        if (line.starts_with("data: ")) line.remove_prefix(6);
        if (document.parse(line)) find_values(all, document.root(), found);
        from = end + 1;
    }
    return found;
}

TEST(OddAnswers, ContentOfAnotherTypeIsInTheRecordOrTheAnswerIsMalformed) {
    constexpr std::string_view kMark = "4040414243";
    for (const Good& good : kGood) {
        Exchange exchange;
        exchange.upstream = good.upstream;
        exchange.path = good.path;
        exchange.response_headers = {{"content-type", good.type}};
        exchange.response_body = good.body;
        const Call sound = exchange.read();
        ASSERT_EQ(sound.status, Status::Success) << good.body << sound.error.message;
        for (const auto& [at, length, is_object] : values_of(good.body)) {
            for (const char* const shape : {"{}", "\"{}\"", "[{}]", "{{\"odd\":{}}}"}) {
                if (is_object && std::string_view(shape).contains("odd"))
                    continue;  // it has just other members
                exchange.response_body = good.body;
                exchange.response_body.replace(at, length, fmt::format(fmt::runtime(shape), kMark));
                const Call call = exchange.read_byte_by_byte();
                if (call.status == Status::Failure || call.response.messages == sound.response.messages)
                    continue;
                EXPECT_TRUE(to_json(call).contains(kMark)) << good.path << "\n" << exchange.response_body;
            }
        }
    }
}

}  // namespace
}  // namespace steno::providers
