#include "net/client_connection.hpp"

#include "base/text.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <sys/socket.h>
#include <sys/un.h>

namespace steno::net {
namespace {

constexpr std::uint32_t kMaxHead = 256 * 1024;
constexpr int kMaxInterim = 256;  ///< answers of the 1xx kind before the real one
/// Requests up to this size leave as one piece (one TLS record, one copy).
constexpr std::size_t kCopy = 8 * 1024;
/// A connection that rested longer is looked at before it is used: its end may have arrived in this very
/// turn.
constexpr std::int64_t kLookAfter = 1'000'000'000;

}  // namespace

boost::intrusive_ptr<ClientConnection> HostPool::take() {
    while (!idle.empty()) {
        const boost::intrusive_ptr<ClientConnection> connection = std::move(idle.back());
        idle.pop_back();
        if (connection->awaken()) return connection;
        connection->close();
    }
    return nullptr;
}

void HostPool::give(boost::intrusive_ptr<ClientConnection> connection) {
    if (idle.size() >= limit || connection->gone() || connection->loop().stopping) return connection->close();
    const std::chrono::seconds time = std::min(idle_time, connection->peer_idle_time.value_or(idle_time));
    idle.push_back(connection);
    connection->rest(Loop::in(time));
}

void HostPool::forget(const ClientConnection& connection) {
    std::erase_if(idle, [&](const auto& other) { return other.get() == &connection; });
}

void HostPool::close_all() {
    limit = 0;
    for (const auto& connection : std::exchange(idle, {})) connection->close();
}

void LoopPool::close_all() {
    for (const auto& [key, pool] : hosts) pool->close_all();
}

void ClientConnection::rest(std::int64_t deadline) {
    resting_ = true;
    rested_since_ = Loop::now();
    set_deadline(deadline);
    start_read();
    if (gone() || !input().empty()) {
        resting_ = false;
        pool_->forget(*this);
        close();
    }
}

bool ClientConnection::awaken() {
    resting_ = false;
    set_deadline(0);
    if (gone() || !input().empty()) return false;
    if (Loop::now() - rested_since_ < kLookAfter || tls() != nullptr) return true;
    char byte = 0;
    return ::recv(socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

void ClientConnection::on_input() {
    if (!resting_) return wake();
    // An upstream that says something unasked, or closes. The handler that called this holds the connection.
    resting_ = false;
    pool_->forget(*this);
    close();
}

void ClientConnection::on_deadline() {
    if (attempt_may_fail_) {
        attempt_failed_ = true;
        close();
        return wake_later();
    }
    if (!resting_) return Connection::on_deadline();
    resting_ = false;
    const boost::intrusive_ptr<ClientConnection> self(this);
    pool_->forget(*this);
    close();
}

Task<Result<void>> ClientConnection::connect(const BaseUrl& to, TlsContext* tls,
                                             std::chrono::milliseconds within, const Proxy* proxy) {
    const std::int64_t deadline = Loop::in(within);
    server_ = to.endpoint.to_string();
    const Endpoint& first = proxy != nullptr ? proxy->at : to.endpoint;
    auto explain = [&](Error error) {
        if (ended() == End::Deadline) {
            error = {Code::DeadlineExceeded, fmt::format("no connection to {} within {} ms",
                                                         to.endpoint.to_string(), within.count())};
        } else if (ended() == End::Cancelled) {
            error = {Code::Cancelled, "cancelled"};
        }
        return std::unexpected(std::move(error));
    };
    set_deadline(deadline);
    if (auto resolved = co_await resolve(first); !resolved) co_return explain(std::move(resolved).error());
    if (auto connected = co_await connect_socket(first, deadline); !connected) {
        co_return explain(std::move(connected).error());
    }
    if (proxy != nullptr) {
        if (auto passed = co_await pass_proxy(to.endpoint, *proxy, deadline); !passed)
            co_return explain(std::move(passed).error());
    }
    if (tls != nullptr) {
        if (auto shaken = co_await shake_hands(to.endpoint, *tls, deadline); !shaken) {
            co_return explain(std::move(shaken).error());
        }
    }
    set_deadline(0);
    co_return Result<void>{};
}

Task<Result<void>> ClientConnection::resolve(const Endpoint& endpoint) {
    if (endpoint.is_unix()) {
        if (endpoint.host.size() >= sizeof(sockaddr_un::sun_path)) {
            co_return fail(Code::InvalidArgument,
                           fmt::format("the path of the socket is longer than {} bytes: {}",
                                       sizeof(sockaddr_un::sun_path) - 1, endpoint.host));
        }
        addresses_.emplace_back(asio::local::stream_protocol::endpoint(endpoint.host));
        co_return Result<void>{};
    }
    boost::system::error_code error;
    const asio::ip::address literal = asio::ip::make_address(endpoint.host, error);
    if (!error) {
        addresses_.emplace_back(asio::ip::tcp::endpoint(literal, endpoint.port));
        co_return Result<void>{};
    }
    // Always this machine (RFC 6761, section 6.3), whatever /etc/hosts and the name servers say.
    if (equals_ignoring_case(endpoint.host, "localhost")) {
        addresses_.emplace_back(asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), endpoint.port));
        addresses_.emplace_back(asio::ip::tcp::endpoint(asio::ip::address_v6::loopback(), endpoint.port));
        co_return Result<void>{};
    }
    // The system's look-up cannot be interrupted; a cancelled connect leaves it behind, with what it needs.
    struct LookUp {
        explicit LookUp(Loop& loop) : resolver(loop.context) {}
        asio::ip::basic_resolver<asio::ip::tcp, asio::io_context::executor_type> resolver;
        bool done = false;
    };
    const auto look_up = std::make_shared<LookUp>(loop());
    auto done = [self = boost::intrusive_ptr<ClientConnection>(this), look_up](
                    const boost::system::error_code& failure, const auto& found) {
        look_up->done = true;
        if (failure) self->addresses_.clear();
        for (const auto& entry : found) self->addresses_.emplace_back(entry.endpoint());
        self->wake();
    };
    look_up->resolver.async_resolve(endpoint.host, std::to_string(endpoint.port),
                                    asio::ip::resolver_base::numeric_service, std::move(done));
    while (!look_up->done && ended() == End::None) co_await wait(deadline_);
    if (ended() != End::None) co_return std::unexpected(ending(endpoint.host));
    if (addresses_.empty()) {
        co_return fail(Code::Unavailable, fmt::format("the host name {} cannot be resolved", endpoint.host),
                       "Check the URL and this machine's name service.");
    }
    co_return Result<void>{};
}

/// Not for the programs that this one starts meanwhile: Asio's own `open` would let them inherit it.
static void open_socket(auto& socket, const asio::generic::stream_protocol& protocol,
                        boost::system::error_code& error) {
    const int descriptor = ::socket(protocol.family(), SOCK_STREAM | SOCK_CLOEXEC, protocol.protocol());
    if (descriptor < 0) {
        error.assign(errno, boost::system::system_category());
        return;
    }
    socket.assign(protocol, descriptor, error);
    if (error) ::close(descriptor);
}

Task<Result<void>> ClientConnection::connect_socket(const Endpoint& endpoint, std::int64_t deadline) {
    std::string why;
    for (std::size_t i = 0; i < addresses_.size(); ++i) {
        const asio::generic::stream_protocol::endpoint& address = addresses_[i];
        boost::system::error_code error;
        close();
        open_socket(socket(), address.protocol(), error);
        if (!error) prepare_socket();
        if (!error && ::connect(socket().native_handle(), address.data(),
                                static_cast<socklen_t>(address.size())) != 0) {
            error.assign(errno, boost::system::system_category());
        }
        if (error == asio::error::in_progress) {
            // A silent address leaves the ones behind it their part of the time.
            const std::int64_t left = std::max<std::int64_t>(deadline - Loop::now(), 1);
            const auto untried = static_cast<std::int64_t>(addresses_.size() - i);
            attempt_may_fail_ = untried > 1;
            attempt_failed_ = false;
            wake_when(Socket::wait_write);
            const std::int64_t until = attempt_may_fail_ ? Loop::now() + left / untried : deadline;
            while (!socket_ready() && !attempt_failed_ && ended() == End::None) co_await wait(until);
            attempt_may_fail_ = false;
            if (ended() != End::None) break;
            if (attempt_failed_) {
                why = "no answer";
                continue;
            }
            int pending = 0;
            socklen_t size = sizeof pending;
            ::getsockopt(socket().native_handle(), SOL_SOCKET, SO_ERROR, &pending, &size);
            error.assign(pending, boost::system::system_category());
        }
        if (!error) co_return Result<void>{};
        why = error.message();
    }
    co_return fail(Code::Unavailable, fmt::format("cannot connect to {}: {}", endpoint.to_string(), why),
                   "Check that it runs and that its URL is right.");
}

Task<Result<void>> ClientConnection::pass_proxy(const Endpoint& to, const Proxy& proxy,
                                                std::int64_t deadline) {
    set_input_limit(kMaxHead);
    output() = proxy.request_for(to);
    ResponseHead head;
    wire::ResponseParser parser(kMaxHead, head);
    parser.skip(true);  // what follows a success is the target's
    STENO_CO_TRY(co_await flush({}, std::chrono::nanoseconds(deadline - Loop::now())));
    while (!parser.is_header_done()) {
        if (!co_await more_input(deadline)) co_return std::unexpected(ending("the proxy"));
        wire::error_code error;
        consume(parser.put({input().data(), input().size()}, error));
        if (error && error != wire::http::error::need_more) {
            co_return fail(Code::Unavailable,
                           fmt::format("what is at {} is no HTTP proxy", proxy.at.to_string()));
        }
    }
    if (head.status / 100 != 2) {
        co_return fail(Code::Unavailable,
                       fmt::format("the proxy {} does not connect to {}: it answers {}", proxy.at.to_string(),
                                   to.to_string(), head.status),
                       head.status == 407 ? "It wants a name and a password: http://NAME:PASSWORD@HOST:PORT."
                                          : "Ask whoever runs the proxy, or exempt the host (no_proxy).");
    }
    co_return Result<void>{};
}

Task<Result<void>> ClientConnection::shake_hands(const Endpoint& endpoint, const TlsContext& tls_context,
                                                 std::int64_t deadline) {
    use_tls(std::make_unique<TlsStream>(tls_context, static_cast<int>(socket().native_handle()),
                                        endpoint.host, pool_->resumption));
    for (;;) {
        const TlsStream::Step step = tls()->handshake();
        if (step == TlsStream::Step::Done) co_return Result<void>{};
        if (step == TlsStream::Step::Closed || step == TlsStream::Step::Failed) {
            co_return fail(Code::Unavailable,
                           fmt::format("no TLS connection to {}: {}", endpoint.to_string(), tls()->failure()),
                           "Check the URL; for a private certificate authority name its file (ca_file).");
        }
        wake_when(step == TlsStream::Step::WantRead ? Socket::wait_read : Socket::wait_write);
        while (!socket_ready() && ended() == End::None) co_await wait(deadline);
        if (ended() != End::None) co_return std::unexpected(ending(endpoint.host));
    }
}

PooledExchange::~PooledExchange() {
    if (done_ && !given_back_) complete();
    if (!given_back_) connection_->close();
}

std::optional<std::uint64_t> PooledExchange::content_length() const {
    if (framing_ == wire::Framing::None) return 0;
    if (framing_ != wire::Framing::Length) return std::nullopt;
    return parser_->content_length().value_or(0);
}

Error PooledExchange::broken_answer(std::string_view words) {
    connection_->end(Connection::End::Cancelled);
    return {Code::Unavailable,
            fmt::format("the answer of {} is not valid HTTP/1.1 ({})", connection_->server(), words)};
}

Task<Result<void>> PooledExchange::send_request(const BaseUrl& to, const RequestHead& head,
                                                std::string_view body) {
    connection_->set_input_limit(kMaxHead + 4096);
    std::string& output = connection_->output();
    output.clear();
    wire::append_request(output, head, to.host_header(), body.size(),
                         upgrading_ ? "Connection: Upgrade\r\n" : "");
    if (body.size() <= kCopy) {
        output.append(body);
        body = {};
    }
    connection_->start_read();
    if (body.empty() && connection_->flushed_at_once()) {
        request_sent_ = true;
        co_return Result<void>{};
    }
    const auto sent = co_await connection_->flush(body, deadlines_.idle, Connection::Early::Stop);
    // An answer that is there before the request was taken (a refusal) is an answer; the connection is used
    // up.
    request_sent_ = sent.has_value();
    if (sent || !connection_->input().empty()) co_return Result<void>{};
    co_return sent;
}

Task<Result<void>> PooledExchange::read_head(std::string_view method) {
    const std::int64_t deadline = Loop::in(deadlines_.first_byte);
    for (int interim = 0;; ++interim) {
        if (interim > kMaxInterim) co_return std::unexpected(broken_answer("it is announced without end"));
        head_ = {};
        parser_.emplace(kMaxHead, head_);
        if (method == "HEAD") parser_->skip(true);
        while (!parser_->is_header_done()) {
            if (!connection_->input().empty()) {
                answer_begun_ = true;
                wire::error_code error;
                const std::string_view input = connection_->input();
                connection_->consume(parser_->put({input.data(), input.size()}, error));
                if (error && error != wire::http::error::need_more) {
                    co_return std::unexpected(broken_answer(error.message()));
                }
                if (parser_->is_header_done()) break;
            }
            if (co_await connection_->more_input(deadline)) continue;
            if (!connection_->gone()) co_return std::unexpected(broken_answer("its head is too large"));
            if (connection_->ended() == Connection::End::Deadline) {
                co_return fail(Code::DeadlineExceeded,
                               fmt::format("no answer within {} ms", deadlines_.first_byte.count()));
            }
            co_return std::unexpected(connection_->ending(connection_->server()));
        }
        if (head_.status == 101 && upgrading_) break;
        if (head_.status == 101) co_return std::unexpected(broken_answer("it switches protocols unasked"));
        if (head_.status >= 200) break;
    }
    settle_framing(method);
    co_return Result<void>{};
}

void PooledExchange::settle_framing(std::string_view method) {
    keep_alive_ = request_sent_ && parser_->keep_alive();
    if (method == "HEAD" || head_.status == 101 || head_.status == 204 || head_.status == 304) {
        framing_ = wire::Framing::None;
    } else if (parser_->chunked()) {
        framing_ = wire::Framing::Chunked;
    } else if (head_.headers.has("transfer-encoding")) {
        framing_ = wire::Framing::UntilClose;
    } else if (parser_->content_length()) {
        framing_ = wire::Framing::Length;
        body_left_ = *parser_->content_length();
    } else {
        framing_ = wire::Framing::UntilClose;
    }
    if (framing_ == wire::Framing::UntilClose) keep_alive_ = false;
    done_ = framing_ == wire::Framing::None || (framing_ == wire::Framing::Length && body_left_ == 0);
    if (const auto text = head_.headers.get("keep-alive")) {
        // "timeout=5": one second less, so that it does not close while we write.
        for (const std::string_view part : split(*text, ',')) {
            if (!part.starts_with("timeout=")) continue;
            int seconds = 0;
            std::from_chars(part.data() + 8, part.data() + part.size(), seconds);
            connection_->peer_idle_time = std::chrono::seconds(std::max(seconds - 1, 0));
        }
    }
}

Result<std::string_view> PooledExchange::take(std::size_t max) {
    const std::string_view input = connection_->input();
    switch (framing_) {
        case wire::Framing::None:
            return std::string_view{};
        case wire::Framing::UntilClose: {
            const std::string_view piece = input.substr(0, max);
            connection_->consume(piece.size());
            return piece;
        }
        case wire::Framing::Length: {
            const std::string_view piece =
                input.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(max, body_left_)));
            connection_->consume(piece.size());
            body_left_ -= piece.size();
            done_ = body_left_ == 0;
            return piece;
        }
        case wire::Framing::Chunked:
            break;
    }
    std::string_view piece;
    wire::error_code error;
    connection_->consume(
        parser_->decode_chunks(connection_->input_data(), std::min(input.size(), max), piece, error));
    if (error) return std::unexpected(broken_answer(error.message()));
    done_ = parser_->is_done();
    return piece;
}

