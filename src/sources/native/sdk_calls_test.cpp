// Whatever a program says by the SDK, a server takes the call: the SDK cuts and leaves out.

#include "client/server_for_test.hpp"
#include "sources/native/admission.hpp"
#include "steno/steno.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <unistd.h>
#include <vector>

namespace steno::native {
namespace {

class FromTheSdk : public testing::Test {
  protected:
    void SetUp() override {
        options_.server = server_.url;
        options_.spool_folder =
            std::filesystem::path(testing::TempDir()) / ("steno-admit-" + std::to_string(::getpid()));
        options_.interval = std::chrono::milliseconds{1};
    }
    void TearDown() override { stop_tracking(std::chrono::milliseconds{0}); }

    /// All that arrived, each of them admitted.
    std::vector<Call> admitted() {
        EXPECT_TRUE(flush());
        std::vector<Call> all;
        ManualClock clock;
        SeededRandom random(7);
        for (auto& [id, call] : server_.taken()) {
            const auto outcome = admit(call, clock, random);
            EXPECT_TRUE(outcome) << outcome.error().message;
            all.push_back(call);
        }
        return all;
    }

    client::ScriptedServer server_{[](const std::vector<Call>&) { return 200; }};
    TrackingOptions options_;
};

TEST_F(FromTheSdk, ExtremesOfEachSetter) {
    const std::string long_text(300'000, 'x');
    const std::string nonsense("\xff\0\x80", 3);
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
    constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
    std::size_t calls = 0;
    for (const std::string& text : {std::string(), std::string("x"), long_text, nonsense}) {
        options_.project = options_.environment = options_.release = text;
        start_tracking(options_);
        Context context;
        Context::Prompt prompt{.type = text, .name = text, .version = text, .text = {}, .variables = {}};
        for (int i = 0; i < 150; ++i) {
            context = context.with_tag(text + std::to_string(i))
                          .with_tag(std::to_string(i))
                          .with_attribute(std::to_string(i) + text, text);
            prompt.text += "{name" + std::to_string(i) + (i == 0 ? std::string(300, 'x') : "") + "}";
        }
        prompt.variables["v"] = text;
        context = context.with_session(text)
                      .with_request(text)
                      .with_user(text)
                      .with_agent(text)
                      .with_function(text, text)
                      .with_project(text)
                      .with_environment(text)
                      .with_attribute("not a number", std::nan(""))
                      .with_attribute("endless", std::numeric_limits<double>::infinity())
                      .with_traceparent(text)
                      .with_prompt(prompt);
        for (const std::int64_t number : {kLeast, std::int64_t{-1}, std::int64_t{0}, kMost}) {
            ++calls;
            AiCall call(text, text, context);
            call.served_model(text).parameters(text).system(text).message(text, text).tools(text).input(text);
            call.output(text).output_piece(text).tool_call(text, text, text).result(text).structured(text);
            call.usage({number, number, number, number, number});
            for (const char* const cost : {"-1", "-0.000000000001", "1e300", "nan", "", "1"})
                call.cost(cost, text);
            call.provider_request_id(text).http_status(static_cast<int>(number)).retry(number);
            for (int i = 0; i < 150; ++i) {
                call.tag(std::to_string(i) + "t").attribute("c" + std::to_string(i), text);
                call.finish_reason(text);
            }
            call.attribute("not a number", std::nan("")).metadata(text).fail(ErrorType::Server, text);
        }
        EXPECT_TRUE(flush());
        EXPECT_EQ(tracking_stats().dropped, 0U);
    }
    EXPECT_EQ(admitted().size(), calls);
}

TEST_F(FromTheSdk, NothingElseIsLeftOut) {
    start_tracking(options_);
    {
        AiCall call(std::string(200, 'p'), std::string(1000, 'm'));
        call.http_status(599).cost("0", "EUR").retry(0).provider_request_id(std::string(200, 'r'));
        for (int i = 0; i < 50; ++i) call.attribute(std::to_string(i), i * 0.5);
        call.attribute("0", std::string("changed"));
    }
    const auto all = admitted();
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].provider.name.size(), 200U);
    EXPECT_EQ(all[0].model.requested.size(), 1000U);
    EXPECT_EQ(all[0].provider.http_status, 599);
    EXPECT_EQ(all[0].cost.total, Decimal{});
    EXPECT_EQ(all[0].client_retry, 0);
    EXPECT_EQ(all[0].provider.request_id.size(), 200U);
    EXPECT_EQ(all[0].labels.attributes.size(), 50U);
    EXPECT_EQ(std::get<std::string>(all[0].labels.attributes.at("0")), "changed");
}

TEST_F(FromTheSdk, ASummaryKeepsItsPreview) {
    options_.level = LogLevel::Summary;
    start_tracking(options_);
    AiCall("p", "m").message("user", "the prompt").output("the answer").end();
    const auto all = admitted();
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].preview.prompt, "the prompt");
    EXPECT_EQ(all[0].preview.answer, "the answer");
}

}  // namespace
}  // namespace steno::native
