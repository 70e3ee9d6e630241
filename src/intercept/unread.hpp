#pragma once

#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net/task.hpp"

#include <chrono>
#include <string_view>

/// Requests whose bodies are larger than a Steno server takes: they go where its gateway would have led them,
/// unread and unrecorded, however large they are.
namespace steno::intercept {

/// Passes the request to `to`, with `rest` (path and query) behind its path, and the answer back, as they
/// come. The connection to the program ends with it.
net::Task<void> pass_on_unread(net::ServerExchange& exchange, net::HttpClient& client, const net::BaseUrl& to,
                               std::string_view rest, std::chrono::milliseconds connect_timeout);

}  // namespace steno::intercept
