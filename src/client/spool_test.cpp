// Calls on disk: bounds, locks, and folders that are not ours.

#include "client/spool.hpp"

#include "record/delivery.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

std::atomic<int> no_locks{0};  // what flock fails with

}  // namespace

/// In the place of the C library's: a folder whose file system has no locks cannot be had in a test.
extern "C" int flock(int descriptor, int operation) noexcept {
    if (no_locks != 0) {
        errno = no_locks;
        return -1;
    }
    return static_cast<int>(::syscall(SYS_flock, descriptor, operation));
}

namespace steno::client {
namespace {

class OnDisk : public testing::Test {
  protected:
    void SetUp() override {
        folder_ = std::filesystem::path(testing::TempDir()) / ("steno-disk-" + std::to_string(::getpid()));
        std::filesystem::remove_all(folder_);
    }
    void TearDown() override {
        no_locks = 0;
        std::filesystem::remove_all(folder_);
    }
    static std::string frame(const std::string& text) {
        std::string frame;
        append_delivered_call(frame, text, {}, {});
        return frame;
    }
    static std::ptrdiff_t entries(const std::filesystem::path& folder) {
        return std::distance(std::filesystem::directory_iterator(folder),
                             std::filesystem::directory_iterator());
    }
    static std::ptrdiff_t descriptors() { return entries("/proc/self/fd"); }
    /// A file of a program that is gone, `minutes` old.
    void leave(const std::string& name, int minutes) {
        std::filesystem::create_directories(folder_);
        std::ofstream(folder_ / name, std::ios::binary) << kDeliveryHead << frame(name);
        std::filesystem::last_write_time(
            folder_ / name, std::filesystem::file_time_type::clock::now() - std::chrono::minutes{minutes});
    }

    std::filesystem::path folder_;
};

TEST_F(OnDisk, NothingIsLeftWhereThereAreNoLocks) {
    for (const int error : {ENOLCK, EOPNOTSUPP}) {
        no_locks = error;
        Spool spool(folder_, 1 << 20);
        const auto kept = spool.append(frame("a"), 1);
        ASSERT_FALSE(kept);
        EXPECT_NE(kept.error().message.find("locking"), std::string::npos);
        EXPECT_EQ(entries(folder_), 0);
    }
}

TEST_F(OnDisk, AFileIsAsLargeAsTheProgramMayMakeIt) {
    Spool spool(folder_, 1 << 20);
    ASSERT_TRUE(spool.append(frame("a"), 1));
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    rlimit small = before;
    small.rlim_cur = 100;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const auto kept = spool.append(frame(std::string(200, 'x')), 1);  // beyond it a signal ends the program
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    EXPECT_FALSE(kept);
    EXPECT_EQ((*spool.next())->calls, 1U);
}

TEST_F(OnDisk, ManyFilesTakeFewDescriptors) {
    for (int i = 0; i < 1500; ++i) leave("9-" + std::to_string(i) + ".spool", 1);
    Spool spool(folder_, 64 << 20);
    const std::ptrdiff_t before = descriptors();
    for (int i = 0; i < 5; ++i)  // of its own, more than one file
        ASSERT_TRUE(spool.append(frame(std::string(4 << 20, 'x')), 1));
    int files = 0;
    while (true) {
        auto waiting = spool.next();
        ASSERT_TRUE(waiting);
        EXPECT_LE(descriptors() - before, 2);
        if (!*waiting) break;
        ++files;
        spool.remove(**waiting);
    }
    EXPECT_EQ(files, 1505);
    EXPECT_TRUE(spool.empty());
    EXPECT_EQ(entries(folder_), 0);
}

TEST_F(OnDisk, TheOldestGoFirst) {
    leave("1-0.spool", 1);
    leave("2-0.spool", 3);
    leave("3-0.spool", 2);
    Spool spool(folder_, 1 << 20);
    ASSERT_TRUE(spool.append(frame("own"), 1));
    std::string order;
    for (auto waiting = spool.next(); waiting && *waiting; waiting = spool.next()) {
        order += std::filesystem::path((*waiting)->path).filename().string().front();
        spool.remove(**waiting);
    }
    EXPECT_EQ(order.substr(0, 3), "231");
    EXPECT_EQ(order.size(), 4U);
}

TEST_F(OnDisk, AFileIsOnesWhoLocksIt) {
    Spool writer(folder_, 1 << 20);
    ASSERT_TRUE(writer.append(frame("a"), 1));
    Spool other(folder_, 1 << 20);
    EXPECT_FALSE(*other.next());  // the writer has it
    writer.close();
    EXPECT_FALSE(writer.append(frame("b"), 1));
    EXPECT_FALSE(*other.next());
    other.look_again();
    EXPECT_FALSE(other.empty());
    auto left = other.next();
    ASSERT_TRUE(left && *left);
    EXPECT_EQ((*left)->calls, 1U);
}

TEST_F(OnDisk, AFolderThatIsNotOursIsNotUsed) {
    leave("1-0.spool", 1);
    std::filesystem::path folder = folder_;
    std::string why = "everybody";
    ASSERT_EQ(::chmod(folder.c_str(), 0777), 0);
    for (int i = 0; i < 2; ++i) {
        Spool spool(folder, 1 << 20);
        const auto kept = spool.append(frame("a"), 1);
        ASSERT_FALSE(kept);
        EXPECT_EQ(kept.error().code, Code::PermissionDenied);
        EXPECT_NE(kept.error().message.find(why), std::string::npos);
        const auto found = spool.next();
        ASSERT_FALSE(found);  // what somebody put there is not delivered as ours
        EXPECT_EQ(found.error().code, Code::PermissionDenied);
        ASSERT_EQ(::chmod(folder_.c_str(), 0700), 0);
        why = "another user";
        if (::geteuid() != 0) {
            folder = "/";
        } else {
            ASSERT_EQ(::chown(folder.c_str(), 65534, 65534), 0);
        }
    }
    EXPECT_EQ(entries(folder_), 1);
}

}  // namespace
}  // namespace steno::client
