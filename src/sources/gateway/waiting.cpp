#include "sources/gateway/waiting.hpp"

#include "base/log.hpp"
#include "base/time.hpp"
#include "net/loops.hpp"

#include <utility>

namespace steno::gateway {

namespace {

constexpr std::chrono::milliseconds kRoomInterval{20};
/// An fsync takes milliseconds, and hundreds may wait for one.
constexpr std::chrono::milliseconds kDurableInterval{1};

}  // namespace

net::Task<std::optional<BodyBudget::Share>> room_in(BodyBudget& budget, std::uint64_t bytes,
                                                    std::chrono::nanoseconds patience, std::string whose) {
    auto share = budget.take(bytes);
    if (share) co_return share;
    const BodyBudget::Wait waiting(budget);
    log::warning("{} waits: request bodies hold {} of {} bytes (gateway.body_memory_mb)", whose,
                 budget.taken(), budget.size());
    const std::int64_t deadline = system_clock().steady_nanos() + patience.count();
    // The client waits in its upload meanwhile: nothing more of it is read.
    while (system_clock().steady_nanos() <= deadline && co_await net::sleep_for(kRoomInterval)) {
        if (auto room = budget.take(bytes)) co_return room;
    }
    co_return std::nullopt;
}

net::Task<bool> durable(journal::Journal& journal, journal::Position position,
                        std::chrono::nanoseconds patience) {
    const std::int64_t deadline = system_clock().steady_nanos() + patience.count();
    journal.sync_soon();
    while (journal.durable().sequence < position.sequence) {
        if (system_clock().steady_nanos() > deadline) co_return false;
        if (!co_await net::sleep_for(kDurableInterval)) co_return false;
    }
    co_return true;
}

}  // namespace steno::gateway
