#pragma once

#include "base/uuid.hpp"

#include <cstddef>
#include <deque>
#include <unordered_set>

namespace steno::ingest {

/// The ids that were put in last, so many and no more: the memory of those that may be met again soon. Each
/// counts once, from when it was first put in. One thread at a time.
class LatestIds {
  public:
    explicit LatestIds(std::size_t most) : most_(most) {}

    void insert(const Uuid& id) {
        if (!ids_.insert(id).second) return;
        order_.push_back(id);
        if (order_.size() <= most_) return;
        ids_.erase(order_.front());
        order_.pop_front();
    }
    [[nodiscard]] bool contains(const Uuid& id) const { return ids_.contains(id); }

  private:
    std::size_t most_;
    std::unordered_set<Uuid> ids_;
    std::deque<Uuid> order_;
};

}  // namespace steno::ingest
