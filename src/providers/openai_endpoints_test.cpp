// OpenAI's endpoints besides those that chat: images, audio, moderations, files and what is kept there.

#include "providers/exchange_for_test.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace steno::providers {
namespace {

using Strings = std::vector<std::string>;

Exchange openai(std::string path, std::string request, std::string response) {
    Exchange exchange;
    exchange.path = std::move(path);
    exchange.request_headers = {{"content-type", "application/json"}};
    exchange.request_body = std::move(request);
    exchange.response_headers = {{"content-type", "application/json"}};
    exchange.response_body = std::move(response);
    return exchange;
}

struct Field {
    std::string head;
    std::string value;
};

Exchange upload(std::string path, const std::vector<Field>& fields, std::string response) {
    std::string body;
    for (const Field& field : fields)
        body += "--B\r\nContent-Disposition: form-data; " + field.head + "\r\n\r\n" + field.value + "\r\n";
    Exchange exchange = openai(std::move(path), body + "--B--\r\n", std::move(response));
    exchange.request_headers = {{"content-type", "multipart/form-data; boundary=B"}};
    return exchange;
}

Exchange stream(Exchange exchange) {
    exchange.response_headers = {{"content-type", "text/event-stream"}};
    return exchange;
}

TEST(Images, AreCountedWhereNoTokensAre) {
    const Call call =
        openai(
            "/v1/images/generations", R"({"model":"dall-e-3","prompt":"A cat","n":2})",
            R"({"created":1,"data":[{"url":"https://x/1","revised_prompt":"A grey cat"},{"url":"https://x/2"}]})")
            .read();
    EXPECT_EQ(call.kind, Kind::Image);
    EXPECT_EQ(call.name, "dall-e-3");
    EXPECT_EQ(call.request.messages.at(0).parts.at(0).text, "A cat");
    EXPECT_EQ(call.request.parameters.text, R"({"n":2})");
    EXPECT_EQ(call.usage.images, 2);
    EXPECT_EQ(call.usage.output_tokens, std::nullopt);
    EXPECT_EQ(call.response.messages.at(0).parts.at(1).url, "https://x/2");
    EXPECT_EQ(call.modality.output, Strings{"image"});
    EXPECT_EQ(call.status, Status::Success);
}

TEST(Images, TokensAreOfTextAndImages) {
    const Exchange edit =
        upload("/v1/images/edits",
               {{"name=\"model\"", "gpt-image-1"},
                {"name=\"prompt\"", "Add a hat"},
                {"name=\"n\"", "1"},
                {"name=\"image[]\"; filename=\"cat.png\"\r\nContent-Type: image/png", "\x89PNG"}},
               R"({"created":1,"data":[{"b64_json":"AAAA"}],"output_format":"webp","usage":{"input_tokens":50,
            "input_tokens_details":{"text_tokens":10,"image_tokens":40},"output_tokens":272,"total_tokens":322}})");
    const Call call = edit.read_byte_by_byte();
    EXPECT_EQ(call.model.requested, "gpt-image-1");
    EXPECT_EQ(call.kind, Kind::Image);
    EXPECT_EQ(call.request.parameters.text, R"({"n":"1"})");
    EXPECT_EQ(call.request.messages.at(0).parts.at(1).name, "cat.png");
    EXPECT_EQ(call.modality.input, (Strings{"text", "image"}));
    EXPECT_EQ(call.usage.input_tokens, 50);
    EXPECT_EQ(call.usage.image_input_tokens, 40);
    EXPECT_EQ(call.usage.output_tokens, 272);
    EXPECT_EQ(call.usage.image_output_tokens, 272);
    EXPECT_EQ(call.usage.images, std::nullopt);
    EXPECT_EQ(call.response.messages.at(0).parts.at(0).url, "data:image/webp;base64,AAAA");
}

