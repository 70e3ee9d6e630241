#pragma once

#include "base/random.hpp"
#include "base/time.hpp"
#include "control/database.hpp"
#include "notify/outbox.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

namespace steno::notify {

/// An outbox on a real file, with a clock that the test moves; it can be closed and opened again.
class OutboxTest : public testing::Test {
  protected:
    void SetUp() override {
        const auto* info = testing::UnitTest::GetInstance()->current_test_info();
        folder_ = std::filesystem::temp_directory_path() / (std::string(info->test_suite_name()) + "." +
                                                            std::to_string(getpid()) + "." + info->name());
        std::filesystem::create_directories(folder_);
        reopen();
    }
    void TearDown() override {
        outbox_.reset();
        database_.reset();
        std::filesystem::remove_all(folder_);
    }
    void reopen() {
        outbox_.reset();
        database_.reset();
        database_ = control::Database::open((folder_ / "control.sqlite").string()).value();
        outbox_ = Outbox::open(*database_, clock_, random_, limits_).value();
    }
    std::string add(std::string_view channel, const std::string& title = "t") {
        Message message;
        message.type = "test";
        message.at = clock_.now();
        message.title = title;
        const std::string to(channel);
        std::vector<std::string> ids;
        const auto written = database_->write([&](control::Statements& statements) -> Result<void> {
            STENO_ASSIGN(ids, outbox_->add(statements, {&to, 1}, "rule", {&message, 1}));
            return {};
        });
        EXPECT_TRUE(written);
        return ids.empty() ? "" : ids.front();
    }
    void advance(std::int64_t seconds) { clock_.advance(seconds * 1'000'000'000); }

    std::filesystem::path folder_;
    ManualClock clock_;
    SeededRandom random_{7};
    OutboxLimits limits_;
    std::unique_ptr<control::Database> database_;
    std::unique_ptr<Outbox> outbox_;
};

}  // namespace steno::notify
