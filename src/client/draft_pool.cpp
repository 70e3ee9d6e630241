#include "client/draft_pool.hpp"

#include <utility>

namespace steno::client {

namespace {

using Draft = CallScope::Draft;

constexpr int kBundle = 16;

void delete_all(Draft* drafts) noexcept {
    while (drafts != nullptr) delete std::exchange(drafts, drafts->next);
}

/// What the calling thread has: a bundle, or what is left of it, and what it put there itself.
struct AtHand {
    Draft* first = nullptr;
    std::uint64_t bytes = 0;
    ~AtHand();
};
/// Of a thread that ends: it keeps nothing any more. Has no destructor: can be read as long as the thread
/// runs.
thread_local bool gone = false;

AtHand::~AtHand() {
    delete_all(first);
    gone = true;
}

AtHand* at_hand() {
    if (gone) return nullptr;
    thread_local AtHand mine;
    return &mine;
}

}  // namespace

Draft* DraftPool::take() {
    AtHand* const mine = at_hand();
    if (mine == nullptr) return new Draft;
    if (mine->first == nullptr) {
        const std::unique_lock lock(mutex_, std::try_to_lock);
        if (!lock || bundles_ == nullptr) return new Draft;
        mine->first = std::exchange(bundles_, bundles_->next_bundle);
        mine->bytes = mine->first->bundle_bytes;
        bytes_.fetch_sub(mine->bytes, std::memory_order_relaxed);
    }
    mine->bytes -= mine->first->bytes;
    return std::exchange(mine->first, mine->first->next);
}

void DraftPool::put_at_hand(Draft* draft) noexcept {
    AtHand* const mine = at_hand();
    draft->clear();
    draft->bytes = draft->memory();
    if (mine == nullptr || mine->bytes + draft->bytes > kAtHandBytes) {
        delete draft;
        return;
    }
    mine->bytes += draft->bytes;
    draft->next = std::exchange(mine->first, draft);
}

std::uint64_t DraftPool::bytes_at_hand() noexcept {
    const AtHand* const mine = at_hand();
    return mine == nullptr ? 0 : mine->bytes;
}

void DraftPool::give(Draft* drafts) noexcept {
    while (drafts != nullptr) {
        Draft* bundle = nullptr;
        std::uint64_t bytes = 0;
        for (int count = 0; count < kBundle && drafts != nullptr; ++count) {
            drafts->clear();
            drafts->bytes = drafts->memory();
            if (bundle != nullptr && bytes + drafts->bytes > kAtHandBytes) break;
            bytes += drafts->bytes;
            Draft* const next = drafts->next;
            drafts->next = std::exchange(bundle, drafts);
            drafts = next;
        }
        bundle->bundle_bytes = bytes;
        std::unique_lock lock(mutex_);
        if (bytes <= kAtHandBytes && bytes_.load(std::memory_order_relaxed) + bytes <= max_bytes_) {
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