TEST(Images, StreamsBringPartialOnesFirst) {
    Exchange exchange =
        stream(openai("/v1/images/generations",
                      R"({"model":"gpt-image-1","prompt":"A cat","stream":true,"partial_images":1})",
                      "event: image_generation.partial_image\ndata: "
                      "{\"type\":\"image_generation.partial_image\",\"b64_json\":\"AA\"}\n\n"
                      "event: image_generation.completed\ndata: "
                      "{\"type\":\"image_generation.completed\",\"b64_json\":\"AAAA\","
                      "\"output_format\":\"png\",\"usage\":{\"input_tokens\":5,\"output_tokens\":7,\"total_"
                      "tokens\":12}}\n\n"));
    const Call call = exchange.read_byte_by_byte();
    EXPECT_EQ(call.status, Status::Success);
    EXPECT_EQ(call.request.stream, true);
    EXPECT_EQ(call.usage.output_tokens, 7);
    ASSERT_EQ(call.response.messages.at(0).parts.size(), 1U);
    EXPECT_EQ(call.response.chunks, 2);
    exchange.response_body.resize(exchange.response_body.find("event: image_generation.completed"));
    EXPECT_EQ(exchange.read().status, Status::Partial);
    EXPECT_EQ(exchange.read().usage, Usage{});
}

TEST(Speech, IsBilledByCharactersUnlessUsageComes) {
    Exchange exchange =
        openai("/v1/audio/speech", R"({"model":"tts-1","input":"Grüße","voice":"alloy"})", "ID3\x01\x02");
    exchange.response_headers = {{"content-type", "audio/mpeg"}};
    const Call call = exchange.read_byte_by_byte();
    EXPECT_EQ(call.kind, Kind::Speech);
    EXPECT_EQ(call.status, Status::Success);
    EXPECT_EQ(call.usage.characters, 5);
    EXPECT_EQ(call.modality.output, Strings{"audio"});
    EXPECT_EQ(call.response.messages.at(0).parts.at(0).mime, "audio/mpeg");
    EXPECT_EQ(call.response.output.text, R"({"bytes":5})");
    exchange.complete = false;
    EXPECT_EQ(exchange.read().status, Status::Partial);
    EXPECT_EQ(exchange.read().usage, Usage{});
    exchange.status = 400;
    exchange.response_body = R"({"error":{"message":"no such voice","type":"invalid_request_error"}})";
    EXPECT_EQ(exchange.read().error.message, "no such voice");
    EXPECT_EQ(exchange.read().usage, Usage{});

    const Call events =
        stream(openai("/v1/audio/speech", R"({"model":"gpt-4o-mini-tts","input":"Hi","stream_format":"sse"})",
                      "data: {\"type\":\"speech.audio.delta\",\"audio\":\"AAAAAAAA\"}\n\n"
                      "data: "
                      "{\"type\":\"speech.audio.done\",\"usage\":{\"input_tokens\":3,\"output_tokens\":9,"
                      "\"total_tokens\":12}}\n\n"))
            .read_byte_by_byte();
    EXPECT_EQ(events.status, Status::Success);
    EXPECT_EQ(events.request.stream, true);
    EXPECT_EQ(events.usage.output_tokens, 9);
    EXPECT_EQ(events.usage.characters, std::nullopt);
    EXPECT_EQ(events.response.output.text, R"({"bytes":6})");
}

Exchange transcription(std::string format, std::string response) {
    return upload("/v1/audio/transcriptions",
                  {{"name=\"model\"", "whisper-1"},
                   {"name=\"response_format\"", std::move(format)},
                   {"name=\"file\"; filename=\"a.wav\"\r\nContent-Type: audio/wav", "RIFF"}},
                  std::move(response));
}

