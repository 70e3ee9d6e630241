#include "intercept/front.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "intercept/relay.hpp"
#include "intercept/unread.hpp"
#include "net/announced_length.hpp"
#include "net/byte_stream.hpp"
#include "providers/hosts.hpp"
#include "providers/provider.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace steno::intercept {

namespace {

constexpr std::uint16_t kHttps = 443;
/// Where an SDK of ours delivers the calls that it recorded.
constexpr std::string_view kDeliveries = "/api/v1/calls";
/// By which a front is known, on what it does not serve.
constexpr const char* kMark = "x-steno-run";
/// What is only passed on ends when one of its ends says so.
constexpr net::TunnelLimits kUntouched{.idle = std::chrono::hours(24 * 30),
                                       .write_stall = std::chrono::hours(24 * 30),
                                       .half_closed = std::chrono::hours(24)};
/// Many more than a program needs of this one; a program with many may have many connections.
net::ServerOptions http_options() {
    net::ServerOptions options;
    options.idle = std::chrono::minutes(10);
    options.body_stall = std::chrono::minutes(10);
    options.write_stall = std::chrono::minutes(10);
    options.max_head_bytes = 256 * 1024;
    return options;
}

/// Without the mark: for whoever is not let in this is no run.
net::Task<void> refuse_stranger(net::ServerExchange& exchange) {
    constexpr std::string_view kWhy =
        "This is `steno run`, for the program that it runs and its user. This connection is another user's, "
        "or nobody can see whose it is.\n";
    net::ResponseHead forbidden{.status = 403, .reason = {}, .headers = {}};
    forbidden.headers.add("Content-Type", "text/plain; charset=utf-8");
    // A body is not looked at: the connection closes behind the answer.
    const bool bodiless = (co_await exchange.read_body(0)).has_value();
    (void)co_await exchange.respond(forbidden, kWhy);
    if (bodiless) exchange.abort();
}

net::Task<void> pass_on(net::ServerExchange& exchange, std::unique_ptr<net::ByteStream> upstream) {
    const auto client = net::take_connection(exchange);
    co_await net::tunnel(*client, *upstream, kUntouched,
                         [](net::Side, std::string_view) -> net::Task<void> { co_return; });
}

}  // namespace

std::string gateway_target(std::string_view host, std::string_view target) {
    const std::string_view name = providers::upstream_of_host(host);
    if (name.empty()) return {};
    const auto usual = net::BaseUrl::parse(providers::find_provider(name).default_url);
    // A signature of AWS's covers the host, so that must stay.
    if (usual && name != "bedrock" && equals_ignoring_case(usual->endpoint.host, host) &&
        target.starts_with(usual->path + "/")) {
        return fmt::format("/{}{}", name, target.substr(usual->path.size()));
    }
    return fmt::format("/{}@{}{}", name, lower_case(host), target);
}

Front::Front(net::Loops& loops, net::HttpClient& client, FrontOptions options)
    : loops_(loops),
      client_(client),
      options_(std::move(options)),
      http_(loops, http_options(), [this](net::ServerExchange& exchange) { return serve(exchange); }) {}

Front::~Front() {
    stop(std::chrono::milliseconds(0));
}

Result<void> Front::listen() {
    if (!sees_peers()) {
        return fail(Code::FailedPrecondition,
                    "/proc/net/tcp cannot be read, so nobody could say whose calls come here", "mount /proc");
    }
    return http_.listen({"127.0.0.1", 0});
}

std::string Front::url() const {
    return fmt::format("http://127.0.0.1:{}", http_.port());
}

std::vector<Front::PassedOn> Front::passed_on() const {
    const std::lock_guard lock(mutex_);
    auto all = passed_on_;
    for (const Whose& whose : closed_) all.emplace(whose, Noted{Reason::GivenUp, 1});
    std::vector<PassedOn> list;
    for (const auto& [whose, noted] : all)
        list.push_back({whose.first, whose.second, noted.reason, noted.times});
    return list;
}

void Front::note(const Whose& whose, Reason reason) {
    const std::lock_guard lock(mutex_);
    Noted& noted = passed_on_.try_emplace(whose, Noted{reason, 0}).first->second;
    // That one was refused holds for the run; the other reasons are of one connection.
    if (reason == Reason::NotTrusted) noted.reason = reason;
    ++noted.times;
}

