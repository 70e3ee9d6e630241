#include "record/json.hpp"

#include "record/json_reader.hpp"
#include "record/testing/arbitrary_call.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <simdjson.h>

#include <algorithm>

namespace steno {
namespace {

constexpr std::string_view kChat =
    R"({"id":"3f0c6c1e-6a55-4b0e-9a53-0d2f6c1f4d11","kind":"chat","name":"gpt-4o-mini","source":"gateway","status":"success",
 "started_at":"2026-11-20T10:00:00.123456789+01:00","ended_at":"2026-11-20T10:00:01.023456789+01:00","project":"shop","environment":"prod",
 "time":{"duration_ms":900.0,"time_to_first_token_ms":210.4},
 "trace":{"session_id":"s-1","request_id":"r-1","parent_id":"9e107d9d-3721-4f5c-8c3e-2f1f5e6a7b80","sequence":2,"agent":"calendar"},
 "who":{"user_id":"u-7"},
 "provider":{"name":"openai","endpoint":{"method":"POST","host":"api.openai.com","path":"/v1/chat/completions"},"http_status":200,"request_id":"req_1"},
 "model":{"requested":"gpt-4o-mini","served":"gpt-4o-mini-2024-07-18"},
 "request":{"stream":true,"parameters":{"temperature":0.2,"max_tokens":200},
  "messages":[{"role":"system","parts":[{"type":"text","text":"Be brief."}]},{"role":"user","parts":[{"type":"text","text":"When is the meeting?"}]}]},
 "response":{"id":"chatcmpl-1","finish_reasons":["stop"],"chunks":12,"output_chars":14,"messages":[{"role":"assistant","parts":[{"type":"text","text":"At ten o'clock"}]}]},
 "modality":{"input":["text"],"output":["text"]},
 "usage":{"input_tokens":31,"output_tokens":6,"cache_read_tokens":0},
 "cost":{"input":"0.000004650000","output":"0.000003600000","total":"0.000008250000","currency":"USD","price_id":"openai/gpt-4o-mini@2024-07-18","source":"catalogue"},
 "prompt":{"type":"answer_question"},"labels":{"tags":["demo"],"attributes":{"tone":"friendly"}}})";

constexpr std::string_view kFunction =
    R"({"id":"5b0f2c62-93a4-4a5e-8a0a-7d3b0f1b2c3d","kind":"function","name":"taskOperations","source":"cpp","status":"failure","time":{"duration_ms":12.1},
 "trace":{"request_id":"r-1","parent_id":"3f0c6c1e-6a55-4b0e-9a53-0d2f6c1f4d11","sequence":3,"agent":"database","function":"taskOperations","operation":"create"},
 "request":{"input":{"title":"Buy milk"}},"error":{"type":"timeout","message":"no answer in 10 s","retryable":true}})";

constexpr std::string_view kInterrupted =
    R"({"id":"0b8f7a56-1d2c-4e3f-9a4b-5c6d7e8f9a0b","kind":"chat","name":"claude-sonnet-4-5","source":"gateway","status":"interrupted","started_at":"2026-11-20T10:00:00Z",
 "provider":{"name":"anthropic"},"model":{"requested":"claude-sonnet-4-5"},"request":{"messages":[]}})";

std::string refusal(std::string_view text) {
    const auto read = call_from_json(text);
    if (read) return "(accepted)";
    EXPECT_EQ(read.error().code, Code::InvalidArgument);
    return read.error().message;
}

TEST(Json, ReadsAndWritesAChat) {
    const auto call = call_from_json(kChat);
    ASSERT_TRUE(call) << call.error().message;
    EXPECT_EQ(call->id.to_string(), "3f0c6c1e-6a55-4b0e-9a53-0d2f6c1f4d11");
    EXPECT_EQ(call->kind, Kind::Chat);
    EXPECT_EQ(call->status, Status::Success);
    EXPECT_EQ(call->started_at->offset_minutes, 60);
    EXPECT_EQ(call->time.duration->nanos, 900'000'000);
    EXPECT_EQ(call->time.time_to_first_token->nanos, 210'400'000);
    EXPECT_EQ(call->usage.cache_read_tokens, 0);
    EXPECT_FALSE(call->usage.reasoning_tokens);
    EXPECT_EQ(call->cost.total->to_string(), "0.000008250000");
    EXPECT_EQ(call->request.parameters.text, R"({"temperature":0.2,"max_tokens":200})");
    ASSERT_EQ(call->request.messages.size(), 2U);
    EXPECT_EQ(call->request.messages[1].parts[0].text, "When is the meeting?");
    EXPECT_EQ(call->labels.attributes.at("tone"), AttributeValue("friendly"));
    const std::string written = to_json(*call);
    EXPECT_NE(written.find(R"("time":{"duration_ms":900,"time_to_first_token_ms":210.4})"),
              std::string::npos);
    EXPECT_NE(written.find(R"("cost":{"input":"0.000004650000")"), std::string::npos);
    EXPECT_NE(written.find(R"("started_at":"2026-11-20T10:00:00.123456789+01:00")"), std::string::npos);
    EXPECT_EQ(*call_from_json(written), *call);
}