std::unique_ptr<ByteStream> PooledExchange::take_stream() {
    given_back_ = true;
    return std::make_unique<ByteStream>(*connection_, deadlines_.idle);
}

void PooledExchange::complete() {
    if (std::exchange(given_back_, true)) return;
    if (!keep_alive_ || !connection_->input().empty()) return connection_->close();
    connection_->pool().give(connection_);
}

Task<Result<std::string_view>> PooledExchange::read_some(std::size_t max) {
    if (max == 0) co_return fail(Code::InvalidArgument, "a read of no bytes");
    if (connection_->ended() == Connection::End::Cancelled && !given_back_) {
        co_return fail(Code::Cancelled, "cancelled");
    }
    for (;;) {
        if (!done_) {
            STENO_CO_ASSIGN(const std::string_view piece, take(max));
            if (!piece.empty()) co_return piece;
        }
        if (done_) {
            complete();
            co_return std::string_view{};
        }
        if (co_await connection_->more_input(Loop::in(deadlines_.idle))) continue;
        switch (connection_->ended()) {
            case Connection::End::Deadline:
                co_return fail(Code::DeadlineExceeded,
                               fmt::format("{} was silent for {} ms inside its answer", connection_->server(),
                                           deadlines_.idle.count()));
            case Connection::End::Cancelled:
                co_return fail(Code::Cancelled, "cancelled");
            case Connection::End::Broken:
                co_return std::unexpected(connection_->ending(connection_->server()));
            case Connection::End::None:
                break;
        }
        if (!connection_->peer_closed()) {
            co_return std::unexpected(broken_answer("a chunk has an endless head"));
        }
        if (framing_ == wire::Framing::UntilClose) {
            done_ = true;
            continue;
        }
        co_return fail(Code::Unavailable, connection_->server() + " cut its answer short");
    }
}

}  // namespace steno::net
