// The cases that are known to break gateways, as far as they are a reader's business. Tests carry the case's
// number where it has one: A1 … A19 streams, B21 … B26 tool calls, C27 … C29 usage.

#include "providers/exchange_for_test.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>

namespace steno::providers {
namespace {

using Strings = std::vector<std::string>;

std::string sse(const Strings& data) {
    std::string out;
    for (const std::string& one : data) out += "data: " + one + "\n\n";
    return out;
}

/// Events whose `event:` is their type, as Anthropic and the Responses API send them.
std::string typed(const Strings& data) {
    std::string out;
    for (const std::string& one : data) {
        const std::size_t from = one.find("\"type\":\"") + 8;
        out += "event: " + one.substr(from, one.find('"', from) - from) + "\ndata: " + one + "\n\n";
    }
    return out;
}

std::string text_of(const Call& call) {
    std::string text;
    for (const Message& message : call.response.messages) {
        for (const Part& part : message.parts) text += part.type == PartType::Text ? part.text : "";
    }
    return text;
}

Exchange chat(std::string body) {
    Exchange exchange;
    exchange.response_body = std::move(body);
    return exchange;
}
Exchange responses(std::string body) {
    Exchange exchange = chat(std::move(body));
    exchange.path = "/v1/responses";
    return exchange;
}
Exchange messages(std::string body) {
    Exchange exchange = chat(std::move(body));
    exchange.upstream = "anthropic";
    exchange.path = "/v1/messages";
    return exchange;
}
Exchange gemini(std::string body) {
    Exchange exchange = chat(std::move(body));
    exchange.upstream = "gemini";
    exchange.path = "/v1beta/models/gemini-2.5-flash:streamGenerateContent";
    exchange.request_body = R"({"contents":[{"role":"user","parts":[{"text":"hi"}]}]})";
    return exchange;
}

/// A chunk of a chat stream; `delta` is JSON, `finish` "" for none.
std::string chunk(std::string_view delta, std::string_view finish = "", int index = 0) {
    return fmt::format(
        R"({{"id":"chatcmpl-1","model":"gpt-4o-mini-2024-07-18","choices":[{{"index":{},"delta":{},"finish_reason":{}}}],"usage":null}})",
        index, delta, finish.empty() ? std::string("null") : fmt::format("\"{}\"", finish));
}
const std::string kUsageChunk =
    R"({"id":"chatcmpl-1","model":"gpt-4o-mini-2024-07-18","choices":[],"usage":{"prompt_tokens":24,"completion_tokens":8,"total_tokens":32,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}})";
const std::string kHello = chunk(R"({"content":"Hello"})");
const std::string kStop = chunk("{}", "stop");

// Some hosts tell it after the last word.
TEST(GatewayCases, A1_UsageAfterDoneIsAwaitedWhereItWasAskedFor) {
    constexpr std::string_view kAsking =
        R"({"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":[]})";
    constexpr std::string_view kNotAsking = R"({"model":"m","stream":true,"messages":[]})";
    const std::string until_done = sse({kHello, kStop, "[DONE]"});
    const std::string after = sse({"no JSON", kHello, kUsageChunk, kHello});
    const Provider& provider = find_provider("openai").provider();
    const Headers none;
    for (const bool asked : {true, false}) {
        for (const bool comes : {true, false}) {
            const RequestView request{"POST", "/v1/chat/completions", "", Exchange::lookup(none),
                                      asked ? kAsking : kNotAsking};
            Call call;
            provider.read_request(request, call);
            const auto reader = provider.read_response(request, {200, Exchange::lookup(none)}, call);
            reader->feed(until_done);
            EXPECT_TRUE(reader->over());
            EXPECT_EQ(reader->finished(), !asked);
            if (comes) reader->feed(after);
            EXPECT_EQ(reader->finished(), !asked || comes);
            reader->end(false, call);  // whoever leaves now has missed nothing
            EXPECT_EQ(call.status, Status::Success);
            EXPECT_EQ(text_of(call), "Hello");
            EXPECT_EQ(call.usage.input_tokens,
                      asked && comes ? std::optional<std::int64_t>(24) : std::nullopt);
        }
    }
    Exchange usual = chat(sse({kHello, kStop, kUsageChunk, "[DONE]"}));
    usual.request_body = kAsking;
    EXPECT_EQ(usual.read_byte_by_byte().usage.output_tokens, 8);
}

TEST(GatewayCases, A1_UsageAfterTheFinishReasonWithAndWithoutDone) {
    for (const bool done : {true, false}) {
        Strings events{chunk(R"({"role":"assistant","content":""})"), kHello, kStop, kUsageChunk};
        if (done) events.emplace_back("[DONE]");
        const Call call = chat(sse(events)).read();
        EXPECT_EQ(call.status, Status::Success);
        EXPECT_EQ(call.usage.input_tokens, 24);
        EXPECT_EQ(call.usage.output_tokens, 8);
        EXPECT_EQ(text_of(call), "Hello");
        EXPECT_EQ(call.response.finish_reasons, Strings{"stop"});
        EXPECT_EQ(call.response.chunks, 4);
        EXPECT_EQ(call.response.output_chars, 5);
        EXPECT_EQ(call.model.served, "gpt-4o-mini-2024-07-18");
    }
}

TEST(GatewayCases, A2_NullUsageIsAbsentAndZerosStayZeros) {
    const Call none = chat(sse({kHello, kStop, "[DONE]"})).read();
    EXPECT_EQ(none.usage, Usage{});
    const std::string usage =
        R"({"choices":[{"delta":{}}],"usage":{"prompt_tokens":0,"completion_tokens":0}})";
    const Call zero = chat(sse({kHello, kStop, usage, "[DONE]"})).read();
    EXPECT_EQ(zero.usage.input_tokens, 0);
    EXPECT_EQ(zero.usage.output_tokens, 0);
    EXPECT_EQ(zero.usage.cache_read_tokens, std::nullopt);
    EXPECT_EQ(zero.usage.billed.text, R"({"prompt_tokens":0,"completion_tokens":0})");
}

TEST(GatewayCases, A3_UsageInsideResponseCompleted) {
    const std::string body = typed({
        R"({"type":"response.created","response":{"id":"resp_1","model":"gpt-5","status":"in_progress","usage":null,"error":null,"output":[]}})",
        R"({"type":"response.output_item.added","output_index":0,"item":{"type":"message","role":"assistant"}})",
        R"({"type":"response.output_text.delta","output_index":0,"delta":"Hel"})",
        R"({"type":"response.output_text.delta","output_index":0,"delta":"lo"})",
        R"({"type":"response.completed","response":{"id":"resp_1","model":"gpt-5","status":"completed","error":null,"service_tier":"default","output":[{"type":"reasoning","summary":[{"type":"summary_text","text":"think"}]},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Hello"}]}],"usage":{"input_tokens":11,"input_tokens_details":{"cached_tokens":4},"output_tokens":7,"output_tokens_details":{"reasoning_tokens":5},"total_tokens":18}}})",
    });
    const Call call = responses(body).read_byte_by_byte();
    EXPECT_EQ(call.status, Status::Success);
    EXPECT_EQ(call.usage.input_tokens, 11);
    EXPECT_EQ(call.usage.cache_read_tokens, 4);
    EXPECT_EQ(call.usage.output_tokens, 7);
    EXPECT_EQ(call.usage.reasoning_tokens, 5);
    EXPECT_EQ(text_of(call), "Hello");
    ASSERT_EQ(call.response.messages.size(), 1U);
    EXPECT_EQ(call.response.messages[0].parts[0].type, PartType::Reasoning);
    EXPECT_EQ(call.response.finish_reasons, Strings{"completed"});
    EXPECT_EQ(call.provider.service_tier, "default");
    EXPECT_EQ(call.response.chunks, 5);
}

