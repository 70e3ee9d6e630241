#include "pricing/catalogue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

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

Decimal decimal(std::string_view text) {
    return Decimal::parse(text).value();
}

std::string total_of(const Call& call, const Catalogue& catalogue = *Catalogue::built_in()) {
    const Explanation explanation = catalogue.explain(call);
    return explanation.total ? explanation.total->to_short_string() : "missing: " + explanation.missing;
}

Price custom(std::string provider, std::string model, std::string_view input, std::string_view output) {
    Price price;
    price.provider = std::move(provider);
    price.model = std::move(model);
    price.input = decimal(input);
    price.output = decimal(output);
    price.source = "custom";
    return price;
}

TEST(Pricing, AgreesWithTheSumDoneByHand) {
    Call call = chat("openai", "gpt-4o-mini-2024-07-18", 31, 6);
    Catalogue::built_in()->price(call);
    EXPECT_EQ(call.cost.input->to_string(), "0.000004650000");
    EXPECT_EQ(call.cost.output->to_string(), "0.000003600000");
    EXPECT_EQ(call.cost.total->to_string(), "0.000008250000");
    EXPECT_EQ(call.cost.cache, std::nullopt);
    EXPECT_EQ(call.cost.currency, "USD");
    EXPECT_EQ(call.cost.price_id, "openai/gpt-4o-mini-2024-07-18@2026-11-20");
    EXPECT_EQ(call.cost.source, "catalogue");
}

TEST(Pricing, OpenAiCachedTokensArePartOfThePrompt) {
    Call call = chat("openai", "gpt-4o-mini", 1'000'000, 0);
    call.usage.cache_read_tokens = 400'000;
    Catalogue::built_in()->price(call);
    EXPECT_EQ(call.cost.input->to_short_string(), "0.09");
    EXPECT_EQ(call.cost.cache->to_short_string(), "0.03");
    EXPECT_EQ(call.cost.total->to_short_string(), "0.12");
}

TEST(Pricing, AnthropicCacheWritesCostByTheirDuration) {
    Call call = chat("anthropic", "claude-sonnet-4-5-20250929", 100'000, 1'000);  // all input, cache included
    call.usage.cache_read_tokens = 50'000;
    call.usage.cache_write_tokens.minutes_5 = 20'000;
    call.usage.cache_write_tokens.hours_1 = 10'000;
    Catalogue::built_in()->price(call);
    EXPECT_EQ(call.cost.input->to_short_string(), "0.06");  // 20 000 at 3
    EXPECT_EQ(call.cost.cache->to_short_string(), "0.15");  // 0.015 + 0.075 + 0.06
    EXPECT_EQ(call.cost.output->to_short_string(), "0.015");
    EXPECT_EQ(call.cost.total->to_short_string(), "0.225");
}

