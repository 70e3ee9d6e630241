#pragma once

#include "base/error.hpp"
#include "intercept/authority.hpp"
#include "intercept/peer.hpp"
#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net/interception.hpp"
#include "net/loops.hpp"
#include "net/proxy.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace steno::intercept {

struct FrontOptions {
    net::BaseUrl server;   ///< Steno's: what is relayed goes to its gateway
    net::Headers headers;  ///< of ours, for each request to it
    /// Calls to providers' hosts are looked into; else they are passed on like all others.
    const Authority* authority = nullptr;
    /// Programs on Java trust it, too (java.hpp).
    bool java = false;
    /// Larger ones go where the gateway leads them by themselves, unrecorded; see upstream_of.
    std::uint64_t max_body_bytes = 64u << 20;
    /// What the server takes of deliveries (`POST /api/v1/calls`), which are no calls to a provider.
    std::uint64_t max_delivery_bytes = 64u << 20;
    /// Where a name in the gateway's paths leads. Nothing, or no function: that is not known here, and the
    /// server answers requests that are too large for it.
    std::function<std::optional<net::BaseUrl>(std::string_view name)> upstream_of;
    /// The one that this machine's connections go through, those that are only passed on too.
    std::optional<net::Proxy> proxy;
    std::chrono::milliseconds connect_timeout{10'000};
};

/// What a program talks to on loopback instead of its providers: the gateway's paths for those that were
/// given a base URL, the API's path of deliveries for Steno's SDKs, and a proxy for all others. As a proxy it
/// ends the TLS of connections to providers' hosts (providers/hosts.hpp) and hands their requests to the
/// gateway of a Steno server, as they came. Everything else it passes on without a look: other hosts, other
/// ports, and clients that speak nothing that it could read (HTTP/2 alone), whose library is known to trust
/// no certificate of ours, or that have refused it, from that program's next connection to that host on: by a
/// TLS alert, or by closing twice in a row. All of it is for those alone who may use this run, since it has
/// its user's credentials; others get a 403.
class Front {
  public:
    /// All must outlive the front.
    Front(net::Loops& loops, net::HttpClient& client, FrontOptions options);
    ~Front();

    /// On a free port of 127.0.0.1. FailedPrecondition where it could not be seen who comes (peer.hpp).
    Result<void> listen();
    /// "http://127.0.0.1:PORT"
    [[nodiscard]] std::string url() const;
    /// Lets running exchanges end for `grace`, then cuts them. Not from a loop.
    void stop(std::chrono::milliseconds grace) { http_.stop(grace); }

    /// Why calls to a provider's host were not looked into.
    enum class Reason : std::uint8_t {
        NotTrusted,  ///< the program refused the certificate
        OwnTrust,    ///< the program's library would refuse it (peer.hpp), so it was not tried
        Java,        ///< the same, of a program on Java
        NotHttp1,    ///< it speaks HTTP/2 alone (gRPC), or no HTTP
        TooLarge,    ///< the body was larger than the server takes
        GivenUp,     ///< the program's last connection was closed within the handshake, without a word
    };
    struct PassedOn {
        std::string host;
        std::string program;  ///< "" where it could not be seen, or does not matter
        Reason reason{};
        std::uint64_t times = 0;  ///< connections; of TooLarge: requests
    };
    /// By host and program. Any thread.
    [[nodiscard]] std::vector<PassedOn> passed_on() const;

  private:
    net::Task<void> serve(net::ServerExchange& exchange);
    /// Who asks. Once for each connection, and once more for the program.
    net::Task<Peer> meet(net::ServerExchange& exchange, Look look);
    net::Task<void> serve_connect(net::ServerExchange& exchange, net::Endpoint to, Program program);
    net::Task<void> pass_on_connect(net::ServerExchange& exchange, net::Endpoint to);
    net::Task<void> intercept(net::ServerExchange& exchange, net::Endpoint to, const std::string& program);
    net::Task<void> pass_on_request(net::ServerExchange& exchange, net::Endpoint to);
    net::Task<void> relay(net::ServerExchange& exchange, std::string target);
    /// Where a path of the gateway's leads, by itself.
    struct Destination {
        net::BaseUrl url;
        std::string rest;
    };
    [[nodiscard]] std::optional<Destination> destination_of(std::string_view target) const;
    [[nodiscard]] const net::Proxy* proxy_for(const net::Endpoint& to) const;
    [[nodiscard]] bool may_look_into(const net::Endpoint& to) const;
    /// By host and program.
    using Whose = std::pair<std::string, std::string>;
    /// Why its library would refuse us; nothing: it need not.
    [[nodiscard]] std::optional<Reason> own_trust(const Program& program) const;
    [[nodiscard]] bool was_refused_by(const Whose& whose) const;
    [[nodiscard]] bool is_own(const net::Endpoint& to) const;
    /// Made once for each host.
    Result<net::TlsIdentity> identity(const std::string& host);
    void note(const Whose& whose, Reason reason);
    /// How a handshake with our certificate went: nothing, if it was accepted.
    void note_handshake(const Whose& whose, std::optional<Code> failure);

    net::Loops& loops_;
    net::HttpClient& client_;
    const FrontOptions options_;
    net::HttpServer http_;
    mutable std::mutex mutex_;  ///< the members below
    std::map<std::string, net::TlsIdentity> identities_;
    struct Noted {
        Reason reason;
        std::uint64_t times;
    };
    std::map<Whose, Noted> passed_on_;
    std::set<Whose> closed_;  ///< whose last handshake the program ended without a word
};

/// Whether a front answers at this URL: the run that a STENO_RUN tells of goes on. Blocking, up to some
/// seconds.
bool front_answers(std::string_view url);

/// The gateway's path for a request to a provider's host: "/openai/v1/models" for "/v1/models" to
/// api.openai.com.
/// "" if the host is no provider's.
std::string gateway_target(std::string_view host, std::string_view target);

}  // namespace steno::intercept
