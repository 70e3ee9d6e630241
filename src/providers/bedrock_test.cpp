// Amazon Bedrock: its own API, and the bodies of the models that it hosts.

#include "providers/bedrock.hpp"

#include "providers/event_stream_for_test.hpp"
#include "providers/exchange_for_test.hpp"

#include <gtest/gtest.h>

namespace steno::providers {
namespace {

constexpr std::string_view kFraming = "application/vnd.amazon.eventstream";
constexpr std::string_view kClaude = "us.anthropic.claude-haiku-4-5-20251001-v1:0";

Exchange bedrock(std::string_view verb, std::string request, std::string response,
                 std::string_view model = "amazon.nova-lite-v1%3A0") {
    Exchange exchange;
    exchange.upstream = "bedrock";
    exchange.path = "/model/" + std::string(model) + "/" + std::string(verb);
    exchange.request_body = std::move(request);
    exchange.response_body = std::move(response);
    exchange.response_headers = {{"content-type", "application/json"}, {"x-amzn-requestid", "req-1"}};
    return exchange;
}

Exchange streamed(std::string_view verb, std::string request, std::string frames,
                  std::string_view model = "amazon.nova-lite-v1%3A0") {
    Exchange exchange = bedrock(verb, std::move(request), std::move(frames), model);
    exchange.response_headers = {{"content-type", std::string(kFraming)}, {"x-amzn-requestid", "req-1"}};
    return exchange;
}

std::string text_of(const Call& call) {
    std::string text;
    for (const Message& message : call.response.messages) {
        for (const Part& part : message.parts) {
            if (part.type == PartType::Text) text += part.text;
        }
    }
    return text;
}

constexpr std::string_view kHello = R"({"messages":[{"role":"user","content":[{"text":"hi"}]}]})";

std::string converse_stream() {
    return event("messageStart", R"({"role":"assistant","p":"abcd"})") +
           event("contentBlockDelta",
                 R"({"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"Hm."}},"p":"ab"})") +
           event("contentBlockDelta",
                 R"({"contentBlockIndex":0,"delta":{"reasoningContent":{"signature":"xyz"}}})") +
           event("contentBlockStop", R"({"contentBlockIndex":0})") +
           event("contentBlockDelta", R"({"contentBlockIndex":1,"delta":{"text":"Grüße "}})") +
           event("contentBlockDelta", R"({"contentBlockIndex":1,"delta":{"text":"an alle."}})") +
           event("contentBlockStop", R"({"contentBlockIndex":1})") +
           event("contentBlockStart",
                 R"({"contentBlockIndex":2,"start":{"toolUse":{"toolUseId":"t1","name":"weather"}}})") +
           event("contentBlockDelta",
                 R"({"contentBlockIndex":2,"delta":{"toolUse":{"input":"{\"city\":"}}})") +
           event("contentBlockDelta",
                 R"({"contentBlockIndex":2,"delta":{"toolUse":{"input":"\"Bonn\"}"}}})") +
           event("contentBlockStop", R"({"contentBlockIndex":2})") +
           event("contentBlockStart",
                 R"({"contentBlockIndex":3,"start":{"toolUse":{"toolUseId":"t2","name":"now"}}})") +
           event("contentBlockStop", R"({"contentBlockIndex":3})") +
           event("messageStop", R"({"stopReason":"tool_use"})") +
           event(
               "metadata",
               R"({"usage":{"inputTokens":10,"outputTokens":20,"totalTokens":7385,"cacheReadInputTokens":4,)"
               R"("cacheReadInputTokenCount":4,"cacheWriteInputTokens":7351,"cacheDetails":)"
               R"([{"ttl":"1h","inputTokens":7000},{"ttl":"5m","inputTokens":351}]},)"
               R"("metrics":{"latencyMs":321},"serviceTier":{"type":"flex"},)"
               R"("trace":{"guardrail":{"usage":{"inputTokens":999999}}}})");
}

