#include "client/request_totals.hpp"

#include "client/context_node.hpp"
#include "client/recorded_for_test.hpp"
#include "steno/steno.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace steno {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class Summaries : public client::RecordedCalls {
  protected:
    void SetUp() override {
        options_.print_summary = true;
        RecordedCalls::SetUp();
    }
    void TearDown() override {
        options_.print_summary = false;
        start_tracking(options_);
        RecordedCalls::TearDown();
    }
    /// What `work` prints to standard error.
    template <class Work>
    std::string printed(Work&& work) {
        testing::internal::CaptureStderr();
        work();
        return testing::internal::GetCapturedStderr();
    }
};

void ask(std::int64_t input, std::int64_t output) {
    AiCall call("openai", "gpt-4o-mini");
    call.usage({.input_tokens = input, .output_tokens = output});
}

TEST_F(Summaries, AddUpWhatReachesAModel) {
    const std::string text = printed([] {
        const Request request("r-1");
        EXPECT_EQ(request.id(), "r-1");
        EXPECT_EQ(Context::current().request(), "r-1");
        Agent agent("calendar");
        agent.usage({.input_tokens = 1250, .output_tokens = 450});  // its calls' again
        ask(800, 400);
        {
            const Function function("taskOperations", "create");
        }
        ask(450, 50);
        AiCall failed("anthropic", "claude-haiku-4-5");
        failed.fail(Failure::Timeout, "no answer");
    });
    EXPECT_THAT(text,
                HasSubstr("steno: request r-1 · 3 AI calls, 1 failed · 1,700 tokens (1,250 in, 450 out), "
                          "unknown of 1 call · "));
    EXPECT_TRUE(std::regex_search(
        text, std::regex("\n  agents    calendar \\(1 call, [0-9.]+ ms, 1,700 tokens\\)\n")))
        << text;
    EXPECT_TRUE(
        std::regex_search(text, std::regex("\n  functions taskOperations \\(1 call, [0-9.]+ ms\\)\n")))
        << text;
    EXPECT_THAT(text, HasSubstr("gpt-4o-mini (2 calls, "));
    EXPECT_THAT(text, HasSubstr("\n  cost      at the server's prices: steno calls tree r-1 --server " +
                                server_.url + "\n"));
    EXPECT_TRUE(text.ends_with("\n"));
    EXPECT_THAT(text, Not(HasSubstr("\033")));
}

TEST_F(Summaries, TellOfAnAgentWhatIsItsOwnAndWhatTheOnesWithinItUsed) {
    const std::string text = printed([] {
        const Request request("r-1");
        const Agent planner("planner");
        ask(100, 10);
        {
            const Agent researcher("researcher");
            ask(200, 20);
            {
                const Agent again("planner");  // that calls itself by way of another
                ask(1000, 100);
                const Function lookup("lookup", "");
                const Function cache("cache", "");
                ask(5, 0);
            }
        }
    });
    EXPECT_THAT(text, HasSubstr(" · 1,435 tokens (1,305 in, 130 out) · "));
    const auto told = [&](const char* pattern) { return std::regex_search(text, std::regex(pattern)); };
    EXPECT_TRUE(told("planner \\(2 calls, [0-9.]+ ms, 1,435 tokens, 1,215 in it itself\\)")) << text;
    EXPECT_TRUE(told("researcher \\(1 call, [0-9.]+ ms, 1,325 tokens, 220 in it itself\\)")) << text;
    EXPECT_TRUE(told("cache \\(1 call, [0-9.]+ ms, 5 tokens\\)")) << text;
    EXPECT_TRUE(told("lookup \\(1 call, [0-9.]+ ms, 5 tokens, 0 in it itself\\)")) << text;
}

TEST_F(Summaries, TellWhatTheProviderSaidThatItCost) {
    const auto ask_and_pay = [](std::string_view amount) { AiCall("openrouter", "m").cost(amount); };
    const std::string all = printed([&] {
        const Request request;
        ask_and_pay("0.00021");
        ask_and_pay("1.5");
    });
    EXPECT_THAT(all, HasSubstr("\n  cost      $1.50021 told for 2 of 2 AI calls\n"));
    const std::string some = printed([&] {
        const Request request("r-2");
        ask_and_pay("0.5");
        ask(1, 1);
    });
    EXPECT_THAT(some, HasSubstr("\n  cost      $0.50 told for 1 of 2 AI calls; at the server's prices: "));
}

TEST_F(Summaries, ArePrintedOnceForEachRequestThatHadCalls) {
    EXPECT_EQ(printed([] { const Request request; }), "");
    EXPECT_EQ(printed([] {
                  const ContextScope scope(Context().with_request());
                  ask(1, 1);  // that it ends is nowhere said
              }),
              "");
    const std::string text = printed([] {
        Request request("outer");
        ask(1, 1);
        {
            const Request inner("inner");
            ask(10, 10);
        }
        request.end();
        request.end();
    });
    EXPECT_THAT(text, MatchesRegex("steno: request inner .*20 tokens.*steno: request outer .*2 tokens.*"));
}

