#pragma once

#include "client/exchange.hpp"

#include <optional>
#include <string_view>

namespace steno::client {

/// What a URL names: of https://user@host:port/path?query#fragment the host with its port, path and query.
/// Views of it. RFC 3986, section 3.
struct Address {
    std::string_view host;
    std::string_view path;
    std::string_view query;

    static Address of_url(std::string_view url);
    static Address of_target(std::string_view host, std::string_view target);  ///< of a request's first line
};

/// Is there a provider's API, known by its address alone?
bool is_provider(const Address& address);
/// Is that host a Steno's that records what goes through it: the server that calls are delivered to, or the
/// one of the `steno run` that this program is in?
bool is_own_gateway(std::string_view host);
/// Where `provider`'s own paths begin at that address, if its API is below `base_url` (empty: at the root);
/// nullopt: the address is not below it.
std::optional<ProviderBase> find_base(const Address& address, std::string_view provider,
                                      std::string_view base_url);

}  // namespace steno::client
