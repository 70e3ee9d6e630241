#include "intercept/unread.hpp"

#include "base/text.hpp"
#include "intercept/relay.hpp"
#include "net/announced_length.hpp"
#include "net/byte_stream.hpp"
#include "net/interception.hpp"

#include <fmt/format.h>

#include <iterator>
#include <string>

namespace steno::intercept {

namespace {

constexpr net::TunnelLimits kLimits{.idle = std::chrono::hours(2),
                                    .write_stall = std::chrono::hours(2),
                                    .half_closed = std::chrono::hours(2)};

/// As it came, but for what is said to proxies, and to Steno.
std::string head_to(const net::BaseUrl& to, std::string_view rest, const net::RequestHead& head) {
    std::string text =
        fmt::format("{} {}{} HTTP/1.1\r\nHost: {}\r\n", head.method, to.path, rest, to.host_header());
    net::Headers fields = head.headers;
    net::remove_hop_by_hop(fields);
    for (const auto& [name, value] : fields) {
        const std::string field = lower_case(name);
        const bool ours = field == "host" || field == "content-length" || field.starts_with("x-steno-");
        if (!ours) text.append(name).append(": ").append(value).append("\r\n");
    }
    // Whatever Connection names, the body has this length.
    fmt::format_to(std::back_inserter(text), "Content-Length: {}\r\n",
                   net::announced_length(head.headers).value_or(0));
    return text.append("Connection: close\r\n\r\n");
}

}  // namespace

net::Task<void> pass_on_unread(net::ServerExchange& exchange, net::HttpClient& client, const net::BaseUrl& to,
                               std::string_view rest, std::chrono::milliseconds connect_timeout) {
    const std::string head = head_to(to, rest, exchange.head());
    auto upstream = co_await client.connect(to, connect_timeout);
    if (!upstream) {
        co_await exchange.respond({.status = 502, .reason = {}, .headers = {}},
                                  "steno run: " + upstream.error().message + "\n");
        co_return;
    }
    if (auto sent = co_await (*upstream)->write(head); !sent) {
        exchange.abort();
        co_return;
    }
    const auto program = net::take_connection(exchange);
    co_await net::tunnel(*program, **upstream, kLimits,
                         [](net::Side, std::string_view) -> net::Task<void> { co_return; });
}

}  // namespace steno::intercept