TEST(Bedrock, ConverseStreamIsReadHoweverItIsCut) {
    const Exchange exchange = streamed("converse-stream", std::string(kHello), converse_stream());
    const Call call = exchange.read();
    EXPECT_EQ(exchange.read_byte_by_byte(), call);
    EXPECT_EQ(call.status, Status::Success);
    EXPECT_EQ(call.kind, Kind::Chat);
    EXPECT_EQ(call.provider.name, "aws.bedrock");
    EXPECT_EQ(call.provider.request_id, "req-1");
    EXPECT_EQ(call.provider.service_tier, "flex");
    EXPECT_EQ(call.model.requested, "amazon.nova-lite-v1:0");
    EXPECT_EQ(call.request.stream, true);
    EXPECT_EQ(text_of(call), "Grüße an alle.");
    EXPECT_EQ(call.response.messages.at(0).parts.at(0).type, PartType::Reasoning);
    ASSERT_EQ(call.response.tool_calls.size(), 2u);
    EXPECT_EQ(call.response.tool_calls[0].id, "t1");
    EXPECT_EQ(call.response.tool_calls[0].arguments.text, R"({"city":"Bonn"})");
    EXPECT_EQ(call.response.tool_calls[1].arguments.text, "{}");
    EXPECT_EQ(call.response.finish_reasons, std::vector<std::string>{"tool_use"});
    EXPECT_EQ(call.usage.input_tokens, 7365);
    EXPECT_EQ(call.usage.output_tokens, 20);
    EXPECT_EQ(call.usage.cache_read_tokens, 4);
    EXPECT_EQ(call.usage.cache_write_tokens.hours_1, 7000);
    EXPECT_EQ(call.usage.cache_write_tokens.minutes_5, 351);
    EXPECT_FALSE(call.usage.cache_write_tokens.other);
    EXPECT_EQ(call.time.phases.at("provider_processing").nanos, 321'000'000);
}

TEST(Bedrock, AStreamThatBreaksHasNoUsage) {
    std::string frames = converse_stream();
    for (const std::size_t left_out : {1u, 200u, 900u}) {
        Exchange exchange =
            streamed("converse-stream", std::string(kHello), frames.substr(0, frames.size() - left_out));
        const Call ended = exchange.read();
        EXPECT_EQ(ended.status, Status::Partial) << left_out;
        EXPECT_EQ(ended.error.type, ErrorType::Connection) << left_out;
        EXPECT_FALSE(ended.usage.input_tokens) << left_out;
        EXPECT_EQ(text_of(ended), "Grüße an alle.");
        exchange.complete = false;
        EXPECT_EQ(exchange.read().status, Status::Partial);
    }
}

TEST(Bedrock, AnExceptionInAStreamIsAnErrorOnStatus200) {
    const std::string begun =
        event("messageStart", R"({"role":"assistant"})") +
        event("contentBlockDelta", R"({"contentBlockIndex":0,"delta":{"text":"So far"}})");
    const auto with = [&](std::string last) {
        return streamed("converse-stream", std::string(kHello), begun + last).read();
    };
    const Call throttled = with(exception("throttlingException", R"({"message":"Too many tokens"})"));
    EXPECT_EQ(throttled.status, Status::Failure);
    EXPECT_EQ(throttled.error.provider_type, "throttlingException");
    EXPECT_EQ(throttled.error.message, "Too many tokens");
    EXPECT_EQ(throttled.provider.http_status, 200);
    EXPECT_EQ(text_of(throttled), "So far");
    EXPECT_FALSE(throttled.usage.output_tokens);
    const Call error = with(frame(header(":message-type", "error") + header(":error-code", "InternalError") +
                                      header(":error-message", "An internal server error occurred"),
                                  ""));
    EXPECT_EQ(error.error.provider_type, "InternalError");
    EXPECT_EQ(error.error.message, "An internal server error occurred");
    EXPECT_EQ(error.error.type, ErrorType::Server);
}

TEST(Bedrock, ADamagedMessageIsToldAndTheRestRead) {
    std::string frames = converse_stream();
    const std::size_t at = frames.find("an alle");
    frames[at] = 'A';
    const Call call = streamed("converse-stream", std::string(kHello), frames).read();
    EXPECT_EQ(call.error.type, ErrorType::MalformedResponse);
    EXPECT_EQ(text_of(call), "Grüße ");
    EXPECT_EQ(call.usage.output_tokens, 20);
}

