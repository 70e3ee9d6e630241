#pragma once

#include "cli/api_client.hpp"

#include <cstdint>
#include <string>

namespace steno::cli {

/// How many calls "?project=shop&from=…" selects now, for the bar of work that passes them all. 0: that is
/// not known, and a bar counts without an end; the work itself says what is wrong.
std::uint64_t call_count(Api& api, const std::string& query);

}  // namespace steno::cli
