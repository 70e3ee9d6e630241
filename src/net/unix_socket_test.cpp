#include "net/http_client.hpp"
#include "net/http_server.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <barrier>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace steno::net {
namespace {

namespace fs = std::filesystem;

/// A folder of its own, in which servers listen that tell who asks.
class UnixSocket : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string name = fs::temp_directory_path() / "steno-socket-XXXXXX";
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
        path_ = folder_ / "s";
        loops_.start();
    }
    void TearDown() override {
        loops_.stop();
        fs::remove_all(folder_);
    }
    std::unique_ptr<HttpServer> server() {
        return std::make_unique<HttpServer>(
            loops_, ServerOptions{}, [](ServerExchange& exchange) -> Task<void> {
                auto body = co_await exchange.read_body(1u << 24);
                const std::string host(exchange.head().headers.get("host").value_or("-"));
                co_await exchange.respond({}, exchange.peer() + " " + host + " " + (body ? *body : "-"));
            });
    }
    /// As after kill -9: the file stays.
    void leave_a_dead_one() const {
        const int dead = ::socket(AF_UNIX, SOCK_STREAM, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path_.string().copy(address.sun_path, sizeof address.sun_path - 1);
        ASSERT_EQ(::bind(dead, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        ASSERT_EQ(::listen(dead, 1), 0);
        ::close(dead);
    }
    static std::string ask(const std::string& where, const std::string& body) {
        const auto url = BaseUrl::parse_server(where);
        if (!url) return "no URL";
        RequestHead head;
        head.method = "POST";
        const auto answer = fetch(*url, head, body);
        return answer ? answer->body : answer.error().message;
    }

    fs::path folder_, path_;
    Loops loops_{2, 1};
};

TEST_F(UnixSocket, ServesBesideTcpAndForItsUserAlone) {
    const auto one = server();
    ASSERT_TRUE(one->listen({"127.0.0.1", 0}));
    const auto listening = one->listen({path_, 0});
    ASSERT_TRUE(listening) << listening.error().message;
    EXPECT_EQ(ask("unix:" + path_.string(), "x"), "unix localhost x");
    const std::string large(3u << 20, 'y');
    EXPECT_EQ(ask("unix://" + path_.string(), large), "unix localhost " + large);
    const std::string by_tcp = ask("http://127.0.0.1:" + std::to_string(one->port()), "x");
    EXPECT_TRUE(by_tcp.starts_with("127.0.0.1:") && by_tcp.ends_with(" x")) << by_tcp;
    struct stat file{};
    ASSERT_EQ(::lstat(path_.c_str(), &file), 0);
    EXPECT_TRUE(S_ISSOCK(file.st_mode));
    EXPECT_EQ(file.st_mode & 0777, 0600U);
    one->stop(std::chrono::seconds(1));
    EXPECT_FALSE(fs::exists(path_));
    EXPECT_TRUE(ask("unix:" + path_.string(), "x").contains("cannot connect to unix:/"));
}

TEST_F(UnixSocket, ReplacesOneThatNobodyHears) {
    leave_a_dead_one();
    ASSERT_TRUE(fs::exists(path_));
    const auto one = server();
    ASSERT_TRUE(one->listen({path_, 0}));
    EXPECT_EQ(ask("unix:" + path_.string(), "x"), "unix localhost x");
}

/// Many come at once to what a dead process has left: one listens, the others are told, every time.
TEST_F(UnixSocket, IsOnesOwnOfManyThatStart) {
    constexpr int kRounds = 50;
    constexpr int kStarting = 8;
    for (int round = 0; round < kRounds; ++round) {
        leave_a_dead_one();
        std::vector<std::unique_ptr<HttpServer>> servers;
        for (int i = 0; i < kStarting; ++i) servers.push_back(server());
        std::barrier together(kStarting);
        std::atomic<int> listening = 0;
        std::atomic<int> told = 0;
        {
            std::vector<std::jthread> starting;
            for (const auto& one : servers) {
                starting.emplace_back([&, one = one.get()] {
                    together.arrive_and_wait();
                    const auto listened = one->listen({path_, 0});
                    if (listened) ++listening;
                    if (!listened && listened.error().code == Code::Unavailable) ++told;
                });
            }
        }
        EXPECT_EQ(listening, 1) << round;
        EXPECT_EQ(told, kStarting - 1) << round;
        EXPECT_EQ(ask("unix:" + path_.string(), "x"), "unix localhost x") << round;
        for (const auto& one : servers) one->stop(std::chrono::seconds(1));
        EXPECT_TRUE(fs::is_empty(folder_)) << round;
    }
}

TEST_F(UnixSocket, LeavesALiveOneAndWhatIsNoSocketAlone) {
    const auto one = server();
    ASSERT_TRUE(one->listen({path_, 0}));
    const auto other = server();
    const auto taken = other->listen({path_, 0});
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, Code::Unavailable);
    EXPECT_TRUE(taken.error().message.contains("another process listens")) << taken.error().message;
    other->stop(std::chrono::milliseconds(0));
    EXPECT_EQ(ask("unix:" + path_.string(), "x"), "unix localhost x");

    const fs::path file = folder_ / "file";
    std::ofstream(file) << "kept";
    EXPECT_TRUE(other->listen({file, 0}).error().message.contains("is no socket"));
    EXPECT_EQ(fs::file_size(file), 4U);
    EXPECT_FALSE(server()->listen({folder_ / "missing" / "s", 0}));
    const std::string long_path = "/" + std::string(107, 'x');
    EXPECT_TRUE(server()->listen({long_path, 0}).error().message.contains("longer than 107"));
    EXPECT_TRUE(ask("unix:" + long_path, "").contains("longer than 107"));
}

TEST_F(UnixSocket, OfAnotherIsNotRemovedAtTheEnd) {
    const auto one = server();
    ASSERT_TRUE(one->listen({path_, 0}));
    fs::remove(path_);
    const auto other = server();
    ASSERT_TRUE(other->listen({path_, 0}));
    one->stop(std::chrono::seconds(1));
    EXPECT_EQ(ask("unix:" + path_.string(), "x"), "unix localhost x");
}

/// The lock beside a socket, as another process has it for a moment.
class LockOfAnother {
  public:
    explicit LockOfAnother(const fs::path& socket) : name_(socket.string() + ".lock") {
        file_ = ::open(name_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        EXPECT_EQ(::flock(file_, LOCK_EX | LOCK_NB), 0);
        watch_ = ::inotify_init1(IN_CLOEXEC);
        EXPECT_GE(::inotify_add_watch(watch_, name_.c_str(), IN_CLOSE), 0);
    }
    LockOfAnother(const LockOfAnother&) = delete;
    LockOfAnother& operator=(const LockOfAnother&) = delete;
    ~LockOfAnother() { ::close(watch_); }
    /// Until somebody has come to it in vain.
    void wait_for_one_in_vain() const {
        alignas(inotify_event) std::array<char, 4096> events{};
        EXPECT_GT(::read(watch_, events.data(), events.size()), 0);
    }
    void let_go() const {
        ::unlink(name_.c_str());
        ::close(file_);
    }

  private:
    std::string name_;
    int file_ = -1;
    int watch_ = -1;
};

TEST_F(UnixSocket, IsWaitedForWhileOneThatEndsRemovesIts) {
    leave_a_dead_one();
    const auto one = server();
    const LockOfAnother ending(path_);
    Result<void> listening = fail(Code::Internal, "not asked");
    {
        const std::jthread starting([&] { listening = one->listen({path_, 0}); });
        ending.wait_for_one_in_vain();
        fs::remove(path_);
        ending.let_go();
    }
    ASSERT_TRUE(listening) << listening.error().message;
    EXPECT_EQ(ask("unix:" + path_.string(), "x"), "unix localhost x");
}

TEST_F(UnixSocket, IsRemovedThoughAnotherLooksAtItMeanwhile) {
    const auto one = server();
    ASSERT_TRUE(one->listen({path_, 0}));
    const LockOfAnother starting(path_);
    {
        const std::jthread ending([&] { one->stop(std::chrono::seconds(1)); });
        starting.wait_for_one_in_vain();
        EXPECT_TRUE(fs::exists(path_));
        starting.let_go();
    }
    EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(UnixSocket, IsNotWaitedForForEver) {
    const LockOfAnother kept(path_);
    const auto listening = server()->listen({path_, 0});
    ASSERT_FALSE(listening);
    EXPECT_EQ(listening.error().code, Code::Unavailable);
    kept.let_go();
}

TEST(Address, OfAUnixSocket) {
    for (const char* text : {"unix:/run/steno.sock", "unix:///run/steno.sock"}) {
        const auto url = BaseUrl::parse_server(text);
        ASSERT_TRUE(url);
        EXPECT_EQ(url->to_string(), "unix:/run/steno.sock");
        EXPECT_EQ(url->host_header(), "localhost");
        EXPECT_TRUE(url->endpoint.is_loopback());
    }
    EXPECT_EQ(BaseUrl::parse_server("http://h:1/x")->to_string(), "http://h:1/x");
    for (const char* text : {"unix:", "unix:relative", "unix://", "/run/steno.sock"})
        EXPECT_FALSE(BaseUrl::parse_server(text)) << text;
    EXPECT_FALSE(BaseUrl::parse("unix:/run/steno.sock"));
    EXPECT_FALSE(Endpoint::parse("/run/steno.sock:1"));
}

}  // namespace
}  // namespace steno::net
