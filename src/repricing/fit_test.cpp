#include "repricing/fit.hpp"

#include "base/random.hpp"
#include "store/memory/memory_store.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace steno::repricing {
namespace {

Decimal amount(std::string_view text) {
    return *Decimal::parse(text);
}

class FitTest : public testing::Test {
  protected:
    void record(const std::string& provider, const std::string& model, std::int64_t cached = 0,
                Kind kind = Kind::Chat) {
        Call call;
        call.id = Uuid::random(random);
        call.kind = kind;
        call.status = Status::Success;
        call.provider.name = provider;
        call.model.requested = model;
        call.started_at = Timestamp{1'795'000'000'000'000'000 + count++ * 1'000'000'000LL, 0};
        call.usage.input_tokens = 2000;
        if (cached > 0) call.usage.cache_read_tokens = cached;
        if (!broken) call.usage.output_tokens = 10;
        const store::Change change =
            store::Upsert{{call, {{}, static_cast<std::uint64_t>(count)}, std::nullopt}, false, false, true};
        ASSERT_TRUE(store->apply(std::span(&change, 1), {}));
    }
    static pricing::Price price(std::int64_t version, const std::string& model,
                                const std::string& provider = "openai") {
        pricing::Price price;
        price.provider = provider;
        price.model = model;
        price.input = amount("2");
        price.output = amount("8");
        price.version = version;
        return price;
    }
    Fits fits_of(const std::vector<pricing::Price>& own) {
        auto found = fits(*store, own, *pricing::Catalogue::built_in(), Timestamp{0, 0},
                          Timestamp{1'800'000'000'000'000'000, 0});
        EXPECT_TRUE(found) << found.error().message;
        return *found;
    }

    SeededRandom random{5};
    std::int64_t count = 0;
    bool broken = false;
    std::unique_ptr<store::CallStore> store = store::make_memory_store();
};

TEST_F(FitTest, CallsThatUsedWhatAPriceLacksAreCounted) {
    for (int i = 0; i < 3; ++i) record("openai", "gpt-4o");
    record("openai", "gpt-4o", 1408);
    record("openai", "gpt-4o-2024-08-06", 1408);  // of which the catalogue has a price
    record("openai", "gpt-4o-mini", 1408);
    record("openai", "gpt-4o", 0, Kind::Function);
    broken = true;
    record("openai", "gpt-4o");  // no price makes a cost of it
    pricing::Price whole = price(2, "gpt-4o");
    whole.cache_read = amount("1");
    whole.from = Timestamp{1'799'000'000'000'000'000, 0};  // later than all of them
    const Fits found = fits_of({price(1, "gpt-4o"), whole});
    EXPECT_EQ(found.looked_at, 7);
    EXPECT_TRUE(found.complete);
    EXPECT_EQ(found.of[0].calls, 5);
    EXPECT_EQ(found.of[0].unpriced, 1);
    EXPECT_EQ(found.of[0].reasons,
              (std::map<std::string, std::int64_t>{{"no price for cache reads of openai/gpt-4o", 1}}));
    EXPECT_EQ(found.of[1].calls, 5) << "whatever time it holds in";
    EXPECT_EQ(found.of[1].unpriced, 0);
}

TEST_F(FitTest, ANameThatNoCallHasIsSaidWithThoseThatAre) {
    record("openai", "gpt-4o");
    record("openai", "gpt-4o-mini");
    record("gcp.gemini", "gemini-2.5-pro");
    pricing::Price twin = price(3, "our-chat");
    twin.input.reset();
    twin.output.reset();
    twin.same_as = "gpt-9";
    const Fits found = fits_of({price(1, "gpt4o"), price(2, "gemini-2.5-pro", "google"), twin});
    for (const Fit& fit : found.of) EXPECT_EQ(fit.calls, 0);
    EXPECT_FALSE(found.of[0].model_unknown);
    EXPECT_TRUE(found.of[2].model_unknown);
    EXPECT_EQ(found.providers, (std::map<std::string, std::int64_t>{{"gcp.gemini", 1}, {"openai", 2}}));
    EXPECT_EQ(found.models, (Fits::Models{{{"openai", "gpt-4o"}, 1}, {{"openai", "gpt-4o-mini"}, 1}}));
    twin.same_as = "gpt-4o-2024-08-06";
    EXPECT_FALSE(fits_of({twin}).of[0].model_unknown);
}

TEST_F(FitTest, ADeploymentCostsWhatItsModelCosts) {
    record("openai", "our-chat", 1408);
    pricing::Price twin = price(1, "our-chat");
    twin.input.reset();
    twin.output.reset();
    twin.same_as = "gpt-4o";
    const Fits found = fits_of({twin});
    EXPECT_EQ(found.of[0].calls, 1);
    EXPECT_EQ(found.of[0].unpriced, 0);
}

}  // namespace
}  // namespace steno::repricing
