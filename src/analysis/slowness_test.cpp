#include "analysis/slowness.hpp"

#include <gtest/gtest.h>

namespace steno::analysis {
namespace {

Duration seconds(double s) {
    return {static_cast<std::int64_t>(s * 1e9)};
}

Call chat(double s) {
    Call call;
    call.kind = Kind::Chat;
    call.time.duration = seconds(s);
    return call;
}

TEST(Slowness, NamesTheGreatestPartOfTheTime) {
    Call call = chat(8);
    call.time.time_to_first_token = seconds(6.1);
    call.usage.input_tokens = 3120;
    call.usage.output_tokens = 40;
    EXPECT_EQ(slowness(call), "6.1 s until the first token (3120 tokens in)");
    call.time.time_to_first_token = seconds(0.5);
    call.usage.output_tokens = 300;
    EXPECT_EQ(slowness(call), "an answer of 300 tokens at 40/s");
    call.time.queued = seconds(7.8);
    EXPECT_EQ(slowness(call), "queued 7.8 s");
    call.error.type = ErrorType::Timeout;
    EXPECT_EQ(slowness(call), "ended by a timeout");
}

TEST(Slowness, CountsWhatFailedAttemptsTook) {
    Call call = chat(7);
    call.attempts.resize(3);
    call.attempts[0].duration = seconds(2);
    call.attempts[1].duration = seconds(3.5);
    call.attempts[2].duration = seconds(1.5);
    EXPECT_EQ(slowness(call), "2 failed attempts before took 5.5 s");
}

TEST(Slowness, SaysSomethingOfEveryCall) {
    EXPECT_EQ(slowness(Call()), "its own work");
    EXPECT_EQ(slowness(chat(9)), "its record does not tell");
    Call gone = chat(60);  // its client went away before anything came
    gone.usage.input_tokens = 10;
    EXPECT_EQ(slowness(gone), "its record does not tell");
    gone.usage.output_tokens = 700;
    EXPECT_EQ(slowness(gone), "10 tokens in, 700 out");
    Call agent = chat(9);
    agent.kind = Kind::Agent;
    EXPECT_EQ(slowness(agent), "an agent: its calls together");
    Call hostile = chat(-1);
    hostile.time.time_to_first_token = seconds(3);
    hostile.usage.output_tokens = -5;
    EXPECT_FALSE(slowness(hostile).empty());
    hostile.attempts.resize(3);
    for (Attempt& attempt : hostile.attempts) attempt.duration = Duration{INT64_MAX};
    EXPECT_FALSE(slowness(hostile).contains('-'));
}

}  // namespace
}  // namespace steno::analysis
