#include "client/draft_pool.hpp"

#include <utility>

namespace steno::client {

namespace {

using Draft = CallScope::Draft;

constexpr int kBundle = 16;

void delete_all(Draft* drafts) noexcept {
    while (drafts != nullptr) delete std::exchange(drafts, drafts->next);
}

/// What the calling thread has: a bundle, or what is left of it.
struct AtHand {
    Draft* first = nullptr;
    int count = 0;      ///< at most
    bool gone = false;  ///< the thread ends: it keeps nothing any more
    ~AtHand() {
        delete_all(std::exchange(first, nullptr));
        gone = true;
    }
};
AtHand& at_hand() {
    thread_local AtHand mine;
    return mine;
}

}  // namespace

Draft* DraftPool::take() {
    AtHand& mine = at_hand();
    if (mine.first == nullptr && !mine.gone) {
        mine.count = 0;
        const std::unique_lock lock(mutex_, std::try_to_lock);
        if (lock && bundles_ != nullptr) {
            mine.first = std::exchange(bundles_, bundles_->next_bundle);
            mine.count = kBundle;
            bytes_.fetch_sub(mine.first->bytes, std::memory_order_relaxed);
        }
    }
    if (mine.first == nullptr) return new Draft;
    --mine.count;
    return std::exchange(mine.first, mine.first->next);
}

void DraftPool::put_at_hand(Draft* draft) noexcept {
    AtHand& mine = at_hand();
    if (mine.count >= kBundle || mine.gone) {
        delete draft;
        return;
    }
    draft->clear();
    draft->next = std::exchange(mine.first, draft);
    ++mine.count;
}

void DraftPool::give(Draft* drafts) noexcept {
    while (drafts != nullptr) {
        Draft* const bundle = drafts;
        Draft* last = nullptr;
        std::uint64_t bytes = 0;
        for (int i = 0; i < kBundle && drafts != nullptr; ++i) {
            last = std::exchange(drafts, drafts->next);
            last->clear();
            bytes += last->memory();
        }
        last->next = nullptr;
        bundle->bytes = bytes;
        std::unique_lock lock(mutex_);
        if (bytes_.load(std::memory_order_relaxed) + bytes <= max_bytes_) {
            bundle->next_bundle = std::exchange(bundles_, bundle);
            bytes_.fetch_add(bytes, std::memory_order_relaxed);
        } else {
            lock.unlock();
            delete_all(bundle);
        }
    }
}

void DraftPool::close() noexcept {
    const std::lock_guard lock(mutex_);
    max_bytes_ = 0;
    while (bundles_ != nullptr) delete_all(std::exchange(bundles_, bundles_->next_bundle));
    bytes_ = 0;
}

}  // namespace steno::client