void Front::note_handshake(const Whose& whose, std::optional<Code> failure) {
    if (failure == Code::DeadlineExceeded || failure == Code::Cancelled) return;
    bool refused = failure == Code::PermissionDenied;
    {
        const std::lock_guard lock(mutex_);
        if (!failure) {
            closed_.erase(whose);
        } else if (!refused) {
            // A program may give a connection up for many reasons; twice in a row, it is us.
            refused = !closed_.insert(whose).second;
        }
    }
    if (refused) note(whose, Reason::NotTrusted);
}

bool Front::is_own(const net::Endpoint& to) const {
    return to.port == http_.port() && to.is_loopback();
}

bool Front::may_look_into(const net::Endpoint& to) const {
    return options_.authority != nullptr && to.port == kHttps &&
           !providers::upstream_of_host(to.host).empty();
}

std::optional<Front::Reason> Front::own_trust(const Program& program) const {
    if (program.trust == Program::Trust::Libcurl) return Reason::OwnTrust;
    if (program.trust == Program::Trust::Java && !options_.java) return Reason::Java;
    return std::nullopt;
}

bool Front::was_refused_by(const Whose& whose) const {
    const std::lock_guard lock(mutex_);
    const auto found = passed_on_.find(whose);
    return found != passed_on_.end() && found->second.reason == Reason::NotTrusted;
}

Result<net::TlsIdentity> Front::identity(const std::string& host) {
    const std::lock_guard lock(mutex_);
    if (const auto found = identities_.find(host); found != identities_.end()) return found->second;
    STENO_ASSIGN(const Authority::Identity made, options_.authority->identity_for(host));
    STENO_ASSIGN(net::TlsIdentity identity, net::TlsIdentity::make(made.chain, made.key));
    return identities_.emplace(host, std::move(identity)).first->second;
}

net::Task<Peer> Front::meet(net::ServerExchange& exchange, Look look) {
    const auto client = net::Endpoint::parse(exchange.peer());
    if (!client) co_return Peer{};
    Peer peer = co_await net::blocking_value(
        loops_, [from = *client, at = http_.port(), look] { return peer_at(from, at, look); });
    exchange.is_known() = peer.may_use_run;
    co_return peer;
}

net::Task<void> Front::serve(net::ServerExchange& exchange) {
    const net::RequestHead& head = exchange.head();
    // What is inside of a connection came by a CONNECT, which was let in.
    if (const net::Endpoint* const host = net::intercepted_target(exchange); host != nullptr) {
        std::string target = gateway_target(host->host, head.target);
        if (head.method == "CONNECT" || !head.target.starts_with('/')) target.clear();
        co_await relay(exchange, std::move(target));
        co_return;
    }
    const net::Endpoint* const to = net::proxy_target(exchange);
    const bool connect = to != nullptr && head.method == "CONNECT";
    const Look look = connect && may_look_into(*to) ? Look::Program : Look::User;
    Peer peer{.may_use_run = exchange.is_known(), .program = {}};
    if (!peer.may_use_run || look == Look::Program) peer = co_await meet(exchange, look);
    if (!peer.may_use_run) {
        co_await refuse_stranger(exchange);
        co_return;
    }
    if (connect) {
        co_await serve_connect(exchange, *to, std::move(peer.program));
        co_return;
    }
    if (to != nullptr && !is_own(*to)) {
        co_await pass_on_request(exchange, *to);
        co_return;
    }
    // A page in a browser can be made to believe that its own host is here; its name tells it (DNS
    // rebinding). And this is for AI calls, /NAME/…: what answers questions about the record is the server.
    const auto named = net::Endpoint::parse(head.headers.get("host").value_or(""));
    const std::string_view path = head.path();
    // A page cannot deliver calls either: a browser tells where it is from.
    const bool delivery = head.method == "POST" && path == kDeliveries && !head.headers.has("origin");
    const bool for_us = named && is_own(*named) && path.find('/', 1) != std::string_view::npos &&
                        (delivery || !path.starts_with("/api/"));
    co_await relay(exchange, for_us ? head.target : std::string());
}

net::Task<void> Front::serve_connect(net::ServerExchange& exchange, net::Endpoint to, Program program) {
    if (may_look_into(to)) {
        const Whose whose{lower_case(to.host), program.name};
        const auto reason = was_refused_by(whose) ? Reason::NotTrusted : own_trust(program);
        if (!reason) {
            co_await intercept(exchange, std::move(to), program.name);
            co_return;
        }
        note(whose, *reason);
    }
    co_await pass_on_connect(exchange, std::move(to));
}

