// Limits that a request brings along, in each provider's own headers.

#include "simulator/rate_limits.hpp"

#include <gtest/gtest.h>

namespace steno::simulator {
namespace {

std::string header(std::string_view provider, const std::string& name) {
    Reply reply;
    reply.knobs.limit_requests = 3;
    reply.knobs.remaining_requests = 2;
    reply.knobs.limit_tokens = 1000;
    reply.knobs.reset_ms = 90'500;
    set_limit_headers(reply, provider);
    return std::string(reply.headers.get(name).value_or(""));
}

TEST(RateLimits, InEachProvidersOwnHeaders) {
    EXPECT_EQ(header("openai", "x-ratelimit-limit-requests"), "3");
    EXPECT_EQ(header("openai", "x-ratelimit-remaining-requests"), "1");
    EXPECT_EQ(header("openai", "x-ratelimit-remaining-tokens"), "900");
    EXPECT_EQ(header("groq", "x-ratelimit-reset-requests"), "1m30.5s");
    EXPECT_EQ(header("azure", "x-ratelimit-reset-requests"), "90500");
    EXPECT_EQ(header("azure", "x-ratelimit-renewalperiod-requests"), "60");
    EXPECT_EQ(header("anthropic", "anthropic-ratelimit-requests-remaining"), "1");
    EXPECT_EQ(header("anthropic", "anthropic-ratelimit-requests-reset").size(), 20U);
    EXPECT_EQ(header("mistral", "x-ratelimit-remaining-req-minute"), "1");
    EXPECT_EQ(header("mistral", "x-ratelimit-limit-tokens-minute"), "1000");
    EXPECT_EQ(header("together", "x-ratelimit-reset"), "91");
    EXPECT_EQ(header("cohere", "x-trial-endpoint-call-remaining"), "1");
    for (const char* silent : {"gemini", "bedrock", "ollama"}) {
        Reply reply;
        reply.knobs.limit_requests = 3;
        set_limit_headers(reply, silent);
        EXPECT_EQ(reply.headers.begin(), reply.headers.end()) << silent;
    }
}

TEST(RateLimits, UsedUp) {
    Knobs knobs;
    EXPECT_FALSE(used_up(knobs));
    knobs.limit_requests = 3;
    EXPECT_FALSE(used_up(knobs));
    knobs.remaining_requests = 0;
    EXPECT_TRUE(used_up(knobs));
    const net::Headers asking = asking_for_refusal({}, knobs);
    EXPECT_EQ(asking.get("x-sim-error"), "rate_limit");
    EXPECT_EQ(asking.get("x-sim-retry-after"), "60");
}

}  // namespace
}  // namespace steno::simulator
