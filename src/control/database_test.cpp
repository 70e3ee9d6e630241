#include "control/database.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

namespace steno::control {
namespace {

class DatabaseTest : public testing::Test {
  protected:
    void SetUp() override {
        const auto* info = testing::UnitTest::GetInstance()->current_test_info();
        folder_ = std::filesystem::temp_directory_path() /
                  ("control_test." + std::to_string(getpid()) + "." + info->name());
        std::filesystem::create_directories(folder_);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    [[nodiscard]] std::string file() const { return (folder_ / "control.sqlite").string(); }

    std::unique_ptr<Database> open() {
        auto opened = Database::open(file());
        EXPECT_TRUE(opened) << opened.error().message;
        return opened ? std::move(*opened) : nullptr;
    }

    std::filesystem::path folder_;
};

constexpr std::array<std::string_view, 1> kFirst = {
    "CREATE TABLE things(name TEXT PRIMARY KEY, amount TEXT, count INTEGER, share REAL) STRICT"};
constexpr std::array<std::string_view, 2> kSecond = {
    kFirst[0], "ALTER TABLE things ADD COLUMN note TEXT; CREATE INDEX by_count ON things(count)"};

Result<void> add(Database& database, const std::string& name, std::int64_t count) {
    return database.write([&](Statements& statements) {
        return statements.run("INSERT INTO things(name, count) VALUES (?, ?)", {name, count});
    });
}

TEST_F(DatabaseTest, NoByteIsLeftOfWhatIsDeleted) {
    const std::string secret(20'000, 'x');
    const auto find = [&] {
        std::ifstream in(file(), std::ios::binary);
        const std::string content{std::istreambuf_iterator<char>(in), {}};
        return content.contains("the secret prompt");
    };
    {
        const auto database = open();
        ASSERT_TRUE(database->bring_up_to("things", kFirst));
        ASSERT_TRUE(add(*database, "the secret prompt" + secret, 1));
    }
    ASSERT_TRUE(find());
    {
        const auto database = open();
        ASSERT_TRUE(
            database->write([](Statements& statements) { return statements.run("DELETE FROM things"); }));
    }
    EXPECT_FALSE(find());
}

TEST_F(DatabaseTest, ValuesComeBackAsTheyWere) {
    const auto database = open();
    ASSERT_TRUE(database->bring_up_to("things", kFirst));
    const std::string odd("it's \"odd\";\0DROP TABLE things", 28);
    ASSERT_TRUE(database->write([&](Statements& statements) {
        return statements.run("INSERT INTO things VALUES (?, ?, ?, ?)", {odd, "0.1", INT64_MIN, 0.25});
    }));
    ASSERT_TRUE(database->write([&](Statements& statements) {
        return statements.run("INSERT INTO things VALUES ('b', ?, ?, ?)", {nullptr, nullptr, nullptr});
    }));
    const auto rows = database->rows("SELECT name, amount, count, share FROM things ORDER BY rowid");
    ASSERT_TRUE(rows);
    ASSERT_EQ(rows->size(), 2U);
    EXPECT_EQ((*rows)[0].text(0), odd);
    EXPECT_EQ((*rows)[0].text(1), "0.1");
    EXPECT_EQ((*rows)[0].integer(2), INT64_MIN);
    EXPECT_EQ((*rows)[0].number(3), 0.25);
    EXPECT_TRUE((*rows)[1].is_null(1));
    EXPECT_EQ((*rows)[1].optional_text(1), std::nullopt);
    EXPECT_EQ((*rows)[1].optional_integer(2), std::nullopt);
    EXPECT_EQ((*rows)[1].optional_number(3), std::nullopt);
}

TEST_F(DatabaseTest, WhatWasWrittenIsThereAfterReopening) {
    {
        const auto database = open();
        ASSERT_TRUE(database->bring_up_to("things", kFirst));
        ASSERT_TRUE(add(*database, "a", 1));
    }
    const auto database = open();
    ASSERT_TRUE(database->bring_up_to("things", kSecond));
    ASSERT_TRUE(database->bring_up_to("things", kSecond));
    const auto rows = database->rows("SELECT name, note FROM things");
    ASSERT_TRUE(rows);
    ASSERT_EQ(rows->size(), 1U);
    EXPECT_TRUE(rows->front().is_null(1));
}

TEST_F(DatabaseTest, AChangeThatFailsLeavesNoTrace) {
    const auto database = open();
    ASSERT_TRUE(database->bring_up_to("things", kFirst));
    ASSERT_TRUE(add(*database, "a", 1));
    const auto outcome = database->write([&](Statements& statements) -> Result<void> {
        STENO_TRY(statements.run("UPDATE things SET count = 2"));
        EXPECT_EQ(statements.changed(), 1);
        return statements.run("INSERT INTO things(name) VALUES ('a')");
    });
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, Code::AlreadyExists);
    EXPECT_EQ(database->rows("SELECT count FROM things")->front().integer(0), 1);
    EXPECT_TRUE(add(*database, "b", 1));
}

TEST_F(DatabaseTest, AStepThatFailsIsNotHalfDone) {
    const auto database = open();
    constexpr std::array<std::string_view, 2> kWrong = {kFirst[0],
                                                        "ALTER TABLE nothing ADD COLUMN note TEXT"};
    EXPECT_FALSE(database->bring_up_to("things", kWrong));
    EXPECT_TRUE(database->bring_up_to("things", kFirst));
}

TEST_F(DatabaseTest, ANewerFileIsRefused) {
    const auto database = open();
    ASSERT_TRUE(database->bring_up_to("things", kSecond));
    const auto refused = database->bring_up_to("things", kFirst);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::FailedPrecondition);
}

TEST_F(DatabaseTest, OnlyItsOwnerReadsIt) {
    const auto database = open();
    ASSERT_TRUE(database->bring_up_to("things", kFirst));
    for (const auto& entry : std::filesystem::directory_iterator(folder_))
        EXPECT_EQ(entry.status().permissions() & std::filesystem::perms(077), std::filesystem::perms::none)
            << entry.path();
}

TEST_F(DatabaseTest, ADamagedFileIsNamed) {
    std::ofstream(file()) << std::string(8192, 'x');
    const auto opened = Database::open(file());
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Code::DataLoss);
    EXPECT_NE(opened.error().message.find("control.sqlite"), std::string::npos);
}

TEST_F(DatabaseTest, AFolderThatIsNotThereIsNamed) {
    const auto opened = Database::open((folder_ / "none" / "control.sqlite").string());
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Code::FailedPrecondition);
}

// Two objects, as two processes have: no change of either is lost, none fails because of the other.
TEST_F(DatabaseTest, WritersWaitForEachOther) {
    const auto first = open();
    const auto second = open();
    ASSERT_TRUE(first->bring_up_to("things", kFirst));
    ASSERT_TRUE(add(*first, "counter", 0));
    constexpr int kTimes = 50;
    std::atomic<int> failed = 0;
    const auto count = [&](Database& database) {
        for (int i = 0; i < kTimes; ++i) {
            const auto outcome = database.write([&](Statements& statements) -> Result<void> {
                STENO_ASSIGN(const std::vector<Row> rows, statements.rows("SELECT count FROM things"));
                return statements.run("UPDATE things SET count = ?", {rows.front().integer(0) + 1});
            });
            if (!outcome) ++failed;
        }
    };
    std::thread other([&] { count(*second); });
    std::thread same([&] { count(*first); });
    count(*first);
    other.join();
    same.join();
    EXPECT_EQ(failed, 0);
    EXPECT_EQ(first->rows("SELECT count FROM things")->front().integer(0), 3 * kTimes);
}

}  // namespace
}  // namespace steno::control
