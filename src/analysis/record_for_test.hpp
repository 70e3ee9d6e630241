#pragma once

#include "store/memory/memory_store.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace steno::analysis {

/// The store of a test, to which it adds calls.
class Record {
  public:
    explicit Record(std::unique_ptr<store::CallStore> store = store::make_memory_store())
        : store_(std::move(store)) {}
    explicit Record(const std::vector<Call>& calls) : Record() {
        for (const Call& call : calls) add(call);
    }

    void add(Call call) {
        store::Upsert upsert;
        upsert.row.call = std::move(call);
        upsert.row.closed_at.sequence = ++count_;
        changes_.emplace_back(std::move(upsert));
    }
    /// A chat that succeeded at this moment, as `fill` changes it.
    template <class F>
    void add(Timestamp at, F&& fill) {
        Call call;
        const std::uint64_t n = count_ + 1;
        for (std::size_t i = 0; i < 8; ++i) call.id.bytes[15 - i] = static_cast<std::uint8_t>(n >> (8 * i));
        call.kind = Kind::Chat;
        call.status = Status::Success;
        call.started_at = at;
        fill(call);
        add(std::move(call));
    }

    /// With all that was added.
    store::CallStore& store() {
        const store::Watermark mark{{}, count_};
        EXPECT_TRUE(store_->apply(changes_, std::span(&mark, 1)));
        changes_.clear();
        return *store_;
    }

  private:
    std::unique_ptr<store::CallStore> store_;
    std::vector<store::Change> changes_;
    std::uint64_t count_ = 0;
};

}  // namespace steno::analysis
