#pragma once

#include "base/random.hpp"
#include "base/time.hpp"
#include "control/database.hpp"
#include "custody/custodian.hpp"
#include "ingest/test_store.hpp"
#include "prompt_types/rules.hpp"
#include "prompt_types/totals.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>

/// What the tests of totals share: a control database on a real disk, and totals made call by call.
namespace steno::prompt_types {

inline constexpr std::int64_t kDay = 86'400'000'000'000;

/// A control database, of which processes come and go.
class ControlFile {
  public:
    ControlFile()
        : folder_(std::filesystem::temp_directory_path() /
                  ("steno-" + Uuid::random(system_random()).to_string())) {
        std::filesystem::create_directories(folder_);
    }
    ~ControlFile() { std::filesystem::remove_all(folder_); }
    ControlFile(const ControlFile&) = delete;
    ControlFile& operator=(const ControlFile&) = delete;

    [[nodiscard]] std::unique_ptr<control::Database> open() const {
        auto database = control::Database::open((folder_ / "control.sqlite").string());
        EXPECT_TRUE(database) << database.error().message;
        return database ? std::move(*database) : nullptr;
    }

    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

  private:
    std::filesystem::path folder_;
};

/// A call of a type, with a cost that differs from call to call, some of them in euros, some without.
inline Call typed_call(Random& random, const std::string& type, std::int64_t days_ago) {
    Call call;
    call.id = Uuid::random(random);
    call.kind = Kind::Chat;
    call.status = random.next_u64() % 5 == 0 ? Status::Failure : Status::Success;
    call.prompt.type = type;
    call.started_at = Timestamp{system_clock().now().unix_nanos - days_ago * kDay};
    const std::uint64_t cents = random.next_u64() % 1000;
    if (cents % 7 != 0) {
        call.cost.total = Decimal::from_units(static_cast<__int128>(cents) * 10'000'000'001);
        call.cost.currency = cents % 3 == 0 ? "EUR" : "USD";
        call.cost.source = "provider";
    }
    Message message;
    message.role = "user";
    message.parts.emplace_back().text = "prompt of " + call.id.to_string();
    call.request.messages.push_back(message);
    message.role = "assistant";
    message.parts.front().text = "answer to " + call.id.to_string();
    call.response.messages.push_back(message);
    return call;
}

/// The oracle: one call after the other.
inline void count(Totals::ByType& totals, const Call& call) {
    if (call.prompt.type.empty()) return;
    Total& total = totals[call.prompt.type];
    ++total.calls;
    total.failures += call.status == Status::Failure;
    if (call.cost.total) {
        total.cost[call.cost.currency].sum += *call.cost.total;
        ++total.cost[call.cost.currency].calls;
    }
    if (!total.first || *call.started_at < *total.first) total.first = call.started_at;
    if (!total.last || *total.last < *call.started_at) total.last = call.started_at;
}

/// But for `removed` and `unpriced`, which the oracle does not know.
inline void expect_same(const Totals::ByType& is, const Totals::ByType& wanted) {
    ASSERT_EQ(is.size(), wanted.size());
    for (const auto& [type, total] : wanted) {
        SCOPED_TRACE(type);
        const auto found = is.find(type);
        ASSERT_NE(found, is.end());
        EXPECT_EQ(found->second.calls, total.calls);
        EXPECT_EQ(found->second.failures, total.failures);
        EXPECT_EQ(found->second.first, total.first);
        EXPECT_EQ(found->second.last, total.last);
        ASSERT_EQ(found->second.cost.size(), total.cost.size());
        for (const auto& [currency, money] : total.cost) {
            const auto other = found->second.cost.find(currency);
            ASSERT_NE(other, found->second.cost.end());
            EXPECT_EQ(other->second.sum.to_string(), money.sum.to_string());
            EXPECT_EQ(other->second.calls, money.calls);
        }
    }
}

}  // namespace steno::prompt_types
