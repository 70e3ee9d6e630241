#pragma once

#include "client/draft.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>

namespace steno::client {

/// Drafts that were used, with their memory, for the calls to come. Each thread has a few at hand; the others
/// lie here in bundles, so that threads meet once in many calls, and then for a moment. Any thread.
class DraftPool {
  public:
    /// What one thread has at hand is at most so much memory. A draft with more is not kept at all.
    static constexpr std::uint64_t kAtHandBytes = 256u << 10;

    /// What is beyond so many bytes (those at hand not counted) is not kept.
    explicit DraftPool(std::uint64_t max_bytes) : max_bytes_(max_bytes) {}
    ~DraftPool() { close(); }
    DraftPool(const DraftPool&) = delete;
    DraftPool& operator=(const DraftPool&) = delete;

    /// An empty one: used, or new. Waits for nobody. Throws when there is no memory.
    CallScope::Draft* take();
    /// Takes back a chain of them, from the thread that delivers.
    void give(CallScope::Draft* drafts) noexcept;
    /// Takes back one, from a thread that makes calls: it has it at hand. Waits for nobody.
    static void put_at_hand(CallScope::Draft* draft) noexcept;
    /// Of those that the calling thread has at hand.
    [[nodiscard]] static std::uint64_t bytes_at_hand() noexcept;
    /// Gives the memory up, and keeps no more.
    void close() noexcept;

    [[nodiscard]] std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

  private:
    std::mutex mutex_;
    CallScope::Draft* bundles_ = nullptr;  ///< last first
    std::atomic<std::uint64_t> bytes_{0};  ///< of them
    std::uint64_t max_bytes_;              ///< 0: closed
};

}  // namespace steno::client
