#include "client/recorded_for_test.hpp"
#include "steno/steno.hpp"

#include <gtest/gtest.h>

#include <coroutine>
#include <cstddef>
#include <future>
#include <latch>
#include <memory>
#include <optional>
#include <stdexcept>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace other {

struct Question {
    std::string words;
};
std::string steno_text(const Question& question) {
    return question.words;
}

}  // namespace other

namespace steno {
namespace {

class Wrapped : public client::RecordedCalls {};

TEST_F(Wrapped, AFunctionOfText) {
    const auto ask = track(AsAiCall{"openai", "m"}, [](const std::string& prompt) { return prompt + "!"; });
    EXPECT_EQ(ask("hello"), "hello!");
    const Call call = only();
    EXPECT_EQ(call.provider.name, "openai");
    EXPECT_EQ(call.request.messages.at(0).parts.at(0).text, "hello");
    EXPECT_EQ(call.response.messages.at(0).parts.at(0).text, "hello!");
}

int multiply(int a, double b, bool negative) {
    return static_cast<int>(a * b) * (negative ? -1 : 1);
}

TEST_F(Wrapped, APlainFunctionOfNumbers) {
    auto function = track(AsFunction{"multiply", "all"}, &multiply);
    EXPECT_EQ(function(2, 1.5, true), -3);
    const Call call = only();
    EXPECT_EQ(call.kind, Kind::Function);
    EXPECT_EQ(call.trace.operation, "all");
    EXPECT_EQ(call.request.input.text, "[2,1.5,true]");
    EXPECT_EQ(call.response.output.text, "-3");
}

TEST_F(Wrapped, ReferencesMovesAndOwnTypesPass) {
    int target = 0;
    auto reference =
        track(AsFunction{"f", ""}, [&](std::unique_ptr<int> by) -> int& { return target += *by; });
    int& result = reference(std::make_unique<int>(7));
    EXPECT_EQ(&result, &target);
    EXPECT_EQ(target, 7);
    auto owned = track(AsAiCall{"p", "m"}, [](other::Question question) {
        return std::make_unique<std::string>(std::move(question.words));
    });
    EXPECT_EQ(*owned(other::Question{"what?"}), "what?");
    EXPECT_TRUE(flush(std::chrono::minutes{2}));
    const auto taken = server_.taken();
    ASSERT_EQ(taken.size(), 2U);
    for (const auto& [id, call] : taken) {
        if (call.kind == Kind::Chat) EXPECT_EQ(call.request.messages.at(0).parts.at(0).text, "what?");
    }
}

TEST_F(Wrapped, WhatItThrowsIsRecordedAndThrown) {
    auto failing = track(AsAgent{"a"}, [] { throw std::out_of_range("beyond"); });
    EXPECT_THROW(failing(), std::out_of_range);
    const Call call = only();
    EXPECT_EQ(call.status, Status::Failure);
    EXPECT_EQ(call.error.message, "beyond");
    EXPECT_EQ(call.kind, Kind::Agent);
}

TEST_F(Wrapped, AFutureUntilItIsReady) {
    std::promise<std::string> later;
    auto ask = track(AsAiCall{"p", "m"}, [&](std::string_view) { return later.get_future(); });
    std::future<std::string> answer = ask("q");
    EXPECT_EQ(tracking_stats().ended, 0U);
    later.set_value("a");
    EXPECT_EQ(answer.get(), "a");
    EXPECT_EQ(only().response.messages.at(0).parts.at(0).text, "a");
    auto failing = track(AsFunction{"f", ""}, [] {
        return std::async(std::launch::deferred, [] { throw std::runtime_error("no"); });
    });
    EXPECT_THROW(failing().get(), std::runtime_error);
}

TEST_F(Wrapped, PointersToNoTextAreNone) {
    const auto named = track(AsFunction{"f", ""}, [](const char* text, std::nullptr_t, int) { return text; });
    EXPECT_EQ(named(nullptr, nullptr, 3), nullptr);
    Call call = only();
    EXPECT_EQ(call.request.input.text, "[null,null,3]");
    EXPECT_EQ(call.response.output.text, "null");
    const auto asked = track(AsAiCall{"p", "m"}, [](const char* text, char*) { return text; });
    char room[4] = {'n', 'o', 't', '!'};  // no zero at its end
    char* const answer = room;            // no text yet
    EXPECT_EQ(asked(nullptr, answer), nullptr);
    EXPECT_STREQ(asked("a", answer), "a");
    EXPECT_TRUE(flush(std::chrono::minutes{2}));
    int texts = 0;
    for (const auto& [id, each] : server_.taken()) {
        if (each.kind != Kind::Chat) continue;
        texts += static_cast<int>(each.request.messages.size());
        EXPECT_EQ(each.request.messages.size(), each.response.messages.size());
    }
    EXPECT_EQ(texts, 1);
    const auto whole = track(AsAiCall{"p", "m"}, [](const char(&text)[4]) { return text[0]; });
    EXPECT_EQ(whole(room), 'n');
}

TEST_F(Wrapped, AFutureOfAReference) {
    int target = 0;
    auto function = track(AsFunction{"f", ""}, [&] {
        return std::async(std::launch::async, [&]() -> int& { return target = 7; });
    });
    EXPECT_EQ(&function().get(), &target);
    EXPECT_EQ(only().response.output.text, "7");
}

TEST_F(Wrapped, ADeferredFutureStaysDeferred) {
    bool begun = false;
    auto function =
        track(AsFunction{"f", ""}, [&] { return std::async(std::launch::deferred, [&] { begun = true; }); });
    std::future<void> later = function();
    EXPECT_EQ(later.wait_for(std::chrono::seconds{0}), std::future_status::deferred);
    EXPECT_FALSE(begun);
    later.get();
    EXPECT_TRUE(begun);
    EXPECT_EQ(only().status, Status::Success);
    function();  // nobody wants it
    EXPECT_TRUE(flush(std::chrono::minutes{2}));
    int cancelled = 0;
    for (const auto& [id, call] : server_.taken()) cancelled += call.status == Status::Cancelled ? 1 : 0;
    EXPECT_EQ(cancelled, 1);
}

TEST_F(Wrapped, ADroppedFutureStillWaitsForWhatItLent) {
    std::latch go(1);
    bool done = false;
    auto function = track(AsFunction{"f", ""}, [&] {
        return std::async(std::launch::async, [&] {
            go.wait();
            done = true;
        });
    });
    {
        const std::future<void> dropped = function();
        go.count_down();
    }
    EXPECT_TRUE(done);  // as without the wrapping
    EXPECT_EQ(only().status, Status::Success);
}

TEST_F(Wrapped, AFutureComesThroughWhereNoThreadCanBeHad) {
    std::promise<std::string> later;
    auto ask = track(AsAiCall{"p", "m"}, [&](std::string_view) { return later.get_future(); });
    const pid_t child = ::fork();
    if (child == 0) {
        AiCall("p", "begins").end();  // its thread is there
        if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) ::_exit(3);
        const rlimit none{0, 0};
        if (::setrlimit(RLIMIT_NPROC, &none) != 0) ::_exit(4);
        std::future<std::string> answer = ask("q");
        later.set_value("a");
        const bool came = answer.get() == "a";
        ::_exit(came && flush(std::chrono::minutes{2}) && tracking_stats().delivered == 2 ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    int partial = 0;
    for (const auto& [id, call] : server_.taken()) partial += call.status == Status::Partial ? 1 : 0;
    EXPECT_EQ(partial, 1);
}

/// The least that a coroutine needs: it begins at once and tells its end to nobody.
struct Detached {
    struct promise_type {
        Detached get_return_object() { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
};

/// Something of somebody's that can be awaited: it is resumed from outside.
struct Answering {
    struct State {
        std::coroutine_handle<> waiting;
        std::optional<std::string> answer;
    };
    std::shared_ptr<State> state;
    [[nodiscard]] bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> handle) { state->waiting = handle; }
    std::string await_resume() {
        if (!state->answer) throw std::runtime_error("no answer");
        return *state->answer;
    }
};

TEST_F(Wrapped, WhatCanBeAwaitedUntilItHasItsValue) {
    auto state = std::make_shared<Answering::State>();
    auto ask = track(AsAiCall{"p", "m"}, [&](std::string) { return Answering{state}; });
    std::string got;
    const auto asking = [&]() -> Detached { got = co_await ask("q"); };
    asking();
    EXPECT_EQ(tracking_stats().ended, 0U);
    state->answer = "a";
    state->waiting.resume();
    EXPECT_EQ(got, "a");
    EXPECT_EQ(only().response.messages.at(0).parts.at(0).text, "a");

    state->answer.reset();
    bool thrown = false;
    const auto failing = [&]() -> Detached {
        try {
            co_await ask("q");
        } catch (const std::runtime_error&) {
            thrown = true;
        }
    };
    failing();
    state->waiting.resume();
    EXPECT_TRUE(thrown);
    EXPECT_TRUE(flush(std::chrono::minutes{2}));
    EXPECT_EQ(server_.taken().size(), 2U);
}

TEST_F(Wrapped, WhatIsNotAwaitedWasCancelled) {
    auto state = std::make_shared<Answering::State>();
    auto ask = track(AsAiCall{"p", "m"}, [&](std::string) { return Answering{state}; });
    {
        auto unawaited = ask("q");
    }
    const auto asking = [&]() -> Detached { co_await ask("q"); };
    asking();
    state->waiting.destroy();
    EXPECT_TRUE(flush(std::chrono::minutes{2}));
    EXPECT_EQ(server_.taken().size(), 2U);
    for (const auto& [id, call] : server_.taken()) EXPECT_EQ(call.status, Status::Cancelled);
}

}  // namespace
}  // namespace steno