TEST(Bedrock, ReadsAConverseRequest) {
    const Call call =
        bedrock(
            "converse",
            R"({"messages":[{"role":"user","content":[{"text":"look"},{"image":{"format":"png","source":{"bytes":"AAAA"}}},)"
            R"({"document":{"format":"pdf","name":"bill","source":{"s3Location":{"uri":"s3://b/k"}}}},{"cachePoint":{"type":"default","ttl":"1h"}}]},)"
            R"({"role":"assistant","content":[{"toolUse":{"toolUseId":"t","name":"f","input":{"a":1}}}]},)"
            R"({"role":"user","content":[{"toolResult":{"toolUseId":"t","content":[{"text":"42"}]}},)"
            R"({"toolResult":{"toolUseId":"u","content":[{"json":{"x":1}}],"status":"error"}}]}],)"
            R"("system":[{"text":"Be brief."},{"cachePoint":{"type":"default"}},{"text":"Be kind."}],)"
            R"("inferenceConfig":{"maxTokens":9},"toolConfig":{"tools":[{"toolSpec":{"name":"f"}}],"toolChoice":{"any":{}}}})",
            R"({"output":{"message":{"role":"assistant","content":[{"text":"ok"}]}},"stopReason":"end_turn",)"
            R"("usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3},"metrics":{"latencyMs":5}})")
            .read();
    EXPECT_EQ(call.kind, Kind::Vision);
    EXPECT_EQ(call.request.stream, false);
    ASSERT_EQ(call.request.messages.size(), 3u);
    const auto& parts = call.request.messages[0].parts;
    ASSERT_EQ(parts.size(), 4u);
    EXPECT_EQ(parts[1].url, "data:image/png;base64,AAAA");
    EXPECT_EQ(parts[2].mime, "application/pdf");
    EXPECT_EQ(parts[2].url, "s3://b/k");
    EXPECT_EQ(parts[3].type, PartType::Other);
    EXPECT_EQ(call.request.messages[1].parts[0].value.text, R"({"a":1})");
    EXPECT_EQ(call.request.messages[2].parts[0].text, "42");
    EXPECT_EQ(call.request.messages[2].parts[1].value.text, R"([{"json":{"x":1}}])");
    EXPECT_EQ(call.request.system, "Be brief.\nBe kind.");
    EXPECT_EQ(call.request.tools.text, R"([{"toolSpec":{"name":"f"}}])");
    EXPECT_EQ(call.request.parameters.text,
              R"({"inferenceConfig":{"maxTokens":9},"toolConfig":{"toolChoice":{"any":{}}}})");
    EXPECT_EQ(call.usage.input_tokens, 1);
    EXPECT_FALSE(call.usage.cache_read_tokens);
}

std::string claude_stream(std::string_view metrics) {
    return chunk(
               R"({"type":"message_start","message":{"id":"msg_1","role":"assistant","model":"claude-haiku-4-5",)"
               R"("usage":{"input_tokens":5,"cache_read_input_tokens":3,"cache_creation_input_tokens":0,"output_tokens":1}}})") +
           chunk(R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})") +
           chunk(R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hallo"}})") +
           chunk(R"({"type":"content_block_stop","index":0})") +
           chunk(
               R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":7}})") +
           chunk(R"({"type":"message_stop","amazon-bedrock-invocationMetrics":)" + std::string(metrics) +
                 "}");
}

TEST(Bedrock, ClaudeByInvokeModelIsReadByAnthropicsReader) {
    const std::string request =
        R"({"anthropic_version":"bedrock-2023-05-31","max_tokens":9,"messages":[{"role":"user","content":"hi"}]})";
    const Exchange exchange = streamed(
        "invoke-with-response-stream", request,
        claude_stream(
            R"({"inputTokenCount":5,"outputTokenCount":6,"invocationLatency":250,"cacheReadInputTokenCount":3})"),
        "us.anthropic.claude-haiku-4-5-20251001-v1%3A0");
    const Call call = exchange.read();
    EXPECT_EQ(exchange.read_byte_by_byte(), call);
    EXPECT_EQ(call.status, Status::Success);
    EXPECT_EQ(call.provider.name, "aws.bedrock");
    EXPECT_EQ(call.provider.api_version, "bedrock-2023-05-31");
    EXPECT_EQ(call.model.requested, kClaude);
    EXPECT_EQ(call.model.served, "claude-haiku-4-5");
    EXPECT_EQ(call.name, kClaude);
    EXPECT_EQ(call.request.stream, true);
    EXPECT_EQ(text_of(call), "Hallo");
    EXPECT_EQ(call.usage.input_tokens, 8);
    EXPECT_EQ(call.usage.output_tokens, 7) << "the model's own word goes before its host's";
    EXPECT_EQ(call.time.phases.at("provider_processing").nanos, 250'000'000);
}

