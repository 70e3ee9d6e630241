// What Anthropic has besides Messages, and what its newer usage objects tell.

#include "providers/exchange_for_test.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace steno::providers {
namespace {

Exchange messages(std::string answer) {
    Exchange exchange;
    exchange.upstream = "anthropic";
    exchange.path = "/v1/messages";
    exchange.request_body =
        R"({"model":"claude-x","max_tokens":9,"messages":[{"role":"user","content":"hi"}]})";
    exchange.response_body = std::move(answer);
    return exchange;
}

Call message_with(std::string_view usage, std::string_view rest = "") {
    return messages(R"({"id":"msg_1","type":"message","role":"assistant","model":"claude-x-1",)"
                    R"("content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn")" +
                    std::string(rest) + R"(,"usage":)" + std::string(usage) + "}")
        .read();
}

TEST(Anthropic, CountingTokensIsASpanWithTheNumberAsOutput) {
    Exchange exchange = messages(R"({"input_tokens":2095})");
    exchange.path = "/v1/messages/count_tokens";
    const Call call = exchange.read();
    EXPECT_EQ(call.kind, Kind::Span);
    EXPECT_EQ(call.name, "POST /v1/messages/count_tokens");
    EXPECT_EQ(call.model.requested, "claude-x");
    EXPECT_EQ(call.response.output.text, R"({"input_tokens":2095})");
    EXPECT_EQ(call.usage, Usage{});
    EXPECT_EQ(exchange.read_byte_by_byte(), call);
}

TEST(Anthropic, FastModeAndGeographyDecideThePrice) {
    const Call call = message_with(
        R"({"input_tokens":3,"output_tokens":4,"service_tier":"standard","speed":"fast","inference_geo":"us"})");
    EXPECT_EQ(call.provider.service_tier, "standard");
    EXPECT_EQ(call.provider.speed, "fast");
    EXPECT_EQ(call.provider.region, "us");
    EXPECT_EQ(message_with(R"({"input_tokens":3,"output_tokens":4,"inference_geo":"not_available"})")
                  .provider.region,
              "");
}

TEST(Anthropic, CompactionsComeOnTopOfTheTotals) {
    const Call call = message_with(
        R"({"input_tokens":100,"output_tokens":20,"cache_read_input_tokens":5,"iterations":[)"
        R"({"type":"compaction","input_tokens":1000,"output_tokens":300,"cache_read_input_tokens":7,)"
        R"("cache_creation_input_tokens":0},)"
        R"({"type":"message","input_tokens":100,"output_tokens":20,"cache_read_input_tokens":5,)"
        R"("cache_creation_input_tokens":0},)"
        R"({"type":"advisor_message","model":"claude-y","input_tokens":9,"output_tokens":9}]})");
    EXPECT_EQ(call.usage.input_tokens, 1112);
    EXPECT_EQ(call.usage.output_tokens, 320);
    EXPECT_EQ(call.usage.cache_read_tokens, 12);
}

TEST(Anthropic, AbsurdIterationsDoNotOverflow) {
    std::string usage = R"({"input_tokens":1,"output_tokens":1,"iterations":[)";
    for (int i = 0; i < 20'000; ++i)
        usage += R"({"type":"compaction","input_tokens":1000000000000000,"output_tokens":1000000000000000},)";
    usage.back() = ']';
    EXPECT_GT(message_with(usage + "}").usage.input_tokens, 0);
}

TEST(Anthropic, RefusalIsPartialAndAPausedTurnIsNot) {
    Exchange exchange = messages(R"({"id":"msg_1","model":"m","content":[],"stop_reason":"refusal",)"
                                 R"("stop_details":{"type":"refusal","category":"bio"},)"
                                 R"("usage":{"input_tokens":3,"output_tokens":1}})");
    Call call = exchange.read();
    EXPECT_EQ(call.status, Status::Partial);
    EXPECT_EQ(call.response.output.text, R"({"stop_details":{"type":"refusal","category":"bio"}})");
    exchange.response_body =
        R"({"id":"msg_1","model":"m","content":[],"stop_reason":"pause_turn",)"
        R"("container":{"id":"container_1"},"usage":{"input_tokens":3,"output_tokens":1,)"
        R"("server_tool_use":{"web_search_requests":2,"web_fetch_requests":1}}})";
    call = exchange.read();
    EXPECT_EQ(call.status, Status::Success);
    EXPECT_EQ(call.response.finish_reasons, std::vector<std::string>{"pause_turn"});
    EXPECT_EQ(call.usage.searches, 2);
    EXPECT_EQ(call.response.output.text, R"({"container":{"id":"container_1"}})");
}

TEST(Anthropic, AStreamTellsItsContainerAtTheEnd) {
    Exchange exchange = messages(
        "event: message_start\ndata: "
        "{\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"model\":\"m\","
        "\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}}\n\n"
        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\","
        "\"container\":{\"id\":\"container_1\"}},\"usage\":{\"output_tokens\":4,\"input_tokens\":2411}}\n\n"
        "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
    const Call call = exchange.read();
    EXPECT_EQ(call.response.output.text, R"({"container":{"id":"container_1"}})");
    EXPECT_EQ(call.usage.input_tokens, 2411);
    EXPECT_EQ(call.usage.output_tokens, 4);
    EXPECT_EQ(exchange.read_byte_by_byte(), call);
}

TEST(Anthropic, OldCompletionsAreReadStreamedAndNot) {
    Exchange exchange;
    exchange.upstream = "anthropic";
    exchange.path = "/v1/complete";
    exchange.request_body = R"({"model":"claude-2.1","prompt":"\n\nHuman: hi\n\nAssistant:","stream":true})";
    exchange.response_headers = {{"content-type", "text/event-stream"}};
    exchange.response_body =
        "event: completion\ndata: {\"type\":\"completion\",\"id\":\"compl_1\",\"completion\":\" Hel\","
        "\"stop_reason\":null,\"model\":\"claude-2.1\"}\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\n"
        "event: completion\ndata: {\"type\":\"completion\",\"id\":\"compl_1\",\"completion\":\"lo\","
        "\"stop_reason\":\"stop_sequence\",\"model\":\"claude-2.1\"}\n\n";
    const Call call = exchange.read();
    EXPECT_EQ(call.kind, Kind::Completion);
    EXPECT_EQ(call.status, Status::Success);
    EXPECT_EQ(call.response.messages.at(0).parts.at(0).text, " Hello");
    EXPECT_EQ(call.response.finish_reasons, std::vector<std::string>{"stop_sequence"});
    EXPECT_EQ(call.usage, Usage{});
    EXPECT_EQ(exchange.read_byte_by_byte(), call);
}

constexpr std::string_view kResults =
    R"({"custom_id":"a","result":{"type":"succeeded","message":{"id":"msg_a","type":"message","role":"assistant",)"
    R"("model":"claude-haiku-4-5","content":[{"type":"text","text":"Hello"}],"stop_reason":"end_turn",)"
    R"("usage":{"input_tokens":11,"output_tokens":7,"cache_read_input_tokens":2,"service_tier":"batch"}}}})"
    "\r\n"
    R"({"custom_id":"b","result":{"type":"errored","error":{"type":"error","error":)"
    R"({"type":"invalid_request_error","message":"max_tokens: Field required"}}}})"
    "\n"
    R"({"custom_id":"c","result":{"type":"canceled"}})"
    "\n"
    R"({"custom_id":"d","result":{"type":"expired"}})";

Exchange batch_results() {
    Exchange exchange;
    exchange.upstream = "anthropic";
    exchange.method = "GET";
    exchange.path = "/v1/messages/batches/msgbatch_1/results";
    exchange.request_body.clear();
    exchange.response_headers = {{"content-type", "application/x-jsonl"}};
    exchange.response_body = kResults;
    return exchange;
}

/// The calls within an answer that comes in pieces of so many bytes.
std::vector<Call> further_calls(const Exchange& exchange, std::size_t step) {
    const Provider& provider = find_provider(exchange.upstream).provider();
    const RequestView request{exchange.method, exchange.path, exchange.query,
                              Exchange::lookup(exchange.request_headers), exchange.request_body};
    Call call;
    provider.read_request(request, call);
    const auto reader =
        provider.read_response(request, {exchange.status, Exchange::lookup(exchange.response_headers)}, call);
    std::vector<Call> calls;
    const auto take = [&] { std::ranges::move(reader->further_calls(), std::back_inserter(calls)); };
    for (std::size_t at = 0; at < exchange.response_body.size(); at += step) {
        reader->feed(exchange.response_body.substr(at, step));
        take();
    }
    reader->end(exchange.complete, call);
    take();
    EXPECT_EQ(call.kind, Kind::Span);
    return calls;
}

TEST(Anthropic, EachResultOfABatchIsACall) {
    const Exchange exchange = batch_results();
    EXPECT_EQ(exchange.read().status, Status::Success);
    EXPECT_EQ(exchange.read().name, "GET /v1/messages/batches/msgbatch_1/results");
    EXPECT_EQ(exchange.read().response.output.text, R"({"batch_results":4,"failed":2})");
    const std::vector<Call> calls = further_calls(exchange, 100'000);
    ASSERT_EQ(calls.size(), 4u);
    const Call& good = calls[0];
    EXPECT_EQ(good.kind, Kind::Chat);
    EXPECT_EQ(good.status, Status::Success);
    EXPECT_EQ(good.provider.name, "anthropic");
    EXPECT_EQ(good.provider.batch, true);
    EXPECT_EQ(good.model.served, "claude-haiku-4-5");
    EXPECT_EQ(good.response.id, "msg_a");
    EXPECT_EQ(good.response.messages.at(0).parts.at(0).text, "Hello");
    EXPECT_EQ(good.usage.input_tokens, 13);
    EXPECT_EQ(good.usage.output_tokens, 7);
    EXPECT_EQ(good.preview.answer, "Hello");
    EXPECT_EQ(std::get<std::string>(good.labels.attributes.at("batch.id")), "msgbatch_1");
    EXPECT_EQ(std::get<std::string>(good.labels.attributes.at("batch.custom_id")), "a");
    EXPECT_EQ(calls[1].status, Status::Failure);
    EXPECT_EQ(calls[1].error.type, ErrorType::InvalidRequest);
    EXPECT_EQ(calls[1].error.message, "max_tokens: Field required");
    EXPECT_EQ(calls[2].status, Status::Cancelled);
    EXPECT_EQ(calls[3].error.type, ErrorType::Timeout);
    for (const Call& call : calls) {
        EXPECT_EQ(std::ranges::count(calls, call.id, &Call::id), 1);
        EXPECT_FALSE(call.id.is_nil());
    }
    EXPECT_EQ(further_calls(exchange, 1), calls);  // fetched again, cut otherwise: the same calls
}

TEST(Anthropic, TheSameRequestOfAnotherBatchIsAnotherCall) {
    Exchange other = batch_results();
    other.path = "/v1/messages/batches/msgbatch_2/results";
    EXPECT_NE(further_calls(other, 7)[0].id, further_calls(batch_results(), 7)[0].id);
}

TEST(Anthropic, BrokenLinesOfABatchDoNotHideTheOthers) {
    const std::string results = batch_results().response_body;
    for (const std::string& content :
         {"{\"broken\":\n" + results, "\xef\xbb\xbfno JSON\n" + results, "{\"custom_id\":\"x\"}\n" + results,
          results + "\n{\"custom_id\":\"x\""}) {
        Exchange exchange = batch_results();
        exchange.response_body = content;
        EXPECT_EQ(further_calls(exchange, 5), further_calls(batch_results(), 5)) << content;
        const Call fetching = exchange.read();
        EXPECT_EQ(fetching.response.output.text, R"({"batch_results":4,"failed":2,"unreadable":1})");
        EXPECT_EQ(fetching.error.type, ErrorType::MalformedResponse);
        EXPECT_EQ(fetching.error.message, "1 of the lines with the batch's results could not be read");
    }
    Exchange numbered = batch_results();
    numbered.response_body.replace(numbered.response_body.find("\"a\""), 3, "7");
    EXPECT_EQ(std::get<std::string>(further_calls(numbered, 5)[0].labels.attributes.at("batch.custom_id")),
              "7");
}

TEST(Anthropic, ABatchThatBreaksOffGivesWhatCame) {
    Exchange exchange = batch_results();
    exchange.complete = false;
    exchange.response_body.resize(exchange.response_body.size() - 20);
    EXPECT_EQ(further_calls(exchange, 9).size(), 3u);
    EXPECT_EQ(exchange.read().status, Status::Partial);
}

}  // namespace
}  // namespace steno::providers
