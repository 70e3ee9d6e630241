#pragma once

#include "net/http_server.hpp"
#include "server/api.hpp"
#include "server/live.hpp"
#include "server/query_lanes.hpp"
#include "server/streams.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace steno::server {

struct ServerOptions {
    net::Endpoint listen{"127.0.0.1", 8787};
    /// A Unix socket to listen on too, by its absolute path; none if it is empty. Its file lets in the user
    /// of this process alone; whoever comes that way needs a key as by TCP, but no known host name.
    std::string socket;
    /// Who may use the API and the page: "Authorization: Bearer KEY". Empty: only loopback may be listened
    /// on. The gateway's paths take the key as x-steno-api-key, because Authorization belongs to the provider
    /// there.
    std::vector<std::string> api_keys;
    /// Host names besides loopback's under which a loopback server may be reached (a reverse proxy's).
    std::vector<std::string> allowed_hosts;
    net::ServerOptions http;
};

/// One port for everything: the gateway under the upstreams' names, the API under /api/v1, health, metrics,
/// the page.
class Server {
  public:
    /// `services` and what it refers to must outlive the server.
    Server(net::Loops& loops, Services services, ServerOptions options);
    ~Server();

    /// FailedPrecondition when the address is not loopback and there is no key. Errors as of HttpServer.
    Result<void> listen();
    [[nodiscard]] std::uint16_t port() const { return http_.port(); }
    /// Lets running exchanges end for `grace`, then cuts them. Not from a loop.
    void stop(std::chrono::milliseconds grace);

  private:
    net::Task<void> serve(net::ServerExchange& exchange);
    net::Task<void> serve_api(net::ServerExchange& exchange, std::string_view path);
    /// The body; or nothing, and then the request has been answered, or nobody is there any more. `room` is
    /// its share of the memory for bodies.
    net::Task<std::optional<std::string>> read_body(net::ServerExchange& exchange, std::uint64_t most,
                                                    std::optional<gateway::BodyBudget::Share>& room);
    net::Task<bool> make_room(std::uint64_t bytes, std::optional<gateway::BodyBudget::Share>& room);
    /// The answer that refuses the request, if it must be.
    [[nodiscard]] std::optional<ApiAnswer> check_access(const net::ServerExchange& exchange,
                                                        bool for_gateway) const;

    net::Loops& loops_;
    Services services_;
    ServerOptions options_;
    LiveTail live_;
    QueryLanes lanes_;
    Streams streams_{services_};
    net::HttpServer http_;
};

}  // namespace steno::server
