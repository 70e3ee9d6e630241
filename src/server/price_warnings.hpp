#pragma once

#include "pricing/catalogue.hpp"
#include "server/api.hpp"

#include <span>
#include <string>
#include <vector>

namespace steno::server {

/// What prices of one's own that were just set do not do, in sentences for whoever set them: one of a wrong
/// name never applies, one without an amount leaves calls without a cost. Looked for in the AI calls of the
/// last 30 days, for ten seconds at most, and for the first 200 prices; what was not looked at is said, too.
/// The prices are in force all the same: where the calls cannot be read there are no warnings. `set`: with
/// their numbers.
std::vector<std::string> price_warnings(Services& services, std::span<const pricing::Price> set);

}  // namespace steno::server