TEST(Pricing, ReasoningIsBilledAsOutputOnce) {
    Call call = chat("gcp.gemini", "gemini-2.5-pro", 10, 1'000);
    call.usage.reasoning_tokens = 900;
    EXPECT_EQ(total_of(call), "0.0100125");
}

TEST(Pricing, WebSearchesOfAnthropicCostApart) {
    Call call = chat("anthropic", "claude-sonnet-4-6", 1'000, 100);
    call.usage.searches = 3;
    Catalogue::built_in()->price(call);
    EXPECT_EQ(call.cost.other->to_short_string(), "0.03");
    EXPECT_EQ(call.cost.total->to_short_string(), "0.0345");
}

TEST(Pricing, SizeBandsHoldForTheWholeRequestCacheIncluded) {
    EXPECT_EQ(total_of(chat("openai", "gpt-5.4", 272'000, 1'000)), "0.695");
    EXPECT_EQ(total_of(chat("openai", "gpt-5.4", 272'001, 1'000)), "1.382505");
    Call cached = chat("anthropic", "claude-sonnet-4-20250514", 200'001, 0);
    cached.usage.cache_read_tokens = 200'000;
    EXPECT_EQ(total_of(cached), "0.120006");
    EXPECT_EQ(total_of(chat("anthropic", "claude-sonnet-4-6", 200'001, 0)), "0.600003");
    EXPECT_EQ(total_of(chat("gcp.gemini", "gemini-2.5-pro", 200'001, 0)), "0.5000025");
    EXPECT_EQ(total_of(chat("anthropic", "claude-haiku-5-5", 100'000, 1'000)), "0.0105");
    EXPECT_EQ(total_of(chat("anthropic", "claude-haiku-5-5", 100'001, 1'000)), "0.0525005");
    Call long_priority = chat("openai", "gpt-5.5", 272'001, 1);  // not offered: no standard price instead
    long_priority.provider.service_tier = "priority";
    EXPECT_EQ(total_of(long_priority), "missing: no price for input tokens of openai/gpt-5.5");
}

TEST(Pricing, HonoursBatchAndServiceTiers) {
    Call call = chat("openai", "gpt-5", 1'000'000, 100'000);
    EXPECT_EQ(total_of(call), "2.25");
    for (const char* standard : {"default", "auto", "standard", "DEFAULT"}) {
        call.provider.service_tier = standard;
        EXPECT_EQ(total_of(call), "2.25") << standard;
    }
    call.provider.service_tier = "flex";
    EXPECT_EQ(total_of(call), "1.125");
    call.provider.service_tier = "priority";
    EXPECT_EQ(total_of(call), "4.5");
    call.provider.service_tier = "scale";
    EXPECT_EQ(total_of(call), "missing: no price is known for openai/gpt-5 in the service tier \"scale\"");
    call.provider.service_tier = "";
    call.provider.batch = true;
    EXPECT_EQ(total_of(call), "1.125");
    EXPECT_EQ(Catalogue::built_in()->explain(call).price->id(), "openai/gpt-5@2026-11-20/batch");
}

TEST(Pricing, PricesChangeOnTheirDay) {
    Call call = chat("gcp.gemini", "gemini-3.6-flash", 1'000'000, 0);
    call.started_at = Timestamp::parse("2026-12-31T23:59:59.999999999Z");
    EXPECT_EQ(total_of(call), "0.75");
    call.started_at = Timestamp::parse("2027-01-01T00:00:00Z");
    EXPECT_EQ(total_of(call), "1.5");
    call.started_at = Timestamp::parse("2027-01-01T00:30:00+01:00");  // still 2026 in UTC
    EXPECT_EQ(total_of(call), "0.75");

    Call luna = chat("openai", "gpt-5.6-luna", 1'000'000, 1'000'000);
    EXPECT_EQ(total_of(luna), "2.2");  // above 272 000 input tokens: 2 x 0.20 + 1.5 x 1.20
    luna.started_at = Timestamp::parse("2026-07-29T23:59:59Z");
    EXPECT_EQ(total_of(luna), "11");
}

TEST(Pricing, AnUnknownPriceIsUnknownAndNotZero) {
    Call call = chat("openai", "a-model-of-tomorrow", 10, 10);
    Catalogue::built_in()->price(call);
    EXPECT_EQ(call.cost, Cost{});
    EXPECT_EQ(total_of(call), "missing: no price is known for openai/a-model-of-tomorrow");

    Call cached = chat("openai", "gpt-4o-audio-preview", 100, 10);
    cached.usage.cache_read_tokens = 50;
    EXPECT_EQ(total_of(cached), "missing: no price for cache reads of openai/gpt-4o-audio-preview");

    EXPECT_THAT(total_of(chat("gcp.gemini", "gemini-exp-1206", 10, 10)), HasSubstr("no price is known"));
}

TEST(Pricing, UsageThatDoesNotAddUpIsNotPriced) {
    Call call = chat("openai", "gpt-4o-mini", 10, 5);
    call.usage.cache_read_tokens = 11;
    EXPECT_EQ(total_of(call), "missing: of 10 input tokens, 11 are said to be cached, audio or image");
    call.usage.cache_read_tokens = -1;
    EXPECT_THAT(total_of(call), HasSubstr("cannot be right"));

    Call broken = chat("anthropic", "claude-sonnet-4-5", 10, 0);
    broken.usage.output_tokens.reset();
    EXPECT_EQ(total_of(broken), "missing: the call does not report its output tokens");
    broken.usage = {};
    EXPECT_EQ(total_of(broken), "missing: the call reports no usage");
}

TEST(Pricing, EmbeddingsNeedNoOutput) {
    Call call = chat("openai", "text-embedding-3-small", 1'000, 0);
    call.kind = Kind::Embedding;
    call.usage.output_tokens.reset();
    EXPECT_EQ(total_of(call), "0.00002");
}

TEST(Pricing, AudioTokensHaveTheirOwnPriceOrNone) {
    Call call = chat("openai", "gpt-realtime", 1'000, 1'000);
    call.usage.audio_input_tokens = 900;
    call.usage.audio_output_tokens = 800;
    EXPECT_EQ(total_of(call), "0.0836");  // 100 x 4 + 900 x 32 + 200 x 16 + 800 x 64, by the million
    call.usage.cache_read_tokens = 10;
    EXPECT_EQ(total_of(call), "missing: cached and fresh audio or image tokens cannot be told apart");
    call.usage.cache_read_audio_tokens = 4;
    EXPECT_EQ(total_of(call), "0.083452");  // 94 x 4 + 896 x 32 + 6 x 0.40 + 4 x 0.40 + the output
    Call other = chat("openai", "gpt-4o", 1'000, 1'000);
    other.usage.audio_input_tokens = 900;
    EXPECT_THAT(total_of(other), HasSubstr("no price for audio input tokens"));
    Call pro =
        chat("gcp.gemini", "gemini-2.5-pro", 1'000'000, 0);  // one price for all input, above 200 000: twice
    pro.usage.audio_input_tokens = 500'000;
    pro.usage.cache_read_tokens = 100'000;
    EXPECT_EQ(total_of(pro), "2.275");
}

TEST(Pricing, OtherUnits) {
    Call speech;
    speech.kind = Kind::Transcription;
    speech.provider.name = "openai";
    speech.model.requested = "whisper-1";
    speech.usage.seconds = 12.5;
    EXPECT_EQ(total_of(speech), "0.00125");
    Call voice;
    voice.kind = Kind::Speech;
    voice.provider.name = "openai";
    voice.model.requested = "tts-1";
    voice.usage.characters = 1'000;
    EXPECT_EQ(total_of(voice), "0.015");
    Call image;
    image.kind = Kind::Image;
    image.provider.name = "openai";
    image.model.requested = "dall-e-3";
    image.usage.images = 2;
    EXPECT_EQ(total_of(image), "0.08");
    image.request.parameters.text = R"({"size":"1792x1024","quality":"hd"})";
    EXPECT_EQ(total_of(image), "0.24");
    EXPECT_EQ(Catalogue::built_in()->explain(image).price->id(), "openai/dall-e-3@2026-11-20/1792x1024 hd");
    image.request.parameters.text = R"({"size":"7x7"})";
    EXPECT_THAT(total_of(image), HasSubstr("no price is known"));
    Call grounded = chat("gcp.gemini", "gemini-3-flash-preview", 1'000'000, 0);
    grounded.usage.searches = 2;
    EXPECT_EQ(total_of(grounded), "0.528");
    grounded.model.served = "gemini-2.5-flash";  // once a request, however often it searched
    EXPECT_EQ(total_of(grounded), "0.335");
    Call moderation;
    moderation.kind = Kind::Moderation;
    moderation.provider.name = "openai";
    moderation.model.served = "omni-moderation-latest";
    EXPECT_EQ(total_of(moderation), "0");
}

TEST(Pricing, TimeIsBilledByTheHourWithItsLeast) {
    Call speech;
    speech.kind = Kind::Transcription;
    speech.provider.name = "groq";
    speech.model.requested = "whisper-large-v3";
    speech.usage.seconds = 1800;
    EXPECT_EQ(total_of(speech), "0.0555");
    speech.usage.seconds = 10;
    EXPECT_EQ(total_of(speech), "0.000308333333");
    speech.usage.seconds = 0.5;
    EXPECT_EQ(total_of(speech), "0.000308333333");
    speech.usage.seconds = 11;
    EXPECT_EQ(total_of(speech), "0.000339166667");
    speech.usage.seconds.reset();
    EXPECT_THAT(total_of(speech), HasSubstr("no usage"));
}

TEST(Pricing, DocumentsAreBilledByThePageUnlessAnnotated) {
    Call ocr;
    ocr.kind = Kind::Vision;
    ocr.provider.name = "mistral_ai";
    ocr.model.served = "mistral-ocr-4-0";
    ocr.usage.pages = 3;
    EXPECT_EQ(total_of(ocr), "0.012");
    ocr.request.parameters.text = R"({"bbox_annotation_format":null,"include_image_base64":true})";
    EXPECT_EQ(total_of(ocr), "0.012");
    for (const char* format : {"document_annotation_format", "bbox_annotation_format"}) {
        ocr.request.parameters.text = std::string("{\"") + format + R"(":{"type":"json_schema"}})";
        for (const bool batch : {false, true}) {
            ocr.provider.batch = batch;
            EXPECT_THAT(total_of(ocr), HasSubstr("no price for pages"));
        }
    }
}

TEST(Pricing, CacheWritesOf12HoursAreUnknownAndThoseOf30MinutesAreNot) {
    Call call = chat("openai", "gpt-6.1-sol", 1'000'000 / 10, 0);
    call.usage.cache_write_tokens.minutes_30 = 100'000;
    EXPECT_EQ(total_of(call), "0.25");
    call.usage.cache_write_tokens.minutes_30 = 90'000;
    call.usage.cache_write_tokens.hours_12 = 10'000;
    EXPECT_THAT(total_of(call), HasSubstr("no price for cache writes (12 hours)"));
}

TEST(Pricing, NamesAreFoundByCertainRulesOnly) {
    const auto rule = [](std::string provider, std::string model) {
        const Explanation found =
            Catalogue::built_in()->explain(chat(std::move(provider), std::move(model), 1, 1));
        return found.price ? found.price->model + ": " + found.rule : "none";
    };
    EXPECT_EQ(rule("openai", "gpt-4o"), "gpt-4o: the model that answered");
    EXPECT_EQ(rule("openai", "gpt-5.6-2026-09-09"), "gpt-5.6: the model that answered, without its date");
    EXPECT_EQ(rule("anthropic", "claude-sonnet-4-6-20260217"),
              "claude-sonnet-4-6: the model that answered, without its date");
    EXPECT_EQ(rule("gcp.gemini", "models/gemini-2.5-pro"),
              "gemini-2.5-pro: the model that answered, without \"models/\"");
    EXPECT_EQ(rule("openrouter", "openai/gpt-4o"),
              "gpt-4o: the model that answered, as its vendor prices it");
    EXPECT_EQ(rule("openrouter", "openai/gpt-4o:free"), "none");
    EXPECT_EQ(rule("openrouter", "deepseek/deepseek-chat"), "none");
    EXPECT_EQ(rule("openai", "ft:gpt-4o-2024-08-06:acme::Ab1"),
              "ft:gpt-4o-2024-08-06: the model that answered, as fine-tuned models of its base");
    EXPECT_EQ(rule("openai", "ft:gpt-5:acme::Ab1"), "none");
    EXPECT_EQ(rule("aws.bedrock", "global.anthropic.claude-sonnet-4-6"),
              "anthropic.claude-sonnet-4-6: the model that answered, without its global profile");
    EXPECT_EQ(rule("aws.bedrock", "eu.anthropic.claude-sonnet-4-6"),
              "anthropic.claude-sonnet-4-6: the model that answered, in the profile of \"eu\"");
    EXPECT_EQ(rule("aws.bedrock", "ca.anthropic.claude-sonnet-4-6"), "none");
    EXPECT_EQ(rule("aws.bedrock", "global.anthropic.claude-sonnet-5-v1:0"),
              "anthropic.claude-sonnet-5: the model that answered, without its global profile, without its "
              "version");
    EXPECT_EQ(rule("gcp.vertex_ai", "publishers/anthropic/models/claude-opus-5@20260801"),
              "claude-opus-5: the model that answered, without \"models/\", without its date");
    EXPECT_EQ(rule("openai", "gpt-4o-large"), "none");
    EXPECT_EQ(rule("openai", "gpt-4o-2024-13-41"), "none");
    EXPECT_EQ(rule("azure.ai.openai", "gpt-4o-2024-08-06"), "gpt-4o-2024-08-06: the model that answered");
}

TEST(Pricing, TheServedModelComesFirstThenTheRequestedOne) {
    Call call = chat("azure.ai.openai", "", 1'000'000, 0);
    call.model.requested = "gpt-4.1-mini";
    EXPECT_EQ(Catalogue::built_in()->explain(call).rule, "the model asked for");
    call.model.served = "gpt-4.1-nano";
    EXPECT_EQ(total_of(call), "0.1");
    call.model.served = "somebodys-deployment";
    EXPECT_EQ(total_of(call), "0.4");
}

TEST(Pricing, CustomPricesWinWhereTheyApply) {
    Price mine = custom("openai", "gpt-4o-mini", "1", "2");
    mine.from = Timestamp::parse("2026-11-01T00:00:00Z");
    mine.to = Timestamp::parse("2026-12-01T00:00:00Z");
    const auto catalogue =
        Catalogue::with({mine, custom("my-host", "*", "0", "0"), custom("my-host", "big", "3", "3")});

    Call call = chat("openai", "gpt-4o-mini-2024-07-18", 1'000'000, 0);
    call.model.requested = "gpt-4o-mini";
    catalogue->price(call);
    EXPECT_EQ(call.cost.total->to_short_string(), "1");
    EXPECT_EQ(call.cost.source, "custom");
    EXPECT_EQ(call.cost.price_id, "openai/gpt-4o-mini@2026-11-01");
    call.started_at = Timestamp::parse("2026-12-01T00:00:00Z");
    catalogue->price(call);
    EXPECT_EQ(call.cost.total->to_short_string(), "0.15");
    EXPECT_EQ(call.cost.source, "catalogue");

    EXPECT_EQ(total_of(chat("my-host", "small", 10, 10), *catalogue), "0");
    EXPECT_EQ(catalogue->explain(chat("my-host", "small", 10, 10)).rule, "any model of this provider");
    EXPECT_EQ(total_of(chat("my-host", "big", 1'000'000, 0), *catalogue), "3");
    EXPECT_EQ(catalogue->list("openai", "gpt-4o-mini").size(),
              1 + Catalogue::built_in()->list("openai", "gpt-4o-mini").size());
}

TEST(Pricing, ALaterStartReplacesAnEarlierOneAndRegionsAreMoreSpecial) {
    Price first = custom("p", "m", "1", "1");
    Price second = custom("p", "m", "2", "2");
    second.from = Timestamp::parse("2026-06-01T00:00:00Z");
    Price regional = custom("p", "m", "5", "5");
    regional.region = "eu";
    const auto catalogue = Catalogue::with({second, first, regional});
    Call call = chat("p", "m", 1'000'000, 0);
    EXPECT_EQ(total_of(call, *catalogue), "2");
    call.started_at = Timestamp::parse("2026-05-31T23:59:59Z");
    EXPECT_EQ(total_of(call, *catalogue), "1");
    call.provider.region = "eu";
    EXPECT_EQ(total_of(call, *catalogue), "5");
}

TEST(Pricing, WhatIsNotBilledCostsNothingAndSaysSo) {
    Call stored = chat("openai", "gpt-4o", 10, 10);
    stored.provider.endpoint.method = "GET";
    EXPECT_EQ(total_of(stored), "0");
    EXPECT_EQ(Catalogue::built_in()->explain(stored).rule, "retrieving a stored answer is not billed");
    Call cached = chat("openai", "gpt-4o", 10, 10);
    cached.cache.hit = "exact";
    EXPECT_EQ(total_of(cached), "0");
    Call agent = chat("openai", "gpt-4o", 10, 10);
    agent.kind = Kind::Agent;
    EXPECT_EQ(total_of(agent), "missing: calls of the kind \"agent\" are not billed by themselves");
}

TEST(Pricing, ACostOfAnEstimatedUsageSaysSo) {
    Call call = chat("openai", "gpt-4o-mini", 31, 6);
    call.usage.estimated = true;
    Catalogue::built_in()->price(call);
    EXPECT_EQ(call.cost.total->to_string(), "0.000008250000");
    EXPECT_EQ(call.cost.source, "estimated");
    call.usage.estimated = false;
    Catalogue::built_in()->price(call);
    EXPECT_EQ(call.cost.source, "catalogue");
}

TEST(Pricing, TheProvidersOwnCostStays) {
    Call call = chat("openrouter", "openai/gpt-4o", 10, 10);
    call.cost.total = decimal("0.42");
    call.cost.source = "provider";
    const Cost before = call.cost;
    Catalogue::built_in()->price(call);
    EXPECT_EQ(call.cost, before);
}

TEST(Pricing, ModelFactsFollowTheSameNames) {
    const auto facts = Catalogue::built_in()->model_facts("gcp.gemini", "models/gemini-2.5-pro");
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->context_window, 1'048'576);
    EXPECT_EQ(facts->max_output, 65'535);
    EXPECT_EQ(facts->vision, true);
    EXPECT_FALSE(Catalogue::built_in()->model_facts("openai", "nothing"));
}

Price same(std::string provider, std::string model, std::string as) {
    Price price;
    price.provider = std::move(provider);
    price.model = std::move(model);
    price.same_as = std::move(as);
    price.source = "custom";
    return price;
}

TEST(Pricing, AnOwnPriceComesBeforeTheFilesSameAs) {
    const auto catalogue =
        Catalogue::with({same("openai", "house", "gpt-4.1-mini")}, {custom("openai", "house", "7", "8")});
    EXPECT_EQ(total_of(chat("openai", "house", 1'000'000, 0), *catalogue), "7");
    // In a tier for which there is no own one the file's holds.
    Call batch = chat("openai", "house", 1'000'000, 0);
    batch.provider.batch = true;
    EXPECT_EQ(total_of(batch, *catalogue), "0.2");
}

TEST(Pricing, AmountsThatBeginLaterEndASameAsWithoutEnd) {
    Price later = custom("openai", "house", "7", "8");
    later.from = Timestamp::parse("2026-12-01T00:00:00Z");
    const auto catalogue = Catalogue::with({}, {same("openai", "house", "gpt-4.1-mini"), later});
    Call call = chat("openai", "house", 1'000'000, 0);
    EXPECT_EQ(total_of(call, *catalogue), "0.4");
    call.started_at = later.from;
    EXPECT_EQ(total_of(call, *catalogue), "7");
}

TEST(Pricing, ASameAsHoldsInItsTierAndWithoutOneInEach) {
    Price of_batch = same("openai", "house", "gpt-4.1-nano");
    of_batch.tier = "batch";
    const auto catalogue = Catalogue::with({}, {same("openai", "house", "gpt-4.1-mini"), of_batch});
    Call call = chat("openai", "house", 1'000'000, 0);
    EXPECT_EQ(total_of(call, *catalogue), "0.4");
    call.provider.batch = true;
    EXPECT_EQ(total_of(call, *catalogue), "0.05");
    EXPECT_EQ(total_of(call, *Catalogue::with({same("openai", "house", "gpt-4.1-mini")})), "0.2");
}

RC_GTEST_PROP(PricingProperties, ThePartsAddUpExactlyToTheTotal, ()) {
    const auto tokens = [] { return *rc::gen::inRange<std::int64_t>(0, 300'000); };
    const std::string model = *rc::gen::elementOf(std::vector<std::string>{
        "claude-sonnet-4-5", "claude-opus-4-8", "claude-haiku-4-5", "claude-sonnet-5-5"});
    Call call = chat("anthropic", model, 0, tokens());
    const std::int64_t fresh = tokens();
    call.usage.cache_read_tokens = tokens();
    call.usage.cache_write_tokens.minutes_5 = tokens();
    call.usage.cache_write_tokens.hours_1 = tokens();
    call.usage.searches = *rc::gen::inRange<std::int64_t>(0, 5);
    call.usage.input_tokens = fresh + *call.usage.cache_read_tokens +
                              *call.usage.cache_write_tokens.minutes_5 +
                              *call.usage.cache_write_tokens.hours_1;
    call.provider.batch = *rc::gen::arbitrary<bool>();
    const Explanation explanation = Catalogue::built_in()->explain(call);
    Catalogue::built_in()->price(call);
    RC_ASSERT(call.cost.total.has_value());
    const auto or_zero = [](const std::optional<Decimal>& value) { return value.value_or(Decimal{}); };
    RC_ASSERT(or_zero(call.cost.input) + or_zero(call.cost.output) + or_zero(call.cost.cache) +
                  or_zero(call.cost.other) ==
              *call.cost.total);
    // The catalogue's prices have at most six places: a million times each amount is a whole number of 1e-6
    // units.
    __int128 by_hand = 0;
    for (const CostLine& line : explanation.lines) {
        RC_ASSERT(line.price.units() * line.count % line.per == 0);
        by_hand += line.price.units() * line.count / line.per;
    }
    RC_ASSERT(by_hand == call.cost.total->units());
}

RC_GTEST_PROP(PricingProperties, NoUsageMakesANegativeOrAPartialCost, ()) {
    const auto any = [] { return *rc::gen::maybe(rc::gen::inRange<std::int64_t>(-5, 1'000)); };
    const auto opt = [](const rc::Maybe<std::int64_t>& v) { return v ? std::optional(*v) : std::nullopt; };
    Call call =
        chat(*rc::gen::elementOf(std::vector<std::string>{"openai", "anthropic", "gcp.gemini"}), "", 0, 0);
    call.model.served = *rc::gen::elementOf(
        std::vector<std::string>{"gpt-realtime", "gpt-4o", "claude-sonnet-4-5", "gemini-2.5-flash", "x"});
    call.usage.input_tokens = opt(any());
    call.usage.output_tokens = opt(any());
    call.usage.cache_read_tokens = opt(any());
    call.usage.cache_write_tokens.other = opt(any());
    call.usage.audio_input_tokens = opt(any());
    call.usage.audio_output_tokens = opt(any());
    call.usage.images = opt(any());
    Catalogue::built_in()->price(call);
    if (call.cost.total) {
        RC_ASSERT(*call.cost.total >= Decimal{});
        for (const auto& part : {call.cost.input, call.cost.output, call.cost.cache, call.cost.other})
            RC_ASSERT(!part || (*part >= Decimal{} && *part <= *call.cost.total));
    } else {
        RC_ASSERT(call.cost == Cost{});
        RC_ASSERT(!Catalogue::built_in()->explain(call).missing.empty());
    }
}

}  // namespace
}  // namespace steno::pricing
