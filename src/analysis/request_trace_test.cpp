#include "analysis/request_trace.hpp"

#include "analysis/call_tree.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

namespace steno::analysis {
namespace {

/// The n-th call (n > 0), from one second to another, within another one (0: a root).
Call call(std::uint8_t n, std::uint8_t parent, double from, double to, Kind kind = Kind::Chat) {
    const auto id = [](std::uint8_t number) {
        Uuid made;
        made.bytes[15] = number;
        return made;
    };
    Call call;
    call.id = id(n);
    call.kind = kind;
    call.started_at = Timestamp{static_cast<std::int64_t>(from * 1e9), 0};
    call.ended_at = Timestamp{static_cast<std::int64_t>(to * 1e9), 0};
    call.time.duration = Duration{call.ended_at->unix_nanos - call.started_at->unix_nanos};
    if (parent != 0) call.trace.parent_id = id(parent).to_string();
    return call;
}

std::vector<Message> said(std::string text) {
    Part part;
    part.text = std::move(text);
    Message message;
    message.parts.push_back(std::move(part));
    return {message};
}

void asks(Call& call, std::string text, std::string answer) {
    call.model.requested = "m";
    call.request.messages = said(std::move(text));
    call.response.messages = said(std::move(answer));
}

/// "2:1.5 1:0.5": who was waited for how long, in the order of time.
std::string path_of(const RequestTrace& trace) {
    std::string text;
    for (const auto& step : trace.critical_path)
        text += fmt::format("{}{}:{}", text.empty() ? "" : " ",
                            step.call ? fmt::format("{}", *step.call + 1) : "-",
                            static_cast<double>(step.took.nanos) / 1e9);
    return text;
}

TEST(RequestTrace, TheEndWaitsForWhatEndedLast) {
    // An agent of 10 s: a call of 2 s, then two side by side, of which the longer one counts, then its own
    // second.
    const std::vector<Call> calls = {call(1, 0, 0, 10, Kind::Agent), call(2, 1, 1, 3), call(3, 1, 3, 9),
                                     call(4, 1, 3, 7)};
    const RequestTrace trace = trace_of(calls);
    EXPECT_EQ(path_of(trace), "1:1 2:2 3:6 1:1");
    EXPECT_EQ(trace.whole.nanos, 10'000'000'000);
    ASSERT_EQ(trace.bottlenecks.size(), 3u);
    EXPECT_EQ(trace.bottlenecks[0].call, 2u);
    EXPECT_EQ(trace.levels[0].kind, "chat");
    EXPECT_EQ(trace.levels[0].own.nanos, 12'000'000'000);
    EXPECT_EQ(trace.levels[0].on_path.nanos, 8'000'000'000);
    EXPECT_EQ(trace.levels[1].own.nanos, 2'000'000'000);
}

TEST(RequestTrace, BetweenRootsNothingIsKnown) {
    EXPECT_EQ(path_of(trace_of(std::vector{call(1, 0, 0, 2), call(2, 0, 5, 6)})), "1:2 -:3 2:1");
    EXPECT_EQ(path_of(trace_of({})), "");
}

TEST(RequestTrace, WhatOutlivesItsParentIsWaitedForNoLonger) {
    EXPECT_EQ(path_of(trace_of(std::vector{call(1, 0, 0, 4, Kind::Agent), call(2, 1, 1, 9)})), "1:1 2:3 -:5");
}

TEST(RequestTrace, AFunctionThatAModelAskedForIsWaitedForByTheAgent) {
    const std::vector<Call> calls = {call(1, 0, 0, 10, Kind::Agent), call(2, 1, 0, 2),
                                     call(3, 2, 2, 8, Kind::Function), call(4, 1, 8, 9)};
    const RequestTrace trace = trace_of(calls);
    EXPECT_EQ(path_of(trace), "2:2 3:6 4:1 1:1");
    EXPECT_EQ(trace.levels[0].kind, "function");
    EXPECT_EQ(trace.levels[2].kind, "agent");
    EXPECT_EQ(trace.levels[2].own.nanos, 1'000'000'000);
}

TEST(RequestTrace, TheSameAskedAgainIsFound) {
    std::vector<Call> calls = {call(1, 0, 0, 10, Kind::Agent), call(2, 1, 0, 1), call(3, 1, 2, 4),
                               call(4, 1, 5, 6), call(5, 1, 7, 8)};
    for (const std::size_t i : {1u, 2u, 3u})
        asks(calls[i], "What is the capital of France?", "Paris, of course.");
    asks(calls[4], "What is the capital of Spain?", "Madrid, of course.");
    calls[3].model.requested = "another";
    calls[2].cost.total = Decimal::parse("0.25");
    calls[2].cost.currency = "USD";
    const RequestTrace trace = trace_of(calls);
    ASSERT_EQ(trace.repeats.size(), 1u);
    EXPECT_EQ(trace.repeats[0].calls, (std::vector<std::size_t>{1, 2}));
    EXPECT_EQ(trace.repeats[0].took.nanos, 2'000'000'000);
    EXPECT_EQ(trace.repeats[0].cost.at("USD").to_string(), "0.250000000000");
    EXPECT_EQ(trace.without_payload, 0);
}

TEST(RequestTrace, WhatDoesNotNeedTheOtherCouldRunBesideIt) {
    std::vector<Call> calls = {call(1, 0, 0, 10, Kind::Agent), call(2, 1, 0, 3), call(3, 1, 3, 5),
                               call(4, 1, 6, 9)};
    asks(calls[1], "Summarize this mail.", "The customer wants a refund.");
    asks(calls[2], "Translate this invoice.", "Rechnung über drei Stühle.");
    asks(calls[3], "Write an answer to: Rechnung über drei Stühle.", "Dear customer, …");
    const RequestTrace trace = trace_of(calls);
    ASSERT_EQ(trace.side_by_side.size(), 1u);
    EXPECT_EQ(trace.side_by_side[0].first, 1u);
    EXPECT_EQ(trace.side_by_side[0].second, 2u);
    EXPECT_EQ(trace.side_by_side[0].saved.nanos, 2'000'000'000);
}

TEST(RequestTrace, WithoutTextsNothingIsClaimed) {
    const RequestTrace trace =
        trace_of(std::vector{call(1, 0, 0, 1), call(2, 0, 1, 2), call(3, 0, 2, 3, Kind::Retrieval)});
    EXPECT_TRUE(trace.repeats.empty());
    EXPECT_TRUE(trace.side_by_side.empty());
    EXPECT_EQ(trace.without_payload, 2);
}

RC_GTEST_PROP(RequestTraceProperty, ThePathIsAsLongAsTheRequest, ()) {
    std::vector<Call> calls;
    const auto count = *rc::gen::inRange<std::uint8_t>(0, 40);
    for (std::uint8_t n = 1; n <= count; ++n) {
        const double from = *rc::gen::inRange(0, 50), lasts = *rc::gen::inRange(0, 20);
        // Any parent: rings, calls outside of their parents, and parents that are not there too.
        calls.push_back(call(n, *rc::gen::inRange<std::uint8_t>(0, 45), from, from + lasts,
                             n % 3 == 0 ? Kind::Agent : Kind::Chat));
    }
    const RequestTrace trace = trace_of(calls);
    std::int64_t sum = 0, at = 0;
    for (std::size_t i = 0; i < trace.critical_path.size(); ++i) {
        const auto& step = trace.critical_path[i];
        RC_ASSERT(step.took.nanos > 0);
        RC_ASSERT(i == 0 || step.from.unix_nanos == at);
        at = step.from.unix_nanos + step.took.nanos;
        sum += step.took.nanos;
    }
    RC_ASSERT(sum == trace.whole.nanos);
    const CallTree tree = tree_of(calls);
    std::set<std::size_t> reached;
    std::vector<std::size_t> stack = tree.roots;
    while (!stack.empty()) {
        const std::size_t next = stack.back();
        stack.pop_back();
        RC_ASSERT(reached.insert(next).second);
        stack.insert(stack.end(), tree.children[next].begin(), tree.children[next].end());
    }
    RC_ASSERT(reached.size() == calls.size());
}

}  // namespace
}  // namespace steno::analysis
