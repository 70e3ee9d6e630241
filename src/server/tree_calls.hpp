#pragma once

#include "server/api.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace steno::server {

/// Of one request or session; more are not shown.
inline constexpr std::size_t kMaxTreeCalls = 50'000;

/// The calls whose field has this value, in the order in which they began. Blocking.
Result<std::vector<Call>> calls_with(Services& services, std::string_view field, const std::string& value,
                                     bool payload, std::size_t most = kMaxTreeCalls);

}  // namespace steno::server