TEST(Transcription, AsJson) {
    const Call tokens =
        transcription(
            "json",
            R"({"text":"Hello.","usage":{"type":"tokens","input_tokens":14,"input_token_details":{"text_tokens":4,"audio_tokens":10},"output_tokens":3,"total_tokens":17}})")
            .read_byte_by_byte();
    EXPECT_EQ(tokens.kind, Kind::Transcription);
    EXPECT_EQ(tokens.model.requested, "whisper-1");
    EXPECT_EQ(tokens.modality.input, Strings{"audio"});
    EXPECT_EQ(tokens.request.parameters.text, R"({"response_format":"json"})");
    EXPECT_EQ(tokens.response.messages.at(0).parts.at(0).text, "Hello.");
    EXPECT_EQ(tokens.usage.input_tokens, 14);
    EXPECT_EQ(tokens.usage.audio_input_tokens, 10);
    EXPECT_EQ(tokens.usage.seconds, std::nullopt);
    const Call time =
        transcription("json", R"({"text":"Hi","usage":{"type":"duration","seconds":9}})").read();
    EXPECT_EQ(time.usage.seconds, 9.0);
    EXPECT_EQ(time.usage.billed.text, R"({"type":"duration","seconds":9})");
    const Call verbose =
        transcription("verbose_json", R"({"task":"transcribe","duration":8.47,"text":"Hi","segments":[]})")
            .read();
    EXPECT_EQ(verbose.usage.seconds, 8.47);
}

TEST(Transcription, AsText) {
    Exchange exchange = transcription("srt", "1\n00:00:00,000 --> 00:00:01,000\nGrüße\n");
    exchange.response_headers = {{"content-type", "text/plain; charset=utf-8"}};
    const Call call = exchange.read_byte_by_byte();
    EXPECT_EQ(call.status, Status::Success);
    EXPECT_EQ(call.response.messages.at(0).parts.at(0).text, exchange.response_body);
    EXPECT_EQ(call.usage, Usage{});
}

TEST(Transcription, AsEvents) {
    Exchange exchange =
        stream(transcription("json",
                             "data: {\"type\":\"transcript.text.delta\",\"delta\":\"Hel\"}\n\n"
                             "data: {\"type\":\"transcript.text.delta\",\"delta\":\"lo\"}\n\n"
                             "data: "
                             "{\"type\":\"transcript.text.done\",\"text\":\"Hello\",\"usage\":{\"type\":"
                             "\"tokens\",\"input_tokens\":4,"
                             "\"output_tokens\":2,\"total_tokens\":6}}\n\ndata: [DONE]\n\n"));
    const Call call = exchange.read_byte_by_byte();
    EXPECT_EQ(call.status, Status::Success);
    EXPECT_EQ(call.response.messages.at(0).parts.at(0).text, "Hello");
    EXPECT_EQ(call.usage.input_tokens, 4);
    exchange.response_body.resize(100);
    EXPECT_EQ(exchange.read().status, Status::Partial);
    EXPECT_EQ(exchange.read().usage, Usage{});
}

TEST(Moderation, SaysWhatWasFlagged) {
    const Call call =
        openai(
            "/v1/moderations", R"({"model":"omni-moderation-latest","input":["a","b"]})",
            R"({"id":"modr-1","model":"omni-moderation-2024-09-26","results":[{"flagged":false,"categories":{"hate":false}},
                               {"flagged":true,"categories":{"hate":false,"violence":true}}]})")
            .read();
    EXPECT_EQ(call.kind, Kind::Moderation);
    EXPECT_EQ(call.response.id, "modr-1");
    EXPECT_EQ(call.model.served, "omni-moderation-2024-09-26");
    EXPECT_EQ(call.request.input.text, R"(["a","b"])");
    EXPECT_TRUE(
        call.response.output.text.starts_with(R"({"flagged":true,"categories":["violence"],"results":[{)"));
    EXPECT_EQ(call.usage, Usage{});
    Exchange without_model = openai("/v1/moderations", R"({"input":"a"})", R"({"id":"modr-1","results":[]})");
    EXPECT_EQ(without_model.read().name, "moderations");
}

