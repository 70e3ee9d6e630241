#include "evaluation/replay.hpp"

#include <gtest/gtest.h>

namespace steno::evaluation {
namespace {

Call chat(std::string body, std::string path = "/v1/chat/completions") {
    Call call;
    call.kind = Kind::Chat;
    call.provider.name = "openai";
    call.provider.endpoint.path = std::move(path);
    call.raw.request = std::move(body);
    return call;
}

std::string changed(const Call& call, const ReplayRequest& change) {
    const auto result = change_request(call, change);
    return result ? result->body : result.error().message;
}

TEST(ChangeRequest, SetsModelParametersAndPromptAndDropsStreaming) {
    const Call call = chat(
        R"({"model":"a","stream":true,"stream_options":{"include_usage":true},"temperature":1,"messages":[{"role":"system","content":"s"},{"role":"user","content":"old"},{"role":"assistant","content":"x"}]})");
    ReplayRequest change;
    change.model = "b";
    change.prompt = "new";
    change.set = {{"temperature", "0.2"}, {"reasoning_effort", "low"}};
    EXPECT_EQ(
        changed(call, change),
        R"({"model":"b","messages":[{"role":"system","content":"s"},{"role":"user","content":"new"},{"role":"assistant","content":"x"}],"temperature":2E-1,"reasoning_effort":"low"})");
    change = {};
    change.set = {{"temperature", "null"}};
    EXPECT_EQ(changed(call, change).find("temperature"), std::string::npos);
}

TEST(ChangeRequest, ReplacesTheSystemTextWhereverItStands) {
    const auto with = [](const char* text) {
        ReplayRequest change;
        change.system = text;
        return change;
    };
    const char* const chat_body =
        R"({"messages":[{"role":"developer","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},{"role":"user","content":"u"}]})";
    EXPECT_EQ(
        changed(chat(chat_body), with("new")),
        R"({"messages":[{"role":"developer","content":[{"type":"text","text":"new"}]},{"role":"user","content":"u"}]})");
    EXPECT_EQ(changed(chat(chat_body), with("")), R"({"messages":[{"role":"user","content":"u"}]})");
    EXPECT_EQ(changed(chat(R"({"messages":[]})"), with("new")),
              R"({"messages":[{"role":"system","content":"new"}]})");
    EXPECT_EQ(changed(chat(R"({"messages":[]})", "/v1/messages"), with("new")),
              R"({"messages":[],"system":"new"})");
    EXPECT_EQ(
        changed(chat(R"({"system":[{"type":"text","text":"old","cache_control":{"type":"ephemeral"}}]})",
                     "/v1/messages"),
                with("new")),
        R"({"system":[{"type":"text","text":"new","cache_control":{"type":"ephemeral"}}]})");
    EXPECT_EQ(changed(chat(R"({"input":"u","instructions":"old"})", "/v1/responses"), with("new")),
              R"({"input":"u","instructions":"new"})");
    EXPECT_EQ(changed(chat(R"({"contents":[]})", "/v1beta/models/m:generateContent"), with("new")),
              R"({"contents":[],"systemInstruction":{"parts":[{"text":"new"}]}})");
    EXPECT_EQ(changed(chat(R"({"messages":[]})", "/model/m/converse"), with("new")),
              R"({"messages":[],"system":[{"text":"new"}]})");
}

TEST(ChangeRequest, TakesAnotherBodyAndChangesThat) {
    ReplayRequest change;
    change.body = R"({"model":"b","stream":true,"messages":[{"role":"user","content":"x"}]})";
    change.prompt = "y";
    EXPECT_EQ(changed(chat(R"({"model":"a","messages":[]})"), change),
              R"({"model":"b","messages":[{"role":"user","content":"y"}]})");
    change.body = "[]";
    EXPECT_EQ(changed(chat("{}"), change),
              "the given request is no JSON object, so nothing can be changed in it");
}

TEST(ChangeRequest, SetsWhatStandsBesideGeminisConfigurationThere) {
    ReplayRequest change;
    change.set = {{"safetySettings", "[]"}, {"temperature", "1"}};
    EXPECT_EQ(
        changed(chat(R"({"contents":[],"safetySettings":[1]})", "/v1beta/models/m:generateContent"), change),
        R"({"contents":[],"safetySettings":[],"generationConfig":{"temperature":1}})");
}

