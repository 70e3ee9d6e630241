#include "steno/context.hpp"

#include "client/context_node.hpp"
#include "record/binary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace steno {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::MatchesRegex;

/// What a call within this context would have.
Call in(const Context& context) {
    Call call;
    for (const auto& [part, place] :
         {std::pair{context.node()->header, '\1'}, std::pair{context.node()->request, '\2'}}) {
        const std::string bytes = std::string("\1") + place + part;
        EXPECT_TRUE(decode(bytes, call));
    }
    return call;
}

TEST(Context, IsInTheRecord) {
    const Call call = in(Context()
                             .with_session("s1")
                             .with_request("r1")
                             .with_user("u1")
                             .with_agent("calendar")
                             .with_function("tasks", "create")
                             .with_project("p")
                             .with_environment("test"));
    EXPECT_EQ(call.trace.session_id, "s1");
    EXPECT_EQ(call.trace.request_id, "r1");
    EXPECT_EQ(call.who.user_id, "u1");
    EXPECT_EQ(call.trace.agent, "calendar");
    EXPECT_EQ(call.trace.function, "tasks");
    EXPECT_EQ(call.trace.operation, "create");
    EXPECT_EQ(call.project, "p");
    EXPECT_EQ(call.environment, "test");
}

TEST(Context, AgentsAroundAnAgentAreNamedOnceAndNeverItself) {
    using Names = std::vector<std::string>;
    const Context boss = Context().with_agent("boss");
    EXPECT_EQ(in(boss).trace.outer_agents, Names{});
    EXPECT_EQ(in(boss.with_agent("boss")).trace.outer_agents, Names{});
    const Context clerk = boss.with_agent("planner").with_agent("clerk");
    EXPECT_EQ(in(clerk).trace.agent, "clerk");
    EXPECT_EQ(in(clerk).trace.outer_agents, (Names{"boss", "planner"}));
    EXPECT_EQ(in(clerk.with_agent("boss")).trace.agent, "boss");
    EXPECT_EQ(in(clerk.with_agent("boss")).trace.outer_agents, (Names{"planner", "clerk"}));
    EXPECT_EQ(in(clerk.with_agent("")).trace.outer_agents, Names{});
    const Context tool = boss.with_function("plan", "make").with_function("look");
    EXPECT_EQ(in(tool).trace.outer_functions, Names{"plan"});
    EXPECT_EQ(in(tool).trace.outer_agents, Names{});
}

TEST(Context, HowDeepAgentsAreIsBounded) {
    Context context;
    for (int i = 0; i < 100; ++i) context = context.with_agent("agent " + std::to_string(i));
    const Call call = in(context);
    EXPECT_EQ(call.trace.agent, "agent 99");
    ASSERT_EQ(call.trace.outer_agents.size(), client::kMostOuter);
    EXPECT_EQ(call.trace.outer_agents.front(), "agent 0");
    EXPECT_EQ(call.trace.outer_agents.back(), "agent 98");
}

TEST(Context, EachIsAValueOfItsOwn) {
    const Context outer = Context().with_session("a");
    const Context inner = outer.with_session("b").with_user("u");
    EXPECT_EQ(outer.session(), "a");
    EXPECT_EQ(outer.user(), "");
    EXPECT_EQ(inner.session(), "b");
}

TEST(Context, VariablesThatAPromptWantsAndDoesNotGetAreMissing) {
    const Call call =
        in(Context().with_prompt({.type = "mail",
                                  .name = "reply",
                                  .version = "3",
                                  .text = "Dear {name}, {{ topic }} ${day} {name} {\"json\": 1} { }",
                                  .variables = {{"name", "An \"n\""}}}));
    EXPECT_EQ(call.prompt.type, "mail");
    EXPECT_EQ(call.prompt.name, "reply");
    EXPECT_EQ(call.prompt.version, "3");
    EXPECT_EQ(call.prompt.variables.text, R"({"name":"An \"n\""})");
    EXPECT_THAT(call.prompt.missing_variables, ElementsAre("topic", "day"));
    EXPECT_EQ(call.prompt.all_variables_present, false);
    EXPECT_EQ(in(Context().with_prompt({.type = "mail"})).prompt.all_variables_present, std::nullopt);
    EXPECT_EQ(
        in(Context().with_prompt({.text = "{a}", .variables = {{"a", ""}}})).prompt.all_variables_present,
        true);
}