TEST(Json, ReadsAndWritesAFunction) {
    const auto call = call_from_json(kFunction);
    ASSERT_TRUE(call) << call.error().message;
    EXPECT_EQ(call->kind, Kind::Function);
    EXPECT_EQ(call->source, Source::Cpp);
    EXPECT_EQ(call->error.type, ErrorType::Timeout);
    EXPECT_EQ(call->error.retryable, true);
    EXPECT_EQ(call->request.input.text, R"({"title":"Buy milk"})");
    EXPECT_EQ(
        to_json(*call),
        R"({"id":"5b0f2c62-93a4-4a5e-8a0a-7d3b0f1b2c3d","kind":"function","name":"taskOperations","source":"cpp",)"
        R"("status":"failure","time":{"duration_ms":12.1},"trace":{"request_id":"r-1",)"
        R"("parent_id":"3f0c6c1e-6a55-4b0e-9a53-0d2f6c1f4d11","sequence":3,"agent":"database",)"
        R"("function":"taskOperations","operation":"create"},"request":{"input":{"title":"Buy milk"}},)"
        R"("error":{"type":"timeout","message":"no answer in 10 s","retryable":true}})");
}

TEST(Json, ReadsAndWritesAnInterruptedCall) {
    const auto call = call_from_json(kInterrupted);
    ASSERT_TRUE(call) << call.error().message;
    EXPECT_EQ(call->status, Status::Interrupted);
    EXPECT_FALSE(call->ended_at);
    EXPECT_EQ(to_json(*call),
              R"({"id":"0b8f7a56-1d2c-4e3f-9a4b-5c6d7e8f9a0b","kind":"chat","name":"claude-sonnet-4-5",)"
              R"("source":"gateway","status":"interrupted","started_at":"2026-11-20T10:00:00.000000000Z",)"
              R"("provider":{"name":"anthropic"},"model":{"requested":"claude-sonnet-4-5"}})");
}

RC_GTEST_PROP(Json, EveryCallSurvives, ()) {
    const Call call = testing::arbitrary_call(
        {*rc::gen::arbitrary<std::uint64_t>(), *rc::gen::inRange(0, 101) / 100.0, false});
    const std::string text = to_json(call, {.preview = true});
    const auto back = call_from_json(text);
    RC_ASSERT(back.has_value());
    RC_ASSERT(*back == call);
    RC_ASSERT(to_json(*back, {.preview = true}) == text);
    RC_ASSERT(text.find('\n') == std::string::npos);
}

RC_GTEST_PROP(Json, AnyBytesMakeValidJson, ()) {
    const Call call = testing::arbitrary_call(
        {*rc::gen::arbitrary<std::uint64_t>(), *rc::gen::inRange(0, 101) / 100.0, true});
    const auto back = call_from_json(to_json(call));
    RC_ASSERT(back.has_value());
    RC_ASSERT(back->raw == call.raw);
}

RC_GTEST_PROP(Json, FeedbackAndScoresSurvive, ()) {
    testing::CallMaker maker({*rc::gen::arbitrary<std::uint64_t>(), 0.7, false});
    Feedback feedback;
    maker.fill(feedback);
    std::string text;
    append_json(text, feedback);
    RC_ASSERT(*feedback_from_json(text) == feedback);
    Score score;
    maker.fill(score);
    text.clear();
    append_json(text, score);
    text.insert(1, text == "{}" ? R"("name":"quality")" : R"("name":"quality",)");
    const auto named = score_from_json(text);
    RC_ASSERT(named.has_value());
    RC_ASSERT(named->first == "quality");
    RC_ASSERT(named->second == score);
}

TEST(Json, AScoreNeedsAName) {
    EXPECT_EQ(score_from_json(R"({"value":3})").error().message, "name: a score needs a name");
    EXPECT_EQ(score_from_json(R"({"name":3})").error().message, "name: expected a string, got a number");
}

