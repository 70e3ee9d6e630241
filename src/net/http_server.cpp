#include "net/http_server.hpp"

#include "base/log.hpp"
#include "net/server_connection.hpp"
#include "net/unix_listener.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/post.hpp>

#include <cerrno>
#include <cstring>
#include <functional>
#include <latch>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace steno::net {
namespace {

using Acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol, asio::io_context::executor_type>;

constexpr std::chrono::milliseconds kAcceptPause{100};
constexpr std::chrono::seconds kStopPatience{5};
constexpr std::string_view kFull =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Type: text/plain\r\nContent-Length: 36\r\n"
    "Connection: close\r\n\r\nToo many connections; try it later.\n";

/// A descriptor on its way to the loop that will own it.
struct Descriptor {
    explicit Descriptor(int its_number) : number(its_number) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (number >= 0) ::close(number);
    }
    int release() { return std::exchange(number, -1); }
    int number;
};

std::string name_of(const sockaddr_storage& address, socklen_t size) {
    if (address.ss_family == AF_UNIX) return "unix";
    char host[NI_MAXHOST];
    char port[NI_MAXSERV];
    if (::getnameinfo(reinterpret_cast<const sockaddr*>(&address), size, host, sizeof host, port, sizeof port,
                      NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        return "unknown";
    }
    return std::strchr(host, ':') != nullptr ? fmt::format("[{}]:{}", host, port)
                                             : fmt::format("{}:{}", host, port);
}

std::uint16_t port_of(int socket) {
    sockaddr_storage bound{};
    socklen_t size = sizeof bound;
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &size);
    return ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(bound).sin6_port
                                             : reinterpret_cast<sockaddr_in&>(bound).sin_port);
}

asio::generic::stream_protocol protocol_of(int family) {
    return {family, family == AF_UNIX ? 0 : IPPROTO_TCP};
}

struct Listening {
    int socket;
    int family;
};

Result<Listening> open_listener(const Endpoint& endpoint) {
    addrinfo hints{};
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int looked =
        ::getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &found);
    if (looked != 0) {
        return fail(Code::InvalidArgument,
                    fmt::format("the address {} is not known: {}", endpoint.host, ::gai_strerror(looked)),
                    "Listen on an address of this machine, such as 127.0.0.1:8787.");
    }
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
    Descriptor socket(::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (socket.number < 0) return fail(Code::Unavailable, std::string("no socket: ") + std::strerror(errno));
    const int on = 1;
    ::setsockopt(socket.number, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(socket.number, found->ai_addr, found->ai_addrlen) != 0 || ::listen(socket.number, 4096) != 0) {
        const int why = errno;
        return fail(
            why == EADDRINUSE ? Code::Unavailable : Code::InvalidArgument,
            fmt::format("cannot listen on {}: {}", endpoint.to_string(), std::strerror(why)),
            why == EADDRINUSE
                ? fmt::format("Stop the program that listens there (`ss -ltnp 'sport = :{}'` names it), or "
                              "choose another port.",
                              endpoint.port)
                : "Choose an address of this machine and a port that you may use.");
    }
    return Listening{socket.release(), found->ai_family};
}

/// A connection's place among those that a stop reaches; whatever ends it, it closes and is taken out.
class Registration {
  public:
    Registration(std::unordered_set<ServerConnection*>& open, ServerConnection& connection)
        : open_(open), connection_(connection) {
        open_.insert(&connection_);
    }
    ~Registration() {
        open_.erase(&connection_);
        connection_.close();
    }
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;

  private:
    std::unordered_set<ServerConnection*>& open_;
    ServerConnection& connection_;
};

Task<void> serve_socket(std::shared_ptr<ServerState> state, std::shared_ptr<Descriptor> descriptor,
                        int family, std::string peer) {
    Loop& loop = *Loop::current();
    const boost::intrusive_ptr<ServerConnection> connection(
        new ServerConnection(loop, state, std::move(peer)));
    boost::system::error_code error;
    connection->socket().assign(protocol_of(family), descriptor->number, error);
    if (!error) {
        descriptor->release();
        connection->prepare_socket();
        const Registration registration(state->open[loop.index], *connection);
        if (!state->stopping && !loop.stopping) co_await connection->serve();
    }
}

}  // namespace

struct HttpServer::Impl : std::enable_shared_from_this<Impl> {
    Impl(Loops& loops, ServerOptions options, ServerHandler handler)
        : state(std::make_shared<ServerState>(loops, options, std::move(handler))) {}

    [[nodiscard]] Loop& accepting_loop() const { return *state->loops.impl().loops.front(); }

    /// One address that is listened on. Touched by the first loop, once it runs.
    struct Listener {
        explicit Listener(Loop& loop) : acceptor(loop.context), pause_timer(loop.context) {}
        Acceptor acceptor;  ///< closed: no more
        asio::steady_timer pause_timer;
    };

    void accept_when_ready(const std::shared_ptr<Listener>& at) {
        at->acceptor.async_wait(Acceptor::wait_read,
                                [self = shared_from_this(), at](boost::system::error_code error) {
                                    if (!error && at->acceptor.is_open()) self->accept_some(at);
                                });
    }

