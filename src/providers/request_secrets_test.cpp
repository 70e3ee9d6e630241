#include "providers/request_secrets.hpp"

#include "providers/exchange_for_test.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace steno::providers {
namespace {

std::string masked(const Headers& headers, std::string_view query, std::string text) {
    const RequestView request{"POST", "/v1/x", query, Exchange::lookup(headers), {}, Exchange::walk(headers)};
    return RequestSecrets(request).without_secrets(std::move(text));
}

TEST(RequestSecrets, AreTheValuesOfAllTellingHeaders) {
    for (const char* name : {"authorization", "Proxy-Authorization", "x-api-key", "API-Key", "x-goog-api-key",
                             "Ocp-Apim-Subscription-Key", "x-litellm-api-key", "X-Auth-Token",
                             "x-client-secret", "cf-access-jwt-assertion", "x-amz-security-token"}) {
        EXPECT_EQ(masked({{name, "sk-0123456789"}}, "", "key sk-0123456789, again sk-0123456789"),
                  "key ***, again ***")
            << name;
        EXPECT_EQ(masked({{name, "Bearer sk-0123456789"}}, "", "Bearer sk-0123456789!"), "Bearer ***!")
            << name;
    }
    EXPECT_EQ(masked({{"sec-websocket-protocol", "realtime, openai-insecure-api-key.sk-0123456789"}}, "",
                     "realtime: sk-0123456789"),
              "realtime: ***");
    EXPECT_EQ(masked({{"content-type", "application/json"}, {"x-steno-user-token", "customer-7"}}, "",
                     "customer-7 sent application/json"),
              "customer-7 sent application/json");
}

TEST(RequestSecrets, AreThePartsOfAPresignedQuery) {
    EXPECT_EQ(masked({},
                     "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20261121T000000Z&X-Amz-Expires=300&"
                     "X-Amz-Credential=AKIAEXAMPLE%2F20261121%2Feu-west-1%2Fbedrock%2Faws4_request&"
                     "X-Amz-Security-Token=IQoJb3JpZ2luX2Vj&X-Amz-Signature=0a1b2c3d4e5f",
                     "0a1b2c3d4e5f IQoJb3JpZ2luX2Vj AKIAEXAMPLE/20261121/eu-west-1/bedrock/aws4_request "
                     "AWS4-HMAC-SHA256 20261121T000000Z"),
              "*** *** *** AWS4-HMAC-SHA256 20261121T000000Z");
}

TEST(RequestSecrets, AreInEveryFieldOfANameAndEveryElementOfAList) {
    const Headers headers{
        {"authorization", "Bearer first-key-1"},
        {"authorization", "Bearer second-key-2"},
        {"x-api-key", "third-key-3, fourth-key-4"},
        {"authorization", "AWS4-HMAC-SHA256 Credential=AKIA/2026/x, Signature=\"0a1b2c3d4e\""}};
    EXPECT_EQ(
        masked(headers, "",
               "first-key-1 second-key-2 third-key-3 fourth-key-4 AKIA/2026/x 0a1b2c3d4e AWS4-HMAC-SHA256"),
        "*** *** *** *** *** *** AWS4-HMAC-SHA256");
}

TEST(RequestSecrets, AreAllValuesOfCookies) {
    const Headers headers{{"Cookie", "sid=abcdefgh1; theme=dark; t=\"quoted-1234\"; p=a%20bcdefgh"},
                          {"cookie", "other=ijklmnop2"}};
    EXPECT_EQ(
        masked(headers, "", "sid=abcdefgh1; theme=dark; quoted-1234 p=a%20bcdefgh a bcdefgh other=ijklmnop2"),
        "sid=***; theme=dark; *** p=*** *** other=***");
}

TEST(RequestSecrets, AreUserAndPasswordOfBasic) {
    // "frank:correct-horse"
    EXPECT_EQ(masked({{"Authorization", "Basic ZnJhbms6Y29ycmVjdC1ob3JzZQ=="}}, "",
                     "ZnJhbms6Y29ycmVjdC1ob3JzZQ== is frank:correct-horse or correct-horse, not frank"),
              "*** is *** or ***, not frank");
    EXPECT_EQ(masked({{"Authorization", "Basic !"}}, "", "Basic !"), "Basic !");
}

TEST(RequestSecrets, AreInTheQueryRawAndDecoded) {
    for (const char* name :
         {"key", "api_key", "api-key", "access_token", "token", "sig", "api%5Fkey", "KEY"}) {
        EXPECT_EQ(masked({}, "alt=ssessssse&" + std::string(name) + "=abc%2Fdefgh%3d&x=1",
                         "alt=ssessssse abc%2Fdefgh%3d abc/defgh= abc\\/defgh="),
                  "alt=ssessssse *** *** ***")
            << name;
    }
    EXPECT_EQ(masked({}, "key&key=&=longenough&&key=short", "key longenough short"), "key longenough short");
}

TEST(RequestSecrets, AreFoundAsJsonWritesThem) {
    EXPECT_EQ(masked({{"x-api-key", "a/b\"c\\d/efgh"}}, "", R"({"m":"a/b\"c\\d/efgh a\/b\"c\\d\/efgh"})"),
              R"({"m":"*** ***"})");
}

