#pragma once

#include "cli/report_answers.hpp"
#include "cli/report_money.hpp"
#include "report/document.hpp"

#include <simdjson.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// The chapters of a report. Each adds its heading and what stands below it to the document, or nothing where
/// it has nothing to say. Here is what several of them need: figures of an answer as words, and what may be
/// said at all.
namespace steno::cli::chapters {

using report::Columns;
using report::Document;
using report::Heading;
using report::Headline;
using report::Paragraph;
using report::Table;

/// A table shows so many rows and says of how many more it does not.
constexpr std::size_t kRows = 8;

/// What is told of the period before, and of money, by the answers.
struct Grounds {
    explicit Grounds(const ReportAnswers& answers);

    std::string missing;  ///< why nothing is compared with the period before; empty: it is
    bool one_currency;    ///< amounts can be ranked, and be shares of each other
    bool compared;
    bool costs_compared;
};

std::vector<simdjson::dom::element> items(simdjson::dom::element value, const char* pointer);
/// Equals stay as they came.
void greatest_first(std::vector<simdjson::dom::element>& rows, double (*size)(simdjson::dom::element));

/// An amount of money as a number: to rank and to draw, never to tell.
double amount(simdjson::dom::element value, const std::string& pointer);
/// With so many digits behind the point, also where they are 0: for the scales of charts.
std::string money_with(double number, int digits, const std::string& currency);

/// A column of times, all in one unit: in seconds where one of them is long, else each in milliseconds.
class Times {
  public:
    Times(const std::vector<simdjson::dom::element>& rows, std::string pointer);
    /// A dash where there is none.
    [[nodiscard]] std::string of(simdjson::dom::element row) const;

  private:
    std::string pointer_;
    bool seconds_ = false;
};

/// "1 call", "2,034 calls".
std::string count_of(simdjson::dom::element value, const char* pointer, std::string_view word);
/// "2026-11-15" of a moment.
std::string day(simdjson::dom::element value, const char* pointer);

/// Below a table that shows `shown` of `all`: "… and 12 more, of fewer calls." `rest`: what stands behind
/// "more".
void and_more(Document& document, std::size_t all, std::string_view rest = {}, std::size_t shown = kRows);

}  // namespace steno::cli::chapters
