#include "client/address.hpp"

#include "base/text.hpp"
#include "client/tracker.hpp"
#include "providers/hosts.hpp"

#include <algorithm>
#include <cstdlib>

namespace steno::client {

namespace {

std::string_view without_default_port(std::string_view host) {
    for (const std::string_view port : {":443", ":80"}) {
        if (host.ends_with(port)) return host.substr(0, host.size() - port.size());
    }
    return host;
}

}  // namespace

Address Address::of_target(std::string_view host, std::string_view target) {
    if (target.starts_with("http://") || target.starts_with("https://")) return of_url(target);
    target = target.substr(0, target.find('#'));
    const std::size_t mark = std::min(target.find('?'), target.size());
    return {host, target.substr(0, mark), target.substr(std::min(mark + 1, target.size()))};
}

Address Address::of_url(std::string_view url) {
    if (const std::size_t scheme = url.find("://"); scheme != url.npos) url.remove_prefix(scheme + 3);
    const std::size_t end = std::min(url.find_first_of("/?#"), url.size());
    std::string_view host = url.substr(0, end);
    if (const std::size_t user = host.rfind('@'); user != host.npos) host.remove_prefix(user + 1);
    url.remove_prefix(end);
    // What follows begins with '/' or not at all: it cannot be taken for a URL of its own.
    return of_target(host, url);
}

bool is_provider(const Address& address) {
    return providers::find_destination(address.host, address.path).has_value();
}

bool is_own_gateway(std::string_view host) {
    const auto is_at = [host](std::string_view url) {
        return !url.empty() && equals_ignoring_case(without_default_port(Address::of_url(url).host),
                                                    without_default_port(host));
    };
    const char* const run = std::getenv("STENO_RUN");  // the address of its proxy and gateway
    const Tracker* const tracker = Tracker::current();
    return (run != nullptr && is_at(run)) || (tracker != nullptr && is_at(tracker->server()));
}

std::optional<ProviderBase> find_base(const Address& address, std::string_view provider,
                                      std::string_view base_url) {
    if (base_url.empty()) return ProviderBase{provider, 0};
    const Address base = Address::of_url(base_url);
    std::string_view path = base.path;
    while (path.ends_with('/')) path.remove_suffix(1);
    if (path.ends_with("/v1")) path.remove_suffix(3);  // as OpenAI's clients write it
    const bool here =
        equals_ignoring_case(without_default_port(base.host), without_default_port(address.host)) &&
        address.path.starts_with(path) &&
        (address.path.size() == path.size() || address.path[path.size()] == '/');
    if (!here) return std::nullopt;
    return ProviderBase{provider, path.size()};
}

}  // namespace steno::client