TEST(Files, AnUploadIsASpanThatNamesTheFile) {
    const Call call =
        upload("/v1/files",
               {{"name=\"purpose\"", "batch"}, {"name=\"file\"; filename=\"in.jsonl\"", "{}\n{}\n"}},
               R"({"id":"file-1","object":"file","bytes":6})")
            .read_byte_by_byte();
    EXPECT_EQ(call.kind, Kind::Span);
    EXPECT_EQ(call.name, "POST /v1/files");
    EXPECT_EQ(call.provider.name, "openai");
    EXPECT_EQ(call.request.parameters.text, R"({"purpose":"batch"})");
    EXPECT_EQ(call.request.input.text, R"([{"name":"file","filename":"in.jsonl","bytes":6}])");
    EXPECT_EQ(call.response.id, "file-1");
}

TEST(Objects, AreNotBilledByBeingLookedAt) {
    for (const auto& [method, path] :
         std::vector<std::pair<std::string, std::string>>{{"GET", "/v1/responses/resp_1"},
                                                          {"POST", "/v1/responses/resp_1/cancel"},
                                                          {"GET", "/v1/chat/completions/chatcmpl-1"},
                                                          {"GET", "/v1/batches/batch_1"},
                                                          {"POST", "/v1/batches"},
                                                          {"POST", "/v1/conversations"},
                                                          {"GET", "/v1/threads/t/runs/r"},
                                                          {"POST", "/v1/threads/t/messages"},
                                                          {"POST", "/v1/responses/input_tokens"}}) {
        Exchange exchange =
            openai(path, method == "GET" ? "" : R"({"model":"gpt-5","completion_window":"24h"})",
                   R"({"id":"x_1","status":"failed","error":{"message":"it failed"},"model":"gpt-5",
                                       "usage":{"input_tokens":1,"output_tokens":2}})");
        exchange.method = method;
        const Call call = exchange.read_byte_by_byte();
        EXPECT_EQ(call.kind, Kind::Span) << path;
        EXPECT_EQ(call.name, method + " " + path);
        EXPECT_EQ(call.status, Status::Success) << path;
        EXPECT_EQ(call.usage, Usage{}) << path;
        EXPECT_EQ(call.response.id, "x_1") << path;
        EXPECT_EQ(call.response.output.text, exchange.response_body) << path;
        if (method == "POST") EXPECT_EQ(call.request.input.text, exchange.request_body) << path;
    }
    Exchange gone =
        openai("/v1/responses/resp_1", "", R"({"error":{"message":"gone","type":"invalid_request_error"}})");
    gone.method = "GET";
    gone.status = 404;
    EXPECT_EQ(gone.read().error.type, ErrorType::NotFound);
}

TEST(Videos, AreBilledByTheSecond) {
    const Exchange exchange = upload(
        "/v1/videos", {{"name=\"model\"", "sora-2"}, {"name=\"prompt\"", "Waves"}, {"name=\"seconds\"", "8"}},
        R"({"id":"video_1","object":"video","model":"sora-2","status":"queued","seconds":"8"})");
    const Call call = exchange.read();
    EXPECT_EQ(call.kind, Kind::Video);
    EXPECT_EQ(call.model.requested, "sora-2");
    EXPECT_EQ(call.usage.seconds, 8.0);
    EXPECT_EQ(call.request.messages.at(0).parts.at(0).text, "Waves");
    Exchange look = exchange;
    look.method = "GET";
    look.path = "/v1/videos/video_1";
    EXPECT_EQ(look.read().usage, Usage{});
}

