#include "net/proxy.hpp"

#include "net/http_client.hpp"
#include "net/interception.hpp"
#include "net/raw_sockets_for_test.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace steno::net {
namespace {

TEST(Proxy, IsReadAsInTheEnvironment) {
    const auto plain = Proxy::parse("http://proxy.corp:3128", "");
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->at.to_string(), "proxy.corp:3128");
    EXPECT_EQ(plain->authorization, "");
    EXPECT_EQ(plain->request_for({"api.openai.com", 443}),
              "CONNECT api.openai.com:443 HTTP/1.1\r\nHost: api.openai.com:443\r\n\r\n");
    const auto known = Proxy::parse("HTTP://ann:p%40ss@10.0.0.1:8080/", "");
    ASSERT_TRUE(known);
    EXPECT_EQ(known->authorization, "Basic YW5uOnBAc3M=");  // ann:p@ss
    EXPECT_EQ(Proxy::parse("ann@proxy", "")->authorization, "Basic YW5uOg==");
    EXPECT_EQ(Proxy::parse("proxy", "")->at.port, 80);
    for (const char* other : {"", "socks5://proxy:1080", "https://proxy:443", "http://", "http://proxy/path",
                              "http://proxy:x", "http://pro xy:1"})
        EXPECT_FALSE(Proxy::parse(other, "")) << other;
}

TEST(Proxy, IsNotForWhatIsExempt) {
    const auto proxy = Proxy::parse("http://proxy:1",
                                    "corp.example, .dot.example *.star.example,only:8443 10.1.2.3,[fe80::1]");
    ASSERT_TRUE(proxy);
    for (const auto& [host, port, through] : {std::tuple{"api.openai.com", 443, true},
                                              {"127.0.0.1", 443, false},
                                              {"localhost", 443, false},
                                              {"::1", 443, false},
                                              {"corp.example", 443, false},
                                              {"x.CORP.example", 1, false},
                                              {"xcorp.example", 443, true},
                                              {"dot.example", 443, false},
                                              {"a.b.dot.example", 443, false},
                                              {"a.star.example", 443, false},
                                              {"only", 443, true},
                                              {"only", 8443, false},
                                              {"10.1.2.3", 443, false},
                                              {"110.1.2.3", 443, true},
                                              {"fe80::1", 443, false}}) {
        EXPECT_EQ(proxy->is_for({host, static_cast<std::uint16_t>(port)}), through) << host << ":" << port;
    }
    EXPECT_FALSE(Proxy::parse("http://proxy:1", "*")->is_for({"api.openai.com", 443}));
}

/// A proxy that answers a CONNECT with `answer` and then says what it is told.
Result<std::string> through_proxy(std::string answer, std::string& asked) {
    RawUpstream proxy({[&](RawSocket& socket) {
        asked = socket.read_until("\r\n\r\n");
        socket.send(answer);
        socket.finish();
        (void)socket.read_all();
    }});
    Loops loops(1, 0);
    loops.start();
    Proxy way{proxy.url().endpoint, "Basic eDp5", {}};
    std::optional<Result<std::string>> said;
    loops.run([&]() -> Task<void> {
        auto stream = co_await connect_to({"target.example", 443}, std::chrono::seconds(20), &way);
        if (!stream) {
            said = std::unexpected(std::move(stream).error());
            co_return;
        }
        std::string all;
        for (;;) {
            auto piece = co_await (*stream)->read_some(std::chrono::seconds(20));
            if (!piece || piece->empty()) break;
            all += *piece;
        }
        said = std::move(all);
    });
    loops.stop();
    return *said;
}

TEST(Proxy, ConnectsAndHandsOverWhatTheTargetSaysFirst) {
    std::string asked;
    const auto said =
        through_proxy("HTTP/1.1 200 Connection established\r\nX: y\r\n\r\n220 hello\r\n", asked);
    ASSERT_TRUE(said) << said.error().message;
    EXPECT_EQ(*said, "220 hello\r\n");
    EXPECT_EQ(asked,
              "CONNECT target.example:443 HTTP/1.1\r\nHost: target.example:443\r\n"
              "Proxy-Authorization: Basic eDp5\r\n\r\n");
}

TEST(Proxy, SaysWhyItDoesNotConnect) {
    std::string asked;
    for (const auto& [answer, words] :
         {std::pair{"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 3\r\n\r\nno\n",
                    "it answers 407"},
          {"HTTP/1.0 403 Forbidden\r\n\r\n", "it answers 403"},
          {"SSH-2.0-OpenSSH_9.2\r\n", "no HTTP proxy"},
          {"HTTP/1.1 200 Conn", "closed the connection"}}) {
        const auto said = through_proxy(answer, asked);
        ASSERT_FALSE(said) << answer;
        EXPECT_TRUE(said.error().message.contains(words)) << said.error().message;
        EXPECT_FALSE(said.error().message.contains("eDp5"));
    }
}

}  // namespace
}  // namespace steno::net
