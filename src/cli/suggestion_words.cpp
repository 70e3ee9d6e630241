#include "cli/suggestion_words.hpp"

#include "cli/call_view.hpp"
#include "cli/terminal.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

namespace steno::cli {

namespace {

std::string rounded(const std::string& decimal, const std::string& currency) {
    const double value = std::strtod(decimal.c_str(), nullptr);
    const std::string number =
        value == 0 || std::abs(value) >= 1 ? fmt::format("{:.2f}", value) : fmt::format("{:.2g}", value);
    return currency == "USD" ? "$" + number : fmt::format("{} {}", number, currency);
}

}  // namespace

std::string saving_a_month(simdjson::dom::element suggestion) {
    const std::string month = text_at(suggestion, "/saving/per_month");
    return month.empty() ? kUnknown : rounded(month, text_at(suggestion, "/saving/currency"));
}

std::string saving_between(simdjson::dom::element suggestion) {
    const std::string low = text_at(suggestion, "/saving/per_month_interval/0"),
                      high = text_at(suggestion, "/saving/per_month_interval/1"),
                      currency = text_at(suggestion, "/saving/currency");
    if (low.empty() || high.empty()) return {};
    return fmt::format("{} to {}", rounded(low, currency), rounded(high, currency));
}

}  // namespace steno::cli
