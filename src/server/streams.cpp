#include "server/streams.hpp"

#include "base/cancellation.hpp"
#include "base/log.hpp"

#include <fmt/format.h>

#include <exception>
#include <utility>

namespace steno::server {

namespace {

net::ResponseHead head_of(const Stream& stream) {
    net::ResponseHead head;
    head.headers.add("Content-Type", stream.content_type);
    head.headers.add("Content-Disposition", fmt::format("attachment; filename=\"{}\"", stream.file_name));
    head.headers.add("Cache-Control", "no-store");
    head.headers.add("X-Content-Type-Options", "nosniff");
    head.headers.add("Cross-Origin-Resource-Policy", "same-origin");
    return head;
}

}  // namespace

std::optional<StreamRoute> find_stream(std::string_view path) {
    constexpr std::string_view kDaily = "/api/v1/daily/";
    if (path == "/api/v1/calls/export") return StreamRoute{export_calls, {}};
    if (path.starts_with(kDaily)) return StreamRoute{daily_file, {std::string(path.substr(kDaily.size()))}};
    return std::nullopt;
}

net::Task<std::optional<ApiAnswer>> Streams::serve(net::ServerExchange& exchange, StreamRoute route) {
    struct Place {
        std::atomic<int>& places;
        const int number = places.fetch_add(1);
        ~Place() { places.fetch_sub(1); }
    };
    const Place place{running_};
    if (place.number >= kAtOnce) {
        ApiAnswer full = problem(503, "unavailable", fmt::format("{} exports are under way already", kAtOnce),
                                 "ask again when one of them has ended");
        full.headers.emplace_back("Retry-After", "10");
        co_return full;
    }
    const ApiRequest request{
        exchange.head(), std::move(route.captures), net::parse_query(exchange.head().query()), {}};

    Cancellation cancellation;
    struct Watch {
        net::ServerExchange& exchange;
        ~Watch() { exchange.on_client_gone({}); }
    };
    const Watch watch{exchange};  // goes before what it tells
    exchange.on_client_gone([&cancellation] { cancellation.cancel(); });

    std::optional<Stream> stream;
    std::string piece;
    const auto read = [&]() -> Result<bool> {
        const Cancellation::Scope scope(cancellation);
        if (cancellation.cancelled()) return fail(Code::Cancelled, "the client has gone");
        piece.clear();
        try {
            if (!stream) {
                STENO_ASSIGN(stream, route.open(services_, request));
            }
            return stream->pieces->next(piece);
        } catch (const std::exception& e) {
            return fail(Code::Internal, std::string("the export could not go on: ") + e.what());
        }
    };
    // The first piece before the head: what cannot be done at all is an answer, not a broken stream.
    auto more = co_await workers_.value(read);
    std::optional<ApiAnswer> refused;
    bool whole = false;
    if (!more) {
        const Error& error = more.error();
        refused = error.code == Code::Unavailable ? try_again(error) : problem(error);
    } else if (co_await exchange.write_head(head_of(*stream), std::nullopt)) {
        while (piece.empty() || co_await exchange.write(piece)) {
            if (whole = !*more; whole) break;
            more = co_await workers_.value(read);
            if (more) continue;
            if (more.error().code != Code::Cancelled)
                log::error("an export broke off: {}", more.error().message);
            exchange.abort();
            break;
        }
    }
    co_await workers_.run([&] { stream.reset(); });  // it may have to wait for what it reads ahead
    if (whole) co_await exchange.finish();
    co_return refused;
}

}  // namespace steno::server
