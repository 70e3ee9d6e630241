// What holds of every price and every usage, whatever the figures are.

#include "pricing/amounts.hpp"
#include "pricing/catalogue.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace steno::pricing {
namespace {

const std::vector<Price>& built_in() {
    static const std::vector<Price> prices = Catalogue::built_in()->list();
    return prices;
}

/// Prices of the standard list for text, in any tier and band.
const std::vector<Price>& token_prices() {
    static const std::vector<Price> prices = [] {
        std::vector<Price> out;
        for (const Price& price : built_in())
            if (price.input && price.output && price.variant.empty() && !price.region.starts_with('!'))
                out.push_back(price);
        return out;
    }();
    return prices;
}

/// A call under the circumstances of `price`, with `input` tokens beyond the beginning of its band.
Call call_for(const Price& price, std::int64_t input, std::int64_t output) {
    Call call;
    call.kind = Kind::Chat;
    call.provider.name = price.provider;
    call.model.served = price.model;
    call.provider.batch = price.tier == "batch";
    if (price.tier == "fast")
        call.provider.speed = "fast";
    else if (price.tier != "batch")
        call.provider.service_tier = price.tier;
    call.provider.region = price.region.substr(0, price.region.find('|'));
    call.started_at = price.from ? price.from
                      : price.to ? Timestamp::parse("2024-01-01T00:00:00Z")
                                 : Timestamp::parse("2026-11-20T12:00:00Z");
    call.usage.input_tokens = price.min_input_tokens + input;
    call.usage.output_tokens = output;
    return call;
}

Explanation explain(const Call& call) {
    return Catalogue::built_in()->explain(call);
}

std::int64_t tokens() {
    return *rc::gen::inRange<std::int64_t>(0, 50'000);
}

const Price& any_price() {
    return token_prices()[*rc::gen::inRange<std::size_t>(0, token_prices().size())];
}

RC_GTEST_PROP(PriceProperties, ThePartsAddUpAndExplainAgreesWithPrice, ()) {
    Call call = call_for(any_price(), 0, tokens());
    const std::int64_t fresh = tokens();
    call.usage.cache_read_tokens = tokens();
    call.usage.cache_write_tokens.minutes_5 = *rc::gen::elementOf(std::vector<std::int64_t>{0, 77});
    call.usage.cache_write_tokens.other = *rc::gen::elementOf(std::vector<std::int64_t>{0, 33});
    call.usage.searches = *rc::gen::elementOf(std::vector<std::int64_t>{0, 0, 3});
    *call.usage.input_tokens += fresh + *call.usage.cache_read_tokens +
                                *call.usage.cache_write_tokens.minutes_5 +
                                *call.usage.cache_write_tokens.other;
    const Explanation explanation = explain(call);
    Catalogue::built_in()->price(call);
    RC_ASSERT(call.cost.total == explanation.total);
    RC_CLASSIFY(explanation.total.has_value(), "priced");
    if (!explanation.total) {
        RC_ASSERT(call.cost == Cost{});
        RC_ASSERT(!explanation.missing.empty());
        return;
    }
    Decimal lines;
    for (const CostLine& line : explanation.lines) {
        RC_ASSERT(line.amount == line.price.times(line.count, line.per));
        lines += line.amount;
    }
    Decimal parts;
    for (const auto& part : {call.cost.input, call.cost.output, call.cost.cache, call.cost.other})
        if (part) parts += *part;
    RC_ASSERT(lines == *explanation.total);
    RC_ASSERT(parts == *explanation.total);
}

RC_GTEST_PROP(PriceProperties, MoreTokensNeverCostLessWithinABand, ()) {
    const Price& price = any_price();
    const std::int64_t input = tokens();
    const std::int64_t output = tokens();
    const Explanation less = explain(call_for(price, input, output));
    const Explanation more_in = explain(call_for(price, input + tokens(), output));
    const Explanation more_out = explain(call_for(price, input, output + tokens()));
    RC_ASSERT(less.total.has_value());
    if (more_in.price == less.price) RC_ASSERT(*more_in.total >= *less.total);
    RC_ASSERT(*more_out.total >= *less.total);
}

/// Beyond a band's edge a call costs at least what the band below would have asked for it.
RC_GTEST_PROP(PriceProperties, ABandIsNeverCheaperThanTheOneBelow, ()) {
    const Price& price = any_price();
    RC_PRE(price.min_input_tokens > 0);
    const std::int64_t output = tokens();
    const auto above = explain(call_for(price, 0, output)).total;
    const auto below = explain(call_for(price, -1, output)).total;
    RC_ASSERT(above && below);
    RC_ASSERT(*above >= *below);
}

RC_GTEST_PROP(PriceProperties, ReadingFromTheCacheIsNeverDearer, ()) {
    const Price& price = any_price();
    const std::int64_t input = tokens();
    Call call = call_for(price, input, tokens());
    const auto uncached = explain(call).total;
    call.usage.cache_read_tokens = *rc::gen::inRange<std::int64_t>(0, input + 1);
    const auto cached = explain(call).total;
    RC_ASSERT(uncached.has_value());
    if (cached)
        RC_ASSERT(*cached <= *uncached);
    else
        RC_ASSERT(!price.cache_read);
}

RC_GTEST_PROP(PriceProperties, ABatchIsNeverDearer, ()) {
    const Price& price = any_price();
    RC_PRE(price.tier.empty());
    Call call = call_for(price, tokens(), tokens());
    const auto alone = explain(call).total;
    call.provider.batch = true;
    const auto batch = explain(call).total;
    RC_CLASSIFY(batch.has_value(), "has a batch price");
    if (batch) RC_ASSERT(*batch <= *alone);
}

/// Whatever is billed by the piece, page, search, character or time: more of it never costs less.
RC_GTEST_PROP(PriceProperties, MoreOfAUnitNeverCostsLess, ()) {
    static const std::vector<Price> by_units = [] {
        std::vector<Price> out;
        for (const Price& price : built_in())
            if ((price.per_image || price.per_second || price.per_hour || price.per_page ||
                 price.per_search || price.per_million_characters) &&
                !price.input && price.tier != "batch")
                out.push_back(price);
        return out;
    }();
    RC_ASSERT(!by_units.empty());
    const Price& price = by_units[*rc::gen::inRange<std::size_t>(0, by_units.size())];
    const auto cost = [&](std::int64_t count) {
        Call call = call_for(price, 0, 0);
        call.kind = price.per_image ? Kind::Image : Kind::Transcription;
        call.usage = {};
        if (price.per_image) call.usage.images = count;
        if (price.per_second || price.per_hour) call.usage.seconds = static_cast<double>(count) / 8;
        if (price.per_page) call.usage.pages = count;
        if (price.per_search) call.usage.searches = count;
        if (price.per_million_characters) call.usage.characters = count;
        if (const auto space = price.variant.find(' '); space != std::string::npos)
            call.request.parameters.text = R"({"size":")" + price.variant.substr(0, space) +
                                           R"(","quality":")" + price.variant.substr(space + 1) + R"("})";
        return explain(call).total;
    };
    const std::int64_t count = tokens();
    const auto less = cost(count);
    const auto more = cost(count + tokens());
    RC_ASSERT(less && more);
    RC_ASSERT(*less <= *more);
    RC_ASSERT(cost(0) == Decimal{});
}

