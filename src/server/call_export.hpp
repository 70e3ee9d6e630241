#pragma once

#include "net/http_server.hpp"
#include "net/workers.hpp"
#include "server/api.hpp"

#include <atomic>
#include <optional>

namespace steno::server {

/// GET /api/v1/calls/export: all calls that fit, oldest first, as CSV, JSON or JSON Lines, sent as it is
/// read. The next piece is read when the one before was taken, so memory does not grow with the calls or with
/// a client that is slow, and no thread waits for one. A stream that could not be brought to its end is cut:
/// its last chunk is missing, which every HTTP client tells from an end.
class CallExports {
  public:
    explicit CallExports(Services& services) : services_(services) {}

    /// Serves one, on its loop; or the answer that says why not, before anything was sent.
    net::Task<std::optional<ApiAnswer>> serve(net::ServerExchange& exchange);

    static constexpr int kAtOnce = 8;

  private:
    Services& services_;
    std::atomic<int> running_{0};
    net::Workers workers_{2};  ///< reading is what they do, never waiting for a client
};

}  // namespace steno::server
