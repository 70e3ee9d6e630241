#include "providers/credentials.hpp"

#include "providers/json_view.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace steno::providers {
namespace {

struct Hidden {
    std::string body;
    std::int64_t count = 0;
    bool operator==(const Hidden&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Hidden& hidden) {
    return out << hidden.count << " in " << hidden.body;
}

Hidden hide(std::string_view body) {
    Hidden result;
    if (auto masked = hide_credentials(body, result.count)) result.body = std::move(*masked);
    return result;
}

const Hidden kNothing;

TEST(Credentials, OfMcpToolsOfOpenAiAreHidden) {
    EXPECT_EQ(
        hide(
            R"({"model":"m","tools":[{"type":"mcp","server_label":"s","authorization":"ya29.secret", "headers" : {"X-Key":"k1","n":7,"deep":[{"a":"b"},[1,2],[],true,null]},"require_approval":"never"}],"input":"hi"})"),
        (Hidden{
            R"({"model":"m","tools":[{"type":"mcp","server_label":"s","authorization":"***", "headers" : {"X-Key":"***","n":"***","deep":[{"a":"***"},"***",[],true,null]},"require_approval":"never"}],"input":"hi"})",
            5}));
}

TEST(Credentials, OfMcpServersOfAnthropicAreHidden) {
    EXPECT_EQ(
        hide(
            R"({"messages":[],"mcp_servers":[{"type":"url","url":"https://m","authorization_token":"t\"\\u"},{"authorization_token":null},{"authorization_token":"b"}]})"),
        (Hidden{
            R"({"messages":[],"mcp_servers":[{"type":"url","url":"https://m","authorization_token":"***"},{"authorization_token":null},{"authorization_token":"***"}]})",
            2}));
    // a batch holds whole requests
    EXPECT_EQ(hide(R"({"requests":[{"params":{"mcp_servers":[{"authorization_token":"b"}]}}]})"),
              (Hidden{R"({"requests":[{"params":{"mcp_servers":[{"authorization_token":"***"}]}}]})", 1}));
}

TEST(Credentials, OfDataSourcesOfAzureAreHidden) {
    EXPECT_EQ(
        hide(
            R"({"data_sources":[{"type":"azure_search","parameters":{"endpoint":"e","authentication":{"type":"api_key","key":"K"}}}]})"),
        (Hidden{
            R"({"data_sources":[{"type":"azure_search","parameters":{"endpoint":"e","authentication":{"type":"***","key":"***"}}}]})",
            2}));
}

TEST(Credentials, AreHiddenHoweverTheirNamesAreSpelled) {
    for (const char* name : {"authorization",
                             "Authorization",
                             "authorization_token",
                             "api_key",
                             "apiKey",
                             "api-key",
                             "API-KEY",
                             "azure_api_key",
                             "access_token",
                             "accessToken",
                             "refresh_token",
                             "client_secret",
                             "clientSecret",
                             "password",
                             "secret",
                             "aws_secret_access_key",
                             "aws_session_token",
                             "vertex_credentials",
                             "auth_token",
                             "bearerToken",
                             "x-security-token",
                             "secret_key",
                             "ACCESS_KEY",
                             "private-key",
                             "subscription-key",
                             "extra_headers",
                             "http_headers",
                             "headers",
                             "authentication",
                             "bearer",
                             "api key",
                             "api.key",
                             "api\\u005fkey",
                             "ap\\u0069Key",
                             "\\u0061pi_key",
                             "api_ke\\u0079",
                             "pas\\u0073word",
                             "\\u0070\\u0061\\u0073\\u0073\\u0077\\u006F\\u0072\\u0064",
                             "connection_string",
                             "Set-Cookie"}) {
        for (const char* colon : {":", " : ", "\r\n\t:\n"}) {
            const std::string before = std::string("{\"a\":1,\"") + name + "\"" + colon;
            EXPECT_EQ(hide(before + "\"sk-1\", \"z\":[\"sk-1\"]}"),
                      (Hidden{before + "\"***\", \"z\":[\"sk-1\"]}", 1}));
        }
    }
    EXPECT_EQ(hide(R"({"api_key":"a","api_key":"b"})"), (Hidden{R"({"api_key":"***","api_key":"***"})", 2}));
}

TEST(Credentials, AreNotWhatOnlyIsCalledSo) {
    for (
        const char* body :
        {R"({"tools":[{"type":"function","function":{"name":"log_in","parameters":{"type":"object","properties":{"password":{"type":"string","description":"d"},"headers":{"type":"object","properties":{"authorization":{"type":"string"}}},"authentication":{"enum":["a"]},"properties":{"type":"object"}},"required":["password"]}}}]})",
         R"({"tools":[{"name":"t","input_schema":{"$defs":{"headers":{"type":"string"}},"properties":{"api_key":true}}}]})",
         R"({"tools":[{"name":"t","parameter_definitions":{"headers":{"type":"str"},"password":{"type":"str"}}}]})",
         R"({"messages":[{"role":"user","content":"{\"password\": \"hunter2\"}"},{"role":"user","content":[{"type":"text","text":"t","password":"x"}]}]})",
         R"({"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"i","name":"log_in","input":{"password":"x","headers":{"a":"b"}}}],"tool_calls":[{"function":{"arguments":{"api_key":"x"}}}]}]})",
         R"({"contents":[{"parts":[{"functionCall":{"name":"f","args":{"password":"x"}}}]}]})",
         R"({"input":[{"role":"user","content":"c","secret":"x"}],"prompt":{"variables":{"password":"x"}}})",
         R"({"api_key":"","password":null,"secret":true,"client_secret":{"a":""},"headers":{},"authorization":"***"})",
         R"({"filters":{"type":"eq","key":"region","value":"eu-west-1"},"token":"a b","stop_token":"</s>"})",
         R"({"logprobs":[{"token":"tokenizer"}],"keyword":"k","text":"a \"password\": \"b\""})",
         R"({"a":{"dependentRequired":{"password":["headers"]}},"k\u00e9y":"v"})",
         R"({"prompt_cache_key":"k","max_tokens":"5","function":"f","safety_identifier":"s","keywords":"k"})",
         R"("password":)", R"(password=x&api_key=y)", "", ":", "\":", "on\":", "\"api_key\":"}) {
        EXPECT_EQ(hide(body), kNothing) << body;
    }
}

