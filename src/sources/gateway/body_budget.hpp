#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>

namespace steno::gateway {

/// How many bytes of request bodies all calls under way may hold together: one program with many large
/// prompts must not take the machine's memory. Any thread.
class BodyBudget {
  public:
    explicit BodyBudget(std::uint64_t bytes) : bytes_(bytes) {}

    /// What one call has taken; gives it back when it dies. Must not outlive the budget.
    class Share {
      public:
        Share(Share&& other) noexcept
            : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
        Share& operator=(Share&&) = delete;
        ~Share() { keep(0); }
        /// Gives back all but so many bytes.
        void keep(std::uint64_t bytes) {
            if (budget_ == nullptr || bytes >= bytes_) return;
            budget_->taken_.fetch_sub(bytes_ - bytes, std::memory_order_relaxed);
            bytes_ = bytes;
        }

        /// Takes so many more. False: there is no room for them now.
        bool grow(std::uint64_t bytes) {
            if (budget_ == nullptr || !budget_->add(bytes)) return false;
            bytes_ += bytes;
            return true;
        }

      private:
        friend class BodyBudget;
        Share(BodyBudget* budget, std::uint64_t bytes) : budget_(budget), bytes_(bytes) {}
        BodyBudget* budget_;
        std::uint64_t bytes_;
    };

    /// Nothing if there is no room now. What is larger than the whole budget has room when nobody else has
    /// any.
    std::optional<Share> take(std::uint64_t bytes) {
        if (!add(bytes)) return std::nullopt;
        return Share(this, bytes);
    }

    /// Lives while a call waits for room.
    class Wait {
      public:
        explicit Wait(BodyBudget& budget) : budget_(budget) {
            budget_.waiting_.fetch_add(1, std::memory_order_relaxed);
            budget_.waited_.fetch_add(1, std::memory_order_relaxed);
        }
        ~Wait() { budget_.waiting_.fetch_sub(1, std::memory_order_relaxed); }
        Wait(const Wait&) = delete;
        Wait& operator=(const Wait&) = delete;

      private:
        BodyBudget& budget_;
    };

    [[nodiscard]] std::uint64_t size() const { return bytes_; }
    [[nodiscard]] std::uint64_t taken() const { return taken_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t waiting() const { return waiting_.load(std::memory_order_relaxed); }
    /// Those that ever had to.
    [[nodiscard]] std::uint64_t waited() const { return waited_.load(std::memory_order_relaxed); }

  private:
    bool add(std::uint64_t bytes) {
        std::uint64_t taken = taken_.load(std::memory_order_relaxed);
        do {
            if (taken > 0 && taken + bytes > bytes_) return false;
        } while (!taken_.compare_exchange_weak(taken, taken + bytes, std::memory_order_relaxed));
        return true;
    }

    const std::uint64_t bytes_;
    std::atomic<std::uint64_t> taken_ = 0;
    std::atomic<std::uint64_t> waiting_ = 0, waited_ = 0;
};

}  // namespace steno::gateway