const std::string kMessageStart =
    R"({"type":"message_start","message":{"id":"msg_1","role":"assistant","model":"claude-sonnet-4-5","content":[],"usage":{"input_tokens":10,"cache_creation_input_tokens":200,"cache_read_input_tokens":3000,"cache_creation":{"ephemeral_5m_input_tokens":150,"ephemeral_1h_input_tokens":50},"output_tokens":1,"service_tier":"standard"}}})";
const std::string kTextStart =
    R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})";
const std::string kTextDelta =
    R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello"}})";
const std::string kBlockStop = R"({"type":"content_block_stop","index":0})";
const std::string kMessageDelta =
    R"({"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":9}})";
const std::string kMessageStop = R"({"type":"message_stop"})";

TEST(GatewayCases, A4_C28_AnthropicUsageOfStartAndDelta) {
    const Call call = messages(typed({kMessageStart, kTextStart, R"({"type":"ping"})", kTextDelta, kBlockStop,
                                      kMessageDelta, kMessageStop}))
                          .read_byte_by_byte();
    EXPECT_EQ(call.status, Status::Success);
    EXPECT_EQ(call.usage.input_tokens, 3210);
    EXPECT_EQ(call.usage.output_tokens, 9);
    EXPECT_EQ(call.usage.cache_read_tokens, 3000);
    EXPECT_EQ(call.usage.cache_write_tokens.minutes_5, 150);
    EXPECT_EQ(call.usage.cache_write_tokens.hours_1, 50);
    EXPECT_EQ(call.usage.cache_write_tokens.other, std::nullopt);
    EXPECT_EQ(call.provider.service_tier, "standard");
    EXPECT_NE(call.usage.billed.text.find(R"("output_tokens":9)"), std::string::npos);
}

