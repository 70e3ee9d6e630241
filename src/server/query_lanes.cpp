#include "server/query_lanes.hpp"

#include "base/cancellation.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace steno::server {

QueryLane::QueryLane(std::string_view name, unsigned at_once, unsigned in_line)
    : name_(name), places_(at_once + in_line), workers_(at_once) {}

net::Task<Result<ApiAnswer>> QueryLane::ask(net::ServerExchange& exchange,
                                            std::function<Result<ApiAnswer>()> work) {
    if (taken_.fetch_add(1) >= places_) {
        taken_.fetch_sub(1);
        refused_.fetch_add(1);
        ApiAnswer full =
            problem(503, "unavailable", fmt::format("{} {} are under way or wait already", places_, name_),
                    "ask again in a moment, and fewer at once");
        full.headers.emplace_back("Retry-After", "1");
        co_return full;
    }
    Cancellation cancellation;
    exchange.on_client_gone([&cancellation] { cancellation.cancel(); });
    auto answer = co_await workers_.value([&]() -> Result<ApiAnswer> {
        running_.fetch_add(1);
        const Cancellation::Scope scope(cancellation);
        Result<ApiAnswer> result = fail(Code::Cancelled, "the client has gone");
        if (!cancellation.cancelled()) result = work();
        running_.fetch_sub(1);
        return result;
    });
    exchange.on_client_gone({});
    taken_.fetch_sub(1);
    (cancellation.cancelled() ? cancelled_ : answered_).fetch_add(1);
    co_return answer;
}

LaneStats QueryLane::stats() const {
    const std::uint64_t running = running_.load();
    return {.running = running,
            .waiting = std::max(taken_.load(), running) - running,
            .answered = answered_.load(),
            .refused = refused_.load(),
            .cancelled = cancelled_.load()};
}

QueryLane& QueryLanes::of(const ApiRequest& request) {
    if (request.parameter("text")) return searches;
    const std::string_view path = request.head.path();
    return path == "/api/v1/aggregate" || path == "/api/v1/storage" ? sums : lists;
}

}  // namespace steno::server
