#include "cli/report_money.hpp"

#include "base/money.hpp"
#include "cli/call_view.hpp"
#include "cli/terminal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>

namespace steno::cli::chapters {

namespace {

namespace dom = simdjson::dom;

/// Each amount of a sum, with its currency.
void each(dom::element value, const std::string& pointer,
          const std::function<void(Decimal, const std::string& currency)>& take) {
    dom::element sum;
    if (value.at_pointer(pointer).get(sum) != simdjson::SUCCESS) return;
    const auto add = [&](const std::string& text, const std::string& currency) {
        if (const auto amount = Decimal::parse(text)) take(*amount, currency);
    };
    const std::string total = text_at(sum, "/total");
    if (!total.empty()) return add(total, text_at(sum, "/currency"));
    dom::object totals;
    if (sum["totals"].get(totals) == simdjson::SUCCESS)
        for (const auto& [currency, amount] : totals) add(text_at(amount, ""), std::string(currency));
}

}  // namespace

void EvenMoney::see(dom::element value, const std::string& pointer) {
    each(value, pointer, [this](Decimal amount, const std::string&) { see(amount); });
}

void EvenMoney::see(Decimal amount) {
    if (amount == Decimal()) return;
    smallest_needs_ = std::max(smallest_needs_, places_of(amount));
    greatest_needs_ = std::min(greatest_needs_, places_of(amount));
}

void EvenMoney::see_amount(dom::element value, const char* pointer) {
    if (const auto amount = Decimal::parse(text_at(value, pointer))) see(*amount);
}

int EvenMoney::places() const {
    constexpr int kMost = 4;
    return std::min(smallest_needs_, std::max(kMost, greatest_needs_));
}

std::string EvenMoney::sum(dom::element value, const std::string& pointer) const {
    std::string words;
    each(value, pointer, [&](Decimal amount, const std::string& currency) {
        words += (words.empty() ? "" : " and ") + text(amount, currency);
    });
    dom::element found;
    if (words.empty() && value.at_pointer(pointer).get(found) == simdjson::SUCCESS) words = money_of(found);
    return words.empty() ? kUnknown : words;
}

std::string EvenMoney::text(Decimal amount, const std::string& currency) const {
    return rounded_money_text(amount, printable(currency), places());
}

std::string EvenMoney::amount(dom::element value, const char* pointer, const std::string& currency) const {
    const auto found = Decimal::parse(text_at(value, pointer));
    return found ? text(*found, currency) : kUnknown;
}

std::string cost(dom::element value, const std::string& pointer) {
    EvenMoney one;
    one.see(value, pointer);
    return one.sum(value, pointer);
}

Decimal decimal_of(double number) {
    return Decimal::parse(fmt::format("{:.12f}", number)).value_or(Decimal());
}

std::string about(double number, const std::string& currency) {
    EvenMoney one;
    one.see(decimal_of(number));
    return one.text(decimal_of(number), currency);
}

}  // namespace steno::cli::chapters