TEST(Context, ATraceComesInAndGoesOut) {
    constexpr const char* kHeader = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const Context context = Context().with_traceparent(kHeader);
    EXPECT_EQ(in(context).trace.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
    EXPECT_EQ(in(context).trace.parent_id, "00f067aa0ba902b7");
    EXPECT_EQ(in(context).trace.span_id, "");  // each call has its own
    EXPECT_EQ(context.traceparent(), kHeader);
    for (const char* const other : {"", "00", "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                                    "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                    "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                                    "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                                    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"}) {
        EXPECT_EQ(Context().with_traceparent(other).traceparent(), "") << other;
    }
    // of a later version, whose header may be longer, and have flags that this one does not know
    EXPECT_EQ(Context().with_traceparent(std::string("01") + (kHeader + 2) + "-more").traceparent(), kHeader);
    EXPECT_THAT(Context().with_traceparent(std::string(kHeader, 53) + "fe").traceparent(), EndsWith("-02"));
    EXPECT_THAT(Context().with_traceparent(std::string(kHeader, 53) + "00").traceparent(), EndsWith("-00"));
}

TEST(Context, ARequestBeginsATraceUnlessOneCameIn) {
    constexpr const char* kHeader = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
    EXPECT_EQ(Context().with_session("s").traceparent(), "");
    const Context request = Context().with_request();
    const std::string trace = in(request).trace.trace_id;
    std::string digits = request.request();
    std::erase(digits, '-');
    EXPECT_EQ(trace, digits);
    EXPECT_EQ(request.traceparent(), "00-" + trace + "-" + trace.substr(16) + "-01");
    EXPECT_EQ(request.with_user("u").traceparent(), request.traceparent());
    EXPECT_EQ(in(request).trace.parent_id, "");

    // One with an id from elsewhere, which need not be unique in the world: its trace is.
    const auto named = [] { return in(Context().with_request("r1")).trace.trace_id; };
    EXPECT_THAT(named(), MatchesRegex("[0-9a-f]{32}"));
    EXPECT_NE(named(), named());
    EXPECT_NE(in(request.with_request()).trace.trace_id, trace);

    for (const Context& context :
         {request.with_traceparent(kHeader), Context().with_traceparent(kHeader).with_request("r1")}) {
        EXPECT_EQ(context.traceparent(), kHeader);
        EXPECT_EQ(in(context).trace.parent_id, "00f067aa0ba902b7");
    }
    EXPECT_EQ(request.with_traceparent("none").traceparent(), request.traceparent());
}

TEST(Context, TheHeaderSaysWhichCallItIsWithin) {
    const Context request = Context().with_request();
    const Context inner = client::below(request, "01a1ff9c-1494-7e93-8efd-22b111329800");
    EXPECT_EQ(inner.traceparent(), "00-" + in(request).trace.trace_id + "-8efd22b111329800-01");
    EXPECT_EQ(in(inner).trace.parent_id, "01a1ff9c-1494-7e93-8efd-22b111329800");
}

TEST(Context, TheInnermostScopeOfAThreadCounts) {
    EXPECT_EQ(Context::current().session(), "");
    {
        const ContextScope outer(Context().with_session("a"));
        {
            const ContextScope inner(Context::current().with_user("u"));
            EXPECT_EQ(Context::current().session(), "a");
            EXPECT_EQ(Context::current().user(), "u");
            std::thread([passed = Context::current()] {
                EXPECT_EQ(Context::current().user(), "");
                const ContextScope here(passed);
                EXPECT_EQ(Context::current().user(), "u");
            }).join();
        }
        EXPECT_EQ(Context::current().user(), "");
    }
    EXPECT_EQ(Context::current().session(), "");
}

TEST(Context, AScopeThatAnotherThreadClosesIsGone) {
    auto outer = std::make_unique<ContextScope>(Context().with_session("a"));
    auto inner = std::make_unique<ContextScope>(Context().with_session("b"));
    std::thread([&] { outer.reset(); }).join();  // and out of order
    EXPECT_EQ(Context::current().session(), "b");
    std::thread([&] { inner.reset(); }).join();
    EXPECT_EQ(Context::current().session(), "");
}

}  // namespace
}  // namespace steno
