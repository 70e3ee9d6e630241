#pragma once

#include "base/error.hpp"
#include "net/byte_stream.hpp"
#include "net/http.hpp"
#include "net/loops.hpp"
#include "net/proxy.hpp"
#include "net/task.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace steno::net {

struct ClientDeadlines {
    std::chrono::milliseconds connect{10'000};      ///< name look-up, TCP and TLS together
    std::chrono::milliseconds first_byte{600'000};  ///< from the request's last byte to the answer's head
    std::chrono::milliseconds idle{600'000};        ///< longest silence inside an answer
};

/// Where in an exchange an error came from; the record tells them apart.
enum class ClientStage : std::uint8_t { Connect, Send, FirstByte, Body };

/// The answer to one request. Destroying it before the end of the body closes the connection at once: that is
/// how an upstream is cancelled. Read to the end, the connection goes back to the pool.
class ClientExchange {
  public:
    virtual ~ClientExchange() = default;
    [[nodiscard]] virtual const ResponseHead& head() const = 0;
    /// The announced length of the body; nullopt when it is chunked or ended by closing.
    [[nodiscard]] virtual std::optional<std::uint64_t> content_length() const = 0;
    /// What has arrived, as soon as it has (at most `max` bytes; chunk framing removed, content coding
    /// untouched). Empty at the end of the body. Valid until the next call. Unavailable when the peer cut the
    /// body short; DeadlineExceeded after `idle` of silence; Cancelled after `cancel`.
    virtual Task<Result<std::string_view>> read_some(std::size_t max = 64 * 1024) = 0;
    /// Any thread of the same loop: ends a pending read at once with Cancelled and closes the connection.
    virtual void cancel() = 0;
    [[nodiscard]] virtual bool reused_connection() const = 0;
};

/// Ends a `send` that is still connecting or waiting for the head. Made by the caller, used on the same loop.
class CancelHandle {
  public:
    CancelHandle();
    ~CancelHandle();
    void cancel();
    [[nodiscard]] bool cancelled() const;
    struct State;
    [[nodiscard]] const std::shared_ptr<State>& state() const { return state_; }

  private:
    std::shared_ptr<State> state_;
};

/// The answer to a request for another protocol: the stream after 101, else an ordinary answer.
struct UpgradeAnswer {
    std::unique_ptr<ClientExchange> answer;  ///< never null; of a 101 only the head
    std::unique_ptr<ByteStream> stream;      ///< null when it was refused
};

struct ClientError {
    Error error;
    ClientStage stage = ClientStage::Connect;
};

/// Keep-alive connections to upstreams, pooled by (scheme, host, port) and loop; TLS with SNI, verification
/// against the system's store and session reuse; TCP_NODELAY. A request that fails on a reused connection
/// before one byte of the answer arrived, because the peer had closed it, is sent once more on a fresh one,
/// only if it is safe: the closing was seen before or while writing. Used from loop threads.
class HttpClient {
  public:
    struct Options {
        std::size_t idle_per_host_and_loop = 64;
        std::chrono::seconds idle_time{50};
        std::string ca_file;  ///< PEM to trust besides the system's store; for tests and private upstreams
        std::optional<Proxy> proxy;  ///< for https, but to hosts that it exempts
    };
    HttpClient(Loops& loops, Options options);
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    /// Sends head and body (Content-Length is added; Host is `to.host_header()` unless the head has one) and
    /// waits for the answer's head. `head.target` is the full target; `to.path` is not added. 1xx answers are
    /// skipped. `meanwhile` is called once, on the loop, when there is only the network to wait for: as soon
    /// as the request was handed to the system, or before a connection is made. It is not called where the
    /// request fails before.
    Task<std::expected<std::unique_ptr<ClientExchange>, ClientError>> send(
        const BaseUrl& to, const RequestHead& head, std::string_view body, ClientDeadlines deadlines,
        CancelHandle* cancel = nullptr, std::function<void()> meanwhile = {});
    /// Sends a head without a body whose Upgrade field names another protocol (Connection is added), on a
    /// connection of its own. The rest as with `send`.
    Task<std::expected<UpgradeAnswer, ClientError>> upgrade(const BaseUrl& to, const RequestHead& head,
                                                            ClientDeadlines deadlines,
                                                            CancelHandle* cancel = nullptr);
    /// A connection of its own, with TLS if `to` has it, for whoever speaks HTTP by himself.
    Task<Result<std::unique_ptr<ByteStream>>> connect(const BaseUrl& to, std::chrono::milliseconds within);
    struct Impl;

  private:
    std::unique_ptr<Impl> impl_;
};

/// A request and its whole answer, for the command line and tests: blocking, from a thread that is no loop.
struct SimpleResponse {
    ResponseHead head;
    std::string body;
};
Result<SimpleResponse> fetch(const BaseUrl& to, const RequestHead& head, std::string_view body,
                             ClientDeadlines deadlines = {}, std::uint64_t max_body = 256u << 20);
/// The same, giving the body to `piece` as it arrives (return false to stop): for streams of events.
Result<ResponseHead> fetch_stream(const BaseUrl& to, const RequestHead& head, std::string_view body,
                                  const std::function<bool(std::string_view)>& piece,
                                  ClientDeadlines deadlines = {});

}  // namespace steno::net