TEST(ChangeRequest, KeepsImagesWhenTheTextOfAListIsReplaced) {
    const Call call = chat(
        R"({"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"u"}},{"type":"text","text":"b"}]}]})");
    EXPECT_EQ(
        changed(call, {.model = {}, .set = {}, .prompt = "new"}),
        R"({"messages":[{"role":"user","content":[{"type":"text","text":"new"},{"type":"image_url","image_url":{"url":"u"}}]}]})");
}

TEST(ChangeRequest, KnowsGeminisPathAndParameterNames) {
    Call call = chat(R"({"contents":[{"role":"user","parts":[{"text":"a"}]}]})",
                     "/v1beta/models/gemini-2.5-flash:streamGenerateContent");
    ReplayRequest change;
    change.model = "gemini-2.5-pro";
    change.prompt = "new";
    change.set = {{"max_tokens", "5"}};
    const auto result = change_request(call, change);
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->path, "/v1beta/models/gemini-2.5-pro:generateContent");
    EXPECT_EQ(
        result->body,
        R"({"contents":[{"role":"user","parts":[{"text":"new"}]}],"generationConfig":{"maxOutputTokens":5}})");
}

TEST(ChangeRequest, ResponsesInputMayBeAStringOrItems) {
    EXPECT_EQ(changed(chat(R"({"input":"a"})", "/v1/responses"), {.model = {}, .set = {}, .prompt = "new"}),
              R"({"input":"new"})");
    EXPECT_EQ(changed(chat(R"({"input":[{"role":"user","content":[{"type":"input_text","text":"a"}]}]})",
                           "/v1/responses"),
                      {.model = {}, .set = {}, .prompt = "new"}),
              R"({"input":[{"role":"user","content":[{"type":"input_text","text":"new"}]}]})");
}

TEST(ChangeRequest, SaysWhyItCannot) {
    EXPECT_NE(changed(chat(""), {}).find("not kept"), std::string::npos);
    EXPECT_NE(changed(chat("[1]"), {}).find("no JSON object"), std::string::npos);
    EXPECT_NE(
        changed(chat(R"({"messages":[]})"), {.model = {}, .set = {}, .prompt = "x"}).find("no user message"),
        std::string::npos);
    ReplayRequest change;
    change.set = {{"stream", "true"}};
    EXPECT_NE(changed(chat("{}"), change).find("cannot be set"), std::string::npos);
    Call held_a_key = chat("{}");
    held_a_key.privacy.masked["credential"] = 1;
    EXPECT_NE(changed(held_a_key, {}).find("credential"), std::string::npos);
    Call embedding = chat("{}");
    embedding.kind = Kind::Embedding;
    EXPECT_NE(changed(embedding, {}).find("cannot be replayed"), std::string::npos);
}

TEST(Similarity, IsOneForTheSameZeroForNothingInCommon) {
    EXPECT_EQ(similarity("a b c", "a b  c"), 1.0);
    EXPECT_EQ(similarity("a b", "c d"), 0.0);
    EXPECT_DOUBLE_EQ(similarity("the meeting is at ten", "the meeting is at noon"), 0.8);
    EXPECT_EQ(similarity("", ""), 1.0);
    EXPECT_EQ(similarity("", "a"), 0.0);
}

Message assistant(std::string text) {
    Part part;
    part.text = std::move(text);
    Message message;
    message.role = "assistant";
    message.parts.push_back(std::move(part));
    return message;
}

class EchoCaller final : public ModelCaller {
  public:
    Result<Call> call(const Request& request) override {
        Call call = request.context;
        call.response.messages = {assistant("at ten o'clock")};
        call.cost.total = Decimal::parse("0.5");
        call.cost.currency = "USD";
        call.time.duration = Duration{2'000'000};
        return call;
    }
};

TEST(Replay, LinksToTheOriginalAndComparesExactly) {
    Call original = chat(R"({"messages":[{"role":"user","content":"when?"}]})");
    SeededRandom random(1);
    original.id = Uuid::random(random);
    original.trace.session_id = "s-1";
    original.response.messages = {assistant("at ten")};
    original.cost.total = Decimal::parse("0.75");
    original.cost.currency = "USD";
    original.time.duration = Duration{5'000'000};
    EchoCaller caller;
    const auto outcome = replay(caller, original, {});
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_EQ(outcome->replay.replay.of, original.id.to_string());
    EXPECT_EQ(outcome->replay.trace.session_id, "s-1");
    EXPECT_DOUBLE_EQ(*outcome->comparison.similarity, 0.8);
    EXPECT_EQ(outcome->comparison.cost_delta->to_short_string(), "-0.25");
    EXPECT_EQ(outcome->comparison.latency_delta->nanos, -3'000'000);
}

}  // namespace
}  // namespace steno::evaluation
