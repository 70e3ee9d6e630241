#include "base/money.hpp"

#include <algorithm>
#include <utility>

namespace steno {

std::string amount_text(Decimal amount) {
    std::string text = amount.to_string();
    const std::size_t point = text.find('.');
    text.resize(std::max(text.find_last_not_of('0') + 1, point + 3));
    return text;
}

namespace {

std::string with_currency(std::string text, std::string_view currency) {
    if (currency == "USD") return text.insert(text.starts_with('-') ? 1 : 0, "$");
    if (!currency.empty()) text.append(" ").append(currency);
    return text;
}

/// The units of 10^-places.
__int128 step(int places) {
    __int128 units = Decimal::kOne;
    for (int i = 0; i < places; ++i) units /= 10;
    return units;
}

__int128 size_of(Decimal amount) {
    return amount.units() < 0 ? -amount.units() : amount.units();
}

}  // namespace

std::string money_text(Decimal amount, std::string_view currency) {
    return with_currency(amount_text(amount), currency);
}

int places_of(Decimal amount) {
    int places = 2;
    if (amount == Decimal()) return places;
    while (places < Decimal::kPlaces && size_of(amount) < 10 * step(places)) ++places;
    return places;
}

Decimal rounded(Decimal amount, int places) {
    const __int128 unit = step(places), size = (size_of(amount) + unit / 2) / unit * unit;
    return Decimal::from_units(amount.units() < 0 ? -size : size);
}

std::string rounded_money_text(Decimal amount, std::string_view currency, int places) {
    const Decimal shown = rounded(amount, places);
    const bool hidden = shown == Decimal() && amount != Decimal();
    const __int128 least = amount.units() < 0 ? -step(places) : step(places);
    std::string text = (hidden ? Decimal::from_units(least) : shown).to_string();
    text.resize(text.find('.') + 1 + static_cast<std::size_t>(places));
    text = with_currency(std::move(text), currency);
    if (!hidden) return text;
    return (amount.units() < 0 ? ">" : "<") + text;
}

}  // namespace steno
