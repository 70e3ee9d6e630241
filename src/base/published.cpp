#include "base/published.hpp"

#include <algorithm>

namespace steno {

namespace {

/// How many threads have each desk.
constinit std::mutex seats_mutex;
constinit std::array<std::size_t, kDesks> seats{};

class Seat {
  public:
    Seat() noexcept {
        const std::scoped_lock lock(seats_mutex);
        const auto fewest = std::ranges::min_element(seats);
        ++*fewest;
        desk_ = static_cast<std::size_t>(fewest - seats.begin());
    }
    ~Seat() {
        const std::scoped_lock lock(seats_mutex);
        --seats[desk_];
    }
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;

    [[nodiscard]] std::size_t desk() const noexcept { return desk_; }

  private:
    std::size_t desk_;
};

}  // namespace

std::size_t desk_of_this_thread() noexcept {
    thread_local const Seat seat;
    return seat.desk();
}

}  // namespace steno