TEST(Json, ErrorsNameThePath) {
    EXPECT_EQ(refusal(R"({"usage":{"input_tokens":"31"}})"),
              "usage.input_tokens: expected an integer, got a string");
    EXPECT_EQ(refusal(R"({"usage":{"input_tokens":3.5}})"),
              "usage.input_tokens: expected an integer, got a number with a fraction or exponent");
    EXPECT_EQ(refusal(R"({"usage":{"input_tokens":9223372036854775808}})"),
              "usage.input_tokens: the integer is out of range");
    EXPECT_EQ(refusal(R"({"request":{"messages":[{},{"parts":[{"text":1}]}]}})"),
              "request.messages[1].parts[0].text: expected a string, got a number");
    EXPECT_EQ(refusal(R"({"cost":{"total":"1e-13"}})"),
              "cost.total: expected a decimal of at most twelve places, such as \"0.00000465\"");
    EXPECT_EQ(refusal(R"({"source":"fax"})"),
              "source: expected one of gateway, run, cpp, python, otlp, import");
    EXPECT_EQ(refusal(R"({"id":"7"})"), "id: expected a UUID");
    EXPECT_EQ(refusal(R"({"labels":{"attributes":{"a":[]}}})"),
              "labels.attributes.a: expected a string, number or boolean, got an array");
    EXPECT_EQ(refusal(R"({"raw":{"request":{"base64":"?"}}})"),
              "raw.request.base64: expected base64 with padding (RFC 4648)");
    EXPECT_EQ(refusal("[]"), "expected an object, got an array");
    EXPECT_EQ(refusal(""), "not valid JSON: the text ends too early at byte 0");
    EXPECT_EQ(refusal("{} x"), "not valid JSON: more after the end of the value at byte 3");
    EXPECT_EQ(refusal(R"({"usage":{"input_tokens":01}})"),
              "usage.input_tokens: not valid JSON: malformed number at byte 27");
    EXPECT_EQ(refusal("{\"a\":\"\xff\"}"), "not valid JSON: not UTF-8 at byte 0");
}

TEST(Json, LenientAboutUnknownKeysAndNull) {
    const auto call =
        call_from_json(R"({"new":{"x":[1]},"name":null,"usage":{"new":1,"pages":null},"attempts":null})");
    ASSERT_TRUE(call) << call.error().message;
    EXPECT_EQ(*call, Call{});
}

TEST(Json, DeepNestingIsRefused) {
    const auto nested = [](int depth) {
        return R"({"labels":{"metadata":)" + std::string(depth, '[') + std::string(depth, ']') + "}}";
    };
    EXPECT_TRUE(call_from_json(nested(500)));
    EXPECT_NE(refusal(nested(600)).find("nested too deeply"), std::string::npos);
    EXPECT_NE(refusal(nested(1'000'000)).find("nested too deeply"), std::string::npos);
}

TEST(Json, MembersThatAreJsonStayAsTheyCame) {
    const auto call = call_from_json(
        R"({"labels":{"metadata":{ "big" : 123456789012345678901234567890, "exact":[ 0.10, 1e400 ], "s":"\ud83d\ude00 " }}})");
    ASSERT_TRUE(call);
    EXPECT_EQ(call->labels.metadata.text,
              R"({"big":123456789012345678901234567890,"exact":[0.10,1e400],"s":"\ud83d\ude00 "})");
    Call pretty;
    pretty.usage.billed.text = "{\r\n  \"total\": 3\n}";
    EXPECT_NE(to_json(pretty).find(R"("billed":{  "total": 3})"), std::string::npos);
}

TEST(Json, EscapesAreUndone) {
    const auto call =
        call_from_json(R"({"name":"\"\\\/\b\f\n\r\t\u00e9\u4e2d\ud83d\ude00\ud83d\u0041\udc00"})");
    ASSERT_TRUE(call);
    EXPECT_EQ(call->name, "\"\\/\b\f\n\r\té中😀\uFFFDA\uFFFD");
}

