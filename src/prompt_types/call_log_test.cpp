#include "prompt_types/call_log.hpp"

#include "base/random.hpp"

#include <gtest/gtest.h>

#include <future>
#include <utility>
#include <vector>

namespace steno::prompt_types {
namespace {

Call call_of(const std::string& type) {
    Call call;
    call.id = Uuid::random(system_random());
    call.kind = Kind::Chat;
    call.status = Status::Success;
    call.prompt.type = type;
    call.model.requested = "gpt-5.4";
    call.time.duration = Duration{1'250'000'000};
    call.usage.input_tokens = 800;
    call.usage.output_tokens = 45;
    call.cost.total = Decimal::parse("0.0125");
    call.cost.currency = "USD";
    call.preview = {"what is", "it is", {}};
    Message message;
    message.role = "user";
    message.parts.emplace_back().text = "what is\nthis \"thing\"?";
    call.request.messages.push_back(message);
    message.role = "assistant";
    message.parts.front().text = "it is a cup";
    call.response.messages.push_back(message);
    return call;
}

std::shared_ptr<const Table> table(const std::string& type, LogLevel level) {
    Settings settings;
    settings.log_level = level;
    return std::make_shared<const Table>(Defaults{}, TypeSettings{{type, settings}});
}

TEST(CallLog, ALineHasAsMuchOfACallAsItsLevelSays) {
    const Call call = call_of("page");
    const std::string figures =
        "call " + call.id.to_string() + " page success gpt-5.4 1.250 s 800+45 tokens 0.012500000000 USD";
    EXPECT_EQ(log_line(call, LogLevel::MetricsOnly), figures);
    EXPECT_EQ(log_line(call, LogLevel::Summary), figures + R"( prompt "what is" answer "it is")");
    EXPECT_EQ(log_line(call, LogLevel::Detailed),
              figures + R"( prompt "user: what is\nthis \"thing\"?" answer "assistant: it is a cup")");
}

TEST(CallLog, ALineStaysOneWhateverNamesACallBrings) {
    Call call = call_of("page\ncall 0198 page success");
    call.model.requested = "a \x1b[2Jmodel";
    call.cost.currency = "E\"U";
    EXPECT_EQ(log_line(call, LogLevel::MetricsOnly),
              "call " + call.id.to_string() +
                  R"( "page\ncall 0198 page success" success "a \u001b[2Jmodel" 1.250 s 800+45 tokens)"
                  R"( 0.012500000000 "E\"U")");
    call.model.requested =
        "a\xc2\x9b"
        "2Jmodel";  // CSI, as one character
    EXPECT_NE(log_line(call, LogLevel::MetricsOnly)
                  .find(" \"a\xc2\x9b"
                        "2Jmodel\" "),
              std::string::npos);
}

TEST(CallLog, OfTextsThatAreNotKeptThereAreNone) {
    Call call = call_of("page");
    call.privacy.full_data = false;
    EXPECT_EQ(log_line(call, LogLevel::Detailed), log_line(call, LogLevel::MetricsOnly));
}

TEST(CallLog, AFailureSaysOfWhichKindItIsAndALongTextIsCut) {
    Call call = call_of("page");
    call.status = Status::Failure;
    call.error.type = ErrorType::RateLimit;
    call.request.messages.front().parts.front().text.assign(1 << 20, 'x');
    const std::string line = log_line(call, LogLevel::Detailed);
    EXPECT_NE(line.find(" rate_limit"), std::string::npos) << line.substr(0, 200);
    EXPECT_LT(line.size(), 2 * CallLog::kMostText);
}

TEST(CallLog, WritesAiCallsOfTheTypesThatWantItAndHoldsUpNoCall) {
    Rules rules;
    rules.use(table("page", LogLevel::MetricsOnly));
    std::vector<CallLog::Line> lines;  // of the log's thread, until it is gone
    std::promise<void> begun, go_on;
    {
        bool first = true;
        CallLog log(rules, [&](const CallLog::Line& line) {
            lines.push_back(line);
            if (!std::exchange(first, false)) return;
            begun.set_value();
            go_on.get_future().wait();  // who reads the log is slow
        });
        log.call_ended(call_of("other"));
        log.call_ended(call_of(""));
        Call run = call_of("page");
        run.kind = Kind::Function;
        log.call_ended(run);
        log.call_ended(call_of("page"));
        begun.get_future().wait();
        const std::size_t line = log_line(call_of("page"), LogLevel::MetricsOnly).size();
        for (std::size_t i = 0; i < CallLog::kMaxWaitingBytes / line + 7; ++i)
            log.call_ended(call_of("page"));
        go_on.set_value();
    }
    const std::size_t fit =
        CallLog::kMaxWaitingBytes / log_line(call_of("page"), LogLevel::MetricsOnly).size();
    ASSERT_EQ(lines.size(), 1 + fit + 1);
    EXPECT_EQ(lines.back().text, "7 calls are not in this log: it is read more slowly than they come");
}

}  // namespace
}  // namespace steno::prompt_types
