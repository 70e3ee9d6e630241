#pragma once

#include "journal/journal.hpp"
#include "net/task.hpp"
#include "sources/gateway/body_budget.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

/// What requests wait for on their loops, at the gateway and at the API: they look now and then, instead of
/// holding a thread.
namespace steno::gateway {

/// Room for so many bytes. Nothing: there was none within `patience`, or the loop is stopping. That it has to
/// wait is logged, with `whose` the bytes are.
net::Task<std::optional<BodyBudget::Share>> room_in(BodyBudget& budget, std::uint64_t bytes,
                                                    std::chrono::nanoseconds patience, std::string whose);

/// Asks for an fsync and waits until the record at `position` has it. False: not within `patience`, or the
/// loop is stopping.
net::Task<bool> durable(journal::Journal& journal, journal::Position position,
                        std::chrono::nanoseconds patience);
inline constexpr std::chrono::seconds kDurabilityPatience{30};

}  // namespace steno::gateway
