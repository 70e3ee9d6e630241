#include "net/http_client.hpp"

#include "base/log.hpp"
#include "net/client_connection.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

#include <map>
#include <utility>
#include <vector>

namespace steno::net {
namespace {

/// Of a connection that is handed out; who uses it has limits of its own.
constexpr std::chrono::hours kWriteStall{24};

std::unexpected<ClientError> failed(ClientStage stage, Error error) {
    return std::unexpected(ClientError{std::move(error), stage});
}

/// Asking again may not be a second order: RFC 9110, section 9.2.2.
bool is_repeatable(std::string_view method) {
    return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

}  // namespace

struct CancelHandle::State {
    bool cancelled = false;
    ClientConnection* connection = nullptr;  ///< while a send uses it
};

CancelHandle::CancelHandle() : state_(std::make_shared<State>()) {}
CancelHandle::~CancelHandle() = default;
bool CancelHandle::cancelled() const {
    return state_->cancelled;
}

void CancelHandle::cancel() {
    state_->cancelled = true;
    if (state_->connection != nullptr) state_->connection->end(Connection::End::Cancelled);
}

struct HttpClient::Impl {
    Impl(Loops& its_loops, Options its_options) : loops(its_loops), options(std::move(its_options)) {
        for (unsigned i = 0; i < loops.size(); ++i) pools.push_back(std::make_shared<LoopPool>());
    }

    /// Made when it is first needed: reading the system's certificates takes tens of milliseconds.
    Result<std::shared_ptr<TlsContext>> tls() {
        const std::lock_guard lock(mutex);
        if (!tls_context) {
            STENO_ASSIGN(tls_context, TlsContext::make(options.ca_file));
        }
        return tls_context;
    }

    HostPool& host_pool(Loop& loop, const BaseUrl& to) {
        LoopPool& pool = *pools[loop.index];
        std::string key;
        key.reserve(to.endpoint.host.size() + 8);
        key.append(to.endpoint.host).append(to.tls ? "/s" : "/p").append(std::to_string(to.endpoint.port));
        std::shared_ptr<HostPool>& slot = pool.hosts[std::move(key)];
        if (!slot) {
            slot = std::make_shared<HostPool>();
            slot->limit = options.idle_per_host_and_loop;
            slot->idle_time = options.idle_time;
        }
        return *slot;
    }

    Task<std::expected<void, ClientError>> connect(ClientConnection& connection, const BaseUrl& to,
                                                   std::chrono::milliseconds within) {
        std::shared_ptr<TlsContext> context;
        if (to.tls) {
            auto made = tls();
            if (!made) co_return failed(ClientStage::Connect, std::move(made).error());
            context = *std::move(made);
        }
        const Proxy* const proxy =
            to.tls && options.proxy && options.proxy->is_for(to.endpoint) ? &*options.proxy : nullptr;
        if (auto connected = co_await connection.connect(to, context.get(), within, proxy); !connected)
            co_return failed(ClientStage::Connect, std::move(connected).error());
        co_return std::expected<void, ClientError>{};
    }

    Loops& loops;
    const Options options;
    std::vector<std::shared_ptr<LoopPool>> pools;  ///< by loop; touched by that loop alone
    std::mutex mutex;
    std::shared_ptr<TlsContext> tls_context;
};

HttpClient::HttpClient(Loops& loops, Options options)
    : impl_(std::make_unique<Impl>(loops, std::move(options))) {}

HttpClient::~HttpClient() {
    Loops::Impl& loops = impl_->loops.impl();
    for (unsigned i = 0; i < impl_->pools.size(); ++i) {
        if (loops.running()) {
            asio::post(loops.loops[i]->context, [pool = impl_->pools[i]] { pool->close_all(); });
        } else {
            impl_->pools[i]->close_all();
        }
    }
}

namespace {

/// Ties a connection to the caller's cancel handle for the time of a send.
class CancelLink {
  public:
    CancelLink(CancelHandle* handle, ClientConnection& connection) {
        if (handle == nullptr) return;
        state_ = handle->state();
        state_->connection = &connection;
    }
    ~CancelLink() {
        if (state_) state_->connection = nullptr;
    }
    CancelLink(const CancelLink&) = delete;
    CancelLink& operator=(const CancelLink&) = delete;

