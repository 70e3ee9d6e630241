#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>

namespace steno {

/// How many threads can ask for what is published without getting in each other's way; of more, some share a
/// desk, which costs time when two of them ask at the same moment.
inline constexpr std::size_t kDesks = 16;
/// Below kDesks: the one that the fewest threads had when this one first asked. It has it until it ends.
std::size_t desk_of_this_thread() noexcept;

/// What many threads ask and few replace, as a whole: who asks gets what holds at the moment, and may keep
/// it; what was replaced lives for as long as somebody does. Once `use` has returned, or anybody has got the
/// new value, nobody gets the one before. Any thread.
///
/// Threads that ask do not get in each other's way: each goes to its desk, which has a lock and a count of
/// who keeps the value of its own, on cache lines of their own. Whoever replaces the value holds the locks of
/// all desks meanwhile. (With one lock and one count, two threads that do nothing else take ten times as long
/// as one: bench/published. std::atomic<std::shared_ptr> of libstdc++ 12 is such a lock, too, and one that
/// ThreadSanitizer does not understand.)
///
/// Some 3 KB each, and `use` takes one or two microseconds: for what changes when somebody changes a setting.
template <class T>
class Published {
  public:
    /// Never null.
    explicit Published(std::shared_ptr<const T> value) { use(std::move(value)); }

    /// From now on. If it throws (out of memory), all is as before.
    void use(std::shared_ptr<const T> value) {
        // Made before the locks are taken, and what was replaced ends after they are given back: both may
        // take long.
        std::array<std::shared_ptr<const T>, kDesks> values;
        for (auto& one : values) one = counted_apart(value);
        std::array<std::unique_lock<std::mutex>, kDesks> locks;
        // All in the same order, so that of two who replace the value one waits for the other.
        for (std::size_t i = 0; i < kDesks; ++i) locks[i] = std::unique_lock(desks_[i].mutex);
        for (std::size_t i = 0; i < kDesks; ++i) desks_[i].value.swap(values[i]);
    }
    [[nodiscard]] std::shared_ptr<const T> now() const noexcept {
        const Desk& desk = desks_[desk_of_this_thread()];
        const std::scoped_lock lock(desk.mutex);
        return desk.value;
    }

  private:
    /// Of the processors that Steno runs on. (std::hardware_destructive_interference_size is not in every
    /// library, and need not be the same in all that include this.)
    static constexpr std::size_t kCacheLine = 64;

    struct alignas(kCacheLine) Desk {
        mutable std::mutex mutex;
        std::shared_ptr<const T> value;
    };

    /// The same value with a count of its own, which stands alone on its cache line.
    static std::shared_ptr<const T> counted_apart(const std::shared_ptr<const T>& value) {
        struct alignas(kCacheLine) Keeper {
            std::shared_ptr<const T> value;
        };
        const auto keeper = std::make_shared<const Keeper>(value);
        return {keeper, keeper->value.get()};
    }

    std::array<Desk, kDesks> desks_;
};

}  // namespace steno
