// Sessions message by message, where the simulator does not go: what is out of order, repeated, missing, or
// made to do harm.

#include "providers/realtime.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace steno::providers {
namespace {

/// Keeps the calls, in the order of their ends.
class Kept final : public SessionCalls {
  public:
    Call& began(Call facts) override {
        open_.push_back(std::make_unique<Call>(std::move(facts)));
        ++begun;
        return *open_.back();
    }
    void first_token(Call&) override { ++first_tokens; }
    void ended(Call& call) override {
        for (auto& one : open_) {
            if (one.get() != &call) continue;
            calls.push_back(std::move(*one));
            std::erase(open_, one);
            return;
        }
        ADD_FAILURE() << "a call that is not open has ended";
    }
    [[nodiscard]] std::size_t open() const { return open_.size(); }

    int begun = 0;
    int first_tokens = 0;
    std::vector<Call> calls;

  private:
    std::vector<std::unique_ptr<Call>> open_;
};

struct Session {
    explicit Session(std::string_view path = "/v1/realtime", std::string_view query = "model=gpt-realtime") {
        RequestView view;
        view.method = "GET";
        view.path = path;
        view.query = query;
        view.header = [](std::string_view name) -> std::optional<std::string_view> {
            if (name == "authorization") return "Bearer sk-proj-SECRET0123456789";
            return std::nullopt;
        };
        reader = make_session_reader(view, call);
    }
    Session& client(std::string_view message) {
        reader->from_client(message, kept);
        return *this;
    }
    Session& server(std::string_view message) {
        reader->from_server(message, kept);
        return *this;
    }
    std::vector<Call>& end(Status status = Status::Cancelled, ErrorType type = ErrorType::Cancelled) {
        reader->end({status, type, "over"}, kept);
        EXPECT_EQ(kept.open(), 0u);
        reader->describe(call);
        return kept.calls;
    }
    Call call;
    Kept kept;
    std::unique_ptr<SessionReader> reader;
};

TEST(Realtime, IsFoundByPath) {
    Session azure("/openai/realtime", "api-version=2025-04-01-preview&deployment=my%20voice&api-key=secret");
    ASSERT_TRUE(azure.reader);
    EXPECT_EQ(azure.call.name, "realtime my voice");
    EXPECT_EQ(azure.call.model.requested, "my voice");
    EXPECT_TRUE(Session("/openai/v1/realtime").reader);
    EXPECT_TRUE(Session("/v1/responses").reader);
    EXPECT_TRUE(
        Session("/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent").reader);
    EXPECT_TRUE(Session("/ws/google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent").reader);
    EXPECT_FALSE(Session("/v1/chat/completions").reader);
    EXPECT_FALSE(Session("/").reader);
}

std::string created(int id) {
    return R"({"type":"response.created","response":{"id":"r)" + std::to_string(id) + R"("}})";
}
std::string done(int id) {
    return R"({"type":"response.done","response":{"id":"r)" + std::to_string(id) +
           R"(","status":"completed","output":[],"usage":{"input_tokens":1,"output_tokens":2}}})";
}

TEST(Realtime, AnEndThatIsToldTwiceIsTheEndOfOneCall) {
    Session session;
    session.server(created(1)).server(done(1)).server(done(1));
    session.client(R"({"type":"response.create"})").server(done(1)).server(created(2)).server(done(2));
    constexpr const char* kTranscribed =
        R"({"type":"conversation.item.input_audio_transcription.completed","item_id":"i1","content_index":0,
        "transcript":"Hi","usage":{"type":"tokens","input_tokens":3,"output_tokens":1,"total_tokens":4}})";
    session.server(kTranscribed).server(kTranscribed);
    const std::vector<Call>& calls = session.end();
    ASSERT_EQ(calls.size(), 3u);
    EXPECT_EQ(calls[0].response.id, "r1");
    EXPECT_EQ(calls[1].response.id, "r2");
    EXPECT_EQ(calls[1].usage.output_tokens, 2);
    EXPECT_EQ(calls[2].kind, Kind::Transcription);
    EXPECT_EQ(session.reader->left_out(), 0);
}