RC_GTEST_PROP(PriceProperties, AddingZeroOfAThingChangesNothing, ()) {
    Call call = call_for(any_price(), tokens(), tokens());
    const Explanation before = explain(call);
    Usage& u = call.usage;
    for (auto* thing :
         {&u.cache_read_tokens, &u.cache_write_tokens.minutes_5, &u.cache_write_tokens.minutes_30,
          &u.cache_write_tokens.hours_1, &u.cache_write_tokens.hours_12, &u.cache_write_tokens.other,
          &u.audio_input_tokens, &u.audio_output_tokens, &u.image_input_tokens, &u.image_output_tokens,
          &u.cache_read_audio_tokens, &u.cache_read_image_tokens, &u.images, &u.characters, &u.pages,
          &u.searches})
        if (*rc::gen::arbitrary<bool>()) *thing = 0;
    if (*rc::gen::arbitrary<bool>()) u.seconds = 0;
    const Explanation after = explain(call);
    RC_ASSERT(after.total == before.total);
    RC_ASSERT(after.lines.size() == before.lines.size());
}

RC_GTEST_PROP(PriceProperties, AThingWithoutAPriceLeavesNoTotal, ()) {
    Price price;
    price.provider = "p";
    price.model = "m";
    price.source = "custom";
    const auto known = [] { return *rc::gen::arbitrary<bool>(); };
    for (const Amount& amount : amounts())
        if (known()) price.*amount.member = Decimal::parse("3");
    price.input = Decimal::parse("1");
    price.output = Decimal::parse("2");
    Call call = call_for(price, 0, 5);
    Usage& u = call.usage;
    struct Thing {
        std::optional<std::int64_t>* count;
        const std::optional<Decimal>* price;
    };
    const Thing thing = *rc::gen::elementOf(std::vector<Thing>{
        {&u.cache_read_tokens, &price.cache_read},
        {&u.cache_write_tokens.minutes_5, &price.cache_write_5m},
        {&u.cache_write_tokens.minutes_30, &price.cache_write_30m},
        {&u.cache_write_tokens.hours_1, &price.cache_write_1h},
        {&u.cache_write_tokens.hours_12, &price.cache_write_12h},
        {&u.cache_write_tokens.other, &price.cache_write},
        {&u.audio_input_tokens, &price.audio_input},
    });
    *thing.count = 1 + tokens();
    u.input_tokens = 100'000;
    const auto catalogue = Catalogue::with({price});
    const Explanation explanation = catalogue->explain(call);
    RC_ASSERT(explanation.total.has_value() == thing.price->has_value());
    catalogue->price(call);
    RC_ASSERT(call.cost.total == explanation.total);
}

