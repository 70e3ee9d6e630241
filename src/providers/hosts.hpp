#pragma once

#include "providers/provider.hpp"

#include <optional>
#include <span>
#include <string_view>

/// Whose host is that? One list of hosts, asked in two ways: by who sees a request whole, host and path
/// (`find_destination`), and by who has to choose by the name alone, before there is a request
/// (`provider_hosts`, `upstream_of_host`). Any thread.
namespace steno::providers {

/// Whom a request goes to.
struct Destination {
    ProviderRow provider;
    std::string_view path;  ///< below the provider's base, as RequestView wants it; a view of the given one
};

/// By the address of the request: `host` as in the Host header ("api.openai.com", "127.0.0.1:11434"; letter
/// case, :443 and the dot of the root do not matter), `path` without the query. nullopt: no provider's that
/// is known. Local servers that have no port of their own (vLLM, LM Studio) are not known by their address.
std::optional<Destination> find_destination(std::string_view host, std::string_view path);

/// A host of a provider's API, as its clients name it by themselves.
struct ProviderHost {
    std::string_view
        name;  ///< "api.openai.com"; with a dot in front every name that ends so: ".openai.azure.com"
    std::string_view upstream;  ///< a row of provider_table()
};

/// Those that can be known without a path. No host on which models are one service among many (a warehouse, a
/// whole cloud), none that asks for its client's certificate. Whoever intercepts a program's AI calls must
/// keep to these.
std::span<const ProviderHost> provider_hosts();

/// The upstream among `provider_hosts` whose host that is, letter case ignored; "" if it is nobody's. A name
/// alone: with a port or the dot of the root it is nobody's.
std::string_view upstream_of_host(std::string_view host);

}  // namespace steno::providers