net::Task<void> Front::pass_on_connect(net::ServerExchange& exchange, net::Endpoint to) {
    auto upstream = co_await net::connect_to(to, options_.connect_timeout, proxy_for(to));
    if (!upstream) {
        co_await exchange.respond({.status = 502, .reason = {}, .headers = {}},
                                  upstream.error().message + "\n");
        co_return;
    }
    if (auto accepted = co_await net::accept_connect(exchange); !accepted) co_return;
    co_await pass_on(exchange, std::move(*upstream));
}

net::Task<void> Front::intercept(net::ServerExchange& exchange, net::Endpoint to,
                                 const std::string& program) {
    const std::string host = lower_case(to.host);
    const Whose whose{host, program};
    if (auto accepted = co_await net::accept_connect(exchange); !accepted) co_return;
    const auto speaks = co_await net::look_at_client(exchange);
    if (!speaks) {
        exchange.abort();
        co_return;
    }
    if (*speaks == net::Speaks::Http11OverTls) {
        const auto own = identity(host);
        if (!own) {
            log::warning("{}: {}", host, own.error().message);
            exchange.abort();
            co_return;
        }
        const auto begun = co_await net::terminate_tls(exchange, *own);
        note_handshake(whose, begun ? std::nullopt : std::optional(begun.error().code));
        co_return;
    }
    note(whose, Reason::NotHttp1);
    auto upstream = co_await net::connect_to(to, options_.connect_timeout, proxy_for(to));
    if (!upstream) {
        exchange.abort();
        co_return;
    }
    co_await pass_on(exchange, std::move(*upstream));
}

net::Task<void> Front::pass_on_request(net::ServerExchange& exchange, net::Endpoint to) {
    auto upstream = co_await net::connect_to(to, options_.connect_timeout);
    if (!upstream) {
        co_await exchange.respond({.status = 502, .reason = {}, .headers = {}},
                                  upstream.error().message + "\n");
        co_return;
    }
    if (auto sent = co_await (*upstream)->write(net::head_for_target(exchange)); !sent) {
        exchange.abort();
        co_return;
    }
    co_await pass_on(exchange, std::move(*upstream));
}

std::optional<Front::Destination> Front::destination_of(std::string_view target) const {
    const std::size_t slash = std::min(target.find('/', 1), target.size());
    const std::string_view name = target.substr(1, slash - 1);
    std::string rest(target.substr(slash));
    if (const std::size_t at = name.find('@'); at != std::string_view::npos) {
        // As the gateway leads them: only hosts that are their provider's.
        const std::string_view host = name.substr(at + 1);
        if (providers::upstream_of_host(host) != name.substr(0, at)) return std::nullopt;
        return Destination{{.tls = true, .endpoint = {std::string(host), kHttps}, .path = {}},
                           std::move(rest)};
    }
    if (!options_.upstream_of) return std::nullopt;
    auto url = options_.upstream_of(name);
    if (!url) return std::nullopt;
    return Destination{std::move(*url), std::move(rest)};
}

const net::Proxy* Front::proxy_for(const net::Endpoint& to) const {
    return options_.proxy && options_.proxy->is_for(to) ? &*options_.proxy : nullptr;
}

net::Task<void> Front::relay(net::ServerExchange& exchange, std::string target) {
    if (target.empty()) {
        net::ResponseHead nothing{.status = 404, .reason = {}, .headers = {}};
        nothing.headers.add(kMark, "1");
        co_await exchange.respond(nothing,
                                  "This is `steno run`, for the AI calls of the program that it runs.\n");
        co_return;
    }
    const bool delivery = std::string_view(target).substr(0, target.find('?')) == kDeliveries;
    const std::uint64_t most = delivery ? options_.max_delivery_bytes : options_.max_body_bytes;
    if (!delivery && net::announced_length(exchange.head().headers).value_or(0) > most) {
        if (const auto to = destination_of(target)) {
            note({to->url.endpoint.host, ""}, Reason::TooLarge);
            co_await pass_on_unread(exchange, client_, to->url, to->rest, options_.connect_timeout);
            co_return;
        }
    }
    net::RequestHead head = exchange.head();
    head.target = options_.server.path + target;
    Relay relay(exchange, client_, options_.server, most);
    co_await relay.run(std::move(head), options_.headers);
}

bool front_answers(std::string_view url) {
    const auto at = net::BaseUrl::parse(url);
    if (!at) return false;
    constexpr std::chrono::seconds kPatience{2};
    const auto answer = net::fetch(*at, {}, {}, {kPatience, kPatience, kPatience}, 64 * 1024);
    return answer && answer->head.headers.has(kMark);
}

}  // namespace steno::intercept
