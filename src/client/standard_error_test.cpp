// What is said on standard error, and into what.

#include "client/standard_error.hpp"

#include <climits>
#include <gtest/gtest.h>

#include <array>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace steno::client {
namespace {

/// Standard error is another file meanwhile, and nothing was said before.
class StandardError : public testing::Test {
  protected:
    void SetUp() override {
        forget_warnings();
        before_ = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
    }
    void TearDown() override {
        restore();
        forget_warnings();
    }
    void restore() {
        if (before_ >= 0) ::dup2(before_, STDERR_FILENO);
        if (before_ >= 0) ::close(std::exchange(before_, -1));
    }
    static void lead_into(int file) {
        ::dup2(file, STDERR_FILENO);
        ::close(file);
    }
    /// What there is to be read now.
    static std::string read(int file) {
        ::fcntl(file, F_SETFL, O_NONBLOCK);
        std::string all;
        std::array<char, 65536> buffer{};
        for (ssize_t got = 0; (got = ::read(file, buffer.data(), buffer.size())) > 0;)
            all.append(buffer.data(), static_cast<std::size_t>(got));
        return all;
    }

  private:
    int before_ = -1;
};

TEST_F(StandardError, IsAlsoAPipeOrAPairThatItWasLedInto) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    lead_into(ends[1]);
    EXPECT_TRUE(warn_once(Warning::NotDelivered, "words"));
    EXPECT_FALSE(warn_once(Warning::NotDelivered, "words"));
    EXPECT_EQ(read(ends[0]), "steno: words\n");
    ::close(ends[0]);

    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
    lead_into(ends[1]);
    EXPECT_TRUE(warn_once(Warning::NotRecording, "others"));
    EXPECT_EQ(read(ends[0]), "steno: others\n");
    ::close(ends[0]);
}

TEST_F(StandardError, IsNoFileThatHasTakenItsNumber) {
    const std::filesystem::path path =
        std::filesystem::path(testing::TempDir()) / ("steno-data-" + std::to_string(::getpid()));
    lead_into(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600));
    EXPECT_FALSE(warn_once(Warning::NotDelivered, "words"));
    EXPECT_EQ(std::filesystem::file_size(path), 0U);
    std::filesystem::remove(path);

    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    lead_into(ends[0]);  // the end to read from
    EXPECT_FALSE(warn_once(Warning::NotDelivered, "words"));
    ::dup3(ends[1], STDERR_FILENO, O_CLOEXEC);
    EXPECT_FALSE(warn_once(Warning::NotDelivered, "words"));
    ::close(ends[1]);

    // A connection to somebody who listens.
    const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;  // a name in no folder, that the kernel gives
    ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&name), sizeof name.sun_family), 0);
    ASSERT_EQ(::listen(listener, 1), 0);
    socklen_t size = sizeof name;
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&name), &size);
    const int connection = ::socket(AF_UNIX, SOCK_STREAM, 0);
    ASSERT_EQ(::connect(connection, reinterpret_cast<sockaddr*>(&name), size), 0);
    const int accepted = ::accept(listener, nullptr, nullptr);
    lead_into(connection);
    EXPECT_FALSE(warn_once(Warning::NotDelivered, "words"));
    lead_into(accepted);
    EXPECT_FALSE(warn_once(Warning::NotDelivered, "words"));
    ::close(listener);

    ASSERT_EQ(::pipe(ends.data()), 0);
    lead_into(ends[1]);
    EXPECT_TRUE(warn_once(Warning::NotDelivered, "words"));  // they were not said yet
    ::close(ends[0]);
}

TEST_F(StandardError, IsNotWaitedFor) {
    const std::string much(1u << 20, 'x');
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    lead_into(::fcntl(ends[1], F_DUPFD, 3));
    while (print_to_standard_error(much)) {  // until it is full
    }
    EXPECT_FALSE(warn_once(Warning::NotDelivered, much));
    EXPECT_EQ(::fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);  // that flag is the program's
    EXPECT_EQ(read(ends[0]).size() % PIPE_BUF, 0U);
    EXPECT_TRUE(warn_once(Warning::NotDelivered, much));
    EXPECT_LT(read(ends[0]).size(), 3000U);
    ::close(ends[0]);
    ::close(ends[1]);

    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
    lead_into(ends[1]);
    while (print_to_standard_error(much)) {
    }
    EXPECT_FALSE(warn_once(Warning::NotRecording, much));
    ::close(ends[0]);
    EXPECT_FALSE(warn_once(Warning::NotRecording, much));  // no SIGPIPE
}

TEST(Printable, SteersNoTerminal) {
    EXPECT_EQ(printable("Grüße, \xf0\x9f\x98\x80", 100), "Grüße, \xf0\x9f\x98\x80");
    EXPECT_EQ(printable("a\033[2J\r\nb\x7f\xc2\x9b\x31m\xff\xc3", 100), "a?[2J??b??1m??");
    EXPECT_EQ(printable("Grüße", 3), "Gr");
    EXPECT_EQ(printable("", 3), "");
}

}  // namespace
}  // namespace steno::client
