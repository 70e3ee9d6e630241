#include "embedded/recording.hpp"

#include "base/random.hpp"
#include "io/file_system.hpp"
#include "journal/verify.hpp"
#include "record/binary.hpp"
#include "record/delivery.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace steno::embedded {
namespace {

using namespace std::chrono_literals;

class RecordingTest : public testing::Test {
  protected:
    RecordingTest()
        : folder_(std::filesystem::temp_directory_path() /
                  ("steno-" + Uuid::random(system_random()).to_string())) {}
    ~RecordingTest() override { std::filesystem::remove_all(folder_); }

    static Call call() {
        Call call;
        call.id = Uuid::random(system_random());
        call.kind = Kind::Chat;
        call.source = Source::Cpp;
        call.status = Status::Success;
        call.usage.input_tokens = 12;
        return call;
    }
    static std::string delivery(const std::vector<Call>& calls) {
        std::string body(kDeliveryHead);
        for (const Call& one : calls)
            append_delivered_call(body, encode(one, Place::Header), encode(one, Place::RequestPayload), "");
        return body;
    }
    journal::Report verified() {
        auto report = journal::verify(io::posix_file_system(), folder_.string());
        EXPECT_TRUE(report) << report.error().message;
        EXPECT_TRUE(report && report->intact);
        return report ? std::move(*report) : journal::Report();
    }

    std::filesystem::path folder_;
};

TEST_F(RecordingTest, TakesWhatCanBeRecordedAndSaysWhyNotTheRest) {
    {
        const auto recording = Recording::open(folder_.string());
        ASSERT_TRUE(recording) << recording.error().message;
        Call impossible = call();
        impossible.usage.input_tokens = -1;
        const auto receipt = (*recording)->record(delivery({call(), impossible, call()}), 30s);
        ASSERT_TRUE(receipt) << receipt.error().message;
        EXPECT_EQ(receipt->accepted, 2u);
        EXPECT_EQ(receipt->rejected, 1u);
        EXPECT_NE(receipt->first_rejected.message.find("input_tokens"), std::string::npos);
        EXPECT_EQ((*recording)->record("no delivery", 30s).error().code, Code::InvalidArgument);
        EXPECT_EQ(verified().streams.at(0).records, 2u) << "they are fsynced, and the stream lives";
        // Written, and fsynced at the end.
        EXPECT_EQ((*recording)->record(delivery({call()}), 0ms)->accepted, 1u);
        (*recording)->cancel();
        EXPECT_EQ((*recording)->record(delivery({call()}), 30s).error().code, Code::Cancelled);
    }
    const journal::Report report = verified();
    EXPECT_EQ(report.streams.at(0).records, 4u);
    EXPECT_TRUE(report.streams.at(0).closed);
}

TEST_F(RecordingTest, RefusesAFolderOfAnotherUser) {
    std::string folder = "/";  // is root's
    if (::geteuid() == 0) {
        folder = folder_.string();
        std::filesystem::create_directories(folder);
        ASSERT_EQ(::chown(folder.c_str(), 1, 1), 0);
    }
    const auto recording = Recording::open(folder);
    ASSERT_FALSE(recording);
    EXPECT_EQ(recording.error().code, Code::PermissionDenied);
    EXPECT_NE(recording.error().message.find("another user"), std::string::npos) << recording.error().message;
    EXPECT_FALSE(std::filesystem::exists(folder + "/journal"));
}

TEST_F(RecordingTest, ManyThreadsShareAStream) {
    {
        const auto recording = Recording::open(folder_.string());
        ASSERT_TRUE(recording) << recording.error().message;
        std::vector<std::thread> threads;
        for (int i = 0; i < 8; ++i) {
            threads.emplace_back([&] {
                for (int n = 0; n < 20; ++n) EXPECT_TRUE((*recording)->record(delivery({call()}), 30s));
            });
        }
        for (std::thread& thread : threads) thread.join();
    }
    EXPECT_EQ(verified().streams.at(0).records, 160u);
}

TEST_F(RecordingTest, AFolderThatCannotBeMadeIsAnError) {
    const auto recording = Recording::open("/proc/steno/record");
    ASSERT_FALSE(recording);
    EXPECT_NE(recording.error().message.find("/proc/steno"), std::string::npos);
}

}  // namespace
}  // namespace steno::embedded
