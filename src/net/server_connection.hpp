#pragma once

// Private to src/net: one connection of the HTTP server, which is also the exchange that runs on it.

#include "net/connection.hpp"
#include "net/http_server.hpp"
#include "net/wire.hpp"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace steno::net {

class ServerConnection;

/// What the connections of a server share with it.
struct ServerState {
    ServerState(Loops& its_loops, ServerOptions its_options, ServerHandler its_handler)
        : loops(its_loops), options(its_options), handler(std::move(its_handler)), open(its_loops.size()) {}

    Loops& loops;
    const ServerOptions options;
    const ServerHandler handler;
    std::atomic<bool> stopping{false};
    std::atomic<std::size_t> count{0};
    std::vector<std::unordered_set<ServerConnection*>> open;  ///< by loop; touched by that loop alone

    std::mutex mutex;
    std::condition_variable one_ended;
};

class ServerConnection final : public Connection, public ServerExchange {
  public:
    ServerConnection(Loop& loop, std::shared_ptr<ServerState> server, std::string peer)
        : Connection(loop), server_(std::move(server)), peer_(std::move(peer)) {}

    /// Answers requests until the connection ends.
    Task<void> serve();
    [[nodiscard]] bool in_exchange() const { return in_exchange_; }

    [[nodiscard]] const RequestHead& head() const override { return head_; }
    [[nodiscard]] std::string peer() const override { return peer_; }
    [[nodiscard]] bool& is_known() override { return is_known_; }
    Task<Result<std::string>> read_body(std::uint64_t limit, BodyRoom room) override;
    Task<Result<void>> write_head(const ResponseHead& head,
                                  std::optional<std::uint64_t> content_length) override;
    Task<Result<void>> write(std::string_view piece) override;
    Task<Result<void>> respond(const ResponseHead& head, std::string_view body) override;
    Task<Result<void>> finish() override;
    Task<Result<std::unique_ptr<ByteStream>>> upgrade(const ResponseHead& head) override;
    void abort() override;
    /// interception.hpp: a request for a proxy, and what becomes of its connection.
    [[nodiscard]] const std::optional<Endpoint>& proxy_target() const { return proxy_target_; }
    [[nodiscard]] const std::optional<Endpoint>& intercepted() const { return intercepted_; }
    Task<Result<void>> accept_connect();
    Task<Result<ClientHello>> peek_client_hello();
    Task<Result<void>> terminate_tls(const TlsServerContext& context);
    std::unique_ptr<ByteStream> take_connection();
    /// The head as it came, but for what concerns a proxy: for a connection to its target that is then used
    /// up.
    [[nodiscard]] std::string head_for_target() const;
    [[nodiscard]] Gone gone() const override;
    void on_client_gone(std::function<void()> callback) override;

  private:
    enum class HeadOutcome : std::uint8_t { Complete, Closed, Rejected };

    void on_input() override;
    Task<HeadOutcome> read_head();
    /// Status of the refusal, 0 for a head that may be served. Settles how the body is framed.
    int examine_head();
    Task<void> refuse(int status, std::string_view words);
    /// Takes what there is of the body; false when its coding is broken.
    bool take_body(std::string* into);
    Task<bool> drain_body();
    Task<void> run_handler();
    /// Gives a client that is still sending the time to read the answer before it meets a reset.
    Task<void> linger();
    Result<void> begin_answer(const ResponseHead& head, std::optional<std::uint64_t> content_length);
    Task<Result<void>> flush_answer(std::string_view tail = {});
    void watch_client();

    const std::shared_ptr<ServerState> server_;
    const std::string peer_;
    bool is_known_ = false;

    RequestHead head_;
    std::optional<wire::RequestParser> parser_;
    std::optional<Endpoint> proxy_target_;  ///< of the request at hand
    std::optional<Endpoint> intercepted_;   ///< of the connection, from terminate_tls on
    std::uint64_t body_left_ = 0;
    std::uint64_t body_taken_ = 0;
    bool body_done_ = true;
    bool expects_continue_ = false;

    wire::Framing framing_ = wire::Framing::None;
    std::uint64_t answer_left_ = 0;
    bool keep_alive_ = true;
    bool bodyless_ = false;
    bool head_sent_ = false;
    bool finished_ = false;
    bool upgraded_ = false;
    bool in_exchange_ = false;
    std::function<void()> on_gone_;
};

}  // namespace steno::net
