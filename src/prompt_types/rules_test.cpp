#include "prompt_types/rules.hpp"

#include "base/random.hpp"
#include "ingest/policy.hpp"
#include "io/file_system.hpp"
#include "prompt_types/published.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <sys/resource.h>
#include <thread>

namespace steno::prompt_types {
namespace {

Call call_of(const std::string& type) {
    static SeededRandom random{5};
    Call call;
    call.id = Uuid::at(1'800'000'000'000'000'000, random);
    call.kind = Kind::Chat;
    call.prompt.type = type;
    call.preview = {"what was asked", "what was answered", {}};
    return call;
}

std::shared_ptr<const Table> table_of(const Settings& settings, bool otherwise = true) {
    return std::make_shared<const Table>(Defaults{.track_full_data = otherwise},
                                         TypeSettings{{"page", settings}});
}

Call admitted(const Settings& settings, Call call, bool otherwise = true) {
    Rules rules;
    rules.use(table_of(settings, otherwise));
    rules.admit(call);
    return call;
}

TEST(Rules, LeaveAloneWhatNothingIsSetFor) {
    const Rules rules;
    for (const char* type : {"", "page"}) {
        const Call before = call_of(type);
        Call call = before;
        rules.admit(call);
        EXPECT_EQ(call, before);
        EXPECT_EQ(rules.texts(call).limit, 0u);
    }
}

TEST(Rules, TextsThatAreNotTrackedAreWithheldAndSoIsTheirPreview) {
    Settings settings;
    settings.track_full_data = false;
    const Call call = admitted(settings, call_of("page"));
    EXPECT_EQ(call.privacy.full_data, false);
    EXPECT_EQ(call.privacy.withheld_by, "track_full_data");
    EXPECT_EQ(call.preview, Preview{});
    EXPECT_FALSE(call.privacy.listed);
    const Call other = call_of("another");
    EXPECT_EQ(admitted(settings, other), other);
}

TEST(Rules, TheDefaultHoldsWhereNothingIsSetForAKindButNeverForCallsWithoutOne) {
    Rules rules;
    rules.use(std::make_shared<const Table>(Defaults{.track_full_data = false}));
    Call call = call_of("page");
    rules.admit(call);
    EXPECT_EQ(call.privacy.full_data, false);
    const Call before = call_of("");
    call = before;
    rules.admit(call);
    EXPECT_EQ(call, before);
    Settings settings;
    settings.track_full_data = true;
    EXPECT_FALSE(admitted(settings, call_of("page"), false).privacy.full_data);
}

TEST(Rules, TheCallersOwnWordWins) {
    Settings settings;
    settings.track_full_data = false;
    Call call = call_of("page");
    call.privacy.full_data = true;
    EXPECT_EQ(admitted(settings, call), call);
    call.privacy.full_data = false;
    const Call refused = admitted({}, call);
    EXPECT_EQ(refused, call) << "and nobody else has withheld it: " << refused.privacy.withheld_by;
    settings.retention = "short";
    call.privacy.retention = "legal";
    EXPECT_EQ(admitted(settings, call).privacy.retention, "legal");
}

TEST(Rules, OfWhatIsNotActiveFiguresAloneAreKeptAndListsLeaveItOut) {
    Settings settings;
    settings.is_active = false;
    Call call = call_of("page");
    const Call inactive = admitted(settings, call);
    EXPECT_EQ(inactive.privacy.listed, false);
    EXPECT_EQ(inactive.privacy.full_data, false);
    EXPECT_EQ(inactive.privacy.withheld_by, "is_active");
    EXPECT_EQ(inactive.preview, Preview{});
    call.privacy.listed = true;
    EXPECT_EQ(admitted(settings, call).privacy.listed, true);
}

TEST(Rules, TheRetentionClassAndTheLimitOfTexts) {
    Settings settings;
    settings.retention = "short";
    settings.text_limit = 2000;
    EXPECT_EQ(admitted(settings, call_of("page")).privacy.retention, "short");
    Rules rules;
    rules.use(table_of(settings));
    EXPECT_EQ(rules.texts(call_of("page")).limit, 2000u);
    EXPECT_EQ(rules.texts(call_of("other")).limit, 0u);
    EXPECT_EQ(rules.texts(call_of("")).limit, 0u);
}

TEST(Rules, SamplingKeepsTheSameCallsEachTimeAndAboutTheShareThatWasAskedFor) {
    Settings settings;
    settings.sample_rate = 0.1;
    std::size_t kept = 0;
    constexpr std::size_t kCalls = 20'000;
    SeededRandom random{11};
    for (std::size_t i = 0; i < kCalls; ++i) {
        Call call = call_of("page");
        // Ids of one moment, of another, and of no order.
        call.id = i % 2 == 0 ? Uuid::at(1'800'000'000'000'000'000, random) : Uuid::random(random);
        const Call once = admitted(settings, call);
        EXPECT_EQ(once, admitted(settings, call));
        kept += !once.privacy.full_data;
        if (once.privacy.full_data) EXPECT_EQ(once.privacy.withheld_by, "sample_rate");
    }
    // Binomial: the standard deviation is 42 calls; the seed is fixed, so this never differs.
    EXPECT_NEAR(static_cast<double>(kept), 0.1 * kCalls, 170);
    settings.sample_rate = 0;
    EXPECT_EQ(admitted(settings, call_of("page")).privacy.full_data, false);
    settings.sample_rate = 1;
    for (int i = 0; i < 1000; ++i) EXPECT_FALSE(admitted(settings, call_of("page")).privacy.full_data);
}

TEST(Rules, WhatASmallerShareKeepsALargerOneKeepsToo) {
    Settings few, many;
    few.sample_rate = 0.05;
    many.sample_rate = 0.4;
    for (int i = 0; i < 2000; ++i) {
        const Call call = call_of("page");
        if (!admitted(few, call).privacy.full_data) EXPECT_FALSE(admitted(many, call).privacy.full_data);
    }
}

TEST(Rules, TextsAreCutWithTheirLengthAndDigestAndTheExactBytesGo) {
    Call call = call_of("page");
    const std::string text = std::string(9, 'a') + "é and more";
    call.request.system = text;
    call.request.messages.emplace_back().parts.emplace_back().text = text;
    call.request.messages.emplace_back().parts.emplace_back().text = "another text that is too long";
    call.request.input.text = R"({"question": "what is this?"})";
    call.response.messages.emplace_back().parts.emplace_back().text = "short";
    call.raw.request = "the exact bytes of all that";
    call.raw.response = "[]";
    ingest::cut_texts(call, 10);
    EXPECT_EQ(call.request.system, "aaaaaaaaa") << "not through a character";
    EXPECT_EQ(call.request.messages[0].parts[0].text, "aaaaaaaaa");
    EXPECT_EQ(call.request.messages[1].parts[0].text, "another te");
    EXPECT_EQ(call.request.input.text, R"("{\"quest")");
    EXPECT_EQ(call.response.messages[0].parts[0].text, "short");
    EXPECT_EQ(call.raw.request, "");
    EXPECT_EQ(call.raw.response, "[]");
    EXPECT_EQ(call.preview.prompt, "what was a");
    const auto& cut = call.privacy.truncated;
    ASSERT_EQ(cut.size(), 4u);
    EXPECT_EQ(cut.at("request.messages").bytes, static_cast<std::int64_t>(text.size())) << "the first one's";
    EXPECT_EQ(cut.at("request.system").sha256.size(), 64u);
    EXPECT_EQ(cut.at("raw.request").bytes, 27);
    const Call once = call;
    ingest::cut_texts(call, 10);
    EXPECT_EQ(call, once);
}

class PublishedTest : public testing::Test {
  protected:
    PublishedTest()
        : folder_(std::filesystem::temp_directory_path() /
                  ("steno-" + Uuid::random(system_random()).to_string())) {
        std::filesystem::create_directories(folder_);
    }
    ~PublishedTest() override { std::filesystem::remove_all(folder_); }

    void publish(const Defaults& defaults, const TypeSettings& types) {
        const auto done = prompt_types::publish(io::posix_file_system(), folder_.string(), defaults, types);
        ASSERT_TRUE(done) << done.error().message;
    }
    std::filesystem::path folder_;
};

TEST_F(PublishedTest, WhatIsReadIsWhatWasWritten) {
    Settings settings;
    settings.description = "reads \"pages\"";
    settings.track_full_data = true;
    settings.sample_rate = 0.25;
    settings.text_limit = 100;
    settings.retention = "short";
    publish({.track_full_data = false}, {{"page/é", settings}});
    const auto content = io::read_file(io::posix_file_system(), published_path(folder_.string()), 1 << 20);
    ASSERT_TRUE(content);
    const auto read = read_published(*content);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_TRUE(read->is_whole);
    EXPECT_FALSE(read->defaults.track_full_data);
    settings.description.clear();
    EXPECT_EQ(read->types, (TypeSettings{{"page/é", settings}}));
    const Table table(read->defaults, read->types);
    EXPECT_TRUE(table.of("page/é").tracks);
    EXPECT_EQ(table.of("page/é").texts.limit, 100u);
    EXPECT_EQ(table.of("page/é").retention, "short");
    EXPECT_EQ(table.of("page/é").kept, (std::uint64_t{1} << 53) / 4);
    EXPECT_FALSE(table.of("another").tracks);
}

TEST_F(PublishedTest, OfADamagedFileIsReadWhatCanBe) {
    const std::string whole =
        R"({"version":1,"default_track_full_data":false,"types":{"a":{"track_full_data":false,"sample_rate":7},)"
        R"("b":{"is_active":false}}})";
    const auto odd = read_published(whole);
    ASSERT_TRUE(odd);
    EXPECT_FALSE(odd->is_whole) << "a share of seven";
    EXPECT_EQ(odd->types.at("a").track_full_data, false);
    EXPECT_EQ(odd->types.at("a").sample_rate, 1);
    EXPECT_FALSE(odd->types.at("b").is_active);
    const auto half = read_published(whole.substr(0, whole.find(R"("is_active")")));
    ASSERT_TRUE(half);
    EXPECT_FALSE(half->is_whole);
    EXPECT_FALSE(half->defaults.track_full_data);
    EXPECT_EQ(half->types.at("a").track_full_data, false);
    for (const char* nothing : {"", "[]", R"({"types":{}})", R"({"version":2,"types":{}})"})
        EXPECT_EQ(read_published(nothing).error().code, Code::DataLoss) << nothing;
}

TEST_F(PublishedTest, WhatANewerStenoAddsIsPassedOver) {
    const auto read = read_published(
        R"({"version":1,"made_by":{"steno":[9]},"default_track_full_data":true,)"
        R"("types":{"page":{"colour":"red","track_full_data":false,"budget":{"a":[1]}}},"more":null})");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_TRUE(read->is_whole);
    EXPECT_EQ(read->types.at("page").track_full_data, false);
}

TEST_F(PublishedTest, WithoutAnythingSetThereIsNoFile) {
    publish({}, {});
    EXPECT_FALSE(std::filesystem::exists(published_path(folder_.string())));
}

/// Another program's rules, and what they decide.
class Elsewhere {
  public:
    explicit Elsewhere(const std::filesystem::path& folder) : rules_(folder.string()) {}
    [[nodiscard]] std::string withheld_by() const {
        Call call = call_of("page");
        rules_.admit(call);
        return call.privacy.withheld_by;
    }
    /// True as soon as they decide so.
    [[nodiscard]] bool comes_to(const std::string& withheld_by) const {
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (this->withheld_by() != withheld_by) {
            if (std::chrono::steady_clock::now() > until) return false;
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        return true;
    }

  private:
    FolderRules rules_;
};

Settings off() {
    Settings settings;
    settings.track_full_data = false;
    return settings;
}

TEST_F(PublishedTest, AnotherProgramKeepsToTheFileAndToItsChanges) {
    const Elsewhere elsewhere(folder_);
    EXPECT_EQ(elsewhere.withheld_by(), "") << "there is no file: the defaults";
    publish({}, {{"page", off()}});
    EXPECT_TRUE(elsewhere.comes_to("track_full_data"));
}

TEST_F(PublishedTest, AFileThatCannotBeReadForAMomentIsReadAfterIt) {
    publish({}, {{"page", off()}});
    const Elsewhere elsewhere(folder_);
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit none{0, before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    const std::string first = elsewhere.withheld_by();
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(first, "") << "it was not to be read";
    EXPECT_TRUE(elsewhere.comes_to("track_full_data"));
}

TEST_F(PublishedTest, ADamagedFileTakesAwayNothingThatWasRead) {
    publish({}, {{"page", off()}});
    const Elsewhere elsewhere(folder_);
    EXPECT_EQ(elsewhere.withheld_by(), "track_full_data");
    ASSERT_TRUE(io::replace_file(io::posix_file_system(), published_path(folder_.string()),
                                 R"({"version":1,"types":{"page":{"sample_rate":0},"other":{"tra)"));
    const Elsewhere later(folder_);
    EXPECT_EQ(later.withheld_by(), "sample_rate") << "what can be read is better than nothing";
    Settings inactive;
    inactive.is_active = false;
    publish({}, {{"page", inactive}});
    EXPECT_TRUE(elsewhere.comes_to("is_active"));
}

}  // namespace
}  // namespace steno::prompt_types
