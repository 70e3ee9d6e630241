#pragma once

#include "net/byte_stream.hpp"
#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net/task.hpp"

#include <cstdint>

namespace steno::intercept {

/// One request on its way to a Steno server, which relays and records it: as it came, piece by piece both
/// ways, and with a client that goes the server's part ends at once. On one loop; the references must outlive
/// it.
class Relay {
  public:
    Relay(net::ServerExchange& client, net::HttpClient& server_client, const net::BaseUrl& server,
          std::uint64_t max_body_bytes);
    ~Relay();
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    /// `head` with the target at the server; `ours` is added to its fields.
    net::Task<void> run(net::RequestHead head, const net::Headers& ours);

  private:
    net::Task<void> run_session(net::RequestHead head);
    net::Task<void> pass_answer(net::ClientExchange& answer);
    /// The server has not answered: says which one, so that nobody looks for it at the provider.
    net::Task<void> refuse_for_server(Error why);
    net::Task<void> refuse(int status, Error why);

    net::ServerExchange& client_;
    net::HttpClient& server_client_;
    const net::BaseUrl& server_;
    const std::uint64_t max_body_bytes_;
    net::CancelHandle cancel_;
};

}  // namespace steno::intercept
