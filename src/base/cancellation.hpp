#pragma once

#include <atomic>

namespace steno {

/// Tells long work on another thread that nobody waits for it any more. Any thread may cancel; the work looks
/// now and then, by `asked`, and ends with Code::Cancelled.
class Cancellation {
  public:
    void cancel() noexcept { cancelled_.store(true, std::memory_order_relaxed); }
    [[nodiscard]] bool cancelled() const noexcept { return cancelled_.load(std::memory_order_relaxed); }

    /// Lives while the thread does work that can be cancelled so; nullptr: it cannot. Not nested.
    class Scope {
      public:
        explicit Scope(const Cancellation& cancellation) : Scope(&cancellation) {}
        explicit Scope(const Cancellation* cancellation) { of_this_thread_ = cancellation; }
        ~Scope() { of_this_thread_ = nullptr; }
        Scope(const Scope&) = delete;
        Scope& operator=(const Scope&) = delete;
    };

    /// Is what this thread does for nobody?
    static bool asked() noexcept { return of_this_thread_ != nullptr && of_this_thread_->cancelled(); }
    /// For threads that take a part of this one's work; nullptr: it cannot be cancelled.
    static const Cancellation* of_this_thread() noexcept { return of_this_thread_; }

  private:
    static inline thread_local const Cancellation* of_this_thread_ = nullptr;
    std::atomic<bool> cancelled_ = false;
};

}  // namespace steno
