#include "sources/gateway/own_call.hpp"

#include "providers/errors.hpp"

namespace steno::gateway {

Result<Call> make_own_call(Gateway& gateway, OwnCall request) {
    const auto found = gateway.upstreams().find(request.upstream);
    if (found == gateway.upstreams().end()) {
        return fail(Code::NotFound, "there is no upstream named " + request.upstream,
                    "steno serve --upstream " + request.upstream + "=URL");
    }
    const Upstream& upstream = found->second;
    const providers::ProviderRow provider = providers::find_provider(upstream.name);

    net::RequestHead head;
    head.method = "POST";
    head.target = upstream.url.path + request.path;
    head.headers.add("Content-Type", "application/json");
    for (auto& [name, value] : request.headers) head.headers.add(name, value);

    Call call = std::move(request.context);
    call.id = Uuid::random(system_random());
    call.started_at = system_clock().now();
    call.source = Source::Gateway;
    call.provider.name = provider.record_name;
    const auto request_header = [&head](std::string_view name) { return head.headers.get(name); };
    const providers::RequestView view{.method = head.method,
                                      .path = request.path,
                                      .query = {},
                                      .header = request_header,
                                      .body = request.body};
    provider.provider().read_request(view, call);
    call.provider.endpoint.method = head.method;
    call.provider.endpoint.host = upstream.url.host_header();
    call.provider.endpoint.path = head.target;
    call.raw.request = request.body;
    ingest::OpenCall open = gateway.recorder_->begin(std::move(call));

    const auto fail_with = [&open](Error error) {
        providers::set_error(
            open.call(), error.code == Code::DeadlineExceeded ? ErrorType::Timeout : ErrorType::Connection,
            std::move(error.message));
    };
    gateway.loops_.run([&]() -> net::Task<void> {
        auto answer = co_await gateway.client_.send(upstream.url, head, request.body,
                                                    gateway.options_.deadlines, nullptr);
        if (!answer) {
            fail_with(answer.error().error);
            co_return;
        }
        const net::ResponseHead& answer_head = (*answer)->head();
        open.call().provider.http_status = answer_head.status;
        const auto answer_header = [&](std::string_view name) { return answer_head.headers.get(name); };
        auto reader = provider.provider().read_response(
            view, {.status = answer_head.status, .header = answer_header}, open.call());
        for (;;) {
            auto piece = co_await (*answer)->read_some();
            if (!piece || piece->empty()) {
                reader->end(piece.has_value(), open.call());
                if (!piece) fail_with(piece.error());
                co_return;
            }
            reader->feed(*piece);
        }
    });
    providers::fill_preview(open.call());
    open.end();
    return std::move(open.call());
}

}  // namespace steno::gateway
