#include "providers/exchange_for_test.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace steno::providers {
namespace {

Result<std::string> edited(const Exchange& exchange, const RequestEdit& edit,
                           const std::vector<RequestEdit>& others = {}) {
    const RequestView request{exchange.method,       exchange.path,
                              exchange.query,        Exchange::lookup(exchange.request_headers),
                              exchange.request_body, Exchange::walk(exchange.request_headers)};
    return find_provider(exchange.upstream).provider().edit_request(request, edit, others);
}

/// The body, or why not.
std::string body_of(std::string upstream, std::string path, std::string body, const RequestEdit& edit) {
    Exchange exchange;
    exchange.upstream = std::move(upstream);
    exchange.path = std::move(path);
    exchange.request_body = std::move(body);
    const auto out = edited(exchange, edit);
    return out ? *out : "not: " + out.error().message;
}
std::string chat(std::string body, const RequestEdit& edit) {
    return body_of("openai", "/v1/chat/completions", std::move(body), edit);
}
std::string responses(std::string body, const RequestEdit& edit) {
    return body_of("openai", "/v1/responses", std::move(body), edit);
}
std::string messages(std::string body, const RequestEdit& edit) {
    return body_of("anthropic", "/v1/messages", std::move(body), edit);
}
std::string gemini(std::string body, const RequestEdit& edit) {
    return body_of("gemini", "/v1beta/models/gemini-2.5-flash:generateContent", std::move(body), edit);
}

RequestEdit model_and_numbers() {
    return {.model = "n", .temperature = 0.25, .top_p = 1, .top_k = 40, .token_limit = 1'000'000};
}
RequestEdit texts(std::vector<RequestEdit::Text> texts) {
    return {.texts = std::move(texts)};
}

TEST(EditRequest, AnEmptyEditChangesNoByte) {
    const std::string body =
        "{ \"model\":\"m\" , \"messages\":[{\"role\":\"user\",\"content\":\"h\\u00e9\"}]}\n";
    EXPECT_EQ(chat(body, {}), body);
    EXPECT_EQ(messages(body, {}), body);
    EXPECT_EQ(gemini(body, {}), body);
    EXPECT_EQ(responses(body, {}), body);
}

TEST(EditRequest, ModelAndNumbersAsEachLanguageNamesThem) {
    EXPECT_EQ(chat(R"({"model": "m","temperature":1.0,"messages":[]})", model_and_numbers()),
              R"({"max_completion_tokens":1000000,"top_p":1,"model": "n","temperature":0.25,"messages":[]})");
    EXPECT_EQ(body_of("groq", "/v1/chat/completions", R"({"model":"m","top_k":1})", model_and_numbers()),
              R"({"max_tokens":1000000,"temperature":0.25,"top_p":1,"model":"n","top_k":40})");
    EXPECT_EQ(responses(R"({"model":"m","input":"i"})", model_and_numbers()),
              R"({"max_output_tokens":1000000,"temperature":0.25,"top_p":1,"model":"n","input":"i"})");
    EXPECT_EQ(messages(R"({"model":"m","max_tokens":9})", model_and_numbers()),
              R"({"temperature":0.25,"top_p":1,"top_k":40,"model":"n","max_tokens":1000000})");
    RequestEdit without_model = model_and_numbers();
    without_model.model.clear();
    EXPECT_EQ(
        gemini(R"({"contents":[]})", without_model),
        R"({"generationConfig":{"maxOutputTokens":1000000,"temperature":0.25,"topP":1,"topK":40},"contents":[]})");
    EXPECT_EQ(gemini(R"({"generation_config":{"temperature":1}})", without_model),
              R"({"generation_config":{"maxOutputTokens":1000000,"topP":1,"topK":40,"temperature":0.25}})");
}

TEST(EditRequest, ATokenLimitStaysUnderTheNameThatTheClientGaveIt) {
    EXPECT_EQ(chat(R"({"max_tokens":5})", {.token_limit = 7}), R"({"max_tokens":7})");
    EXPECT_EQ(chat(R"({"max_completion_tokens":5})", {.token_limit = 7}), R"({"max_completion_tokens":7})");
    // But that newer models refuse the old name, and all take the new one.
    EXPECT_EQ(chat(R"({"max_tokens":5,"model":"m"})", {.model = "n"}),
              R"({"max_completion_tokens":5,"model":"n"})");
    EXPECT_EQ(chat(R"({"max_tokens":5,"model":"m"})", {.model = "n", .token_limit = 7}),
              R"({"max_completion_tokens":7,"model":"n"})");
    EXPECT_EQ(body_of("groq", "/v1/chat/completions", R"({"max_tokens":5,"model":"m"})", {.model = "n"}),
              R"({"max_tokens":5,"model":"n"})");
    EXPECT_EQ(
        gemini(R"({"generation_config":{"max_output_tokens":5,"top_k":1}})", {.top_k = 2, .token_limit = 7}),
        R"({"generation_config":{"max_output_tokens":7,"top_k":2}})");
}

/// One limit, and once, whichever of its two names client and variant know it by.
TEST(EditRequest, ATokenLimitIsNeverTwoOfThem) {
    constexpr const char* kBoth = R"({"max_tokens":5,"max_completion_tokens":6})";
    const auto groq = [](const char* body, const RequestEdit& edit) {
        return body_of("groq", "/v1/chat/completions", body, edit);
    };
    for (const auto& ask : {std::function<std::string(const char*, const RequestEdit&)>(chat), {groq}}) {
        EXPECT_EQ(ask(kBoth, {.token_limit = 7}), R"({"max_tokens":7,"max_completion_tokens":7})");
        for (const char* given : {R"({"max_tokens":9})", R"({"max_completion_tokens":9})"}) {
            const RequestEdit other{.parameters = given};
            EXPECT_EQ(ask(R"({"max_tokens":5})", other), R"({"max_tokens":9})");
            EXPECT_EQ(ask(R"({"max_completion_tokens":5})", other), R"({"max_completion_tokens":9})");
            EXPECT_EQ(ask(kBoth, other), R"({"max_tokens":9,"max_completion_tokens":9})");
            EXPECT_EQ(ask(R"({"max_tokens":5})", {.token_limit = 7, .parameters = given}),
                      R"({"max_tokens":7})");
            EXPECT_EQ(ask("{}", other), given);
        }
    }
    EXPECT_EQ(chat(R"({"max_tokens":5,"model":"m"})",
                   {.model = "n", .parameters = R"({"max_completion_tokens":9})"}),
              R"({"max_completion_tokens":9,"model":"n"})");
    EXPECT_EQ(chat(R"({"max_tokens":null})", {.token_limit = 7}),
              R"({"max_completion_tokens":7,"max_tokens":null})");
}

TEST(EditRequest, OtherParametersGoAsTheyAreButNotWhatTheClientAsksOrAwaits) {
    EXPECT_EQ(
        chat(R"({"model":"m","seed":1})",
             {.parameters =
                  R"({"seed":12345678901234567890,"reasoning_effort":"low","stream":true,"model":"x"})"}),
        R"({"reasoning_effort":"low","model":"m","seed":12345678901234567890})");
    EXPECT_EQ(chat(R"({"model":"m"})", {.temperature = 0.5, .parameters = R"({"temperature":1})"}),
              R"({"temperature":0.5,"model":"m"})");
}

TEST(EditRequest, APromptTakesThePlaceOfTheTextsThatAreThere) {
    EXPECT_EQ(chat(R"({"messages":[{"role":"developer","content":"old"},{"role":"user","content":"q"}]})",
                   texts({{"system", "new"}})),
              R"({"messages":[{"role":"developer","content":"new"},{"role":"user","content":"q"}]})");
    EXPECT_EQ(
        chat(R"({"messages":[{"role":"user","content":"q"}]})", texts({{"system", "a"}, {"user", "b"}})),
        R"({"messages":[{"role":"system","content":"a"},{"role":"user","content":"b"}]})");
    // What the client has more stays.
    EXPECT_EQ(
        chat(
            R"({"messages":[{"role":"system","content":"s"},{"role":"system","content":"facts"},{"role":"user","content":[{"type":"text","text":"q"},{"type":"image_url","image_url":{"url":"u"}}]},{"role":"assistant","content":null,"tool_calls":[]},{"role":"tool","content":"t"}]})",
            texts({{"system", "a"}, {"user", "b"}})),
        R"({"messages":[{"role":"system","content":"a"},{"role":"system","content":"facts"},{"role":"user","content":[{"type":"text","text":"b"},{"type":"image_url","image_url":{"url":"u"}}]},{"role":"assistant","content":null,"tool_calls":[]},{"role":"tool","content":"t"}]})");
    EXPECT_EQ(chat(R"({"messages":[]})", texts({{"system", "a"}})),
              R"({"messages":[{"role":"system","content":"a"}]})");
}

TEST(EditRequest, InResponsesTheSystemTextIsInstructionsOrTheFirstItems) {
    EXPECT_EQ(responses(R"({"instructions":"old","input":"q"})", texts({{"system", "a"}, {"user", "b"}})),
              R"({"instructions":"a","input":"b"})");
    EXPECT_EQ(responses(R"({"input":"q"})", texts({{"system", "a"}})), R"({"instructions":"a","input":"q"})");
    EXPECT_EQ(
        responses(
            R"({"input":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"input_text","text":"q"}]},{"type":"function_call_output","call_id":"1","output":"o"}]})",
            texts({{"system", "a"}, {"user", "b"}})),
        R"({"input":[{"role":"system","content":"a"},{"role":"user","content":[{"type":"input_text","text":"b"}]},{"type":"function_call_output","call_id":"1","output":"o"}]})");
    EXPECT_EQ(responses(R"({"previous_response_id":"r","input":"q"})", texts({{"system", "a"}})),
              R"({"instructions":"a","previous_response_id":"r","input":"q"})");
    EXPECT_EQ(responses(R"({"previous_response_id":"r","input":"q"})", texts({{"user", "b"}})),
              "not: the request goes on with a conversation that the provider keeps");
    EXPECT_EQ(responses(R"({"prompt":{"id":"p"}})", texts({{"system", "a"}})),
              "not: the request names a prompt that the provider keeps");
}

TEST(EditRequest, InMessagesTheSystemTextIsBesideThem) {
    EXPECT_EQ(messages(R"({"messages":[{"role":"user","content":"q"}]})",
                       texts({{"system", "a"}, {"system", "b"}, {"user", "c"}})),
              R"({"system":"a\n\nb","messages":[{"role":"user","content":"c"}]})");
    EXPECT_EQ(
        messages(
            R"({"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}},{"type":"text","text":"more"}],"messages":[{"role":"user","content":[{"type":"text","text":"q"}]},{"role":"assistant","content":[{"type":"tool_use"}]},{"role":"user","content":[{"type":"tool_result","content":"x"},{"type":"text","text":"go on"}]}]})",
            texts({{"system", "a"}, {"user", "b"}})),
        R"({"system":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}},{"type":"text","text":"more"}],"messages":[{"role":"user","content":[{"type":"text","text":"b"}]},{"role":"assistant","content":[{"type":"tool_use"}]},{"role":"user","content":[{"type":"tool_result","content":"x"},{"type":"text","text":"go on"}]}]})");
}