TEST(Realtime, ResponsesOfOneIdAreSeveralIfEachBegins) {
    Session session;
    for (int i = 0; i < 3; ++i) session.server(created(1)).server(created(1)).server(done(1)).server(done(1));
    EXPECT_EQ(session.end().size(), 3u);
    Session responses("/v1/responses", "");
    constexpr const char* kCompleted =
        R"({"type":"response.completed","response":{"id":"r1","status":"completed","output":[],
        "usage":{"input_tokens":3,"output_tokens":4}}})";
    for (int i = 0; i < 3; ++i) {
        responses.client(R"({"type":"response.create","model":"gpt-5","input":"hi"})");
        responses.server(created(1)).server(kCompleted).server(kCompleted);
    }
    ASSERT_EQ(responses.end().size(), 3u);
    for (const Call& call : responses.kept.calls) EXPECT_EQ(call.usage.output_tokens, 4);
}

TEST(Realtime, ResponsesBeyondTheBoundAreCounted) {
    Session session;
    for (int i = 0; i < 20'000; ++i) session.server(created(i));
    EXPECT_EQ(session.kept.begun, 256);
    EXPECT_EQ(session.reader->left_out(), 20'000 - 256);
    // What has an end is on the record, with its usage: those that were open, and others.
    for (int i = 0; i < 300; ++i) session.server(done(i));
    EXPECT_EQ(session.kept.calls.size(), 300u);
    for (const Call& call : session.kept.calls) EXPECT_EQ(call.usage.output_tokens, 2);
    EXPECT_EQ(session.reader->left_out(), 20'000 - 300);
    session.end();
    EXPECT_EQ(session.kept.begun, 300);
}

TEST(Realtime, AResponseThatEndsWhileTheBoundIsReachedIsRecorded) {
    Session session;
    for (int i = 0; i < 257; ++i) session.server(created(i));
    session.server(done(256));
    ASSERT_EQ(session.kept.calls.size(), 1u);
    EXPECT_EQ(session.kept.calls[0].response.id, "r256");
    EXPECT_EQ(session.reader->left_out(), 0);
}

TEST(Realtime, WhatWasAskedForBeyondTheBoundIsCountedOnce) {
    Session session;
    for (int i = 0; i < 300; ++i) session.client(R"({"type":"response.create"})");
    EXPECT_EQ(session.reader->left_out(), 44);
    for (int i = 0; i < 300; ++i) session.server(created(i));
    EXPECT_EQ(session.reader->left_out(), 44);
    for (int i = 0; i < 300; ++i) session.server(done(i));
    EXPECT_EQ(session.reader->left_out(), 0);
    EXPECT_EQ(session.end().size(), 300u);
}

TEST(Realtime, ASessionOfResponsesTakesAnEndOnce) {
    Session session("/v1/responses", "");
    constexpr const char* kAsk = R"({"type":"response.create","model":"gpt-5","input":"hi"})";
    constexpr const char* kDone =
        R"({"type":"response.completed","response":{"id":"r1","status":"completed","output":[],
        "usage":{"input_tokens":3,"output_tokens":4}}})";
    session.client(kAsk).client(kAsk).server(created(1)).server(kDone).server(kDone);
    const std::vector<Call>& calls = session.end();
    ASSERT_EQ(calls.size(), 2u);
    EXPECT_EQ(calls[0].usage.output_tokens, 4);
    EXPECT_EQ(calls[1].usage.output_tokens, std::nullopt);
    EXPECT_EQ(calls[1].status, Status::Cancelled);
}