TEST(Bedrock, CountsOfTheHeadStandInForWhatABodyLacks) {
    Exchange exchange = bedrock("invoke", R"({"prompt":"[INST] hi [/INST]","max_tokens":5})",
                                R"({"outputs":[{"text":" hello","stop_reason":"length"}]})",
                                "mistral.mistral-7b-instruct-v0%3A2");
    exchange.response_headers = {{"content-type", "application/json"},
                                 {"X-Amzn-Bedrock-Input-Token-Count", "6"},
                                 {"X-Amzn-Bedrock-Output-Token-Count", "5"},
                                 {"X-Amzn-Bedrock-Cache-Read-Input-Token-Count", "100"},
                                 {"X-Amzn-Bedrock-Invocation-Latency", "219"}};
    const Call call = exchange.read();
    EXPECT_EQ(call.kind, Kind::Completion);
    EXPECT_EQ(call.usage.input_tokens, 106);
    EXPECT_EQ(call.usage.cache_read_tokens, 100);
    EXPECT_EQ(call.usage.output_tokens, 5);
    EXPECT_EQ(call.status, Status::Partial);
    EXPECT_EQ(call.time.phases.at("provider_processing").nanos, 219'000'000);
    exchange.response_headers = {{"X-Amzn-Bedrock-Input-Token-Count", "-6"},
                                 {"X-Amzn-Bedrock-Output-Token-Count", "99999999999999999999"}};
    EXPECT_FALSE(exchange.read().usage.input_tokens);
    EXPECT_FALSE(exchange.read().usage.output_tokens);
}

TEST(Bedrock, ReadsTheBodiesOfTheModels) {
    struct Case {
        std::string_view model;
        std::string_view request;
        std::string_view response;
        Kind kind;
        std::string_view text;
        std::string_view finish;
        std::optional<std::int64_t> input;
        std::optional<std::int64_t> output;
    };
    const Case cases[] = {
        {"meta.llama3-8b-instruct-v1:0", R"({"prompt":"hi","max_gen_len":5})",
         R"({"generation":" yes","prompt_token_count":2,"generation_token_count":3,"stop_reason":"stop"})",
         Kind::Completion, " yes", "stop", 2, 3},
        {"amazon.titan-text-lite-v1", R"({"inputText":"hi"})",
         R"({"inputTextTokenCount":2,"results":[{"tokenCount":3,"outputText":"yes","completionReason":"FINISH"}]})",
         Kind::Completion, "yes", "FINISH", 2, 3},
        {"amazon.titan-embed-text-v2:0",
         R"({"inputText":"hi"})",
         R"({"embedding":[0.1,0.2,0.3],"inputTextTokenCount":2})",
         Kind::Embedding,
         "",
         "",
         2,
         {}},
        {"cohere.embed-english-v3",
         R"({"texts":["a","b"],"input_type":"search_query"})",
         R"({"embeddings":[[1,2],[3,4]],"id":"e1","response_type":"embeddings_floats","texts":["a","b"]})",
         Kind::Embedding,
         "",
         "",
         {},
         {}},
        {"cohere.command-r-v1:0",
         R"({"message":"hi","chat_history":[{"role":"USER","message":"a"}]})",
         R"({"response_id":"r","text":"yes","generation_id":"g","finish_reason":"COMPLETE"})",
         Kind::Chat,
         "yes",
         "COMPLETE",
         {},
         {}},
        {"cohere.command-text-v14",
         R"({"prompt":"hi"})",
         R"({"id":"r","generations":[{"id":"g","text":"yes","finish_reason":"COMPLETE"}],"prompt":"hi"})",
         Kind::Completion,
         "yes",
         "COMPLETE",
         {},
         {}},
        {"ai21.j2-mid-v1",
         R"({"prompt":"hi","maxTokens":2})",
         R"({"id":12,"completions":[{"data":{"text":"yes"},"finishReason":{"reason":"endoftext"}}]})",
         Kind::Completion,
         "yes",
         "endoftext",
         {},
         {}},
        {"deepseek.r1-v1:0",
         R"({"prompt":"hi","max_tokens":2})",
         R"({"choices":[{"text":"yes","stop_reason":"stop"}]})",
         Kind::Completion,
         "yes",
         "stop",
         {},
         {}},
        {"openai.gpt-oss-120b-1:0", R"({"messages":[{"role":"user","content":"hi"}]})",
         R"({"id":"c","model":"gpt-oss","choices":[{"index":0,"message":{"role":"assistant","content":"yes"},"finish_reason":"stop"}],"usage":{"prompt_tokens":4,"completion_tokens":5}})",
         Kind::Chat, "yes", "stop", 4, 5},
        {"amazon.nova-micro-v1:0", R"({"messages":[{"role":"user","content":[{"text":"hi"}]}]})",
         R"({"output":{"message":{"role":"assistant","content":[{"text":"yes"}]}},"stopReason":"end_turn","usage":{"inputTokens":4,"outputTokens":5,"cacheReadInputTokenCount":0}})",
         Kind::Chat, "yes", "end_turn", 4, 5},
        {"amazon.nova-canvas-v1:0",
         R"({"taskType":"TEXT_IMAGE","textToImageParams":{"text":"a cat"}})",
         R"({"images":["iVBORw0KGgo=","iVBORw0KGgo="],"error":null})",
         Kind::Image,
         "",
         "",
         {},
         {}},
        {"stability.sd3-5-large-v1:0",
         R"({"prompt":"a cat","mode":"text-to-image"})",
         R"({"seeds":[1],"finish_reasons":[null],"images":["/9j/4AAQ"]})",
         Kind::Image,
         "",
         "",
         {},
         {}},
    };
    for (const Case& one : cases) {
        const Call call =
            bedrock("invoke", std::string(one.request), std::string(one.response), one.model).read();
        EXPECT_EQ(call.status, Status::Success) << one.model;
        EXPECT_EQ(call.kind, one.kind) << one.model;
        EXPECT_EQ(call.model.requested, one.model);
        EXPECT_EQ(call.name, one.model);
        EXPECT_EQ(text_of(call), one.text) << one.model;
        const auto& reasons = call.response.finish_reasons;
        EXPECT_EQ(reasons.empty() ? "" : reasons[0], one.finish) << one.model;
        EXPECT_EQ(call.usage.input_tokens, one.input) << one.model;
        EXPECT_EQ(call.usage.output_tokens, one.output) << one.model;
        EXPECT_EQ(call.usage.images.has_value(), one.kind == Kind::Image) << one.model;
        EXPECT_EQ(!call.response.output.text.empty(), one.kind == Kind::Embedding) << one.model;
    }
}