TEST(Json, DurationsAreExact) {
    const auto as_ms = [](std::int64_t nanos) {
        Call call;
        call.time.duration = Duration{nanos};
        const std::string text = to_json(call);
        EXPECT_EQ(call_from_json(text)->time.duration->nanos, nanos);
        const std::size_t at = text.find("_ms\":") + 5;
        return text.substr(at, text.size() - at - 2);
    };
    EXPECT_EQ(as_ms(900'000'000), "900");
    EXPECT_EQ(as_ms(210'400'000), "210.4");
    EXPECT_EQ(as_ms(123'456), "0.123456");
    EXPECT_EQ(as_ms(-1), "-0.000001");
    EXPECT_EQ(as_ms(0), "0");
    EXPECT_EQ(as_ms(INT64_MAX), "9223372036854.775807");
    EXPECT_EQ(as_ms(INT64_MIN), "-9223372036854.775808");
    EXPECT_EQ(call_from_json(R"({"time":{"duration_ms":210.39999999999998}})")->time.duration->nanos,
              210'400'000);
    EXPECT_EQ(call_from_json(R"({"time":{"duration_ms":1.5e3}})")->time.duration->nanos, 1'500'000'000);
    EXPECT_EQ(refusal(R"({"time":{"duration_ms":1e300}})"),
              "time.duration_ms: the number of milliseconds is out of range");
}

TEST(Json, RawBytesAreTextOrBase64) {
    Call call;
    call.raw.request = "{\"é\"}";
    call.raw.response = std::string("\x1f\x8b\x00\xff", 4);
    const std::string text = to_json(call);
    EXPECT_NE(text.find(R"("raw":{"request":"{\"é\"}","response":{"base64":"H4sA/w=="}})"), std::string::npos)
        << text;
    EXPECT_EQ(call_from_json(text)->raw, call.raw);
}

TEST(Json, OnlyWhatWasAskedFor) {
    const Call call = *call_from_json(kChat);
    const auto only = [&](std::vector<std::string> paths, bool payload = true) {
        const std::string text = to_json(call, {.only = paths, .payload = payload});
        EXPECT_TRUE(text.starts_with(R"({"id":"3f0c6c1e-6a55-4b0e-9a53-0d2f6c1f4d11")")) << text;
        return text.substr(44);
    };
    EXPECT_EQ(
        only({"usage.input_tokens", "model"}),
        R"(,"model":{"requested":"gpt-4o-mini","served":"gpt-4o-mini-2024-07-18"},"usage":{"input_tokens":31}})");
    EXPECT_EQ(only({"usage.none", "nothing"}), "}");
    EXPECT_EQ(only({"labels.attributes.tone"}), R"(,"labels":{"attributes":{"tone":"friendly"}}})");
    EXPECT_EQ(only({"labels.attributes.other"}), "}");
    EXPECT_EQ(only({"response"}, false),
              R"(,"response":{"id":"chatcmpl-1","finish_reasons":["stop"],"chunks":12,"output_chars":14}})");
    EXPECT_EQ(only({"request.parameters"}, false), "}");
}

TEST(Json, PreviewIsForLists) {
    Call call;
    call.preview.prompt = "When";
    EXPECT_EQ(to_json(call).find("preview"), std::string::npos);
    EXPECT_NE(to_json(call, {.payload = false, .preview = true}).find(R"("preview":{"prompt":"When"})"),
              std::string::npos);
    const std::vector<std::string> asked{"preview"};
    EXPECT_NE(to_json(call, {.only = asked}).find(R"("preview":{"prompt":"When"})"), std::string::npos);
}

/// Our reader and an independent one agree on what is JSON.
RC_GTEST_PROP(JsonReader, AgreesWithAnotherParser, ()) {
    static constexpr std::string_view kTokens[] = {
        "{",    "}", "[",  "]",  ",",    ":",  "\"a\"",  "\"\\u00e9\\n\"", "\"\\x\"",
        "1",    "-", "0",  "01", ".5",   "1.", "1.5e-3", "true",           "fals",
        "null", " ", "\n", "\"", "\x01", "é",  "\xff"};
    std::string text;
    // Half of them begin as valid JSON that is then damaged: token soup alone is almost never valid.
    if (*rc::gen::arbitrary<bool>()) {
        text = to_json(testing::arbitrary_call({*rc::gen::arbitrary<std::uint64_t>(), 0.05, false}));
        std::size_t digits = 0;
        for (std::size_t i = 0, run = 0; i < text.size(); ++i) {
            run = text[i] >= '0' && text[i] <= '9' ? run + 1 : 0;
            digits = std::max(digits, run);
        }
        if (digits > 18 || text.contains("1e400")) return;  // beyond what the other one reads
    }
    for (int i = *rc::gen::inRange(0, 6); i > 0; --i) {
        text.insert(*rc::gen::inRange<std::size_t>(0, text.size() + 1),
                    kTokens[*rc::gen::inRange<std::size_t>(0, std::size(kTokens))]);
    }
    simdjson::dom::parser parser;
    const bool theirs = parser.parse(simdjson::padded_string(text)).error() == simdjson::SUCCESS;
    JsonReader reader(text);
    std::string raw;
    const bool ours = reader.raw(raw) && reader.at_end();
    RC_ASSERT(ours == theirs);
    if (!ours) return;
    JsonReader again(raw);
    std::string same;
    RC_ASSERT(again.raw(same));
    RC_ASSERT(same == raw);
}

}  // namespace
}  // namespace steno
