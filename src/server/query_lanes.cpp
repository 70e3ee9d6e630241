#include "server/query_lanes.hpp"

#include "base/cancellation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace steno::server {

QueryLane::QueryLane(std::string_view name, unsigned at_once, unsigned in_line)
    : name_(name), places_(at_once + in_line), workers_(at_once) {}

net::Task<Result<ApiAnswer>> QueryLane::ask(net::ServerExchange& exchange,
                                            std::function<Result<ApiAnswer>()> work) {
    struct Place {
        explicit Place(std::atomic<std::uint64_t>& places) : number(places.fetch_add(1)), places_(places) {}
        ~Place() { places_.fetch_sub(1); }
        Place(const Place&) = delete;
        Place& operator=(const Place&) = delete;
        const std::uint64_t number;

      private:
        std::atomic<std::uint64_t>& places_;
    };
    const Place place(taken_);
    if (place.number >= places_) {
        refused_.fetch_add(1);
        ApiAnswer full =
            problem(503, "unavailable", fmt::format("{} {} are under way or wait already", places_, name_),
                    "ask again in a moment, and fewer at once");
        full.headers.emplace_back("Retry-After", "1");
        co_return full;
    }
    Cancellation cancellation;
    struct Watch {
        net::ServerExchange& exchange;
        ~Watch() { exchange.on_client_gone({}); }
    };
    const Watch watch{exchange};  // goes before what it tells
    exchange.on_client_gone([&cancellation] { cancellation.cancel(); });
    auto answer = co_await workers_.value([&]() -> Result<ApiAnswer> {
        const Place running(running_);
        const Cancellation::Scope scope(cancellation);
        if (cancellation.cancelled()) return fail(Code::Cancelled, "the client has gone");
        return work();
    });
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
    if (path == "/api/v1/suggestions") return searches;  // reads payloads, as a search does
    const bool posted = request.head.method == "POST";
    if (path == "/api/v1/sql" && posted) return sql;
    if (path == "/api/v1/prices" && posted) return sums;  // holds them against the calls of 30 days
    static constexpr std::array<std::string_view, 11> kSums = {
        "/api/v1/aggregate",    "/api/v1/statistics", "/api/v1/compare",   "/api/v1/quality",
        "/api/v1/data-quality", "/api/v1/realtime",   "/api/v1/storage",   "/api/v1/trends",
        "/api/v1/anomalies",    "/api/v1/forecast",   "/api/v1/prices/fit"};
    const bool sum = std::ranges::find(kSums, path) != kSums.end();
    return sum ? sums : lists;
}

}  // namespace steno::server
