#include "cli/report_text.hpp"

#include "cli/answer.hpp"
#include "cli/call_view.hpp"
#include "cli/terminal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

namespace steno::cli::chapters {

namespace dom = simdjson::dom;

Grounds::Grounds(const ReportAnswers& a)
    : missing(unrecorded(a.models)),
      one_currency(text_at(a.models, "/now/cost/currency") != "mixed"),
      compared(missing.empty()),
      costs_compared(compared && one_currency && has(a.models, "/now/cost/total") &&
                     has(a.models, "/before/cost/total") &&
                     text_at(a.models, "/now/cost/currency") == text_at(a.models, "/before/cost/currency")) {}

std::vector<dom::element> items(dom::element value, const char* pointer) {
    dom::array array;
    if (value.at_pointer(pointer).get(array) != simdjson::SUCCESS) return {};
    return {array.begin(), array.end()};
}

void greatest_first(std::vector<dom::element>& rows, double (*size)(dom::element)) {
    std::vector<std::pair<double, std::size_t>> order;
    for (const dom::element row : rows) order.emplace_back(-size(row), order.size());
    std::ranges::sort(order);
    std::vector<dom::element> sorted;
    for (const auto& [less, i] : order) sorted.push_back(rows[i]);
    rows = std::move(sorted);
}

double amount(dom::element value, const std::string& pointer) {
    return std::strtod(text_at(value, pointer.c_str()).c_str(), nullptr);
}

std::string money_with(double number, int digits, const std::string& currency) {
    const std::string text = fmt::format("{:.{}f}", number, digits);
    if (currency == "USD") return number < 0 ? "-$" + text.substr(1) : "$" + text;
    return currency.empty() ? text : text + " " + printable(currency);
}

Times::Times(const std::vector<dom::element>& rows, std::string pointer) : pointer_(std::move(pointer)) {
    constexpr double kLong = 10'000;
    seconds_ = std::ranges::any_of(
        rows, [this](dom::element row) { return number_at(row, pointer_.c_str()) >= kLong; });
}

std::string Times::of(dom::element row) const {
    if (!seconds_ || !has(row, pointer_.c_str())) return time_at(row, pointer_.c_str());
    return fmt::format("{:.1f} s", number_at(row, pointer_.c_str()) / 1000);
}

std::string count_of(dom::element value, const char* pointer, std::string_view word) {
    return counted(sum_at(value, pointer), word);
}

std::string day(dom::element value, const char* pointer) {
    return text_at(value, pointer).substr(0, 10);
}

void and_more(Document& document, std::size_t all, std::string_view rest, std::size_t shown) {
    if (all > shown)
        document.blocks.push_back(Paragraph{fmt::format("… and {} more{}.", all - shown, rest), true});
}

}  // namespace steno::cli::chapters
