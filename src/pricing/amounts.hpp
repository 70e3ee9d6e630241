#pragma once

#include "pricing/catalogue.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace steno::pricing {

/// What an amount of a price is for. Rates that hold for a whole group ("inputs=x2") name these.
enum class AmountGroup : std::uint8_t { Input, Cache, Output, Other };

/// One amount of a price: the name that files, the command line and the API give it, and what it is for.
struct Amount {
    std::string_view name;
    std::optional<Decimal> Price::* member;
    std::int64_t per;  ///< it buys so many: a million tokens, one image
    AmountGroup group;
};

/// All of them, in the order in which they are written. The one list from which the readers and writers of
/// prices follow.
std::span<const Amount> amounts();
/// Null: there is none of that name.
const Amount* amount_named(std::string_view name);

}  // namespace steno::pricing