  private:
    std::shared_ptr<CancelHandle::State> state_;
};

}  // namespace

Task<std::expected<std::unique_ptr<ClientExchange>, ClientError>> HttpClient::send(
    const BaseUrl& to, const RequestHead& head, std::string_view body, ClientDeadlines deadlines,
    CancelHandle* cancel, std::function<void()> meanwhile) {
    const auto others_work = [&meanwhile] {
        if (meanwhile) std::exchange(meanwhile, nullptr)();
    };
    if (!wire::is_safe_request_line(head) || !wire::is_safe(head.headers)) {
        co_return failed(ClientStage::Send,
                         {Code::InvalidArgument, "the request holds a value that HTTP cannot carry"});
    }
    Loop& loop = *Loop::current();
    HostPool& pool = impl_->host_pool(loop, to);
    for (;;) {
        if (loop.stopping || (cancel != nullptr && cancel->cancelled())) {
            co_return failed(ClientStage::Connect, {Code::Cancelled, "cancelled"});
        }
        boost::intrusive_ptr<ClientConnection> connection = pool.take();
        const bool reused = connection != nullptr;
        if (!reused) connection.reset(new ClientConnection(loop, pool.shared_from_this()));
        const CancelLink link(cancel, *connection);
        if (!reused) {
            others_work();
            if (auto connected = co_await impl_->connect(*connection, to, deadlines.connect); !connected)
                co_return std::unexpected(std::move(connected).error());
        }
        auto exchange = std::make_unique<PooledExchange>(connection, deadlines, reused);
        ClientStage stage = ClientStage::Send;
        auto answered = co_await exchange->send_request(to, head, body);
        if (answered) {
            others_work();
            stage = ClientStage::FirstByte;
            answered = co_await exchange->read_head(head.method);
        }
        if (answered) co_return exchange;
        const bool closed_by_peer =
            connection->ended() == Connection::End::None || connection->ended() == Connection::End::Broken;
        const bool may_repeat = reused && closed_by_peer && !exchange->answer_begun() &&
                                (stage == ClientStage::Send || is_repeatable(head.method));
        if (!may_repeat) co_return failed(stage, std::move(answered).error());
    }
}

Task<std::expected<UpgradeAnswer, ClientError>> HttpClient::upgrade(const BaseUrl& to,
                                                                    const RequestHead& head,
                                                                    ClientDeadlines deadlines,
                                                                    CancelHandle* cancel) {
    if (!wire::is_safe_request_line(head) || !wire::is_safe(head.headers)) {
        co_return failed(ClientStage::Send,
                         {Code::InvalidArgument, "the request holds a value that HTTP cannot carry"});
    }
    Loop& loop = *Loop::current();
    if (loop.stopping || (cancel != nullptr && cancel->cancelled()))
        co_return failed(ClientStage::Connect, {Code::Cancelled, "cancelled"});
    const boost::intrusive_ptr<ClientConnection> connection(
        new ClientConnection(loop, impl_->host_pool(loop, to).shared_from_this()));
    const CancelLink link(cancel, *connection);
    if (auto connected = co_await impl_->connect(*connection, to, deadlines.connect); !connected)
        co_return std::unexpected(std::move(connected).error());
    auto exchange = std::make_unique<PooledExchange>(connection, deadlines, false, true);
    if (auto sent = co_await exchange->send_request(to, head, {}); !sent)
        co_return failed(ClientStage::Send, std::move(sent).error());
    if (auto answered = co_await exchange->read_head(head.method); !answered)
        co_return failed(ClientStage::FirstByte, std::move(answered).error());
    UpgradeAnswer answer;
    if (exchange->head().status == 101) answer.stream = exchange->take_stream();
    answer.answer = std::move(exchange);
    co_return answer;
}

Task<Result<std::unique_ptr<ByteStream>>> HttpClient::connect(const BaseUrl& to,
                                                              std::chrono::milliseconds within) {
    Loop& loop = *Loop::current();
    const boost::intrusive_ptr<ClientConnection> connection(
        new ClientConnection(loop, impl_->host_pool(loop, to).shared_from_this()));
    if (auto connected = co_await impl_->connect(*connection, to, within); !connected)
        co_return std::unexpected(std::move(connected).error().error);
    co_return std::make_unique<ByteStream>(*connection, kWriteStall);
}

}  // namespace steno::net
