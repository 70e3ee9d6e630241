#include "sources/gateway/gateway.hpp"

#include "sources/gateway/relay.hpp"

#include <fmt/format.h>

namespace steno::gateway {

Gateway::Gateway(net::Loops& loops, net::HttpClient& client, ingest::Recorder* recorder,
                 GatewayOptions options)
    : loops_(loops), client_(client), recorder_(recorder), options_(std::move(options)) {
    for (const providers::ProviderRow& row : providers::provider_table()) {
        if (const auto url = net::BaseUrl::parse(row.default_url)) {
            const std::string name(row.upstream);
            upstreams_[name] = Upstream{name, *url};
        }
    }
    for (const Upstream& upstream : options_.upstreams) upstreams_[upstream.name] = upstream;
    for (const auto& [name, upstream] : upstreams_) {
        providers_.emplace(name, providers::find_provider(upstream.name));
        tells_usage_[name] = TellsUsage::Unknown;
    }
}

Gateway::~Gateway() = default;

const Upstream* Gateway::route(std::string_view path) const {
    if (!path.starts_with('/')) return nullptr;
    path.remove_prefix(1);
    const auto found = upstreams_.find(path.substr(0, path.find('/')));
    return found == upstreams_.end() ? nullptr : &found->second;
}

std::optional<std::string> Gateway::missing_url(std::string_view path) {
    if (!path.starts_with('/')) return std::nullopt;
    path.remove_prefix(1);
    const std::string_view name = path.substr(0, path.find('/'));
    for (const providers::ProviderRow& row : providers::provider_table()) {
        if (row.upstream == name && row.default_url.empty())
            return fmt::format("name yours: steno serve --upstream {}={}", name, row.example_url);
    }
    return std::nullopt;
}

net::Task<void> Gateway::handle(net::ServerExchange& exchange, const Upstream& upstream) {
    requests_.fetch_add(1, std::memory_order_relaxed);
    active_.fetch_add(1, std::memory_order_relaxed);
    struct Leave {
        std::atomic<std::uint64_t>& active;
        ~Leave() { active.fetch_sub(1, std::memory_order_relaxed); }
    } leave{active_};
    Relay relay(*this, exchange, upstream, providers_.find(upstream.name)->second);
    co_await relay.run();
}

GatewayStats Gateway::stats() const {
    return {requests_.load(), active_.load(), upstream_failures_.load(), client_cancels_.load(),
            refused_.load()};
}

}  // namespace steno::gateway