TEST(GatewayCases, A4_MessageDeltaMayRaiseTheInput) {
    const std::string delta =
        R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":2411,"cache_read_input_tokens":0,"cache_creation_input_tokens":null,"output_tokens":9,"server_tool_use":{"web_search_requests":2}}})";
    const std::string start =
        R"({"type":"message_start","message":{"usage":{"input_tokens":1128,"cache_creation_input_tokens":5,"output_tokens":1}}})";
    const Call call =
        messages(typed({start, kTextStart, kTextDelta, kBlockStop, delta, kMessageStop})).read();
    EXPECT_EQ(call.usage.input_tokens, 2416);
    EXPECT_EQ(call.usage.cache_write_tokens.other, 5);
    EXPECT_EQ(call.usage.searches, 2);
}

TEST(GatewayCases, A6_A7_TheLastEventNeedsNoBlankLineAndCutsDoNotMatter) {
    for (const std::string_view line_end : {"\n", "\r\n", "\r"}) {
        std::string body = ": comment\n" + sse({kHello, chunk(R"({"content":" wörld 😀"})"), kStop}) +
                           "data: " + kUsageChunk;
        std::string framed;
        for (const char c : body) c == '\n' ? framed.append(line_end) : framed.append(1, c);
        const Exchange exchange = chat(framed);
        const Call call = exchange.read();
        EXPECT_EQ(call.usage.output_tokens, 8);
        EXPECT_EQ(text_of(call), "Hello wörld 😀");
        EXPECT_EQ(call.response.output_chars, 13);
        for (std::size_t cut = 0; cut <= framed.size(); ++cut) ASSERT_EQ(exchange.read({cut}), call) << cut;
    }
}

