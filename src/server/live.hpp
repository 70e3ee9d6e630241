#pragma once

#include "ingest/recorder.hpp"
#include "net/http_server.hpp"
#include "store/query.hpp"

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace steno::server {

/// The live tail: everyone who watches /api/v1/live gets each call when it begins and when it ends. A watcher
/// that reads too slowly loses the oldest of what waits for it, and is told how many.
class LiveTail final : public ingest::Consumer {
  public:
    static constexpr std::size_t kMaxWatchers = 64;

    void call_began(const Call& call) override { publish(call); }
    void call_ended(const Call& call) override { publish(call); }

    /// Serves one watcher until it goes away: first the calls that are running already, as `running` gives
    /// them, then what comes. On its loop; `running` on the blocking pool.
    net::Task<void> watch(net::ServerExchange& exchange, net::Loops& loops, store::Selection selection,
                          std::function<std::vector<Call>()> running);
    /// Ends all watching, now and for ever: a page that is open must not delay the end of the server.
    void stop();
    [[nodiscard]] std::size_t watchers() const { return watching_.load(std::memory_order_relaxed); }

  private:
    static constexpr std::size_t kMaxWaiting = 1000;           ///< events a watcher
    static constexpr std::size_t kMaxWaitingBytes = 4u << 20;  ///< and their bytes
    struct Watcher {
        store::Selection selection;
        std::mutex mutex;
        std::deque<std::shared_ptr<const std::string>> waiting;  ///< events, ready to be sent
        std::size_t waiting_bytes = 0;
        std::uint64_t dropped = 0;
        net::Event more;
    };
    void publish(const Call& call);
    static std::string event_of(const Call& call);

    std::atomic<std::size_t> watching_{0};
    std::atomic<bool> stopped_{false};
    std::mutex mutex_;
    std::vector<std::shared_ptr<Watcher>> watchers_;
};

}  // namespace steno::server
