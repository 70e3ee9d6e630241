#include "notify/courier.hpp"

#include "notify/outbox_for_test.hpp"

#include <condition_variable>
#include <map>
#include <mutex>
#include <new>

namespace steno::notify {
namespace {

/// Fails, hangs or takes, as a test says of a channel.
class ScriptedCarrier final : public Carrier {
  public:
    std::expected<void, Failure> carry(const Channel& channel, std::string_view id, const Message&) override {
        std::unique_lock lock(mutex_);
        if (channel.name == "hangs") {
            hanging_ = true;
            changed_.notify_all();
            changed_.wait(lock, [&] { return stopped_; });
            return std::unexpected(Failure{{Code::Cancelled, "stopped"}});
        }
        ids_.emplace_back(id);
        changed_.notify_all();
        if (channel.name == "throws") throw std::bad_alloc();
        if (channel.name == "fails") return std::unexpected(Failure{{Code::Unavailable, "no"}});
        return {};
    }
    void stop() override {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        changed_.notify_all();
    }
    std::vector<std::string> wait_for(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return ids_.size() >= count; });
        return ids_;
    }
    void wait_until_one_hangs() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return hanging_; });
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> ids_;
    bool stopped_ = false, hanging_ = false;
};

class CourierTest : public OutboxTest {
  protected:
    void SetUp() override {
        OutboxTest::SetUp();
        for (const char* name : {"hangs", "fails", "throws", "works"})
            ASSERT_TRUE(outbox_->set(
                channel_from_json(name, R"({"kind":"webhook","url":"http://127.0.0.1:9"})", nullptr)
                    .value()));
    }
};

TEST_F(CourierTest, OneThatHangsHoldsUpNoOther) {
    add("hangs");
    ScriptedCarrier carrier;
    Courier courier(*outbox_, carrier, clock_);
    courier.start();
    carrier.wait_until_one_hangs();
    std::vector<std::string> ids;
    for (int i = 0; i < 5; ++i) {
        ids.push_back(add("works"));
        courier.wake();
        EXPECT_EQ(carrier.wait_for(ids.size()), ids);
    }
    courier.stop();
    EXPECT_EQ(courier.stats().delivered, 5U);
    EXPECT_EQ(courier.stats().failed, 0U);
    EXPECT_EQ(outbox_->waiting().value(), 1);  // it goes out after the next start
}

TEST_F(CourierTest, WhatFailsComesAgainWithTheSameId) {
    const std::string id = add("fails");
    for (int start = 0; start < 3; ++start) {
        ScriptedCarrier carrier;
        Courier courier(*outbox_, carrier, clock_);
        courier.start();
        EXPECT_EQ(carrier.wait_for(1).front(), id);
        courier.stop();
        advance(4000);
    }
    EXPECT_EQ(outbox_->deliveries({})->front().state, Delivery::State::Waiting);
}

TEST_F(CourierTest, WhatWasCarriedAndCannotBeKeptIsNotCarriedAgain) {
    const auto run = [&](std::string_view sql) {
        ASSERT_TRUE(database_->write([&](control::Statements& statements) { return statements.run(sql); }));
    };
    run("CREATE TRIGGER full BEFORE UPDATE ON deliveries BEGIN SELECT RAISE(ABORT, 'disk full'); END");
    std::vector<std::string> ids{add("works")};
    ScriptedCarrier carrier;
    Courier courier(*outbox_, carrier, clock_, std::chrono::milliseconds(1));
    courier.start();
    carrier.wait_for(1);
    ids.push_back(add("works"));
    for (int i = 0; i < 30; ++i) {  // many chances to carry one twice
        courier.wake();
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    run("DROP TRIGGER full");
    EXPECT_EQ(carrier.wait_for(2), ids);
    courier.stop();
    EXPECT_EQ(outbox_->waiting().value(), 0);
    EXPECT_EQ(courier.stats().delivered, 2U);
}

TEST_F(CourierTest, AnExceptionIsNoEndOfTheProgram) {
    const std::string thrown = add("throws");
    ScriptedCarrier carrier;
    Courier courier(*outbox_, carrier, clock_);
    courier.start();
    EXPECT_EQ(carrier.wait_for(1).front(), thrown);
    const std::string other = add("works");
    courier.wake();
    EXPECT_EQ(carrier.wait_for(2).back(), other);
    courier.stop();
    EXPECT_EQ(outbox_->waiting().value(), 1);
}

TEST_F(CourierTest, AChannelThatIsGoneIsNoReasonToTryForEver) {
    add("nobody");
    ScriptedCarrier carrier;
    for (int tries = 0; tries < 60 && outbox_->waiting().value() == 1; ++tries) {
        Courier courier(*outbox_, carrier, clock_);
        courier.start();
        while (outbox_->next_due().value() &&
               outbox_->next_due().value()->unix_nanos <= clock_.now().unix_nanos)
            std::this_thread::yield();
        courier.stop();
        advance(3600);
    }
    EXPECT_EQ(outbox_->waiting().value(), 0);
}

}  // namespace
}  // namespace steno::notify