TEST(GatewayCases, A12_AStreamThatBreaksIsPartialAndGuessesNothing) {
    Exchange exchange = chat(sse({kHello, chunk(R"({"content":" the"})")}) + "data: {\"id\":\"chatcm");
    for (const bool complete : {false, true}) {
        exchange.complete = complete;
        const Call call = exchange.read();
        EXPECT_EQ(call.status, Status::Partial);
        EXPECT_EQ(call.usage, Usage{});
        EXPECT_EQ(text_of(call), "Hello the");
        EXPECT_TRUE(call.response.finish_reasons.empty());
        // why the transport was cut is known to whoever cut it, or saw it cut
        EXPECT_EQ(call.error.type, complete ? std::optional(ErrorType::Connection) : std::nullopt);
    }
    const Call responses_call =
        responses(
            typed(
                {R"({"type":"response.created","response":{"id":"resp_1","model":"gpt-5","status":"in_progress"}})",
                 R"({"type":"response.output_text.delta","delta":"Hel"})"}))
            .read();
    EXPECT_EQ(responses_call.status, Status::Partial);
    EXPECT_EQ(text_of(responses_call), "Hel");
    EXPECT_EQ(messages(typed({kMessageStart, kTextStart, kTextDelta})).read().status, Status::Partial);
}

TEST(GatewayCases, A12_ABodyThatBreaksIsAFailure) {
    Exchange exchange = chat(R"({"id":"chatcmpl-1","choices":[{"message":{"content":"He)");
    exchange.complete = false;
    EXPECT_EQ(exchange.read().status, Status::Failure);
    EXPECT_EQ(exchange.read().error.type, ErrorType::Connection);
    exchange.complete = true;
    EXPECT_EQ(exchange.read().error.type, ErrorType::MalformedResponse);
}

