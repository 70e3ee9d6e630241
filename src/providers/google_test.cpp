// Gemini and Vertex AI beyond generateContent.

#include "providers/exchange_for_test.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace steno::providers {
namespace {

Exchange gemini(std::string_view path, std::string_view request, std::string_view answer) {
    Exchange exchange;
    exchange.upstream = "gemini";
    exchange.path = path;
    exchange.request_body = request;
    exchange.response_body = answer;
    return exchange;
}

constexpr std::string_view kAsk = R"({"contents":[{"role":"user","parts":[{"text":"hi"}]}]})";
constexpr std::string_view kProject = "/v1/projects/p/locations/europe-west4";
constexpr std::string_view kAnswer =
    R"({"candidates":[{"content":{"role":"model","parts":[{"text":"Hi"}]},"finishReason":"STOP"}],)"
    R"("usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":1,"totalTokenCount":4},)"
    R"("modelVersion":"gemini-2.5-flash","responseId":"r-1"})";

Exchange vertex(std::string_view rest, std::string_view request, std::string_view answer) {
    Exchange exchange = gemini(std::string(kProject) + std::string(rest), request, answer);
    exchange.upstream = "vertex";
    return exchange;
}

TEST(Gemini, CountingTokensIsASpan) {
    const Call call =
        gemini("/v1beta/models/gemini-2.5-flash:countTokens", kAsk, R"({"totalTokens":7})").read();
    EXPECT_EQ(call.kind, Kind::Span);
    EXPECT_EQ(call.model.requested, "gemini-2.5-flash");
    EXPECT_EQ(call.response.output.text, R"({"totalTokens":7})");
    EXPECT_EQ(call.usage, Usage{});
}

TEST(Gemini, SearchesAreCountedAsTheyAreBilled) {
    const auto searches = [](std::string_view model) {
        return gemini("/v1beta/models/m:generateContent", kAsk,
                      R"({"candidates":[{"content":{"parts":[{"text":"Hi"}]},"finishReason":"STOP",)"
                      R"("groundingMetadata":{"webSearchQueries":["a","b",""]}}],"modelVersion":")" +
                          std::string(model) + "\"}")
            .read()
            .usage.searches;
    };
    EXPECT_EQ(searches("gemini-3-pro-preview"), 2);
    EXPECT_EQ(searches("gemini-2.5-flash"), 1);
    EXPECT_EQ(searches("gemma-3"), std::nullopt);
}

TEST(Gemini, ModalitiesAndToolsAreInTheUsage) {
    const Call call =
        gemini(
            "/v1beta/models/m:generateContent", kAsk,
            R"({"candidates":[{"content":{"parts":[{"text":"Hi"}]},"finishReason":"STOP"}],"usageMetadata":)"
            R"({"promptTokenCount":10,"candidatesTokenCount":30,"toolUsePromptTokenCount":73,)"
            R"("thoughtsTokenCount":109,"totalTokenCount":222,"promptTokensDetails":[)"
            R"({"modality":"TEXT","tokenCount":2},{"modality":"AUDIO","tokenCount":5},)"
            R"({"modality":"IMAGE","tokenCount":3}],"candidatesTokensDetails":[)"
            R"({"modality":"AUDIO","tokenCount":30}]}})")
            .read();
    EXPECT_EQ(call.usage.input_tokens, 83);
    EXPECT_EQ(call.usage.output_tokens, 139);
    EXPECT_EQ(call.usage.reasoning_tokens, 109);
    EXPECT_EQ(call.usage.audio_input_tokens, 5);
    EXPECT_EQ(call.usage.image_input_tokens, 3);
    EXPECT_EQ(call.usage.audio_output_tokens, 30);
}

TEST(Gemini, ImagesAreCounted) {
    const Call call = gemini("/v1beta/models/imagen-4.0-generate-001:predict",
                             R"({"instances":[{"prompt":"a heron"}],"parameters":{"sampleCount":2}})",
                             R"({"predictions":[{"mimeType":"image/png","bytesBase64Encoded":"AAAA"},)"
                             R"({"mimeType":"image/png","bytesBase64Encoded":"AAAA"},)"
                             R"({"raiFilteredReason":"blocked"}]})")
                          .read();
    EXPECT_EQ(call.kind, Kind::Image);
    EXPECT_EQ(call.usage.images, 2);
    EXPECT_EQ(call.request.messages.at(0).parts.at(0).text, "a heron");
    EXPECT_EQ(call.request.parameters.text, R"({"sampleCount":2})");
    EXPECT_EQ(call.response.messages.at(0).parts.at(0).url, "data:image/png;base64,AAAA");
    EXPECT_EQ(call.modality.output, std::vector<std::string>{"image"});
}