TEST(EditRequest, OfGeminiInItsOwnWords) {
    EXPECT_EQ(gemini(R"({"contents":[{"parts":[{"text":"q"}]}]})", texts({{"system", "a"}, {"user", "b"}})),
              R"({"systemInstruction":{"parts":[{"text":"a"}]},"contents":[{"parts":[{"text":"b"}]}]})");
    EXPECT_EQ(gemini(R"({"system_instruction":{"parts":{"text":"s"}},"contents":"q"})",
                     texts({{"system", "a"}, {"user", "b"}})),
              R"({"system_instruction":{"parts":{"text":"a"}},"contents":"b"})");
    EXPECT_EQ(gemini("{}", {.model = "n"}),
              "not: the model stands in the request's path, which is not edited");
}

TEST(EditRequest, IsNotDoneWhereItDoesNotFit) {
    EXPECT_EQ(
        chat(
            R"({"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"},{"role":"user","content":"and?"}]})",
            texts({{"user", "b"}})),
        "not: the conversation has gone on beyond the prompt");
    EXPECT_EQ(
        chat(R"({"messages":[{"role":"assistant","content":"q"}]})", texts({{"user", "b"}})),
        "not: where the prompt has a message of the role user, the request has one of the role assistant");
    EXPECT_EQ(chat(R"({"messages":[{"role":"user","content":"q"}]})", texts({{"user", "b"}, {"user", "c"}})),
              "not: the prompt has more messages than the request");
    EXPECT_EQ(
        chat(
            R"({"messages":[{"role":"user","content":[{"type":"text","text":"q"},{"type":"text","text":"r"}]}]})",
            texts({{"user", "b"}})),
        "not: a message that the prompt would take the place of has not one text");
    EXPECT_EQ(chat(R"({"model":"m"})", texts({{"user", "b"}})), "not: the request has no messages");
    EXPECT_EQ(chat("[]", {.model = "n"}), "not: the request's body is no JSON object");
    EXPECT_EQ(chat("{\"model\":\"\xff\"}", {.model = "n"}), "not: the request's body is not UTF-8");
    for (const char* twice :
         {R"({"model":"a","model":"b"})", R"({"model":"a","\u006dodel":"b"})",
          R"({"a":[{"x":[{"text":"a","type":"b","text":"c"}]}]})", R"({"a":{"":0,"b":1,"":0}})"}) {
        EXPECT_EQ(chat(twice, {.model = "n"}), "not: the request's body has a member twice");
        EXPECT_EQ(chat(twice, {}), "not: the request's body has a member twice");
    }
    EXPECT_EQ(chat(R"({"a":{"b":{"a":1}},"b":[{"a":1},{"a":1}],"A":1,"":2})", {}),
              R"({"a":{"b":{"a":1}},"b":[{"a":1},{"a":1}],"A":1,"":2})");
    EXPECT_EQ(body_of("openai", "/v1/embeddings", "{}", {.model = "n"}),
              "not: requests in this form cannot be edited");
    EXPECT_EQ(body_of("bedrock", "/model/m/converse", "{}", {.model = "n"}),
              "not: requests in this form cannot be edited");
    EXPECT_EQ(body_of("azure", "/openai/deployments/d/chat/completions", "{}", {.model = "n"}),
              "not: the model stands in the request's path, which is not edited");
}

/// Who is asked with one prompt and who with another must not be told apart by what their requests look like.
TEST(EditRequest, IsNotDoneWhereOneOfTheOthersWouldNotFit) {
    Exchange exchange;
    exchange.request_body = R"({"messages":[{"role":"user","content":"q"}]})";
    EXPECT_EQ(edited(exchange, {}, {texts({{"system", "a"}}), {.model = "n"}}).value(),
              exchange.request_body);
    const auto none = edited(exchange, {.model = "n"}, {texts({{"user", "b"}, {"user", "c"}})});
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().message, "the prompt has more messages than the request");
}

}  // namespace
}  // namespace steno::providers
