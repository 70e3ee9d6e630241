#include "sources/gateway/gateway.hpp"

#include "base/text.hpp"
#include "providers/hosts.hpp"
#include "sources/gateway/relay.hpp"

#include <fmt/format.h>

namespace steno::gateway {

namespace {

/// Hosts of providers that were named, each with its upstream, are kept: more than anyone uses.
constexpr std::size_t kMaxHosts = 1000;

bool is_host_name(std::string_view text) {
    return !text.empty() && text.size() <= 253 &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") ==
               text.npos;
}

std::string how_to_name(const providers::ProviderRow& row) {
    std::string variable = "STENO_UPSTREAM_";
    for (const char c : row.upstream) variable += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return fmt::format("name yours: steno serve --upstream {0}={1}, upstreams.{0} in steno.toml, or {2}",
                       row.upstream, row.example_url, variable);
}

}  // namespace

Gateway::Gateway(net::Loops& loops, net::HttpClient& client, ingest::Recorder* recorder,
                 GatewayOptions options)
    : loops_(loops),
      client_(client),
      recorder_(recorder),
      options_(std::move(options)),
      bodies_(options_.body_memory_bytes) {
    for (const providers::ProviderRow& row : providers::provider_table()) {
        if (const auto url = net::BaseUrl::parse(row.default_url)) {
            const std::string name(row.upstream);
            upstreams_[name] = Upstream{name, *url};
        }
    }
    for (const Upstream& upstream : options_.upstreams) upstreams_[upstream.name] = upstream;
    for (const providers::ProviderRow& row : providers::provider_table()) {
        const std::string name(row.upstream);
        if (upstreams_.contains(name)) continue;
        without_url_[name] = {name, {}, how_to_name(row)};
        providers_.emplace(name, row);
        tells_usage_[name] = TellsUsage::Unknown;
    }
    for (const auto& [name, upstream] : upstreams_) {
        providers_.emplace(name, providers::find_provider(upstream.name));
        tells_usage_[name] = TellsUsage::Unknown;
    }
}

Gateway::~Gateway() = default;

std::shared_ptr<const Upstream> Gateway::route(std::string_view path) const {
    if (!path.starts_with('/')) return nullptr;
    path.remove_prefix(1);
    path = path.substr(0, path.find('/'));
    for (const auto* const known : {&upstreams_, &without_url_}) {
        if (const auto found = known->find(path); found != known->end())
            return {std::shared_ptr<const Upstream>(), &found->second};  // it lives as long as the gateway
    }
    return path.contains('@') ? route_to_host(path) : nullptr;
}

std::shared_ptr<const Upstream> Gateway::route_to_host(std::string_view segment) const {
    const std::size_t at = segment.find('@');
    const std::string_view name = segment.substr(0, at);
    const std::string_view host = segment.substr(at + 1);
    if (!is_host_name(host) || providers::upstream_of_host(host) != name || !providers_.contains(name))
        return nullptr;
    const std::lock_guard lock(hosts_mutex_);
    const std::string key = lower_case(segment);
    if (const auto found = by_host_.find(key); found != by_host_.end()) return found->second;
    if (by_host_.size() >= kMaxHosts)
        std::erase_if(by_host_, [](const auto& one) { return one.second.use_count() == 1; });
    auto upstream = std::make_shared<Upstream>(
        Upstream{key, {.tls = true, .endpoint = {lower_case(host), 443}, .path = {}}});
    upstream->provider = name;
    upstream->named_by_client = true;
    return by_host_.emplace(key, std::move(upstream)).first->second;
}

net::Task<void> Gateway::handle(net::ServerExchange& exchange, const Upstream& upstream) {
    requests_.fetch_add(1, std::memory_order_relaxed);
    active_.fetch_add(1, std::memory_order_relaxed);
    struct Leave {
        std::atomic<std::uint64_t>& active;
        ~Leave() { active.fetch_sub(1, std::memory_order_relaxed); }
    } leave{active_};
    const std::string& provider = upstream.provider.empty() ? upstream.name : upstream.provider;
    Relay relay(*this, exchange, upstream, providers_.find(provider)->second);
    co_await relay.run();
}

GatewayStats Gateway::stats() const {
    return {.requests = requests_.load(),
            .active = active_.load(),
            .upstream_failures = upstream_failures_.load(),
            .client_cancels = client_cancels_.load(),
            .refused = refused_.load(),
            .body_bytes = bodies_.taken(),
            .body_room = bodies_.size(),
            .bodies_waiting = bodies_.waiting(),
            .bodies_waited = bodies_.waited(),
            .large_works = large_works_.load()};
}

}  // namespace steno::gateway