TEST(Gemini, AVideosSecondsAreThoseThatWereOrdered) {
    Exchange exchange =
        gemini("/v1beta/models/veo-3.1-generate-preview:predictLongRunning",
               R"({"instances":[{"prompt":"waves"}],"parameters":{"durationSeconds":8,"sampleCount":2}})",
               R"({"name":"models/veo-3.1-generate-preview/operations/o-1"})");
    Call call = exchange.read();
    EXPECT_EQ(call.kind, Kind::Video);
    EXPECT_EQ(call.usage.seconds, 16.0);
    EXPECT_EQ(call.usage.estimated, true);
    EXPECT_EQ(call.response.id, "models/veo-3.1-generate-preview/operations/o-1");
    exchange.status = 400;
    exchange.response_body = R"({"error":{"code":400,"message":"no","status":"INVALID_ARGUMENT"}})";
    EXPECT_EQ(exchange.read().usage, Usage{});
}

TEST(Gemini, AModelOfTheUsersOwnIsASpan) {
    const Call call = vertex("/endpoints/123:predict", R"({"instances":[{"features":[1,2]}]})",
                             R"({"predictions":[[0.5]]})")
                          .read();
    EXPECT_EQ(call.kind, Kind::Span);
    EXPECT_EQ(call.status, Status::Success);
    EXPECT_EQ(call.model.requested, "123");
}

TEST(Gemini, ABatchBringsItsResults) {
    Exchange exchange = gemini(
        "/v1beta/batches/b-1", "",
        R"({"name":"batches/b-1","metadata":{"model":"models/gemini-2.5-flash","state":"BATCH_STATE_SUCCEEDED",)"
        R"("output":{"inlinedResponses":{"inlinedResponses":[{"metadata":{"key":"k-1"},"response":)" +
            std::string(kAnswer) +
            R"(},{"error":{"code":8,"message":"too much"}}]}}},"done":true,"response":{"inlinedResponses":)"
            R"({"inlinedResponses":[{"response":{}},{"response":{}}]}}})");
    exchange.method = "GET";
    const Provider& provider = find_provider("gemini").provider();
    const RequestView request{"GET", exchange.path, "", Exchange::lookup(exchange.request_headers), ""};
    std::vector<std::vector<Call>> fetched;
    for (int i = 0; i < 2; ++i) {
        Call call;
        provider.read_request(request, call);
        const auto reader =
            provider.read_response(request, {200, Exchange::lookup(exchange.response_headers)}, call);
        reader->feed(exchange.response_body);
        reader->end(true, call);
        EXPECT_EQ(call.kind, Kind::Span);
        fetched.push_back(reader->further_calls());
        EXPECT_TRUE(reader->further_calls().empty());
    }
    EXPECT_EQ(fetched[0], fetched[1]);
    const std::vector<Call>& calls = fetched[0];
    ASSERT_EQ(calls.size(), 2u);
    EXPECT_EQ(calls[0].model.requested, "gemini-2.5-flash");
    EXPECT_EQ(calls[0].provider.name, "gcp.gemini");
    EXPECT_EQ(calls[0].provider.batch, true);
    EXPECT_EQ(calls[0].usage.input_tokens, 3);
    EXPECT_EQ(std::get<std::string>(calls[0].labels.attributes.at("batch.id")), "batches/b-1");
    EXPECT_EQ(std::get<std::string>(calls[0].labels.attributes.at("batch.custom_id")), "k-1");
    EXPECT_EQ(calls[1].status, Status::Failure);
    EXPECT_EQ(calls[1].error.message, "too much");
    EXPECT_NE(calls[0].id, calls[1].id);
}