TEST(Hosts, ThatServeClaudeInOpenAisLanguageTellTheCacheInItsWords) {
    Exchange exchange;
    exchange.upstream = "databricks";
    exchange.path = "/serving-endpoints/chat/completions";
    exchange.response_body =
        R"({"id":"c","model":"claude","choices":[{"index":0,"message":{"content":"ok"},"finish_reason":"stop"}],"usage":{
            "cache_read_input_tokens":4570,"cache_creation_input_tokens":2,"prompt_tokens":4575,"completion_tokens":4,
            "total_tokens":4579}})";
    const Call call = exchange.read();
    EXPECT_EQ(call.usage.input_tokens, 4575);
    EXPECT_EQ(call.usage.cache_read_tokens, 4570);
    EXPECT_EQ(call.usage.cache_write_tokens.other, 2);
    EXPECT_EQ(call.usage.output_tokens, 4);
}

TEST(Hosts, ThatCallSomethingElseChatAreNotWriter) {
    const char* const body = R"({"model":"m","messages":[{"role":"user","content":"hi"}]})";
    EXPECT_EQ(openai("/v1/chat", body, "{}").read().kind, Kind::Chat);
    const Call call = openai("/chat", body, "{}").read();
    EXPECT_EQ(call.kind, Kind::Span);
    EXPECT_EQ(call.name, "POST /chat");
}

TEST(OpenAiUsage, CacheWritesAreToldApartByDuration) {
    Exchange exchange;
    exchange.path = "/v1/responses";
    const auto writes = [&](std::string_view details) {
        exchange.response_body =
            R"({"id":"r","object":"response","status":"completed","model":"gpt-6.1-sol","output":[],"usage":{
            "input_tokens":5000,"output_tokens":9,"input_tokens_details":{"cached_tokens":0,"cache_write_tokens":3000)" +
            std::string(details) + "}}}";
        return exchange.read().usage.cache_write_tokens;
    };
    EXPECT_EQ(writes(""), CacheWrites{.other = 3000});
    EXPECT_EQ(writes(R"(,"cache_write_tokens_details":{"ttl_30m_tokens":1000,"ttl_12h_tokens":2000})"),
              (CacheWrites{.minutes_30 = 1000, .hours_12 = 2000}));
    EXPECT_EQ(writes(R"(,"cache_write_tokens_details":{"ttl_30m_tokens":1000})"),
              (CacheWrites{.other = 2000, .minutes_30 = 1000}));
    EXPECT_EQ(writes(R"(,"cache_write_tokens_details":{"ttl_30m_tokens":-1})"), CacheWrites{.other = 3000});
}

/// The calls that an answer tells of besides its own, the answer cut at every `step` bytes.
std::vector<Call> further(const Exchange& exchange, std::size_t step, Call& fetching) {
    const Provider& provider = find_provider(exchange.upstream).provider();
    const RequestView request{exchange.method, exchange.path, "", Exchange::lookup(exchange.request_headers),
                              exchange.request_body};
    provider.read_request(request, fetching);
    const auto reader = provider.read_response(
        request, {exchange.status, Exchange::lookup(exchange.response_headers)}, fetching);
    std::vector<Call> calls;
    const auto take = [&] {
        for (Call& call : reader->further_calls()) calls.push_back(std::move(call));
    };
    for (std::size_t at = 0; at < exchange.response_body.size(); at += step) {
        reader->feed(std::string(exchange.response_body.substr(at, step)));
        take();
    }
    reader->end(exchange.complete, fetching);
    take();
    return calls;
}

constexpr const char* kResults =
    R"({"id":"batch_req_1","custom_id":"one","response":{"status_code":200,"request_id":"req_1","body":{"id":"chatcmpl-1","object":"chat.completion","created":1763600000,"model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":2,"total_tokens":12}}},"error":null}
{"id":"batch_req_2","custom_id":"two","response":{"status_code":200,"request_id":"req_2","body":{"id":"resp_2","object":"response","created_at":1763600001,"status":"completed","model":"gpt-5","output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Ho"}]}],"usage":{"input_tokens":3,"output_tokens":4,"total_tokens":7}}},"error":null}
{"id":"batch_req_3","custom_id":"three","response":{"status_code":200,"request_id":"req_3","body":{"object":"list","model":"text-embedding-3-small","data":[{"object":"embedding","index":0,"embedding":[1,2]}],"usage":{"prompt_tokens":5,"total_tokens":5}}},"error":null}
{"id":"batch_req_4","custom_id":"four","response":{"status_code":400,"request_id":"req_4","body":{"error":{"message":"too long","type":"invalid_request_error","code":"context_length_exceeded"}}},"error":null}
{"id":"batch_req_5","custom_id":"five","response":null,"error":{"code":"batch_expired","message":"This request could not be executed before the completion window expired."}})";

