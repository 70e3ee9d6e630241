#include "server/server.hpp"

#include "base/hash.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "server/pages.hpp"
#include "server/query_parameters.hpp"
#include "sources/gateway/waiting.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>

namespace steno::server {

namespace {

constexpr std::size_t kMaxRunningShown = 1000;
/// A body up to this size needs no share of the memory for bodies.
constexpr std::uint64_t kSmallBody = 64u << 10;
constexpr std::chrono::seconds kRoomPatience{10};

/// Compared by hash, so that neither length nor content shows in the time it takes.
bool same_key(std::string_view given, std::string_view key) {
    const Sha256 a = sha256(given);
    const Sha256 b = sha256(key);
    return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

/// The name of "name", "name:80", "[::1]:80"; empty when it is none of these.
std::string_view host_without_port(std::string_view host) {
    const std::size_t end =
        host.starts_with('[') ? host.find(']') + 1 : std::min(host.find(':'), host.size());
    const std::string_view port = host.substr(end);
    const bool fine =
        port.empty() || (port[0] == ':' && port.substr(1).find_first_not_of("0123456789") == port.npos);
    return fine ? host.substr(0, end) : std::string_view();
}

bool is_loopback_name(std::string_view host) {
    if (host == "[::1]" || equals_ignoring_case(host, "localhost")) return true;
    in_addr address{};
    return inet_pton(AF_INET, std::string(host).c_str(), &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

/// What a browser says of a request that a page makes it send. Programs do not send these headers.
struct FromBrowser {
    bool cross_site = false;
    bool navigation = false;  ///< to a document, image, script, …: anything but fetch and the like
};

FromBrowser from_browser(const net::RequestHead& head) {
    FromBrowser from;
    if (const auto site = head.headers.get("sec-fetch-site"))
        from.cross_site = *site != "same-origin" && *site != "none";
    if (const auto use = head.headers.get("sec-fetch-dest")) from.navigation = *use != "empty";
    return from;
}

net::ResponseHead head_of(const ApiAnswer& answer) {
    net::ResponseHead head;
    head.status = answer.status;
    if (!answer.content_type.empty()) head.headers.add("Content-Type", answer.content_type);
    const bool says = std::ranges::any_of(answer.headers,
                                          [](const auto& header) { return header.first == "Cache-Control"; });
    if (!says) head.headers.add("Cache-Control", "no-store");
    head.headers.add("X-Content-Type-Options", "nosniff");
    head.headers.add("Cross-Origin-Resource-Policy", "same-origin");
    for (const auto& [name, value] : answer.headers) head.headers.add(name, value);
    return head;
}

net::Task<void> send(net::ServerExchange& exchange, const ApiAnswer& answer) {
    co_await exchange.respond(head_of(answer), answer.body);
}

net::Task<void> send_page(net::ServerExchange& exchange, const Page& page) {
    net::ResponseHead head;
    head.headers.add("Content-Type", std::string(page.content_type));
    if (page.gzipped) head.headers.add("Content-Encoding", "gzip");
    head.headers.add("Vary", "Accept-Encoding");
    head.headers.add("Cache-Control", page.immutable ? "public, max-age=31536000, immutable" : "no-cache");
    head.headers.add(
        "Content-Security-Policy",
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; "
        "base-uri 'none'; frame-ancestors 'none'");
    head.headers.add("X-Content-Type-Options", "nosniff");
    head.headers.add("Referrer-Policy", "no-referrer");
    co_await exchange.respond(head, page.body);
}

}  // namespace

Server::Server(net::Loops& loops, Services services, ServerOptions options)
    : loops_(loops),
      services_(std::move(services)),
      options_(std::move(options)),
      http_(loops, options_.http, [this](net::ServerExchange& exchange) { return serve(exchange); }) {
    services_.lanes = &lanes_;
    services_.data.recorder().add_consumer(live_);
}

Server::~Server() {
    stop(std::chrono::milliseconds(0));
    // Handlers that outlived the grace still use this object; they end with the loops.
    loops_.stop();
}

Result<void> Server::listen() {
    if (!options_.listen.is_loopback() && options_.api_keys.empty()) {
        return fail(Code::FailedPrecondition,
                    options_.listen.to_string() + " can be reached from other machines, and there is no key",
                    "give --api-key-file FILE (one key a line), or listen on 127.0.0.1");
    }
    STENO_TRY(http_.listen(options_.listen));
    if (!options_.socket.empty()) STENO_TRY(http_.listen({options_.socket, 0}));
    return {};
}

void Server::stop(std::chrono::milliseconds grace) {
    live_.stop();
    http_.stop(grace);
}

std::optional<ApiAnswer> Server::check_access(const net::ServerExchange& exchange, bool for_gateway) const {
    const net::RequestHead& head = exchange.head();
    if (!options_.api_keys.empty()) {
        std::string_view given = head.headers.get("x-steno-api-key").value_or("");
        if (const auto bearer = head.headers.get("authorization"); given.empty() && bearer && !for_gateway) {
            given = *bearer;
            if (given.size() > 7 && equals_ignoring_case(given.substr(0, 7), "bearer "))
                given.remove_prefix(7);
        }
        const bool known =
            std::ranges::any_of(options_.api_keys, [&](const auto& key) { return same_key(given, key); });
        if (known) return std::nullopt;
        ApiAnswer answer = problem(
            401, "unauthenticated", given.empty() ? "this server wants a key" : "this key is not known",
            for_gateway ? "send it as x-steno-api-key: KEY"
                        : "send it as Authorization: Bearer KEY, or as x-steno-api-key: KEY");
        answer.headers.emplace_back("WWW-Authenticate", "Bearer");
        return answer;
    }
    // Without a key, only this machine may ask; but a page in a browser on this machine can send requests
    // here too, and a name that someone else controls can be made to point here (DNS rebinding).
    const std::string_view host = host_without_port(head.headers.get("host").value_or(""));
    const bool host_known = exchange.peer() == "unix" || is_loopback_name(host) ||
                            std::ranges::any_of(options_.allowed_hosts, [&](const auto& name) {
                                return equals_ignoring_case(name, host);
                            });
    if (!host_known) {
        return problem(403, "permission_denied",
                       "the Host header names \"" + std::string(host.substr(0, 200)) + "\", not this machine",
                       "use 127.0.0.1 or localhost, or add the name to server.allowed_hosts");
    }
    const bool page_asks_api = !for_gateway && head.path().starts_with("/api/");
    if (page_asks_api && from_browser(head).cross_site) {
        return problem(403, "permission_denied", "a web page from elsewhere may not use this server",
                       "open the page that the server itself shows, or set a key with --api-key-file");
    }
    for (const auto& [name, value] : head.headers) {
        if (!equals_ignoring_case(name, "origin")) continue;
        std::string_view from = value;
        const std::size_t scheme = from.find("://");
        from = scheme == std::string_view::npos ? "" : host_without_port(from.substr(scheme + 3));
        if (!equals_ignoring_case(from, host) && !is_loopback_name(from)) {
            return problem(403, "permission_denied", "a web page from elsewhere may not use this server",
                           "open the page that the server itself shows, or set a key with --api-key-file");
        }
    }
    return std::nullopt;
}

net::Task<void> Server::serve(net::ServerExchange& exchange) {
    const std::string path(exchange.head().path());
    const auto upstream = services_.gateway.route(path);
    // The page's own files hold no data, and a browser cannot send a key before it has them.
    if (upstream != nullptr && from_browser(exchange.head()).navigation) {
        // An upstream's HTML would run as a page of this server's, with all of its rights.
        co_await send(exchange, problem(403, "permission_denied",
                                        "the gateway is for programs, not for opening in a browser",
                                        "the page is at /"));
        co_return;
    }
    const bool is_page = upstream == nullptr && !path.starts_with("/api/") && path != "/metrics";
    if (path != "/healthz" && path != "/readyz") {
        const auto refusal = check_access(exchange, upstream != nullptr);
        if (refusal && !(is_page && refusal->status == 401)) {
            co_await send(exchange, *refusal);
            co_return;
        }
    }
    if (upstream != nullptr) {
        co_await services_.gateway.handle(exchange, *upstream);
        co_return;
    }
    co_await serve_api(exchange, path);
}

net::Task<void> Server::serve_api(net::ServerExchange& exchange, std::string_view path) {
    const net::RequestHead& head = exchange.head();
    if (path == "/api/v1/live" && head.method == "GET") {
        ApiRequest request{head, {}, net::parse_query(head.query()), {}};
        auto selection = selection_parameters(request, {"unlisted"});
        if (selection) {
            if (auto listed = set_listed(*selection, request); !listed)
                selection = std::unexpected(std::move(listed).error());
        }
        if (!selection) {
            co_await send(exchange, problem(selection.error()));
            co_return;
        }
        if (live_.watchers() >= LiveTail::kMaxWatchers) {
            ApiAnswer full = problem(503, "unavailable", "as many watch already as this server lets",
                                     "close some and try again");
            full.headers.emplace_back("Retry-After", "10");
            co_await send(exchange, full);
            co_return;
        }
        co_await live_.watch(exchange, loops_, std::move(*selection),
                             [this] { return services_.data.calls().running(kMaxRunningShown); });
        co_return;
    }
    if (auto stream = find_stream(path); stream && head.method == "GET") {
        if (const auto refused = co_await streams_.serve(exchange, std::move(*stream)))
            co_await send(exchange, *refused);
        co_return;
    }
    Match found = match(head.method, path);
    if (found.route == nullptr) {
        if (!found.allowed.empty()) {
            ApiAnswer answer = problem(405, "method_not_allowed", head.method + " is not for this path",
                                       "use " + found.allowed);
            answer.headers.emplace_back("Allow", found.allowed);
            co_await send(exchange, answer);
            co_return;
        }
        if ((head.method == "GET" || head.method == "HEAD") && !path.starts_with("/api/")) {
            if (const auto page = find_page(head)) {
                co_await send_page(exchange, *page);
                co_return;
            }
        }
        std::string names;
        for (const auto& [name, known] : services_.gateway.upstreams()) {
            if (options_.api_keys.empty()) names += (names.empty() ? "" : ", ") + name;
        }
        if (names.empty()) names = "its upstreams (GET /api/v1/status)";
        co_await send(exchange,
                      problem(404, "not_found", "there is nothing at " + std::string(path.substr(0, 200)),
                              "AI calls go to /NAME/… with one of: " + names +
                                  "; the API is described at /api/v1/openapi.json"));
        co_return;
    }
    std::optional<gateway::BodyBudget::Share> room;
    auto body = co_await read_body(exchange, found.route->max_body, room);
    if (!body) co_return;
    const ApiRequest request{head, std::move(found.captures), net::parse_query(head.query()),
                             std::move(*body)};
    const Handler handler = found.route->handler;
    const auto work = [&]() -> Result<ApiAnswer> {
        try {
            return handler(services_, request);
        } catch (const std::exception& e) {  // out of memory, most likely: of this question alone
            return fail(Code::Internal, std::string("the answer could not be made: ") + e.what());
        }
    };
    Result<ApiAnswer> answer;
    if (found.route->quick) {  // what tells whether the server lives must not wait behind what is slow
        answer = work();
    } else if (found.route->asks) {
        answer = co_await lanes_.of(request).ask(exchange, work);
    } else {
        answer = co_await net::blocking_value(loops_, work);
    }
    if (!answer) {
        if (exchange.client_gone()) co_return;
        if (answer.error().code == Code::Internal || answer.error().code == Code::DataLoss) {
            log::error("{} {}: {}", head.method, path, answer.error().message);
        }
        const Error& error = answer.error();
        co_await send(exchange, error.code == Code::Unavailable ? try_again(error) : problem(error));
        co_return;
    }
    if (answer->true_once_durable) {
        const bool on_disk = co_await gateway::durable(services_.data.journal(), *answer->true_once_durable,
                                                       gateway::kDurabilityPatience);
        if (!on_disk) {
            answer =
                try_again({Code::Unavailable,
                           "the disk does not answer: what was sent is written, but not known to be on disk",
                           "send it again; what is there already is not recorded twice"});
        }
    }
    co_await send(exchange, *answer);
}

net::Task<std::optional<std::string>> Server::read_body(net::ServerExchange& exchange, std::uint64_t most,
                                                        std::optional<gateway::BodyBudget::Share>& room) {
    std::uint64_t length = 0;
    const std::string_view announced = exchange.head().headers.get("content-length").value_or("");
    std::from_chars(announced.data(), announced.data() + announced.size(), length);
    const auto full = [] {
        return try_again({Code::Unavailable,
                          "the request bodies of others take all memory that there is for them",
                          "ask again later, or raise the setting gateway.body_memory_mb"});
    };
    if (length > kSmallBody && length <= most) {
        const bool made = co_await make_room(length, room);
        if (!made) {
            co_await send(exchange, full());
            co_return std::nullopt;
        }
    }
    net::BodyRoom unannounced;
    if (announced.empty() && most > kSmallBody)
        unannounced = {kSmallBody, [this, most, &room] { return make_room(most, room); }};
    auto body = co_await exchange.read_body(most, std::move(unannounced));
    if (!body) {
        co_await send(exchange, body.error().code == Code::Unavailable ? full() : problem(body.error()));
        co_return std::nullopt;
    }
    if (room) room->keep(body->size());
    co_return std::move(*body);
}

net::Task<bool> Server::make_room(std::uint64_t bytes, std::optional<gateway::BodyBudget::Share>& room) {
    auto share = co_await gateway::room_in(services_.gateway.bodies(), bytes, kRoomPatience,
                                           "the upload of a request to the API");
    if (share) room.emplace(std::move(*share));
    co_return share.has_value();
}

}  // namespace steno::server
