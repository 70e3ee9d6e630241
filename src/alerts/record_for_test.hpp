#pragma once

#include "base/time.hpp"
#include "store/memory/memory_store.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace steno::alerts {

/// A store to which a test adds calls.
class Record {
  public:
    template <class F>
    void add(Timestamp at, F&& fill) {
        store::Upsert upsert;
        Call& call = upsert.row.call;
        call.id.bytes[14] = static_cast<std::uint8_t>(++count_ >> 8);
        call.id.bytes[15] = static_cast<std::uint8_t>(count_);
        call.kind = Kind::Chat;
        call.status = Status::Success;
        call.started_at = at;
        upsert.row.closed_at.sequence = count_;
        fill(call);
        const std::vector<store::Change> changes{upsert};
        const store::Watermark mark{{}, count_};
        EXPECT_TRUE(store_->apply(changes, std::span(&mark, 1)));
    }
    void add(Timestamp at, Status status = Status::Success) {
        add(at, [status](Call& call) { call.status = status; });
    }
    store::CallStore& store() { return *store_; }

  private:
    std::unique_ptr<store::CallStore> store_ = store::make_memory_store();
    std::uint64_t count_ = 0;
};

}  // namespace steno::alerts