TEST(RequestSecrets, TheLongerOneCountsWhereOneBeginsWithAnother) {
    EXPECT_EQ(
        masked({{"x-api-key", "12345678"}, {"api-key", "123456789abc"}}, "", "123456789abc 12345678x1234567"),
        "*** ***x1234567");
}

TEST(RequestSecrets, AreLookedUpByWellKnownNamesWithoutAWalk) {
    const Headers headers{{"Ocp-Apim-Subscription-Key", "sub-key-1"}, {"Cookie", "a=cookie-value"}};
    const RequestView request{"POST", "/", "", Exchange::lookup(headers), {}};
    EXPECT_EQ(RequestSecrets(request).without_secrets("sub-key-1 cookie-value"), "*** ***");
    EXPECT_EQ(RequestSecrets(RequestView{}).without_secrets("text"), "text");
}

RC_GTEST_PROP(RequestSecrets, LeaveNoneInTheTextAndNothingElseOut, ()) {
    const auto key =
        rc::gen::suchThat(rc::gen::container<std::string>(rc::gen::element('a', 'b', 'c')),
                          [](const std::string& k) { return k.size() >= RequestSecrets::kMinSecret; });
    const auto keys = *rc::gen::resize(30, rc::gen::container<std::vector<std::string>>(key));
    Headers headers;
    for (const std::string& one : keys) headers.emplace("x-api-key", one);
    const auto words =
        *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>("x", " y ", "KEY", "ab"));
    std::string text;
    std::string expected;
    for (const std::string& word : words) {
        const bool secret = word == "KEY" && !keys.empty();
        text += secret ? "<" + *rc::gen::elementOf(keys) + ">" : "-" + word;
        expected += secret ? "<***>" : "-" + word;
    }
    RC_ASSERT(masked(headers, "", text) == expected);
}

TEST(RequestSecrets, AreNotInTheErrorNorItsTypeAndCode) {
    Exchange exchange;
    exchange.status = 401;
    exchange.request_headers = {{"Cookie", "session=cookie-secret"}, {"x-litellm-api-key", "litellm-secret"}};
    exchange.response_body =
        R"({"error":{"message":"no cookie-secret","type":"bad litellm-secret","code":"litellm-secret"}})";
    const Call call = exchange.read();
    EXPECT_EQ(call.error.message, "no ***");
    EXPECT_EQ(call.error.provider_type, "bad ***");
    EXPECT_EQ(call.error.provider_code, "***");
    EXPECT_EQ(call.error.type, ErrorType::Authentication);
}

TEST(RequestSecrets, AreNotInTheShortFactsOfTheAnswer) {
    Exchange exchange;
    exchange.request_headers = {{"x-api-key", "litellm-secret"}};
    exchange.response_headers = {{"x-request-id", "id litellm-secret"}, {"openai-version", "litellm-secret"}};
    for (const int status : {200, 500}) {
        exchange.status = status;
        exchange.response_body =
            R"({"id":"litellm-secret","model":"m-litellm-secret","choices":[{"message":{"content":"litellm-secret"}}]})";
        const Call call = exchange.read();
        EXPECT_EQ(call.provider.request_id, "id ***");
        EXPECT_EQ(call.provider.api_version, "***");
        EXPECT_EQ(call.error.advice.find("litellm-secret"), std::string::npos);
        if (status == 200) {
            EXPECT_EQ(call.response.id, "***");
            EXPECT_EQ(call.model.served, "m-***");
        }
    }
}

TEST(RequestSecrets, AreNotLeftInHalfWhereAPageIsCutShort) {
    Exchange exchange;
    exchange.status = 502;
    exchange.request_headers = {{"x-api-key", std::string(1000, 'k') + "0123456789"}};
    for (const std::size_t before : {std::size_t{295}, std::size_t{700}}) {
        exchange.response_body = std::string(before, 'a') + " " + exchange.request_headers.begin()->second;
        EXPECT_EQ(exchange.read().error.message.find('k'), std::string::npos) << before;
    }
}

TEST(Preview, StaysEmptyWherePayloadsAreNotKept) {
    Call call;
    Message& message = call.request.messages.emplace_back();
    message.role = "user";
    message.parts.emplace_back().text = "a question";
    fill_preview(call);
    EXPECT_EQ(call.preview.prompt, "a question");
    call.privacy.full_data = false;
    fill_preview(call);
    EXPECT_EQ(call.preview.prompt, "");
    EXPECT_EQ(call.preview.answer, "");
    call.privacy.full_data = true;
    fill_preview(call);
    EXPECT_EQ(call.preview.prompt, "a question");
}

}  // namespace
}  // namespace steno::providers