// The names of the beta, as Azure's preview sends them.
TEST(Realtime, ReadsTheBeta) {
    Session session;
    session.server(
        R"({"type":"session.created","session":{"id":"sess_1","model":"gpt-4o-realtime-preview-2025-06-03",
        "input_audio_format":"g711_ulaw","output_audio_format":"pcm16","modalities":["text","audio"],
        "client_secret":{"value":"ek_SECRET"}}})");
    session.client(R"({"type":"input_audio_buffer.append","audio":"AAAAAAAAAAAAAAAAAAAAAA=="})");
    session.client(R"({"type":"input_audio_buffer.commit"})");
    session.server(R"({"type":"input_audio_buffer.committed","item_id":"i1"})");
    session.server(R"({"type":"conversation.item.created","item":{"id":"i1","type":"message","role":"user",
        "content":[{"type":"input_audio","transcript":null}]}})");
    session.server(R"({"type":"response.created","response":{"id":"resp_1"}})");
    session.server(
        R"({"type":"response.audio_transcript.delta","response_id":"resp_1","output_index":0,"delta":"Hel"})");
    session.server(
        R"({"type":"response.audio.delta","response_id":"resp_1","output_index":0,"delta":"AAAAAAAA"})");
    session.server(
        R"({"type":"response.done","response":{"id":"resp_1","status":"completed","output":[{"type":"message",
        "role":"assistant","content":[{"type":"audio","transcript":"Hello"}]}],"usage":{"total_tokens":30,"input_tokens":20,
        "output_tokens":10,"input_token_details":{"cached_tokens":5,"text_tokens":8,"audio_tokens":12},
        "output_token_details":{"text_tokens":4,"audio_tokens":6}}}})");
    const std::vector<Call>& calls = session.end();
    ASSERT_EQ(calls.size(), 1u);
    const Call& call = calls[0];
    EXPECT_EQ(call.status, Status::Success);
    EXPECT_EQ(session.kept.first_tokens, 1);
    EXPECT_EQ(call.request.messages.at(0).parts.at(0).value.text, R"({"bytes":16,"seconds":0.002})");
    EXPECT_EQ(call.request.messages.at(0).parts.at(0).mime, "audio/pcmu");
    EXPECT_EQ(call.response.messages.at(0).parts.at(0).text, "Hello");
    EXPECT_EQ(call.response.messages.at(0).parts.at(0).value.text, R"({"bytes":6,"seconds":0})");
    EXPECT_EQ(call.usage.input_tokens, 20);
    EXPECT_EQ(call.usage.audio_input_tokens, 12);
    EXPECT_EQ(call.usage.audio_output_tokens, 6);
    EXPECT_EQ(call.usage.cache_read_tokens, 5);
    EXPECT_EQ(session.call.trace.session_id, "sess_1");
    EXPECT_EQ(session.reader->settings().text.find("SECRET"), std::string::npos);
}

TEST(Realtime, ResponsesOutOfTheConversationRunSideBySide) {
    Session session;
    session.client(
        R"({"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"in it"}]}})");
    session.client(
        R"({"type":"response.create","event_id":"a","response":{"conversation":"none","input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"beside it"}]}]}})");
    session.client(R"({"type":"response.create","event_id":"b"})");
    EXPECT_EQ(session.kept.begun, 2);
    session.server(R"({"type":"response.created","response":{"id":"r_a"}})");
    session.server(R"({"type":"response.created","response":{"id":"r_b"}})");
    session.server(R"({"type":"response.output_text.delta","response_id":"r_b","delta":"B"})");
    session.server(R"({"type":"response.output_text.delta","response_id":"r_a","delta":"A"})");
    session.server(R"({"type":"response.output_text.delta","response_id":"unknown","delta":"?"})");
    session.server(R"({"type":"response.done","response":{"id":"r_b","status":"completed","output":[]}})");
    const std::vector<Call>& calls = session.end();
    ASSERT_EQ(calls.size(), 2u);
    EXPECT_EQ(calls[0].response.id, "r_b");
    EXPECT_EQ(calls[0].request.messages.at(0).parts.at(0).text, "in it");
    EXPECT_EQ(calls[0].response.messages.at(0).parts.at(0).text, "B");
    EXPECT_EQ(calls[0].status, Status::Success);
    EXPECT_FALSE(calls[0].usage.input_tokens);
    EXPECT_EQ(calls[1].response.id, "r_a");
    EXPECT_EQ(calls[1].request.messages.at(0).parts.at(0).text, "beside it");
    EXPECT_EQ(calls[1].response.messages.at(0).parts.at(0).text, "A");
    EXPECT_EQ(calls[1].status, Status::Cancelled);
}

