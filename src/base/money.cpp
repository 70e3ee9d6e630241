#include "base/money.hpp"

#include <algorithm>

namespace steno {

std::string amount_text(Decimal amount) {
    std::string text = amount.to_string();
    const std::size_t point = text.find('.');
    text.resize(std::max(text.find_last_not_of('0') + 1, point + 3));
    return text;
}

std::string money_text(Decimal amount, std::string_view currency) {
    std::string text = amount_text(amount);
    if (currency == "USD") return text.insert(text.starts_with('-') ? 1 : 0, "$");
    if (!currency.empty()) text.append(" ").append(currency);
    return text;
}

}  // namespace steno
