#include "base/text.hpp"
#include "sources/gateway/relay.hpp"
#include "sources/gateway/session_record.hpp"

#include <algorithm>

/// The part of a relay that begins with a request for a WebSocket.
namespace steno::gateway {

namespace {

bool names(std::optional<std::string_view> field, std::string_view token) {
    return field && std::ranges::any_of(split(*field, ','), [token](std::string_view one) {
               return equals_ignoring_case(one, token);
           });
}

}  // namespace

bool Gateway::Relay::asks_for_web_socket() const {
    return request_.method == "GET" && names(request_.headers.get("upgrade"), "websocket") &&
           names(request_.headers.get("connection"), "upgrade");
}

net::Task<void> Gateway::Relay::run_session(net::RequestHead outgoing) {
    // Compressed frames could not be read here: no extension is agreed on where none is offered.
    outgoing.headers.remove("sec-websocket-extensions");
    outgoing.headers.add("Upgrade", "websocket");
    auto answer =
        co_await gateway_.client_.upgrade(upstream_.url, outgoing, gateway_.options_.deadlines, &cancel_);
    if (!answer) {
        co_await answer_failed(std::move(answer).error());
        co_return;
    }
    if (!answer->stream) {
        co_await relay_answer(*answer->answer);
        co_return;
    }
    if (recording()) {
        attempt([&] { read_head(answer->answer->head()); });
        reader_.reset();
    }
    net::ResponseHead head = client_head(answer->answer->head());
    head.headers.add("Upgrade", "websocket");
    client_.on_client_gone({});
    auto client = co_await client_.upgrade(head);
    if (!client) {
        co_await end_cancelled();
        co_return;
    }
    co_await relay_session(**client, *answer->stream);
}

net::Task<void> Gateway::Relay::relay_session(net::ByteStream& client, net::ByteStream& upstream) {
    const net::TunnelLimits limits{.idle = gateway_.options_.deadlines.idle};
    if (!recording()) {
        co_await net::tunnel(client, upstream, limits,
                             [](net::Side, std::string_view) -> net::Task<void> { co_return; });
        co_return;
    }
    SessionRecord record(*gateway_.recorder_, gateway_.options_.spending, std::move(*context_), open_->call(),
                         std::move(session_reader_), providers::RequestSecrets(request_view({})));
    const auto finish = [&](net::TunnelEnd end) {
        if (ended_) return;
        record.finish(end, upstream_.name);
        count_end(open_->call());
        end_record();
    };
    std::optional<net::TunnelEnd> first_end;
    const auto watch = [&](net::Side from, std::string_view bytes) -> net::Task<void> {
        // Nothing of a provider's session comes after its end, so that is on the record before the client
        // learns of it. A client that has ended may still be told the rest.
        if (bytes.empty() && !first_end) first_end = {from, net::TunnelEnd::Why::Closed};
        if (bytes.empty() && from == net::Side::Upstream) {
            finish(*first_end);
            co_await wait_until_durable(open_->position());
        } else if (!ended_ && !bytes.empty()) {
            record.watch(from, bytes);
            co_await wait_until_durable(record.take_position());
        }
    };
    const net::TunnelEnd end = co_await net::tunnel(client, upstream, limits, watch);
    finish(end);
}

void Gateway::Relay::count_end(const Call& session) {
    if (session.status == Status::Cancelled) gateway_.client_cancels_.fetch_add(1, std::memory_order_relaxed);
    if (session.status == Status::Failure)
        gateway_.upstream_failures_.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace steno::gateway