TEST(GatewayCases, A13_ErrorsInsideAStreamThatBeganWell) {
    const Call anthropic =
        messages(typed({kMessageStart, kTextStart, kTextDelta,
                        R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})"}))
            .read_byte_by_byte();
    EXPECT_EQ(anthropic.status, Status::Failure);
    EXPECT_EQ(anthropic.error.type, ErrorType::Overloaded);
    EXPECT_EQ(anthropic.error.provider_type, "overloaded_error");
    EXPECT_EQ(anthropic.error.message, "Overloaded");
    EXPECT_EQ(anthropic.error.retryable, true);
    EXPECT_EQ(anthropic.error.http_status, std::nullopt);
    EXPECT_EQ(anthropic.provider.http_status, 200);
    EXPECT_EQ(text_of(anthropic), "Hello");

    const Call azure =
        chat(sse({kHello,
                  R"({"error":{"code":"429","message":"Rate limit is exceeded. Try again in 2 seconds."}})"}))
            .read();
    EXPECT_EQ(azure.status, Status::Failure);
    EXPECT_EQ(azure.error.type, ErrorType::RateLimit);

    const Call openrouter =
        chat(sse({kHello, R"({"error":{"code":502,"message":"Provider returned error"}})"})).read();
    EXPECT_EQ(openrouter.error.type, ErrorType::Server);
    EXPECT_EQ(openrouter.error.http_status, 502);

    const Call failed =
        responses(
            typed(
                {R"({"type":"response.failed","response":{"id":"resp_1","status":"failed","error":{"code":"server_error","message":"The model failed."},"usage":null,"output":[]}})"}))
            .read();
    EXPECT_EQ(failed.status, Status::Failure);
    EXPECT_EQ(failed.error.type, ErrorType::Server);
    EXPECT_EQ(failed.error.provider_code, "server_error");
    EXPECT_EQ(failed.response.finish_reasons, Strings{"failed"});

    const Call whole =
        responses(
            R"({"id":"resp_1","model":"gpt-5","status":"failed","error":{"code":"server_error","message":"The model failed."},"output":[],"usage":{"input_tokens":3,"output_tokens":0}})")
            .read();
    EXPECT_EQ(whole.error.type, ErrorType::Server);
    EXPECT_EQ(whole.response.id, "resp_1");
    EXPECT_EQ(whole.response.finish_reasons, Strings{"failed"});
    EXPECT_EQ(whole.usage.input_tokens, 3);

    const Call event =
        responses(
            typed({R"({"type":"error","code":"rate_limit_exceeded","message":"Slow down","param":null})"}))
            .read();
    EXPECT_EQ(event.error.type, ErrorType::RateLimit);
    EXPECT_EQ(event.error.message, "Slow down");

    const Call google =
        gemini(sse({R"({"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}})"}))
            .read();
    EXPECT_EQ(google.error.type, ErrorType::Overloaded);
    EXPECT_EQ(google.error.provider_type, "UNAVAILABLE");
}

TEST(GatewayCases, A15_RoleAndEmptyDeltasAreNoFirstToken) {
    const Provider& provider = find_provider("openai").provider();
    const Headers none;
    const HeaderLookup header = Exchange::lookup(none);
    const RequestView request{"POST", "/v1/chat/completions", "", header, R"({"model":"m","messages":[]})"};
    Call call;
    provider.read_request(request, call);
    const auto reader = provider.read_response(request, {200, header}, call);
    reader->feed(sse({chunk(R"({"role":"assistant","content":""})"), chunk(R"({"content":""})")}));
    EXPECT_FALSE(reader->first_token_seen());
    reader->feed(
        sse({chunk(R"({"tool_calls":[{"index":0,"id":"c1","function":{"name":"f","arguments":""}}]})")}));
    EXPECT_TRUE(reader->first_token_seen());
    EXPECT_FALSE(reader->finished());
    reader->feed(sse({kStop}) + "data: [DONE]\n\n");
    EXPECT_TRUE(reader->finished());
    reader->feed(sse({kHello}));
    reader->end(true, call);
    EXPECT_EQ(text_of(call), "");
    EXPECT_EQ(call.response.tool_calls.size(), 1U);
}

TEST(GatewayCases, A18_AssemblyIsLinear) {
    const auto seconds_for = [](int chunks) {
        std::string body;
        for (int i = 0; i < chunks; ++i) {
            body +=
                "data: " +
                chunk(
                    R"({"content":"word ","tool_calls":[{"index":0,"id":"","function":{"name":"","arguments":"1 "}}]})") +
                "\n\n";
        }
        const Exchange exchange = chat(body + sse({kStop, "[DONE]"}));
        const auto start = std::chrono::steady_clock::now();
        const Call call = exchange.read();
        const double seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        EXPECT_EQ(call.response.chunks, chunks + 1);
        EXPECT_EQ(text_of(call).size(), static_cast<std::size_t>(chunks) * 5);
        return seconds;
    };
    const double small = seconds_for(10'000);
    const double large = seconds_for(100'000);
    fmt::print("10,000 chunks {:.1f} ms, 100,000 chunks {:.1f} ms\n", small * 1000, large * 1000);
    EXPECT_LT(large, 30) << "quadratic assembly takes minutes";
}

Call tools(const Strings& deltas) {
    Strings events;
    for (const std::string& delta : deltas)
        events.push_back(chunk(fmt::format(R"({{"tool_calls":[{}]}})", delta)));
    events.push_back(chunk("{}", "tool_calls"));
    events.emplace_back("[DONE]");
    return chat(sse(events)).read();
}

void expect_call(const ToolCall& call, std::string_view id, std::string_view name,
                 std::string_view arguments) {
    EXPECT_EQ(call.id, id);
    EXPECT_EQ(call.name, name);
    EXPECT_EQ(call.arguments.text, arguments);
}

TEST(GatewayCases, B21_InterleavedDeltasByIndexWithTheIdOnTheFirst) {
    const Call call = tools(
        {R"({"index":0,"id":"c0","type":"function","function":{"name":"f","arguments":""}})",
         R"({"index":1,"id":"c1","type":"function","function":{"name":"g","arguments":""}})",
         R"({"index":0,"function":{"arguments":"{\"a\":"}})",
         R"({"index":1,"function":{"arguments":"{\"b\""}})", R"({"index":0,"function":{"arguments":"1}"}})",
         R"({"index":1,"function":{"arguments":":\"x\"}"}})"});
    ASSERT_EQ(call.response.tool_calls.size(), 2U);
    expect_call(call.response.tool_calls[0], "c0", "f", R"({"a":1})");
    expect_call(call.response.tool_calls[1], "c1", "g", R"({"b":"x"})");
}

