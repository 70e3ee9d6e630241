#include "pricing/built_in_prices.hpp"

#include "pricing/amounts.hpp"
#include "pricing/rates.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace steno::pricing {
namespace {

TEST(BuiltInPrices, EveryLineOfTheTableIsRead) {
    const auto built_in = read_catalogue(catalogue_csv(), rates_csv());
    ASSERT_TRUE(built_in) << built_in.error().message;
    EXPECT_EQ(built_in->models.size(),
              static_cast<std::size_t>(std::ranges::count(catalogue_csv(), '\n')) - 1);
    EXPECT_GT(built_in->prices.size(), 700u);
}

TEST(BuiltInPrices, IdsAreUniqueAndEveryRowSaysWhereItIsFrom) {
    const auto built_in = read_catalogue(catalogue_csv(), rates_csv());
    ASSERT_TRUE(built_in);
    std::set<std::string> ids;
    for (const Price& price : built_in->prices) {
        EXPECT_TRUE(ids.insert(price.id()).second) << price.id();
        EXPECT_TRUE(price.source.starts_with("catalogue as of 2026-11-20")) << price.id();
    }
}

/// Bounds that a slip of the decimal point would leave, and ratios that the providers' rules imply.
TEST(BuiltInPrices, FiguresArePlausible) {
    const auto built_in = read_catalogue(catalogue_csv(), rates_csv());
    ASSERT_TRUE(built_in);
    const Decimal dearest = Decimal::parse("2000").value();
    for (const Price& price : built_in->prices) {
        for (const Amount& amount : amounts()) {
            const auto& value = price.*amount.member;
            EXPECT_TRUE(!value || (*value >= Decimal{} && *value <= dearest)) << price.id() << amount.name;
        }
        if (price.audio_cache_read) EXPECT_LE(*price.audio_cache_read, *price.audio_input) << price.id();
        if (price.image_cache_read) EXPECT_LE(*price.image_cache_read, *price.image_input) << price.id();
        if (price.cache_read && price.input) EXPECT_LE(*price.cache_read, *price.input) << price.id();
        if (price.cache_write_5m) {
            EXPECT_GE(*price.cache_write_1h, *price.cache_write_5m) << price.id();
            EXPECT_GT(*price.cache_write_5m, *price.input) << price.id();
        }
    }
}

TEST(BuiltInPrices, ATableThatIsNotOneIsRefused) {
    EXPECT_FALSE(read_catalogue("provider,model\n", rates_csv()));
    const std::string header(catalogue_csv().substr(0, catalogue_csv().find('\n') + 1));
    EXPECT_TRUE(read_catalogue(header + "p,m,chat,1,2,,,,,,,,\n", rates_csv()));
    EXPECT_FALSE(read_catalogue(header + "p,m,chat,1,2,,,,,,,\n", rates_csv()));
    EXPECT_FALSE(read_catalogue(header + "p,m,chat,1,two,,,,,,,,\n", rates_csv()));
    EXPECT_FALSE(read_catalogue(header + "p,m,chat,1,-2,,,,,,,,\n", rates_csv()));
}

}  // namespace
}  // namespace steno::pricing
