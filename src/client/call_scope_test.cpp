// What is said of a call is what the record has: by way of the spool folder, which needs no server.

#include "base/hash.hpp"
#include "base/text.hpp"
#include "client/server_for_test.hpp"
#include "steno/steno.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <new>
#include <set>
#include <span>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

static thread_local std::size_t allocations = 0;
static thread_local bool no_memory = false;
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)  // these count for themselves
void* operator new(std::size_t size) {
    ++allocations;
    if (void* const memory = no_memory ? nullptr : std::malloc(size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}
#endif

namespace steno {
namespace {

using testing::ElementsAre;

class Recorded : public testing::Test {
  protected:
    void SetUp() override {
        folder_ = std::filesystem::path(testing::TempDir()) / ("steno-spool-" + std::to_string(::getpid()));
        std::filesystem::remove_all(folder_);
        options_.server = "http://127.0.0.1:1";  // nobody is there
        options_.spool_folder = folder_;
        options_.durable = true;
        options_.exit_patience = std::chrono::milliseconds{0};
        options_.interval = std::chrono::hours{1};
        start_tracking(options_);
    }
    void TearDown() override {
        stop_tracking(std::chrono::milliseconds{0});
        std::filesystem::remove_all(folder_);
    }

    /// All that has ended, in order.
    std::vector<Call> calls() {
        stop_tracking(std::chrono::milliseconds{0});
        std::vector<Call> all;
        std::set<std::filesystem::path> paths;  // numbered
        for (const auto& entry : std::filesystem::directory_iterator(folder_)) paths.insert(entry.path());
        for (const std::filesystem::path& path : paths) {
            std::ifstream file(path, std::ios::binary);
            const std::string body((std::istreambuf_iterator<char>(file)), {});
            for (Call& call : client::calls_in(body)) all.push_back(std::move(call));
        }
        return all;
    }
    Call only() {
        std::vector<Call> all = calls();
        EXPECT_EQ(all.size(), 1U);
        return all.empty() ? Call{} : all.front();
    }

    TrackingOptions options_;
    std::filesystem::path folder_;
};

TEST_F(Recorded, WhatIsSaidOfACall) {
    std::string id;
    {
        AiCall call("openai", "gpt-4o-mini");
        id = call.id();
        call.system("be brief")
            .message("user", "What is it?")
            .message("assistant", "")
            .message("user", "Well?");
        call.parameters(R"({"temperature":0.25})").tools(R"([{"type":"function"}])");
        call.served_model("gpt-4o-mini-2024-07-18").provider_request_id("req_1").http_status(200).retry(2);
        call.output("A recorder.").tool_call("c1", "find", R"({"q":1})").finish_reason("stop");
        call.structured("{}");
        call.usage({.input_tokens = 12,
                    .output_tokens = 34,
                    .cache_read_tokens = 5,
                    .cache_write_tokens = 0,
                    .reasoning_tokens = {}});
        call.cost("0.00021", "EUR");
        call.tag("a")
            .tag("b")
            .attribute("tone", std::string("dry"))
            .attribute("n", 2.5)
            .attribute("ok", true);
        call.metadata(R"({"x":[1]})");
    }
    const Call call = only();
    EXPECT_EQ(call.id.to_string(), id);
    EXPECT_EQ(call.kind, Kind::Chat);
    EXPECT_EQ(call.source, Source::Cpp);
    EXPECT_EQ(call.status, Status::Success);
    EXPECT_EQ(call.provider.name, "openai");
    EXPECT_EQ(call.provider.request_id, "req_1");
    EXPECT_EQ(call.provider.http_status, 200);
    EXPECT_EQ(call.client_retry, 2);
    EXPECT_EQ(call.model.requested, "gpt-4o-mini");
    EXPECT_EQ(call.model.served, "gpt-4o-mini-2024-07-18");
    EXPECT_EQ(call.request.system, "be brief");
    ASSERT_EQ(call.request.messages.size(), 3U);
    EXPECT_EQ(call.request.messages[0].role, "user");
    EXPECT_EQ(call.request.messages[0].parts.at(0).text, "What is it?");
    EXPECT_TRUE(call.request.messages[1].parts.empty());
    EXPECT_EQ(call.request.messages[2].parts.at(0).text, "Well?");
    EXPECT_EQ(call.request.parameters.text, R"({"temperature":0.25})");
    EXPECT_EQ(call.request.tools.text, R"([{"type":"function"}])");
    ASSERT_EQ(call.response.messages.size(), 1U);
    EXPECT_EQ(call.response.messages[0].role, "assistant");
    EXPECT_EQ(call.response.messages[0].parts.at(0).text, "A recorder.");
    EXPECT_EQ(call.response.messages[0].parts.at(1).type, PartType::ToolCall);
    EXPECT_EQ(call.response.messages[0].parts.at(1).value.text, R"({"q":1})");
    EXPECT_EQ(call.response.tool_calls.at(0).name, "find");
    EXPECT_THAT(call.response.finish_reasons, ElementsAre("stop"));
    EXPECT_EQ(call.response.structured.text, "{}");
    EXPECT_EQ(call.response.output_chars, 11);
    EXPECT_EQ(call.response.chunks, std::nullopt);
    EXPECT_EQ(call.usage.input_tokens, 12);
    EXPECT_EQ(call.usage.output_tokens, 34);
    EXPECT_EQ(call.usage.cache_read_tokens, 5);
    EXPECT_EQ(call.usage.cache_write_tokens.other, 0);
    EXPECT_EQ(call.usage.reasoning_tokens, std::nullopt);
    EXPECT_EQ(call.cost.total->to_short_string(), "0.00021");
    EXPECT_EQ(call.cost.currency, "EUR");
    EXPECT_THAT(call.labels.tags, ElementsAre("a", "b"));
    EXPECT_EQ(call.labels.attributes.at("tone"), AttributeValue("dry"));
    EXPECT_EQ(call.labels.attributes.at("n"), AttributeValue(2.5));
    EXPECT_EQ(call.labels.attributes.at("ok"), AttributeValue(true));
    EXPECT_EQ(call.labels.metadata.text, R"({"x":[1]})");
    ASSERT_TRUE(call.started_at && call.ended_at && call.time.duration);
    EXPECT_EQ(call.ended_at->unix_nanos - call.started_at->unix_nanos, call.time.duration->nanos);
    EXPECT_EQ(call.privacy.full_data, std::nullopt);
    EXPECT_TRUE(call.unknown.empty());
}

TEST_F(Recorded, AStream) {
    {
        AiCall call("anthropic", "claude-sonnet-4-5");
        for (const char* const piece : {"", "Gr", "ü", "ße"}) call.output_piece(piece);
    }
    const Call call = only();
    EXPECT_EQ(call.response.messages.at(0).parts.at(0).text, "Grüße");
    EXPECT_EQ(call.response.chunks, 4);
    EXPECT_EQ(call.response.output_chars, 5);
    EXPECT_EQ(call.request.stream, true);
    EXPECT_TRUE(call.time.time_to_first_token);
    EXPECT_LE(*call.time.time_to_first_token, *call.time.duration);
}

TEST_F(Recorded, AnExceptionIsAFailureAndGoesOn) {
    EXPECT_THROW(
        {
            const AiCall call("openai", "m");
            throw std::runtime_error("no");
        },
        std::runtime_error);
    try {
        AiCall call("openai", "m");
        try {
            throw std::runtime_error("too many");
        } catch (...) {
            call.fail_with_current_exception();
            throw;
        }
    } catch (const std::runtime_error&) {
        const AiCall within_a_handler("openai", "fine");
    }
    {
        AiCall("openai", "m").fail(ErrorType::RateLimit, "slow down");
    }
    {
        AiCall("openai", "m").partial();
    }
    {
        AiCall("openai", "m").cancelled();
    }
    const auto all = calls();
    ASSERT_EQ(all.size(), 6U);
    EXPECT_EQ(all[0].status, Status::Failure);
    EXPECT_EQ(all[1].status, Status::Failure);
    EXPECT_EQ(all[1].error.message, "too many");
    EXPECT_EQ(all[2].status, Status::Success);
    EXPECT_EQ(all[3].error.type, ErrorType::RateLimit);
    EXPECT_EQ(all[4].status, Status::Partial);
    EXPECT_EQ(all[5].status, Status::Cancelled);
}

TEST_F(Recorded, ATree) {
    {
        const ContextScope request(Context().with_request("r1").with_session("s1").with_tag("t"));
        Agent agent("calendar");
        {
            const Function function("tasks", "create");
            AiCall("openai", "m").tag("u").output("ok");
        }
        agent.result("1");
    }
    const auto all = calls();  // in the order of their ends
    ASSERT_EQ(all.size(), 3U);
    const Call& ai = all[0];
    const Call& function = all[1];
    const Call& agent = all[2];
    EXPECT_EQ(agent.kind, Kind::Agent);
    EXPECT_EQ(agent.name, "calendar");
    EXPECT_EQ(agent.response.output.text, "1");
    EXPECT_EQ(agent.trace.sequence, 0);
    EXPECT_EQ(agent.trace.parent_id, "");
    EXPECT_EQ(function.kind, Kind::Function);
    EXPECT_EQ(function.trace.operation, "create");
    EXPECT_EQ(function.trace.parent_id, agent.id.to_string());
    EXPECT_EQ(function.trace.sequence, 1);
    EXPECT_EQ(ai.trace.parent_id, function.id.to_string());
    EXPECT_EQ(ai.trace.sequence, 2);
    for (const Call& call : all) {
        EXPECT_EQ(call.trace.request_id, "r1");
        EXPECT_EQ(call.trace.session_id, "s1");
        EXPECT_EQ(call.trace.agent, "calendar");
    }
    EXPECT_EQ(ai.trace.function, "tasks");
    EXPECT_THAT(ai.labels.tags, ElementsAre("t", "u"));
    EXPECT_THAT(agent.labels.tags, ElementsAre("t"));
}

TEST_F(Recorded, ATreeOfTwoProcesses) {
    std::string header;
    {
        const ContextScope request(Context().with_request("r1"));
        const Agent agent("boss");
        AiCall("openai", "m").output("ok");
        header = Context::current().traceparent();
    }
    {
        const ContextScope request(Context().with_request("r1").with_traceparent(header));
        const Agent agent("clerk");
        AiCall("openai", "m").output("ok");
    }
    AiCall("openai", "m").output("none of it");
    const auto all = calls();
    ASSERT_EQ(all.size(), 5U);
    const Call& boss = all[1];
    const Call& clerk = all[3];
    EXPECT_EQ(boss.trace.parent_id, "");
    EXPECT_EQ(all[0].trace.parent_id, boss.id.to_string());
    EXPECT_EQ(clerk.trace.parent_id, boss.trace.span_id);
    EXPECT_EQ(all[2].trace.parent_id, clerk.id.to_string());
    EXPECT_EQ(header, "00-" + boss.trace.trace_id + "-" + boss.trace.span_id + "-01");
    std::set<std::string> spans;
    for (const Call& call : std::span(all).first(4)) {
        EXPECT_EQ(call.trace.trace_id, boss.trace.trace_id);
        std::string digits = call.id.to_string();
        std::erase(digits, '-');
        EXPECT_EQ(call.trace.span_id, digits.substr(16));
        spans.insert(call.trace.span_id);
    }
    EXPECT_EQ(spans.size(), 4U);
    EXPECT_EQ(all[4].trace, Trace{});
}

TEST_F(Recorded, AsMuchAsItsLevelSays) {
    options_.level_by_prompt_type = {{"secret", LogLevel::MetricsOnly}, {"never", LogLevel::Off}};
    start_tracking(options_);
    const auto ask = [](const Context& context, LogLevel level) {
        AiCall call("openai", "m", context);
        if (level != LogLevel::Detailed) call.level(level);
        call.message("user", "the prompt").output("the answer").parameters(R"({"n":1})");
        call.tool_call("c", "f", "{}").usage({.output_tokens = 3});
        EXPECT_EQ(call.id().empty(), context.node() && context.session() == "none");
    };
    ask({}, LogLevel::Detailed);
    ask({}, LogLevel::Summary);
    ask({}, LogLevel::MetricsOnly);
    ask({}, LogLevel::Off);
    ask(Context().with_prompt({.type = "secret", .text = "{a}", .variables = {{"a", "the prompt"}}}),
        LogLevel::Detailed);
    ask(Context().with_session("none").with_prompt({.type = "never"}), LogLevel::Detailed);
    const auto all = calls();
    ASSERT_EQ(all.size(), 4U);
    EXPECT_EQ(all[0].privacy.full_data, std::nullopt);
    EXPECT_EQ(all[1].preview.answer, "the answer");
    EXPECT_EQ(all[1].preview.prompt, "the prompt");
    EXPECT_EQ(all[1].privacy.full_data, std::nullopt);  // it would forbid the preview
    for (std::size_t i = 1; i < all.size(); ++i) {
        EXPECT_TRUE(all[i].request.messages.empty()) << i;
        EXPECT_TRUE(all[i].response.messages.empty()) << i;
        EXPECT_TRUE(all[i].response.tool_calls.empty()) << i;
        EXPECT_TRUE(all[i].prompt.variables.text.empty()) << i;
        EXPECT_EQ(all[i].request.parameters.text, R"({"n":1})");
        EXPECT_EQ(all[i].usage.output_tokens, 3);
        EXPECT_EQ(all[i].response.output_chars, 10);
        if (i > 1) EXPECT_EQ(all[i].privacy.full_data, false);
        if (i > 1) EXPECT_EQ(all[i].preview, Preview{});
    }
    EXPECT_EQ(all[3].prompt.type, "secret");
}

TEST_F(Recorded, CharactersAreCountedWhereverAnAnswerIsCut) {
    const std::string answer = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z\xe2\x82\xc3\xc3\xa4\x80\xf0\x9f";
    for (const LogLevel level : {LogLevel::Detailed, LogLevel::MetricsOnly}) {
        for (std::size_t size = 1; size <= answer.size(); ++size) {
            AiCall call("openai", "m");
            call.level(level);
            for (std::size_t at = 0; at < answer.size(); at += size)
                call.output_piece(answer.substr(at, size));
        }
    }
    const auto all = calls();
    ASSERT_EQ(all.size(), 2 * answer.size());
    for (const Call& call : all) {
        EXPECT_EQ(call.response.output_chars, utf8_length(answer));
        EXPECT_THAT(call.modality.output, ElementsAre("text"));
    }
}

TEST_F(Recorded, ASummaryKeepsTheBeginnings) {
    const std::string large(5000, 'r');
    const auto quoted = '"' + large + '"';
    {
        AiCall call("openai", "m");
        call.message("system", "rules").message("user", large + large).message("assistant", "well");
        call.level(LogLevel::Summary).output(large);
    }
    for (const LogLevel level : {LogLevel::Summary, LogLevel::Detailed, LogLevel::MetricsOnly}) {
        Function function("f");
        function.level(level).input(R"(["in"])").result(quoted);
    }
    const auto all = calls();
    ASSERT_EQ(all.size(), 4U);
    EXPECT_EQ(all[0].preview.prompt, large.substr(0, 300));
    EXPECT_EQ(all[0].preview.answer, large.substr(0, 300));
    EXPECT_TRUE(all[0].request.messages.empty());
    EXPECT_TRUE(all[0].privacy.truncated.empty());
    EXPECT_EQ(all[0].response.output_chars, 5000);
    EXPECT_EQ(all[1].preview.prompt, R"(["in"])");
    EXPECT_EQ(all[1].preview.answer, quoted.substr(0, 300));
    EXPECT_EQ(all[2].preview, Preview{});  // the server makes it
    EXPECT_EQ(all[2].response.output.text, quoted);
    EXPECT_EQ(all[3].preview, Preview{});
    for (std::size_t i = 1; i < all.size(); ++i) {  // a result is no text of a model's
        EXPECT_EQ(all[i].response.output_chars, std::nullopt) << i;
        EXPECT_TRUE(all[i].modality.output.empty()) << i;
    }
}

TEST_F(Recorded, LargeTextsAreCutAndSaidToBe) {
    options_.max_text_bytes = 10;
    start_tracking(options_);
    const std::string answer = "123456789ü and so on";
    AiCall("openai", "m").message("user", "short").output(answer);
    const Call call = only();
    EXPECT_EQ(call.response.messages.at(0).parts.at(0).text, "123456789");
    EXPECT_EQ(call.privacy.truncated.at("response.messages").bytes, static_cast<std::int64_t>(answer.size()));
    EXPECT_EQ(call.privacy.truncated.at("response.messages").sha256, to_hex(as_text(sha256(answer))));
    EXPECT_FALSE(call.privacy.truncated.contains("request.messages"));
}

TEST_F(Recorded, WhatIsNoJsonIsKeptAsText) {
    {
        AiCall call("openai", "m");
        call.parameters("{not json").metadata("").tool_call("c", "f", "").input("nor this");
        call.message("user", std::string("\xff\0 bytes", 8));
    }
    const Call call = only();
    EXPECT_EQ(call.request.parameters.text, R"("{not json")");
    EXPECT_EQ(call.response.tool_calls.at(0).arguments.text, "{}");
    EXPECT_EQ(call.request.input.text, R"("nor this")");
    EXPECT_EQ(call.request.messages.at(0).parts.at(0).text, std::string("\xff\0 bytes", 8));
}

TEST_F(Recorded, NothingWhileItIsOff) {
    stop_tracking();
    EXPECT_FALSE(tracking());
    {
        Agent agent("a");
        AiCall call("openai", "m");
        EXPECT_EQ(call.message("user", "x").output("y").id(), "");
    }
    EXPECT_FALSE(std::filesystem::exists(folder_));
    options_.level = LogLevel::Off;
    start_tracking(options_);
    EXPECT_FALSE(tracking());
    ::setenv("STENO_TRACKING", "off", 1);
    options_.level = LogLevel::Detailed;
    start_tracking(options_);
    EXPECT_FALSE(tracking());
    ::unsetenv("STENO_TRACKING");
    start_tracking(options_);
    EXPECT_TRUE(tracking());
}

TEST_F(Recorded, WhileItIsOffNothingIsMade) {
    stop_tracking();
    const ContextScope session(Context().with_session("s"));
    const auto wrapped = track(AsFunction{"wrapped", ""}, [](int number) { return number; });
    const std::size_t before = allocations;
    for (int i = 0; i < 10; ++i) {
        const Function function("a function whose name is long enough", "that it would need memory");
        const Agent agent("an agent whose name is long enough");
        AiCall("openai", "m").message("user", "a message that is long enough").output("and an answer");
        wrapped(i);
    }
    EXPECT_EQ(allocations, before);
}

TEST_F(Recorded, WithMemoryOfEarlierCallsNothingIsAllocated) {
    options_.durable = false;
    start_tracking(options_);
    const ContextScope scope(Context().with_session("s").with_agent("a").with_tag("t"));
    const std::string prompt(1024, 'p');
    const std::string answer(1024, 'a');
    const auto ask = [&] {
        AiCall call("openai", "gpt-4o-mini");
        call.message("user", prompt).output(answer).finish_reason("stop").usage({.output_tokens = 256});
    };
    for (int i = 0; i < 64; ++i) ask();
    while (tracking_stats().spooled < 64) flush(std::chrono::milliseconds{10});
    const std::size_t before = allocations;
    for (int i = 0; i < 32; ++i) ask();
    EXPECT_EQ(allocations, before);
}

TEST_F(Recorded, WithoutMemoryRecordingDoesNotBeginAndHarmsNothing) {
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    GTEST_SKIP() << "memory is the sanitizer's";
#endif
    options_.project = std::string(1000, 'p');
    start_tracking(options_);
    const ::pid_t child = ::fork();
    if (child == 0) {  // begins with its first call
        no_memory = true;
        AiCall("p", "m").end();
        ::_exit(tracking() ? 1 : 0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
}

TEST_F(Recorded, TheEnvironmentSaysHowMuchAtMost) {
    ::setenv("STENO_TRACKING", "metrics-only", 1);
    options_.level_by_prompt_type = {{"open", LogLevel::Detailed}};
    start_tracking(options_);
    ::unsetenv("STENO_TRACKING");
    AiCall("p", "m", Context().with_prompt({.type = "open", .variables = {{"a", "the variable"}}}))
        .level(LogLevel::Detailed)
        .message("user", "the prompt")
        .output("the answer");
    const Call call = only();
    EXPECT_TRUE(call.request.messages.empty());
    EXPECT_TRUE(call.response.messages.empty());
    EXPECT_TRUE(call.prompt.variables.text.empty());
}

TEST_F(Recorded, WhatIsTooLongForAServerIsCut) {
    options_.max_text_bytes = 10;
    start_tracking(options_);
    const std::string letters(5000, 'x');
    {
        AiCall call("p", "m", Context().with_session(letters).with_tag(letters).with_attribute("a", letters));
        for (int i = 0; i < 150; ++i) call.tag(std::to_string(i));
        call.metadata("\"" + std::string(300'000, 'x') + "\"").cost("0.1", "");
        for (int i = 0; i < 10; ++i) call.output_piece("12345");
    }
    const Call call = only();
    EXPECT_EQ(call.trace.session_id.size(), 200U);
    EXPECT_LE(call.labels.tags.size(), 100U);
    EXPECT_EQ(std::get<std::string>(call.labels.attributes.at("a")).size(), 4000U);
    EXPECT_EQ(call.labels.metadata.text, "");
    EXPECT_EQ(call.cost.total, std::nullopt);
    EXPECT_EQ(call.response.messages.at(0).parts.at(0).text, "1234512345");
    EXPECT_EQ(call.response.output_chars, 50);
    EXPECT_EQ(call.privacy.truncated.at("response.messages").bytes, 50);
}

TEST_F(Recorded, ACallMayMoveAndEndOnce) {
    AiCall call("openai", "m");
    CallScope other = std::move(call);
    call.output("ignored");
    other.output("kept");
    other.end();
    other.end();
    other.output("ignored");
    EXPECT_EQ(only().response.messages.at(0).parts.at(0).text, "kept");
}

}  // namespace
}  // namespace steno
