// The cases of cost that are known to go wrong in gateways, as far as they are the price's business; the
// number in a test's name is the case's in docs/gateway-cases.md. tests/gateway/test_prices.py asks the same
// of the whole.

#include "pricing/catalogue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace steno::pricing {
namespace {

using testing::HasSubstr;

Call chat(std::string provider, std::string model, std::int64_t input, std::int64_t output) {
    Call call;
    call.kind = Kind::Chat;
    call.provider.name = std::move(provider);
    call.model.served = std::move(model);
    call.usage.input_tokens = input;
    call.usage.output_tokens = output;
    call.started_at = Timestamp::parse("2026-11-20T12:00:00Z");
    return call;
}

std::string total_of(const Call& call, const Catalogue& catalogue = *Catalogue::built_in()) {
    const Explanation explanation = catalogue.explain(call);
    return explanation.total ? explanation.total->to_short_string() : "missing: " + explanation.missing;
}

// All input of the record holds the cache, whether the provider counts it in (OpenAI, Gemini, xAI) or beside
// (Anthropic): each token has one price.
TEST(GatewayCase27, CachedReadsArePricedOnceForEveryProvider) {
    const struct {
        const char* provider;
        const char* model;
        const char* total;  // of 100 000 input tokens, 60 000 of them cached
    } cases[] = {
        {"openai", "gpt-4o", "0.175"},                // 40 000 x 2.50 + 60 000 x 1.25
        {"anthropic", "claude-sonnet-4-6", "0.138"},  // 40 000 x 3 + 60 000 x 0.30
        {"gcp.gemini", "gemini-2.5-pro", "0.0575"},   // 40 000 x 1.25 + 60 000 x 0.125
        {"x_ai", "grok-3", "0.165"},                  // 40 000 x 3 + 60 000 x 0.75
    };
    for (const auto& one : cases) {
        Call call = chat(one.provider, one.model, 100'000, 0);
        call.usage.cache_read_tokens = 60'000;
        EXPECT_EQ(total_of(call), one.total) << one.model;
    }
}

TEST(GatewayCase28, CacheWritesCostByTheirDurationAndTheirInputOnce) {
    Call call = chat("anthropic", "claude-opus-5", 30'000, 0);
    call.usage.cache_write_tokens.minutes_5 = 10'000;
    call.usage.cache_write_tokens.hours_1 = 20'000;
    EXPECT_EQ(total_of(call), "0.2625");  // 10 000 x 6.25 + 20 000 x 10, and no input besides
    Call openai = chat("openai", "gpt-5.6-sol", 30'000, 0);
    openai.usage.cache_write_tokens.minutes_30 = 30'000;
    EXPECT_EQ(total_of(openai), "0.1875");
    openai.usage.cache_write_tokens.minutes_30.reset();
    openai.usage.cache_write_tokens.hours_12 = 30'000;
    EXPECT_THAT(total_of(openai), HasSubstr("no price for cache writes (12 hours)"));
}

// A stream that broke leaves its placeholder of one output token out of the record; what is not there is not
// priced.
TEST(GatewayCase29, OutputThatWasNotReportedIsNotPriced) {
    Call call = chat("anthropic", "claude-sonnet-4-6", 1'000, 0);
    call.usage.output_tokens.reset();
    EXPECT_EQ(total_of(call), "missing: the call does not report its output tokens");
}

TEST(GatewayCase30, AMistakenUnitIsRefusedAndSaysWhatWasMeant) {
    for (const char* text : {R"([{"provider":"p","model":"m","input":"0.0000025"}])",
                             R"([{"provider":"p","model":"m","input":"2500000"}])"}) {
        const auto prices = prices_from_json(text);
        ASSERT_FALSE(prices) << text;
        EXPECT_THAT(prices.error().message, HasSubstr("price 1: input"));
    }
}

TEST(GatewayCase31, DeploymentsAliasesAndRegionsFindTheirModelsPrice) {
    Price deployment;
    deployment.provider = "azure.ai.openai";
    deployment.model = "our-chat";
    deployment.same_as = "gpt-4.1-mini";
    deployment.source = "custom";
    const auto catalogue = Catalogue::with({deployment});
    Call call = chat("azure.ai.openai", "", 1'000'000, 0);
    call.model.requested = "our-chat";
    EXPECT_EQ(total_of(call, *catalogue), "0.4");
    EXPECT_EQ(catalogue->explain(call).rule, "the model asked for, which costs what gpt-4.1-mini costs");
    EXPECT_EQ(catalogue->explain(call).price->model, "gpt-4.1-mini");
    call.model.served = "gpt-4.1-nano-2025-04-14";  // what really answered comes first
    EXPECT_EQ(total_of(call, *catalogue), "0.1");

    const auto bedrock = [](const char* model) { return total_of(chat("aws.bedrock", model, 1'000'000, 0)); };
    EXPECT_EQ(bedrock("global.anthropic.claude-sonnet-4-6"), "3");
    EXPECT_EQ(bedrock("jp.anthropic.claude-sonnet-4-6"), "3.3");
    EXPECT_EQ(
        bedrock("arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-sonnet-4-6"),
        "3.3");
    EXPECT_EQ(bedrock("arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0"),
              "0.25");
    EXPECT_EQ(bedrock("us.meta.llama3-1-8b-instruct-v1:0"), "0.22");
    EXPECT_THAT(bedrock("eu.amazon.nova-lite-v1:0"),
                HasSubstr("no price is known"));  // dearer, and not listed
    EXPECT_THAT(bedrock("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/ab12cd"),
                HasSubstr("no price is known"));

    Call vertex = chat("gcp.vertex_ai", "claude-sonnet-4-5@20250929", 100'000, 0);
    EXPECT_EQ(total_of(vertex), "0.3");
    vertex.provider.region = "global";
    EXPECT_EQ(total_of(vertex), "0.3");
    vertex.provider.region = "europe-west1";
    EXPECT_EQ(total_of(vertex), "0.33");
}

TEST(GatewayCase32, BatchTiersReasoningAndAudioArePricedApart) {
    Call call = chat("openai", "gpt-5.4", 10'000, 1'000);
    call.usage.reasoning_tokens = 900;  // part of the output, billed once
    EXPECT_EQ(total_of(call), "0.04");
    call.provider.service_tier = "flex";
    EXPECT_EQ(total_of(call), "0.02");
    call.provider.service_tier = "priority";
    EXPECT_EQ(total_of(call), "0.08");
    call.provider.service_tier = "fast";  // its other name
    EXPECT_EQ(total_of(call), "0.08");
    call.provider.service_tier.clear();
    call.provider.batch = true;
    EXPECT_EQ(total_of(call), "0.02");
    Call spoken = chat("openai", "gpt-audio", 1'000, 1'000);
    spoken.usage.audio_input_tokens = 900;
    spoken.usage.audio_output_tokens = 800;
    EXPECT_EQ(total_of(spoken), "0.08225");  // 100 x 2.50 + 900 x 32 + 200 x 10 + 800 x 64
}

TEST(GatewayCase33, RetrievingAStoredAnswerIsNotBilledAgain) {
    Call call = chat("openai", "gpt-4o", 1'000, 1'000);
    call.provider.endpoint.method = "GET";
    EXPECT_EQ(total_of(call), "0");
    EXPECT_EQ(Catalogue::built_in()->explain(call).rule, "retrieving a stored answer is not billed");
}

TEST(GatewayCase36, AnAnswerFromTheCacheCostsNothingAndSaysSo) {
    Call call = chat("openai", "gpt-4o", 1'000, 1'000);
    call.cache.hit = "exact";
    EXPECT_EQ(total_of(call), "0");
    EXPECT_EQ(Catalogue::built_in()->explain(call).rule, "answered from the cache");
}

}  // namespace
}  // namespace steno::pricing
