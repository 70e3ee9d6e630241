#pragma once

#include <span>
#include <string_view>

namespace steno::providers {

/// A host of a provider's API, as its clients name it by themselves.
struct ProviderHost {
    std::string_view
        name;  ///< "api.openai.com"; with a dot in front every name that ends so: ".openai.azure.com"
    std::string_view upstream;  ///< a row of provider_table()
};

/// All of them, and nothing beside: no host that serves more than calls to models (a warehouse, a whole
/// cloud). Whoever intercepts a program's AI calls must keep to these.
std::span<const ProviderHost> provider_hosts();

/// The upstream whose host that is, letter case ignored; "" if it is nobody's.
std::string_view upstream_of_host(std::string_view host);

}  // namespace steno::providers