TEST_F(Summaries, AreOffUnlessWanted) {
    options_.print_summary = false;
    start_tracking(options_);
    EXPECT_EQ(printed([] {
                  const Request request;
                  ask(1, 1);
              }),
              "");
}

TEST_F(Summaries, OfCallsOnManyThreads) {
    const std::string text = printed([] {
        const Request request;
        std::vector<std::thread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([context = Context::current()] {
                const ContextScope scope(context);
                for (int call = 0; call < 100; ++call) ask(2, 1);
            });
        }
        for (std::thread& thread : threads) thread.join();
    });
    EXPECT_THAT(text, HasSubstr("400 AI calls, 0 failed · 1,200 tokens (800 in, 400 out)"));
}

TEST_F(Summaries, WhatNobodyToldIsUnknown) {
    const auto printed_of = [&](auto&&... usages) {
        return printed([&] {
            const Request request;
            (AiCall("openai", "m").usage(usages), ...);
        });
    };
    EXPECT_THAT(printed_of(TokenUsage{}), HasSubstr(" · 1 AI call, 0 failed · tokens unknown · "));
    EXPECT_THAT(printed_of(TokenUsage{.input_tokens = 7}, TokenUsage{}),
                HasSubstr(" · 7 tokens (7 in, – out), unknown of 1 call · "));
    EXPECT_THAT(printed_of(TokenUsage{.input_tokens = 0, .output_tokens = 0}),
                HasSubstr(" · 0 tokens (0 in, 0 out) · "));
}

TEST_F(Summaries, SayWhatAGatewayHasOnTheRecord) {
    const std::string text = printed([] {
        const Request request("r-1");
        HttpExchange exchange({.url = "http://127.0.0.1:1/openai/v1/chat/completions",
                               .body = R"({"model":"m","messages":[]})",
                               .provider = "openai",
                               .base_url = "http://127.0.0.1:1/openai"});
        exchange.response(200, {{"x-steno-call-id", "0199a000-0000-7000-8000-000000000000"}});
        exchange.end();
    });
    EXPECT_THAT(text, HasSubstr("steno: request r-1 · 0 AI calls, 0 failed · "));
    EXPECT_THAT(
        text,
        HasSubstr("\n  gateway   1 AI call more, counted by the server: steno calls tree r-1 --server " +
                  server_.url + "\n"));
}

TEST_F(Summaries, PrintCommandsThatAShellReads) {
    const std::string text = printed([] {
        const Request request("Ada's; rm x");
        ask(1, 1);
    });
    EXPECT_THAT(text, HasSubstr("steno: request Ada's; rm x · 1 AI call"));
    EXPECT_THAT(text, HasSubstr("steno calls tree 'Ada'\\''s; rm x' --server " + server_.url + "\n"));
}

TEST_F(Summaries, AreBoundedAndSteerNoTerminal) {
    const std::string text = printed([] {
        const Request request("r\033[2J\n");
        for (int i = 0; i < 1000; ++i) Agent("agent\033]0;x" + std::to_string(i) + std::string(3000, 'a'));
        ask(1, 1);
    });
    EXPECT_THAT(text, Not(HasSubstr("\033")));
    EXPECT_THAT(text, HasSubstr(" more\n"));
    EXPECT_LE(text.size(), client::RequestTotals::kLongest);
    EXPECT_GT(text.size(), 200U);
}

TEST_F(Summaries, OfAForkedChildAreNotItsParents) {
    const std::string text = printed([] {
        const Request request("r-3");
        ask(1, 1);
        const ::pid_t child = ::fork();
        if (child == 0) {
            {
                Request* const same = const_cast<Request*>(&request);
                same->end();
            }
            ::_exit(0);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        EXPECT_EQ(status, 0);
    });
    EXPECT_EQ(text.find("r-3"), text.rfind("steno: request r-3") + 15);
}

TEST_F(Summaries, ToNobodyHarmNothing) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    ::close(pipe[0]);
    const int before = ::dup(STDERR_FILENO);
    ::dup2(pipe[1], STDERR_FILENO);
    {
        const Request request;
        ask(1, 1);
    }  // no SIGPIPE
    ::close(STDERR_FILENO);
    {
        const Request request;
        ask(1, 1);
    }
    ::dup2(before, STDERR_FILENO);
    ::close(before);
    ::close(pipe[1]);
}

TEST(Requests, WithRecordingOffHaveNoId) {
    stop_tracking();
    const Request request("r");
    EXPECT_EQ(request.id(), "");
    EXPECT_EQ(Context::current().request(), "");
}

}  // namespace
}  // namespace steno
