#include "intercept/relay.hpp"

#include "base/text.hpp"
#include "net/announced_length.hpp"

#include <algorithm>
#include <optional>

namespace steno::intercept {

namespace {

/// The server has the deadlines towards the providers; these are there only for one that hangs.
constexpr net::ClientDeadlines kDeadlines{
    .connect = std::chrono::seconds(10), .first_byte = std::chrono::hours(2), .idle = std::chrono::hours(2)};

bool names(std::optional<std::string_view> field, std::string_view token) {
    return field && std::ranges::any_of(split(*field, ','), [token](std::string_view one) {
               return equals_ignoring_case(one, token);
           });
}

net::ResponseHead client_head(const net::ResponseHead& head) {
    net::ResponseHead out = head;
    net::remove_hop_by_hop(out.headers);
    out.headers.remove("content-length");
    return out;
}

}  // namespace

Relay::Relay(net::ServerExchange& client, net::HttpClient& server_client, const net::BaseUrl& server,
             std::uint64_t max_body_bytes)
    : client_(client), server_client_(server_client), server_(server), max_body_bytes_(max_body_bytes) {}

Relay::~Relay() {
    client_.on_client_gone({});
}

net::Task<void> Relay::run(net::RequestHead head, const net::Headers& ours) {
    const bool session = head.method == "GET" && names(head.headers.get("upgrade"), "websocket") &&
                         names(head.headers.get("connection"), "upgrade");
    auto body = co_await client_.read_body(max_body_bytes_);
    if (!body) {
        const Code why = body.error().code;
        if (why == Code::Cancelled) co_return;
        co_await refuse(why == Code::ResourceExhausted  ? 413
                        : why == Code::DeadlineExceeded ? 408
                                                        : 400,
                        body.error());
        co_return;
    }
    net::remove_hop_by_hop(head.headers);
    for (const std::string_view name : {"host", "content-length", "expect"}) head.headers.remove(name);
    for (const auto& [name, value] : ours) head.headers.add(name, value);
    client_.on_client_gone([this] { cancel_.cancel(); });
    if (session) {
        co_await run_session(std::move(head));
        co_return;
    }
    auto answer = co_await server_client_.send(server_, head, *body, kDeadlines, &cancel_);
    if (!answer) {
        co_await refuse_for_server(std::move(answer).error().error);
        co_return;
    }
    co_await pass_answer(**answer);
}

net::Task<void> Relay::run_session(net::RequestHead head) {
    head.headers.add("Upgrade", "websocket");
    head.headers.add("Connection", "Upgrade");
    auto answer = co_await server_client_.upgrade(server_, head, kDeadlines, &cancel_);
    if (!answer) {
        co_await refuse_for_server(std::move(answer).error().error);
        co_return;
    }
    if (!answer->stream) {
        co_await pass_answer(*answer->answer);
        co_return;
    }
    net::ResponseHead switching = client_head(answer->answer->head());
    switching.headers.add("Upgrade", "websocket");
    client_.on_client_gone({});
    auto client = co_await client_.upgrade(switching);
    if (!client) co_return;
    const net::TunnelLimits limits{.idle = kDeadlines.idle};
    co_await net::tunnel(**client, *answer->stream, limits,
                         [](net::Side, std::string_view) -> net::Task<void> { co_return; });
}

net::Task<void> Relay::pass_answer(net::ClientExchange& answer) {
    const net::ResponseHead head = client_head(answer.head());
    const bool bodiless = client_.head().method == "HEAD" || head.status == 204 || head.status == 304;
    const auto length = bodiless ? net::announced_length(answer.head().headers) : answer.content_length();
    struct Watch {
        net::ServerExchange& client;
        ~Watch() { client.on_client_gone({}); }
    } watch{client_};  // the answer dies before this object does
    client_.on_client_gone([&answer] { answer.cancel(); });
    if (client_.client_gone()) co_return;
    if (auto sent = co_await client_.write_head(head, length); !sent) co_return;
    for (;;) {
        auto piece = co_await answer.read_some();
        if (!piece) {
            client_.abort();  // as the server cut it
            co_return;
        }
        if (piece->empty()) break;
        if (auto sent = co_await client_.write(*piece); !sent) co_return;
    }
    co_await client_.finish();
}

net::Task<void> Relay::refuse_for_server(Error why) {
    why.message = "the Steno server at " + server_.to_string() + " did not answer: " + why.message;
    co_await refuse(502, std::move(why));
}

net::Task<void> Relay::refuse(int status, Error why) {
    if (client_.client_gone()) co_return;
    net::ResponseHead head;
    head.status = status;
    head.headers.add("Content-Type", "text/plain; charset=utf-8");
    co_await client_.respond(head, "steno run: " + why.message + "\n");
}

}  // namespace steno::intercept
