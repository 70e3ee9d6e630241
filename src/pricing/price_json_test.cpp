#include "pricing/catalogue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace steno::pricing {
namespace {

using testing::HasSubstr;

TEST(PriceJson, ReadsWhatPeopleWrite) {
    const auto prices = prices_from_json(R"([
      {"provider":"openai","model":"gpt-4o","input":"2.50","output":10,"from":"2026-01-01","to":"2026-07-01T00:00:00+02:00",
       "min_input_tokens":200001,"tier":"batch"},
      {"provider":"local","model":"*","input":"0","output":"0","source":"our own machine"}])");
    ASSERT_TRUE(prices) << prices.error().message;
    ASSERT_EQ(prices->size(), 2u);
    EXPECT_EQ(prices->at(0).input, Decimal::parse("2.5"));
    EXPECT_EQ(prices->at(0).output, Decimal::parse("10"));
    EXPECT_EQ(prices->at(0).from, Timestamp::parse("2026-01-01T00:00:00Z"));
    EXPECT_EQ(prices->at(0).source, "custom");
    EXPECT_EQ(prices->at(0).id(), "openai/gpt-4o@2026-01-01/batch/from-200001-tokens");
    EXPECT_EQ(prices->at(1).source, "our own machine");
}

TEST(PriceJson, EveryRefusalSaysWhereAndWhatWasMeant) {
    const auto refusal = [](std::string_view text) {
        const auto prices = prices_from_json(text);
        return prices ? "accepted" : prices.error().message + " | " + prices.error().remedy;
    };
    EXPECT_THAT(refusal("{}"), HasSubstr("not a JSON array"));
    EXPECT_THAT(refusal("[{}"), testing::Not("accepted"));
    EXPECT_THAT(refusal("[1]"), HasSubstr("price 1: not an object"));
    EXPECT_THAT(refusal(R"([{"model":"m","input":"1"}])"), HasSubstr("price 1: provider is missing"));
    EXPECT_THAT(refusal(R"([{"provider":"p","model":"m"}])"), HasSubstr("no price in it"));
    EXPECT_THAT(refusal(R"([{"provider":"p","model":"m","input":"0.00000015"}])"),
                HasSubstr("looks like a price per token | prices are per million tokens: \"0.15\"?"));
    EXPECT_THAT(
        refusal(
            R"([{"provider":"p","model":"m","input":"1"},{"provider":"p","model":"m","input":"150000"}])"),
        HasSubstr("price 2: input: 150000 for a million tokens is more than any model costs"));
    EXPECT_THAT(refusal(R"([{"provider":"p","model":"m","input":"-1"}])"), HasSubstr("not negative"));
    EXPECT_THAT(refusal(R"([{"provider":"p","model":"m","input":"1,50"}])"), HasSubstr("not a decimal"));
    EXPECT_THAT(refusal(R"([{"provider":"p","model":"m","input":true}])"), HasSubstr("a string is needed"));
    EXPECT_THAT(refusal(R"([{"provider":"p","model":"m","inputs":"1"}])"),
                HasSubstr("\"inputs\" is no member"));
    EXPECT_THAT(refusal(R"([{"provider":"p","model":"m","input":"1","from":"tomorrow"}])"),
                HasSubstr("is no time"));
    EXPECT_THAT(
        refusal(R"([{"provider":"p","model":"m","input":"1","from":"2026-02-01","to":"2026-01-01"}])"),
        HasSubstr("to is not after from"));
    EXPECT_THAT(
        refusal(R"([{"provider":"p","model":"m","input":"1"},{"provider":"p","model":"m","input":"2"}])"),
        HasSubstr("as price 1"));
    EXPECT_THAT(refusal(R"([{"provider":"p","model":"m","input":"1"}] x)"), testing::Not("accepted"));
    EXPECT_THAT(refusal(R"([{"provider":"p","model":"m","input":"1","min_input_tokens":1.5}])"),
                HasSubstr("whole number"));
    EXPECT_THAT(refusal(R"([{"provider":"p","model":"m","input":"1","currency":"dollars"}])"),
                HasSubstr("currency"));
}

TEST(PriceJson, TheBuiltInPricesSurviveTheRoundTrip) {
    std::vector<Price> prices = Catalogue::built_in()->list();
    std::erase_if(prices,
                  [](const Price& p) { return !p.input && !p.per_second && !p.per_million_characters; });
    const auto again = prices_from_json(prices_to_json(prices));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(*again, prices);
    EXPECT_EQ(prices_to_json({}), "[\n]\n");
}

RC_GTEST_PROP(PriceJsonProperties, AnythingIsReadOrRefused, (std::string text)) {
    static_cast<void>(prices_from_json(text));
    static_cast<void>(prices_from_json("[{\"provider\":" + text));
}

}  // namespace
}  // namespace steno::pricing
