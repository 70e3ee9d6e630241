#include "budgets/budgets.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace steno::budgets {
namespace {

class BudgetsTest : public testing::Test {
  protected:
    void SetUp() override {
        folder_ = std::filesystem::temp_directory_path() / ("budgets_test." + std::to_string(::getpid()));
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
        open();
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    void open() {
        budgets_.reset();
        database_.reset();
        ledger_ = std::make_unique<Ledger>();
        auto database = control::Database::open((folder_ / "control.sqlite").string());
        ASSERT_TRUE(database) << database.error().message;
        database_ = std::move(*database);
        budgets_.emplace(*ledger_);
        const auto opened = budgets_->open(*database_);
        ASSERT_TRUE(opened) << opened.error().message;
    }
    static Budget budget(const std::string& name) {
        Budget budget;
        budget.name = name;
        budget.scope = {.project = "shop",
                        .user = "ann",
                        .api_key = "sk-proj:1",
                        .agent = "planner",
                        .agent_subtree = "director",
                        .prompt_type = "summary",
                        .model = "gpt-4o"};
        budget.per = Per::Week;
        budget.zone = *calendar::Zone::find("Europe/Berlin");
        budget.limit = *Decimal::parse("12.345678901234");
        budget.currency = "EUR";
        budget.soft = {33, 99};
        budget.hard = true;
        budget.answer = Refusing::TooManyRequests;
        return budget;
    }

    std::filesystem::path folder_;
    std::unique_ptr<control::Database> database_;
    std::unique_ptr<Ledger> ledger_;
    std::optional<Budgets> budgets_;
};

TEST_F(BudgetsTest, OutliveTheirProcessAsTheyWereSet) {
    ASSERT_TRUE(budgets_->put(budget("b"), true, {7, 0}));
    ASSERT_TRUE(budgets_->put(budget("a"), true, {8, 0}));
    open();
    const auto all = budgets_->all();
    ASSERT_TRUE(all);
    ASSERT_EQ(all->size(), 2U);
    const Budget& b = (*all)[1];
    const Budget was = budget("b");
    EXPECT_EQ(b.name, "b");
    EXPECT_EQ(b.scope, was.scope);
    EXPECT_EQ(b.per, was.per);
    EXPECT_EQ(b.zone, was.zone);
    EXPECT_EQ(b.limit, was.limit);
    EXPECT_EQ(b.currency, was.currency);
    EXPECT_EQ(b.soft, was.soft);
    EXPECT_TRUE(b.hard);
    EXPECT_EQ(b.answer, was.answer);
    EXPECT_EQ(b.changed_at.unix_nanos, 7);
    EXPECT_EQ(ledger_->states().size(), 2U);
    EXPECT_FALSE(ledger_->idle());
}

TEST_F(BudgetsTest, AreChangedAndRemoved) {
    ASSERT_TRUE(budgets_->put(budget("a"), true, {}));
    EXPECT_EQ(budgets_->put(budget("a"), true, {}).error().code, Code::AlreadyExists);
    Budget other = budget("a");
    other.limit = *Decimal::parse("1");
    ASSERT_TRUE(budgets_->put(other, false, {}));
    EXPECT_EQ(budgets_->get("a")->limit, *Decimal::parse("1"));
    EXPECT_EQ(budgets_->get("c").error().code, Code::NotFound);
    EXPECT_EQ(budgets_->remove("c").error().code, Code::NotFound);
    ASSERT_TRUE(budgets_->remove("a"));
    EXPECT_TRUE(ledger_->idle());
    EXPECT_EQ(budgets_->put(Budget{}, false, {}).error().code, Code::InvalidArgument);
}

TEST_F(BudgetsTest, WithoutADatabaseThereAreNoneAndItIsSaidWhy) {
    Ledger ledger;
    Budgets closed(ledger);
    closed.stay_closed({Code::DataLoss, "control.sqlite is no database"});
    EXPECT_EQ(closed.all().error().message, "control.sqlite is no database");
    EXPECT_EQ(closed.put(budget("a"), true, {}).error().code, Code::DataLoss);
    EXPECT_TRUE(ledger.idle());
    EXPECT_FALSE(ledger.complete());
}

TEST_F(BudgetsTest, OneThatIsDamagedDoesNotTakeTheOthersWithIt) {
    ASSERT_TRUE(budgets_->put(budget("a"), true, {}));
    ASSERT_TRUE(budgets_->put(budget("b"), true, {}));
    ASSERT_TRUE(database_->write([](control::Statements& statements) {
        return statements.run("UPDATE budgets SET zone = 'Nowhere/At_All' WHERE name = 'a'");
    }));
    open();
    ASSERT_EQ(ledger_->states().size(), 1U);
    EXPECT_EQ(ledger_->states()[0].budget.name, "b");
    EXPECT_FALSE(ledger_->complete());
    EXPECT_NE(budgets_->trouble().find("Nowhere/At_All"), std::string::npos);
    EXPECT_TRUE(budgets_->remove("a"));
    EXPECT_EQ(budgets_->trouble(), "");
    EXPECT_TRUE(ledger_->complete());
    EXPECT_EQ(budgets_->remove("a").error().code, Code::NotFound);
}

}  // namespace
}  // namespace steno::budgets
