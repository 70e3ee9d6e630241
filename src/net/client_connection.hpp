#pragma once

// Private to src/net: a connection to an upstream, the pool it rests in, and the exchange that runs on it.

#include "net/connection.hpp"
#include "net/http_client.hpp"
#include "net/proxy.hpp"
#include "net/wire.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace steno::net {

class ClientConnection;

/// The idle connections of one loop to one host, and the TLS session that the next one may resume. An idle
/// connection keeps a read pending, so it leaves the pool as soon as its peer closes it.
struct HostPool : std::enable_shared_from_this<HostPool> {
    /// The one used last, so that the others can grow old; null when there is none.
    boost::intrusive_ptr<ClientConnection> take();
    void give(boost::intrusive_ptr<ClientConnection> connection);
    void forget(const ClientConnection& connection);
    void close_all();

    std::vector<boost::intrusive_ptr<ClientConnection>> idle;
    TlsResumption resumption;
    std::size_t limit = 0;
    std::chrono::seconds idle_time{};
};

struct LoopPool {
    void close_all();
    std::map<std::string, std::shared_ptr<HostPool>, std::less<>> hosts;
};

class ClientConnection final : public Connection {
  public:
    ClientConnection(Loop& loop, std::shared_ptr<HostPool> pool) : Connection(loop), pool_(std::move(pool)) {}

    /// Looks up, connects, and shakes hands where there is a `tls`. `within` covers all of it. `proxy`: the
    /// one to go through, or null.
    Task<Result<void>> connect(const BaseUrl& to, TlsContext* tls, std::chrono::milliseconds within,
                               const Proxy* proxy = nullptr);
    [[nodiscard]] HostPool& pool() { return *pool_; }
    /// Whom it leads to, for messages: "api.openai.com:443".
    [[nodiscard]] const std::string& server() const { return server_; }
    /// Resting until `deadline` in the pool; any event then ends it.
    void rest(std::int64_t deadline);
    /// False when it cannot be used any more.
    [[nodiscard]] bool awaken();

    /// By the peer's Keep-Alive field, if it sends one: how long it lets a connection rest.
    std::optional<std::chrono::seconds> peer_idle_time;

  private:
    Task<Result<void>> resolve(const Endpoint& endpoint);
    Task<Result<void>> connect_socket(const Endpoint& endpoint, std::int64_t deadline);
    /// Has the proxy at the other end connect to `to`.
    Task<Result<void>> pass_proxy(const Endpoint& to, const Proxy& proxy, std::int64_t deadline);
    Task<Result<void>> shake_hands(const Endpoint& endpoint, const TlsContext& tls, std::int64_t deadline);
    void on_input() override;
    void on_deadline() override;

    const std::shared_ptr<HostPool>
        pool_;  ///< shared: the pool of a client that is gone, while exchanges end
    std::string server_;
    std::vector<asio::generic::stream_protocol::endpoint> addresses_;
    bool resting_ = false;
    bool attempt_may_fail_ = false;  ///< there is another address to try
    bool attempt_failed_ = false;
    std::int64_t rested_since_ = 0;
};

class PooledExchange final : public ClientExchange {
  public:
    /// `upgrading`: the request asks for another protocol, and 101 is an answer to it.
    PooledExchange(boost::intrusive_ptr<ClientConnection> connection, ClientDeadlines deadlines, bool reused,
                   bool upgrading = false)
        : connection_(std::move(connection)), deadlines_(deadlines), upgrading_(upgrading), reused_(reused) {}
    ~PooledExchange() override;

    /// The two steps before a body can be read: the request is handed to the system, the answer's head comes.
    Task<Result<void>> send_request(const BaseUrl& to, const RequestHead& head, std::string_view body);
    Task<Result<void>> read_head(std::string_view method);
    [[nodiscard]] bool answer_begun() const { return answer_begun_; }
    /// The connection itself, after a 101; only the head is left of the exchange.
    std::unique_ptr<ByteStream> take_stream();

    [[nodiscard]] const ResponseHead& head() const override { return head_; }
    [[nodiscard]] std::optional<std::uint64_t> content_length() const override;
    Task<Result<std::string_view>> read_some(std::size_t max) override;
    void cancel() override {
        // Once given back, the connection may be another exchange's already.
        if (!given_back_) connection_->end(Connection::End::Cancelled);
    }
    [[nodiscard]] bool reused_connection() const override { return reused_; }

  private:
    void settle_framing(std::string_view method);
    Error broken_answer(std::string_view words);
    /// The next piece of what has arrived; empty when more must come or the body is complete.
    Result<std::string_view> take(std::size_t max);
    void complete();

    const boost::intrusive_ptr<ClientConnection> connection_;
    const ClientDeadlines deadlines_;
    ResponseHead head_;
    std::optional<wire::ResponseParser> parser_;
    wire::Framing framing_ = wire::Framing::None;
    std::uint64_t body_left_ = 0;
    bool done_ = false;
    bool keep_alive_ = false;
    bool answer_begun_ = false;
    bool given_back_ = false;
    bool request_sent_ = false;
    const bool upgrading_;
    const bool reused_;
};

}  // namespace steno::net
