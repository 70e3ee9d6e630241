#pragma once

#include "base/decimal.hpp"

#include <string>
#include <string_view>

/// Amounts as people read them: exact, never rounded, with at least two places behind the point and more only where the
/// amount has them. What programs read is Decimal::to_string.
namespace steno {

/// "4.20", "0.000008".
std::string amount_text(Decimal amount);
/// "$4.20", "-$0.30", "3.10 EUR". No currency: the amount alone.
std::string money_text(Decimal amount, std::string_view currency);

}  // namespace steno
