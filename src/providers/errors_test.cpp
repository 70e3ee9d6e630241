// Errors and rate limits of all providers.

#include "providers/errors.hpp"

#include "providers/exchange_for_test.hpp"
#include "providers/http_facts.hpp"
#include "providers/prose.hpp"

#include <gtest/gtest.h>

namespace steno::providers {
namespace {

struct ErrorCase {
    int status;
    std::string body;
    ErrorType type;
    std::string provider_type;
    std::string provider_code;
};

TEST(Errors, AreTheSameForAllProviders) {
    const ErrorCase cases[] = {
        {401,
         R"({"error":{"message":"Incorrect API key provided","type":"invalid_request_error","code":"invalid_api_key"}})",
         ErrorType::Authentication, "invalid_request_error", "invalid_api_key"},
        {401, R"({"error":{"code":"401","message":"Access denied"}})", ErrorType::Authentication, "", "401"},
        {429,
         R"({"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}})",
         ErrorType::Quota, "insufficient_quota", "insufficient_quota"},
        {429, R"({"error":{"message":"Rate limit reached","type":"requests","code":"rate_limit_exceeded"}})",
         ErrorType::RateLimit, "requests", "rate_limit_exceeded"},
        {400,
         R"({"error":{"message":"This model's maximum context length is 8192 tokens.","type":"invalid_request_error","code":"context_length_exceeded"}})",
         ErrorType::ContextLength, "invalid_request_error", "context_length_exceeded"},
        {404,
         R"({"error":{"message":"The model does not exist","type":"invalid_request_error","code":"model_not_found"}})",
         ErrorType::NotFound, "invalid_request_error", "model_not_found"},
        {400, R"({"error":{"code":"content_filter","message":"filtered","innererror":{}}})",
         ErrorType::ContentFilter, "", "content_filter"},
        {400,
         R"({"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens"}})",
         ErrorType::ContextLength, "invalid_request_error", ""},
        {400,
         R"({"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low"}})",
         ErrorType::Quota, "invalid_request_error", ""},
        {403, R"({"type":"error","error":{"type":"permission_error","message":"no"}})", ErrorType::Permission,
         "permission_error", ""},
        {529, R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})",
         ErrorType::Overloaded, "overloaded_error", ""},
        {500, R"({"type":"error","error":{"type":"api_error","message":"Internal server error"}})",
         ErrorType::Server, "api_error", ""},
        {429, R"({"error":{"code":429,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED"}})",
         ErrorType::RateLimit, "RESOURCE_EXHAUSTED", "429"},
        {400,
         R"([{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}])",
         ErrorType::Authentication, "INVALID_ARGUMENT", "400"},
        {503, R"({"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}})",
         ErrorType::Overloaded, "UNAVAILABLE", "503"},
        {422, R"({"detail":[{"loc":["body"],"msg":"field required"}]})", ErrorType::InvalidRequest, "", ""},
        {401, R"({"detail":"Unauthorized"})", ErrorType::Authentication, "", ""},
        {400, R"({"code":"Client specified an invalid argument","error":"Model not found: grok"})",
         ErrorType::NotFound, "", "Client specified an invalid argument"},
        {504, "<html><body>504 Gateway Time-out</body></html>", ErrorType::Timeout, "", ""},
        {502, "error code: 502", ErrorType::Server, "", ""},
        {500, "", ErrorType::Server, "", ""},
        {413,
         R"({"type":"error","error":{"type":"request_too_large","message":"Request exceeds the maximum size"}})",
         ErrorType::InvalidRequest, "request_too_large", ""},
    };
    for (const ErrorCase& one : cases) {
        Exchange exchange;
        exchange.status = one.status;
        exchange.response_body = one.body;
        const Call call = exchange.read_byte_by_byte();
        EXPECT_EQ(call.status, Status::Failure) << one.body;
        ASSERT_TRUE(call.error.type.has_value());
        EXPECT_EQ(to_string(*call.error.type), to_string(one.type)) << one.body;
        EXPECT_EQ(call.error.provider_type, one.provider_type) << one.body;
        EXPECT_EQ(call.error.provider_code, one.provider_code) << one.body;
        EXPECT_EQ(call.error.http_status, one.status);
        EXPECT_FALSE(call.error.message.empty()) << one.body;
        EXPECT_FALSE(call.error.advice.empty());
        EXPECT_EQ(call.error.retryable, is_retryable(one.type));
        EXPECT_EQ(call.usage, Usage{});
    }
}

TEST(Errors, MessagesAreCappedAndHoldNoKey) {
    Exchange exchange;
    exchange.status = 401;
    exchange.request_headers = {{"Authorization", "Bearer sk-verysecretkey"}};
    exchange.response_body = R"({"error":{"message":"Wrong key sk-verysecretkey! sk-verysecretkey"}})";
    EXPECT_EQ(exchange.read().error.message, "Wrong key ***! ***");
    std::string echo;
    for (int i = 0; i < 3000; ++i) echo += "é";
    exchange.response_body = R"({"error":{"message":"x)" + echo + R"("}})";
    const Call call = exchange.read();
    EXPECT_LE(call.error.message.size(), kMaxErrorMessage);
    EXPECT_TRUE(is_valid_utf8(call.error.message));
}