TEST(BatchResults, AreCallsOfTheirOwn) {
    Exchange exchange = openai("/v1/files/file-9/content", "", kResults);
    exchange.method = "GET";
    exchange.response_headers = {{"content-type", "application/octet-stream"}};
    Call fetching;
    const std::vector<Call> calls = further(exchange, 1 << 20, fetching);
    EXPECT_EQ(fetching.kind, Kind::Span);
    EXPECT_EQ(fetching.status, Status::Success);
    EXPECT_EQ(fetching.usage, Usage{});
    EXPECT_EQ(fetching.response.output.text, R"({"batch_results":5,"failed":2})");
    ASSERT_EQ(calls.size(), 5U);
    EXPECT_EQ(calls[0].kind, Kind::Chat);
    EXPECT_EQ(calls[0].status, Status::Success);
    EXPECT_EQ(calls[0].provider.batch, true);
    EXPECT_EQ(calls[0].provider.request_id, "req_1");
    EXPECT_EQ(calls[0].name, "gpt-4o-mini-2024-07-18");
    EXPECT_EQ(calls[0].usage.input_tokens, 10);
    EXPECT_EQ(calls[0].response.messages.at(0).parts.at(0).text, "Hi");
    EXPECT_EQ(calls[0].response.finish_reasons, Strings{"stop"});
    EXPECT_EQ(std::get<std::string>(calls[0].labels.attributes.at("batch.id")), "file-9");
    EXPECT_EQ(std::get<std::string>(calls[0].labels.attributes.at("batch.custom_id")), "one");
    EXPECT_EQ(calls[0].started_at, Timestamp{1'763'600'000'000'000'000});
    EXPECT_EQ(calls[1].response.messages.at(0).parts.at(0).text, "Ho");
    EXPECT_EQ(calls[1].usage.output_tokens, 4);
    EXPECT_EQ(calls[2].kind, Kind::Embedding);
    EXPECT_EQ(calls[2].usage.input_tokens, 5);
    EXPECT_EQ(calls[3].error.type, ErrorType::ContextLength);
    EXPECT_EQ(calls[3].provider.http_status, 400);
    EXPECT_EQ(calls[4].status, Status::Failure);
    EXPECT_EQ(calls[4].error.provider_code, "batch_expired");
    for (const std::size_t step : {1, 7, 100}) {
        Call again;
        EXPECT_EQ(further(exchange, step, again), calls) << step;  // their ids, too
        EXPECT_EQ(again, fetching);
    }
    Exchange alias = exchange;
    alias.upstream = "another-name-of-the-same-host";
    EXPECT_EQ(further(alias, 1 << 20, fetching)[0].id, calls[0].id);
    Exchange other = exchange;
    other.path = "/v1/files/file-10/content";
    EXPECT_NE(further(other, 1 << 20, fetching)[0].id, calls[0].id);
}

std::string result_line(std::string_view custom_id, std::string_view answer_id = "chatcmpl-1") {
    return fmt::format(
        R"({{"id":"batch_req_1","custom_id":{},"response":{{"status_code":200,"body":{{"id":"{}","object":"chat.completion","model":"gpt-4o-mini","choices":[],"usage":{{"prompt_tokens":10,"completion_tokens":2}}}}}},"error":null}})"
        "\n",
        custom_id, answer_id);
}

