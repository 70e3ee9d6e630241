#pragma once

#include "base/error.hpp"
#include "net/byte_stream.hpp"
#include "net/http.hpp"
#include "net/loops.hpp"
#include "net/task.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace steno::net {

/// Who reads a body whose length nobody knows may be asked for room only once it is large.
struct BodyRoom {
    std::uint64_t free = UINT64_MAX;   ///< bytes that need none
    std::function<Task<bool>()> make;  ///< asked once, when more have come; nothing is read meanwhile
};

/// One request and its answer, on the server's side. Lives as long as the handler's coroutine; one coroutine
/// uses it. The order is: head, body, write_head, write…, finish. What a handler leaves undone is done for it
/// as well as it can be: an unread body is drained (up to a bound, else the connection closes), a missing
/// answer becomes a 500, an unfinished one closes the connection so that the client sees that it was cut.
class ServerExchange {
  public:
    virtual ~ServerExchange() = default;

    [[nodiscard]] virtual const RequestHead& head() const = 0;
    [[nodiscard]] virtual std::string peer() const = 0;  ///< "127.0.0.1:51234", or "unix"
    /// False on a new connection; what a handler sets stays for the next requests of the connection: that it
    /// has found out who is at the other end, and need not again.
    [[nodiscard]] virtual bool& is_known() = 0;

    /// The whole body. ResourceExhausted when it is larger than `limit` (checked on Content-Length before a
    /// byte is read); DeadlineExceeded when the client stalls for longer than `body_stall`: it can still be
    /// answered, with 408, and then the connection closes; Cancelled when it has gone;
    /// Unavailable when `room` says no. Answers "Expect: 100-continue" by itself.
    virtual Task<Result<std::string>> read_body(std::uint64_t limit, BodyRoom room = {}) = 0;

    /// Sends status and headers at once. `content_length`: exactly so many bytes will be written; without it
    /// the body is chunked (HTTP/1.1) or ended by closing (1.0). Content-Length and Transfer-Encoding in
    /// `head` are ignored; `Connection` is the server's own affair. A head without Date gets one
    /// (RFC 9110, section 6.6.1). 204, 304 and answers to HEAD have no body.
    virtual Task<Result<void>> write_head(const ResponseHead& head,
                                          std::optional<std::uint64_t> content_length) = 0;
    /// Sends a piece of the body now (no buffering, TCP_NODELAY). Waits while the client reads slowly, which
    /// is how a slow reader pauses its upstream; DeadlineExceeded after the server's write time-out,
    /// Cancelled when the client has gone.
    virtual Task<Result<void>> write(std::string_view piece) = 0;
    /// Head, body and end in one system call where it fits.
    virtual Task<Result<void>> respond(const ResponseHead& head, std::string_view body) = 0;
    /// The end of the answer. Without it the client sees a cut answer.
    virtual Task<Result<void>> finish() = 0;
    /// Answers 101 with the headers of `head` (Connection is added) and hands the connection over; nothing
    /// else of the exchange may be used then, and it must outlive the stream. For requests of HTTP/1.1
    /// without a body, or whose body has been read; FailedPrecondition for others. `on_client_gone` is
    /// cleared.
    virtual Task<Result<std::unique_ptr<ByteStream>>> upgrade(const ResponseHead& head) = 0;
    /// Closes the connection now, so that the client sees that the answer was cut.
    virtual void abort() = 0;

    /// Why nobody is there any more to read the answer.
    enum class Gone : std::uint8_t {
        No,
        Client,   ///< the client closed or broke the connection; half-closing counts
        Stalled,  ///< the client took nothing for longer than the server's write time-out, and was cut off
        Stopped   ///< cut by this side: the server or its loops are stopping, or the handler called `abort`
    };
    /// What came first counts.
    [[nodiscard]] virtual Gone gone() const = 0;
    [[nodiscard]] bool client_gone() const { return gone() != Gone::No; }
    /// Calls `callback` (on this loop, at most once) as soon as `gone` is anything but No while the exchange
    /// runs: within a loop's turn of the FIN or RST, also when nothing is being written. Pipelined bytes do
    /// not count as gone. Cleared by passing {}.
    virtual void on_client_gone(std::function<void()> callback) = 0;
};

struct ServerOptions {
    std::chrono::milliseconds idle{75'000};         ///< between requests of a kept connection
    std::chrono::milliseconds head_time{10'000};    ///< from the first byte of a head to its end
    std::chrono::milliseconds body_stall{30'000};   ///< longest pause inside a request body
    std::chrono::milliseconds write_stall{60'000};  ///< longest time one write waits for the client
    std::uint32_t max_head_bytes = 64 * 1024;
    std::uint32_t max_connections = 20'000;  ///< beyond: accepted, answered 503 with Retry-After, closed
};

using ServerHandler = std::function<Task<void>(ServerExchange&)>;

/// HTTP/1.1 (and 1.0) server: keep-alive, pipelining in order, one coroutine a connection.
class HttpServer {
  public:
    HttpServer(Loops& loops, ServerOptions options, ServerHandler handler);
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    /// Binds and accepts; once over TCP, and on any number of Unix sockets, which only this user can reach
    /// and which are gone with `stop`. Port 0 takes a free one: see `port`. Unavailable when the address is
    /// taken (says by what to try).
    Result<void> listen(const Endpoint& endpoint);
    [[nodiscard]] std::uint16_t port() const;
    /// Stops accepting; gives running exchanges `grace` to end, then cuts them. Idle connections close at
    /// once. Blocking, not from a loop.
    void stop(std::chrono::milliseconds grace);
    [[nodiscard]] std::size_t connections() const;

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;  ///< shared with connections that outlive a `stop` whose handlers do not end
};

}  // namespace steno::net
