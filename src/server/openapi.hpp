#pragma once

#include <string_view>

namespace steno::server {

/// src/server/openapi.json, embedded.
std::string_view openapi_document();

}  // namespace steno::server