TEST(Credentials, LeaveEveryOtherByteAsItCame) {
    EXPECT_EQ(
        hide("{\"user\":\"\xff\xc3\xa9\xe2\x82\",\"api_key\":\"\xfe\xff\",\"n\":1.50e+01 , "
             "\"u\":\"\\u00e9\"}\n"),
        (Hidden{
            "{\"user\":\"\xff\xc3\xa9\xe2\x82\",\"api_key\":\"***\",\"n\":1.50e+01 , \"u\":\"\\u00e9\"}\n",
            1}));
}

TEST(Credentials, AreHiddenInObjectsAndLists) {
    EXPECT_EQ(
        hide(R"({"tools":[{"type":"mcp","authorization":{"token":"t-1","kind":["a",2]}}]})"),
        (Hidden{R"({"tools":[{"type":"mcp","authorization":{"token":"***","kind":["***","***"]}}]})", 3}));
    EXPECT_EQ(hide(R"({"headers":{"Authorization":["Bearer t-1","Bearer t-2"]}})"),
              (Hidden{R"({"headers":{"Authorization":["***","***"]}})", 2}));
    EXPECT_EQ(hide(R"({"api_key":["a"],"client_secret":{"value":"ek_1"},"password":12345678})"),
              (Hidden{R"({"api_key":["***"],"client_secret":{"value":"***"},"password":"***"})", 3}));
}

TEST(Credentials, OfNamesThatSayTooLittleAreKnownByTheirLooks) {
    EXPECT_EQ(hide(R"({"token":"abcdefgh1","key":"sk-0123456789abcdef","value":"ek_0123456789abcdef"})"),
              (Hidden{R"({"token":"***","key":"***","value":"***"})", 3}));
    EXPECT_EQ(hide(R"({"parameters":{"key":"0123456789abcdefghijABCDEFGHIJ0123456789"}})"),
              (Hidden{R"({"parameters":{"key":"***"}})", 1}));
    EXPECT_EQ(
        hide(R"({"key":"customers-of-the-northern-district","value":"0123456789abcdefghijABCDEFGHIJ"})"),
        kNothing);
}

TEST(Credentials, AreHiddenBehindAByteOrderMark) {
    EXPECT_EQ(hide("\xef\xbb\xbf{\"api_key\":\"a\"}"), (Hidden{"\xef\xbb\xbf{\"api_key\":\"***\"}", 1}));
    EXPECT_EQ(hide("\xef\xbb\xbf{\"api_key\":\"a\",\"u\":\"\xff\"}"),
              (Hidden{"\xef\xbb\xbf{\"api_key\":\"***\",\"u\":\"\xff\"}", 1}));
}