TEST(Bedrock, LlamasRunningTotalIsNoUsage) {
    const std::string_view request = R"({"prompt":"hi"})";
    const std::string begun =
        chunk(R"({"generation":"a","prompt_token_count":2,"generation_token_count":1,"stop_reason":null})") +
        chunk(
            R"({"generation":"b","prompt_token_count":null,"generation_token_count":2,"stop_reason":null})");
    const std::string last =
        chunk(R"({"generation":"","prompt_token_count":null,"generation_token_count":3,"stop_reason":"stop",)"
              R"("amazon-bedrock-invocationMetrics":{"inputTokenCount":2,"outputTokenCount":3}})");
    const auto read = [&](std::string frames) {
        return streamed("invoke-with-response-stream", std::string(request), std::move(frames),
                        "meta.llama3-8b-instruct-v1%3A0")
            .read();
    };
    EXPECT_EQ(read(begun + last).usage.output_tokens, 3);
    EXPECT_EQ(read(begun + last).status, Status::Success);
    EXPECT_EQ(text_of(read(begun + last)), "ab");
    EXPECT_FALSE(read(begun).usage.output_tokens);
    EXPECT_EQ(read(begun).status, Status::Partial);
}

TEST(Bedrock, AnErrorsTypeIsInTheHead) {
    Exchange exchange = bedrock("converse", std::string(kHello),
                                R"({"message":"The provided model identifier is invalid."})");
    exchange.status = 400;
    exchange.response_headers = {
        {"x-amzn-errortype", "ValidationException:http://internal.amazon.com/coral/com.amazon.bedrock/"}};
    const Call call = exchange.read();
    EXPECT_EQ(call.error.provider_type, "ValidationException");
    EXPECT_EQ(call.error.message, "The provided model identifier is invalid.");
    exchange.status = 429;
    exchange.response_headers = {{"x-amzn-errortype", "ThrottlingException"}};
    EXPECT_EQ(exchange.read().error.type, ErrorType::RateLimit);
    EXPECT_EQ(exchange.read().error.retryable, true);
}

