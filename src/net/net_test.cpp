#include "net/http_client.hpp"
#include "net/http_server.hpp"

#include <gtest/gtest.h>
using namespace steno;
using namespace steno::net;
TEST(Smoke, RoundTrip) {
    Loops loops(2);
    loops.start();
    HttpServer server(loops, {}, [](ServerExchange& x) -> Task<void> {
        auto body = co_await x.read_body(1 << 20);
        ResponseHead h;
        if (x.head().path() == "/chunked") {
            (void)co_await x.write_head(h, std::nullopt);
            for (int i = 0; i < 10; ++i) (void)co_await x.write("piece" + std::to_string(i) + *body);
            (void)co_await x.finish();
        } else {
            (void)co_await x.respond(h, "hello " + *body);
        }
    });
    ASSERT_TRUE(server.listen({"127.0.0.1", 0}));
    HttpClient client(loops, {});
    BaseUrl url{false, {"127.0.0.1", server.port()}, ""};
    int done = 0;
    loops.run([&]() -> Task<void> {
        for (int i = 0; i < 100; ++i) {
            RequestHead h;
            h.method = "POST";
            h.target = i % 2 ? "/chunked" : "/x";
            auto e = co_await client.send(url, h, "body", {});
            EXPECT_TRUE(e.has_value()) << (e ? "" : e.error().error.message);
            if (!e) co_return;
            std::string all;
            for (;;) {
                auto p = co_await (*e)->read_some();
                EXPECT_TRUE(p.has_value()) << (p ? "" : p.error().message);
                if (!p || p->empty()) break;
                all += *p;
            }
            if (i % 2)
                EXPECT_EQ(all.substr(0, 10), "piece0body");
            else
                EXPECT_EQ(all, "hello body");
            EXPECT_EQ((*e)->reused_connection(), i > 0);
            ++done;
        }
    });
    EXPECT_EQ(done, 100);
}
