#pragma once

#include "client/server_for_test.hpp"
#include "steno/tracking.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <vector>

namespace steno::client {

/// Recording is on, to a server that takes every call and says which.
class RecordedCalls : public testing::Test {
  protected:
    void SetUp() override {
        options_.server = server_.url;
        options_.interval = std::chrono::milliseconds{1};
        options_.max_spool_bytes = 0;
        start_tracking(options_);
    }
    void TearDown() override { stop_tracking(); }

    std::size_t count() {
        EXPECT_TRUE(flush());
        return server_.taken().size();
    }
    Call only() {
        EXPECT_EQ(count(), 1U);
        auto taken = server_.taken();
        return taken.empty() ? Call{} : taken.begin()->second;
    }

    ScriptedServer server_{[](const std::vector<Call>&) { return 200; }};
    TrackingOptions options_;
};

}  // namespace steno::client
