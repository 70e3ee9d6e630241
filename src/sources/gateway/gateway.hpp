#pragma once

#include "base/error.hpp"
#include "base/random.hpp"
#include "ingest/recorder.hpp"
#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net/loops.hpp"
#include "net/workers.hpp"
#include "providers/provider.hpp"
#include "sources/gateway/aws_signing.hpp"
#include "sources/gateway/body_budget.hpp"
#include "sources/gateway/spending.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

/// The gateway: a program's AI calls pass through it unchanged (but for those that an experiment asks
/// otherwise), and each leaves one record, however it ends.
namespace steno::gateway {

class ExperimentControl;

struct Upstream {
    std::string name;  ///< first segment of the path: /name/rest
    net::BaseUrl url;
    /// There is no URL, since everyone reaches this provider at one of their own: what to set. "": there is
    /// one.
    std::string remedy = {};
    /// Which provider's it is, if the name does not say. "": the name does.
    std::string provider = {};
    /// The client meant this very host, so what it signed is valid as it is.
    bool named_by_client = false;
};

enum class Capture : std::uint8_t {
    Off,   ///< relay only, no record: for measuring
    Full,  ///< everything that the record holds
};

/// Which exact bytes are kept beside what was understood of them.
enum class KeepRaw : std::uint8_t { None, Request, All };

/// Whose missing usage is estimated (estimate.hpp).
enum class EstimateUsage : std::uint8_t {
    Off,
    Cut,  ///< answers that the client, the upstream or a timeout cut off
    All,  ///< these, and whole answers whose provider reported none
};

struct GatewayOptions {
    std::vector<Upstream> upstreams;  ///< besides, and in place of, the providers' own
    net::ClientDeadlines deadlines;
    std::uint64_t max_body_bytes = 64u << 20;
    /// Request bodies of all calls under way together, see body_budget.hpp.
    std::uint64_t body_memory_bytes = 256u << 20;
    Capture capture = Capture::Full;
    KeepRaw keep_raw = KeepRaw::Request;
    /// With it clients' keys are made into who.api_key_id (key_id.hpp). Empty: that stays absent.
    std::string key_secret;
    EstimateUsage estimate_usage = EstimateUsage::Cut;
    /// true: the last byte of an answer waits until its record is fsynced, not only written.
    bool strict_durability = false;
    /// Ask the provider for the usage of a stream where the client did not, and keep the answer to it from
    /// the client.
    bool ask_for_usage = true;
    AwsAccess aws;  ///< for Bedrock
    /// Asked before a call goes to its provider, if calls are recorded. Null: everything may go. Must outlive
    /// the gateway.
    SpendingControl* spending = nullptr;
    /// The same of calls that name a kind of prompt. Null: there are no experiments.
    ExperimentControl* experiments = nullptr;
};

struct GatewayStats {
    std::uint64_t requests = 0;
    std::uint64_t active = 0;
    std::uint64_t upstream_failures = 0;  ///< refused, cut, timed out
    std::uint64_t client_cancels = 0;
    std::uint64_t refused = 0;         ///< by the gateway itself
    std::uint64_t body_bytes = 0;      ///< held for request bodies now
    std::uint64_t body_room = 0;       ///< for all of them
    std::uint64_t bodies_waiting = 0;  ///< uploads that wait for room now
    std::uint64_t bodies_waited = 0;   ///< that had to, since the start
    std::uint64_t large_works = 0;     ///< steps of large calls that were done beside their loop
};

struct OwnCall;

/// Bytes pass unchanged both ways: only hop-by-hop and `x-steno-*` headers are ours, and the requests of
/// calls that take part in an experiment are edited (experiments.hpp). The opening record is written while a
/// request is on its way, the closing one before the answer's last byte reaches the client. `handle` runs on
/// any loop; the object is shared by all and must outlive them.
class Gateway {
  public:
    /// All three must outlive the gateway. `recorder` may be null only with Capture::Off.
    Gateway(net::Loops& loops, net::HttpClient& client, ingest::Recorder* recorder, GatewayOptions options);
    ~Gateway();

    /// The upstream that a request path names, or null: then the request is not for the gateway. One that has
    /// no URL yet is an upstream too: `handle` refuses what goes there, and records that. /NAME@HOST/rest
    /// goes to that host, if it is one of the provider's own (providers/hosts.hpp): for who intercepts a
    /// program's calls. Not to outlive the gateway.
    [[nodiscard]] std::shared_ptr<const Upstream> route(std::string_view path) const;
    /// Relays one exchange whose path `route` knows. Answers whatever happens. `upstream` must outlive the
    /// task.
    net::Task<void> handle(net::ServerExchange& exchange, const Upstream& upstream);

    /// Those that have a URL.
    [[nodiscard]] const std::map<std::string, Upstream, std::less<>>& upstreams() const { return upstreams_; }
    [[nodiscard]] GatewayStats stats() const;
    /// For request bodies of others, too: there is one memory for all of them.
    [[nodiscard]] BodyBudget& bodies() { return bodies_; }

  private:
    class Relay;
    [[nodiscard]] std::shared_ptr<const Upstream> route_to_host(std::string_view segment) const;
    friend Result<Call> make_own_call(Gateway& gateway, OwnCall request);

    net::Loops& loops_;
    net::HttpClient& client_;
    ingest::Recorder* recorder_;
    GatewayOptions options_;
    BodyBudget bodies_;
    std::atomic<std::uint64_t> large_works_{0};
    /// Few: each holds what it makes of one body in memory.
    net::Workers large_{2};
    /// What experiments ask; no call is behind what another kind of work does.
    net::Workers reads_{1};
    std::map<std::string, Upstream, std::less<>> upstreams_;
    std::map<std::string, Upstream, std::less<>> without_url_;
    mutable std::mutex hosts_mutex_;
    /// NAME@HOST, in lower case. Those of no exchange under way make room for new ones.
    mutable std::map<std::string, std::shared_ptr<const Upstream>, std::less<>> by_host_;
    std::map<std::string, providers::ProviderRow, std::less<>> providers_;
    /// What an upstream makes of a request that asks for its usage.
    enum class TellsUsage : std::uint8_t { Unknown, Yes, No };
    std::map<std::string, std::atomic<TellsUsage>, std::less<>> tells_usage_;
    std::atomic<std::uint64_t> requests_{0}, active_{0}, upstream_failures_{0}, client_cancels_{0},
        refused_{0};
};

}  // namespace steno::gateway
