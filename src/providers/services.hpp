#pragma once

#include <string_view>

namespace steno::providers {

/// Where a provider's customers find keys, limits and bills: facts from its public documentation, for advice.
/// An empty URL: there is no such page.
struct Service {
    std::string_view record_name;  ///< provider.name in the record
    std::string_view title;        ///< "OpenAI"
    std::string_view credential;   ///< what it expects: "Authorization: Bearer KEY"
    std::string_view keys_url;
    std::string_view limits_url;
    std::string_view billing_url;
    std::string_view status_url;
    std::string_view models;  ///< how a model is named there, a sentence; may be empty
};

/// The row of that name, or one that says what holds for any host: its title is empty.
const Service& find_service(std::string_view record_name);

}  // namespace steno::providers
