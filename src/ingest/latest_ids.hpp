#pragma once

#include "base/uuid.hpp"

#include <cstddef>
#include <deque>
#include <unordered_map>
#include <utility>
#include <variant>

namespace steno::ingest {

/// The ids that were put in last, so many and no more, each with a note: the memory of those that may be met
/// again soon. Each counts once, from when it was first put in. One thread at a time.
template <class Note>
class LatestNotes {
  public:
    explicit LatestNotes(std::size_t most) : most_(most) {}

    void insert(const Uuid& id, Note note = {}) {
        if (!notes_.try_emplace(id, std::move(note)).second) return;
        order_.push_back(id);
        if (order_.size() <= most_) return;
        notes_.erase(order_.front());
        order_.pop_front();
    }
    [[nodiscard]] bool contains(const Uuid& id) const { return notes_.contains(id); }
    /// Null: it is not among them.
    [[nodiscard]] Note* find(const Uuid& id) {
        const auto found = notes_.find(id);
        return found == notes_.end() ? nullptr : &found->second;
    }

  private:
    std::size_t most_;
    std::unordered_map<Uuid, Note> notes_;
    std::deque<Uuid> order_;
};

using LatestIds = LatestNotes<std::monostate>;

}  // namespace steno::ingest