TEST(Realtime, ErrorsGoToWhatTheyRefuse) {
    Session session;
    session.client(R"({"type":"response.create","event_id":"a"})");
    session.server(R"({"type":"response.created","response":{"id":"r_a"}})");
    session.client(R"({"type":"response.create","event_id":"b"})");
    session.server(
        R"({"type":"error","error":{"type":"invalid_request_error","code":"unknown_item","message":"no such item","event_id":"other"}})");
    EXPECT_TRUE(session.kept.calls.empty());
    session.server(
        R"({"type":"error","error":{"type":"invalid_request_error","code":"conversation_already_has_active_response","message":"for sk-proj-SECRET0123456789","event_id":"b"}})");
    ASSERT_EQ(session.kept.calls.size(), 1u);
    EXPECT_EQ(session.kept.calls[0].error.message, "for ***");
    EXPECT_EQ(session.kept.calls[0].error.type, ErrorType::InvalidRequest);
    session.server(
        R"({"type":"error","error":{"type":"invalid_request_error","code":"session_expired","message":"Your session hit the maximum duration of 60 minutes."}})");
    session.call.status = Status::Failure;
    session.call.error.type = ErrorType::Connection;
    const std::vector<Call>& calls = session.end(Status::Failure, ErrorType::Connection);
    EXPECT_EQ(calls.at(1).error.type, ErrorType::Connection);
    EXPECT_EQ(session.call.error.provider_code, "session_expired");
    EXPECT_EQ(session.reader->errors(), 3);
}