TEST(Errors, TheProviderDecidesWhetherToTryAgain) {
    Exchange exchange;
    exchange.status = 429;
    exchange.response_headers = {{"x-should-retry", "false"}};
    exchange.response_body = R"({"error":{"message":"no"}})";
    EXPECT_EQ(exchange.read().error.retryable, false);
}

TEST(Errors, AWordMeansWhatItsProviderMeansByIt) {
    const ProviderError quota{.code = "quota_exceeded"};
    EXPECT_EQ(classify("gcp.gemini", 429, quota), ErrorType::RateLimit);
    EXPECT_EQ(classify("gcp.vertex_ai", 429, quota), ErrorType::RateLimit);
    EXPECT_EQ(classify("gcp", 429, quota), ErrorType::Quota);
    EXPECT_EQ(classify("", 429, quota), ErrorType::Quota);
    EXPECT_EQ(classify("zai", 429, {.code = "1113"}), ErrorType::Quota);
    EXPECT_EQ(classify("zai2", 429, {.code = "1113"}), ErrorType::RateLimit);
    EXPECT_EQ(classify("groq", 498, {}), ErrorType::Overloaded);
    EXPECT_EQ(classify("cohere", 498, {}), ErrorType::Authentication);
    EXPECT_EQ(classify("openai", 498, {}), ErrorType::InvalidRequest);
    // In a stream, where no status tells.
    EXPECT_EQ(classify("openai", 200, {.code = "slow_down"}), ErrorType::RateLimit);
    EXPECT_EQ(classify("openai", 200, {.code = "server_is_overloaded"}), ErrorType::Overloaded);
}

TEST(Errors, AMomentInProseIsOneOnlyInFull) {
    EXPECT_EQ(moment_in("You will regain access on 2026-12-01 at 00:00 UTC."), 1'796'083'200'000);
    for (const char* text : {"regain access on 2026-12-01", "regain access on 2026-12-01 at 00:00 CET",
                             "regain access on 2026-13-01 at 00:00 UTC", "regain access on "})
        EXPECT_EQ(moment_in(text), std::nullopt) << text;
}

TEST(RateLimits, Moments) {
    EXPECT_EQ(parse_moment_ms("2026-11-20T10:00:00Z"), 1'795'168'800'000);
    EXPECT_EQ(parse_moment_ms("1795168800"), 1'795'168'800'000);
    EXPECT_EQ(parse_moment_ms("1795168800000"), 1'795'168'800'000);
    for (const char* text : {"", "60", "-1795168800", "9223372036854775807", "99999999999999999999", "soon"})
        EXPECT_EQ(parse_moment_ms(text), std::nullopt) << text;
}