TEST(Gemini, ResultsOfABatchAreToldApartByTheirPlaces) {
    const auto fetch = [](std::string_view keys) {
        Exchange exchange = gemini("/v1beta/batches/b-1", "",
                                   R"({"name":"batches/b-1","metadata":{"model":"models/gemini-2.5-flash",)"
                                   R"("output":{"inlinedResponses":{"inlinedResponses":[)" +
                                       std::string(keys) + "]}}}}");
        exchange.method = "GET";
        const RequestView request{"GET", exchange.path, "", Exchange::lookup(exchange.request_headers), ""};
        Call call;
        const auto reader = find_provider("gemini").provider().read_response(
            request, {200, Exchange::lookup(exchange.response_headers)}, call);
        reader->feed(exchange.response_body);
        reader->end(true, call);
        return reader->further_calls();
    };
    const std::string same = R"("response":{"candidates":[],"usageMetadata":{"promptTokenCount":3}}})";
    // One without a key, at the place whose number is another's key; and the same key twice.
    const std::string results = R"({"metadata":{"key":"1"},)" + same + ",{" + same +
                                R"(,{"metadata":{"key":"k"},)" + same + R"(,{"metadata":{"key":"k"},)" + same;
    const std::vector<Call> calls = fetch(results);
    ASSERT_EQ(calls.size(), 4u);
    for (const Call& call : calls) EXPECT_EQ(std::ranges::count(calls, call.id, &Call::id), 1);
    EXPECT_EQ(fetch(results), calls);
    EXPECT_EQ(std::get<std::string>(calls[0].labels.attributes.at("batch.custom_id")), "1");
    EXPECT_FALSE(calls[1].labels.attributes.contains("batch.custom_id"));
    EXPECT_EQ(std::get<double>(calls[1].labels.attributes.at("batch.index")), 1);
}

constexpr std::string_view kInteract =
    R"({"model":"gemini-2.5-flash","input":[{"type":"user_input","content":[{"type":"text","text":"hi"}]},)"
    R"({"type":"function_result","call_id":"c-1","name":"f","result":{"ok":true}}],)"
    R"("system_instruction":"Be brief.","generation_config":{"temperature":1}})";
constexpr std::string_view kUsage =
    R"({"total_input_tokens":10,"total_output_tokens":5,"total_thought_tokens":7,"total_tool_use_tokens":2,)"
    R"("total_cached_tokens":4,"total_tokens":24,"input_tokens_by_modality":[{"modality":"audio","tokens":3}],)"
    R"("grounding_tool_count":[{"type":"google_search","count":2}]})";

TEST(Gemini, AnInteractionIsACallInSteps) {
    const Call call =
        gemini("/v1beta/interactions", kInteract,
               R"({"id":"i-1","status":"requires_action","model":"gemini-2.5-flash","steps":[)"
               R"({"type":"user_input","content":[{"type":"text","text":"hi"}]},)"
               R"({"type":"thought","summary":[{"type":"text","text":"hm"}]},)"
               R"({"type":"model_output","content":[{"type":"text","text":"Hello"}]},)"
               R"({"type":"function_call","id":"c-2","name":"g","arguments":{"a":1}}],"usage":)" +
                   std::string(kUsage) + "}")
            .read();
    EXPECT_EQ(call.kind, Kind::Chat);
    EXPECT_EQ(call.model.requested, "gemini-2.5-flash");
    EXPECT_EQ(call.request.system, "Be brief.");
    ASSERT_EQ(call.request.messages.size(), 2u);
    EXPECT_EQ(call.request.messages[1].parts.at(0).value.text, R"({"ok":true})");
    EXPECT_EQ(call.response.id, "i-1");
    EXPECT_EQ(call.response.finish_reasons, std::vector<std::string>{"requires_action"});
    const std::vector<Part>& parts = call.response.messages.at(0).parts;
    ASSERT_EQ(parts.size(), 3u);
    EXPECT_EQ(parts[0].type, PartType::Reasoning);
    EXPECT_EQ(parts[1].text, "Hello");
    EXPECT_EQ(call.response.tool_calls.at(0).arguments.text, R"({"a":1})");
    EXPECT_EQ(call.usage.input_tokens, 12);
    EXPECT_EQ(call.usage.output_tokens, 12);
    EXPECT_EQ(call.usage.reasoning_tokens, 7);
    EXPECT_EQ(call.usage.cache_read_tokens, 4);
    EXPECT_EQ(call.usage.audio_input_tokens, 3);
    EXPECT_EQ(call.usage.searches, 2);
}

