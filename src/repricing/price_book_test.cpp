#include "repricing/price_book.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <unistd.h>

namespace steno::repricing {
namespace {

class Book : public testing::Test {
  protected:
    Book() {
        folder = std::filesystem::path(testing::TempDir()) /
                 ("book-" + std::to_string(getpid()) + "-" +
                  testing::UnitTest::GetInstance()->current_test_info()->name());
        std::filesystem::create_directories(folder);
        reopen();
    }
    ~Book() override {
        book.reset();
        database.reset();
        std::filesystem::remove_all(folder);
    }
    void reopen() {
        book.reset();
        database.reset();
        database = std::move(*control::Database::open((folder / "control.sqlite").string()));
        book = std::make_unique<PriceBook>(
            std::vector<pricing::Price>{read(R"({"provider":"openai","model":"house","input":"9"})")},
            [this](std::shared_ptr<const pricing::Catalogue> taken) { catalogue = std::move(taken); });
        const auto opened = book->open(*database);
        ASSERT_TRUE(opened) << opened.error().message;
    }
    static pricing::Price read(const std::string& json) {
        return pricing::prices_from_json("[" + json + "]")->front();
    }
    Result<std::vector<PriceBook::Set>> set(const std::string& json) {
        clock.advance(1'000'000'000);
        return book->set({read(json)}, {"ada", "contract"}, clock.now());
    }
    /// What a million input tokens of the model house cost at that time.
    std::string cost(std::string_view at = "2026-11-20T12:00:00Z") {
        Call call;
        call.kind = Kind::Chat;
        call.provider.name = "openai";
        call.model.requested = "house";
        call.started_at = Timestamp::parse(at);
        call.usage.input_tokens = 1'000'000;
        call.usage.output_tokens = 0;
        catalogue->price(call);
        return call.cost.total ? call.cost.total->to_short_string() + " " + call.cost.price_id : "unknown";
    }

    std::filesystem::path folder;
    ManualClock clock;
    std::unique_ptr<control::Database> database;
    std::shared_ptr<const pricing::Catalogue> catalogue;
    std::unique_ptr<PriceBook> book;
};

TEST_F(Book, APriceIsInForceAtOnceAndAfterAnotherStart) {
    EXPECT_EQ(cost(), "9 openai/house@undated");
    const auto sets = set(R"({"provider":"openai","model":"house","input":"2","output":"3"})");
    ASSERT_TRUE(sets) << sets.error().message;
    EXPECT_TRUE(sets->front().changed);
    EXPECT_FALSE(sets->front().before);
    EXPECT_EQ(sets->front().now.price.version, 1);
    EXPECT_EQ(cost(), "2 openai/house@undated/own-1");
    reopen();
    EXPECT_EQ(cost(), "2 openai/house@undated/own-1");
    const auto own = book->own();
    ASSERT_EQ(own->size(), 1U);
    EXPECT_EQ(own->front().set_by.by, "ada");
    EXPECT_EQ(own->front().set_by.reason, "contract");
}

TEST_F(Book, AnotherPriceForTheSameReplacesAndTheOldOneIsKept) {
    ASSERT_TRUE(set(R"({"provider":"openai","model":"house","input":"2"})"));
    const auto again = set(R"({"provider":"openai","model":"house","input":"2"})");
    ASSERT_TRUE(again);
    EXPECT_FALSE(again->front().changed);
    EXPECT_EQ(again->front().now.price.version, 1);
    const auto other = set(R"({"provider":"openai","model":"house","input":"4"})");
    ASSERT_TRUE(other);
    ASSERT_TRUE(other->front().before);
    EXPECT_EQ(other->front().before->price.input->to_short_string(), "2");
    EXPECT_EQ(other->front().now.replaces, 1);
    EXPECT_EQ(cost(), "4 openai/house@undated/own-2");
    const auto old = book->version(1);
    ASSERT_TRUE(old);
    EXPECT_EQ(old->replaced_by, 2);
    EXPECT_TRUE(old->ended_at);
    EXPECT_EQ(book->history(10)->versions.size(), 2U);
    EXPECT_EQ(book->own()->size(), 1U);
}

TEST_F(Book, APriceWithoutAnEndEndsWhereTheNextBegins) {
    ASSERT_TRUE(set(R"({"provider":"openai","model":"house","input":"2"})"));
    ASSERT_TRUE(set(R"({"provider":"openai","model":"house","input":"5","from":"2026-12-01"})"));
    EXPECT_EQ(cost("2026-11-30T23:59:59Z"), "2 openai/house@undated/own-1");
    EXPECT_EQ(cost("2026-12-01T00:00:00Z"), "5 openai/house@2026-12-01/own-2");
}

TEST_F(Book, TwoEndsThatReachIntoEachOtherAreRefused) {
    ASSERT_TRUE(
        set(R"({"provider":"openai","model":"house","input":"2","from":"2026-11-01","to":"2027-01-01"})"));
    const auto overlapping = set(R"({"provider":"openai","model":"house","input":"3","from":"2026-12-01"})");
    ASSERT_FALSE(overlapping);
    EXPECT_EQ(overlapping.error().code, Code::AlreadyExists);
    EXPECT_NE(overlapping.error().message.find("own-1"), std::string::npos) << overlapping.error().message;
    const auto reaching =
        set(R"({"provider":"openai","model":"house","input":"3","from":"2026-10-01","to":"2026-11-02"})");
    EXPECT_FALSE(reaching);
    EXPECT_TRUE(
        set(R"({"provider":"openai","model":"house","tier":"batch","input":"3","from":"2026-12-01"})"));
    EXPECT_TRUE(set(R"({"provider":"openai","model":"house","input":"3","from":"2027-01-01"})"));
    EXPECT_EQ(book->own()->size(), 3U);
}

TEST_F(Book, ARemovedPriceIsOutOfForceAndKept) {
    ASSERT_TRUE(set(R"({"provider":"openai","model":"house","input":"2"})"));
    const auto removed = book->remove(1, {"bob", "it ended"}, clock.now());
    ASSERT_TRUE(removed) << removed.error().message;
    EXPECT_EQ(cost(), "9 openai/house@undated");
    EXPECT_EQ(book->version(1)->ended_by.by, "bob");
    EXPECT_EQ(book->remove(1, {}, clock.now()).error().code, Code::FailedPrecondition);
    EXPECT_EQ(book->remove(7, {}, clock.now()).error().code, Code::NotFound);
    // Numbers are never given twice.
    EXPECT_EQ(set(R"({"provider":"openai","model":"house","input":"2"})")->front().now.price.version, 2);
}

TEST_F(Book, WhatCouldNotBeReadAtTheStartIsTriedOnceMore) {
    ASSERT_TRUE(set(R"({"provider":"openai","model":"house","input":"2"})"));
    const auto set_steps = [&](std::int64_t steps) {
        ASSERT_TRUE(database->write([&](control::Statements& statements) {
            return statements.run("UPDATE owners SET steps = ? WHERE name = 'prices'", {steps});
        }));
    };
    set_steps(7);  // as a newer Steno leaves it
    PriceBook late({}, [this](std::shared_ptr<const pricing::Catalogue> taken) { catalogue = taken; });
    catalogue = pricing::Catalogue::with({});
    EXPECT_FALSE(late.open(*database));
    const auto waiting = late.be_in_force();
    ASSERT_FALSE(waiting);
    EXPECT_NE(waiting.error().message.find("newer Steno"), std::string::npos) << waiting.error().message;
    EXPECT_EQ(cost(), "unknown");
    set_steps(1);
    EXPECT_TRUE(late.be_in_force());
    EXPECT_EQ(cost(), "2 openai/house@undated/own-1");
}

/// Leaves a table of which a row that is not readable gives an error, as a damaged page does.
constexpr const char* kHalfReadable[] = {
    "CREATE TABLE half AS SELECT *, version <> 2 AS readable FROM price_versions",
    "DROP TABLE price_versions",
    "ALTER TABLE half RENAME COLUMN price TO held",
    R"(ALTER TABLE half ADD COLUMN price TEXT AS
       (CASE WHEN readable THEN held ELSE abs(-9223372036854775807 - 1) END))",
    "ALTER TABLE half RENAME TO price_versions",
};

TEST_F(Book, AChangeThatIsSetDownAndCannotBeReadBackIsTakenOverLater) {
    ASSERT_TRUE(set(R"({"provider":"openai","model":"house","input":"2"})"));
    ASSERT_TRUE(set(R"({"provider":"openai","model":"other","input":"3"})"));
    const auto replaced = database->write([](control::Statements& statements) -> Result<void> {
        for (const char* const statement : kHalfReadable) STENO_TRY(statements.run(statement));
        return {};
    });
    ASSERT_TRUE(replaced) << replaced.error().message;
    const auto removed = book->remove(1, {"bob", "it ended"}, clock.now());
    ASSERT_FALSE(removed);
    EXPECT_NE(removed.error().message.find("it is set down"), std::string::npos) << removed.error().message;
    EXPECT_EQ(cost(), "2 openai/house@undated/own-1") << "as before, until it can be read";
    EXPECT_FALSE(book->be_in_force());
    ASSERT_TRUE(database->write([](control::Statements& statements) {
        return statements.run("UPDATE price_versions SET readable = 1");
    }));
    EXPECT_TRUE(book->be_in_force());
    EXPECT_EQ(cost(), "9 openai/house@undated");
    EXPECT_EQ(book->remove(1, {}, clock.now()).error().code, Code::FailedPrecondition);
}

TEST_F(Book, APriceThatIsDamagedIsNamedAndTheOthersHold) {
    ASSERT_TRUE(set(R"({"provider":"openai","model":"house","input":"2"})"));
    ASSERT_TRUE(set(R"({"provider":"openai","model":"other","input":"3"})"));
    EXPECT_TRUE(book->be_in_force());
    ASSERT_TRUE(database->write([](control::Statements& statements) {
        return statements.run("UPDATE price_versions SET price = 'x' WHERE version = 2");
    }));
    reopen();
    EXPECT_EQ(cost(), "2 openai/house@undated/own-1");
    const auto damaged = book->be_in_force();
    ASSERT_FALSE(damaged);
    EXPECT_EQ(damaged.error().code, Code::DataLoss);
    EXPECT_NE(damaged.error().message.find("version 2"), std::string::npos) << damaged.error().message;
    const auto history = book->history(10);
    ASSERT_TRUE(history) << history.error().message;
    ASSERT_EQ(history->versions.size(), 1U);
    EXPECT_EQ(history->versions[0].price.version, 1);
    ASSERT_EQ(history->damaged.size(), 1U);
    EXPECT_EQ(history->damaged[0].version, 2);
    EXPECT_TRUE(history->damaged[0].in_force);
    EXPECT_EQ(history->damaged[0].error.code, Code::DataLoss);
    EXPECT_EQ(book->version(2).error().code, Code::DataLoss);
    // What its error says helps.
    EXPECT_TRUE(set(R"({"provider":"openai","model":"house","input":"4"})"));
    EXPECT_EQ(book->own()->size(), 1U);
    EXPECT_TRUE(book->remove(2, {"ada", "damaged"}, clock.now()));
    EXPECT_TRUE(book->be_in_force());
    EXPECT_EQ(cost(), "4 openai/house@undated/own-3");
    const auto later = book->history(10);
    ASSERT_EQ(later->damaged.size(), 1U);
    EXPECT_FALSE(later->damaged[0].in_force);
    EXPECT_EQ(later->damaged[0].error.remedy.find("steno prices remove"), std::string::npos);
}

TEST_F(Book, AllOrNothing) {
    const auto sets =
        book->set({read(R"({"provider":"openai","model":"a","input":"2"})"),
                   read(R"({"provider":"openai","model":"b","input":"2","from":"2026-11-01",
                                          "to":"2026-12-01"})"),
                   read(R"({"provider":"openai","model":"b","input":"2","from":"2026-11-11"})")},
                  {}, clock.now());
    EXPECT_FALSE(sets);
    EXPECT_TRUE(book->own()->empty());
    EXPECT_FALSE(book->set({}, {std::string(500, 'x'), ""}, clock.now()));
}

TEST_F(Book, AModelThatCostsWhatAnotherDoesOnlyForItsTime) {
    ASSERT_TRUE(set(R"({"provider":"openai","model":"cheap","input":"1","output":"1"})"));
    ASSERT_TRUE(set(R"({"provider":"openai","model":"house","same_as":"cheap","from":"2026-12-01"})"));
    EXPECT_EQ(cost("2026-11-20T12:00:00Z"), "9 openai/house@undated");
    EXPECT_EQ(cost("2026-12-20T12:00:00Z"), "1 openai/cheap@undated/own-1");
}

}  // namespace
}  // namespace steno::repricing
