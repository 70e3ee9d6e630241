// What one call costs in its two forms: a chat with a prompt of 1.5 KB, as the gateway records it.
#include "record/binary.hpp"
#include "record/field_table.hpp"
#include "record/json.hpp"

#include <benchmark/benchmark.h>

namespace steno {
namespace {

Call typical_call() {
    std::string prompt;
    while (prompt.size() < 1500) prompt += "When is the meeting about the new calendar? ";
    std::string text =
        R"({"id":"3f0c6c1e-6a55-4b0e-9a53-0d2f6c1f4d11","kind":"chat","name":"gpt-4o-mini","source":"gateway",
        "status":"success","started_at":"2026-11-20T10:00:00.123456789+01:00",
        "ended_at":"2026-11-20T10:00:01.023456789+01:00","project":"shop","environment":"prod",
        "time":{"duration_ms":900.0,"time_to_first_token_ms":210.4},
        "trace":{"session_id":"s-1","request_id":"r-1","sequence":2,"agent":"calendar"},"who":{"user_id":"u-7"},
        "provider":{"name":"openai","endpoint":{"method":"POST","host":"api.openai.com","path":"/v1/chat/completions"},
        "http_status":200,"request_id":"req_1","rate_limit":{"requests":{"limit":5000,"remaining":4999}}},
        "model":{"requested":"gpt-4o-mini","served":"gpt-4o-mini-2024-07-18"},
        "request":{"stream":true,"parameters":{"temperature":0.2,"max_tokens":200},"messages":[
        {"role":"system","parts":[{"type":"text","text":"Be brief."}]},
        {"role":"user","parts":[{"type":"text","text":")" +
        prompt + R"("}]}]},
        "response":{"id":"chatcmpl-1","finish_reasons":["stop"],"chunks":12,"output_chars":14,
        "messages":[{"role":"assistant","parts":[{"type":"text","text":"At ten o'clock"}]}]},
        "modality":{"input":["text"],"output":["text"]},
        "usage":{"input_tokens":31,"output_tokens":6,"cache_read_tokens":0},
        "cost":{"input":"0.000004650000","output":"0.000003600000","total":"0.000008250000","currency":"USD",
        "price_id":"openai/gpt-4o-mini@2024-07-18","source":"catalogue"},
        "prompt":{"type":"answer_question"},"labels":{"tags":["demo"],"attributes":{"tone":"friendly"}},
        "preview":{"prompt":"When is the meeting?","answer":"At ten o'clock"}})";
    return *call_from_json(text);
}

void encode_all_parts(benchmark::State& state) {
    const Call call = typical_call();
    std::size_t bytes = 0;
    for (auto _ : state) {
        bytes = 0;
        for (const Place place : {Place::Header, Place::RequestPayload, Place::ResponsePayload}) {
            const std::string part = encode(call, place);
            bytes += part.size();
            benchmark::DoNotOptimize(part.data());
        }
    }
    state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK(encode_all_parts);

void encode_header(benchmark::State& state) {
    const Call call = typical_call();
    for (auto _ : state) benchmark::DoNotOptimize(encode(call, Place::Header));
    state.counters["bytes"] = static_cast<double>(encode(call, Place::Header).size());
}
BENCHMARK(encode_header);

void decode_all_parts(benchmark::State& state) {
    const Call call = typical_call();
    const std::string parts[] = {encode(call, Place::Header), encode(call, Place::RequestPayload),
                                 encode(call, Place::ResponsePayload)};
    for (auto _ : state) {
        Call back;
        for (const std::string& part : parts) benchmark::DoNotOptimize(decode(part, back));
        benchmark::DoNotOptimize(back);
    }
}
BENCHMARK(decode_all_parts);

void decode_header(benchmark::State& state) {
    const std::string part = encode(typical_call(), Place::Header);
    for (auto _ : state) {
        Call back;
        benchmark::DoNotOptimize(decode(part, back));
    }
}
BENCHMARK(decode_header);

void write_json(benchmark::State& state) {
    const Call call = typical_call();
    for (auto _ : state) benchmark::DoNotOptimize(to_json(call));
    state.counters["bytes"] = static_cast<double>(to_json(call).size());
}
BENCHMARK(write_json);

void read_json(benchmark::State& state) {
    const std::string text = to_json(typical_call());
    for (auto _ : state) benchmark::DoNotOptimize(call_from_json(text));
}
BENCHMARK(read_json);

void visit_all_values(benchmark::State& state) {
    const Call call = typical_call();
    for (auto _ : state) {
        std::size_t present = 0;
        visit_values(call, [&](std::size_t, const FieldValue& value) { present += value.index() != 0; });
        benchmark::DoNotOptimize(present);
    }
}
BENCHMARK(visit_all_values);

}  // namespace
}  // namespace steno