TEST(Gemini, AnInteractionMayBeStreamed) {
    Exchange exchange = gemini(
        "/v1beta/interactions", R"({"model":"gemini-2.5-flash","input":"hi","stream":true})",
        "event: interaction.created\ndata: "
        "{\"event_type\":\"interaction.created\",\"interaction\":{\"id\":\"i-1\","
        "\"status\":\"in_progress\",\"model\":\"gemini-2.5-flash\"}}\n\n"
        "data: {\"event_type\":\"step.start\",\"index\":0,\"step\":{\"type\":\"model_output\"}}\n\n"
        "data: {\"event_type\":\"step.delta\",\"index\":0,\"delta\":{\"type\":\"text\",\"text\":\"Hel\"}}\n\n"
        "data: {\"event_type\":\"step.delta\",\"index\":0,\"delta\":{\"type\":\"text\",\"text\":\"lo\"}}\n\n"
        "data: {\"event_type\":\"step.stop\",\"index\":0}\n\n"
        "data: {\"event_type\":\"step.start\",\"index\":1,\"step\":{\"type\":\"function_call\",\"id\":\"c\","
        "\"name\":\"f\",\"arguments\":{}}}\n\n"
        "data: "
        "{\"event_type\":\"step.delta\",\"index\":1,\"delta\":{\"type\":\"arguments_delta\",\"arguments\":"
        "\"{\\\"a\\\":\"}}\n\n"
        "data: "
        "{\"event_type\":\"step.delta\",\"index\":1,\"delta\":{\"type\":\"arguments_delta\",\"arguments\":"
        "\"1}\"}}\n\n"
        "event: interaction.completed\ndata: "
        "{\"event_type\":\"interaction.completed\",\"interaction\":{\"id\":"
        "\"i-1\",\"status\":\"requires_action\",\"usage\":" +
            std::string(kUsage) + "}}\n\ndata: [DONE]\n\n");
    exchange.response_headers = {{"content-type", "text/event-stream"}};
    Call call = exchange.read();
    EXPECT_EQ(call.status, Status::Success);
    EXPECT_EQ(call.request.stream, true);
    EXPECT_EQ(call.response.messages.at(0).parts.at(0).text, "Hello");
    EXPECT_EQ(call.response.tool_calls.at(0).arguments.text, R"({"a":1})");
    EXPECT_EQ(call.usage.output_tokens, 12);
    EXPECT_EQ(exchange.read_byte_by_byte(), call);
    exchange.response_body.resize(exchange.response_body.find("event: interaction.completed"));
    call = exchange.read();
    EXPECT_EQ(call.status, Status::Partial);
    EXPECT_EQ(call.usage, Usage{});
}

TEST(Gemini, AnInteractionMayFail) {
    const Call call = gemini("/v1beta/interactions", R"({"model":"m","input":"hi"})",
                             R"({"id":"i","status":"failed","errors":[{"code":"internal","message":"oh"}]})")
                          .read();
    EXPECT_EQ(call.status, Status::Failure);
    EXPECT_EQ(call.error.message, "oh");
}

TEST(Vertex, ModelsEndpointsAndExpressMode) {
    for (const std::string_view place : {"/publishers/google/models/gemini-2.5-flash:generateContent",
                                         "/endpoints/gemini-2.5-flash:generateContent"}) {
        const Call call = vertex(place, kAsk, kAnswer).read();
        EXPECT_EQ(call.provider.name, "gcp.vertex_ai");
        EXPECT_EQ(call.provider.region, "europe-west4");
        EXPECT_EQ(call.model.requested, "gemini-2.5-flash");
        EXPECT_EQ(call.usage.output_tokens, 1);
    }
    Exchange express = vertex("", kAsk, kAnswer);
    express.path = "/v1beta1/publishers/google/models/gemini-2.5-flash:generateContent";
    EXPECT_EQ(express.read().provider.region, "");
    EXPECT_EQ(express.read().usage.input_tokens, 3);
}

