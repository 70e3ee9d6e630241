#include "net/interception.hpp"

#include "base/text.hpp"
#include "net/client_connection.hpp"
#include "net/server_connection.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace steno::net {

namespace {

/// More than any client says before it is answered.
constexpr std::size_t kMaxClientHello = 64 * 1024;
constexpr std::chrono::seconds kHandshake{20};
/// A connection that is only passed on may rest as long as its ends like; this side has no opinion.
constexpr std::chrono::hours kWriteStall{24};

ServerConnection& connection_of(ServerExchange& exchange) {
    return dynamic_cast<ServerConnection&>(exchange);
}
const ServerConnection& connection_of(const ServerExchange& exchange) {
    return dynamic_cast<const ServerConnection&>(exchange);
}

}  // namespace

Result<TlsIdentity> TlsIdentity::make(std::string_view chain, std::string_view key) {
    TlsIdentity identity;
    STENO_ASSIGN(identity.context_, TlsServerContext::make(chain, key));
    return identity;
}

const Endpoint* proxy_target(const ServerExchange& exchange) {
    const auto& target = connection_of(exchange).proxy_target();
    return target ? &*target : nullptr;
}

const Endpoint* intercepted_target(const ServerExchange& exchange) {
    const auto& target = connection_of(exchange).intercepted();
    return target ? &*target : nullptr;
}

Task<Result<void>> accept_connect(ServerExchange& exchange) {
    co_return co_await connection_of(exchange).accept_connect();
}

Task<Result<Speaks>> look_at_client(ServerExchange& exchange) {
    STENO_CO_ASSIGN(const ClientHello hello, co_await connection_of(exchange).peek_client_hello());
    if (hello.kind != ClientHello::Kind::Tls) co_return Speaks::Other;
    const bool fits =
        hello.protocols.empty() || std::ranges::find(hello.protocols, "http/1.1") != hello.protocols.end();
    co_return fits ? Speaks::Http11OverTls : Speaks::OtherOverTls;
}

Task<Result<void>> terminate_tls(ServerExchange& exchange, const TlsIdentity& identity) {
    co_return co_await connection_of(exchange).terminate_tls(identity.context());
}

std::unique_ptr<ByteStream> take_connection(ServerExchange& exchange) {
    return connection_of(exchange).take_connection();
}

std::string head_for_target(const ServerExchange& exchange) {
    return connection_of(exchange).head_for_target();
}

Task<Result<std::unique_ptr<ByteStream>>> connect_to(Endpoint to, std::chrono::milliseconds within,
                                                     const Proxy* proxy) {
    // Of no use to another exchange, so it has a pool of its own.
    const boost::intrusive_ptr<ClientConnection> connection(
        new ClientConnection(*Loop::current(), std::make_shared<HostPool>()));
    const BaseUrl url{.tls = false, .endpoint = std::move(to), .path = {}};
    STENO_CO_TRY(co_await connection->connect(url, nullptr, within, proxy));
    co_return std::make_unique<ByteStream>(*connection, kWriteStall);
}

Task<Result<void>> ServerConnection::accept_connect() {
    if (head_sent_) co_return fail(Code::FailedPrecondition, "this request has been answered already");
    output().append("HTTP/1.1 200 Connection established\r\n\r\n");
    head_sent_ = finished_ = keep_alive_ = body_done_ = true;
    co_return co_await flush_answer();
}

Task<Result<ClientHello>> ServerConnection::peek_client_hello() {
    set_input_limit(kMaxClientHello);
    const std::int64_t deadline = Loop::in(kHandshake);
    ClientHello hello = read_client_hello(input());
    while (hello.kind == ClientHello::Kind::Unfinished) {
        if (!co_await more_input(deadline, Late::Tell)) {
            if (ended() != End::None || (peer_closed() && input().empty()))
                co_return std::unexpected(ending("the client"));
            hello.kind = ClientHello::Kind::Other;
            break;
        }
        hello = read_client_hello(input());
    }
    set_input_limit(server_->options.max_head_bytes + 4096);
    co_return hello;
}

Task<Result<void>> ServerConnection::terminate_tls(const TlsServerContext& context) {
    auto early = std::string(input());
    consume(input().size());
    use_tls(
        std::make_unique<TlsStream>(context, static_cast<int>(socket().native_handle()), std::move(early)));
    const std::int64_t deadline = Loop::in(kHandshake);
    for (;;) {
        const TlsStream::Step step = tls()->handshake();
        if (step == TlsStream::Step::Done) break;
        if (step == TlsStream::Step::Closed || step == TlsStream::Step::Failed) {
            Error error{tls()->alerted() ? Code::PermissionDenied : Code::Unavailable,
                        "the client does not accept the certificate: " + tls()->failure()};
            end(End::Cancelled);
            co_return std::unexpected(std::move(error));
        }
        wake_when(step == TlsStream::Step::WantRead ? Socket::wait_read : Socket::wait_write);
        while (!socket_ready() && ended() == End::None) co_await wait(deadline);
        if (ended() != End::None) co_return std::unexpected(ending("the client"));
    }
    set_deadline(0);
    intercepted_ = proxy_target_;
    co_return Result<void>{};
}

std::unique_ptr<ByteStream> ServerConnection::take_connection() {
    head_sent_ = finished_ = upgraded_ = true;
    on_gone_ = nullptr;
    return std::make_unique<ByteStream>(*this, kWriteStall);
}

std::string ServerConnection::head_for_target() const {
    std::string head =
        fmt::format("{} {} HTTP/1.{}\r\n", head_.method, head_.target, parser_->version() % 10);
    for (const auto& [name, value] : head_.headers) {
        const bool of_the_proxy = equals_ignoring_case(name, "connection") ||
                                  equals_ignoring_case(name, "keep-alive") ||
                                  equals_ignoring_case(std::string_view(name).substr(0, 6), "proxy-");
        if (!of_the_proxy) head.append(name).append(": ").append(value).append("\r\n");
    }
    return head.append("Connection: close\r\n\r\n");
}

}  // namespace steno::net
