#include "steno/asio.hpp"

#include "client/recorded_for_test.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace steno {
namespace {

boost::asio::awaitable<std::string> ask_by_asio(std::string prompt) {
    if (prompt.empty()) throw std::invalid_argument("nothing asked");
    co_return "asked " + prompt;
}

class AsioAdapter : public client::RecordedCalls {};

TEST_F(AsioAdapter, RecordsACallUntilItsValueIsThere) {
    auto ask = track(AsAiCall{"p", "m"}, &ask_by_asio);
    boost::asio::io_context loop;
    auto answer = boost::asio::co_spawn(loop, ask("x"), boost::asio::use_future);
    auto failure = boost::asio::co_spawn(loop, ask(""), boost::asio::use_future);
    EXPECT_EQ(tracking_stats().ended, 0U);
    loop.run();
    EXPECT_EQ(answer.get(), "asked x");
    EXPECT_THROW(failure.get(), std::invalid_argument);
    EXPECT_TRUE(flush(std::chrono::minutes{2}));
    int failures = 0;
    for (const auto& [id, call] : server_.taken()) failures += call.status == Status::Failure ? 1 : 0;
    EXPECT_EQ(failures, 1);
    {
        const auto unawaited = ask("y");
    }
    EXPECT_TRUE(flush(std::chrono::minutes{2}));
    int cancelled = 0;
    for (const auto& [id, call] : server_.taken()) cancelled += call.status == Status::Cancelled ? 1 : 0;
    EXPECT_EQ(cancelled, 1);
}

}  // namespace
}  // namespace steno