TEST(GatewayCases, B22_Index0UsedAgainForAnotherCall) {
    const Call by_id = tools({R"({"index":0,"id":"c0","function":{"name":"f","arguments":"{\"a\":1}"}})",
                              R"({"index":0,"id":"c1","function":{"name":"f","arguments":"{\"a\":"}})",
                              R"({"index":0,"function":{"arguments":"2}"}})"});
    ASSERT_EQ(by_id.response.tool_calls.size(), 2U);
    expect_call(by_id.response.tool_calls[0], "c0", "f", R"({"a":1})");
    expect_call(by_id.response.tool_calls[1], "c1", "f", R"({"a":2})");
    const Call by_name = tools({R"({"index":0,"function":{"name":"f","arguments":"{}"}})",
                                R"({"index":0,"function":{"name":"g","arguments":"{\"a\":1}"}})"});
    ASSERT_EQ(by_name.response.tool_calls.size(), 2U);
    expect_call(by_name.response.tool_calls[1], "", "g", R"({"a":1})");
    const Call repeated = tools({R"({"index":0,"id":"c0","function":{"name":"f","arguments":"{\"a\":"}})",
                                 R"({"index":0,"id":"c0","function":{"name":"f","arguments":"1}"}})"});
    ASSERT_EQ(repeated.response.tool_calls.size(), 1U);
    expect_call(repeated.response.tool_calls[0], "c0", "f", R"({"a":1})");
}

TEST(GatewayCases, B23_B24_AWholeCallInOneDeltaAndNoText) {
    const Call call = tools({R"({"index":0,"id":"c0","function":{"name":"f","arguments":"{\"a\":1}"}})"});
    ASSERT_EQ(call.response.tool_calls.size(), 1U);
    expect_call(call.response.tool_calls[0], "c0", "f", R"({"a":1})");
    EXPECT_EQ(call.status, Status::Success);
    EXPECT_EQ(call.response.output_chars, 0);
    EXPECT_EQ(call.response.finish_reasons, Strings{"tool_calls"});
    EXPECT_EQ(call.preview.answer, R"(f({"a":1}))");
}

TEST(GatewayCases, B25_TextToolCallAndFinishInOneFrame) {
    const Call call =
        chat(
            sse({chunk(
                R"({"role":"assistant","content":"Let me see.","tool_calls":[{"index":0,"id":"c0","function":{"name":"f","arguments":"{}"}},{"index":1,"id":"c1","function":{"name":"g","arguments":""}}]})",
                "tool_calls")}))
            .read();
    EXPECT_EQ(text_of(call), "Let me see.");
    ASSERT_EQ(call.response.tool_calls.size(), 2U);
    expect_call(call.response.tool_calls[1], "c1", "g", "{}");
}