TEST(Realtime, CredentialsOfToolsAreNotKept) {
    Session session;
    session.client(
        R"({"type":"session.update","session":{"tools":[{"type":"mcp","server_url":"https://x","authorization":"SECRETtoken"}]}})");
    session.client(
        R"({"type":"response.create","response":{"tools":[{"type":"mcp","server_url":"https://x","headers":{"X-Key":"SECRETheader"}}]}})");
    session.client(R"({"type":"response.create"})");
    const std::vector<Call>& calls = session.end();
    for (const Call& call : calls) {
        EXPECT_NE(call.request.tools.text.find("***"), std::string::npos);
        EXPECT_EQ(call.request.tools.text.find("SECRET"), std::string::npos) << call.request.tools.text;
    }
    EXPECT_EQ(session.reader->hidden(), 2);
}

TEST(Realtime, TranscriptionsHaveTheirOwnEndings) {
    Session session;
    session.client(
        R"({"type":"session.update","session":{"type":"transcription","audio":{"input":{"transcription":{"model":"gpt-4o-mini-transcribe"}}}}})");
    session.server(
        R"({"type":"conversation.item.input_audio_transcription.failed","item_id":"i1","error":{"type":"transcription_error","code":"audio_unintelligible","message":"not understood"}})");
    session.server(
        R"({"type":"conversation.item.input_audio_transcription.delta","item_id":"i2","delta":"Good"})");
    const std::vector<Call>& calls = session.end();
    ASSERT_EQ(calls.size(), 2u);
    EXPECT_EQ(calls[0].kind, Kind::Transcription);
    EXPECT_EQ(calls[0].model.requested, "gpt-4o-mini-transcribe");
    EXPECT_EQ(calls[0].status, Status::Failure);
    EXPECT_EQ(calls[0].error.provider_code, "audio_unintelligible");
    EXPECT_EQ(calls[1].status, Status::Cancelled);
}

TEST(Realtime, NothingThatComesBreaksIt) {
    for (const std::string_view path : {"/v1/realtime", "/v1/responses", "/ws/BidiGenerateContent"}) {
        Session session(path);
        for (const std::string_view message :
             {"",
              "null",
              "[]",
              "{}",
              "{",
              "\xff\xfe",
              R"({"type":7})",
              R"({"type":"response.done"})",
              R"({"type":"response.created"})",
              R"({"type":"response.created","response":{"id":7}})",
              R"({"type":"response.output_text.delta","delta":[]})",
              R"({"type":"conversation.item.added","item":null})",
              R"({"type":"conversation.item.create"})",
              R"({"type":"response.create","response":"no"})",
              R"({"type":"error"})",
              R"({"type":"error","error":"words"})",
              R"({"setup":7})",
              R"({"setup":{"model":""}})",
              R"({"clientContent":{"turns":7,"turnComplete":true}})",
              R"({"toolResponse":{"functionResponses":{}}})",
              R"({"serverContent":{"turnComplete":true}})",
              R"({"serverContent":{"modelTurn":{"parts":"x"}}})",
              R"({"toolCall":{"functionCalls":7}})",
              R"({"usageMetadata":7})",
              R"({"type":"rate_limits.updated","rate_limits":[{"name":"tokens","reset_seconds":1e300}]})"}) {
            session.client(message);
            session.server(message);
        }
        EXPECT_TRUE(session.reader->malformed());
        for (int i = 0; i < 1000; ++i) session.client(R"({"type":"response.create"})");
        EXPECT_LE(session.kept.open(), 256u);
        session.end(Status::Interrupted);
    }
}

TEST(Live, ATurnHasItsWordsAndItsUsage) {
    Session session("/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent",
                    "key=AIzaSECRET");
    session.client(
        R"({"setup":{"model":"models/gemini-live-2.5-flash","systemInstruction":{"parts":[{"text":"Be kind."}]},
        "generationConfig":{"responseModalities":["AUDIO"]}}})");
    session.server(R"({"setupComplete":{"sessionId":"s-1"}})");
    session.client(R"({"realtimeInput":{"audio":{"mimeType":"audio/pcm;rate=16000","data":"AAAA"}}})");
    session.server(R"({"serverContent":{"inputTranscription":{"text":"Hello there"}}})");
    EXPECT_EQ(session.kept.begun, 0);
    session.server(
        R"({"serverContent":{"modelTurn":{"parts":[{"inlineData":{"mimeType":"audio/pcm;rate=24000","data":"AAAAAAAA"}}]}}})");
    EXPECT_EQ(session.kept.begun, 1);
    EXPECT_EQ(session.kept.first_tokens, 1);
    session.server(R"({"serverContent":{"outputTranscription":{"text":"Good "}}})");
    session.server(R"({"serverContent":{"outputTranscription":{"text":"day."}}})");
    session.server(
        R"({"serverContent":{"turnComplete":true},"usageMetadata":{"promptTokenCount":40,"responseTokenCount":25,
        "totalTokenCount":65,"promptTokensDetails":[{"modality":"TEXT","tokenCount":8},{"modality":"AUDIO","tokenCount":32}],
        "responseTokensDetails":[{"modality":"AUDIO","tokenCount":25}]}})");
    ASSERT_EQ(session.kept.calls.size(), 1u);
    session.client(
        R"({"toolResponse":{"functionResponses":[{"id":"f1","name":"f","response":{"ok":true}}]}})");
    session.server(R"({"serverContent":{"modelTurn":{"parts":[{"text":"Half a"}]}}})");
    const std::vector<Call>& calls = session.end(Status::Failure, ErrorType::Connection);
    const Call& first = calls.at(0);
    EXPECT_EQ(first.status, Status::Success);
    EXPECT_EQ(first.model.requested, "gemini-live-2.5-flash");
    EXPECT_EQ(first.request.system, "Be kind.");
    EXPECT_EQ(first.request.messages.at(0).parts.at(0).text, "Hello there");
    EXPECT_EQ(first.request.messages.at(0).parts.at(0).value.text, R"({"bytes":3,"seconds":0})");
    EXPECT_EQ(first.response.messages.at(0).parts.at(0).text, "Good day.");
    EXPECT_EQ(first.usage.input_tokens, 40);
    EXPECT_EQ(first.usage.output_tokens, 25);
    EXPECT_EQ(first.usage.audio_input_tokens, 32);
    EXPECT_EQ(first.usage.audio_output_tokens, 25);
    EXPECT_EQ(calls.at(1).request.messages.at(0).parts.at(0).type, PartType::ToolResult);
    EXPECT_EQ(calls.at(1).status, Status::Partial);
    EXPECT_EQ(session.call.trace.session_id, "s-1");
}

}  // namespace
}  // namespace steno::providers
