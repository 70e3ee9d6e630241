#include "simulator/demo_traffic.hpp"

#include "simulator/sim_fixture.hpp"

#include <set>

namespace steno::simulator {
namespace {

TEST_F(SimulatorTest, EveryDemoRequestIsOneThatTheProvidersTake) {
    DemoTraffic traffic(3);
    std::set<std::string> providers;
    int refused = 0;
    int sent = 0;
    for (int i = 0; i < 60; ++i) {
        const DemoStory story = traffic.next();
        ASSERT_FALSE(story.empty());
        for (std::size_t n = 0; n < story.size(); ++n) {
            const DemoRequest& request = story[n];
            if (request.parent) EXPECT_LT(*request.parent, n);
            EXPECT_TRUE(request.headers.has("x-steno-project"));
            std::vector<net::Headers::Field> headers(request.headers.begin(), request.headers.end());
            const auto response =
                post("/" + request.provider + request.target, request.body, std::move(headers));
            const bool meant_to_fail = request.headers.has("x-sim-error");
            EXPECT_EQ(response.head.status == 200, !meant_to_fail) << request.body << response.body;
            refused += meant_to_fail;
            ++sent;
            providers.insert(request.provider);
        }
    }
    EXPECT_EQ(providers.size(), 3u);
    EXPECT_GT(refused, 0);
    EXPECT_GT(sent, 80);
}

TEST(DemoTraffic, TheSameSeedTellsTheSameStories) {
    DemoTraffic one(5);
    DemoTraffic two(5);
    for (int i = 0; i < 20; ++i) {
        const DemoStory a = one.next();
        const DemoStory b = two.next();
        ASSERT_EQ(a.size(), b.size());
        for (std::size_t n = 0; n < a.size(); ++n) EXPECT_EQ(a[n].body, b[n].body);
    }
}

}  // namespace
}  // namespace steno::simulator