TEST(GatewayCases, B_ArgumentsThatAreNoJsonAreKeptAsAString) {
    const Call call = tools({R"({"index":0,"id":"c0","function":{"name":"f","arguments":"{\"a\":"}})"});
    EXPECT_EQ(call.response.tool_calls[0].arguments.text, R"("{\"a\":")");
}

TEST(GatewayCases, B_AnthropicAndResponsesToolCalls) {
    const Call anthropic =
        messages(
            typed(
                {kMessageStart,
                 R"({"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use","id":"s1","name":"web_search","input":{}}})",
                 R"({"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"query\":\"x\"}"}})",
                 kBlockStop,
                 R"({"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t1","name":"f","input":{}}})",
                 R"({"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":""}})",
                 R"({"type":"content_block_stop","index":1})",
                 R"({"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"t2","name":"g","input":{}}})",
                 R"({"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"a\":"}})",
                 R"({"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"[1]}"}})",
                 R"({"type":"content_block_stop","index":2})",
                 R"({"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":30}})",
                 kMessageStop}))
            .read();
    ASSERT_EQ(anthropic.response.tool_calls.size(), 2U);
    expect_call(anthropic.response.tool_calls[0], "t1", "f", "{}");
    expect_call(anthropic.response.tool_calls[1], "t2", "g", R"({"a":[1]})");
    EXPECT_EQ(anthropic.response.messages[0].parts[0].value.text,
              R"({"type":"server_tool_use","id":"s1","name":"web_search","input":{"query":"x"}})");

    const Call cut =
        responses(
            typed(
                {R"({"type":"response.output_item.added","output_index":1,"item":{"type":"function_call","call_id":"c1","name":"f","arguments":""}})",
                 R"({"type":"response.output_item.added","output_index":2,"item":{"type":"function_call","call_id":"c2","name":"g","arguments":""}})",
                 R"({"type":"response.function_call_arguments.delta","output_index":2,"delta":"{\"b\":2}"})",
                 R"({"type":"response.function_call_arguments.delta","output_index":1,"delta":"{\"a\":1}"})"}))
            .read();
    ASSERT_EQ(cut.response.tool_calls.size(), 2U);
    expect_call(cut.response.tool_calls[0], "c1", "f", R"({"a":1})");
    expect_call(cut.response.tool_calls[1], "c2", "g", R"({"b":2})");
}

TEST(GatewayCases, B26_ParallelToolResultsKeepTheirPairing) {
    Exchange openai;
    openai.request_body =
        R"({"model":"m","messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"c2","type":"function","function":{"name":"f","arguments":""}}]},{"role":"tool","tool_call_id":"c2","content":"two"},{"role":"tool","tool_call_id":"c1","content":[{"type":"text","text":"one"}]}]})";
    openai.response_body = sse({kHello, kStop});
    const Call first = openai.read();
    EXPECT_EQ(first.request.messages[0].parts[1].id, "c2");
    EXPECT_EQ(first.request.messages[0].parts[1].value.text, "{}");
    EXPECT_EQ(first.request.messages[1].parts[0].id, "c2");
    EXPECT_EQ(first.request.messages[1].parts[0].text, "two");
    EXPECT_EQ(first.request.messages[2].parts[0].id, "c1");
    EXPECT_EQ(first.request.messages[2].parts[0].value.text, R"([{"type":"text","text":"one"}])");

    Exchange google = gemini("[]");
    google.request_body =
        R"({"contents":[{"role":"user","parts":[{"functionResponse":{"id":"b","name":"g","response":{"x":2}}},{"function_response":{"id":"a","name":"f","response":{"x":1}}}]}]})";
    const Call second = google.read();
    const std::vector<Part>& parts = second.request.messages[0].parts;
    ASSERT_EQ(parts.size(), 2U);
    EXPECT_EQ(parts[0].id + parts[0].name + parts[0].value.text, R"(bg{"x":2})");
    EXPECT_EQ(parts[1].id + parts[1].name + parts[1].value.text, R"(af{"x":1})");
}

std::string chat_body(std::string_view usage) {
    return fmt::format(
        R"({{"id":"c","model":"m","choices":[{{"index":0,"message":{{"role":"assistant","content":"x"}},"finish_reason":"stop"}}],"usage":{}}})",
        usage);
}

