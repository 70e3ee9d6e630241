#pragma once

#include "providers/provider.hpp"

#include <optional>
#include <string_view>

namespace steno::providers {

/// Whom a request goes to.
struct Destination {
    ProviderRow provider;
    std::string_view path;  ///< below the provider's base, as RequestView wants it; a view of the given one
};

/// By the address of the request: `host` as in the Host header ("api.openai.com", "127.0.0.1:11434"), `path`
/// without the query. nullopt: no provider's that is known. Local servers that have no port of their own
/// (vLLM, LM Studio) are not known by their address.
std::optional<Destination> find_destination(std::string_view host, std::string_view path);

}  // namespace steno::providers
