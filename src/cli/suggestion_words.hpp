#pragma once

#include <simdjson.h>

#include <string>

namespace steno::cli {

/// What a suggestion saves in 30 days: "$12.40". A month is reckoned from what was seen, so cents are enough;
/// small sums keep two digits that say something. A dash where no money is saved, or less than a day was
/// looked at.
std::string saving_a_month(simdjson::dom::element suggestion);

/// Between which amounts that is: "$9.10 to $15.70"; "" where it is known.
std::string saving_between(simdjson::dom::element suggestion);

}  // namespace steno::cli