TEST(BatchResults, LinesThatAreBrokenDoNotHideTheGoodOnes) {
    const std::string good = result_line(R"("a")") + result_line(R"("b")");
    const std::string half = good.substr(good.size() / 2 + 40);  // as from the middle of a line
    struct Case {
        std::string content;
        std::size_t results;
        int unreadable;
        int status = 200;
    };
    for (const Case& one : {Case{"{\"broken\":\n" + good, 2, 1}, Case{"no JSON\n" + good, 2, 1},
                            Case{"{\"a\":1}\n" + good + "{\"b\":", 2, 2}, Case{half + good, 2, 1},
                            Case{"\xef\xbb\xbf" + good, 2, 0}, Case{"\xef\xbb\xbf\r\n\n" + good, 2, 1},
                            Case{result_line("1") + result_line("2.5") + good, 4, 0},
                            Case{half + good + "{\"b\":", 2, 2, 206}}) {
        Exchange exchange = openai("/v1/files/file-9/content", "", one.content);
        exchange.method = "GET";
        exchange.status = one.status;
        for (const std::size_t step : {std::size_t{1}, one.content.size()}) {
            Call fetching;
            const std::vector<Call> calls = further(exchange, step, fetching);
            ASSERT_EQ(calls.size(), one.results) << one.content;
            for (const Call& call : calls) {
                EXPECT_EQ(call.usage.input_tokens, 10);
                EXPECT_EQ(std::ranges::count(calls, call.id, &Call::id), 1) << one.content;
            }
            const std::string said =
                one.unreadable == 0 ? std::string() : fmt::format(",\"unreadable\":{}", one.unreadable);
            EXPECT_EQ(fetching.response.output.text,
                      fmt::format("{{\"batch_results\":{},\"failed\":0{}}}", one.results, said));
            const bool told = one.unreadable != 0 && one.status == 200;
            EXPECT_EQ(fetching.error.type == ErrorType::MalformedResponse, told) << one.content;
        }
    }
}

TEST(BatchResults, ThoseThatCameWholeAreRead) {
    Exchange exchange = openai("/v1/files/file-9/content", "", kResults);
    exchange.method = "GET";
    exchange.response_body.resize(exchange.response_body.find("\"custom_id\":\"two\"") + 50);
    exchange.complete = false;
    Call fetching;
    EXPECT_EQ(further(exchange, 10, fetching).size(), 1U);
    EXPECT_EQ(fetching.status, Status::Partial);
    EXPECT_EQ(fetching.response.output.text, R"({"batch_results":1,"failed":0})");
}

TEST(BatchResults, OtherFilesAreLeftAlone) {
    for (const char* content : {"{\"messages\":[]}\n{\"messages\":[]}\n",
                                "\x89PNG\n\x00\n{\"custom_id\":\"a\"}\n", "", "[1]", "{\n \"a\": {\n}\n}\n",
                                "{\"custom_id\":\"a\",\"method\":\"POST\",\"url\":\"/v1/"
                                "responses\",\"body\":{\"usage\":{\"input_tokens\":1}}}\n"}) {
        Exchange exchange = openai("/v1/files/file-9/content", "", content);
        exchange.method = "GET";
        Call fetching;
        EXPECT_TRUE(further(exchange, 3, fetching).empty()) << content;
        EXPECT_EQ(fetching.status, Status::Success) << content;
        EXPECT_EQ(fetching.response.output.text, "") << content;
    }
    std::string many;
    for (int i = 0; i < 100; ++i) many += "{\"messages\":[]}\n";
    Exchange exchange = openai("/v1/files/file-9/content", "", many + result_line(R"("a")"));
    exchange.method = "GET";
    Call fetching;
    EXPECT_TRUE(further(exchange, 1 << 20, fetching).empty());
}

}  // namespace
}  // namespace steno::providers