TEST(Bedrock, TheModelIsThePathsWhateverItIs) {
    const auto model_of = [&](std::string_view path) {
        Exchange exchange = bedrock("converse", std::string(kHello), "{}");
        exchange.path = path;
        return exchange.read().model.requested;
    };
    constexpr std::string_view kArn =
        "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-sonnet-4-6";
    EXPECT_EQ(model_of("/model/"
                       "arn%3Aaws%3Abedrock%3Aeu-west-1%3A123456789012%3Ainference-profile%2Feu.anthropic."
                       "claude-sonnet-4-6/converse"),
              kArn);
    EXPECT_EQ(model_of("/model/arn:aws:bedrock:eu-west-1:123456789012:inference-profile/"
                       "eu.anthropic.claude-sonnet-4-6/converse"),
              kArn);
    Exchange exchange = bedrock("invoke", "", "{}", "unreadable");
    EXPECT_EQ(exchange.read().model.requested, "unreadable");
    EXPECT_EQ(exchange.read().kind, Kind::Span);
    exchange = bedrock("count-tokens", R"({"input":{}})", R"({"inputTokens":15})", kClaude);
    EXPECT_EQ(exchange.read().kind, Kind::Span);
    EXPECT_EQ(exchange.read().model.requested, kClaude);
    EXPECT_FALSE(exchange.read().usage.input_tokens) << "counting is no use";
    exchange.path = "/guardrail/g/version/1/apply";
    EXPECT_EQ(exchange.read().kind, Kind::Span);
    EXPECT_EQ(exchange.read().name, "POST /guardrail/g/version/1/apply");
}

TEST(Bedrock, MantleSpeaksTheLanguagesOfOthers) {
    Exchange exchange = bedrock(
        "", R"({"model":"openai.gpt-oss-120b","messages":[{"role":"user","content":"hi"}]})",
        R"({"id":"c","model":"openai.gpt-oss-120b","choices":[{"index":0,"message":{"role":"assistant","content":"yes"},"finish_reason":"stop"}]})");
    for (const std::string_view path : {"/openai/v1/chat/completions", "/v1/chat/completions"}) {
        exchange.path = path;
        const Call call = exchange.read();
        EXPECT_EQ(call.provider.name, "aws.bedrock");
        EXPECT_EQ(call.model.requested, "openai.gpt-oss-120b");
        EXPECT_EQ(text_of(call), "yes");
    }
    exchange.path = "/anthropic/v1/messages";
    exchange.response_body =
        R"({"id":"m","type":"message","model":"claude","content":[{"type":"text","text":"yes"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":2}})";
    const Call call = exchange.read();
    EXPECT_EQ(call.provider.name, "aws.bedrock");
    EXPECT_EQ(text_of(call), "yes");
    EXPECT_EQ(call.usage.output_tokens, 2);
}

TEST(Bedrock, TheRegionIsInTheHostsName) {
    EXPECT_EQ(bedrock_region_of_host("bedrock-runtime.eu-central-1.amazonaws.com"), "eu-central-1");
    EXPECT_EQ(bedrock_region_of_host("bedrock-runtime-fips.us-gov-west-1.amazonaws.com:443"),
              "us-gov-west-1");
    EXPECT_EQ(bedrock_region_of_host("bedrock-runtime.cn-north-1.amazonaws.com.cn"), "cn-north-1");
    EXPECT_EQ(bedrock_region_of_host("bedrock-mantle.us-east-2.api.aws"), "us-east-2");
    EXPECT_EQ(bedrock_region_of_host("vpce-0abc-xyz.bedrock-runtime.us-west-2.vpce.amazonaws.com"),
              "us-west-2");
    EXPECT_EQ(bedrock_region_of_host("127.0.0.1:9000"), "");
    EXPECT_EQ(bedrock_region_of_host("bedrock-runtime.example.com"), "");
    EXPECT_EQ(bedrock_region_of_host(""), "");
    const Call call = bedrock("converse", std::string(kHello), "{}",
                              "arn%3Aaws%3Abedrock%3Aap-south-1%3A1%3Aprovisioned-model%2Fx")
                          .read();
    EXPECT_EQ(call.provider.region, "ap-south-1");
}

}  // namespace
}  // namespace steno::providers
