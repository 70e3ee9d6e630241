#pragma once

#include "base/error.hpp"
#include "net/task.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace steno::net {

class Connection;

/// A connection of either side after an upgrade (RFC 9110, section 7.8): bytes both ways, whatever they mean.
/// One coroutine of its loop uses it. Destroying it closes the connection.
class ByteStream {
  public:
    /// For src/net alone. `write_stall`: longest time in which a write makes no progress.
    ByteStream(Connection& connection, std::chrono::nanoseconds write_stall);
    ~ByteStream();
    ByteStream(const ByteStream&) = delete;
    ByteStream& operator=(const ByteStream&) = delete;

    /// What has arrived, as soon as it has. Empty: the peer sends nothing more. Valid until the next call.
    /// DeadlineExceeded after `patience` (some 250 ms coarse; 0: what is here already): the stream goes on.
    /// Unavailable when it broke, Cancelled when this side closed it.
    Task<Result<std::string_view>> read_some(std::chrono::nanoseconds patience);
    /// Sends all of it now; waits while the peer reads slowly. Errors as above, and DeadlineExceeded when it
    /// does not read at all; then the stream is closed.
    Task<Result<void>> write(std::string_view bytes);
    /// The end of what this side sends (half-close); reading goes on.
    void finish();
    void close();

    /// For src/net alone.
    [[nodiscard]] Connection& connection();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// The two ends of a tunnel, as its middle sees them.
enum class Side : std::uint8_t { Client, Upstream };

struct TunnelLimits {
    std::chrono::nanoseconds idle = std::chrono::minutes(10);        ///< no byte either way
    std::chrono::nanoseconds write_stall = std::chrono::minutes(1);  ///< one side takes nothing
    std::chrono::nanoseconds half_closed = std::chrono::seconds(5);  ///< silence after one side's end
};

struct TunnelEnd {
    enum class Why : std::uint8_t {
        Closed,   ///< `side` sends nothing more
        Broken,   ///< the connection to `side` broke
        Idle,     ///< neither side said anything for longer than `idle`
        Stalled,  ///< `side` took nothing for longer than `write_stall`
        Stopped,  ///< this program stops
    };
    Side side = Side::Client;
    Why why = Why::Closed;
};

/// Is told of every piece before it is passed on, and, with no bytes, of a side's end before the other side
/// learns of it. The piece lasts until the task has ended.
using TunnelWatch = std::function<Task<void>(Side from, std::string_view bytes)>;

/// Passes bytes between two streams, unchanged, until both sides have ended, one is gone, or a limit is met;
/// returns what came first. A side that reads slowly pauses the other. A half-close is passed on, and the
/// other direction goes on. Leaves both streams open, for the caller to close. Both on this loop.
Task<TunnelEnd> tunnel(ByteStream& client, ByteStream& upstream, TunnelLimits limits, TunnelWatch watch);

}  // namespace steno::net
