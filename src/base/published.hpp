#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace steno {

/// What many threads ask and few replace, as a whole: who asks gets what holds at the moment, and may keep
/// it. The lock is held for a copy of a pointer. (std::atomic<std::shared_ptr> of libstdc++ 12 is a lock,
/// too, and one that ThreadSanitizer does not understand.)
template <class T>
class Published {
  public:
    /// Never null.
    explicit Published(std::shared_ptr<const T> value) : value_(std::move(value)) {}

    /// From now on.
    void use(std::shared_ptr<const T> value) {
        const std::scoped_lock lock(mutex_);
        value_.swap(value);  // the one before ends with the argument, behind the lock
    }
    [[nodiscard]] std::shared_ptr<const T> now() const noexcept {
        const std::scoped_lock lock(mutex_);
        return value_;
    }

  private:
    mutable std::mutex mutex_;
    std::shared_ptr<const T> value_;
};

}  // namespace steno