TEST(RateLimits, ResetDurations) {
    EXPECT_EQ(parse_reset_ms("6m0s"), 360'000);
    EXPECT_EQ(parse_reset_ms("12ms"), 12);
    EXPECT_EQ(parse_reset_ms("1h2m3.5s"), 3'723'500);
    EXPECT_EQ(parse_reset_ms("0s"), 0);
    EXPECT_EQ(parse_reset_ms("2"), 2000);
    EXPECT_EQ(parse_reset_ms("88.5us"), 1);
    for (const char* text :
         {"", "s", "5x", "-1s", "1s5", "nan", "1e99h", "2026-11-20T10:00:00Z", "99999999999999h"}) {
        EXPECT_EQ(parse_reset_ms(text), std::nullopt) << text;
    }
}

TEST(RateLimits, HttpDates) {
    EXPECT_EQ(parse_http_date("Fri, 20 Nov 2026 10:00:00 GMT"), 1795168800);
    EXPECT_EQ(parse_http_date("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
    for (const char* text : {"", "Fri, 32 Nov 2026 10:00:00 GMT", "Fri, 20 Nov 2026 10:00:00 CET",
                             "Fri, 20 xxx 2026 10:00:00 GMT"}) {
        EXPECT_EQ(parse_http_date(text), std::nullopt) << text;
    }
}

TEST(RateLimits, OfTheOpenAiKind) {
    const Headers headers{
        {"x-ratelimit-limit-requests", "30000"}, {"x-ratelimit-remaining-requests", "29999"},
        {"x-ratelimit-reset-requests", "2ms"},   {"x-ratelimit-limit-tokens", "-1"},
        {"x-ratelimit-reset-tokens", "6m0s"},    {"x-request-id", "req_1"},
        {"openai-version", "2020-10-01"},        {"openai-processing-ms", "152"}};
    Call call;
    read_response_head({200, Exchange::lookup(headers)}, call);
    EXPECT_EQ(call.provider.rate_limit.requests.limit, 30000);
    EXPECT_EQ(call.provider.rate_limit.requests.remaining, 29999);
    EXPECT_EQ(call.provider.rate_limit.requests.reset_ms, 2);
    EXPECT_EQ(call.provider.rate_limit.tokens.limit, std::nullopt);
    EXPECT_EQ(call.provider.rate_limit.tokens.reset_ms, 360'000);
    EXPECT_EQ(call.provider.request_id, "req_1");
    EXPECT_EQ(call.provider.api_version, "2020-10-01");
    EXPECT_EQ(call.time.phases.at("provider_processing"), Duration{152'000'000});
}

RateLimit limits_of(const Headers& headers) {
    Call call;
    read_response_head({200, Exchange::lookup(headers)}, call);
    return call.provider.rate_limit;
}

Limit limit(std::optional<std::int64_t> most, std::optional<std::int64_t> left,
            std::optional<std::int64_t> reset_ms) {
    return {most, left, reset_ms, {}};
}

TEST(RateLimits, OfEveryWindowThatAProviderTells) {
    const RateLimit anthropic = limits_of({{"Date", "Mon, 23 Jun 2025 10:26:50 GMT"},
                                           {"anthropic-ratelimit-requests-limit", "4000"},
                                           {"anthropic-ratelimit-requests-remaining", "3999"},
                                           {"anthropic-ratelimit-requests-reset", "2025-06-23T10:26:53Z"},
                                           {"anthropic-ratelimit-input-tokens-limit", "400000"},
                                           {"anthropic-ratelimit-input-tokens-remaining", "0"},
                                           {"anthropic-ratelimit-input-tokens-reset", "2025-06-23T10:27:50Z"},
                                           {"anthropic-ratelimit-output-tokens-limit", "80000"}});
    EXPECT_EQ(anthropic.requests, limit(4000, 3999, 3000));
    EXPECT_EQ(anthropic.tokens, Limit{});
    EXPECT_EQ(anthropic.windows.at("input_tokens"), limit(400'000, 0, 60'000));
    EXPECT_EQ(anthropic.windows.at("output_tokens"), limit(80'000, {}, {}));

    const RateLimit mistral = limits_of({{"x-ratelimit-limit-req-10-second", "60"},
                                         {"x-ratelimit-remaining-req-10-second", "53"},
                                         {"x-ratelimit-limit-tokens-minute", "2000000"},
                                         {"x-ratelimit-remaining-tokens-minute", "1999370"},
                                         {"x-ratelimit-limit-tokens-month", "10000000000"},
                                         {"x-ratelimit-remaining-tokens-month", "9999999370"},
                                         {"x-ratelimit-tokens-query-cost", "110"}});
    EXPECT_EQ(mistral.requests, Limit{});
    EXPECT_EQ(mistral.windows.at("requests_10s"), limit(60, 53, {}));
    EXPECT_EQ(mistral.windows.at("tokens_minute"), limit(2'000'000, 1'999'370, {}));
    EXPECT_EQ(mistral.windows.at("tokens_month"), limit(10'000'000'000, 9'999'999'370, {}));

    EXPECT_EQ(
        limits_of({{"x-ratelimit-limit", "2"}, {"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", "1"}})
            .requests,
        limit(2, 0, 1000));
    EXPECT_EQ(limits_of({{"x-ratelimit-limit-requests", "14400"},
                         {"x-ratelimit-remaining-requests", "14397"},
                         {"x-ratelimit-reset-requests", "17.399999999s"}})
                  .requests,
              limit(14'400, 14'397, 17'400));
    EXPECT_EQ(
        limits_of({{"x-ratelimit-limit-project-tokens", "10"}, {"x-ratelimit-remaining-project-tokens", "9"}})
            .windows.at("project_tokens"),
        limit(10, 9, {}));
    EXPECT_EQ(limits_of({{"x-trial-endpoint-call-limit", "40"}, {"x-trial-endpoint-call-remaining", "39"}})
                  .windows.at("requests_minute"),
              limit(40, 39, {}));
    EXPECT_EQ(limits_of({}), RateLimit{});
}

TEST(RateLimits, AzureCountsMillisecondsBesideARenewalPeriod) {
    const RateLimit azure = limits_of({{"x-ratelimit-limit-requests", "120"},
                                       {"x-ratelimit-remaining-requests", "119"},
                                       {"x-ratelimit-renewalperiod-requests", "60"},
                                       {"x-ratelimit-reset-requests", "500"},
                                       {"x-ratelimit-limit-tokens", "120000"},
                                       {"x-ratelimit-reset-tokens", "7"}});
    EXPECT_EQ(azure.requests, limit(120, 119, 500));
    EXPECT_EQ(azure.tokens, limit(120'000, {}, 7000));
}

TEST(RateLimits, AResetMayBeAMoment) {
    for (const char* moment : {"2025-06-23T10:26:53Z", "1750674413", "1750674413000"}) {
        const Headers dated{{"Date", "Mon, 23 Jun 2025 10:26:50 GMT"},
                            {"x-ratelimit-limit-requests", "1"},
                            {"x-ratelimit-reset-requests", moment}};
        EXPECT_EQ(limits_of(dated).requests, limit(1, {}, 3000)) << moment;
        const Headers undated{{"x-ratelimit-limit-requests", "1"}, {"x-ratelimit-reset-requests", moment}};
        EXPECT_EQ(limits_of(undated).requests, limit(1, {}, {})) << moment;
    }
}

}  // namespace
}  // namespace steno::providers
