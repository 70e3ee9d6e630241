#pragma once

#include "base/error.hpp"
#include "intercept/authority.hpp"
#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net/interception.hpp"
#include "net/loops.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace steno::intercept {

struct FrontOptions {
    net::BaseUrl server;   ///< Steno's: what is relayed goes to its gateway
    net::Headers headers;  ///< of ours, for each request to it
    /// Calls to providers' hosts are looked into; else they are passed on like all others.
    const Authority* authority = nullptr;
    std::uint64_t max_body_bytes = 64u << 20;
    std::chrono::milliseconds connect_timeout{10'000};
};

/// What a program talks to on loopback instead of its providers: the gateway's paths for those that were
/// given a base URL, and a proxy for all others. As a proxy it ends the TLS of connections to providers'
/// hosts (providers/hosts.hpp) and hands their requests to the gateway of a Steno server, as they came.
/// Everything else it passes on without a look: other hosts, other ports, and clients that speak nothing that
/// it could read (HTTP/2 alone), whose library is known to trust no certificate of ours, or that have refused
/// it, from the next connection to that host on: by a TLS alert, or by closing twice in a row.
class Front {
  public:
    /// All must outlive the front.
    Front(net::Loops& loops, net::HttpClient& client, FrontOptions options);
    ~Front();

    /// On a free port of 127.0.0.1.
    Result<void> listen();
    /// "http://127.0.0.1:PORT"
    [[nodiscard]] std::string url() const;
    /// Lets running exchanges end for `grace`, then cuts them. Not from a loop.
    void stop(std::chrono::milliseconds grace) { http_.stop(grace); }

    /// Why calls to a provider's host were not looked into.
    enum class Reason : std::uint8_t {
        NotTrusted,  ///< the program refused the certificate
        OwnTrust,    ///< the program's library would refuse it (peer.hpp), so it was not tried
        NotHttp1,    ///< it speaks HTTP/2 alone (gRPC), or no HTTP
    };
    /// By host. Any thread.
    [[nodiscard]] std::map<std::string, Reason> passed_on() const;

  private:
    net::Task<void> serve(net::ServerExchange& exchange);
    net::Task<void> serve_connect(net::ServerExchange& exchange, net::Endpoint to);
    net::Task<void> pass_on_connect(net::ServerExchange& exchange, net::Endpoint to);
    net::Task<void> intercept(net::ServerExchange& exchange, net::Endpoint to);
    net::Task<void> pass_on_request(net::ServerExchange& exchange, net::Endpoint to);
    net::Task<void> relay(net::ServerExchange& exchange, std::string target);
    [[nodiscard]] bool looks_into(const net::Endpoint& to) const;
    [[nodiscard]] bool is_own(const net::Endpoint& to) const;
    /// Made once for each host.
    Result<net::TlsIdentity> identity(const std::string& host);
    void note(const std::string& host, Reason reason);
    /// How a handshake with our certificate went: nothing, if it was accepted.
    void note_handshake(const std::string& host, std::optional<Code> failure);

    net::Loops& loops_;
    net::HttpClient& client_;
    const FrontOptions options_;
    net::HttpServer http_;
    mutable std::mutex mutex_;  ///< the members below
    std::map<std::string, net::TlsIdentity> identities_;
    std::map<std::string, Reason> passed_on_;
    std::set<std::string> closed_;  ///< hosts whose last handshake the program ended without a word
};

/// The gateway's path for a request to a provider's host: "/openai/v1/models" for "/v1/models" to
/// api.openai.com.
/// "" if the host is no provider's.
std::string gateway_target(std::string_view host, std::string_view target);

}  // namespace steno::intercept