    void accept_some(const std::shared_ptr<Listener>& at) {
        // Some at a time, so that a flood of connections leaves this loop's own ones their turn.
        for (int i = 0; i < 64; ++i) {
            sockaddr_storage address{};
            socklen_t size = sizeof address;
            auto descriptor = std::make_shared<Descriptor>(::accept4(at->acceptor.native_handle(),
                                                                     reinterpret_cast<sockaddr*>(&address),
                                                                     &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
            if (descriptor->number < 0) {
                if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                    log::warning("cannot accept a connection: {}", std::strerror(errno));
                    return pause(at);
                }
                if (errno == EAGAIN || errno == EWOULDBLOCK) break;
                continue;  // that client went away meanwhile
            }
            if (state->count >= state->options.max_connections) {
                (void)::send(descriptor->number, kFull.data(), kFull.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
                ::shutdown(descriptor->number, SHUT_WR);
                continue;
            }
            ++state->count;
            Loops::Impl& loops = state->loops.impl();
            loops.spawn(
                loops.pick(-1),
                [state = state, descriptor, family = int{address.ss_family}, peer = name_of(address, size)] {
                    return serve_socket(state, descriptor, family, peer);
                },
                [state = state] {
                    const std::lock_guard lock(state->mutex);
                    --state->count;
                    state->one_ended.notify_all();
                });
        }
        accept_when_ready(at);
    }

    void pause(const std::shared_ptr<Listener>& at) {
        at->pause_timer.expires_after(kAcceptPause);
        at->pause_timer.async_wait([self = shared_from_this(), at](boost::system::error_code error) {
            if (!error && at->acceptor.is_open()) self->accept_some(at);
        });
    }

    /// Runs `action` once on each loop, and waits; here, when the loops do not run.
    void on_every_loop(const std::function<void(Loop&)>& action) const {
        Loops::Impl& loops = state->loops.impl();
        if (!loops.running()) {
            for (auto& loop : loops.loops) action(*loop);
            return;
        }
        std::latch done(static_cast<std::ptrdiff_t>(loops.loops.size()));
        for (auto& loop : loops.loops) {
            auto turn = [&action, &loop = *loop]() -> Task<void> {
                action(loop);
                co_return;
            };
            loops.spawn(*loop, turn, [&done] { done.count_down(); });
        }
        done.wait();
    }

    bool wait_for_none(std::chrono::milliseconds time) const {
        std::unique_lock lock(state->mutex);
        return state->one_ended.wait_for(lock, time, [&] { return state->count == 0; });
    }

    std::shared_ptr<ServerState> state;
    std::vector<std::shared_ptr<Listener>> listeners;  ///< touched by the first loop, once it runs
    std::vector<SocketFile> files;
    std::uint16_t port = 0;
};

HttpServer::HttpServer(Loops& loops, ServerOptions options, ServerHandler handler)
    : impl_(std::make_shared<Impl>(loops, options, std::move(handler))) {}

HttpServer::~HttpServer() {
    stop(std::chrono::milliseconds(0));
}

Result<void> HttpServer::listen(const Endpoint& endpoint) {
    Listening listening{-1, AF_UNIX};
    if (endpoint.is_unix()) {
        SocketFile file;
        STENO_ASSIGN(listening.socket, file.listen(endpoint.host));
        impl_->files.push_back(std::move(file));
    } else {
        if (impl_->port != 0) return fail(Code::FailedPrecondition, "this server listens already");
        STENO_ASSIGN(listening, open_listener(endpoint));
        impl_->port = port_of(listening.socket);
    }
    asio::post(impl_->accepting_loop().context, [impl = impl_, listening] {
        Descriptor socket(listening.socket);
        if (impl->state->stopping) return;
        const auto at = std::make_shared<Impl::Listener>(impl->accepting_loop());
        boost::system::error_code error;
        at->acceptor.assign(protocol_of(listening.family), socket.number, error);
        if (error) return log::error("cannot accept connections: {}", error.message());
        socket.release();
        impl->listeners.push_back(at);
        impl->accept_when_ready(at);
    });
    return {};
}

std::uint16_t HttpServer::port() const {
    return impl_->port;
}

std::size_t HttpServer::connections() const {
    return impl_->state->count;
}

void HttpServer::stop(std::chrono::milliseconds grace) {
    Impl& impl = *impl_;
    if (impl.state->stopping.exchange(true)) return;
    impl.files.clear();
    impl.on_every_loop([&](Loop& loop) {
        if (&loop == &impl.accepting_loop()) {
            for (const auto& listener : impl.listeners) {
                boost::system::error_code ignored;
                listener->acceptor.close(ignored);
                listener->pause_timer.cancel();
            }
            impl.listeners.clear();
        }
        for (ServerConnection* connection : impl.state->open[loop.index]) {
            if (!connection->in_exchange()) connection->end(Connection::End::Cancelled);
        }
    });
    if (impl.wait_for_none(grace)) return;
    impl.on_every_loop([&](Loop& loop) {
        for (ServerConnection* connection : impl.state->open[loop.index]) {
            connection->end(Connection::End::Cancelled);
        }
    });
    if (!impl.wait_for_none(kStopPatience)) {
        log::error("{} request handlers did not end when they were cut; leaving them", connections());
    }
}

}  // namespace steno::net
