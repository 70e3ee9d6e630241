#include "pricing/rates.hpp"

#include "pricing/built_in_prices.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace steno::pricing {
namespace {

const std::string kHeader =
    "providers,models,modes,variant,tier,region,above_input_tokens,from,to,rates,source\n";

std::vector<RateRow> rows_of(const std::string& text) {
    auto rows = read_rates(text);
    EXPECT_TRUE(rows) << rows.error().message;
    return rows ? std::move(*rows) : std::vector<RateRow>{};
}

Price base() {
    Price price;
    price.provider = "p";
    price.model = "m-pro";
    price.input = Decimal::parse("2");
    price.output = Decimal::parse("10");
    price.cache_read = Decimal::parse("0.2");
    price.source = "base";
    return price;
}

std::vector<std::string> summary(const std::vector<Price>& prices) {
    std::vector<std::string> out;
    for (const Price& price : prices) {
        const auto show = [](const std::optional<Decimal>& value) {
            return value ? value->to_short_string() : "-";
        };
        out.push_back(price.id() + " " + show(price.input) + " " + show(price.cache_read) + " " +
                      show(price.output));
    }
    return out;
}

TEST(Rates, EveryRowOfTheTableConcernsAModel) {
    const auto rows = read_rates(rates_csv());
    ASSERT_TRUE(rows) << rows.error().message;
    EXPECT_GT(rows->size(), 90u);
    const auto built_in = read_catalogue(catalogue_csv(), rates_csv());
    ASSERT_TRUE(built_in) << built_in.error().message;
    for (const RateRow& row : *rows) {
        bool concerns_one = false;
        for (const CatalogueModel& model : built_in->models)
            concerns_one = concerns_one || row.concerns(model.provider, model.model, model.mode);
        EXPECT_TRUE(concerns_one) << "line " << row.line;
    }
}

TEST(Rates, BandsTiersAndRegionsMultiply) {
    const std::string table = kHeader +
                              "p,m-*,,,,,1000,,,inputs=x2 caches=x2 outputs=x3/2,band\n"
                              "p,m-*,,,batch,,,,,all=x1/2 caches=unknown,half\n"
                              "p,m-*,,,,eu,,,,all=x1.1,uplift\n";
    EXPECT_THAT(
        summary(with_rates(base(), "chat", rows_of(table))),
        testing::UnorderedElementsAre(
            "p/m-pro@undated 2 0.2 10", "p/m-pro@undated/from-1001-tokens 4 0.4 15",
            "p/m-pro@undated/batch 1 - 5", "p/m-pro@undated/batch/from-1001-tokens 2 - 7.5",
            "p/m-pro@undated/eu 2.2 0.22 11", "p/m-pro@undated/eu/from-1001-tokens 4.4 0.44 16.5",
            "p/m-pro@undated/batch/eu 1.1 - 5.5", "p/m-pro@undated/batch/eu/from-1001-tokens 2.2 - 8.25"));
}

TEST(Rates, LaterRowsAmendEarlierOnes) {
    const std::string table = kHeader +
                              "p,m-*,,,,,,,,cache_write_1h=2*input per_search=0.01,writes\n"
                              "p,m-*,,,batch,,,,,all=x1/2,half\n"
                              "p,m-pro,,,batch,,,,,cache_read=0.13,published\n"
                              "p,m-pro !m-p*,,,batch,,,,,all=unknown,excluded\n";
    const auto prices = with_rates(base(), "chat", rows_of(table));
    EXPECT_THAT(summary(prices),
                testing::UnorderedElementsAre("p/m-pro@undated 2 0.2 10", "p/m-pro@undated/batch 1 0.13 5"));
    EXPECT_EQ(prices.front().cache_write_1h, Decimal::parse("4"));
    EXPECT_EQ(prices.back().cache_write_1h, Decimal::parse("2"));
    EXPECT_EQ(prices.back().per_search, Decimal::parse("0.01"));
    EXPECT_EQ(prices.back().source, "base; writes; half; published");
}

TEST(Rates, DatesDivideTheBase) {
    const std::string table = kHeader +
                              "p,m-*,,,,,,2027-01-01,,input=4 output=x2,after\n"
                              "p,m-*,,,,,,,2026-01-01,input=8,before\n"
                              "p,m-*,,,,,1000,,2026-06-01,all=x2,band that ended\n";
    EXPECT_THAT(summary(with_rates(base(), "chat", rows_of(table))),
                testing::UnorderedElementsAre("p/m-pro@2026-01-01 2 0.2 10", "p/m-pro@2027-01-01 4 0.2 20",
                                              "p/m-pro@until-2026-01-01 8 0.2 10",
                                              "p/m-pro@2026-01-01/from-1001-tokens 4 0.4 20",
                                              "p/m-pro@until-2026-01-01/from-1001-tokens 16 0.4 20"));
}

TEST(Rates, RowsThatSayNothingClearAreRefused) {
    EXPECT_FALSE(read_rates("providers\n"));
    for (const char* row :
         {"p,m,,,,,,,,input=1\n", "p,m,,,,,,,,,source\n", ",m,,,,,,,,input=1,s\n", "p,m,,,,,,,,input=-1,s\n",
          "p,m,,,,,,,,input=x0,s\n", "p,m,,,,,,,,input=x1/0,s\n", "p,m,,,,,,,,inputt=1,s\n",
          "p,m,,,,,,,,input=2*inputs,s\n", "p,m,,,,,many,,,input=1,s\n", "p,m,,,,,,tomorrow,,input=1,s\n",
          "p,m,,,,,,,,input,s\n", "p,m,,,,,,,,input=1,s\n,"}) {
        EXPECT_FALSE(read_rates(kHeader + row)) << row;
    }
    EXPECT_TRUE(read_rates(kHeader + "# a remark\n\np,m,,,,,,,,input=1 output=x3/2,s\n"));
}

}  // namespace
}  // namespace steno::pricing
