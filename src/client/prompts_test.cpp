#include "steno/prompts.hpp"

#include "assignment/assignment.hpp"
#include "client/context_node.hpp"
#include "client/prompt_cache.hpp"
#include "client/prompt_folder.hpp"
#include "net/http_server.hpp"
#include "record/binary.hpp"
#include "steno/context.hpp"
#include "steno/tracking.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

namespace steno {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view kAnswer =
    R"({"name":"answer","version":"2","labels":["latest","production"],"author":"ann","size":1,"model":"m",)"
    R"("temperature":0.5,"parameters":{"seed":1},"text":"{{> tone}} Answer {{question}}{{#more}} {{.}}{{/more}}",)"
    R"("variables":[{"name":"more","type":"list","required":false}],"undeclared":[],"includes":["tone"],)"
    R"("included":[{"include":"tone","text":"Be {{mood}}.","variables":[{"name":"mood","type":"string",)"
    R"("default":"kind","required":true}]}]})";

/// A server whose answer to everything is set; prompts come from it, and recording is off.
class PromptsFromAServer : public testing::Test {
  protected:
    void SetUp() override {
        std::filesystem::remove_all(folder_);
        loops_.start();
        ASSERT_TRUE(server_.listen({"127.0.0.1", 0}));
        url_ = "http://127.0.0.1:" + std::to_string(server_.port());
        start(url_);
    }
    void TearDown() override {
        start("http://127.0.0.1:1");  // forgets this server
        (void)get({.max_age = 0ms});
        if (!stopped_) stop();
        loops_.stop();
        std::filesystem::remove_all(folder_);
    }
    void start(const std::string& server, std::uint64_t max_spool_bytes = 1 << 20) {
        TrackingOptions options;
        options.server = server;
        options.api_key = "key";
        options.level = LogLevel::Off;
        options.spool_folder = folder_;
        options.max_spool_bytes = max_spool_bytes;
        start_tracking(options);
    }
    void stop() {
        server_.stop(0ms);
        stopped_ = true;
    }
    /// As another process would.
    void forget() {
        start("http://127.0.0.1:1");
        (void)get({.patience = 1ms});
        start(url_);
    }
    static Prompt get(const PromptOptions& options = {}) { return get_prompt("answer", options); }

    void answer(int status, std::string_view body, std::string_view tag = "\"t1\"") {
        const std::lock_guard lock(mutex_);
        status_ = status;
        body_ = body;
        tag_ = tag;
    }
    std::vector<std::string> asked() {
        const std::lock_guard lock(mutex_);
        return std::exchange(asked_, {});
    }

    const std::string folder_ =
        (std::filesystem::temp_directory_path() / ("steno-prompts-test." + std::to_string(::getpid())))
            .string();
    std::string url_;

  private:
    net::Task<void> handle(net::ServerExchange& exchange) {
        net::ResponseHead head;
        std::string body;
        {
            const std::lock_guard lock(mutex_);
            const auto known = exchange.head().headers.get("if-none-match");
            asked_.push_back(exchange.head().target + (known ? " " + std::string(*known) : ""));
            const bool same = status_ == 200 && known && *known == tag_;
            head.status = same ? 304 : status_;
            head.headers.add("ETag", tag_);
            head.headers.add("Content-Type", status_ < 400 ? "application/json" : "application/problem+json");
            if (!same) body = body_;
        }
        if (head.status == 0) {  // never
            co_await net::sleep_for(1h);
            co_return;
        }
        (void)co_await exchange.respond(head, body);
    }

    std::mutex mutex_;
    int status_ = 200;
    std::string body_{kAnswer};
    std::string tag_ = "\"t1\"";
    std::vector<std::string> asked_;
    bool stopped_ = false;
    net::Loops loops_{1, 0};
    net::HttpServer server_{loops_, {}, [this](net::ServerExchange& exchange) { return handle(exchange); }};
};

TEST_F(PromptsFromAServer, AreAskedForOnceAndThenInMemory) {
    const Prompt prompt = get();
    ASSERT_TRUE(prompt) << prompt.error();
    EXPECT_EQ(prompt.source(), PromptSource::Server);
    EXPECT_EQ(prompt.error(), "");
    EXPECT_EQ(prompt.version(), "2");
    EXPECT_EQ(prompt.model(), "m");
    EXPECT_EQ(prompt.temperature(), 0.5);
    EXPECT_EQ(prompt.top_k(), std::nullopt);
    EXPECT_EQ(prompt.parameters(), R"({"seed":1})");
    EXPECT_THAT(prompt.labels(), ElementsAre("latest", "production"));
    EXPECT_TRUE(get());
    EXPECT_TRUE(get_prompt("ä/b", {.label = "production"}));
    EXPECT_TRUE(get_prompt("ä/b", {.version = "1.2"}));
    EXPECT_THAT(asked(),
                ElementsAre("/api/v1/prompts/answer/fetch?included=true&plan=true",
                            "/api/v1/prompts/%C3%A4%2Fb/fetch?included=true&plan=true&label=production",
                            "/api/v1/prompts/%C3%A4%2Fb/fetch?included=true&version=1.2"));
}

TEST_F(PromptsFromAServer, AreFilledInAsTheServerWould) {
    const Prompt prompt = get();
    const RenderedPrompt filled = prompt.render({{"question", "\"Why?\""}, {"extra", "x"}});
    ASSERT_TRUE(filled) << filled.error();
    EXPECT_EQ(filled.text(), "Be kind. Answer \"Why?\"");
    EXPECT_THAT(filled.unused(), ElementsAre("extra"));
    EXPECT_THAT(filled.missing(), IsEmpty());
    ASSERT_EQ(filled.messages().size(), 1U);
    EXPECT_EQ(filled.messages()[0].role, "user");
    EXPECT_EQ(prompt.render_json(R"({"question": "a", "more": [1, 2.50], "mood": "brief"})").text(),
              "Be brief. Answer a 1 2.50");
    EXPECT_THAT(prompt.render().missing(), ElementsAre("question"));
    EXPECT_FALSE(prompt.render({{"more", "no list"}}));
    EXPECT_EQ(prompt.render({{"more", "no list"}}).error(), "the value of more is no list");
    EXPECT_THAT(prompt.render_json("{").error(), HasSubstr("the variables"));
}

TEST_F(PromptsFromAServer, SayWhichTheyAreInTheContext) {
    const auto call_in = [](const Context& context) {
        Call call;
        EXPECT_TRUE(decode(std::string("\1\1") + context.node()->header, call));
        EXPECT_TRUE(decode(std::string("\1\2") + context.node()->request, call));
        return call;
    };
    const Context around = Context().with_prompt({.type = "faq", .name = "x", .text = "{y}"});
    const Call call = call_in(around.with_prompt(get().render({{"question", "Why?"}})));
    EXPECT_EQ(call.prompt.type, "faq");
    EXPECT_EQ(call.prompt.name, "answer");
    EXPECT_EQ(call.prompt.version, "2");
    EXPECT_EQ(call.prompt.variables.text, R"({"question":"Why?"})");
    EXPECT_EQ(call.prompt.all_variables_present, true);
    const Call lacking = call_in(Context().with_prompt(get().render()));
    EXPECT_THAT(lacking.prompt.missing_variables, ElementsAre("question"));
    EXPECT_EQ(lacking.prompt.all_variables_present, false);
    EXPECT_EQ(call_in(around.with_prompt(get().render_json("no JSON"))).prompt.name, "")
        << "its text is not that of the prompt around it";
}

/// The same with an experiment, as a server answers it.
std::string with_experiment(std::string_view unit, std::string_view share = "1") {
    std::string answer(kAnswer);
    answer.pop_back();
    return answer.append(R"(,"experiment":{"id":"0199a","name":"tone","unit":")")
        .append(unit)
        .append(R"(","share":)")
        .append(share)
        .append(R"(,"revision":4,"variants":[{"name":"a","weight":3,"stopped":false},)"
                R"({"name":"b","weight":1,"stopped":false}]},"variants":[)"
                R"({"variant":"a","name":"answer","version":"2","text":"A {{question}}"},)"
                R"({"variant":"b","name":"answer","version":"3","model":"n","text":"B {{question}}"}]})");
}

Call call_in(const Context& context) {
    Call call;
    EXPECT_TRUE(decode(std::string("\1\1") + context.node()->header, call));
    return call;
}

TEST_F(PromptsFromAServer, OfAnExperimentEachUnitGetsItsVariant) {
    answer(200, with_experiment("user"));
    const assignment::Assigner plan({.id = "0199a",
                                     .name = "tone",
                                     .unit = assignment::UnitKind::User,
                                     .share = 1,
                                     .revision = 4,
                                     .variants = {{"a", 3, false}, {"b", 1, false}}});
    int seen[2] = {0, 0};
    for (int n = 0; n < 100; ++n) {
        const std::string user = "user-" + std::to_string(n);
        const Prompt prompt = get({.unit = user});
        const auto assigned = plan.assign(user)->variant;
        ++seen[assigned];
        EXPECT_EQ(prompt.experiment(), "tone");
        EXPECT_EQ(prompt.variant(), assigned == 0 ? "a" : "b");
        EXPECT_EQ(prompt.version(), assigned == 0 ? "2" : "3");
        EXPECT_EQ(prompt.model(), assigned == 0 ? "" : "n");
        const RenderedPrompt filled = prompt.render({{"question", "Why?"}});
        EXPECT_EQ(filled.text(), assigned == 0 ? "A Why?" : "B Why?");
        const Experiment part = call_in(Context().with_prompt(filled)).prompt.experiment;
        EXPECT_EQ(part.id, "0199a");
        EXPECT_EQ(part.variant, prompt.variant());
        EXPECT_EQ(part.unit, user);
        EXPECT_EQ(part.probability, assigned == 0 ? 0.75 : 0.25);
        EXPECT_EQ(part.revision, 4);
        // It is that of the context, where nobody says whose.
        const ContextScope scope(Context().with_user(user));
        EXPECT_EQ(get().variant(), prompt.variant());
    }
    EXPECT_GT(seen[0], seen[1]);
    EXPECT_GT(seen[1], 0);
    EXPECT_EQ(asked().size(), 1U) << "all of them from memory";
    answer(200, kAnswer);
    EXPECT_EQ(get({.version = "2", .unit = "user-1"}).variant(), "") << "who names a version gets that";
    EXPECT_THAT(asked(), ElementsAre("/api/v1/prompts/answer/fetch?included=true&version=2"));
}

TEST_F(PromptsFromAServer, OfAnExperimentNobodyGetsAVariantWhoSaysNoUnit) {
    answer(200, with_experiment("session"));
    const Prompt prompt = get();
    EXPECT_EQ(prompt.version(), "2");
    EXPECT_EQ(prompt.variant(), "");
    const Context context = Context().with_prompt(prompt.render());
    const Experiment part = call_in(context).prompt.experiment;
    EXPECT_EQ(part.id, "0199a");
    EXPECT_EQ(part.variant, "");
    EXPECT_EQ(part.left_out, "the program says no session, by which the experiment divides");
    EXPECT_EQ(call_in(context.with_prompt({.name = "x"})).prompt.experiment, Experiment());
    EXPECT_EQ(call_in(context.with_prompt(prompt.render_json("no JSON"))).prompt.experiment, Experiment());

    answer(200, with_experiment("request"), "\"t2\"");
    EXPECT_NE(get({.max_age = 0ms}).variant(), "") << "outside of a request each fetch is one";
    answer(200, with_experiment("user", "0.000001"), "\"t3\"");
    const Prompt outside = get({.max_age = 0ms, .unit = "ann"});
    EXPECT_EQ(outside.variant(), "");
    EXPECT_EQ(call_in(Context().with_prompt(outside.render())).prompt.experiment, Experiment());
}

TEST_F(PromptsFromAServer, OfAnExperimentVariantsAreThereWhileTheServerIsAway) {
    answer(200, with_experiment("user"));
    const std::string variant = get({.unit = "ann"}).variant();
    EXPECT_NE(variant, "");
    forget();
    stop();
    const Prompt kept = get({.unit = "ann"});
    EXPECT_EQ(kept.source(), PromptSource::File);
    EXPECT_EQ(kept.variant(), variant);
}

TEST_F(PromptsFromAServer, APlanThatIsNotUnderstoodHarmsNoPrompt) {
    std::string odd = with_experiment("planet");
    answer(200, odd);
    EXPECT_EQ(get({.unit = "ann"}).version(), "2");
    EXPECT_EQ(get({.unit = "ann"}).variant(), "");
}

TEST_F(PromptsFromAServer, AreAskedForEachTimeWhereThatIsWanted) {
    const PromptOptions now{.max_age = 0ms};
    EXPECT_EQ(get(now).version(), "2");
    EXPECT_EQ(get(now).version(), "2");
    std::string next(kAnswer);
    next.replace(next.find("\"2\""), 3, "\"3\"");
    answer(200, next, "\"t2\"");
    EXPECT_EQ(get(now).version(), "3");
    EXPECT_EQ(get().version(), "3");
    const std::string path = "/api/v1/prompts/answer/fetch?included=true&plan=true";
    EXPECT_THAT(asked(), ElementsAre(path, path + " \"t1\"", path + " \"t1\""));
}

TEST_F(PromptsFromAServer, AreServedOnWhileItIsAway) {
    EXPECT_TRUE(get());
    answer(503, R"({"detail":"the control database cannot be used"})");
    Prompt prompt = get({.max_age = 0ms});
    EXPECT_EQ(prompt.version(), "2");
    EXPECT_EQ(prompt.source(), PromptSource::Server);
    EXPECT_THAT(prompt.error(), HasSubstr("the control database cannot be used"));
    answer(200, kAnswer);
    EXPECT_EQ(get({.max_age = 0ms}).error(), "");

    stop();
    prompt = get({.max_age = 0ms});
    EXPECT_EQ(prompt.version(), "2");
    EXPECT_THAT(prompt.error(), HasSubstr("Connection refused"));
    forget();
    prompt = get();
    EXPECT_EQ(prompt.source(), PromptSource::File) << prompt.error();
    EXPECT_EQ(prompt.render({{"question", "a"}}).text(), "Be kind. Answer a");
    // No file of this one.
    EXPECT_THAT(get_prompt("other").error(), HasSubstr("Connection refused"));
    EXPECT_FALSE(get_prompt("other").unknown());
}

TEST_F(PromptsFromAServer, AreNotKeptOnDiskWhereNothingIsToBe) {
    start(url_, 0);
    EXPECT_TRUE(get());
    stop();
    EXPECT_FALSE(std::filesystem::exists(folder_));
}

TEST_F(PromptsFromAServer, AreToldApartFromThoseThatThereAreNot) {
    EXPECT_TRUE(get());
    answer(
        404,
        R"({"code":"no_such_prompt","detail":"there is no prompt \"answer\"","remedy":"did you mean answers?"})");
    Prompt prompt = get({.max_age = 0ms});
    EXPECT_EQ(prompt.version(), "2");  // what runs goes on
    EXPECT_TRUE(prompt.unknown());
    forget();
    prompt = get();
    EXPECT_FALSE(prompt);
    EXPECT_TRUE(prompt.unknown());
    EXPECT_THAT(prompt.error(), AllOf(HasSubstr("there is no prompt"), HasSubstr("did you mean answers?")));
    EXPECT_THAT(prompt.render().error(), HasSubstr("there is no prompt"));
    (void)asked();
    prompt = get({.fallback = "Answer {{question}}."});
    EXPECT_EQ(prompt.source(), PromptSource::Fallback);
    EXPECT_TRUE(prompt.unknown());
    EXPECT_EQ(prompt.version(), "");
    EXPECT_EQ(prompt.render({{"question", "a"}}).text(), "Answer a.");
}

TEST_F(PromptsFromAServer, StayOnDiskWhereA404IsNotAboutThem) {
    EXPECT_TRUE(get());
    answer(404, R"({"code":"not_found","detail":"there is nothing at /api/v1/prompts/answer/fetch"})");
    EXPECT_FALSE(get({.max_age = 0ms}).unknown());
    forget();
    const Prompt prompt = get();
    EXPECT_EQ(prompt.source(), PromptSource::File) << prompt.error();
    EXPECT_THAT(prompt.error(), HasSubstr("there is nothing at"));
}

TEST_F(PromptsFromAServer, ThatNobodyAskedForTheLongestGoFirst) {
    constexpr int kMore = static_cast<int>(client::PromptCache::kMostQuestions) + 1;
    EXPECT_TRUE(get());
    EXPECT_TRUE(get_prompt("seldom"));
    for (int i = 0; i < kMore - 2; ++i) {
        EXPECT_TRUE(get_prompt("p" + std::to_string(i)));
        EXPECT_TRUE(get());
    }
    (void)asked();
    EXPECT_TRUE(get());
    EXPECT_TRUE(get_prompt("p0"));
    EXPECT_THAT(asked(), IsEmpty());
    EXPECT_TRUE(get_prompt("seldom"));
    EXPECT_THAT(asked(), ElementsAre("/api/v1/prompts/seldom/fetch?included=true&plan=true"));
}

TEST_F(PromptsFromAServer, SayWhatIsWrong) {
    answer(401, R"({"detail":"a key is needed"})");
    EXPECT_THAT(get().error(), AllOf(HasSubstr("a key is needed"), HasSubstr("STENO_API_KEY")));
    answer(200, "<html>please log in</html>");
    EXPECT_THAT(get({.max_age = 0ms}).error(), HasSubstr("is it another program?"));
    (void)asked();
    EXPECT_THAT(get({.label = "a", .version = "1"}).error(), HasSubstr("one of them"));
    EXPECT_THAT(get_prompt("").error(), HasSubstr("by its name"));
    EXPECT_THAT(get_prompt(std::string(2000, 'x')).error(), HasSubstr("by its name"));
    EXPECT_THAT(asked(), IsEmpty());
    EXPECT_THAT(Prompt().error(), Not(IsEmpty()));
    start("no address");
    EXPECT_THAT(get().error(), HasSubstr("is no address of a server"));
    EXPECT_EQ(get({.fallback = "x"}).text(), "x");
}

TEST_F(PromptsFromAServer, AreWaitedForNoLongerThanTheProgramWould) {
    answer(0, "");
    EXPECT_THAT(get({.patience = 20ms}).error(), HasSubstr("has not answered within 20 ms"));
    EXPECT_EQ(get({.patience = 20ms, .fallback = "x"}).text(), "x");
}

TEST_F(PromptsFromAServer, AreWaitedForByWhoHasMorePatienceThanOthers) {
    answer(0, "");
    EXPECT_THAT(get({.patience = 1ms}).error(), HasSubstr("within 1 ms"));
    EXPECT_THAT(get({.patience = 200ms}).error(), HasSubstr("within 200 ms"));
    EXPECT_LE(asked().size(), 1u) << "it is asked once";
}

TEST_F(PromptsFromAServer, CanBeWaitedForALittleAtATime) {
    auto& cache = client::PromptCache::current();
    answer(0, "");
    const PromptOptions options{.max_age = 0ms, .patience = 50ms};
    const auto began = client::PromptCache::Clock::now();
    EXPECT_FALSE(cache.get("answer", options, began, 0ms));
    std::optional<Prompt> found;
    while (!found) found = cache.get("answer", options, began, 1ms);
    EXPECT_THAT(found->error(), HasSubstr("within 50 ms"));
    EXPECT_LE(asked().size(), 1u);
}

TEST(PromptFolder, KeepsWhatThereIsRoomFor) {
    const std::string spool =
        (std::filesystem::temp_directory_path() / ("steno-folder-test." + std::to_string(::getpid())))
            .string();
    std::filesystem::remove_all(spool);
    const client::PromptFolder folder(spool, 100);
    folder.keep("a", std::string(60, 'a'));
    folder.keep("a", std::string(50, 'b'));
    EXPECT_EQ(folder.find("a"), std::string(50, 'b'));
    folder.keep("b", std::string(101, 'x'));
    EXPECT_EQ(folder.find("b"), std::nullopt);
    folder.keep("c", std::string(60, 'c'));  // in place of the oldest
    EXPECT_EQ(folder.find("c"), std::string(60, 'c'));
    EXPECT_EQ(folder.find("a"), std::nullopt);
    for (const auto& file : std::filesystem::directory_iterator(spool + "/prompts"))
        EXPECT_EQ(file.status().permissions(),
                  std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    folder.forget("c");
    EXPECT_EQ(folder.find("c"), std::nullopt);
    std::filesystem::permissions(spool + "/prompts", std::filesystem::perms::all);
    folder.keep("a", "a");
    EXPECT_EQ(folder.find("a"), std::nullopt);
    std::filesystem::remove_all(spool);
}

}  // namespace
}  // namespace steno
