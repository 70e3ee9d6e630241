#include "notify/outbox_for_test.hpp"

namespace steno::notify {
namespace {

TEST_F(OutboxTest, WhatIsAddedIsDueAtOnceAndOverARestart) {
    const std::string id = add("log", "hello");
    reopen();
    const auto due = outbox_->due(10);
    ASSERT_TRUE(due);
    ASSERT_EQ(due->size(), 1U);
    EXPECT_EQ(due->front().id, id);
    EXPECT_EQ(due->front().message.title, "hello");
    ASSERT_TRUE(outbox_->delivered(due->front()));
    EXPECT_TRUE(outbox_->due(10)->empty());
    EXPECT_EQ(outbox_->waiting().value(), 0);
    EXPECT_EQ(outbox_->deliveries({}).value().front().state, Delivery::State::Delivered);
}

TEST_F(OutboxTest, ATransactionThatFailsAddsNothing) {
    const auto failed = database_->write([&](control::Statements& statements) -> Result<void> {
        const std::string log = "log";
        const Message message;
        STENO_TRY(outbox_->add(statements, {&log, 1}, "rule", {&message, 1}));
        return fail(Code::Internal, "no");
    });
    EXPECT_FALSE(failed);
    EXPECT_EQ(outbox_->waiting().value(), 0);
}

TEST_F(OutboxTest, PausesGrowWithJitterAndEndAfterADayWithTheSameId) {
    const std::string id = add("ops");
    double seconds = 5;
    const Timestamp begin = clock_.now();
    for (int tries = 1;; ++tries) {
        const auto due = outbox_->due(10);
        ASSERT_EQ(due->size(), 1U);
        ASSERT_EQ(due->front().id, id);
        const auto state = outbox_->failed(due->front(), "nobody there");
        ASSERT_TRUE(state);
        if (*state == Delivery::State::GivenUp) {
            EXPECT_GT(tries, 20);
            EXPECT_LT(tries, 50);
            break;
        }
        const double pause =
            static_cast<double>(outbox_->next_due().value()->unix_nanos - clock_.now().unix_nanos) * 1e-9;
        EXPECT_GE(pause, 0.75 * seconds);
        EXPECT_LE(pause, 1.25 * seconds);
        EXPECT_TRUE(outbox_->due(10)->empty());
        seconds = std::min(seconds * 2, 3600.0);
        clock_.advance(outbox_->next_due().value()->unix_nanos - clock_.now().unix_nanos);
    }
    EXPECT_LE(clock_.now().unix_nanos - begin.unix_nanos, std::int64_t{86'400'000'000'000});
    const auto all = outbox_->deliveries({.state = Delivery::State::GivenUp, .channel = {}, .about = "rule"});
    ASSERT_EQ(all->size(), 1U);
    EXPECT_EQ(all->front().error, "nobody there");
    EXPECT_TRUE(all->front().done_at);
    EXPECT_EQ(outbox_->next_due().value(), std::nullopt);
}

TEST_F(OutboxTest, AReceiverMayAskForALongerPause) {
    add("ops");
    ASSERT_TRUE(outbox_->failed(outbox_->due(1)->front(), "busy", std::chrono::seconds(600)));
    EXPECT_EQ(outbox_->next_due().value()->unix_nanos - clock_.now().unix_nanos, 600'000'000'000);
}

TEST_F(OutboxTest, AChannelThatNobodyReadsIsBounded) {
    limits_.most_waiting = 3;
    limits_.most_done = 2;
    reopen();
    std::vector<std::string> ids;
    for (int i = 0; i < 6; ++i) ids.push_back(add("ops"));
    add("log");
    EXPECT_EQ(outbox_->waiting().value(), 4);
    EXPECT_EQ(outbox_->deliveries({})->size(), 6U);  // of the three that were given up, the newest two
    const auto waiting =
        outbox_->deliveries({.state = Delivery::State::Waiting, .channel = "ops", .about = {}});
    ASSERT_EQ(waiting->size(), 3U);
    EXPECT_EQ(waiting->back().id, ids[3]);
    for (const Delivery& delivery : *waiting) ASSERT_TRUE(outbox_->delivered(delivery));
    EXPECT_EQ(outbox_->deliveries({})->size(), 3U);  // two that are done, and the log's
}

TEST_F(OutboxTest, WhatCannotBeReadHoldsUpNothing) {
    const auto run = [&](std::string_view sql) {
        ASSERT_TRUE(database_->write([&](control::Statements& statements) { return statements.run(sql); }));
    };
    add("log", "damaged");
    const std::string fine = add("log", "fine");
    run("UPDATE deliveries SET message = '{' WHERE message LIKE '%damaged%'");
    run("INSERT INTO channels(name, settings) VALUES ('later', '{\"kind\":\"pigeon\"}')");
    const auto due = outbox_->due(10);
    ASSERT_TRUE(due) << due.error().message;
    ASSERT_EQ(due->size(), 1U);
    EXPECT_EQ(due->front().id, fine);
    EXPECT_EQ(outbox_->waiting().value(), 1);
    EXPECT_EQ(outbox_->channels()->size(), 1U);
    EXPECT_EQ(outbox_->channel("later").error().code, Code::DataLoss);
    EXPECT_EQ(outbox_->channel("other").error().code, Code::NotFound);
    EXPECT_TRUE(outbox_->remove("later"));
    EXPECT_EQ(outbox_->deliveries({})->size(), 1U);
}

TEST_F(OutboxTest, EachChannelsOldestComesFirst) {
    for (int i = 0; i < 10; ++i) add("noisy");
    const std::string other = add("quiet");
    const auto due = outbox_->due(2);
    ASSERT_EQ(due->size(), 2U);
    EXPECT_TRUE((*due)[0].id == other || (*due)[1].id == other);
}

TEST_F(OutboxTest, ChannelsAreKeptAndTheLogIsAlwaysThere) {
    EXPECT_EQ(outbox_->channels()->size(), 1U);
    auto hook = channel_from_json("ops", R"({"kind":"webhook","url":"http://127.0.0.1:9/x"})", nullptr);
    ASSERT_TRUE(outbox_->set(*hook));
    reopen();
    EXPECT_EQ(outbox_->channel("ops")->secret, hook->secret);
    EXPECT_EQ(outbox_->channel("log")->kind, Channel::Kind::Log);
    const auto unknown = outbox_->channel("opps");
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().remedy, "did you mean ops?");
    Channel log;
    log.name = "log";
    EXPECT_FALSE(outbox_->set(log));
    EXPECT_FALSE(outbox_->remove("log"));
    add("ops");
    ASSERT_TRUE(outbox_->remove("ops"));
    EXPECT_EQ(outbox_->waiting().value(), 0);
    EXPECT_EQ(outbox_->deliveries({})->front().state, Delivery::State::GivenUp);
}

}  // namespace
}  // namespace steno::notify
