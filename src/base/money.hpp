#pragma once

#include "base/decimal.hpp"

#include <string>
#include <string_view>

/// Amounts as people read them. What programs read is Decimal::to_string.
namespace steno {

/// "4.20", "0.000008": exact, with at least two places behind the point and more only where the amount has
/// them.
std::string amount_text(Decimal amount);
/// "$4.20", "-$0.30", "3.10 EUR". No currency: the amount alone.
std::string money_text(Decimal amount, std::string_view currency);

/// So many places behind the point that two digits of it tell something, but at least 2: 2 of 4.2, 3 of
/// 0.0123.
int places_of(Decimal amount);
/// To so many places (0 ... 12), halves away from zero.
Decimal rounded(Decimal amount, int places);
/// With exactly so many places (1 ... 12), rounded: "$4.20", "0.0123 EUR". What is not nothing is not shown
/// as 0:
/// "<$0.0001".
std::string rounded_money_text(Decimal amount, std::string_view currency, int places);

}  // namespace steno