RC_GTEST_PROP(PriceProperties, TheOrderOfCustomPricesDoesNotMatter, ()) {
    std::vector<Price> prices;
    const auto count = *rc::gen::inRange(1, 12);
    for (int i = 0; i < count; ++i) {
        Price price;
        price.provider = "p";
        price.model = *rc::gen::elementOf(std::vector<std::string>{"m", "*"});
        price.region = *rc::gen::elementOf(std::vector<std::string>{"", "eu", "!us"});
        price.tier = *rc::gen::elementOf(std::vector<std::string>{"", "batch"});
        price.min_input_tokens = *rc::gen::elementOf(std::vector<std::int64_t>{0, 1'000});
        if (*rc::gen::arbitrary<bool>()) price.from = Timestamp::parse("2026-01-01T00:00:00Z");
        if (*rc::gen::arbitrary<bool>()) price.to = Timestamp::parse("2026-12-01T00:00:00Z");
        price.input = Decimal::from_units((1 + i) * Decimal::kOne);
        price.output = price.input;
        price.source = "custom";
        const bool twice = std::ranges::any_of(prices, [&](const Price& other) {
            return other.id() == price.id() && other.to == price.to && other.from == price.from;
        });
        if (!twice) prices.push_back(price);
    }
    // Which of "eu" and "!us" is meant where both hold is for their author to say.
    std::erase_if(prices, [&](const Price& price) {
        return price.region == "!us" &&
               std::ranges::any_of(prices, [](const Price& p) { return p.region == "eu"; });
    });
    Call call = call_for(prices.front(), *rc::gen::inRange<std::int64_t>(0, 2'000), 10);
    call.model.served = "m";
    call.provider.region = "eu";
    call.started_at = Timestamp::parse("2026-11-20T00:00:00Z");
    const auto before = Catalogue::with(prices)->explain(call);
    for (std::size_t i = prices.size(); i > 1; --i)
        std::swap(prices[i - 1], prices[*rc::gen::inRange<std::size_t>(0, i)]);
    const auto after = Catalogue::with(prices)->explain(call);
    RC_ASSERT(after.total == before.total);
    RC_ASSERT(after.price == before.price);
}

}  // namespace
}  // namespace steno::pricing