TEST(Vertex, FinishReasonsMayBeNumbers) {
    const auto status = [](std::string_view number) {
        return vertex("/publishers/google/models/m:generateContent", kAsk,
                      R"({"candidates":[{"content":{"parts":[{"text":"Hi"}]},"finishReason":)" +
                          std::string(number) + "}]}")
            .read()
            .status;
    };
    EXPECT_EQ(status("1"), Status::Success);
    EXPECT_EQ(status("2"), Status::Partial);
    EXPECT_EQ(status("3"), Status::Partial);
    EXPECT_EQ(status("9"), Status::Success);
}

TEST(Vertex, EmbeddingsByPredict) {
    const Call call =
        vertex("/publishers/google/models/text-embedding-005:predict",
               R"({"instances":[{"content":"a"},{"content":"b"}],"parameters":{"outputDimensionality":3}})",
               R"({"predictions":[{"embeddings":{"values":[0.1,0.2,0.3],"statistics":{"token_count":4,)"
               R"("truncated":false}}},{"embeddings":{"values":[0.1,0.2,0.3],"statistics":)"
               R"({"token_count":5}}}],"metadata":{"billableCharacterCount":21}})")
            .read();
    EXPECT_EQ(call.kind, Kind::Embedding);
    EXPECT_EQ(call.usage.input_tokens, 9);
    EXPECT_EQ(call.usage.characters, 21);
    EXPECT_EQ(call.response.output.text, R"({"count":2,"dimensions":3})");
}

TEST(Vertex, AnthropicsModelsSpeakTheirOwnLanguage) {
    Exchange exchange = vertex(
        "/publishers/anthropic/models/claude-haiku-4-5@20251001:rawPredict",
        R"({"anthropic_version":"vertex-2023-10-16","max_tokens":9,"messages":[{"role":"user","content":"hi"}]})",
        R"({"id":"msg_vrtx_1","model":"claude-haiku-4-5-20251001","role":"assistant","content":[{"type":"text",)"
        R"("text":"Hi"}],"stop_reason":"end_turn","usage":{"input_tokens":5,"cache_read_input_tokens":2,)"
        R"("output_tokens":1}})");
    const Call call = exchange.read();
    EXPECT_EQ(call.provider.name, "gcp.vertex_ai");
    EXPECT_EQ(call.provider.api_version, "vertex-2023-10-16");
    EXPECT_EQ(call.provider.region, "europe-west4");
    EXPECT_EQ(call.model.requested, "claude-haiku-4-5@20251001");
    EXPECT_EQ(call.model.served, "claude-haiku-4-5-20251001");
    EXPECT_EQ(call.usage.input_tokens, 7);
    EXPECT_EQ(call.request.messages.at(0).parts.at(0).text, "hi");
    exchange.path = std::string(kProject) + "/publishers/anthropic/models/count-tokens:rawPredict";
    exchange.request_body = R"({"model":"claude-haiku-4-5","messages":[{"role":"user","content":"hi"}]})";
    exchange.response_body = R"({"input_tokens":8})";
    EXPECT_EQ(exchange.read().kind, Kind::Span);
    EXPECT_EQ(exchange.read().response.output.text, R"({"input_tokens":8})");
}

TEST(Vertex, MistralsModelsAndTheCompatibleEndpointSpeakOpenAis) {
    constexpr std::string_view kChat =
        R"({"model":"mistral-small","messages":[{"role":"user","content":"hi"}]})";
    constexpr std::string_view kCompletion =
        R"({"id":"c-1","model":"mistral-small","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},)"
        R"("finish_reason":"stop"}],"usage":{"prompt_tokens":4,"completion_tokens":1,"total_tokens":5}})";
    const Call raw =
        vertex("/publishers/mistralai/models/mistral-small-2503:rawPredict", kChat, kCompletion).read();
    EXPECT_EQ(raw.provider.name, "gcp.vertex_ai");
    EXPECT_EQ(raw.model.requested, "mistral-small-2503");
    EXPECT_EQ(raw.usage.input_tokens, 4);
    const Call compatible = vertex("/endpoints/openapi/chat/completions", kChat, kCompletion).read();
    EXPECT_EQ(compatible.provider.name, "gcp.vertex_ai");
    EXPECT_EQ(compatible.model.requested, "mistral-small");
    EXPECT_EQ(compatible.provider.region, "europe-west4");
}

}  // namespace
}  // namespace steno::providers