TEST(Credentials, AreHiddenInEachLine) {
    EXPECT_EQ(hide("{\"api_key\":\"a\"}\r\n\n{\"messages\":[{\"content\":[],\"password\":\"p\"}]}\n{"
                   "\"secret\":[\"b\"]}"),
              (Hidden{"{\"api_key\":\"***\"}\r\n\n{\"messages\":[{\"content\":[],\"password\":\"p\"}]}\n{"
                      "\"secret\":[\"***\"]}",
                      2}));
    EXPECT_EQ(hide("event: a\ndata: {\"client_secret\":{\"value\":\"a\"}}\n\ndata: [DONE]\n\n"),
              (Hidden{"event: a\ndata: {\"client_secret\":{\"value\":\"***\"}}\n\ndata: [DONE]\n\n", 1}));
}

TEST(Credentials, AreHiddenInWhatIsNotQuiteJson) {
    EXPECT_EQ(hide(R"({"password":"x")"), (Hidden{R"({"password":"***")", 1}));
    EXPECT_EQ(hide(R"({"password":"x)"), (Hidden{R"({"password":"***")", 1}));
    EXPECT_EQ(
        hide(R"({'a':1,"headers":{"a":"b","c":["d\"]",5,null],"e":{}},"x":"y","api_key":7,)"),
        (Hidden{R"({'a':1,"headers":{"a":"***","c":["***","***",null],"e":{}},"x":"y","api_key":"***",)",
                4}));
    EXPECT_EQ(hide("{\n  \"headers\": {\n    \"a\": \"b\"\n  },\n  \"key\": \"short\",\n}"),
              (Hidden{"{\n  \"headers\": {\n    \"a\": \"***\"\n  },\n  \"key\": \"short\",\n}", 1}));
    const std::string deep(100'000, '[');
    EXPECT_EQ(hide(deep + R"({"api_key":"x"})"), (Hidden{deep + R"({"api_key":"***"})", 1}));
}

/// JSON values of members with these names.
rc::Gen<std::string> json_object(const std::vector<std::string>& names, int depth) {
    const auto member = rc::gen::exec([names, depth] {
        const std::string name = *rc::gen::elementOf(names);
        std::string value =
            *rc::gen::element<std::string>("1", "null", "\"text\"", "\"\\\"api_key\\\":\\\"x\\\"\"", "[1,2]",
                                           "[\"password\",{}]", "\"é\"", "true");
        if (depth > 0 && *rc::gen::arbitrary<bool>()) value = *json_object(names, depth - 1);
        return "\"" + name + "\":" + value;
    });
    return rc::gen::map(rc::gen::resize(5, rc::gen::container<std::vector<std::string>>(member)),
                        [](const std::vector<std::string>& all) {
                            std::string object = "{";
                            for (const std::string& one : all)
                                object += (object.size() == 1 ? "" : " , ") + one;
                            return object + "}";
                        });
}

RC_GTEST_PROP(Credentials, BodiesWithoutSuchMembersComeBackAsNothing, ()) {
    const auto body =
        *json_object({"model", "tools", "parameters", "name", "description", "key", "properties", "user",
                      "messages", "content", "function", "max_tokens", "prompt_cache_key"},
                     3);
    RC_ASSERT(hide(body) == kNothing);
}

RC_GTEST_PROP(Credentials, WhatIsHiddenIsJsonOfTheSameShapeAndHidesNothingMore, ()) {
    const auto body = *json_object({"api_key", "headers", "authentication", "password", "tools", "properties",
                                    "content", "parameters", "authorization"},
                                   3);
    const Hidden hidden = hide(body);
    if (hidden.count == 0) return;
    RC_ASSERT(is_json(hidden.body));
    RC_ASSERT(hide(hidden.body) == kNothing);
    std::int64_t masks = 0;
    for (std::size_t at = 0; (at = hidden.body.find("\"***\"", at)) != std::string::npos; ++at) ++masks;
    RC_ASSERT(masks == hidden.count);
}

RC_GTEST_PROP(Credentials, SurviveAnyBytes, ()) {
    const auto pieces = *rc::gen::container<std::vector<std::string>>(rc::gen::oneOf(
        rc::gen::element<std::string>("{", "}", "[", "]", ",", ":", "\"", "\\", "\"api_key\":\"x\"",
                                      "\"headers\":", "{\"password\" : \"\xff\"}", " ", "\xf0\x9f", "1"),
        rc::gen::string<std::string>()));
    std::string body;
    for (const std::string& piece : pieces) body += piece;
    const Hidden hidden = hide(body);
    RC_ASSERT(hidden.count >= 0);
    RC_ASSERT((hidden.count == 0) == hidden.body.empty());
    RC_ASSERT(hide(hidden.body).count == 0);
}

}  // namespace
}  // namespace steno::providers