TEST(GatewayCases, C27_CachedReadsOfEveryDialect) {
    const Call openai =
        chat(
            chat_body(
                R"({"prompt_tokens":100,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":80}})"))
            .read();
    EXPECT_EQ(openai.usage.input_tokens, 100);
    EXPECT_EQ(openai.usage.cache_read_tokens, 80);

    const Call deepseek =
        chat(
            chat_body(
                R"({"prompt_tokens":100,"completion_tokens":5,"prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":36})"))
            .read();
    EXPECT_EQ(deepseek.usage.input_tokens, 100);
    EXPECT_EQ(deepseek.usage.cache_read_tokens, 64);

    Exchange xai = chat(chat_body(
        R"({"prompt_tokens":100,"completion_tokens":5,"total_tokens":145,"prompt_tokens_details":{"text_tokens":100,"cached_tokens":90},"completion_tokens_details":{"reasoning_tokens":40}})"));
    xai.upstream = "xai";
    EXPECT_EQ(xai.read().usage.input_tokens, 100);
    EXPECT_EQ(xai.read().usage.output_tokens, 45);
    EXPECT_EQ(xai.read().usage.reasoning_tokens, 40);

    const Call anthropic =
        messages(
            R"({"id":"msg_1","type":"message","role":"assistant","model":"c","content":[{"type":"text","text":"x"}],"stop_reason":"end_turn","usage":{"input_tokens":10,"cache_creation_input_tokens":5,"cache_read_input_tokens":85,"output_tokens":3}})")
            .read();
    EXPECT_EQ(anthropic.usage.input_tokens, 100);
    EXPECT_EQ(anthropic.usage.cache_read_tokens, 85);
    EXPECT_EQ(anthropic.usage.cache_write_tokens.other, 5);

    const Call google =
        gemini(
            R"([{"candidates":[{"content":{"role":"model","parts":[{"text":"x"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":10,"cachedContentTokenCount":7,"candidatesTokenCount":30,"toolUsePromptTokenCount":73,"thoughtsTokenCount":109,"totalTokenCount":222}}])")
            .read_byte_by_byte();
    EXPECT_EQ(google.usage.input_tokens, 83);
    EXPECT_EQ(google.usage.cache_read_tokens, 7);
    EXPECT_EQ(google.usage.output_tokens, 139);
    EXPECT_EQ(google.usage.reasoning_tokens, 109);
}

TEST(GatewayCases, C_TheCostThatTheProviderReportsIsKept) {
    Exchange openrouter = chat(chat_body(R"({"prompt_tokens":1,"completion_tokens":5,"cost":0.00014})"));
    EXPECT_EQ(openrouter.read().cost, Cost{});
    openrouter.upstream = "openrouter";
    EXPECT_EQ(openrouter.read().cost.total->to_string(), "0.000140000000");
    EXPECT_EQ(openrouter.read().cost.source, "provider");
    EXPECT_EQ(openrouter.read().cost.currency, "USD");
    Exchange xai = chat(chat_body(R"({"prompt_tokens":1,"completion_tokens":5,"cost_in_usd_ticks":12345})"));
    xai.upstream = "xai";
    EXPECT_EQ(xai.read().cost.total->to_string(), "0.000001234500");
    Exchange perplexity =
        chat(chat_body(R"({"prompt_tokens":1,"cost":{"total_cost":0.0060000000000000001}})"));
    perplexity.upstream = "perplexity";
    EXPECT_EQ(perplexity.read().cost.total->to_string(), "0.006000000000");
}

TEST(GatewayCases, C_AbsurdCountsAreAbsent) {
    const Call call =
        messages(
            R"({"content":[],"usage":{"input_tokens":9223372036854775807,"cache_read_input_tokens":9223372036854775807,"output_tokens":-1}})")
            .read();
    EXPECT_EQ(call.usage.input_tokens, std::nullopt);
    EXPECT_EQ(call.usage.output_tokens, std::nullopt);
    EXPECT_FALSE(call.usage.billed.text.empty());
}

TEST(GatewayCases, C29_ThePlaceholderOfOutputTokensIsNotTaken) {
    Exchange exchange = messages(typed({kMessageStart, kTextStart, kTextDelta}));
    exchange.complete = false;
    const Call call = exchange.read();
    EXPECT_EQ(call.usage.output_tokens, std::nullopt);
    EXPECT_EQ(call.usage.input_tokens, 3210);
}

}  // namespace
}  // namespace steno::providers
