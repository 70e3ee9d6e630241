#include "sources/gateway/own_call.hpp"

#include "providers/credentials.hpp"
#include "providers/errors.hpp"
#include "sources/gateway/key_id.hpp"

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
    if (provider.signed_for_aws) {
        STENO_TRY(sign_for_aws(gateway.options_.aws, upstream.url.host_header(), head, request.body,
                               system_clock().now()));
        if (!head.headers.has("authorization") && !upstream.url.endpoint.is_loopback()) {
            return fail(
                Code::FailedPrecondition, "the gateway has nothing to sign this call with",
                "start it with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_BEARER_TOKEN_BEDROCK");
        }
    }

    Call call = std::move(request.context);
    call.started_at = system_clock().now();
    call.id = Uuid::at(call.started_at->unix_nanos, system_random());
    call.source = Source::Gateway;
    call.provider.name = provider.record_name;
    providers::RequestView view;
    view.method = head.method;
    view.path = request.path;
    view.header = [&head](std::string_view name) { return head.headers.get(name); };
    view.each_header = [&head](const auto& field) {
        for (const auto& [name, value] : head.headers) field(name, value);
    };
    call.who.api_key_id = key_id(view, gateway.options_.key_secret);
    std::int64_t hidden = 0;
    const auto without_credentials = providers::hide_credentials(request.body, hidden);
    view.body = without_credentials ? std::string_view(*without_credentials) : request.body;
    if (hidden > 0) call.privacy.masked["credential"] = hidden;
    provider.provider().read_request(view, call);
    call.provider.endpoint.method = head.method;
    call.provider.endpoint.host = upstream.url.host_header();
    call.provider.endpoint.path = head.target;
    call.raw.request = view.body;
    std::optional<Reservation> reservation;
    if (SpendingControl* const control = gateway.options_.spending; control != nullptr && !control->idle()) {
        if (auto over = control->reserve(call))
            return fail(Code::ResourceExhausted, std::move(over->message), std::move(over->remedy));
        reservation.emplace(*control, call.id);
    }
    ingest::OpenCall open = gateway.recorder_->begin(std::move(call));

    const auto fail_with = [&open](Error error, bool some_came) {
        Call& record = open.call();
        if (record.error.type && record.error.type != ErrorType::Connection)
            return;  // the provider's own says more
        record.error = {};
        providers::set_error(
            record, error.code == Code::DeadlineExceeded ? ErrorType::Timeout : ErrorType::Connection,
            std::move(error.message));
        if (some_came) record.status = Status::Partial;
    };
    gateway.loops_.run([&]() -> net::Task<void> {
        auto answer = co_await gateway.client_.send(upstream.url, head, request.body,
                                                    gateway.options_.deadlines, nullptr);
        if (!answer) {
            fail_with(std::move(answer.error().error), false);
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
                if (!piece) fail_with(std::move(piece.error()), reader->first_token_seen());
                co_return;
            }
            reader->feed(*piece);
        }
    });
    if (open.call().status == Status::Running) {
        providers::set_error(open.call(), ErrorType::Server, "Steno was stopped before this call was made");
    }
    providers::fill_preview(open.call());
    open.end();
    return std::move(open.call());
}

}  // namespace steno::gateway
