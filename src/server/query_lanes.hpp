#pragma once

#include "net/http_server.hpp"
#include "net/workers.hpp"
#include "server/api.hpp"

#include <atomic>
#include <cstdint>
#include <functional>

namespace steno::server {

/// What one kind of question does now and has done since the start.
struct LaneStats {
    std::uint64_t running = 0;
    std::uint64_t waiting = 0;
    std::uint64_t answered = 0;
    std::uint64_t refused = 0;    ///< the line was full
    std::uint64_t cancelled = 0;  ///< the client went away before it had its answer
};

/// Threads for one kind of question and a line before them, so that dear questions do not hold up cheap ones,
/// and many of them at once are told to come later instead of piling up. A question whose client goes away
/// is cancelled (base/cancellation.hpp), also in the line. Any loop; must outlive the exchanges.
class QueryLane {
  public:
    /// `name` as in "text searches", for the one who is refused.
    QueryLane(std::string_view name, unsigned at_once, unsigned in_line);

    /// Runs `work` on a thread of the lane. Its answer; an error of code Cancelled when the client has gone;
    /// or, at once, a 503 with Retry-After.
    net::Task<Result<ApiAnswer>> ask(net::ServerExchange& exchange, std::function<Result<ApiAnswer>()> work);

    [[nodiscard]] LaneStats stats() const;

  private:
    const std::string_view name_;
    const std::uint64_t places_;  ///< on the threads and in the line
    std::atomic<std::uint64_t> taken_{0}, running_{0}, answered_{0}, refused_{0}, cancelled_{0};
    net::Workers workers_;
};

/// One for each kind of question about the record.
struct QueryLanes {
    QueryLane searches{"text searches", 2, 16};
    QueryLane sums{"sums", 4, 64};
    QueryLane sql{"SQL queries", 1, 8};    ///< each a process of its own
    QueryLane lists{"questions", 4, 256};  ///< lists, single calls and all else

    QueryLane& of(const ApiRequest& request);
};

}  // namespace steno::server
