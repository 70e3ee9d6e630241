#include "repricing/difference.hpp"

#include "base/random.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace steno::repricing {
namespace {

Decimal amount(std::string_view text) {
    return *Decimal::parse(text);
}

pricing::Price price(const std::string& model, std::string_view input, std::string_view output,
                     const std::string& currency = "USD") {
    pricing::Price price;
    price.provider = "openai";
    price.model = model;
    price.input = amount(input);
    price.output = amount(output);
    price.currency = currency;
    price.source = "custom";
    return price;
}

Call call(const std::string& model, std::int64_t input, std::int64_t output) {
    static SeededRandom random{5};
    Call call;
    call.id = Uuid::random(random);
    call.kind = Kind::Chat;
    call.status = Status::Success;
    call.provider.name = "openai";
    call.model.requested = model;
    call.started_at = Timestamp::parse("2026-11-20T12:00:00Z");
    call.usage.input_tokens = input;
    call.usage.output_tokens = output;
    return call;
}

const auto kOld = pricing::Catalogue::with({price("house", "1", "2"), price("steady", "3", "4")});
const auto kNew = pricing::Catalogue::with(
    {price("house", "1.5", "2", "EUR"), price("steady", "3", "4"), price("late", "7", "8")});

TEST(Judging, SaysWhatBecomesOfACall) {
    Call house = call("house", 1'000'000, 1'000'000);
    kOld->price(house);
    ASSERT_EQ(house.cost.total, amount("3"));
    const Judgement changed = judge(*kNew, house, false, true);
    EXPECT_EQ(changed.verdict, Verdict::Changed);
    EXPECT_EQ(changed.cost.total, amount("3.5"));
    EXPECT_EQ(changed.cost.currency, "EUR");
    EXPECT_EQ(changed.cost.price_id, "openai/house@undated");

    Call steady = call("steady", 10, 10);
    kOld->price(steady);
    EXPECT_EQ(judge(*kNew, steady, false, true).verdict, Verdict::Same);

    Call late = call("late", 10, 10);
    kOld->price(late);
    EXPECT_FALSE(late.cost.total);
    EXPECT_EQ(judge(*kNew, late, false, true).verdict, Verdict::Priced);

    const Judgement unknown = judge(*kNew, call("nobody-knows", 10, 10), false, true);
    EXPECT_EQ(unknown.verdict, Verdict::Unpriced);
    EXPECT_EQ(unknown.why, "no price is known for openai/nobody-knows");
}

TEST(Judging, ACostThatIsNotOfOurMakingStaysUnlessAskedFor) {
    for (const char* const source : {"provider", ""}) {
        Call billed = call("house", 1'000'000, 0);
        billed.cost.total = amount("0.7");
        billed.cost.currency = "USD";
        billed.cost.source = source;
        EXPECT_EQ(judge(*kNew, billed, false, true).verdict, Verdict::Kept);
        EXPECT_EQ(judge(*kNew, billed, true, true).verdict, Verdict::Changed);
    }
}

TEST(Judging, ACallThatFailedAtOnceNeedsNoCost) {
    Call failed = call("nobody-knows", 0, 0);
    failed.usage = {};
    failed.status = Status::Failure;
    EXPECT_EQ(judge(*kNew, failed, false, true).verdict, Verdict::Same);
}

TEST(Judging, WhatIsBilledByTheImageNeedsItsRequest) {
    Call image = call("dall-e-3", 0, 0);
    image.kind = Kind::Image;
    image.usage = {};
    image.usage.images = 2;
    image.request.parameters.text = R"({"size":"1792x1024","quality":"hd"})";
    ASSERT_TRUE(needs_request(image));
    const auto catalogue = pricing::Catalogue::built_in();
    const Judgement known = judge(*catalogue, image, false, true);
    EXPECT_EQ(known.verdict, Verdict::Priced);
    EXPECT_EQ(known.cost.total, amount("0.24"));
    image.request.parameters.text.clear();
    EXPECT_EQ(judge(*catalogue, image, false, false).verdict, Verdict::Unpriced);
}

RC_GTEST_PROP(Adding, TheSumsAreThoseOfTheCallsOneByOne, ()) {
    const auto calls = *rc::gen::container<std::vector<std::tuple<int, std::uint32_t, std::uint32_t, int>>>(
        rc::gen::tuple(rc::gen::inRange(0, 4), rc::gen::inRange<std::uint32_t>(0, 100'000'000),
                       rc::gen::inRange<std::uint32_t>(0, 100'000'000), rc::gen::inRange(0, 8)));
    Difference difference;
    Changes totals;
    std::int64_t changed = 0, priced = 0, unpriced = 0, kept = 0;
    std::vector<Call> after;
    for (const auto& [model, input, output, billed] : calls) {
        constexpr std::array kModels = {"house", "steady", "late", "nobody-knows"};
        Call one = call(kModels[static_cast<std::size_t>(model)], input, output);
        kOld->price(one);
        if (billed == 0) {
            one.cost.total = amount("0.5");
            one.cost.currency = "USD";
            one.cost.source = "provider";
        }
        const Judgement judgement = judge(*kNew, one, false, true);
        difference.add(one, judgement);

        Call again = one;
        if (billed != 0) kNew->price(again);
        if (one.cost.total) totals[one.cost.currency].before += *one.cost.total;
        if (again.cost.total) totals[again.cost.currency].after += *again.cost.total;
        const bool same = one.cost.total == again.cost.total && one.cost.currency == again.cost.currency &&
                          one.cost.input == again.cost.input;
        changed += one.cost.total && !same ? 1 : 0;
        priced += !one.cost.total && again.cost.total ? 1 : 0;
        unpriced += billed != 0 && !again.cost.total ? 1 : 0;
        kept += billed == 0 ? 1 : 0;
        if (judgement.verdict == Verdict::Changed || judgement.verdict == Verdict::Priced)
            one.cost = judgement.cost;
        after.push_back(one);
    }
    RC_ASSERT(difference.looked_at == static_cast<std::int64_t>(calls.size()));
    RC_ASSERT(difference.changed == changed);
    RC_ASSERT(difference.priced == priced);
    RC_ASSERT(difference.unpriced == unpriced);
    RC_ASSERT(difference.kept == kept);
    RC_ASSERT(difference.same == difference.looked_at - changed - priced - unpriced - kept);
    for (const auto& [currency, sums] : totals) {
        RC_ASSERT(difference.totals[currency].before == sums.before);
        RC_ASSERT(difference.totals[currency].after == sums.after);
    }
    RC_ASSERT(difference.totals.size() == totals.size());

    Difference repeated;
    for (const Call& one : after) repeated.add(one, judge(*kNew, one, false, true));
    RC_ASSERT(repeated.to_amend() == 0);
    RC_ASSERT(repeated.amended.empty());
    for (const auto& [currency, sums] : repeated.totals) RC_ASSERT(sums.before == sums.after);
}

TEST(Adding, SumsOfTheStoreAreThoseOfTheCalls) {
    Difference one_by_one, by_the_store;
    Decimal before, after;
    for (const std::int64_t tokens : {10, 200, 3000}) {
        Call one = call("house", tokens, 0);
        kOld->price(one);
        const Judgement judgement = judge(*kNew, one, false, true);
        before += *one.cost.total;
        after += *judgement.cost.total;
        one_by_one.add(one, judgement);
    }
    by_the_store.add_amended("openai", "house", "openai/house@undated", 3, 3, {"USD", before},
                             {"EUR", after});
    EXPECT_EQ(by_the_store.amended, one_by_one.amended);
    EXPECT_EQ(by_the_store.models, one_by_one.models);
    EXPECT_EQ(by_the_store.prices, one_by_one.prices);
    EXPECT_EQ(by_the_store.changed, one_by_one.changed);
}

TEST(Adding, NamesAreBounded) {
    Difference difference;
    for (int i = 0; i < 5000; ++i)
        difference.add(call("house", 1, 1), {Verdict::Unpriced, {}, "reason " + std::to_string(i)});
    EXPECT_LE(difference.reasons.size(), Difference::kMaxNames + 1);
    EXPECT_EQ(difference.reasons.at("others"), 5000 - static_cast<std::int64_t>(Difference::kMaxNames));
}

}  // namespace
}  // namespace steno::repricing
