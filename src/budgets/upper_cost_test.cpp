#include "budgets/upper_cost.hpp"

#include <gtest/gtest.h>

namespace steno::budgets {
namespace {

Call chat(const std::string& text, const std::string& parameters = "") {
    Call call;
    call.kind = Kind::Chat;
    call.started_at = Timestamp::parse("2026-11-20T00:00:00Z");
    call.provider.name = "openai";
    call.model.requested = "house";
    call.request.parameters.text = parameters;
    Message message;
    message.role = "user";
    message.parts.emplace_back();
    message.parts.back().text = text;
    call.request.messages.push_back(message);
    return call;
}

std::shared_ptr<const pricing::Catalogue> prices() {
    pricing::Price price;
    price.provider = "openai";
    price.model = "house";
    price.input = Decimal::parse("1");
    price.output = Decimal::parse("10");
    price.source = "custom";
    pricing::Price large = price;
    large.min_input_tokens = 10'000;
    large.input = Decimal::parse("2");
    return pricing::Catalogue::with({price, large});
}

std::string cost(const Call& call, Count count = Count::Quick) {
    UpperCosts costs;
    const auto cost = costs.of(call, prices(), count);
    return cost ? cost->amount.to_short_string() + " " + cost->currency : "none";
}

TEST(UpperCostTest, OutputIsWhatTheRequestAllows) {
    // 1000 bytes and what frames them: 512 tokens.
    const std::string text(1000, 'x');
    EXPECT_EQ(cost(chat(text, R"({"max_tokens":100})")), "0.001512 USD");
    EXPECT_EQ(cost(chat(text, R"({"max_completion_tokens":100,"n":3})")), "0.003512 USD");
    EXPECT_EQ(cost(chat(text, R"({"generationConfig":{"maxOutputTokens":100,"candidateCount":2}})")),
              "0.002512 USD");
    EXPECT_EQ(cost(chat(text, R"({"options":{"num_predict":-1}})")), "0.041472 USD");  // 4096
    EXPECT_EQ(cost(chat(text)), "0.041472 USD");
    EXPECT_EQ(cost(chat(text, R"({"max_tokens":"many"})")), "0.041472 USD");
    EXPECT_EQ(cost(chat(text, R"({"max_tokens":)")), "0.041472 USD");  // broken: as if it said nothing
}

TEST(UpperCostTest, OfSeveralLimitsTheLargestHolds) {
    const std::string most = cost(chat("hi", R"({"max_tokens":100000})"));
    EXPECT_EQ(cost(chat("hi", R"({"max_tokens":1,"max_completion_tokens":100000})")), most);
    EXPECT_EQ(cost(chat("hi", R"({"max_completion_tokens":100000,"max_tokens":1})")), most);
    EXPECT_EQ(cost(chat("hi", R"({"max_tokens":1e5})")), most);
    EXPECT_EQ(cost(chat("hi", R"({"max_tokens":99999.5})")), most);
    EXPECT_EQ(cost(chat("hi", R"({"max_tokens":10000,"n":2,"best_of":10})")), most);
    EXPECT_EQ(cost(chat("hi", R"({"max_tokens":1e999})")), "1000.000013 USD");  // no more than anybody gives
}

TEST(UpperCostTest, ImagesAreSetAsideByThePieceOrByTheirTokens) {
    const auto image = [](pricing::Price price, const std::string& parameters) {
        price.provider = "openai";
        price.model = "house";
        price.source = "custom";
        Call call = chat("", parameters);
        call.kind = Kind::Image;
        call.request.messages.clear();
        UpperCosts costs;
        const auto cost = costs.of(call, pricing::Catalogue::with({price}), Count::Quick);
        return cost ? cost->amount.to_short_string() : "none";
    };
    pricing::Price piece;
    piece.per_image = Decimal::parse("0.04");
    EXPECT_EQ(image(piece, R"({"n":3})"), "0.12");
    pricing::Price tokens;
    tokens.output = Decimal::parse("10");
    tokens.image_output = Decimal::parse("40");
    EXPECT_EQ(image(tokens, R"({"n":2})"), "0.65536");  // 2 x 8,192 at 40
    pricing::Price seconds;
    seconds.input = Decimal::parse("1");
    seconds.per_second = Decimal::parse("1");
    EXPECT_EQ(image(seconds, "{}"), "none");
}

TEST(UpperCostTest, TheDearestWayToBillTheInputIsSetAside) {
    pricing::Price price;
    price.provider = "openai";
    price.model = "house";
    price.source = "custom";
    price.input = Decimal::parse("1");
    price.cache_write_1h = Decimal::parse("2");
    UpperCosts costs;
    const auto cost = costs.of(chat(std::string(1000, 'x')), pricing::Catalogue::with({price}), Count::Quick);
    ASSERT_TRUE(cost);
    EXPECT_EQ(cost->amount.to_short_string(), "0.001024");  // 512 at 2
}

TEST(UpperCostTest, TheInputsSizeChoosesThePrice) {
    // 9,000 tokens are among those up to 16,383, where the higher price begins.
    EXPECT_EQ(cost(chat(std::string(18'000 - 32, 'x'), R"({"max_tokens":1})")), "0.018002 USD");
    EXPECT_EQ(cost(chat(std::string(100'000, 'x'), R"({"max_tokens":1})")), "0.100034 USD");  // 50,012 at 2
}

TEST(UpperCostTest, TheTokenizerIsCloserAndNeverAboveTheQuickCount) {
    std::string text;
    for (int n = 0; n < 80; ++n) text += "the quick brown fox jumps over the lazy dog. ";
    const Call call = chat(text, R"({"max_tokens":1})");
    UpperCosts costs;
    const auto quick = costs.of(call, prices(), Count::Quick), exact = costs.of(call, prices(), Count::Exact);
    ASSERT_TRUE(quick && exact);
    EXPECT_LT(exact->amount, quick->amount);
    EXPECT_GT(exact->amount, Decimal::parse("0.0008"));  // 800 tokens
    EXPECT_LT(exact->amount, Decimal::parse("0.0012"));
    const auto least = costs.of(call, prices(), Count::Least);
    ASSERT_TRUE(least);
    EXPECT_LT(least->amount, exact->amount);
}

TEST(UpperCostTest, WhatNobodyKnowsIsNotGuessed) {
    Call call = chat("hi");
    call.model.requested = "never-heard-of";
    EXPECT_EQ(cost(call), "none");
    call = chat("hi");
    call.kind = Kind::Transcription;
    EXPECT_EQ(cost(call), "none");
}

TEST(UpperCostTest, NewPricesAreTakenAtOnce) {
    UpperCosts costs;
    const Call call = chat("hi", R"({"max_tokens":1000000})");
    EXPECT_GT(costs.of(call, prices(), Count::Quick)->amount, Decimal::parse("10"));
    pricing::Price free;
    free.provider = "openai";
    free.model = "house";
    free.input = free.output = Decimal{};
    free.source = "custom";
    EXPECT_EQ(costs.of(call, pricing::Catalogue::with({free}), Count::Quick)->amount, Decimal{});
}

}  // namespace
}  // namespace steno::budgets
