#pragma once

#include "base/error.hpp"
#include "net/byte_stream.hpp"
#include "net/http.hpp"
#include "net/http_server.hpp"
#include "net/proxy.hpp"
#include "net/task.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

/// What a proxy needs besides an HttpServer: requests that are meant for other hosts (CONNECT, RFC 9110,
/// section 9.3.6; the absolute form, RFC 9112, section 3.2.2), tunnels, and TLS that ends here. All of it is
/// for the handler of an HttpServer, with the exchange at hand.
namespace steno::net {

class TlsServerContext;

/// A certificate and its key, as which this side answers TLS. Any thread.
class TlsIdentity {
  public:
    /// In PEM; the chain begins with the leaf. InvalidArgument when they cannot be used.
    static Result<TlsIdentity> make(std::string_view chain, std::string_view key);
    /// For src/net alone.
    [[nodiscard]] const TlsServerContext& context() const { return *context_; }

  private:
    std::shared_ptr<const TlsServerContext> context_;
};

/// The host and port that a request to a proxy is meant for: of CONNECT, or of a target that begins with
/// http://
/// (`head().target` is its path). Null: the request is meant for this server.
const Endpoint* proxy_target(const ServerExchange& exchange);
/// Where the client believes that it is connected to, for requests that come over TLS that `terminate_tls`
/// began; null for others.
const Endpoint* intercepted_target(const ServerExchange& exchange);

/// Answers a CONNECT with 200. What the client sends from now on is for the target; one of the next three
/// must follow.
Task<Result<void>> accept_connect(ServerExchange& exchange);

enum class Speaks : std::uint8_t {
    Http11OverTls,  ///< it would, or does not say what
    OtherOverTls,   ///< HTTP/2 alone (gRPC), or another protocol
    Other,          ///< no TLS, or nothing came in time
};
/// Waits for what the client says first. Nothing of it is used up.
Task<Result<Speaks>> look_at_client(ServerExchange& exchange);
/// Shakes hands as `identity`, from what the client has said first. Once the handler has returned it is
/// called for each request that comes over this TLS, as for any other. PermissionDenied: the client says by a
/// TLS alert that it does not want it. Unavailable: it ended the connection without a word, or spoke no
/// sense. DeadlineExceeded, Cancelled: nobody's verdict. The connection is used up then.
Task<Result<void>> terminate_tls(ServerExchange& exchange, const TlsIdentity& identity);
/// Hands the connection over, with all that has come and was not used up. The exchange must outlive it.
std::unique_ptr<ByteStream> take_connection(ServerExchange& exchange);

/// A connection of its own to anyone, through `proxy` unless that is null. Errors as of HttpClient.
Task<Result<std::unique_ptr<ByteStream>>> connect_to(Endpoint to, std::chrono::milliseconds within,
                                                     const Proxy* proxy = nullptr);
/// A request in absolute form as its target is to see it: the head as it came, but for what concerns the
/// proxy, and with the word that the connection ends with the answer. The body follows from
/// `take_connection`.
std::string head_for_target(const ServerExchange& exchange);

}  // namespace steno::net
