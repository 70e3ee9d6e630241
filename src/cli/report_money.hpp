#pragma once

#include "base/decimal.hpp"

#include <simdjson.h>

#include <limits>
#include <string>

namespace steno::cli::chapters {

/// Amounts that are compared with each other, as in a column of a table: all have the same number of places
/// behind the point, so that the points stand below each other. There are as many as the smallest needs for
/// two digits that tell something, at least two; more than four only where the greatest needs them. What is
/// rounded to nothing is shown as less than the last place ("<$0.0001").
///
/// Every amount is seen first, then shown:
///
///     EvenMoney even;
///     for (const dom::element row : rows) even.see(row, "/now/cost");
///     for (const dom::element row : rows) cells.push_back(even.sum(row, "/now/cost"));
class EvenMoney {
  public:
    /// A sum of money as the API tells it, in one currency or several; nothing where there is none.
    void see(simdjson::dom::element value, const std::string& pointer);
    void see(Decimal amount);
    /// Absent or no amount: not seen.
    void see_amount(simdjson::dom::element value, const char* pointer);

    /// "$4.20", "$4.20 and 3.10 EUR"; a dash where there is none.
    [[nodiscard]] std::string sum(simdjson::dom::element value, const std::string& pointer) const;
    [[nodiscard]] std::string text(Decimal amount, const std::string& currency) const;
    /// A dash where there is none.
    [[nodiscard]] std::string amount(simdjson::dom::element value, const char* pointer,
                                     const std::string& currency) const;
    [[nodiscard]] int places() const;

  private:
    int smallest_needs_ = 2, greatest_needs_ = std::numeric_limits<int>::max();
};

/// The nearest amount to what was reckoned and not summed up; 0 where there is none.
Decimal decimal_of(double number);
/// One sum by itself, rounded by the same rule: "$24.24".
std::string cost(simdjson::dom::element value, const std::string& pointer);
/// The same of an amount that was reckoned, not summed up.
std::string about(double number, const std::string& currency);

}  // namespace steno::cli::chapters
